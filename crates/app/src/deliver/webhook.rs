//! Alerts for other programs: CloudEvents 1.0 in structured JSON mode, signed per Standard Webhooks.

use super::notice::Notice;
use crate::dossier::Dossier;
use crate::signature;
use crate::stored::Stored;
use crate::time::unix;
use crate::view;
use http::{Request, header};
use ringback_ledger::Record;
use serde_json::json;

/// Builds the request; none when the address or a usable secret is not configured. It is signed anew at each attempt,
/// with the same `webhook-id`.
pub(super) fn request(url: &str, secret: &str, record: &Record<Dossier>, notice: &Notice) -> Option<Request<Vec<u8>>> {
    if url.is_empty() {
        return None;
    }
    let case = record.body.case.as_ref()?;
    let event = json!({
        "specversion": "1.0",
        "id": notice.id,
        "source": "/ringback",
        "type": format!("com.ringback.{}", notice.event),
        "subject": format!("cases/{}", record.eid),
        "time": notice.at.store(),
        "datacontenttype": "application/json",
        "data": {
            "headline": notice.headline,
            "about": notice.about,
            "link": notice.link,
            "case": {
                "id": record.eid,
                "state": case.state.as_str(),
                "track": case.track.as_str(),
                "priority": case.priority.as_str(),
                "queue": case.queue.as_str(),
                "opened_at": case.opened_at.store(),
                "first_contact_due_at": case.first_contact.due_at.store(),
                "closure_due_at": case.closure.due_at.store(),
            },
            "feedback": view::feedback(&record.eid, &record.body.feedback),
        },
    });
    let body = event.to_string().into_bytes();
    let timestamp = unix(notice.now);
    let signature = signature::sign(secret, &notice.id, timestamp, &body)?;
    Request::post(url)
        .header(header::CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
        .header("webhook-id", &notice.id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signature)
        .header(header::USER_AGENT, "ringback")
        .body(body)
        .ok()
}
