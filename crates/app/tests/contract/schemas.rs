//! What is sent and answered. What people send may hold nothing else; what is answered may come to hold more.

use super::{events, improving, mending};
use ringback_core::alert::DeliveryState;
use ringback_core::case::{EventKind, State};
use ringback_core::consent::{Blocked, ContactChannel, Purpose};
use ringback_core::message::{MessageKind, ReportEvent};
use ringback_core::names::Named;
use ringback_core::rule::{Advocacy, Priority, Track};
use ringback_core::survey::{Band, Metric};
use serde_json::{Map, Value, json};

/// A reference to a schema of this page.
pub fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The names of a fixed set.
pub fn names<T: Named>() -> Value {
    let all: Vec<&str> = T::ALL.iter().map(|one| one.name()).collect();
    json!({ "type": "string", "enum": all })
}

pub fn text() -> Value {
    json!({ "type": "string" })
}

/// A text of 1 to so many characters; one that is only white space counts as none.
pub fn line(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most, "pattern": "\\S" })
}

pub fn text_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

pub fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub fn time_or_null() -> Value {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

pub fn whole() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// An object that is answered: everything named is there.
pub fn answered(members: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "required": required, "properties": properties(members) })
}

/// An object that is sent: `!` marks what must be there, and nothing else may be.
pub fn sent(members: &[(&str, Value)]) -> Value {
    let bare: Vec<(&str, Value)> = members.iter().map(|(name, v)| (name.trim_end_matches('!'), v.clone())).collect();
    let required: Vec<&str> = members.iter().filter_map(|(name, _)| name.strip_suffix('!')).collect();
    json!({ "type": "object", "required": required, "properties": properties(&bare), "additionalProperties": false })
}

fn properties(members: &[(&str, Value)]) -> Value {
    Value::Object(members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect())
}

pub fn all() -> Value {
    let mut all = Map::new();
    for (name, schema) in sent_ones()
        .into_iter()
        .chain(answered_ones())
        .chain(case_parts())
        .chain(events::all())
        .chain(mending::schemas())
        .chain(improving::schemas())
    {
        assert!(all.insert(name.to_owned(), schema).is_none(), "{name} twice");
    }
    Value::Object(all)
}

fn sent_ones() -> Vec<(&'static str, Value)> {
    let answer = json!({
        "oneOf": [
            { "type": ["boolean", "number", "string"] },
            { "type": "array", "items": { "type": "string" } },
        ],
    });
    vec![
        (
            "NewFeedback",
            sent(&[
                ("survey!", line(64)),
                ("score!", json!({ "type": "number", "minimum": 0, "maximum": 10 })),
                ("response_id", line(128)),
                ("comment", json!({ "type": "string", "maxLength": 10_000 })),
                ("occurred_at", time()),
                ("locale", json!({ "type": "string", "examples": ["de-DE"] })),
                ("country", json!({ "type": "string", "pattern": "^[A-Z]{2}$" })),
                ("channel", text()),
                ("touchpoint", text()),
                ("segment", text()),
                ("customer", of("Customer")),
                ("account", of("Account")),
                ("consent", json!({ "type": "array", "maxItems": 20, "items": of("Statement") })),
                ("answers", json!({ "type": "object", "additionalProperties": answer })),
            ]),
        ),
        ("Customer", sent(&[("id", text()), ("name", text()), ("email", text()), ("phone", text()), ("tier", text())])),
        ("Account", sent(&[("id", text()), ("name", text()), ("role", text()), ("level", text())])),
        (
            "Statement",
            sent(&[
                ("channel!", names::<ContactChannel>()),
                ("purpose!", names::<Purpose>()),
                ("granted!", json!({ "type": "boolean" })),
                ("wording", text()),
                ("language", text()),
                ("at", time()),
                ("expires_at", time()),
                ("confirmed", json!({ "type": "boolean" })),
            ]),
        ),
        (
            "NewConsent",
            sent(&[
                ("customer!", of("Customer")),
                ("consent!", json!({ "type": "array", "minItems": 1, "maxItems": 20, "items": of("Statement") })),
            ]),
        ),
        (
            "Reassignment",
            sent(&[
                ("cases", json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "string" } })),
                ("from_owner", line(128)),
                ("owner", line(128)),
                ("queue", line(128)),
                ("note!", line(4_000)),
            ]),
        ),
    ]
}

