//! The inbox's HTTP side: routes, headers, answers. What is right or wrong about a message is decided beside it.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::messages::{Kind, Messages, Moods, Verdict, now_ms};
use super::{chat, email, event, page};
use crate::http::{self, Request, Response};
use crate::ports;

/// What the inbox must be told.
#[derive(Clone, Default)]
pub struct Settings {
    /// The secret that events are signed with; without it any signature is believed.
    pub events_secret: Option<String>,
}

/// A running inbox. It ends with the process.
pub struct Inbox {
    port: u16,
}

impl Inbox {
    /// Starts to listen on the loopback address; port 0 takes any free one.
    pub fn start(port: u16, settings: Settings) -> Result<Self> {
        let shared = Shared { messages: Messages::default(), settings };
        let port = http::serve(ports::local(port), move |request| shared.serve(&request))?.port();
        Ok(Self { port })
    }

    /// Where the page is, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

struct Shared {
    messages: Messages,
    settings: Settings,
}

impl Shared {
    fn serve(&self, request: &Request) -> Response {
        self.route(request).unwrap_or_else(|error| text(400, &format!("{error:#}\n")))
    }

    fn route(&self, request: &Request) -> Result<Response> {
        // A page of the outside world must not reach in through a name that it points at this machine.
        let host = request.header("Host").unwrap_or_default();
        if !["127.0.0.1", "localhost"].contains(&host.split(':').next().unwrap_or_default()) {
            return Ok(text(421, "this inbox answers to 127.0.0.1 and localhost only\n"));
        }
        let after = || after(&request.query);
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/slack") => self.receive(request, Kind::Slack),
            ("POST", "/emails") => self.receive(request, Kind::Email),
            ("POST", "/events") => self.receive(request, Kind::Event),
            ("GET", "/") => Ok(html(&page::whole(&self.messages.after(0))?)),
            ("GET", "/list") => Ok(html(&page::list(&self.messages.after(after()))?)),
            ("GET", "/inbox.css") => Ok(typed(200, "text/css; charset=utf-8", include_str!("../../assets/inbox.css"))),
            ("GET", "/inbox.js") => {
                Ok(typed(200, "text/javascript; charset=utf-8", include_str!("../../assets/inbox.js")))
            }
            ("GET", "/api/messages") => Ok(json_answer(200, &json!({ "messages": self.messages.after(after()) }))),
            ("DELETE", "/api/messages") => {
                self.messages.clear();
                Ok(Response::new(204, ""))
            }
            ("GET", "/control") => Ok(json_answer(200, &serde_json::to_value(self.messages.moods())?)),
            ("POST", "/control") => self.control(request),
            ("GET", path) if path.starts_with("/mail/") => Ok(self.mail(&path["/mail/".len()..])),
            _ => Ok(text(404, "not found\n")),
        }
    }

    fn receive(&self, request: &Request, kind: Kind) -> Result<Response> {
        let raw = &request.body;
        let parsed = serde_json::from_slice::<Value>(raw);
        let payload =
            parsed.as_ref().map_or_else(|_| Value::String(String::from_utf8_lossy(raw).into_owned()), Value::clone);
        let mood = self.messages.mood(kind);
        thread::sleep(Duration::from_millis(mood.delay_ms));
        if let Some(status) = mood.status {
            let mut answer = text(status, "out of order, as told by /control\n");
            if let Some(seconds) = mood.retry_after {
                answer = answer.with("Retry-After", seconds.to_string());
            }
            self.messages.keep(kind, Verdict::refused(status, "out of order, as told by /control"), payload);
            return Ok(answer);
        }
        let verdict = match &parsed {
            Ok(json) => self.judge(request, kind, json),
            Err(_) => Verdict::refused(400, "invalid_payload"),
        };
        let (status, refusal) = (verdict.status, verdict.refusal.clone());
        let id = self.messages.keep(kind, verdict, payload);
        Ok(answer_of(kind, status, refusal.as_deref(), id))
    }

    fn judge(&self, request: &Request, kind: Kind, json: &Value) -> Verdict {
        match kind {
            Kind::Slack => chat::judge(json),
            Kind::Email => email::judge(json, request.header("Authorization"), request.header("Idempotency-Key")),
            Kind::Event => {
                let signature = event::Signature {
                    id: request.header("webhook-id").unwrap_or_default(),
                    timestamp: request.header("webhook-timestamp").unwrap_or_default(),
                    signatures: request.header("webhook-signature").unwrap_or_default(),
                };
                let content_type = request.header("Content-Type").unwrap_or_default();
                event::judge(
                    &request.body,
                    json,
                    content_type,
                    &signature,
                    self.settings.events_secret.as_deref(),
                    now_ms() / 1000,
                )
            }
        }
    }

    fn control(&self, request: &Request) -> Result<Response> {
        // A form of another site could post text, but not this type without asking first.
        if !request.header("Content-Type").unwrap_or_default().starts_with("application/json") {
            return Ok(text(415, "send application/json\n"));
        }
        let moods: Moods = serde_json::from_slice(&request.body).context("not the moods of slack, email and event")?;
        self.messages.set_moods(moods.clone());
        Ok(json_answer(200, &serde_json::to_value(moods)?))
    }

    /// The HTML of a mail, as a document of its own that may show itself and do nothing else.
    fn mail(&self, id: &str) -> Response {
        let message = id.parse().ok().and_then(|id| self.messages.get(id));
        let Some(html) = message.as_ref().and_then(|message| message.payload["html"].as_str()) else {
            return text(404, "not found\n");
        };
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors http://127.0.0.1:*; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
        typed(200, "text/html; charset=utf-8", &page::with_links_outside(html)).with("Content-Security-Policy", policy)
    }
}

/// What the receiver itself would answer.
fn answer_of(kind: Kind, status: u16, refusal: Option<&str>, id: u64) -> Response {
    match (kind, refusal) {
        (Kind::Slack, refusal) => {
            text(status, refusal.map_or("ok", |reason| reason.split(':').next().unwrap_or(reason)))
        }
        (Kind::Email, None) => json_answer(status, &json!({ "id": format!("00000000-0000-4000-8000-{id:012x}") })),
        (Kind::Email, Some(reason)) => {
            json_answer(status, &json!({ "statusCode": status, "name": reason.split(':').next(), "message": reason }))
        }
        (Kind::Event, refusal) => text(status, refusal.unwrap_or_default()),
    }
}

fn after(query: &str) -> u64 {
    query.split('&').find_map(|pair| pair.strip_prefix("after=")?.parse().ok()).unwrap_or(0)
}

fn html(page: &str) -> Response {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors http://127.0.0.1:*";
    typed(200, "text/html; charset=utf-8", page).with("Content-Security-Policy", policy)
}

fn json_answer(status: u16, value: &Value) -> Response {
    typed(status, "application/json", &value.to_string())
}

fn text(status: u16, words: &str) -> Response {
    typed(status, "text/plain; charset=utf-8", words)
}

fn typed(status: u16, content_type: &str, content: &str) -> Response {
    Response::new(status, content)
        .with("Content-Type", content_type)
        .with("Cache-Control", "no-store")
        .with("X-Content-Type-Options", "nosniff")
        .with("Referrer-Policy", "no-referrer")
}

#[cfg(test)]
mod tests;
