//! A case as the API shows it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::call::Answer;

/// A case and its version.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its `ETag`.
    pub etag: String,
    /// The whole document.
    pub json: Value,
}

impl Shown {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { etag: answer.header("etag").to_owned(), json: answer.json() }
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> &str {
        self.json["state"].as_str().unwrap_or_default()
    }

    /// A clock: `first_contact` or `closure`.
    #[must_use]
    pub fn clock(&self, name: &str) -> &Value {
        &self.json["deadlines"][name]
    }

    /// An instant of a clock.
    #[must_use]
    pub fn instant(&self, clock: &str, name: &str) -> Option<DateTime<Utc>> {
        instant(&self.clock(clock)[name])
    }

    /// The names of what happened, oldest first.
    #[must_use]
    pub fn happened(&self) -> Vec<String> {
        let history = self.json["history"].as_array().cloned().unwrap_or_default();
        history.iter().map(|entry| entry["event"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The latest entry of the history with that name.
    #[must_use]
    pub fn entry(&self, event: &str) -> Option<&Value> {
        self.json["history"].as_array()?.iter().rev().find(|entry| entry["event"] == event)
    }

    /// Alerts, or those of one event, as `channel: state`, sorted.
    #[must_use]
    pub fn alerts(&self, event: &str) -> Vec<String> {
        let alerts = self.json["alerts"].as_array().cloned().unwrap_or_default();
        let mut shown: Vec<String> = alerts
            .iter()
            .filter(|alert| alert["event"] == event)
            .map(|alert| {
                let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
                format!("{}: {}", text("channel"), text("state"))
            })
            .collect();
        shown.sort();
        shown
    }

    /// The alert to a channel about an event; the first if there are several.
    #[must_use]
    pub fn alert(&self, event: &str, channel: &str) -> &Value {
        let alerts = self.json["alerts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = alerts.iter().find(|alert| alert["event"] == event && alert["channel"] == channel);
        found.unwrap_or(&Value::Null)
    }

    /// Whether every delivery has come to an end.
    #[must_use]
    pub fn nothing_pending(&self) -> bool {
        self.deliveries().iter().all(|delivery| delivery["state"] != "pending")
    }

    /// Whether no first attempt is under way: each has arrived, or it is written down why not.
    #[must_use]
    pub fn all_attempted(&self) -> bool {
        self.deliveries().iter().all(|delivery| delivery["state"] != "pending" || delivery["last_error"].is_string())
    }

    fn deliveries(&self) -> Vec<Value> {
        let list = |name: &str| self.json[name].as_array().cloned().unwrap_or_default();
        [list("alerts"), list("messages")].concat()
    }

    /// What the gate says about a channel for following up.
    #[must_use]
    pub fn contact(&self, channel: &str) -> &Value {
        let ways = self.json["contact"].as_array().map(Vec::as_slice).unwrap_or_default();
        ways.iter().find(|way| way["channel"] == channel && way["purpose"] == "follow_up").unwrap_or(&Value::Null)
    }

    /// The state of every message to the customer.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let messages = self.json["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().map(|message| message["state"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// An instant of a document (RFC 3339).
#[must_use]
pub fn instant(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|at| at.with_timezone(&Utc))
}
