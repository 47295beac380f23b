//! The web desk: the page of a case, where an alert's link leads, and the link that takes one. Pages only; the API is
//! follow-up-scheduler's.

use http::Method;
use ringback_app::Worked;
use ringback_app::desk::{TakeLink, style};
use ringback_app::problem::{Problem, Reply};
use ringback_edge::{Answer, Deliveries, HandOver as _, answer, app, consent_gate, segments, spawn, wake, whole};
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
        (&Method::GET, ["desk"]) => app().await?.get_desk(request.headers()),
        (&Method::GET, ["desk", "style.css"]) => Ok(style()),
        (&Method::POST, ["desk", "sign-in"]) => app().await?.post_sign_in(&whole(request).await?),
        (&Method::GET, ["desk", "cases", id]) => app().await?.get_desk_case(id, request.headers(), &SpinGate).await,
        (method, ["desk", "take", id, delivery, until, signature]) => {
            let link = TakeLink { id, delivery, until, signature };
            match *method {
                Method::GET => app().await?.get_take(link).await,
                Method::POST => {
                    let Worked { reply, now } = app().await?.post_take(link, &whole(request).await?).await?;
                    // Deliveries at once; the tick brings the lists up to date.
                    spawn(async move {
                        Deliveries.hand_over(now).await;
                        wake().await;
                    });
                    Ok(reply)
                }
                _ => Err(Problem::method_not_allowed()),
            }
        }
        (_, ["desk"] | ["desk", "style.css" | "sign-in"] | ["desk", "cases", _]) => Err(Problem::method_not_allowed()),
        _ => Err(Problem::not_found("page")),
    }
}
