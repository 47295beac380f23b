//! E-mail through SendGrid: `POST /v3/mail/send`. Links are left as they are: an alert's links are for those who got it.

use super::mail::{Mail, Provider};
use super::product::{Built, Destination};
use serde_json::json;

pub(super) struct SendGrid;

impl Provider for SendGrid {
    fn mail(&self, to: &Destination<'_>, mail: &Mail<'_>) -> Built {
        let url = format!("{}/v3/mail/send", to.address("origin_variable")?);
        let mut body = json!({
            "personalizations": [{ "to": mail.receivers("name", "email") }],
            "from": mail.sender("name", "email"),
            "subject": mail.subject,
            "content": [
                { "type": "text/plain", "value": mail.text },
                { "type": "text/html", "value": mail.html },
            ],
            "categories": [mail.tag],
            "custom_args": { "ringback_id": mail.id },
            "tracking_settings": {
                "click_tracking": { "enable": false, "enable_text": false },
                "open_tracking": { "enable": false },
            },
        });
        if mail.preferences.is_some() {
            mail.add_headers(&mut body["headers"]);
        }
        if let Some(reference) = &mail.reference {
            body["custom_args"]["ringback"] = reference.as_str().into();
        }
        if let Some(reply_to) = mail.reply_party("name", "email") {
            body["reply_to"] = reply_to;
        }
        let key = format!("Bearer {}", to.secret("key_variable")?);
        to.post(&url, &[("authorization", &key)], &body)
    }
}
