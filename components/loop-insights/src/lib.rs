//! The outer loop: scores by day, from the ledger's projections. Reads only.

use http::Method;
use ringback_app::problem::{Problem, Reply};
use ringback_edge::{Answer, answer, app, segments, whole};
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    match (&method, segments(&path).as_slice()) {
        (&Method::GET, ["v1", "insights", "scores"]) => app().await?.get_scores(&whole(request).await?).await,
        (_, ["v1", "insights", "scores"]) => Err(Problem::method_not_allowed()),
        _ => Err(Problem::not_found("page")),
    }
}
