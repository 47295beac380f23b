//! Reads the events of each mail provider. What is not about a hard bounce, a complaint, an unsubscription, an arrival or a
//! reply is left aside; what lacks an address and a reference to a message is nobody's.

use crate::config::Kind;
use crate::deliver::text::{shorten, tame};
use crate::intake;
use ringback_core::message::ReportEvent;
use serde_json::Value;

/// Longest reply that is kept, in characters.
const MAX_REPLY: usize = 4_000;

/// Something that a provider tells of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub event: ReportEvent,
    /// The receiver's address.
    pub address: Option<String>,
    /// The message: its answer's id and its number.
    pub reference: Option<String>,
    /// What the customer has answered.
    pub text: Option<String>,
    /// What the provider calls it, where the same can happen again: a reply.
    pub id: Option<String>,
}

pub(super) fn events(kind: Kind, value: &Value) -> Vec<Told> {
    let read: fn(&Value) -> Option<Told> = match kind {
        Kind::Resend => resend,
        Kind::Postmark => postmark,
        Kind::SendGrid => sendgrid,
        Kind::Brevo => brevo,
        Kind::Ses => return ses(value),
        _ => return Vec::new(),
    };
    match value {
        Value::Array(events) => events.iter().filter_map(read).collect(),
        event => read(event).into_iter().collect(),
    }
}

fn told(event: ReportEvent, address: &Value, reference: &Value) -> Option<Told> {
    let address = address.as_str().and_then(|text| intake::email(text.trim()).ok());
    let reference = reference.as_str().map(str::to_owned);
    (address.is_some() || reference.is_some()).then_some(Told { event, address, reference, text: None, id: None })
}

fn resend(event: &Value) -> Option<Told> {
    let data = &event["data"];
    let kind = match event["type"].as_str()? {
        // A transient one is tried again by Resend; an undetermined one may be either.
        "email.bounced" if data["bounce"]["type"].as_str().is_none_or(|kind| kind == "Permanent") => {
            ReportEvent::Bounced
        }
        "email.complained" => ReportEvent::Complained,
        "email.delivered" => ReportEvent::Delivered,
        "contact.updated" if data["unsubscribed"] == true => {
            return told(ReportEvent::Unsubscribed, &data["email"], &Value::Null);
        }
        _ => return None,
    };
    // Tags come as an object, or as the list in which they were sent.
    let tags = &data["tags"];
    let listed =
        tags.as_array().and_then(|tags| tags.iter().find(|tag| tag["name"] == "ringback")).map(|tag| &tag["value"]);
    told(kind, &data["to"][0], listed.unwrap_or(&tags["ringback"]))
}

fn postmark(event: &Value) -> Option<Told> {
    let reference = &event["Metadata"]["ringback"];
    match event["RecordType"].as_str() {
        Some("Bounce") if hard(event["Type"].as_str()) => told(ReportEvent::Bounced, &event["Email"], reference),
        Some("SpamComplaint") => told(ReportEvent::Complained, &event["Email"], reference),
        Some("Delivery") => told(ReportEvent::Delivered, &event["Recipient"], reference),
        Some("SubscriptionChange") if event["SuppressSending"] == true => {
            let kind = match event["SuppressionReason"].as_str() {
                Some("HardBounce") => ReportEvent::Bounced,
                Some("SpamComplaint") => ReportEvent::Complained,
                _ => ReportEvent::Unsubscribed,
            };
            told(kind, &event["Recipient"], reference)
        }
        // An incoming mail has no type; the part of its address after the plus says what it answers.
        None if event["MailboxHash"].is_string() => {
            let text = [&event["StrippedTextReply"], &event["TextBody"]].into_iter().filter_map(Value::as_str);
            let text = text.map(|text| shorten(tame(text).trim(), MAX_REPLY)).find(|text| !text.is_empty());
            let replied = told(ReportEvent::Replied, &Value::Null, &event["MailboxHash"])?;
            let id = event["MessageID"].as_str().map(|id| id.chars().take(64).collect());
            Some(Told { text, id, ..replied })
        }
        _ => None,
    }
}

