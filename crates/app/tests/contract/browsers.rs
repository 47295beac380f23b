//! The routes of browsers: a site key instead of a token.

use super::paths::{Operation, in_path, in_query, nothing, with_header};
use super::schemas::{names, text};
use ringback_core::survey::Metric;
use serde_json::{Value, json};

pub fn browsers() -> Vec<Operation> {
    let path = |path, method, id, summary| Operation {
        path,
        method,
        id,
        summary,
        action: None,
        body: None,
        parameters: vec![in_path("id", "the survey's id"), in_query("key", json!({ "type": "string" }))],
        answers: Vec::new(),
        problems: &[401, 403, 404, 503],
    };
    let preflight = || with_header(nothing("this origin may"), "Access-Control-Max-Age", json!({ "type": "integer" }));
    let taken = with_header(with_header(nothing("taken: durable"), "Location", text()), "RateLimit", text());
    let taken = with_header(taken, "RateLimit-Policy", text());
    vec![
        Operation {
            answers: vec![
                (
                    200,
                    json!({ "description": "how to ask", "content": { "application/json": { "schema": survey() } } }),
                ),
                (304, nothing("not changed")),
            ],
            ..path("/v1/surveys/{id}", "get", "getSurvey", "How a survey is asked, in the visitor's language.")
        },
        Operation {
            answers: vec![(204, preflight())],
            ..path("/v1/surveys/{id}", "options", "preflightSurvey", "Whether a page may ask.")
        },
        Operation {
            body: Some(answer()),
            answers: vec![(202, taken)],
            problems: &[401, 403, 404, 429, 503],
            ..path("/v1/surveys/{id}/answers", "post", "postAnswer", "Takes an answer from a browser.")
        },
        Operation {
            answers: vec![(204, preflight())],
            ..path("/v1/surveys/{id}/answers", "options", "preflightAnswer", "Whether a page may answer.")
        },
    ]
}

fn survey() -> Value {
    let whole = || json!({ "type": "integer", "minimum": 0 });
    json!({
        "type": "object",
        "required": ["survey", "metric", "min", "max", "low", "high", "language", "direction", "texts", "sample", "quarantine_s", "snooze_s", "minimum_ms"],
        "properties": {
            "survey": text(), "metric": names::<Metric>(), "min": whole(), "max": whole(), "low": whole(), "high": whole(),
            "language": text(), "direction": { "enum": ["ltr", "rtl"] },
            "texts": { "type": "object", "additionalProperties": text() },
            "contact": { "type": ["object", "null"] }, "next_url": { "type": ["string", "null"] }, "privacy_url": { "type": ["string", "null"] },
            "sample": { "type": "number", "minimum": 0, "maximum": 1 }, "quarantine_s": whole(), "snooze_s": whole(), "minimum_ms": whole(),
        },
    })
}

fn answer() -> Value {
    json!({
        "type": "object",
        "required": ["id", "score"],
        "additionalProperties": false,
        "properties": {
            "id": { "type": "string", "minLength": 8, "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$" },
            "score": { "type": "number" },
            "comment": { "type": "string", "maxLength": 10_000 },
            "locale": text(), "country": text(), "channel": text(), "touchpoint": text(), "segment": text(),
            "answers": { "type": "object" },
            "consent": {
                "type": "object",
                "required": ["granted"],
                "additionalProperties": false,
                "properties": { "granted": { "type": "boolean" }, "wording": text(), "email": text(), "phone": text() },
            },
            "identity": { "type": "string", "maxLength": 4_096 },
            "elapsed_ms": { "type": "integer", "minimum": 0 },
            "age_s": { "type": "integer", "minimum": 0 },
            "turn": { "type": "string", "maxLength": 64 },
            "website": text(),
        },
    })
}
