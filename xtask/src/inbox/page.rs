//! The inbox as a page. Templates escape whatever is not marked as HTML made here.

use anyhow::Result;
use askama::Template;
use chrono::DateTime;

use super::chat::{self, Shown};
use super::email;
use super::messages::{Kind, Message};

#[derive(Template)]
#[template(path = "inbox.html")]
struct Whole {
    last: u64,
    messages: Vec<View>,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct List {
    messages: Vec<View>,
}

/// A message as the templates need it.
struct View {
    id: u64,
    kind: &'static str,
    receiver: &'static str,
    time: String,
    iso: String,
    refusal: Option<String>,
    body: Body,
    json: String,
}

enum Body {
    Chat(Vec<Shown>),
    Mail { from: String, to: String, subject: String, text: String, html: bool },
    Event { name: String, subject: String },
    Raw,
}

/// The page with all messages, newest first.
pub fn whole(messages: &[Message]) -> Result<String> {
    let last = messages.last().map_or(0, |message| message.id);
    Ok(Whole { last, messages: views(messages) }.render()?)
}

/// Messages alone, newest first, for the page that is already open.
pub fn list(messages: &[Message]) -> Result<String> {
    Ok(List { messages: views(messages) }.render()?)
}

/// A mail's HTML whose links open outside the frame it is shown in.
pub fn with_links_outside(html: &str) -> String {
    let base = "<base target=\"_blank\">";
    match html.find("<head>") {
        Some(at) => format!("{}{base}{}", &html[..at + "<head>".len()], &html[at + "<head>".len()..]),
        None => format!("<!doctype html>{base}{html}"),
    }
}

fn views(messages: &[Message]) -> Vec<View> {
    messages.iter().rev().map(view).collect()
}

fn view(message: &Message) -> View {
    let time = i64::try_from(message.received_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default();
    let (kind, receiver) = match message.kind {
        Kind::Slack => ("slack", "Chat"),
        Kind::Email => ("email", "E-mail"),
        Kind::Event => ("event", "Webhook"),
    };
    View {
        id: message.id,
        kind,
        receiver,
        time: time.format("%H:%M:%S UTC").to_string(),
        iso: time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        refusal: message.refusal.as_ref().map(|reason| format!("{} {reason}", message.status)),
        body: body(message),
        json: serde_json::to_string_pretty(&message.payload).unwrap_or_default(),
    }
}

fn body(message: &Message) -> Body {
    let payload = &message.payload;
    let text = |name: &str| payload[name].as_str().unwrap_or_default().to_owned();
    match message.kind {
        _ if message.refusal.is_some() => Body::Raw,
        Kind::Slack => chat::read(payload).map_or(Body::Raw, Body::Chat),
        Kind::Email => Body::Mail {
            from: text("from"),
            to: email::recipients(payload).join(", "),
            subject: text("subject"),
            text: text("text"),
            html: payload["html"].is_string(),
        },
        Kind::Event => Body::Event { name: text("type"), subject: text("subject") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_mails_open_outside_the_frame() {
        assert_eq!(
            with_links_outside("<!doctype html><html><head><title>x"),
            "<!doctype html><html><head><base target=\"_blank\"><title>x"
        );
        assert_eq!(with_links_outside("<p>x"), "<!doctype html><base target=\"_blank\"><p>x");
    }
}