fn answered_ones() -> Vec<(&'static str, Value)> {
    let pointed = answered(&[("pointer", text()), ("detail", text())]);
    let problem = json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "pattern": "^urn:ringback:problem:[a-z-]+$" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "minLength": 1 },
            "errors": { "type": "array", "minItems": 1, "items": pointed },
            "allowed_events": { "type": "array", "items": names::<EventKind>() },
            "current": of("Case"),
            "reason": names::<Blocked>(),
        },
    });
    let counts = json!({ "type": "object", "additionalProperties": { "type": "integer" } });
    let mut row = answered(&[
        ("survey", text_or_null()),
        ("touchpoint", text_or_null()),
        ("country", text_or_null()),
        ("segment", text_or_null()),
        ("answers", json!({ "type": "integer" })),
        ("bands", counts.clone()),
        ("scores", counts),
    ]);
    row["properties"]["nps"] = json!({ "type": "number", "minimum": -100, "maximum": 100 });
    vec![
        ("Problem", problem),
        ("Figures", figures()),
        ("Scores", answered(&[("day", text()), ("rows", list(row))])),
        ("Feedback", feedback()),
        ("Case", case()),
        ("CasePage", answered(&[("cases", list(listed())), ("unreadable", list(text()))])),
        (
            "Reassigned",
            answered(&[
                ("reassigned", list(text())),
                ("refused", list(answered(&[("id", text()), ("detail", text())]))),
                ("more", json!({ "type": "boolean" })),
            ]),
        ),
    ]
}

fn feedback() -> Value {
    answered(&[
        ("id", text()),
        ("source", text()),
        ("survey", text()),
        ("metric", names::<Metric>()),
        ("score", whole()),
        ("band", names::<Band>()),
        ("comment", text_or_null()),
        ("locale", text_or_null()),
        ("country", text_or_null()),
        ("channel", text_or_null()),
        ("touchpoint", text()),
        ("segment", text_or_null()),
        ("customer", json!({ "type": "object" })),
        ("account", json!({ "type": ["object", "null"] })),
        ("answers", json!({ "type": "object" })),
        ("occurred_at", time_or_null()),
        ("received_at", time()),
        ("updated_at", time_or_null()),
    ])
}

fn case() -> Value {
    answered(&[
        ("id", text()),
        ("version", whole()),
        ("state", names::<State>()),
        ("track", names::<Track>()),
        ("priority", names::<Priority>()),
        ("queue", text()),
        ("owner", text_or_null()),
        ("assignment", json!({ "oneOf": [of("Assignment"), { "type": "null" }] })),
        ("advocacy", json!({ "oneOf": [names::<Advocacy>(), { "type": "null" }] })),
        ("rule", text()),
        ("configuration", text()),
        ("opened_at", time()),
        ("due_at", time_or_null()),
        ("ended_at", time_or_null()),
        ("root_cause", text_or_null()),
        ("remedy", text_or_null()),
        ("closed_without_informing", text_or_null()),
        ("goodwill", json!({ "type": ["number", "null"], "minimum": 0 })),
        ("waiting", json!({ "oneOf": [of("Waiting"), { "type": "null" }] })),
        ("unreached", whole()),
        ("tasks", list(of("Task"))),
        ("merged_into", text_or_null()),
        ("merged", list(text())),
        ("earlier", text_or_null()),
        ("later", list(of("Later"))),
        ("recovered_at", time_or_null()),
        ("survey_due_at", time_or_null()),
        ("script", list(text())),
        ("feedback", of("Feedback")),
        (
            "deadlines",
            answered(&[
                ("policy", text()),
                ("calendar", text_or_null()),
                ("first_contact", of("Clock")),
                ("closure", of("Clock")),
            ]),
        ),
        ("contact", list(of("Permission"))),
        ("alerts", list(of("Delivery"))),
        ("messages", list(of("CustomerMessage"))),
        ("history", list(of("HistoryEntry"))),
        ("allowed_events", list(names::<EventKind>())),
    ])
}

