//! What the preference page shows.

use super::words::Words;
use askama::Template;
use chrono::{DateTime, Utc};
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose, Statement, decide};
use ringback_core::feedback::Customer;
use ringback_core::names::Named;

/// The page.
#[derive(Template)]
#[template(path = "preferences/page.html")]
pub(super) struct Page<'a> {
    pub words: &'static Words,
    pub languages: &'static [Words],
    pub company: &'a str,
    /// The page's own path.
    pub base: String,
    /// What was done just now.
    pub notice: Option<&'static str>,
    pub groups: Vec<Group>,
    /// Whether a person can be asked for.
    pub person: bool,
    /// Whether a consent waits to be confirmed.
    pub confirm: bool,
}

/// Says one thing.
#[derive(Template)]
#[template(path = "preferences/notice.html")]
pub(super) struct Notice<'a> {
    pub words: &'static Words,
    pub company: &'a str,
    pub title: &'static str,
    pub text: &'static str,
}

/// The choices of one channel.
pub(super) struct Group {
    pub label: &'static str,
    pub choices: Vec<Choice>,
}

/// One channel for one purpose.
pub(super) struct Choice {
    /// `{channel}.{purpose}`
    pub name: String,
    pub label: &'static str,
    pub allowed: bool,
    pub state: String,
}

/// The choices that a person has: on every channel they can be reached on or ever spoke about.
pub(super) fn groups(words: &Words, customer: &Customer, said: &[Statement], now: DateTime<Utc>) -> Vec<Group> {
    let phone = customer.phone.is_some();
    let reachable = |channel| match channel {
        ContactChannel::Email => customer.email.is_some(),
        ContactChannel::Phone | ContactChannel::Sms => phone,
        ContactChannel::Post => false,
    };
    let shown = ContactChannel::ALL.iter().copied().filter(|c| reachable(*c) || said.iter().any(|s| s.channel == *c));
    let group = |channel| Group {
        label: words.channel(channel),
        choices: Purpose::ALL.iter().map(|purpose| choice(words, channel, *purpose, said, now)).collect(),
    };
    shown.map(group).collect()
}

fn choice(words: &Words, channel: ContactChannel, purpose: Purpose, said: &[Statement], now: DateTime<Utc>) -> Choice {
    let decision = decide(said, channel, purpose, now);
    let state = match &decision {
        Decision::Allowed(proof) => format!("{} {}", words.given, proof.given_at.format("%Y-%m-%d")),
        Decision::Blocked(Blocked::Withdrawn) => words.withdrawn.to_owned(),
        Decision::Blocked(Blocked::Refused) => words.refused.to_owned(),
        Decision::Blocked(Blocked::Expired) => words.expired.to_owned(),
        Decision::Blocked(Blocked::Pending) => words.pending.to_owned(),
        Decision::Blocked(Blocked::Unknown | Blocked::Unidentified | Blocked::Undeliverable) => {
            words.unknown.to_owned()
        }
    };
    Choice {
        name: name(channel, purpose),
        label: words.purpose(purpose),
        allowed: matches!(decision, Decision::Allowed(_)),
        state,
    }
}

/// A choice's name in the form.
pub(super) fn name(channel: ContactChannel, purpose: Purpose) -> String {
    format!("{}.{}", channel.as_str(), purpose.as_str())
}

/// The choice of a name.
pub(super) fn named(name: &str) -> Option<(ContactChannel, Purpose)> {
    let (channel, purpose) = name.split_once('.')?;
    Some((ContactChannel::from_name(channel)?, Purpose::from_name(purpose)?))
}
