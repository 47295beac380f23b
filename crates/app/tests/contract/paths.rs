//! The routes, who may use them, and what they answer.

use super::browsers::browsers;
use super::improving::improving;
use super::mending::mending;
use super::schemas::{line, names, of, sent, text, time};
use ringback_app::access::Action;
use ringback_app::config::ROLES;
use ringback_core::case::State;
use ringback_core::consent::Purpose;
use ringback_core::message::MessageKind;
use ringback_core::rule::{Advocacy, Track};
use serde_json::{Map, Value, json};

/// A route under description.
pub struct Operation {
    pub path: &'static str,
    pub method: &'static str,
    pub id: &'static str,
    pub summary: &'static str,
    /// Whose token may; none: no token is asked for.
    pub action: Option<Action>,
    pub body: Option<Value>,
    pub parameters: Vec<Value>,
    pub answers: Vec<(u16, Value)>,
    /// Problems besides those that every route with a token may answer.
    pub problems: &'static [u16],
}

pub fn all() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let people = feedback().into_iter().chain(browsers()).chain(cases());
    for operation in people.chain(alerts()).chain(messages()).chain(mending()).chain(improving()).chain(the_rest()) {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method] = operation.described();
    }
    Value::Object(paths)
}

impl Operation {
    fn described(&self) -> Value {
        let mut responses = Map::new();
        for (status, answer) in &self.answers {
            responses.insert(status.to_string(), answer.clone());
        }
        let mut problems: Vec<u16> = self.problems.to_vec();
        if self.action.is_some() {
            problems.extend([401, 403]);
        }
        if self.body.is_some() {
            problems.extend([400, 413, 415, 422]);
        }
        for status in problems {
            responses.insert(status.to_string(), problem(status));
        }
        let mut described = json!({ "operationId": self.id, "summary": self.summary, "responses": responses });
        match self.action {
            Some(action) => {
                let may = ROLES.iter().filter(|(_, role)| role.may(action)).map(|(name, _)| *name);
                described["x-roles"] = may.collect();
            }
            None => described["security"] = json!([]),
        }
        if let Some(body) = &self.body {
            described["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": body } } });
        }
        if !self.parameters.is_empty() {
            described["parameters"] = self.parameters.iter().cloned().collect();
        }
        described
    }
}

fn problem(status: u16) -> Value {
    let title = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error");
    let mut answer = json!({
        "description": title,
        "content": { "application/problem+json": { "schema": of("Problem") } },
    });
    if matches!(status, 429 | 503) {
        answer = with_header(answer, "Retry-After", json!({ "type": "integer" }));
    }
    if status == 429 {
        let text = || json!({ "type": "string" });
        answer = with_header(with_header(answer, "RateLimit", text()), "RateLimit-Policy", text());
    }
    answer
}

pub fn nothing(what: &str) -> Value {
    json!({ "description": what })
}

pub fn with_json(what: &str, schema: &str) -> Value {
    json!({ "description": what, "content": { "application/json": { "schema": of(schema) } } })
}

pub fn with_header(mut answer: Value, name: &str, schema: Value) -> Value {
    answer["headers"][name] = json!({ "schema": schema });
    answer
}

pub fn in_path(name: &str, what: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "description": what, "schema": { "type": "string", "minLength": 1 } })
}

pub fn in_query(name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "schema": schema })
}

pub fn in_header(name: &str, required: bool, schema: Value) -> Value {
    json!({ "name": name, "in": "header", "required": required, "schema": schema })
}

