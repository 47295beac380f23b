//! E-mail caught by Mailpit, a mail server for trials that delivers nothing: `POST /api/v1/send`.

use super::mail::{Mail, Provider};
use super::product::{Built, Destination};
use serde_json::json;

pub(super) struct Mailpit;

impl Provider for Mailpit {
    fn mail(&self, to: &Destination<'_>, mail: &Mail<'_>) -> Built {
        let url = format!("{}/api/v1/send", to.address("origin_variable")?);
        let mut body = json!({
            "From": mail.sender("Name", "Email"),
            "To": mail.receivers("Name", "Email"),
            "Subject": mail.subject,
            "Text": mail.text,
            "HTML": mail.html,
            "Tags": [mail.tag],
            "Headers": { "X-Ringback-Id": mail.id },
        });
        mail.add_headers(&mut body["Headers"]);
        if let Some(reply_to) = mail.reply_party("Name", "Email") {
            body["ReplyTo"] = vec![reply_to].into();
        }
        to.post(&url, &[], &body)
    }
}
