//! What may be done to a case, one schema for each kind of event.

use super::schemas::{line, names, of, sent, time};
use ringback_core::case::{ContactOutcome, EventKind};
use ringback_core::consent::ContactChannel;
use ringback_core::message::MessageKind;
use ringback_core::names::Named as _;
use serde_json::{Value, json};

const MAX_TEXT: usize = 4_000;

pub fn all() -> Vec<(&'static str, Value)> {
    let kinds: Vec<Value> = EventKind::ALL.iter().map(|kind| of(name(*kind))).collect();
    let mapping = EventKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), of(name(*kind))["$ref"].clone()));
    let mapping = Value::Object(mapping.collect());
    let mut all: Vec<(&'static str, Value)> = EventKind::ALL.iter().map(|kind| (name(*kind), event(*kind))).collect();
    let discriminator = json!({ "propertyName": "type", "mapping": mapping });
    all.push(("CaseEvent", json!({ "oneOf": kinds, "discriminator": discriminator })));
    let kinds: Vec<&str> = MessageKind::ALL.iter().filter(|kind| kind.informs()).map(|kind| kind.as_str()).collect();
    let template = json!({ "type": "string", "enum": kinds });
    let message = json!({ "oneOf": [
        sent(&[("subject!", line(200)), ("text!", line(MAX_TEXT))]),
        sent(&[("template!", template), ("text", line(MAX_TEXT))]),
    ] });
    all.push(("Message", message));
    all
}

const fn name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Acknowledge => "Acknowledge",
        EventKind::Assign => "Assign",
        EventKind::Contact => "Contact",
        EventKind::Wait => "Wait",
        EventKind::Resume => "Resume",
        EventKind::Resolve => "Resolve",
        EventKind::Inform => "Inform",
        EventKind::Close => "Close",
        EventKind::Reopen => "Reopen",
        EventKind::Merge => "Merge",
        EventKind::Split => "Split",
        EventKind::FinishTask => "FinishTask",
        EventKind::ChangePolicy => "ChangePolicy",
    }
}

fn event(kind: EventKind) -> Value {
    let mut members = vec![("type!", json!({ "const": kind.as_str() })), ("note!", line(MAX_TEXT))];
    members.extend(fields(kind));
    let mut event = sent(&members);
    if kind == EventKind::Assign {
        event["anyOf"] = json!([{ "required": ["owner"] }, { "required": ["queue"] }]);
    }
    event
}

fn fields(kind: EventKind) -> Vec<(&'static str, Value)> {
    match kind {
        EventKind::Acknowledge | EventKind::Resume | EventKind::Reopen => Vec::new(),
        EventKind::Assign => vec![("owner", line(128)), ("queue", line(128))],
        EventKind::Contact => {
            let ways: Vec<&str> = ContactChannel::ALL.iter().map(|way| way.as_str()).chain(["other"]).collect();
            vec![("channel!", json!({ "type": "string", "enum": ways })), ("outcome!", names::<ContactOutcome>())]
        }
        EventKind::Wait => vec![("reason!", line(MAX_TEXT)), ("until!", time())],
        EventKind::Resolve => vec![
            ("root_cause!", line(200)),
            ("remedy", json!({ "type": "string", "maxLength": MAX_TEXT })),
            ("goodwill", json!({ "type": "number", "minimum": 0, "maximum": 100_000_000, "multipleOf": 0.01 })),
        ],
        EventKind::Inform => vec![("channel!", names::<ContactChannel>()), ("message", of("Message"))],
        EventKind::Close => vec![("without_informing", json!({ "type": "string", "maxLength": MAX_TEXT }))],
        EventKind::Merge => vec![("into!", line(128))],
        EventKind::Split => vec![("department!", line(128)), ("task!", line(MAX_TEXT))],
        EventKind::FinishTask => vec![("task!", json!({ "type": "integer", "minimum": 1 }))],
        EventKind::ChangePolicy => vec![("policy!", line(128))],
    }
}
