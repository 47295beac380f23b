//! E-mail through Resend: `POST /emails`, with `Idempotency-Key`, a text and an HTML part.
//!
//! HTML comes from templates that escape everything (askama); nothing is put together by hand.

use super::notice::Notice;
use super::text::{one_line, shorten, tame};
use crate::dossier::Message;
use askama::Template;
use http::{Request, header};
use serde_json::{Value, json};

/// Longest subject, in characters: what mail clients show.
const MAX_SUBJECT: usize = 150;

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage<'a> {
    notice: &'a Notice,
}

#[derive(Template)]
#[template(path = "alert.txt")]
struct AlertText<'a> {
    notice: &'a Notice,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage<'a> {
    letter: &'a Letter<'a>,
    paragraphs: Vec<Vec<String>>,
}

/// A message to a customer.
pub(super) struct Letter<'a> {
    /// The company's name.
    pub name: &'a str,
    /// Language, BCP 47.
    pub locale: &'a str,
    /// What was written.
    pub message: &'a Message,
}

/// An alert; none when the provider is not configured.
pub(super) fn alert(key: &str, origin: &str, from: &str, to: &[String], notice: &Notice) -> Option<Request<Vec<u8>>> {
    let body = json!({
        "from": from,
        "to": to,
        "subject": shorten(&one_line(&notice.headline), MAX_SUBJECT),
        "text": AlertText { notice }.render().ok()?,
        "html": AlertPage { notice }.render().ok()?,
        "tags": [{ "name": "event", "value": notice.event.replace('.', "_") }],
    });
    request(key, origin, &notice.id, &body)
}

/// A message to a customer; none when the provider is not configured.
pub(super) fn to_customer(
    key: &str,
    origin: &str,
    from: &str,
    to: &str,
    id: &str,
    letter: &Letter<'_>,
) -> Option<Request<Vec<u8>>> {
    let text = tame(&letter.message.text);
    let paragraphs = text.split("\n\n").map(|p| p.lines().map(str::to_owned).collect::<Vec<_>>());
    let paragraphs = paragraphs.filter(|lines| !lines.is_empty()).collect();
    let body = json!({
        "from": from,
        "to": [to],
        "subject": shorten(&one_line(&letter.message.subject), MAX_SUBJECT),
        "text": text,
        "html": LetterPage { letter, paragraphs }.render().ok()?,
        "tags": [{ "name": "event", "value": "customer_message" }],
    });
    request(key, origin, id, &body)
}

fn request(key: &str, origin: &str, id: &str, body: &Value) -> Option<Request<Vec<u8>>> {
    if key.is_empty() || origin.is_empty() {
        return None;
    }
    Request::post(format!("{}/emails", origin.trim_end_matches('/')))
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", id)
        .header(header::USER_AGENT, "ringback")
        .body(body.to_string().into_bytes())
        .ok()
}
