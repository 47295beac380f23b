//! What a request's body must be before anybody looks inside.

use crate::problem::Problem;
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::Value;

/// Largest body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Deepest nesting of a document.
const MAX_DEPTH: usize = 32;

/// The JSON document of a request.
pub(crate) fn json(request: &Request<Vec<u8>>) -> Result<Value, Problem> {
    if request.body().len() > MAX_BODY {
        return Err(too_large(MAX_BODY));
    }
    declared(request)
}

/// The same, of whatever size was read.
pub(crate) fn large_json(request: &Request<Vec<u8>>) -> Result<Value, Problem> {
    if is(request.headers(), "text/plain") { parsed(request) } else { declared(request) }
}

fn declared(request: &Request<Vec<u8>>) -> Result<Value, Problem> {
    if !is(request.headers(), "application/json") {
        let detail = "send Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail));
    }
    parsed(request)
}

/// The JSON document of a request that may call it plain text: what a browser sends without asking first.
pub(crate) fn any_json(request: &Request<Vec<u8>>) -> Result<Value, Problem> {
    if is(request.headers(), "text/plain") { parsed(request) } else { json(request) }
}

fn parsed(request: &Request<Vec<u8>>) -> Result<Value, Problem> {
    let value: Value = serde_json::from_slice(request.body()).map_err(|e| {
        let detail = format!("the body is no JSON: line {}, column {}", e.line(), e.column());
        Problem::new(StatusCode::BAD_REQUEST, "invalid-json", detail)
    })?;
    match depth_within(&value, MAX_DEPTH) {
        true => Ok(value),
        false => Err(Problem::new(StatusCode::BAD_REQUEST, "invalid-json", "the document is nested too deep")),
    }
}

/// The answer to a body over the most that is taken, in bytes.
#[must_use]
pub fn too_large(most: usize) -> Problem {
    let detail = format!("the body is larger than {most} bytes; nothing was stored");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
}

fn is(headers: &HeaderMap, wanted: &str) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(wanted)
}

fn depth_within(value: &Value, depth: usize) -> bool {
    match value {
        _ if depth == 0 => false,
        Value::Array(items) => items.iter().all(|item| depth_within(item, depth - 1)),
        Value::Object(members) => members.values().all(|member| depth_within(member, depth - 1)),
        _ => true,
    }
}

/// The `Idempotency-Key`, checked.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().ok().map(|t| t.trim().trim_matches('"'));
    match text.filter(|t| (1..=255).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic())) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-idempotency-key",
            "Idempotency-Key takes 1 to 255 visible ASCII characters",
        )),
    }
}