fn feedback() -> Vec<Operation> {
    let taken = || with_header(nothing("taken: durable"), "Location", text());
    vec![
        Operation {
            path: "/v1/feedback",
            method: "post",
            id: "postFeedback",
            summary: "Takes one answer of a customer.",
            action: Some(Action::WriteFeedback),
            body: Some(of("NewFeedback")),
            parameters: vec![in_header(
                "Idempotency-Key",
                false,
                json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
            )],
            answers: vec![(202, taken())],
            problems: &[503],
        },
        Operation {
            path: "/v1/feedback/{id}",
            method: "get",
            id: "getFeedback",
            summary: "The answer as stored.",
            action: Some(Action::ReadFeedback),
            body: None,
            parameters: vec![in_path("id", "the answer's id")],
            answers: vec![(200, with_json("the answer", "Feedback"))],
            problems: &[404, 503],
        },
        Operation {
            path: "/v1/webhooks/{source}",
            method: "post",
            id: "postWebhook",
            summary: "Takes an event of a survey platform, signed per Standard Webhooks.",
            action: None,
            body: Some(json!({ "type": "object" })),
            parameters: vec![in_path("source", "a source of the programme")],
            answers: vec![(202, taken()), (204, nothing("authentic, and without a score of a mapped survey"))],
            problems: &[401, 404, 503],
        },
        Operation {
            path: "/v1/consents",
            method: "post",
            id: "postConsent",
            summary: "Records a consent, a refusal or a withdrawal.",
            action: Some(Action::WriteConsent),
            body: Some(of("NewConsent")),
            parameters: Vec::new(),
            answers: vec![(204, nothing("recorded, and in force"))],
            problems: &[503],
        },
    ]
}

fn cases() -> Vec<Operation> {
    let tagged = |what| with_header(with_json(what, "Case"), "ETag", text());
    vec![
        Operation {
            path: "/v1/cases",
            method: "get",
            id: "listCases",
            summary: "Cases in the order of what is due next.",
            action: Some(Action::ReadCase),
            body: None,
            parameters: vec![
                in_query("queue", text()),
                in_query("owner", text()),
                in_query("state", names::<State>()),
                in_query("track", names::<Track>()),
                in_query("advocacy", names::<Advocacy>()),
                in_query("account", text()),
                in_query("due_before", time()),
                in_query("limit", json!({ "type": "integer", "minimum": 1, "maximum": 100 })),
                in_query("cursor", text()),
            ],
            answers: vec![(200, with_header(with_json("a page", "CasePage"), "Link", text()))],
            problems: &[400, 503],
        },
        Operation {
            path: "/v1/cases/reassign",
            method: "post",
            id: "reassignCases",
            summary: "Gives many cases to somebody else.",
            action: Some(Action::Reassign),
            body: Some(of("Reassignment")),
            parameters: Vec::new(),
            answers: vec![(200, with_json("what became of each", "Reassigned"))],
            problems: &[503],
        },
        Operation {
            path: "/v1/cases/{id}",
            method: "get",
            id: "getCase",
            summary: "The case with all that belongs to it.",
            action: Some(Action::ReadCase),
            body: None,
            parameters: vec![in_path("id", "the id of the answer"), in_header("If-None-Match", false, text())],
            answers: vec![(200, tagged("the case")), (304, with_header(nothing("it has not changed"), "ETag", text()))],
            problems: &[404, 503],
        },
        Operation {
            path: "/v1/cases/{id}/events",
            method: "post",
            id: "workCase",
            summary: "Works the case from the version that was seen.",
            action: Some(Action::WorkCase),
            body: Some(of("CaseEvent")),
            parameters: vec![in_path("id", "the id of the answer"), in_header("If-Match", true, text())],
            answers: vec![(200, tagged("the case afterwards"))],
            problems: &[404, 409, 412, 428, 503],
        },
    ]
}

