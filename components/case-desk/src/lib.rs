//! The web desk: where people work cases. Pages only; the API is follow-up-scheduler's, and both do the same.

use http::Method;
use ringback_app::Worked;
use ringback_app::desk::{TakeLink, icon, script, style};
use ringback_app::problem::{Problem, Reply};
use ringback_edge::{
    Answer, Deliveries, READ_AND_WRITE, Trials, answer, app, asked, consent_gate, segments, spawn, wake, whole,
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
        (&Method::GET, ["desk", "style.css"]) => Ok(style()),
        (&Method::GET, ["desk", "desk.js"]) => Ok(script()),
        (&Method::GET, ["desk", "icon.svg"]) => Ok(icon()),
        (_, ["desk", "take", id, delivery, until, signature]) => {
            take(method.clone(), request, TakeLink { id, delivery, until, signature }).await
        }
        (&Method::GET, ["desk", place @ ..]) => page(request, place).await,
        (&Method::POST, ["desk", place @ ..]) => form(request, place).await,
        _ => Err(Problem::method_not_allowed(READ_AND_WRITE)),
    }
}

async fn page(request: Request, place: &[&str]) -> Result<Reply, Problem> {
    let (app, request) = (app().await?, whole(request).await?);
    match place {
        [] => app.get_desk(&request).await,
        ["next"] => app.get_next_case(&request).await,
        ["sign-in"] => app.get_sign_in(&request),
        ["cases", id, "version"] => app.get_case_version(id, &request).await,
        ["admin"] => app.get_admin(&request, &Trials).await,
        ["team"] => app.get_team(&request).await,
        ["team", "today"] => app.get_team_today(&request).await,
        ["team", "feed"] => app.get_team_feed(&request).await,
        ["silences"] => app.get_desk_silences(&request).await,
        ["letters"] => app.get_desk_letters(&request).await,
        ["cases", id] => app.get_desk_case(id, &request, &SpinGate).await,
        _ => Err(Problem::not_found("page")),
    }
}

async fn form(request: Request, place: &[&str]) -> Result<Reply, Problem> {
    let (app, request) = (app().await?, whole(request).await?);
    match place {
        ["sign-in"] => app.post_sign_in(&request).await,
        ["sign-out"] => app.post_sign_out(&request).await,
        ["admin"] => app.post_admin(&request, &Trials).await,
        ["look"] => Ok(app.post_look(&request)),
        ["team"] => Ok(done(app.post_team(&request).await?)),
        ["silences"] => app.post_desk_silence(&request).await,
        ["letters"] => Ok(done(app.post_desk_letter(&request).await?)),
        ["cases", id] => Ok(done(app.post_desk_case(id, &request, &SpinGate).await?)),
        _ => Err(Problem::not_found("page")),
    }
}

async fn take(method: Method, request: Request, link: TakeLink<'_>) -> Result<Reply, Problem> {
    match method {
        Method::GET => app().await?.get_take(link, request.headers()).await,
        Method::POST => Ok(done(app().await?.post_take(link, &whole(request).await?).await?)),
        _ => Err(Problem::method_not_allowed(READ_AND_WRITE)),
    }
}

/// Deliveries at once; the tick brings the lists up to date, before them and once more after what they changed.
fn done(Worked { reply, now }: Worked) -> Reply {
    spawn(async move {
        if !now.is_empty() {
            spawn(wake());
            if let Ok(app) = app().await {
                app.hand_through(now, &Deliveries::new()).await;
            }
        }
        wake().await;
    });
    reply
}
