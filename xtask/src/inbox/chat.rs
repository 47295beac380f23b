//! The chat: takes what a Slack incoming webhook takes, refuses what it refuses, and shows the rest as a chat does.
//!
//! Limits as Slack documents them for blocks; a message over one of them would be lost there, so it is refused here.

use serde_json::Value;

use super::messages::Verdict;
use super::mrkdwn;

const MAX_BLOCKS: usize = 50;
const MAX_TEXT: usize = 40_000;
const MAX_SECTION: usize = 3_000;
const MAX_FIELDS: usize = 10;
const MAX_FIELD: usize = 2_000;
const MAX_HEADER: usize = 150;
const MAX_CONTEXT: usize = 10;
const MAX_ACTIONS: usize = 25;
const MAX_BUTTON: usize = 75;

/// One block, ready to be shown; texts are HTML made by [`mrkdwn`].
#[derive(Debug, PartialEq)]
pub enum Shown {
    /// Large and bold.
    Header(String),
    /// A paragraph and its fields, two beside each other.
    Section {
        /// The paragraph.
        text: Option<String>,
        /// The fields.
        fields: Vec<String>,
    },
    /// Small print.
    Context(Vec<String>),
    /// Buttons: label and, if it leads somewhere, where.
    Actions(Vec<(String, Option<String>)>),
    /// A line.
    Divider,
}

/// What the chat answers to a body.
pub fn judge(body: &Value) -> Verdict {
    if !body.is_object() {
        return Verdict::refused(400, "invalid_payload");
    }
    let text = body["text"].as_str().unwrap_or_default();
    let blocks = body["blocks"].as_array();
    if text.is_empty() && blocks.is_none_or(Vec::is_empty) {
        return Verdict::refused(400, "no_text");
    }
    if text.chars().count() > MAX_TEXT {
        return Verdict::refused(400, "msg_too_long");
    }
    match read(body) {
        Ok(_) => Verdict::taken(None, plain(body)),
        Err(reason) => Verdict::refused(400, format!("invalid_blocks: {reason}")),
    }
}

/// The blocks as the chat shows them, or `text` when there are none.
///
/// # Errors
/// The limit or rule that a block breaks, with the block's number.
pub fn read(body: &Value) -> Result<Vec<Shown>, String> {
    let Some(blocks) = body["blocks"].as_array().filter(|blocks| !blocks.is_empty()) else {
        let text = mrkdwn::to_html(&mrkdwn::parse(body["text"].as_str().unwrap_or_default()));
        return Ok(vec![Shown::Section { text: Some(text), fields: Vec::new() }]);
    };
    if blocks.len() > MAX_BLOCKS {
        return Err(format!("{} blocks, {MAX_BLOCKS} are allowed", blocks.len()));
    }
    blocks
        .iter()
        .enumerate()
        .map(|(index, block)| read_block(block).map_err(|reason| format!("block {}: {reason}", index + 1)))
        .collect()
}

fn read_block(block: &Value) -> Result<Shown, String> {
    match block["type"].as_str().unwrap_or_default() {
        "header" => {
            if block["text"]["type"] != "plain_text" {
                return Err("a header's text is plain_text".to_owned());
            }
            Ok(Shown::Header(text_object(&block["text"], MAX_HEADER)?))
        }
        "section" => {
            let text = block.get("text").map(|text| text_object(text, MAX_SECTION)).transpose()?;
            let fields = list(block, "fields", MAX_FIELDS)?
                .iter()
                .map(|field| text_object(field, MAX_FIELD))
                .collect::<Result<Vec<_>, _>>()?;
            if text.is_none() && fields.is_empty() {
                return Err("a section has text or fields".to_owned());
            }
            Ok(Shown::Section { text, fields })
        }
        "context" => Ok(Shown::Context(
            list(block, "elements", MAX_CONTEXT)?
                .iter()
                .map(|element| text_object(element, MAX_FIELD))
                .collect::<Result<_, _>>()?,
        )),
        "actions" => {
            Ok(Shown::Actions(list(block, "elements", MAX_ACTIONS)?.iter().map(button).collect::<Result<_, _>>()?))
        }
        "divider" => Ok(Shown::Divider),
        other => Err(format!("this inbox knows no block of type `{other}`")),
    }
}

fn list<'a>(block: &'a Value, name: &str, limit: usize) -> Result<&'a [Value], String> {
    let items = block[name].as_array().map_or(&[] as &[Value], Vec::as_slice);
    if items.len() > limit {
        return Err(format!("{} {name}, {limit} are allowed", items.len()));
    }
    Ok(items)
}

