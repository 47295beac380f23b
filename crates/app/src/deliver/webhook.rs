//! Alerts for other programs: CloudEvents 1.0 in structured JSON mode, signed per Standard Webhooks.

use super::notice::Notice;
use super::product::{Built, Destination, Product};
use crate::signature;
use crate::stored::Stored;
use crate::time::unix;
use serde_json::json;

pub(super) struct Webhook;

impl Product for Webhook {
    /// Signed anew at each attempt, with the same `webhook-id`.
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        let (url, secret) = (to.address("url_variable")?, to.secret("secret_variable")?);
        let event = json!({
            "specversion": "1.0",
            "id": notice.id,
            "source": "/ringback",
            "type": format!("com.ringback.{}", notice.event),
            "subject": notice.subject,
            "time": notice.at.store(),
            "datacontenttype": "application/json",
            "data": notice.data,
        });
        let body = event.to_string().into_bytes();
        let timestamp = unix(notice.now);
        let signature = signature::sign(secret, &notice.id, timestamp, &body);
        let signature = signature.ok_or_else(|| to.wrong("secret_variable", "a signing secret, `whsec_…`"))?;
        let headers = [
            ("content-type", "application/cloudevents+json; charset=utf-8"),
            ("webhook-id", notice.id.as_str()),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signature),
        ];
        to.post_bytes(url, &headers, body)
    }
}
