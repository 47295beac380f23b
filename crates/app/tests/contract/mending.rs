//! What those who look after the application use: dead letters, erasure, and the state of the ledger.

use super::paths::{Operation, in_path, in_query, nothing, with_json};
use super::schemas::{answered, line, list, of, sent, text, text_or_null, time, time_or_null, whole};
use ringback_app::access::Action;
use serde_json::{Value, json};

const NOBODY: Operation = Operation {
    path: "",
    method: "get",
    id: "",
    summary: "",
    action: Some(Action::MendDeliveries),
    body: None,
    parameters: Vec::new(),
    answers: Vec::new(),
    problems: &[404, 503],
};

pub fn mending() -> Vec<Operation> {
    let id = || vec![in_path("id", "the dead letter's id")];
    vec![
        Operation {
            path: "/v1/dead-letters",
            id: "listDeadLetters",
            summary: "Alerts and messages that were given up, the oldest first.",
            parameters: vec![
                in_query("state", json!({ "type": "string", "enum": ["failed", "pending"] })),
                in_query("limit", json!({ "type": "integer", "minimum": 1, "maximum": 50 })),
                in_query("cursor", text()),
            ],
            answers: vec![(200, with_json("a page", "DeadLetterPage"))],
            problems: &[400, 503],
            ..NOBODY
        },
        Operation {
            path: "/v1/dead-letters/{id}",
            id: "getDeadLetter",
            summary: "One of them.",
            parameters: id(),
            answers: vec![(200, with_json("the dead letter", "DeadLetter"))],
            ..NOBODY
        },
        Operation {
            path: "/v1/dead-letters/{id}/replay",
            method: "post",
            id: "replayDeadLetter",
            summary: "Begins all attempts anew, under the same name.",
            parameters: id(),
            answers: vec![(202, nothing("it is on its way"))],
            problems: &[404, 409, 503],
            ..NOBODY
        },
        Operation {
            path: "/v1/dead-letters/{id}/discard",
            method: "post",
            id: "discardDeadLetter",
            summary: "Puts it away: it need not arrive any more.",
            parameters: id(),
            answers: vec![(204, nothing("it is no dead letter any more"))],
            problems: &[404, 409, 503],
            ..NOBODY
        },
        Operation {
            path: "/v1/feedback/{id}",
            method: "delete",
            id: "eraseFeedback",
            summary: "Erases one answer and what was written about it.",
            action: Some(Action::Erase),
            parameters: vec![in_path("id", "the answer's id")],
            answers: vec![(202, with_json("the receipt", "Erased"))],
            ..NOBODY
        },
        Operation {
            path: "/v1/erasures",
            method: "post",
            id: "erasePerson",
            summary: "Erases everything that is held of a person, or by criteria what has been stored.",
            action: Some(Action::Erase),
            body: Some(of("Erasure")),
            answers: vec![(202, with_json("the receipt; by criteria, `Location` leads to how it stands", "Erased"))],
            problems: &[409, 503],
            ..NOBODY
        },
        Operation {
            path: "/v1/erasures/{id}",
            id: "getErasure",
            summary: "How an erasure by criteria stands.",
            action: Some(Action::Erase),
            parameters: vec![in_path("id", "the erasure's id")],
            answers: vec![(200, with_json("how it stands", "ErasureState"))],
            ..NOBODY
        },
    ]
}

pub fn schemas() -> Vec<(&'static str, Value)> {
    let yes = || json!({ "type": "boolean" });
    let letter = answered(&[
        ("id", json!({ "type": "string", "pattern": "^[0-9]+-[0-9]+$" })),
        ("case", text()),
        ("url", text()),
        ("since", time()),
        ("delivery", text()),
        ("event", text()),
        ("channel", text()),
        ("to_customer", yes()),
        ("state", json!({ "type": "string", "enum": ["failed", "pending"] })),
        ("attempts", whole()),
        ("last_error", text_or_null()),
    ]);
    let mut receipt = answered(&[
        ("erasure", text()),
        ("scope", json!({ "type": "string", "enum": ["person", "feedback", "criteria"] })),
        ("by", text()),
        ("at", time()),
    ]);
    let more = [("identities", whole()), ("records", whole()), ("feedback", text())];
    for (name, schema) in more.into_iter().chain([("criteria", of("ErasureCriteria")), ("dry_run", yes())]) {
        receipt["properties"][name] = schema;
    }
    let mut criteria = sent(&[
        ("survey", line(64)),
        ("country", json!({ "type": "string", "pattern": "^[A-Z]{2}$" })),
        ("received_before", time()),
    ]);
    criteria["minProperties"] = 1.into();
    let counted = |more: &[(&str, Value)]| answered(&[&[("count", whole()), ("more", yes())], more].concat());
    let whole_or_null = || json!({ "type": ["integer", "null"], "minimum": 0 });
    vec![
        ("DeadLetter", letter),
        ("DeadLetterPage", answered(&[("dead_letters", list(of("DeadLetter"))), ("next", text_or_null())])),
        (
            "Erasure",
            json!({ "oneOf": [
            sent(&[("customer!", of("Customer"))]),
            sent(&[("criteria!", of("ErasureCriteria")), ("dry_run", yes())]),
        ] }),
        ),
        ("ErasureCriteria", criteria),
        (
            "ErasureState",
            answered(&[
                ("erasure", text()),
                ("scope", json!({ "const": "criteria" })),
                ("criteria", of("ErasureCriteria")),
                ("dry_run", yes()),
                ("by", text()),
                ("at", time()),
                ("state", json!({ "type": "string", "enum": ["running", "done"] })),
                ("records", whole()),
                ("looked_at", whole()),
                ("entries", whole()),
                ("done_at", time_or_null()),
            ]),
        ),
        ("Erased", receipt),
        ("Readiness", {
            let mut readiness = answered(&[
                ("status", json!({ "const": "ready" })),
                ("store", text()),
                ("probe", text()),
                ("configuration", text()),
                ("encrypted", yes()),
                ("lag", whole()),
                ("lag_seconds", whole_or_null()),
                ("timers_ahead_seconds", whole_or_null()),
                ("timers_late_seconds", whole_or_null()),
                ("dead_letters", counted(&[])),
                ("unsent_alerts", counted(&[("oldest_since", time_or_null()), ("oldest_seconds", whole_or_null())])),
                ("shards", list(shard())),
            ]);
            readiness["properties"]["storage_key"] = text();
            readiness["properties"]["storage_keys_retired"] = list(text());
            readiness["properties"]["channels_switched_off"] = list(text());
            readiness["properties"]["channels_leading_nowhere"] =
                json!({ "oneOf": [list(text()), { "type": "null" }] });
            readiness
        }),
    ]
}

fn shard() -> Value {
    let whole_or_null = || json!({ "type": ["integer", "null"], "minimum": 0 });
    let mut shard = answered(&[
        ("shard", whole()),
        ("head", whole()),
        ("sealed", whole()),
        ("lag", whole()),
        ("lag_seconds", whole()),
        ("holder", text_or_null()),
        ("lease_until", whole_or_null()),
        ("lease_seconds", whole_or_null()),
        ("swept_until", time()),
        ("quarantined", whole()),
    ]);
    shard["properties"]["quarantined_keys"] = list(text());
    shard
}
