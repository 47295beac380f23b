//! Improvements: what is to be changed, what it has brought, and telling the customers whom it concerns.

use super::paths::{Operation, in_header, in_path, with_header, with_json};
use super::schemas::{answered, line, list, names, of, sent, text, text_or_null, time, time_or_null, whole};
use ringback_app::access::Action;
use ringback_core::improvement::{ChangeKind, State};
use serde_json::{Value, json};

pub fn improving() -> Vec<Operation> {
    let of_one = |path, method, id, summary, action, problems| Operation {
        path,
        method,
        id,
        summary,
        action: Some(action),
        body: None,
        parameters: vec![in_path("id", "an improvement")],
        answers: Vec::new(),
        problems,
    };
    let tagged = |what| with_header(with_json(what, "Improvement"), "ETag", text());
    let created = with_header(tagged("the improvement"), "Location", text());
    vec![
        Operation {
            parameters: Vec::new(),
            answers: vec![(200, with_json("the improvements", "Improvements"))],
            ..of_one(
                "/v1/improvements",
                "get",
                "listImprovements",
                "The open ones by the day they are due, then those that ended.",
                Action::ReadInsights,
                &[503],
            )
        },
        Operation {
            parameters: Vec::new(),
            body: Some(of("ImprovementPlan")),
            answers: vec![(201, created)],
            ..of_one(
                "/v1/improvements",
                "post",
                "planImprovement",
                "Writes down what is to be changed.",
                Action::Improve,
                &[409, 503],
            )
        },
        Operation {
            answers: vec![(200, tagged("the improvement, with what it has brought"))],
            ..of_one(
                "/v1/improvements/{id}",
                "get",
                "getImprovement",
                "One of them, with what it has brought.",
                Action::ReadInsights,
                &[404, 503],
            )
        },
        Operation {
            body: Some(of("ImprovementEvent")),
            parameters: vec![in_path("id", "an improvement"), in_header("If-Match", true, text())],
            answers: vec![(200, tagged("the improvement afterwards"))],
            ..of_one(
                "/v1/improvements/{id}/events",
                "post",
                "changeImprovement",
                "Changes it from the version that was seen.",
                Action::Improve,
                &[404, 409, 412, 428, 503],
            )
        },
        Operation {
            body: Some(of("Telling")),
            answers: vec![(200, with_json("how far the customers are told", "Told"))],
            ..of_one(
                "/v1/improvements/{id}/tell",
                "post",
                "tellCustomers",
                "Tells the next customers whom it concerns what was changed; another request goes on while `more` is true.",
                Action::Improve,
                &[404, 409, 503],
            )
        },
    ]
}

pub fn schemas() -> Vec<(&'static str, Value)> {
    let date = || json!({ "type": "string", "format": "date" });
    let yes = || json!({ "type": "boolean" });
    let number = || json!({ "type": ["number", "null"] });
    let country = || json!({ "type": "string", "pattern": "^[A-Z]{2}$" });
    let estimate = |more: &[(&str, Value)]| {
        let own = [("value", number()), ("low", number()), ("high", number()), ("n", whole()), ("small_sample", yes())];
        answered(&[&own[..], more].concat())
    };
    let named = [("metric", text()), ("country", text())];
    let beyond = ("beyond_chance", yes());
    let measured = answered(&[
        ("from", date()),
        ("to", date()),
        ("cases", whole()),
        ("of", whole()),
        ("share", estimate(&[])),
        ("scores", list(estimate(&named))),
    ]);
    let change = answered(&[
        ("share", estimate(std::slice::from_ref(&beyond))),
        ("scores", list(estimate(&[&named[..], &[beyond]].concat()))),
    ]);
    let or_null = |schema: Value| json!({ "oneOf": [schema, { "type": "null" }] });
    let effect = answered(&[("before", measured.clone()), ("after", or_null(measured)), ("change", or_null(change))]);
    let row = [
        ("id", text()),
        ("version", whole()),
        ("title", text()),
        ("root_cause", text()),
        ("owner", text()),
        ("due", date()),
        ("state", names::<State>()),
        ("ended_at", time_or_null()),
        ("overdue", yes()),
        ("url", text()),
    ];
    let entry = json!({ "type": "object", "required": ["at", "who", "event"], "properties": {
        "at": time(), "who": text(), "event": text(), "detail": text(), "note": text(),
    } });
    let mut whole_one = answered(
        &[
            &row[..],
            &[
                ("survey", text_or_null()),
                ("touchpoint", text_or_null()),
                ("country", text_or_null()),
                ("opened_at", time()),
                ("told", or_null(of("Told"))),
                ("history", list(entry)),
            ],
        ]
        .concat(),
    );
    whole_one["properties"]["effect"] = effect;
    let told = answered(&[
        ("at", time()),
        ("who", text()),
        ("text", text()),
        ("cases", whole()),
        ("messages", whole()),
        ("more", yes()),
    ]);
    let mut told = told;
    told["properties"]["told"] = whole();
    let mut event =
        sent(&[("type!", names::<ChangeKind>()), ("note!", line(500)), ("owner", line(128)), ("due", date())]);
    let needs = |kind: &str, field: &str| {
        json!({
            "if": { "properties": { "type": { "const": kind } }, "required": ["type"] },
            "then": { "required": [field] },
            "else": { "properties": { field: false } },
        })
    };
    event["allOf"] = json!([needs("assign", "owner"), needs("postpone", "due")]);
    vec![
        (
            "ImprovementPlan",
            sent(&[
                ("title!", line(200)),
                ("root_cause!", line(200)),
                ("survey", line(64)),
                ("touchpoint", line(64)),
                ("country", country()),
                ("owner!", line(128)),
                ("due!", date()),
                ("note", line(500)),
            ]),
        ),
        ("ImprovementEvent", event),
        (
            "Telling",
            sent(&[
                ("text", line(4_000)),
                (
                    "texts",
                    json!({
                        "type": "object", "maxProperties": 20, "propertyNames": { "pattern": "^[a-z]{2,3}$" },
                        "additionalProperties": line(4_000),
                    }),
                ),
            ]),
        ),
        ("Improvements", answered(&[("improvements", list(answered(&row)))])),
        ("Improvement", whole_one),
        ("Told", told),
    ]
}