fn button(element: &Value) -> Result<(String, Option<String>), String> {
    if element["type"] != "button" {
        return Err("an action that is not a button".to_owned());
    }
    let url = element["url"].as_str().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    Ok((text_object(&element["text"], MAX_BUTTON)?, url.map(str::to_owned)))
}

fn text_object(object: &Value, limit: usize) -> Result<String, String> {
    let text = object["text"].as_str().ok_or("a text object without text")?;
    let length = text.chars().count();
    if length == 0 || length > limit {
        return Err(format!("a text of {length} characters, 1 to {limit} are allowed"));
    }
    match object["type"].as_str() {
        Some("mrkdwn") => Ok(mrkdwn::to_html(&mrkdwn::parse(text))),
        Some("plain_text") => Ok(mrkdwn::escape(text)),
        _ => Err("a text object is mrkdwn or plain_text".to_owned()),
    }
}

/// The message as its reader reads it, one block a line.
fn plain(body: &Value) -> String {
    let Some(blocks) = body["blocks"].as_array().filter(|blocks| !blocks.is_empty()) else {
        return mrkdwn::to_text(&mrkdwn::parse(body["text"].as_str().unwrap_or_default()));
    };
    let read = |object: &Value| match (object["type"].as_str(), object["text"].as_str()) {
        (Some("mrkdwn"), Some(text)) => Some(mrkdwn::to_text(&mrkdwn::parse(text))),
        (_, Some(text)) => Some(text.to_owned()),
        _ => None,
    };
    let mut lines = Vec::new();
    for block in blocks {
        lines.extend(read(&block["text"]));
        lines.extend(
            block["fields"].as_array().into_iter().flatten().filter_map(read).map(|field| field.replace('\n', ": ")),
        );
        let elements: Vec<String> = block["elements"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|element| {
                let label = read(&element["text"]).or_else(|| read(element))?;
                Some(element["url"].as_str().map_or(label.clone(), |url| format!("[{label}] {url}")))
            })
            .collect();
        if !elements.is_empty() {
            lines.push(elements.join(" · "));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(body: Value, reason: &str) {
        let verdict = judge(&body);
        assert_eq!((verdict.status, verdict.refusal.as_deref()), (400, Some(reason)));
    }

    fn section(text: &str) -> Value {
        json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    }

    #[test]
    fn refuses_what_slack_refuses() {
        refused(json!([1]), "invalid_payload");
        refused(json!({}), "no_text");
        refused(json!({"blocks": []}), "no_text");
        refused(json!({"text": "x".repeat(40_001)}), "msg_too_long");
        refused(json!({"blocks": vec![json!({"type": "divider"}); 51]}), "invalid_blocks: 51 blocks, 50 are allowed");
        refused(
            json!({"blocks": [section(&"x".repeat(3_001))]}),
            "invalid_blocks: block 1: a text of 3001 characters, 1 to 3000 are allowed",
        );
        let header =
            |text: String, kind: &str| json!({"blocks": [{"type": "header", "text": {"type": kind, "text": text}}]});
        refused(
            header("x".repeat(151), "plain_text"),
            "invalid_blocks: block 1: a text of 151 characters, 1 to 150 are allowed",
        );
        refused(header("x".into(), "mrkdwn"), "invalid_blocks: block 1: a header's text is plain_text");
        refused(
            json!({"blocks": [section("a"), {"type": "section"}]}),
            "invalid_blocks: block 2: a section has text or fields",
        );
        refused(
            json!({"blocks": [{"type": "marquee"}]}),
            "invalid_blocks: block 1: this inbox knows no block of type `marquee`",
        );
    }

    #[test]
    fn takes_messages_at_the_limits() {
        assert_eq!(judge(&json!({"text": "hello"})).status, 200);
        assert_eq!(judge(&json!({"blocks": vec![section(&"ü".repeat(3_000)); 50]})).status, 200);
    }

    #[test]
    fn the_plain_text_reads_like_the_message() {
        let body = json!({"text": "fallback", "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "3 of 10"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Late*"}, "fields": [{"type": "mrkdwn", "text": "*Queue*\ncare"}]},
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}, {"type": "plain_text", "text": "b"}]},
            {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "http://127.0.0.1:3000/x"}]},
        ]});
        assert_eq!(judge(&body).text, "3 of 10\nLate\nQueue: care\na · b\n[Open] http://127.0.0.1:3000/x");
    }
}