fn listed() -> Value {
    answered(&[
        ("id", text()),
        ("version", whole()),
        ("state", names::<State>()),
        ("track", names::<Track>()),
        ("priority", names::<Priority>()),
        ("queue", text()),
        ("owner", text_or_null()),
        ("opened_at", time()),
        ("due_at", time_or_null()),
        ("ended_at", time_or_null()),
        ("survey", text()),
        ("touchpoint", text()),
        ("score", whole()),
        ("band", names::<Band>()),
        ("customer", text_or_null()),
        ("account", text_or_null()),
    ])
}

fn case_parts() -> Vec<(&'static str, Value)> {
    let mut entry = answered(&[("at", time()), ("who", text()), ("event", text())]);
    entry["properties"]["detail"] = text();
    entry["properties"]["note"] = text();
    let mut permission = answered(&[
        ("channel", names::<ContactChannel>()),
        ("purpose", names::<Purpose>()),
        ("allowed", json!({ "type": "boolean" })),
    ]);
    permission["properties"]["reason"] = text();
    permission["properties"]["detail"] = text();
    permission["properties"]["consent"] = json!({ "type": "object" });
    vec![
        ("Waiting", answered(&[("since", time()), ("until", time()), ("reason", text()), ("from", names::<State>())])),
        (
            "Task",
            answered(&[
                ("task", whole()),
                ("department", text()),
                ("what", text()),
                ("opened_at", time()),
                ("done_at", time_or_null()),
            ]),
        ),
        ("Later", answered(&[("id", text()), ("score", whole()), ("band", names::<Band>()), ("at", time())])),
        (
            "Clock",
            answered(&[
                ("due_at", time()),
                ("warn_at", time()),
                ("met_at", time_or_null()),
                ("warned_at", time_or_null()),
                ("breached_at", time_or_null()),
                ("level", whole()),
                ("pauses", list(answered(&[("from", time()), ("to", time())]))),
                ("why", text()),
            ]),
        ),
        (
            "Assignment",
            answered(&[
                ("worth", whole()),
                ("track", names::<Track>()),
                ("to", text_or_null()),
                ("why", text_or_null()),
                ("decided_at", time_or_null()),
            ]),
        ),
        ("Permission", permission),
        (
            "Delivery",
            answered(&[
                ("id", text()),
                ("event", text()),
                ("occasion", text()),
                ("channel", text()),
                ("state", names::<DeliveryState>()),
                ("attempts", whole()),
                ("not_before", time_or_null()),
                ("last_error", text_or_null()),
                ("delivered_at", time_or_null()),
                ("provider_id", text_or_null()),
            ]),
        ),
        (
            "CustomerMessage",
            json!({ "allOf": [of("Delivery"), answered(&[
                ("customer_channel", names::<ContactChannel>()),
                ("purpose", names::<Purpose>()),
                ("kind", json!({ "oneOf": [names::<MessageKind>(), { "type": "null" }] })),
                ("survey", text_or_null()),
                ("subject", text()),
                ("text", text()),
                ("reports", list(answered(&[("event", names::<ReportEvent>()), ("at", time())]))),
            ])] }),
        ),
        ("HistoryEntry", entry),
    ]
}

fn figures() -> Value {
    let value = json!({ "type": ["string", "number", "boolean", "null"] });
    answered(&[
        ("from", text()),
        ("to", text()),
        ("grain", json!({ "type": "string", "enum": ["day", "week", "month"] })),
        ("countries", text()),
        ("not_broken_down", whole()),
        ("rows", list(json!({ "type": "object", "additionalProperties": value }))),
    ])
}
