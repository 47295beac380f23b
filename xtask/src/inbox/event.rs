//! The webhook receiver: takes CloudEvents 1.0 in structured mode, signed per Standard Webhooks.

use serde_json::Value;

use super::messages::Verdict;
use crate::standard_webhooks;

/// The headers that carry the signature.
pub struct Signature<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signatures: &'a str,
}

/// What the receiver answers. Without a secret of its own it believes any signature.
pub fn judge(
    raw: &[u8],
    body: &Value,
    content_type: &str,
    signature: &Signature<'_>,
    secret: Option<&str>,
    now: u64,
) -> Verdict {
    if let Some(secret) = secret
        && let Err(error) =
            standard_webhooks::verify(secret, signature.id, signature.timestamp, raw, signature.signatures, now)
    {
        return Verdict::refused(401, format!("{error:#}"));
    }
    if !content_type.starts_with("application/cloudevents+json") {
        return Verdict::refused(415, "a CloudEvent comes as application/cloudevents+json");
    }
    if body["specversion"] != "1.0" {
        return Verdict::refused(400, "specversion is not 1.0");
    }
    for attribute in ["id", "source", "type"] {
        if body[attribute].as_str().is_none_or(str::is_empty) {
            return Verdict::refused(400, format!("the attribute {attribute} is missing"));
        }
    }
    let text =
        format!("{} {}", body["type"].as_str().unwrap_or_default(), body["subject"].as_str().unwrap_or_default());
    Verdict::taken(Some(signature.id.to_owned()).filter(|id| !id.is_empty()), text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn status(body: &str, content_type: &str, signed_body: &str) -> u16 {
        let signatures = standard_webhooks::sign(SECRET, "msg_1", 1_000, signed_body.as_bytes()).expect("a signature");
        let signature = Signature { id: "msg_1", timestamp: "1000", signatures: &signatures };
        let json = serde_json::from_str(body).expect("JSON");
        judge(body.as_bytes(), &json, content_type, &signature, Some(SECRET), 1_000).status
    }

    #[test]
    fn takes_a_signed_event_and_nothing_less() {
        let event = r#"{"specversion":"1.0","id":"1","source":"/r","type":"com.ringback.case.opened"}"#;
        let json = "application/cloudevents+json; charset=utf-8";
        assert_eq!(status(event, json, event), 200);
        assert_eq!(status(event, json, "{}"), 401);
        assert_eq!(status(event, "application/json", event), 415);
        let old = event.replace("1.0", "0.3");
        assert_eq!(status(&old, json, &old), 400);
        let nameless = event.replace(r#""id":"1","#, "");
        assert_eq!(status(&nameless, json, &nameless), 400);
    }
}
