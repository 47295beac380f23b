//! Errors as the sender sees them: problem details (RFC 9457).
//!
//! The one place where an error becomes an HTTP answer. What a stranger may not know stays in the log.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

/// The answer to a request.
pub type Reply = Response<Vec<u8>>;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where (JSON pointer, RFC 6901).
    pub pointer: String,
    /// What.
    pub detail: String,
}

/// An error that is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The answer's status.
    pub status: StatusCode,
    /// The kind of problem; becomes `urn:ringback:problem:{kind}`.
    pub kind: &'static str,
    /// What happened, for a person.
    pub detail: String,
    /// The wrong fields.
    pub errors: Vec<FieldError>,
    /// Further members.
    pub members: Map<String, Value>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
    /// Further header fields of the answer.
    pub headers: Box<[(&'static str, String)]>,
}

impl Problem {
    /// A problem without further members.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        let (errors, members, headers) = (Vec::new(), Map::new(), Box::default());
        Self { status, kind, detail: detail.into(), errors, members, retry_after: None, headers }
    }

    /// Wrong fields: 422.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let names: Vec<&str> = errors.iter().map(|e| e.pointer.as_str()).collect();
        let detail = format!("nothing was stored; wrong: {}", names.join(", "));
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail) }
    }

    /// One wrong field: 422.
    #[must_use]
    pub fn field(pointer: &str, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.to_owned(), detail: detail.into() }])
    }

    /// Nothing here under that name: 404.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("no such {what}"))
    }

    /// The page is there, but takes these methods only: 405.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("this page does not take that method, but {allow}");
        let headers = Box::new([("allow", allow.to_owned())]);
        Self { headers, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail) }
    }

    /// The store did not answer: 503. Nothing was acknowledged; the same request may be sent again.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail = "the store did not answer; nothing was acknowledged, send the same request again";
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Tells in an answer's header what belongs there, whatever its body is.
    pub fn tell(&self, reply: &mut Reply) {
        let headers = reply.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// The answer.
    #[must_use]
    pub fn into_reply(mut self) -> Reply {
        let mut body = Map::new();
        body.insert("type".into(), format!("urn:ringback:problem:{}", self.kind).into());
        body.insert("title".into(), self.status.canonical_reason().unwrap_or("Error").into());
        body.insert("status".into(), self.status.as_u16().into());
        body.insert("detail".into(), std::mem::take(&mut self.detail).into());
        if !self.errors.is_empty() {
            let errors = std::mem::take(&mut self.errors).into_iter();
            let errors = errors.map(|e| serde_json::json!({ "pointer": e.pointer, "detail": e.detail }));
            body.insert("errors".into(), errors.collect());
        }
        body.extend(std::mem::take(&mut self.members));
        let mut reply = json(self.status, &Value::Object(body));
        reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.tell(&mut reply);
        reply
    }
}

/// A JSON answer.
#[must_use]
pub fn json(status: StatusCode, body: &Value) -> Reply {
    json_text(status, body.to_string().into_bytes())
}

/// A JSON answer that is written already.
#[must_use]
pub fn json_text(status: StatusCode, text: Vec<u8>) -> Reply {
    let mut reply = Response::new(text);
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// An answer without a body, said so: on a kept-alive connection it leaves at once.
#[must_use]
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Vec::new());
    *reply.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    reply
}
