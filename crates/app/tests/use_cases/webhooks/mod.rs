//! Events of survey platforms: what their source's mapping makes of them, and in which order they count.

mod mapping;
mod order;

use crate::stage::Stage;
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use ringback_app::signature;
use ringback_ledger::Clock as _;
use serde_json::Value;

/// The secret of the source `crm`.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Posts an event of the ticket system under an id, signed now. Gives the answer's id.
fn post(stage: &Stage, id: &str, event: &Value) -> String {
    let (body, now) = (event.to_string().into_bytes(), stage.clock.now());
    let request = Request::post("/v1/webhooks/crm")
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header("webhook-signature", signature::sign(SECRET, id, now, &body).expect("a secret"));
    let request = request.body(body).expect("a request");
    let taken = block_on(stage.app.post_webhook("crm", request)).map_err(|problem| problem.detail).expect("taken");
    let place = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
    place.trim_start_matches("/v1/feedback/").to_owned()
}

/// The headers of somebody whose token is their role's name.
fn headers(role: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::AUTHORIZATION, format!("Bearer {role}").parse().expect("a header"))])
}