fn messages() -> Vec<Operation> {
    let json = |what: &str, schema: Value| json!({ "description": what, "content": { "application/json": { "schema": schema } } });
    let wish = sent(&[
        ("kind!", names::<MessageKind>()),
        ("language", json!({ "type": "string", "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", "maxLength": 35 })),
        ("case", line(128)),
        ("words", line(4_000)),
        ("survey", line(64)),
    ]);
    let shown = json!({
        "type": "object",
        "required": ["kind", "purpose", "language", "exact_language", "sample", "subject", "text", "html"],
        "properties": {
            "kind": names::<MessageKind>(), "purpose": names::<Purpose>(), "language": text(),
            "exact_language": { "type": "boolean" }, "sample": { "type": "boolean" },
            "subject": text(), "text": text(), "html": text(),
        },
    });
    let code = json!({
        "type": "object",
        "required": ["code", "case", "uses"],
        "properties": { "code": text(), "case": text(), "uses": { "type": "array", "items": {
            "type": "object", "required": ["id", "at"], "properties": { "id": text(), "at": time() },
        } } },
    });
    let of_code = || vec![in_path("code", "a code from a message")];
    vec![
        Operation {
            path: "/v1/messages/preview",
            method: "post",
            id: "previewMessage",
            summary: "Shows a message to a customer as it would be sent; sends nothing.",
            action: Some(Action::ReadCase),
            body: Some(wish),
            parameters: Vec::new(),
            answers: vec![(200, json("the message", shown))],
            problems: &[404, 503],
        },
        Operation {
            path: "/v1/referrals/{code}",
            method: "get",
            id: "getReferral",
            summary: "Whose code it is, and when it was used.",
            action: Some(Action::ReadCase),
            body: None,
            parameters: of_code(),
            answers: vec![(200, json("the code", code))],
            problems: &[404, 503],
        },
        Operation {
            path: "/v1/referrals/{code}",
            method: "post",
            id: "postReferral",
            summary: "Writes down that somebody came by a code; a repeat changes nothing.",
            action: Some(Action::WriteFeedback),
            body: Some(sent(&[("id!", json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }))])),
            parameters: of_code(),
            answers: vec![(204, nothing("written down"))],
            problems: &[404, 409, 503],
        },
    ]
}

