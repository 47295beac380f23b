//! Alerts for a topic on an ntfy server: a push message with a title, a priority and what it opens.
//!
//! Limits: a message of 4,096 bytes, beyond which ntfy makes it an attached file; a title of 1 KB. The text is plain.

use super::notice::{Notice, Tone};
use super::product::{Built, Destination, Product};
use super::text::shorten;
use ringback_core::rule::Priority;
use serde_json::{Value, json};

const MAX_BYTES: usize = 4_000;
const MAX_COMMENT: usize = 1_500;

pub(super) struct Ntfy;

impl Product for Ntfy {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        let (origin, topic) = (to.address("origin_variable")?, to.secret("topic_variable")?);
        let body = notice.within(MAX_BYTES, MAX_COMMENT, &|comment| payload(notice, topic, comment));
        match to.optional_secret("token_variable") {
            Some(token) => to.post_bytes(origin, &[("authorization", &format!("Bearer {token}"))], body),
            None => to.post_bytes(origin, &[], body),
        }
    }
}

fn payload(notice: &Notice, topic: &str, comment: Option<&str>) -> Value {
    let tag = match notice.tone {
        Tone::Bad => "rotating_light",
        Tone::Warn => "warning",
        Tone::Good => "white_check_mark",
    };
    let priority = match notice.priority {
        Priority::Low => 2,
        Priority::Normal => 3,
        Priority::High => 4,
        Priority::Critical => 5,
    };
    let quoted = comment.map(|comment| format!("“{comment}”\n\n")).unwrap_or_default();
    let facts: Vec<String> =
        notice.facts.iter().map(|(label, fact)| format!("{label}: {}", shorten(fact, 160))).collect();
    let links = notice.links().into_iter().take(3);
    let actions = links.map(|(label, url)| json!({ "action": "view", "label": label, "url": url }));
    json!({
        "topic": topic,
        "title": shorten(&notice.headline, 200),
        "message": format!("{quoted}{}", facts.join("\n")),
        "priority": priority,
        "tags": [tag],
        "click": notice.link,
        "actions": actions.collect::<Vec<_>>(),
    })
}