fn hard(kind: Option<&str>) -> bool {
    matches!(kind, Some("HardBounce" | "BadEmailAddress" | "ManuallyDeactivated"))
}

fn sendgrid(event: &Value) -> Option<Told> {
    let kind = match event["event"].as_str()? {
        // `blocked` is a bounce that may pass.
        "bounce" if event["type"].as_str().is_none_or(|kind| kind == "bounce") => ReportEvent::Bounced,
        "dropped" if event["reason"].as_str().is_some_and(|why| why.starts_with("Bounced")) => ReportEvent::Bounced,
        "spamreport" => ReportEvent::Complained,
        "unsubscribe" | "group_unsubscribe" => ReportEvent::Unsubscribed,
        "delivered" => ReportEvent::Delivered,
        _ => return None,
    };
    told(kind, &event["email"], &event["ringback"])
}

fn brevo(event: &Value) -> Option<Told> {
    let kind = match event["event"].as_str()? {
        "hard_bounce" | "hardBounce" | "invalid_email" => ReportEvent::Bounced,
        "spam" | "complaint" => ReportEvent::Complained,
        "unsubscribed" | "unsubscribe" => ReportEvent::Unsubscribed,
        "delivered" => ReportEvent::Delivered,
        _ => return None,
    };
    told(kind, &event["email"], &event["X-Mailin-custom"])
}

