//! E-mail through Brevo: `POST /v3/smtp/email`, with an idempotency key among the mail's headers.

use super::mail::{Mail, Provider};
use super::product::{Built, Destination};
use serde_json::json;

pub(super) struct Brevo;

impl Provider for Brevo {
    fn mail(&self, to: &Destination<'_>, mail: &Mail<'_>) -> Built {
        let url = format!("{}/v3/smtp/email", to.address("origin_variable")?);
        let mut body = json!({
            "sender": mail.sender("name", "email"),
            "to": mail.receivers("name", "email"),
            "subject": mail.subject,
            "textContent": mail.text,
            "htmlContent": mail.html,
            "headers": { "idempotencyKey": mail.id },
            "tags": [mail.tag],
        });
        mail.add_headers(&mut body["headers"]);
        if let Some(reference) = &mail.reference {
            body["headers"]["X-Mailin-custom"] = reference.as_str().into();
        }
        if let Some(reply_to) = mail.reply_party("name", "email") {
            body["replyTo"] = reply_to;
        }
        to.post(&url, &[("api-key", to.secret("key_variable")?), ("accept", "application/json")], &body)
    }
}
