//! Alerts for Google Chat: a card to an incoming webhook, in one thread for each case.
//!
//! Limits: 32,000 bytes for the whole, 60 messages a minute and space. Card texts take some HTML: what a customer wrote
//! is escaped.

use super::notice::Notice;
use super::product::{Built, Destination, Product};
use super::text::{html, shorten};
use serde_json::{Value, json};

const MAX_BYTES: usize = 31_000;
const MAX_COMMENT: usize = 6_000;

pub(super) struct GoogleChat;

impl Product for GoogleChat {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        let url = to.address("url_variable")?;
        let sign = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{sign}messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
        let body = notice.within(MAX_BYTES, MAX_COMMENT, &|comment| payload(notice, comment));
        to.post_bytes(&url, &[], body)
    }
}

fn payload(notice: &Notice, comment: Option<&str>) -> Value {
    let mut widgets = Vec::new();
    if let Some(comment) = comment {
        let quoted = format!("<i>“{}”</i>", html(comment).replace('\n', "<br>"));
        widgets.push(json!({ "textParagraph": { "text": quoted } }));
    }
    widgets.extend(
        notice.facts.iter().map(
            |(label, fact)| json!({ "decoratedText": { "topLabel": label, "text": html(fact), "wrapText": true } }),
        ),
    );
    let buttons: Vec<Value> = notice
        .links()
        .into_iter()
        .map(|(title, url)| json!({ "text": title, "onClick": { "openLink": { "url": url } } }))
        .collect();
    widgets.push(json!({ "buttonList": { "buttons": buttons } }));
    json!({
        "fallbackText": shorten(&notice.headline, 300),
        "cardsV2": [{
            "cardId": notice.id,
            "card": {
                "header": { "title": shorten(&notice.headline, 200), "subtitle": shorten(&notice.company, 100) },
                "sections": [{ "widgets": widgets }],
            },
        }],
        "thread": { "threadKey": notice.thread },
    })
}
