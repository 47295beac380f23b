//! The schemas that others publish of what they take (`tests/schemas`). What a schema says is looked at here; limits that
//! only their documentation knows, in `checks`.

use jsonschema::Validator;
use serde_json::Value;
use std::sync::LazyLock;

/// A schema, read when it is first asked.
pub(super) type Published = LazyLock<Validator>;

macro_rules! published {
    ($($name:ident $file:literal)*) => {
        $(pub(super) static $name: Published = LazyLock::new(|| read(include_str!(concat!("../../schemas/", $file))));)*
    };
}

published! {
    ADAPTIVE_CARD "adaptive-card-1.4.0.json"
    BREVO "brevo-smtp-email.json"
    CLOUD_EVENT "cloudevents-1.0.json"
    PAGERDUTY "pagerduty-event-v2.json"
    POSTMARK "postmark-email.json"
    RESEND "resend-email.json"
    SENDGRID "sendgrid-mail-send.json"
    SES "ses-v2-send-email.json"
}

fn read(text: &str) -> Validator {
    let schema = serde_json::from_str(text).expect("JSON");
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

/// Everything in a document that its schema does not allow.
pub(super) fn violations(schema: &Validator, document: &Value) -> Vec<String> {
    schema.iter_errors(document).map(|error| format!("{}: {error:.300}", error.instance_path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_card_may_not_be_is_found() {
        let card = |body: Value| json!({ "type": "AdaptiveCard", "version": "1.4", "body": body });
        let run = json!({ "type": "TextRun", "text": "x" });
        let block = json!({ "type": "RichTextBlock", "inlines": [run] });
        assert_eq!(violations(&ADAPTIVE_CARD, &card(json!([block]))), Vec::<String>::new());
        for body in [
            json!([{ "type": "RichTextBlock" }]),
            json!([{ "type": "RichTextBlock", "inlines": [{ "type": "TextRun" }] }]),
            json!([{ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": 5 }] }]),
            json!([{ "type": "TextBlock", "text": "x", "colour": "red" }]),
            json!([{ "type": "Marquee", "text": "x" }]),
            json!("x"),
        ] {
            assert!(!violations(&ADAPTIVE_CARD, &card(body.clone())).is_empty(), "{body}");
        }
    }

    #[test]
    fn each_schema_refuses_what_its_receiver_would() {
        let event =
            json!({ "specversion": "1.0", "id": "1", "source": "/a", "type": "b", "time": "2026-11-28T06:27:07Z" });
        assert_eq!(violations(&CLOUD_EVENT, &event), Vec::<String>::new());
        let page = json!({ "summary": "s", "source": "s", "severity": "fatal" });
        for (schema, bad) in [
            (&CLOUD_EVENT, json!({ "specversion": "1.0", "id": "1", "source": "/a" })),
            (
                &CLOUD_EVENT,
                json!({ "specversion": "1.0", "id": "1", "source": "/a", "type": "b", "time": "yesterday" }),
            ),
            (&PAGERDUTY, json!({ "routing_key": "k", "event_action": "trigger", "payload": page })),
            (&BREVO, json!({ "subject": 5 })),
            (&POSTMARK, json!({ "From": "a@example.com", "Subject": "s", "Html": "x" })),
            (&RESEND, json!({ "to": "a@example.com", "replyTo": "b@example.com" })),
            (&SENDGRID, json!({ "from": { "email": "a@example.com" }, "subject": "s", "content": [] })),
            (&SES, json!({ "Content": { "Simple": { "Subject": { "Data": "s" } } } })),
        ] {
            assert!(!violations(schema, &bad).is_empty(), "{bad}");
        }
    }
}
