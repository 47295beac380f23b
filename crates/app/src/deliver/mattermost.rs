//! Alerts for Mattermost: an attachment to an incoming webhook.
//!
//! Limits: 16,383 characters of text. Markdown is escaped; a name after `@` is cut off from it by a character nobody
//! sees, because Mattermost looks for mentions before it looks for escapes.

use super::notice::{Notice, Tone};
use super::product::{Built, Destination, Product};
use super::text::{fit, markdown, shorten};
use serde_json::{Value, json};

const MAX_COMMENT: usize = 6_000;
const MAX_FIELD: usize = 1_000;

pub(super) struct Mattermost;

impl Product for Mattermost {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        to.post(to.address("url_variable")?, &[], &payload(notice))
    }
}

fn escape(text: &str) -> String {
    markdown(text).replace('@', "@\u{200B}")
}

fn payload(notice: &Notice) -> Value {
    let colour = match notice.tone {
        Tone::Bad => "#b3261e",
        Tone::Warn => "#c77c02",
        Tone::Good => "#1e7d4f",
    };
    let quoted = notice.comment.as_deref().map(|comment| {
        let text = fit(comment, MAX_COMMENT, escape);
        text.lines().take(400).map(|line| format!("> {line}\n")).collect::<String>()
    });
    let links = notice.links().into_iter().map(|(title, url)| format!("[{title}]({url})")).collect::<Vec<_>>();
    let field = |(label, fact): &(&'static str, String)| json!({ "title": label, "value": fit(fact, MAX_FIELD, escape), "short": fact.chars().count() < 40 });
    json!({
        "attachments": [{
            "fallback": shorten(&notice.headline, 300),
            "color": colour,
            "title": fit(&notice.headline, 300, escape),
            "title_link": notice.link,
            "text": format!("{}\n{}", quoted.unwrap_or_default(), links.join(" · ")),
            "fields": notice.facts.iter().map(field).collect::<Vec<_>>(),
            "footer": shorten(&notice.company, 100),
        }],
    })
}
