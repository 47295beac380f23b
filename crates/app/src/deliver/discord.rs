//! Alerts for Discord: an embed to a webhook, mentioning nobody.
//!
//! Limits, in characters: title 256, description 4,096, 25 fields of 256 and 1,024, 6,000 over all. `wait=true` makes
//! Discord say what it thinks of a message; without it errors are silent.

use super::notice::{Notice, Tone};
use super::product::{Built, Destination, Product};
use super::text::{as_it_is, fit, markdown};
use crate::stored::Stored;
use serde_json::{Value, json};

const MAX_TITLE: usize = 256;
/// Leaves room for the fields within the 6,000.
const MAX_DESCRIPTION: usize = 3_000;
const MAX_FIELD: usize = 300;

pub(super) struct Discord;

impl Product for Discord {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        let url = to.address("url_variable")?;
        let sign = if url.contains('?') { '&' } else { '?' };
        to.post(&format!("{url}{sign}wait=true"), &[], &payload(notice))
    }
}

fn payload(notice: &Notice) -> Value {
    let colour = match notice.tone {
        Tone::Bad => 0xb3_26_1e,
        Tone::Warn => 0xc7_7c_02,
        Tone::Good => 0x1e_7d_4f,
    };
    // Every line of a quotation is marked; the marks come out of its room.
    let quoted = notice.comment.as_deref().map(|comment| {
        let room = MAX_DESCRIPTION - 2 * comment.lines().count().min(400);
        let text = fit(comment, room, markdown);
        text.lines().take(400).map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
    });
    let links = notice.links().into_iter().map(|(title, url)| format!("[{title}]({url})")).collect::<Vec<_>>();
    let description = match quoted {
        Some(quoted) => format!("{quoted}\n\n{}", links.join(" · ")),
        None => links.join(" · "),
    };
    let field = |(label, fact): &(&'static str, String)| json!({ "name": label, "value": fit(fact, MAX_FIELD, markdown), "inline": false });
    json!({
        "embeds": [{
            "title": fit(&notice.headline, MAX_TITLE, as_it_is),
            "url": notice.link,
            "description": description,
            "color": colour,
            "fields": notice.facts.iter().take(8).map(field).collect::<Vec<_>>(),
            "footer": { "text": fit(&notice.company, 100, as_it_is) },
            "timestamp": notice.now.store(),
        }],
        "allowed_mentions": { "parse": [] },
    })
}
