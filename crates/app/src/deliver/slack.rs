//! Alerts for Slack-compatible incoming webhooks.
//!
//! Limits and rules: 50 blocks, 150 characters of header, 3,000 of section text, 2,000 of a field; only `&`, `<` and
//! `>` are escaped, `&` first; text is `verbatim`, so that nothing a customer writes becomes a link or a mention.

use super::notice::Notice;
use super::product::{Built, Destination, Product};
use super::text::{fit, shorten};
use serde_json::{Value, json};

const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3_000;
const MAX_FIELD: usize = 2_000;

pub(super) struct Slack;

impl Product for Slack {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        to.post(to.address("url_variable")?, &[], &payload(notice))
    }
}

fn payload(notice: &Notice) -> Value {
    let fields: Vec<Value> = notice.facts.iter().take(10).map(|(label, fact)| fact_field(label, fact)).collect();
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": shorten(&notice.headline, MAX_HEADER), "emoji": false },
    })];
    if let Some(comment) = &notice.comment {
        blocks.push(json!({ "type": "section", "text": mrkdwn(&quote(comment)) }));
    }
    blocks.push(json!({ "type": "section", "fields": fields }));
    // These links are ours, so they may be some.
    let links = notice.links().into_iter().map(|(title, url)| format!("<{}|{title}>", escape(&url)));
    let link = links.collect::<Vec<_>>().join(" · ");
    blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": link } }));
    json!({
        "text": escape(&fallback(notice)),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// What notifications and screen readers say.
fn fallback(notice: &Notice) -> String {
    let comment = notice.comment.as_deref().map(|c| format!(" “{}”", shorten(&super::text::one_line(c), 200)));
    format!("{}{} {}", notice.headline, comment.unwrap_or_default(), notice.link)
}

fn fact_field(label: &str, fact: &str) -> Value {
    let room = MAX_FIELD - label.len() - 3;
    mrkdwn(&format!("*{label}*\n{}", fit(fact, room, escape)))
}

fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// A quotation: each line marked, the whole within a section's limit after escaping.
fn quote(comment: &str) -> String {
    let mut lines = Vec::new();
    let mut room = MAX_SECTION;
    for line in comment.trim().lines() {
        // The mark, the line break, and at least an ellipsis.
        let Some(left) = room.checked_sub(3).filter(|left| *left > 8) else { break };
        let line = fit(line, left, escape);
        room = left - line.encode_utf16().count();
        lines.push(format!("> {line}"));
    }
    lines.join("\n")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::notice::sample;

    #[test]
    fn what_a_customer_writes_mentions_nobody_and_links_nowhere() {
        let payload = payload(&sample("<!channel> & <http://evil|click>\nsecond line"));
        let quoted = payload["blocks"][1]["text"]["text"].as_str().unwrap();
        assert_eq!(quoted, "> &lt;!channel&gt; &amp; &lt;http://evil|click&gt;\n> second line");
        assert_eq!(payload["blocks"][1]["text"]["verbatim"], true);
        assert!(!payload["text"].as_str().unwrap().contains('<'));
        assert_eq!(payload["blocks"][2]["fields"][0]["text"], "*Customer*\nA &lt;b&gt; &amp; c");
    }

    #[test]
    fn every_length_stays_within_the_limit_after_escaping() {
        for comment in ["&".repeat(10_000), "ab\n".repeat(4_000), "😀".repeat(10_000), "\n\n\n".into()] {
            let payload = payload(&sample(&comment));
            let quoted = payload["blocks"][1]["text"]["text"].as_str().unwrap();
            assert!(quoted.chars().count() <= MAX_SECTION, "{}", quoted.chars().count());
            assert!(!quoted.contains("&am…"));
        }
    }
}
