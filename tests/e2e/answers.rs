//! Answers of customers, as scenarios post them.

use serde_json::{Value, json};

/// The ways in which a JSON document is put over another.
pub fn with(mut document: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        document[name] = value.clone();
    }
    document
}

/// A detractor at the checkout who may be written to.
pub fn detractor() -> Value {
    json!({
        "survey": "checkout-nps",
        "score": 3,
        "comment": "Parcel was opened.",
        "customer": { "id": "C-7", "name": "Ada Lovelace", "email": "ada@example.com", "tier": "silver" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": "2026-01" }],
    })
}

/// The same, of whom nothing is known but the answer.
pub fn anonymous(score: u8) -> Value {
    json!({ "survey": "checkout-nps", "score": score })
}
