//! Cases and their closure deadlines: the tick that seals answers, opens cases, fires what is due and hands alerts over;
//! and the API by which people work cases.

use http::{Method, StatusCode};
use ringback_app::Worked;
use ringback_app::problem::{Problem, Reply, empty};
use ringback_edge::{
    Answer, Deliveries, EdgeApp, READ, Trials, answer, app, asked, consent_gate, segments, spawn, whole,
};
use spin_sdk::http::Request;
use spin_sdk::http_service;
use std::rc::Rc;

consent_gate!();

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = asked(&request);
    match (&method, segments(&path).as_slice()) {
        // Reached by service chaining only: no public route leads here.
        (&Method::POST, ["internal", "wake"]) => {
            let app = app().await?;
            spawn(async move { app.tick_logged(&Deliveries::new()).await });
            Ok(empty(StatusCode::ACCEPTED))
        }
        (&Method::POST, ["v1", "tick"]) => app().await?.post_tick(request.headers(), &Deliveries::new()).await,
        (&Method::GET, ["v1", "cases"]) => app().await?.get_cases(&whole(request).await?).await,
        (&Method::POST, ["v1", "cases", "reassign"]) => {
            let app = app().await?;
            let worked = app.post_reassign(&whole(request).await?).await?;
            Ok(answered(app, worked))
        }
        (_, ["v1", "cases", "reassign"]) => Err(Problem::method_not_allowed("POST")),
        (&Method::GET, ["v1", "cases", id]) => app().await?.get_case(id, request.headers(), &SpinGate).await,
        (&Method::POST, ["v1", "cases", id, "events"]) => {
            let app = app().await?;
            let worked = app.post_case_event(id, whole(request).await?, &SpinGate).await?;
            Ok(answered(app, worked))
        }
        (&Method::GET, ["v1", "dead-letters"]) => app().await?.get_dead_letters(&whole(request).await?).await,
        (&Method::GET, ["v1", "dead-letters", id]) => app().await?.get_dead_letter(id, request.headers()).await,
        (&Method::POST, ["v1", "dead-letters", id, "replay"]) => {
            let app = app().await?;
            let worked = app.post_replay(id, request.headers()).await?;
            Ok(answered(app, worked))
        }
        (&Method::POST, ["v1", "dead-letters", id, "discard"]) => {
            app().await?.post_discard(id, request.headers()).await
        }
        (&Method::POST, ["v1", "erasures"]) => {
            let app = app().await?;
            let worked = app.post_erasure(whole(request).await?).await?;
            Ok(answered(app, worked))
        }
        (&Method::GET, ["v1", "erasures", id]) => app().await?.get_erasure(id, request.headers()).await,
        (&Method::GET, ["readyz"]) => app().await?.get_readiness(request.headers(), &Trials).await,
        (&Method::GET, ["metrics"]) => app().await?.get_metrics(request.headers(), &Trials).await,
        (
            _,
            ["v1", "tick" | "erasures"]
            | ["v1", "cases", _, "events"]
            | ["v1", "dead-letters", _, "replay" | "discard"],
        ) => Err(Problem::method_not_allowed("POST")),
        (
            _,
            ["v1", "cases" | "dead-letters"]
            | ["v1", "cases" | "erasures" | "dead-letters", _]
            | ["readyz" | "metrics"],
        ) => Err(Problem::method_not_allowed(READ)),
        _ => Err(Problem::not_found("page")),
    }
}

/// Answers at once; what is due by what was done is handed over after that.
fn answered(app: Rc<EdgeApp>, Worked { reply, now }: Worked) -> Reply {
    spawn(async move { app.follow_through(now, &Deliveries::new()).await });
    reply
}
