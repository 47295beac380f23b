//! A form as somebody has typed it, and the order that it gives.
//!
//! Whether the order may be given, and whether its fields are right, is the API's to say; what is refused stays in the form.

use crate::deliver::text::tame;
use crate::time::from_unix;
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Map, Value, json};

/// What a form carries beside an order's fields.
const CARRIED: [&str; 6] = ["csrf", "version", "step", "resume", "act", "wait_s"];
/// Longest fields that are kept, in characters: the longest text and some room.
const KEPT: usize = 5_000;

/// What somebody has typed into a form.
#[derive(Default)]
pub(super) struct Draft {
    /// The form: an event's name, or `message`; empty when there is none.
    pub act: String,
    fields: Vec<(String, String)>,
}

impl Draft {
    /// What stands in a form that was sent.
    pub fn of(form: &[u8]) -> Self {
        let short = |text: &str| text.chars().take(KEPT).collect::<String>();
        let fields =
            form_urlencoded::parse(form).map(|(name, value)| (short(&name), short(&value).replace("\r\n", "\n")));
        let mut draft = Self { act: String::new(), fields: fields.collect() };
        draft.act = draft.any("act").to_owned();
        draft
    }

    /// What was typed into a field, whichever form it was.
    pub fn any(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// What was typed into a field of a form; empty when that form was not the one.
    pub fn get(&self, act: &str, name: &str) -> &str {
        if self.act == act { self.any(name) } else { "" }
    }

    /// Whether that is what was chosen.
    pub fn is(&self, act: &str, name: &str, value: &str) -> bool {
        self.get(act, name) == value
    }

    /// What was written for a form that is not there any more.
    pub fn written(&self) -> Vec<String> {
        let texts = self.fields.iter().filter(|(name, _)| !CARRIED.contains(&name.as_str()) && name != "channel");
        texts
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| format!("{name}: {}", tame(value)))
            .collect()
    }
}

/// The order that a form gives, as the API would get it. What is not known there is refused there.
pub(super) fn order(draft: &Draft, now: u64) -> Value {
    let message = draft.act == "message";
    let kind = if message { "inform" } else { draft.act.as_str() };
    let mut order = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    for (name, value) in &draft.fields {
        let value = value.trim();
        if value.is_empty() || CARRIED.contains(&name.as_str()) {
            continue;
        }
        let number = match name.as_str() {
            "goodwill" => amount(value).map(Value::from),
            "task" if kind == "finish_task" => value.parse::<u64>().ok().map(Value::from),
            _ => None,
        };
        order.insert(name.clone(), number.unwrap_or_else(|| value.into()));
    }
    if kind == "wait" {
        let seconds = draft.any("wait_s").parse::<u32>().unwrap_or(0);
        let until = from_unix(now) + TimeDelta::seconds(i64::from(seconds));
        order.insert("until".to_owned(), until.to_rfc3339_opts(SecondsFormat::Secs, true).into());
    }
    if message {
        let [subject, text] = ["subject", "text"].map(|name| order.remove(name).unwrap_or_default());
        order.insert("message".to_owned(), json!({ "subject": subject, "text": text }));
        order.insert("channel".to_owned(), "email".into());
    }
    Value::Object(order)
}

/// An amount as people write it: with a comma or a point before the cents, and nothing between thousands, as nobody could tell
/// the one from the other.
fn amount(text: &str) -> Option<f64> {
    let (whole, cents) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits(whole) && digits(cents) && cents.len() <= 2;
    fits.then(|| format!("{whole}.{cents}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(form: &str) -> Value {
        order(&Draft::of(form.as_bytes()), 1_795_339_800)
    }

    #[test]
    fn a_form_gives_the_order_that_the_api_would_get() {
        for (form, expected) in [
            ("act=acknowledge&note=mine&csrf=x&version=3", json!({ "type": "acknowledge", "note": "mine" })),
            (
                "act=resolve&root_cause=late&goodwill=12%2C50&remedy=&note=n",
                json!({ "type": "resolve", "root_cause": "late", "goodwill": 12.5, "note": "n" }),
            ),
            (
                "act=wait&wait_s=3600&reason=parts&note=n",
                json!({ "type": "wait", "reason": "parts", "note": "n", "until": "2026-11-22T10:30:00Z" }),
            ),
            (
                "act=message&subject=S&text=T&note=n&step=send",
                json!({ "type": "inform", "channel": "email", "note": "n", "message": { "subject": "S", "text": "T" } }),
            ),
            // Whoever reads it cannot tell thousands from cents: the API refuses it, and names the field.
            (
                "act=resolve&root_cause=late&goodwill=1.500&note=n",
                json!({ "type": "resolve", "root_cause": "late", "goodwill": "1.500", "note": "n" }),
            ),
            (
                "act=resolve&root_cause=late&goodwill=1%2C500&note=n",
                json!({ "type": "resolve", "root_cause": "late", "goodwill": "1,500", "note": "n" }),
            ),
            ("act=finish_task&task=2&note=n", json!({ "type": "finish_task", "task": 2, "note": "n" })),
            (
                "act=split&task=2+boxes&department=depot&note=n",
                json!({ "type": "split", "task": "2 boxes", "department": "depot", "note": "n" }),
            ),
        ] {
            assert_eq!(ordered(form), expected, "{form}");
        }
    }
}
