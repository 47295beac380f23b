//! The outer loop: figures of any period, as tables and as a page of the desk, and scores by day, from the ledger's projections; and the contract of the HTTP interface, which is mounted
//! beside the programme. Reads only.

use http::{Method, StatusCode};
use ringback_app::insights;
use ringback_app::problem::{Problem, Reply, json_text};
use ringback_edge::{Answer, READ, answer, app, asked, segments, whole};
use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Where the contract is mounted.
const CONTRACT: &str = "/openapi.json";

#[http_service]
async fn handle(request: Request) -> Answer {
    answer(route(request).await)
}

async fn route(request: Request) -> Result<Reply, Problem> {
    let (method, path) = asked(&request);
    match (&method, segments(&path).as_slice()) {
        (&Method::GET, ["v1", "insights", "scores"]) => app().await?.get_scores(&whole(request).await?).await,
        (&Method::GET, ["v1", "insights", table]) => app().await?.get_figures(table, &whole(request).await?).await,
        (&Method::GET, ["desk", "insights", "style.css"]) => Ok(insights::style()),
        (&Method::GET, ["desk", "insights", "cases"]) => app().await?.get_insights_cases(&whole(request).await?).await,
        (&Method::GET, ["desk", "insights", rest @ ..]) if rest.len() < 2 => {
            app().await?.get_insights_page(rest.first().copied(), &whole(request).await?).await
        }
        (&Method::GET, ["openapi.json"]) => contract(),
        (_, ["v1" | "desk", "insights", ..] | ["openapi.json"]) => Err(Problem::method_not_allowed(READ)),
        _ => Err(Problem::not_found("page")),
    }
}

fn contract() -> Result<Reply, Problem> {
    let text = std::fs::read(CONTRACT).map_err(|error| {
        eprintln!("{CONTRACT}: {error}");
        Problem::unavailable()
    })?;
    Ok(json_text(StatusCode::OK, text))
}
