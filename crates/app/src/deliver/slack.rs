//! Alerts for Slack-compatible incoming webhooks.
//!
//! Limits and rules: 50 blocks, 150 characters of header, 3,000 of section text, 2,000 of a field; only `&`, `<` and
//! `>` are escaped, `&` first; text is `verbatim`, so that nothing a customer writes becomes a link or a mention.

use super::notice::Notice;
use super::text::shorten;
use http::{Request, header};
use serde_json::{Value, json};

const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3_000;
const MAX_FIELD: usize = 2_000;

/// Builds the request; none when no address is configured.
pub(super) fn request(url: &str, notice: &Notice) -> Option<Request<Vec<u8>>> {
    if url.is_empty() {
        return None;
    }
    let body = payload(notice).to_string().into_bytes();
    Request::post(url).header(header::CONTENT_TYPE, "application/json; charset=utf-8").body(body).ok()
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
    // The link is ours, so it may be one.
    let link = format!("<{}|Open the case>", escape(&notice.link));
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
    mrkdwn(&format!("*{label}*\n{}", escape_within(fact, room)))
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
        let line = escape_within(line, left);
        room = left - line.chars().count();
        lines.push(format!("> {line}"));
    }
    lines.join("\n")
}

/// Escapes a text so that the result has at most `max` characters; what does not fit is shortened before it is escaped.
fn escape_within(text: &str, max: usize) -> String {
    let mut length = text.chars().count().min(max);
    loop {
        let escaped = escape(&shorten(text, length));
        let over = escaped.chars().count().saturating_sub(max);
        if over == 0 || length == 0 {
            return escaped;
        }
        // An escape is at most five characters long, so this many fewer are needed at least.
        length = length.saturating_sub(over.div_ceil(5));
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn notice(comment: &str) -> Notice {
        Notice {
            id: "id".into(),
            event: "case.opened",
            about: None,
            headline: "Detractor 3/10 at checkout".into(),
            comment: Some(comment.into()),
            facts: vec![("Customer", "A <b> & c".into())],
            link: "http://127.0.0.1:3000/desk/cases/x".into(),
            company: "Shop".into(),
            at: DateTime::UNIX_EPOCH,
            now: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_a_customer_writes_mentions_nobody_and_links_nowhere() {
        let payload = payload(&notice("<!channel> & <http://evil|click>\nsecond line"));
        let quoted = payload["blocks"][1]["text"]["text"].as_str().unwrap();
        assert_eq!(quoted, "> &lt;!channel&gt; &amp; &lt;http://evil|click&gt;\n> second line");
        assert_eq!(payload["blocks"][1]["text"]["verbatim"], true);
        assert!(!payload["text"].as_str().unwrap().contains('<'));
        assert_eq!(payload["blocks"][2]["fields"][0]["text"], "*Customer*\nA &lt;b&gt; &amp; c");
    }

    #[test]
    fn every_length_stays_within_the_limit_after_escaping() {
        for comment in ["&".repeat(10_000), "ab\n".repeat(4_000), "😀".repeat(10_000), "\n\n\n".into()] {
            let payload = payload(&notice(&comment));
            let quoted = payload["blocks"][1]["text"]["text"].as_str().unwrap();
            assert!(quoted.chars().count() <= MAX_SECTION, "{}", quoted.chars().count());
            assert!(!quoted.contains("&am…"));
        }
    }
}