/// An event that SES publishes, or a notification of its feedback, which tells less.
fn ses(event: &Value) -> Vec<Told> {
    let reference = &event["mail"]["tags"]["ringback"][0];
    let each = |kind: ReportEvent, receivers: &Value, address: &str| -> Vec<Told> {
        let receivers = receivers.as_array().map(Vec::as_slice).unwrap_or_default();
        let addresses = receivers.iter().map(|receiver| if address.is_empty() { receiver } else { &receiver[address] });
        addresses.filter_map(|address| told(kind, address, reference)).collect()
    };
    match event["eventType"].as_str().or_else(|| event["notificationType"].as_str()) {
        // A transient one may pass; an undetermined one may be either.
        Some("Bounce") if event["bounce"]["bounceType"] == "Permanent" => {
            each(ReportEvent::Bounced, &event["bounce"]["bouncedRecipients"], "emailAddress")
        }
        Some("Complaint") => each(ReportEvent::Complained, &event["complaint"]["complainedRecipients"], "emailAddress"),
        Some("Delivery") => each(ReportEvent::Delivered, &event["delivery"]["recipients"], ""),
        Some("Subscription") if event["subscription"]["newTopicPreferences"]["unsubscribeAll"] == true => {
            each(ReportEvent::Unsubscribed, &event["mail"]["destination"], "")
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The providers' own examples, with our reference where they give back what was sent along.
    #[test]
    fn what_each_provider_tells_is_understood() {
        for (kind, event, expected) in [
            (
                Kind::Resend,
                json!({ "type": "email.bounced", "data": { "to": ["a@example.com"], "tags": { "ringback": "abc_1" }, "bounce": { "type": "Permanent" } } }),
                "bounced a@example.com abc_1",
            ),
            (
                Kind::Resend,
                json!({ "type": "email.bounced", "data": { "to": ["a@example.com"], "bounce": { "type": "Transient" } } }),
                "",
            ),
            (
                Kind::Resend,
                json!({ "type": "email.complained", "data": { "to": ["a@example.com"], "tags": [{ "name": "ringback", "value": "abc_2" }] } }),
                "complained a@example.com abc_2",
            ),
            (
                Kind::Resend,
                json!({ "type": "contact.updated", "data": { "email": "a@example.com", "unsubscribed": true } }),
                "unsubscribed a@example.com -",
            ),
            (Kind::Resend, json!({ "type": "email.opened", "data": {} }), ""),
            (
                Kind::Postmark,
                json!({ "RecordType": "Bounce", "Type": "HardBounce", "Email": "a@example.com", "Metadata": { "ringback": "abc_1" } }),
                "bounced a@example.com abc_1",
            ),
            (Kind::Postmark, json!({ "RecordType": "Bounce", "Type": "SoftBounce", "Email": "a@example.com" }), ""),
            (
                Kind::Postmark,
                json!({ "RecordType": "SubscriptionChange", "SuppressSending": true, "Recipient": "a@example.com", "SuppressionReason": "ManualSuppression" }),
                "unsubscribed a@example.com -",
            ),
            (
                Kind::Postmark,
                json!({ "RecordType": "SubscriptionChange", "SuppressSending": false, "Recipient": "a@example.com" }),
                "",
            ),
            (
                Kind::Postmark,
                json!({ "From": "a@example.com", "MailboxHash": "abc_1", "TextBody": "Thanks\n> old", "StrippedTextReply": "Thanks" }),
                "replied - abc_1 Thanks",
            ),
            (
                Kind::SendGrid,
                json!([{ "event": "bounce", "type": "bounce", "email": "a@example.com", "ringback": "abc_1" }, { "event": "bounce", "type": "blocked", "email": "b@example.com" }, { "event": "spamreport", "email": "c@example.com" }]),
                "bounced a@example.com abc_1, complained c@example.com -",
            ),
            (
                Kind::SendGrid,
                json!([{ "event": "group_unsubscribe", "email": "a@example.com" }]),
                "unsubscribed a@example.com -",
            ),
            (
                Kind::Brevo,
                json!({ "event": "hard_bounce", "email": "a@example.com", "X-Mailin-custom": "abc_1" }),
                "bounced a@example.com abc_1",
            ),
            (Kind::Brevo, json!({ "event": "soft_bounce", "email": "a@example.com" }), ""),
            (Kind::Brevo, json!({ "event": "unsubscribed", "email": "no address" }), ""),
            (
                Kind::Ses,
                json!({ "eventType": "Bounce", "mail": { "destination": ["a@example.com"], "tags": { "ringback": ["abc_1"] } },
                    "bounce": { "bounceType": "Permanent", "bouncedRecipients": [{ "emailAddress": "a@example.com" }] } }),
                "bounced a@example.com abc_1",
            ),
            (
                Kind::Ses,
                json!({ "notificationType": "Complaint",
                    "complaint": { "complainedRecipients": [{ "emailAddress": "a@example.com" }, { "emailAddress": "b@example.com" }] } }),
                "complained a@example.com -, complained b@example.com -",
            ),
            (
                Kind::Ses,
                json!({ "notificationType": "Bounce",
                    "bounce": { "bounceType": "Transient", "bouncedRecipients": [{ "emailAddress": "a@example.com" }] } }),
                "",
            ),
            (
                Kind::Ses,
                json!({ "eventType": "Delivery", "mail": { "tags": { "ringback": ["abc_1"] } }, "delivery": { "recipients": ["a@example.com"] } }),
                "delivered a@example.com abc_1",
            ),
            (
                Kind::Ses,
                json!({ "eventType": "Subscription", "mail": { "destination": ["a@example.com"] },
                    "subscription": { "newTopicPreferences": { "unsubscribeAll": true } } }),
                "unsubscribed a@example.com -",
            ),
            (Kind::Mailpit, json!({ "event": "bounce" }), ""),
        ] {
            let said: Vec<String> = events(kind, &event)
                .into_iter()
                .map(|t| {
                    let text = t.text.map(|text| format!(" {text}")).unwrap_or_default();
                    format!(
                        "{} {} {}{text}",
                        t.event.as_str(),
                        t.address.as_deref().unwrap_or("-"),
                        t.reference.as_deref().unwrap_or("-")
                    )
                })
                .collect();
            assert_eq!(said.join(", "), expected, "{event}");
        }
    }
}
