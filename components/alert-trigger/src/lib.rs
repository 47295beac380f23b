//! Alerts and messages out: chat, e-mail, webhooks. Reached by service chaining only; makes one attempt at whatever it is
//! handed, and writes down how it ended. Trying again is the ledger's timers' business.

use http::{Method, StatusCode};
use ringback_app::problem::{Problem, Reply, empty};
use ringback_edge::{Answer, SpinOutbound, answer, app, consent_gate, segments, whole};
use spin_sdk::http::Request;
use spin_sdk::http_service;

consent_gate!();

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    match (&method, segments(&path).as_slice()) {
        (&Method::POST, ["internal", "deliver"]) => {
            let request = whole(request).await?;
            app().await?.deliver(request.body(), &SpinOutbound, &SpinGate).await?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Problem::not_found("page")),
    }
}
