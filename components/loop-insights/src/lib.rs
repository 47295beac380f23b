//! The outer loop: figures of any period, as tables and as a page of the desk, and scores by day, from the ledger's projections; and the contract of the HTTP interface, which is mounted
//! beside the programme; and improvements: what is changed because of the figures, and telling the customers.

use http::{Method, StatusCode};
use ringback_app::Worked;
use ringback_app::insights;
use ringback_app::problem::{Problem, Reply, json_text};
use ringback_edge::{Answer, Deliveries, READ, READ_AND_WRITE, answer, app, asked, segments, spawn, wake, whole};
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
        (_, ["v1", "improvements", place @ ..]) => improvements(&method, place, request).await,
        (_, ["desk", "improvements", place @ ..]) => improvement_pages(&method, place, request).await,
        (&Method::GET, ["desk", "insights", "cases"]) => app().await?.get_insights_cases(&whole(request).await?).await,
        (&Method::GET, ["desk", "insights", rest @ ..]) if rest.len() < 2 => {
            app().await?.get_insights_page(rest.first().copied(), &whole(request).await?).await
        }
        (&Method::GET, ["openapi.json"]) => contract(),
        (_, ["v1" | "desk", "insights", ..] | ["openapi.json"]) => Err(Problem::method_not_allowed(READ)),
        _ => Err(Problem::not_found("page")),
    }
}

/// What is changed because of what many customers report.
async fn improvements(method: &Method, place: &[&str], request: Request) -> Result<Reply, Problem> {
    let (app, request) = (app().await?, whole(request).await?);
    match (method, place) {
        (&Method::GET, []) => app.get_improvements(request.headers()).await,
        (&Method::POST, []) => app.post_improvement(&request).await,
        (&Method::GET, [id]) => app.get_improvement(id, request.headers()).await,
        (&Method::POST, [id, "events"]) => app.post_improvement_event(id, &request).await,
        (&Method::POST, [id, "tell"]) => Ok(told(app.post_tell(id, &request).await?)),
        (_, []) => Err(Problem::method_not_allowed(READ_AND_WRITE)),
        (_, [_]) => Err(Problem::method_not_allowed(READ)),
        (_, [_, "events" | "tell"]) => Err(Problem::method_not_allowed("POST")),
        _ => Err(Problem::not_found("page")),
    }
}

/// The same on the desk.
async fn improvement_pages(method: &Method, place: &[&str], request: Request) -> Result<Reply, Problem> {
    let (app, request) = (app().await?, whole(request).await?);
    match (method, place) {
        (&Method::GET, []) => app.get_desk_improvements(&request).await,
        (&Method::POST, []) => app.post_desk_improvements(&request).await,
        (&Method::GET, [id]) => app.get_desk_improvement(id, &request).await,
        (&Method::POST, [id]) => Ok(told(app.post_desk_improvement(id, &request).await?)),
        (_, [] | [_]) => Err(Problem::method_not_allowed(READ_AND_WRITE)),
        _ => Err(Problem::not_found("page")),
    }
}

/// Messages leave at once, after the answer; the tick comes after them.
fn told(Worked { reply, now }: Worked) -> Reply {
    if !now.is_empty() {
        spawn(async move {
            spawn(wake());
            if let Ok(app) = app().await {
                app.hand_through(now, &Deliveries::new()).await;
            }
        });
    }
    reply
}

fn contract() -> Result<Reply, Problem> {
    let text = std::fs::read(CONTRACT).map_err(|error| {
        eprintln!("{CONTRACT}: {error}");
        Problem::unavailable()
    })?;
    Ok(json_text(StatusCode::OK, text))
}
