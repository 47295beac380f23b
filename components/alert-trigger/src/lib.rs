//! Alerts and messages out: chat, e-mail, webhooks. Makes one attempt at whatever it is handed by service chaining, and
//! writes down how it ended. Trying again is the ledger's timers' business. Its public pages test channels and silence
//! alerts, and show messages to customers before they are sent. For the other components it tells whose a token of the
//! identity provider is: it is the one that reaches the outside, and carries what checks signatures.

use http::{Method, StatusCode};
use ringback_app::problem::{Problem, Reply, empty};
use ringback_edge::{
    Answer, READ_AND_WRITE, SpinOutbound, answer, asked, consent_gate, identifying_app as app, segments, whole,
    whole_up_to, writing,
};
use spin_sdk::http::Request;
use spin_sdk::http_service;

consent_gate!();

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = asked(&request);
    match (&method, segments(&path).as_slice()) {
        // Reached by service chaining only: no public route leads here.
        (&Method::POST, ["internal", "deliver"]) => {
            let request = whole(request).await?;
            writing(app().await?).deliver(request.body(), &SpinOutbound, &SpinGate).await?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        (&Method::POST, ["internal", "try"]) => {
            app().await?.try_channel(whole(request).await?.body(), &SpinOutbound).await
        }
        (&Method::GET, ["internal", "channels"]) => Ok(app().await?.get_channels()),
        (&Method::POST, ["internal", "identify"]) => {
            app().await?.post_identify(whole(request).await?.body(), &SpinOutbound).await
        }
        (&Method::POST, ["v1", "channels", id, "test"]) => {
            app().await?.test_channel(id, request.uri().query(), request.headers(), &SpinOutbound).await
        }
        (&Method::POST, ["v1", "channels", id, "reports"]) => {
            let app = app().await?;
            let most = app.report_limit(id, request.headers())?;
            app.post_reports(id, whole_up_to(request, most).await?, &SpinOutbound).await
        }
        (&Method::GET, ["v1", "silences"]) => app().await?.get_silences(request.headers()).await,
        (&Method::POST, ["v1", "silences"]) => app().await?.post_silence(&whole(request).await?).await,
        (&Method::DELETE, ["v1", "silences", id]) => app().await?.delete_silence(id, request.headers()).await,
        (&Method::POST, ["v1", "messages", "preview"]) => {
            writing(app().await?).post_preview(whole(request).await?).await
        }
        (&Method::GET, ["v1", "referrals", code]) => app().await?.get_referral(code, request.headers()).await,
        (&Method::POST, ["v1", "referrals", code]) => app().await?.post_referral(code, whole(request).await?).await,
        (_, ["v1", "messages", "preview"] | ["v1", "channels", _, "test" | "reports"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        (_, ["v1", "silences"] | ["v1", "referrals", _]) => Err(Problem::method_not_allowed(READ_AND_WRITE)),
        (_, ["v1", "silences", _]) => Err(Problem::method_not_allowed("DELETE")),
        _ => Err(Problem::not_found("page")),
    }
}
