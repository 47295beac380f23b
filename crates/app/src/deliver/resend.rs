//! E-mail through Resend: `POST /emails`, with `Idempotency-Key`.

use super::mail::{Mail, Provider};
use super::product::{Built, Destination};
use serde_json::json;

pub(super) struct Resend;

impl Provider for Resend {
    fn mail(&self, to: &Destination<'_>, mail: &Mail<'_>) -> Built {
        let url = format!("{}/emails", to.address("origin_variable")?);
        let mut body = json!({
            "from": mail.from,
            "to": mail.to,
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "tags": [{ "name": "event", "value": mail.tag }],
        });
        if mail.preferences.is_some() {
            mail.add_headers(&mut body["headers"]);
        }
        if let (Some(reference), Some(tags)) = (&mail.reference, body["tags"].as_array_mut()) {
            tags.push(json!({ "name": "ringback", "value": reference }));
        }
        if let Some(reply_to) = mail.reply_to {
            body["reply_to"] = reply_to.into();
        }
        let key = format!("Bearer {}", to.secret("key_variable")?);
        to.post(&url, &[("authorization", &key), ("idempotency-key", mail.id)], &body)
    }
}
