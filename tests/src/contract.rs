//! Holds every answer against the contract (`docs/openapi.json`): its status, its type and its body must be described.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::call::Answer;

/// The contract as it is served.
static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/openapi.json")).expect("docs/openapi.json is JSON"));
/// Made once for each answer that is described.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Pages for people, and the widget's script: no part of the interface that the contract describes.
const PAGES: [&str; 4] = ["/desk", "/preferences", "/s/", "/widget.js"];

/// The contract.
#[must_use]
pub fn contract() -> &'static Value {
    &CONTRACT
}

/// Checks an answer.
///
/// # Panics
/// When the contract does not describe it.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap_or_default();
    if PAGES.iter().any(|page| path.starts_with(page)) {
        return;
    }
    let Some(methods) = methods_of(path) else {
        assert_eq!(answer.status, 404, "{path} is in no contract and answered: {answer:?}");
        return;
    };
    let head = method == Method::HEAD;
    let asked = if head { Method::GET } else { method.clone() };
    let Some(operation) = methods.get(asked.as_str().to_ascii_lowercase()) else {
        assert_eq!(answer.status, 405, "{method} {path} is in no contract: {answer:?}");
        return;
    };
    let id = operation["operationId"].as_str().unwrap_or_default();
    let described = &operation["responses"][answer.status.to_string()];
    assert!(described.is_object(), "{id} never answers {}: {}", answer.status, answer.text());
    match head {
        true => assert!(answer.body.is_empty(), "{id} answered HEAD with a body: {answer:?}"),
        false => body(&format!("{id} {}", answer.status), described, answer),
    }
}

/// The operations of the template that a path follows; one that is spelled out wins.
fn methods_of(path: &str) -> Option<&'static Value> {
    let given: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut fitting: Vec<(&String, &Value)> = CONTRACT["paths"].as_object()?.iter().collect();
    fitting.retain(|(template, _)| {
        let parts: Vec<&str> = template.trim_matches('/').split('/').collect();
        parts.len() == given.len()
            && parts.iter().zip(&given).all(|(part, given)| part.starts_with('{') || part == given)
    });
    fitting.into_iter().min_by_key(|(template, _)| template.matches('{').count()).map(|(_, methods)| methods)
}

fn body(what: &str, described: &Value, answer: &Answer) {
    let Some(contents) = described["content"].as_object() else {
        assert!(answer.body.is_empty(), "{what} has no body: {}", answer.text());
        return;
    };
    let given = answer.header("content-type").split(';').next().unwrap_or_default().trim();
    let content = contents.get(given).unwrap_or_else(|| panic!("{what} is never `{given}`: {answer:?}"));
    let is_json = given.ends_with("json");
    let instance = if is_json { answer.json() } else { Value::from(answer.text()) };
    let validator = validator(&format!("{what} {given}"), &content["schema"]);
    let faults: Vec<String> =
        validator.iter_errors(&instance).take(5).map(|fault| format!("{}: {fault}", fault.instance_path)).collect();
    assert!(faults.is_empty(), "{what} breaks the contract: {faults:#?}\n{instance:#}");
}

fn validator(what: &str, schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().expect("nobody panics in here");
    if let Some(validator) = known.get(what) {
        return Arc::clone(validator);
    }
    // What the schema refers to stands in the document's components.
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [schema],
        "components": CONTRACT["components"],
    });
    let made = jsonschema::options().should_validate_formats(true).build(&whole);
    let made = Arc::new(made.unwrap_or_else(|fault| panic!("{what}: no schema: {fault}")));
    known.insert(what.to_owned(), Arc::clone(&made));
    made
}
