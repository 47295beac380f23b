//! Takes a body and makes it durable: one `increment`, one `set-many` of the same bytes, 202 without a body.
//!
//! Reads no configuration, checks no token, parses nothing. What intake costs beyond this is the price of its work.

use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{EmptyBody, IntoResponse, Request, Response};
use spin_sdk::http_service;

use wasi::keyvalue::{atomics, batch, store};

wit_bindgen::generate!({
    path: ["../../../crates/host/wit/deps/wasi-keyvalue-2024-10-17", "wit"],
    world: "ringback:bare/bare",
    generate_all,
});

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let status = match request.into_body().bytes().await {
        Ok(body) => keep(&body).map_or(503, |()| 202),
        Err(_) => 400,
    };
    Response::builder().status(status).header("content-length", "0").body(EmptyBody::new())
}

fn keep(body: &[u8]) -> Result<(), store::Error> {
    let bucket = store::open("default")?;
    let number = atomics::increment(&bucket, "bare-n", 1)?;
    let record = (format!("bare-k:{number}"), body.to_vec());
    let hint = (format!("bare-h:{number:032x}"), number.to_string().into_bytes());
    batch::set_many(&bucket, &[record, hint])
}
