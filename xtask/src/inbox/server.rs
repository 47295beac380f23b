//! The inbox's HTTP side: routes, headers, answers. What is right or wrong about a message is decided beside it.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

use super::messages::{Kind, Messages, Moods, Verdict, now_ms};
use super::{chat, email, event, page};
use crate::ports;

/// The largest body that is read.
const MAX_BODY: u64 = 1024 * 1024;

type Answer = Response<Cursor<Vec<u8>>>;

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
        let server = Server::http(ports::local(port))
            .map_err(|error| anyhow!("the inbox cannot listen on port {port}: {error}"))?;
        let port = server.server_addr().to_ip().context("the inbox listens on no IP address")?.port();
        let shared = Arc::new(Shared { messages: Messages::default(), settings });
        thread::Builder::new().name("inbox".into()).spawn(move || {
            for request in server.incoming_requests() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(request));
            }
        })?;
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
    fn serve(&self, mut request: Request) {
        let answer = self.route(&mut request).unwrap_or_else(|error| text(400, &format!("{error:#}\n")));
        // The client may be gone; nobody is left to be told.
        let _ = request.respond(answer);
    }

    fn route(&self, request: &mut Request) -> Result<Answer> {
        // A page of the outside world must not reach in through a name that it points at this machine.
        let host = header(request, "Host").unwrap_or_default();
        if !["127.0.0.1", "localhost"].contains(&host.split(':').next().unwrap_or_default()) {
            return Ok(text(421, "this inbox answers to 127.0.0.1 and localhost only\n"));
        }
        let url = request.url().to_owned();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        match (request.method(), path) {
            (Method::Post, "/slack") => self.receive(request, Kind::Slack),
            (Method::Post, "/emails") => self.receive(request, Kind::Email),
            (Method::Post, "/events") => self.receive(request, Kind::Event),
            (Method::Get, "/") => Ok(html(&page::whole(&self.messages.after(0))?)),
            (Method::Get, "/list") => Ok(html(&page::list(&self.messages.after(after(query)))?)),
            (Method::Get, "/inbox.css") => {
                Ok(typed(200, "text/css; charset=utf-8", include_str!("../../assets/inbox.css")))
            }
            (Method::Get, "/inbox.js") => {
                Ok(typed(200, "text/javascript; charset=utf-8", include_str!("../../assets/inbox.js")))
            }
            (Method::Get, "/api/messages") => {
                Ok(json_answer(200, &json!({ "messages": self.messages.after(after(query)) })))
            }
            (Method::Delete, "/api/messages") => {
                self.messages.clear();
                Ok(Response::from_data(Vec::new()).with_status_code(204))
            }
            (Method::Get, "/control") => Ok(json_answer(200, &serde_json::to_value(self.messages.moods())?)),
            (Method::Post, "/control") => self.control(request),
            (Method::Get, path) if path.starts_with("/mail/") => Ok(self.mail(&path["/mail/".len()..])),
            _ => Ok(text(404, "not found\n")),
        }
    }

    fn receive(&self, request: &mut Request, kind: Kind) -> Result<Answer> {
        let raw = body(request)?;
        let parsed = serde_json::from_slice::<Value>(&raw);
        let payload =
            parsed.as_ref().map_or_else(|_| Value::String(String::from_utf8_lossy(&raw).into_owned()), Value::clone);
        let mood = self.messages.mood(kind);
        thread::sleep(Duration::from_millis(mood.delay_ms));
        if let Some(status) = mood.status {
            let mut answer = text(status, "out of order, as told by /control\n");
            if let Some(seconds) = mood.retry_after {
                answer.add_header(field("Retry-After", &seconds.to_string()));
            }
            self.messages.keep(kind, Verdict::refused(status, "out of order, as told by /control"), payload);
            return Ok(answer);
        }
        let verdict = match &parsed {
            Ok(json) => self.judge(request, kind, &raw, json),
            Err(_) => Verdict::refused(400, "invalid_payload"),
        };
        let (status, refusal) = (verdict.status, verdict.refusal.clone());
        let id = self.messages.keep(kind, verdict, payload);
        Ok(answer_of(kind, status, refusal.as_deref(), id))
    }

    fn judge(&self, request: &Request, kind: Kind, raw: &[u8], json: &Value) -> Verdict {
        match kind {
            Kind::Slack => chat::judge(json),
            Kind::Email => email::judge(json, header(request, "Authorization"), header(request, "Idempotency-Key")),
            Kind::Event => {
                let signature = event::Signature {
                    id: header(request, "webhook-id").unwrap_or_default(),
                    timestamp: header(request, "webhook-timestamp").unwrap_or_default(),
                    signatures: header(request, "webhook-signature").unwrap_or_default(),
                };
                let content_type = header(request, "Content-Type").unwrap_or_default();
                event::judge(
                    raw,
                    json,
                    content_type,
                    &signature,
                    self.settings.events_secret.as_deref(),
                    now_ms() / 1000,
                )
            }
        }
    }

    fn control(&self, request: &mut Request) -> Result<Answer> {
        // A form of another site could post text, but not this type without asking first.
        if !header(request, "Content-Type").unwrap_or_default().starts_with("application/json") {
            return Ok(text(415, "send application/json\n"));
        }
        let moods: Moods =
            serde_json::from_slice(&body(request)?).context("not the moods of slack, email and event")?;
        self.messages.set_moods(moods.clone());
        Ok(json_answer(200, &serde_json::to_value(moods)?))
    }

    /// The HTML of a mail, as a document of its own that may show itself and do nothing else.
    fn mail(&self, id: &str) -> Answer {
        let message = id.parse().ok().and_then(|id| self.messages.get(id));
        let Some(html) = message.as_ref().and_then(|message| message.payload["html"].as_str()) else {
            return text(404, "not found\n");
        };
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
        typed(200, "text/html; charset=utf-8", &page::with_links_outside(html))
            .with_header(field("Content-Security-Policy", policy))
    }
}

/// What the receiver itself would answer.
fn answer_of(kind: Kind, status: u16, refusal: Option<&str>, id: u64) -> Answer {
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

fn body(request: &mut Request) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    request.as_reader().take(MAX_BODY + 1).read_to_end(&mut raw)?;
    anyhow::ensure!(raw.len() as u64 <= MAX_BODY, "the body is over 1 MiB");
    Ok(raw)
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request
        .headers()
        .iter()
        .find(|header| header.field.as_str().as_str().eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

fn after(query: &str) -> u64 {
    query.split('&').find_map(|pair| pair.strip_prefix("after=")?.parse().ok()).unwrap_or(0)
}

fn html(page: &str) -> Answer {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    typed(200, "text/html; charset=utf-8", page).with_header(field("Content-Security-Policy", policy))
}

fn json_answer(status: u16, value: &Value) -> Answer {
    typed(status, "application/json", &value.to_string())
}

fn text(status: u16, words: &str) -> Answer {
    typed(status, "text/plain; charset=utf-8", words)
}

fn typed(status: u16, content_type: &str, content: &str) -> Answer {
    Response::from_data(content.as_bytes())
        .with_status_code(status)
        .with_header(field("Content-Type", content_type))
        .with_header(field("Cache-Control", "no-store"))
        .with_header(field("X-Content-Type-Options", "nosniff"))
        .with_header(field("Referrer-Policy", "no-referrer"))
}

fn field(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("header names and values here are plain ASCII")
}

#[cfg(test)]
mod tests;
