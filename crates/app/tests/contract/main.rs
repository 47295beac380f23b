//! The contract of the HTTP interface: `docs/openapi.json` (OpenAPI 3.1), made from the types, the limits and the table of
//! roles. A test keeps the file current; `UPDATE=1 cargo test -p ringback-app --test contract` writes it.
//!
//! The application serves the file as it is. Scenarios validate every answer against it, so what is answered and not
//! described here fails there.

mod browsers;
mod events;
mod improving;
mod mending;
mod paths;
mod schemas;

use serde_json::{Value, json};

/// The whole document.
fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ringback",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Closes the loop with every customer who answers a survey.",
            "description": "Errors are problem details (RFC 9457). Times are RFC 3339 in UTC. `x-roles` says whose bearer token may do what.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths::all(),
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "an access token of the programme ([[access]])" },
            },
            "schemas": schemas::all(),
        },
    })
}

#[test]
fn the_contract_that_is_served_is_the_present_one() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let present = serde_json::to_string_pretty(&document()).expect("JSON") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &present).expect("can be written");
    }
    let served = std::fs::read_to_string(file).unwrap_or_default();
    assert!(served == present, "docs/openapi.json is not current: UPDATE=1 cargo test -p ringback-app --test contract");
}

#[test]
fn every_reference_leads_somewhere() {
    fn look(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.trim_start_matches('#');
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                members.values().for_each(|member| look(member, document));
            }
            Value::Array(items) => items.iter().for_each(|item| look(item, document)),
            _ => {}
        }
    }
    let document = document();
    look(&document, &document);
}
