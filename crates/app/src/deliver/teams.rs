//! Alerts for Microsoft Teams: an Adaptive Card to a Workflows webhook (“Post to a channel when a webhook request is
//! received”).
//!
//! Limits: 28 KB for the whole; cards of version 1.4. What a customer wrote stands in text runs, which know no markup:
//! nothing in them becomes a link or a mention.

use super::notice::{Notice, Tone};
use super::product::{Built, Destination, Product};
use super::text;
use serde_json::{Value, json};

/// 28 KB, with room for what a workflow adds.
const MAX_BYTES: usize = 26_000;
const MAX_COMMENT: usize = 6_000;

pub(super) struct Teams;

impl Product for Teams {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        let body = notice.within(MAX_BYTES, MAX_COMMENT, &|comment| payload(notice, comment));
        to.post_bytes(to.address("url_variable")?, &[], body)
    }
}

fn payload(notice: &Notice, comment: Option<&str>) -> Value {
    let colour = match notice.tone {
        Tone::Bad => "Attention",
        Tone::Warn => "Warning",
        Tone::Good => "Good",
    };
    let mut body = vec![rich(&[json!({
        "type": "TextRun", "text": text::shorten(&notice.headline, 300),
        "size": "Large", "weight": "Bolder", "color": colour,
    })])];
    if let Some(comment) = comment {
        let quoted = rich(&[json!({ "type": "TextRun", "text": comment })]);
        body.push(json!({ "type": "Container", "style": "emphasis", "bleed": false, "items": [quoted] }));
    }
    let rows = notice.facts.iter().enumerate();
    body.extend(rows.map(|(i, (label, fact))| row(label, fact, if i == 0 { "Medium" } else { "Small" })));
    let actions: Vec<Value> = notice
        .links()
        .into_iter()
        .map(|(title, url)| json!({ "type": "Action.OpenUrl", "title": title, "url": url }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": text::shorten(&notice.headline, 300),
                "msteams": { "width": "Full" },
                "body": body,
                "actions": actions,
            },
        }],
    })
}

fn rich(inlines: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn row(label: &str, fact: &str, spacing: &str) -> Value {
    let column = |width: &str, inline: Value| json!({ "type": "Column", "width": width, "items": [rich(&[inline])] });
    let label = json!({ "type": "TextRun", "text": label, "isSubtle": true });
    let columns = [column("130px", label), column("stretch", json!({ "type": "TextRun", "text": fact }))];
    json!({ "type": "ColumnSet", "spacing": spacing, "columns": columns })
}
