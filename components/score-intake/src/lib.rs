//! Feedback in: from our own API and from survey platforms, into the ledger. Wakes the tick once the answer has left.

use http::{Method, StatusCode};
use ringback_app::Taken;
use ringback_app::problem::{Problem, Reply, empty};
use ringback_edge::{Answer, answer, app, segments, spawn, wake, whole};
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

/// The answer leaves first; then the tick is woken, unless one is running that will find what was taken.
fn answered(taken: Taken) -> Reply {
    if taken.wake {
        spawn(wake());
    }
    taken.reply
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    match (&method, segments(&path).as_slice()) {
        (&Method::POST, ["v1", "feedback"]) => app().await?.post_feedback(whole(request).await?).await.map(answered),
        (&Method::GET, ["v1", "feedback", id]) => app().await?.get_feedback(id, request.headers()).await,
        (&Method::POST, ["v1", "webhooks", source]) => {
            app().await?.post_webhook(source, whole(request).await?).await.map(answered)
        }
        (&Method::GET, ["healthz"]) => Ok(empty(StatusCode::NO_CONTENT)),
        (_, ["v1", "feedback"] | ["v1", "webhooks", _] | ["v1", "feedback", _] | ["healthz"]) => {
            Err(Problem::method_not_allowed())
        }
        _ => Err(Problem::not_found("page")),
    }
}
