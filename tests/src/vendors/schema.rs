//! Holds a document against a JSON schema, as far as the schema of Adaptive Cards needs it (draft 6): a schema that says
//! anything else is refused, so that nothing is passed over.

use serde_json::Value;

/// What says nothing about the document.
const REMARKS: [&str; 11] = [
    "$schema",
    "id",
    "definitions",
    "description",
    "version",
    "features",
    "examples",
    "example",
    "default",
    "format",
    "pattern",
];

/// Everything in a document that its schema does not allow.
pub(super) fn violations(root: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(root, root, document, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(rules) = schema.as_object() else {
        // `true` allows everything.
        if schema != &Value::Bool(true) {
            found.push(format!("{at}: not allowed"));
        }
        return;
    };
    for (keyword, rule) in rules {
        match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().and_then(|text| text.strip_prefix('#')).expect("a reference within");
                check(root, root.pointer(pointer).expect("a definition"), value, at, found);
            }
            "allOf" => list(rule).iter().for_each(|part| check(root, part, value, at, found)),
            "anyOf" => any_of(root, rule, value, at, found),
            "type" => {
                if !list_or_one(rule).iter().any(|name| is(value, name.as_str().expect("a name"))) {
                    found.push(format!("{at}: is no {rule}"));
                }
            }
            "enum" => {
                if !list(rule).contains(value) {
                    found.push(format!("{at}: {value:.60} is none of {rule:.200}"));
                }
            }
            "required" => {
                let missing = list(rule)
                    .iter()
                    .filter_map(Value::as_str)
                    .filter(|name| value.is_object() && value.get(name).is_none());
                found.extend(missing.map(|name| format!("{at}: {name} is missing")));
            }
            "properties" => {
                for (name, part) in rule.as_object().expect("an object") {
                    if let Some(member) = value.get(name) {
                        check(root, part, member, &format!("{at}/{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                for (name, member) in value.as_object().into_iter().flatten() {
                    if !known.is_some_and(|known| known.contains_key(name)) {
                        check(root, rule, member, &format!("{at}/{name}"), found);
                    }
                }
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}/{i}"), found);
                }
            }
            other => assert!(REMARKS.contains(&other), "the schema says {other}, which is not looked at"),
        }
    }
}

/// One of several is enough; otherwise what is wrong by the one that comes nearest.
fn any_of(root: &Value, rule: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let tries = list(rule).iter().map(|part| {
        let mut wrong = Vec::new();
        check(root, part, value, at, &mut wrong);
        wrong
    });
    if let Some(nearest) = tries.min_by_key(Vec::len) {
        found.extend(nearest);
    }
}

fn list(rule: &Value) -> &[Value] {
    rule.as_array().expect("a list")
}

fn list_or_one(rule: &Value) -> &[Value] {
    rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice)
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the schema knows a type {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_card_may_not_be_is_found() {
        let schema: Value = serde_json::from_str(include_str!("../../schemas/adaptive-card-1.4.0.json")).expect("JSON");
        let card = |body: Value| json!({ "type": "AdaptiveCard", "version": "1.4", "body": body });
        let run = json!({ "type": "TextRun", "text": "x" });
        let block = json!({ "type": "RichTextBlock", "inlines": [run] });
        assert_eq!(violations(&schema, &card(json!([block]))), Vec::<String>::new());
        for body in [
            json!([{ "type": "RichTextBlock" }]),
            json!([{ "type": "RichTextBlock", "inlines": [{ "type": "TextRun" }] }]),
            json!([{ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": 5 }] }]),
            json!([{ "type": "TextBlock", "text": "x", "colour": "red" }]),
            json!([{ "type": "Marquee", "text": "x" }]),
            json!("x"),
        ] {
            assert!(!violations(&schema, &card(body.clone())).is_empty(), "{body}");
        }
    }
}
