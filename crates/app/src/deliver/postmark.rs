//! E-mail through Postmark: `POST /email`. Links are left as they are: an alert's links are for those who got it.

use super::mail::{Mail, Provider};
use super::product::{Built, Destination};
use serde_json::json;

pub(super) struct Postmark;

impl Provider for Postmark {
    fn mail(&self, to: &Destination<'_>, mail: &Mail<'_>) -> Built {
        let url = format!("{}/email", to.address("origin_variable")?);
        let stream = to.text("stream");
        let mut body = json!({
            "From": mail.from,
            "To": mail.to.join(", "),
            "Subject": mail.subject,
            "TextBody": mail.text,
            "HtmlBody": mail.html,
            "MessageStream": if stream.is_empty() { "outbound" } else { stream },
            "Tag": mail.tag,
            "Metadata": { "ringback-id": mail.id },
            "TrackOpens": false,
            "TrackLinks": "None",
        });
        if mail.preferences.is_some() {
            body["Headers"] = mail.header_list();
        }
        if let Some(reference) = &mail.reference {
            body["Metadata"]["ringback"] = reference.as_str().into();
        }
        if let Some(reply_to) = mail.reply_to {
            body["ReplyTo"] = reply_to.into();
        }
        let key = to.secret("key_variable")?;
        to.post(&url, &[("x-postmark-server-token", key), ("accept", "application/json")], &body)
    }
}