fn alerts() -> Vec<Operation> {
    let json = |what: &str, schema: Value| json!({ "description": what, "content": { "application/json": { "schema": schema } } });
    let silence = json!({
        "type": "object",
        "required": ["id", "author", "reason", "incident", "match", "begins_at", "ends_at"],
        "properties": {
            "id": text(), "author": text(), "reason": text(), "incident": { "type": ["string", "null"] },
            "match": { "type": "object", "additionalProperties": { "type": "array", "items": text() } },
            "begins_at": time(), "ends_at": time(),
        },
    });
    let listed = json!({ "type": "object", "required": ["silences"], "properties": { "silences": { "type": "array", "items": silence.clone() } } });
    let values = json!({ "oneOf": [text(), { "type": "array", "items": text(), "minItems": 1, "maxItems": 20 }] });
    let order = sent(&[
        ("match!", json!({ "type": "object", "minProperties": 1, "additionalProperties": values })),
        ("reason!", line(500)),
        ("ends_at!", time()),
        ("incident", json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._#-]+$" })),
    ]);
    let tested = json!({ "type": "object", "required": ["channel", "sent"], "properties": { "channel": text(), "sent": { "type": "boolean" } } });
    let route = |path, method, id, summary, action, parameters, answers, problems| Operation {
        path,
        method,
        id,
        summary,
        action: Some(action),
        body: None,
        parameters,
        answers,
        problems,
    };
    vec![
        route(
            "/v1/channels/{id}/test",
            "post",
            "testChannel",
            "Sends a marked sample to a channel, or shows the request.",
            Action::TestChannel,
            vec![in_path("id", "a channel of the programme"), in_query("dry-run", json!({ "type": "string" }))],
            vec![(200, json("the sample was taken, or the request that would carry it", tested))],
            &[404, 409, 502, 503],
        ),
        Operation {
            action: None,
            body: Some(json!({ "type": ["object", "array"] })),
            ..route(
                "/v1/channels/{id}/reports",
                "post",
                "postReports",
                "Takes what a mail provider tells of messages: authentic by its signature, or by the secret in `Authorization`.",
                Action::ReadCase,
                vec![in_path("id", "a channel that takes reports")],
                vec![(200, nothing("written down"))],
                &[401, 404, 503],
            )
        },
        route(
            "/v1/silences",
            "get",
            "getSilences",
            "The silences that have not ended.",
            Action::ReadCase,
            Vec::new(),
            vec![(200, json("the silences", listed))],
            &[503],
        ),
        Operation {
            body: Some(order),
            ..route(
                "/v1/silences",
                "post",
                "postSilence",
                "Silences alerts.",
                Action::Silence,
                Vec::new(),
                vec![(201, json("the silence, in force", silence))],
                &[503],
            )
        },
        route(
            "/v1/silences/{id}",
            "delete",
            "deleteSilence",
            "Ends a silence.",
            Action::Silence,
            vec![in_path("id", "a silence")],
            vec![(204, nothing("it has ended"))],
            &[404, 503],
        ),
    ]
}

/// What a table of figures is asked of.
fn figures() -> Vec<Value> {
    let tables = ["metrics", "touchpoints", "segments", "trend", "distribution", "loop", "teams", "causes", "load"];
    let text = || json!({ "type": "string", "maxLength": 200 });
    let date = || json!({ "type": "string", "format": "date" });
    let mut table = in_path("table", "which table");
    table["schema"] = json!({ "type": "string", "enum": tables });
    vec![
        table,
        in_query(
            "period",
            json!({ "type": "string", "examples": ["2026", "2026-Q4", "2026-11", "2026-W47", "last-90"] }),
        ),
        in_query("from", date()),
        in_query("to", date()),
        in_query("country", text()),
        in_query("survey", text()),
        in_query("touchpoint", text()),
        in_query("segment", text()),
        in_query("format", json!({ "type": "string", "enum": ["json", "csv"] })),
    ]
}

fn the_rest() -> Vec<Operation> {
    let plain = |path, id, summary, answers, problems| Operation {
        path,
        method: "get",
        id,
        summary,
        action: None,
        body: None,
        parameters: Vec::new(),
        answers,
        problems,
    };
    let mut table = with_json("the table", "Figures");
    table["content"]["text/csv"] = json!({ "schema": { "type": "string" } });
    let metrics = json!({ "description": "the metrics", "content": { "application/openmetrics-text": { "schema": { "type": "string" } } } });
    let document = json!({ "description": "this document", "content": { "application/json": { "schema": { "type": "object" } } } });
    vec![
        Operation {
            path: "/v1/tick",
            method: "post",
            action: Some(Action::Tick),
            ..plain(
                "",
                "tick",
                "Does what is due now.",
                vec![(204, nothing("everything that was due is done"))],
                &[503],
            )
        },
        Operation {
            path: "/v1/insights/scores",
            action: Some(Action::ReadInsights),
            parameters: vec![in_query("day", json!({ "type": "string", "format": "date" }))],
            ..plain(
                "",
                "getScores",
                "Counts and scores of a day.",
                vec![(200, with_json("the day", "Scores"))],
                &[400, 503],
            )
        },
        Operation {
            path: "/v1/insights/{table}",
            action: Some(Action::ReadInsights),
            parameters: figures(),
            ..plain(
                "",
                "getFigures",
                "Figures of a period: scores with their intervals, how the loop was closed, attainment, causes, load.",
                vec![(200, table)],
                &[400, 404, 503],
            )
        },
        plain("/healthz", "isAlive", "Whether it is alive.", vec![(204, nothing("it is"))], &[]),
        plain(
            "/readyz",
            "isReady",
            "The state of the store and the ledger.",
            vec![(200, with_json("ready", "Readiness"))],
            &[503],
        ),
        Operation {
            action: Some(Action::Observe),
            ..plain(
                "/metrics",
                "getMetrics",
                "How the application does, for Prometheus: the text form of OpenMetrics 1.0.",
                vec![(200, metrics)],
                &[503],
            )
        },
        plain("/openapi.json", "getContract", "This document.", vec![(200, document)], &[503]),
    ]
}
