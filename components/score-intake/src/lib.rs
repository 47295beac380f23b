//! Feedback in: from our own API, survey platforms and browsers, into the ledger. Wakes the tick once the answer has left.

use http::{Method, StatusCode};
use ringback_app::Taken;
use ringback_app::problem::{Problem, Reply, empty};
use ringback_app::widget;
use ringback_edge::{
    Answer, READ, READ_AND_WRITE, answer, app, asked, front, segments, spawn, wake, whole, whole_up_to,
};
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
    let (method, path) = asked(&request);
    match (&method, segments(&path).as_slice()) {
        (&Method::POST, ["v1", "feedback"]) => app().await?.post_feedback(whole(request).await?).await.map(answered),
        (&Method::GET, ["v1", "feedback", id]) => app().await?.get_feedback(id, request.headers()).await,
        (&Method::DELETE, ["v1", "feedback", id]) => app().await?.delete_feedback(id, request.headers()).await,
        (&Method::POST, ["v1", "webhooks", source]) => {
            app().await?.post_webhook(source, whole(request).await?).await.map(answered)
        }
        (&Method::GET, ["healthz"]) => Ok(empty(StatusCode::NO_CONTENT)),
        (&Method::GET, ["widget.js"]) => Ok(widget::script(request.headers())),
        (_, ["v1", "surveys", ..] | ["s", ..]) => browser(request, &method, &path).await,
        (_, ["v1", "feedback"] | ["v1", "webhooks", _]) => Err(Problem::method_not_allowed("POST")),
        (_, ["v1", "feedback", _]) => Err(Problem::method_not_allowed("DELETE, GET, HEAD")),
        (_, ["healthz"] | ["widget.js"]) => Err(Problem::method_not_allowed(READ)),
        _ => Err(Problem::not_found("page")),
    }
}

/// What browsers ask.
async fn browser(request: Request, method: &Method, path: &str) -> Result<Reply, Problem> {
    let app = app().await?;
    let front = front(&app).await?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    match (method, segments(path).as_slice()) {
        (&Method::GET, ["v1", "surveys", id]) => Ok(app.get_survey(&front, id, &query, request.headers())),
        (&Method::OPTIONS, ["v1", "surveys", _] | ["v1", "surveys", _, "answers"]) => {
            Ok(app.preflight(&front, &query, request.headers()))
        }
        (&Method::POST, ["v1", "surveys", id, "answers"]) => {
            Ok(answered(app.post_answer(&front, id, whole(request).await?).await))
        }
        // People follow these links: where there is no survey, they are told so on a page, too.
        (&Method::GET, ["s", rest @ ..]) => app.get_survey_page(&front, &rest.join("/"), &query, request.headers()),
        (&Method::POST, ["s", rest @ ..]) => {
            let request = whole_up_to(request, widget::MAX_FORM).await?;
            app.post_survey_page(&front, &rest.join("/"), request).await.map(answered)
        }
        (_, ["v1", "surveys", _]) => Err(Problem::method_not_allowed("GET, HEAD, OPTIONS")),
        (_, ["v1", "surveys", _, "answers"]) => Err(Problem::method_not_allowed("OPTIONS, POST")),
        (_, ["s", ..]) => Err(Problem::method_not_allowed(READ_AND_WRITE)),
        _ => Err(Problem::not_found("page")),
    }
}
