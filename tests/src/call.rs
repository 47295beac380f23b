//! Requests to the application and its answers.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::convert::Infallible;

use crate::contract;
use crate::variables::{leaked, leaked_secret};

/// A body of any kind.
pub(crate) type Body = BoxBody<Bytes, Infallible>;
/// Keeps connections alive between calls.
pub(crate) type Caller = Client<HttpConnector, Body>;

pub(crate) fn caller() -> Caller {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Connects from an address of this machine, as another client would.
pub(crate) fn caller_from(address: std::net::IpAddr) -> Caller {
    let mut connector = HttpConnector::new();
    connector.set_local_address(Some(address));
    Client::builder(TokioExecutor::new()).build(connector)
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text, empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The kind of problem: the last part of `type`.
    ///
    /// # Panics
    /// When the answer is no problem of RFC 9457 that repeats its status.
    #[must_use]
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {self:?}");
        }
        let kind = problem["type"].as_str().unwrap_or_default();
        kind.rsplit([':', '/']).next().unwrap_or_default().to_owned()
    }

    /// The wrong fields that a problem names, sorted.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let mut pointers: Vec<String> =
            errors.iter().filter_map(|error| error["pointer"].as_str().map(str::to_owned)).collect();
        pointers.sort();
        pointers
    }

    /// No answer of any scenario holds a secret; no error holds what a customer is called or has written, but for the one
    /// that shows the case as it stands to whoever came too late.
    fn keeps_secrets(&self) {
        let text = format!("{:?}{}", self.headers, self.text());
        let leak = if self.status >= 400 && self.status != 412 { leaked(&text) } else { leaked_secret(&text) };
        assert_eq!(leak, None, "in an answer {}: {text}", self.status);
    }

    /// The answer, if it has that status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A request to be sent.
pub struct Call {
    caller: Caller,
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Body,
    ours: bool,
}

impl Call {
    pub(crate) fn new(caller: Caller, method: Method, url: String) -> Self {
        Self { caller, method, url, headers: Vec::new(), body: Full::default().boxed(), ours: true }
    }

    /// A request to another program: its answers are held against nothing.
    pub(crate) fn elsewhere(caller: Caller, method: Method, url: String) -> Self {
        Self { ours: false, ..Self::new(caller, method, url) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Adds a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// Adds a body as it is.
    #[must_use]
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Full::new(body.into()).boxed();
        self
    }

    /// Adds a body of unknown length: sent in chunks, without `Content-Length`.
    #[must_use]
    pub fn chunked(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Full::new(body.into()).map_frame(|frame| frame).boxed();
        self
    }

    /// Sends it; none when no answer came. What comes is held against the contract.
    ///
    /// # Panics
    /// When the contract does not describe the answer.
    pub async fn try_send(self) -> Option<Answer> {
        let mut request = Request::builder().method(self.method).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(self.body).expect("a request");
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = self.caller.request(request).await.ok()?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, body };
        if self.ours {
            contract::check(&method, &path, &answer);
        }
        answer.keeps_secrets();
        Some(answer)
    }

    /// Sends it.
    ///
    /// # Panics
    /// When no answer came.
    pub async fn send(self) -> Answer {
        let (method, url) = (self.method.clone(), self.url.clone());
        self.try_send().await.unwrap_or_else(|| panic!("no answer to {method} {url}"))
    }
}
