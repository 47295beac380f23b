//! What an alert says, before a channel puts it into its own form.

mod words;

pub(crate) use words::summary;

use super::group::Member;
use super::text;
use crate::access::Action;
use crate::config::{Config, Role};
use crate::dossier::Dossier;
use crate::stored::Stored;
use crate::view;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, Occasion};
use ringback_core::case::Case;
use ringback_core::consent::{ContactChannel, Decision};
use ringback_core::feedback::Feedback;
use ringback_core::rule::Priority;
use ringback_ledger::Record;
use serde_json::{Value, json};
use words::{facts, headline, no_longer_reached, tone};

/// An alert, in words. Texts of customers are tamed but not escaped: each channel escapes for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The name under which it is sent, the same over all attempts.
    pub id: String,
    /// What it is about.
    pub occasion: Occasion,
    /// `case.opened`, `deadline.warning`, `deadline.breached`, …
    pub event: &'static str,
    /// How soon people should look at it.
    pub priority: Priority,
    /// How it looks.
    pub tone: Tone,
    /// One line: what happened.
    pub headline: String,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// Facts, as label and text.
    pub facts: Vec<(&'static str, String)>,
    /// The page of the case.
    pub link: String,
    /// The link by which a reader takes the case, where nobody has.
    pub take: Option<String>,
    /// The company's name.
    pub company: String,
    /// What belongs together: the case's id.
    pub thread: String,
    /// The same for programs: `cases/…`.
    pub subject: String,
    /// What programs get to know.
    pub data: Value,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it is sent.
    pub now: DateTime<Utc>,
}

/// How an alert looks: red, amber, green.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A customer is unhappy, or a deadline has passed.
    Bad,
    /// A deadline comes near, or a customer is neither happy nor unhappy.
    Warn,
    /// A customer is happy, or something is done.
    Good,
}

impl Tone {
    /// The name of its style.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Good => "good",
        }
    }
}

impl Notice {
    /// Puts an alert into words for those who read what arrives at a channel; none when the answer has no case, and the alert
    /// speaks of one.
    #[must_use]
    pub fn new(
        config: &Config,
        record: &Record<Dossier>,
        delivery: &Delivery,
        audience: Role,
        contact: &[(ContactChannel, Option<Decision>)],
        id: String,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let Some(case) = &record.body.case else { return Self::without_case(config, record, delivery, id, now) };
        // Who may not read answers is shown none: neither what was written nor by whom.
        let personal = audience.may(Action::ReadFeedback);
        let reduced = if personal { record.body.feedback.clone() } else { impersonal(&record.body.feedback) };
        let feedback = &reduced;
        let (headline, about, at) = headline(&delivery.occasion, case, feedback, now);
        let link = format!("{}/desk/cases/{}", config.public_url, record.eid);
        Some(Self {
            id,
            event: delivery.occasion.event_name(),
            occasion: delivery.occasion.clone(),
            priority: case.priority,
            tone: tone(&delivery.occasion, feedback),
            comment: feedback.comment.as_deref().map(|c| text::tame(c).trim().to_owned()).filter(|c| !c.is_empty()),
            facts: facts(case, feedback, personal, contact, now),
            company: config.name.clone(),
            thread: record.eid.clone(),
            subject: format!("cases/{}", record.eid),
            data: data(record, case, feedback, &headline, about, &link),
            headline,
            link,
            take: None,
            at,
            now,
        })
        .map(|notice| notice.about_trouble(record))
    }

    /// The message about a group, in place of one alert of it.
    pub(super) fn about_group(mut self, public_url: &str, members: &[Member]) -> Self {
        const SHOWN: usize = 8;
        const LISTED: usize = 100;
        let page = |member: &Member| {
            let case = member.name.split('/').next().unwrap_or_default();
            format!("{public_url}/desk/cases/{case}")
        };
        self.headline = format!("{} alerts, the latest: {}", members.len(), self.headline);
        self.comment = None;
        self.take = None;
        let latest = members.iter().rev().take(SHOWN);
        self.facts = latest.map(|member| ("Case", format!("{}: {}", member.says, page(member)))).collect();
        if members.len() > SHOWN {
            self.facts.push(("And", format!("{} more", members.len() - SHOWN)));
        }
        let cases = members
            .iter()
            .rev()
            .take(LISTED)
            .rev()
            .map(|member| json!({ "headline": member.says, "link": page(member) }));
        self.data = json!({ "headline": self.headline, "link": self.link, "cases": cases.collect::<Vec<_>>() });
        self
    }

    /// An alert about a channel, for an answer that has no case.
    fn without_case(
        config: &Config,
        record: &Record<Dossier>,
        delivery: &Delivery,
        id: String,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let Occasion::ChannelOff(channel) = &delivery.occasion else { return None };
        let notice = Self {
            id,
            event: delivery.occasion.event_name(),
            occasion: delivery.occasion.clone(),
            priority: Priority::High,
            tone: Tone::Bad,
            headline: no_longer_reached(channel),
            comment: None,
            facts: Vec::new(),
            company: config.name.clone(),
            thread: record.eid.clone(),
            subject: format!("channels/{channel}"),
            data: Value::Null,
            link: format!("{}/desk/admin", config.public_url),
            take: None,
            at: now,
            now,
        };
        Some(notice.about_trouble(record))
    }

    /// An alert about a channel speaks of the channel, not of the customer.
    fn about_trouble(mut self, record: &Record<Dossier>) -> Self {
        if let Occasion::ChannelOff(channel) = &self.occasion {
            let letters = record.body.messages.iter().map(|message| &message.delivery);
            let refused = |d: &&Delivery| d.channel == *channel && d.last_error.is_some();
            let letter = letters.rev().find(refused);
            let refused = record.body.alerts.iter().rev().find(refused).or(letter);
            let why = refused.and_then(|d| d.last_error.clone()).unwrap_or_else(|| "not known".to_owned());
            let undelivered = if letter.is_some() { "a message to a customer" } else { "the alert of this case" };
            self.comment = None;
            self.priority = Priority::High;
            self.data = json!({ "channel": channel.as_str(), "why": why, "link": self.link });
            self.facts = vec![
                ("Channel", channel.to_string()),
                ("Why", why),
                (
                    "Meanwhile",
                    "it is switched off; what is to leave by it waits, for about three days at most".to_owned(),
                ),
                ("What to do", format!("correct its address or key, then run: cargo xtask channel test {channel}")),
                ("Not delivered", undelivered.to_owned()),
            ];
        }
        self
    }

    /// What can be opened from it, as title and address.
    #[must_use]
    pub fn links(&self) -> Vec<(&'static str, String)> {
        let take = self.take.clone().map(|link| ("Take the case", link));
        let title = if self.subject.starts_with("cases/") { "Open the case" } else { "Open the desk" };
        std::iter::once((title, self.link.clone())).chain(take).collect()
    }

    /// The alert as plain text, with a comment of its reader's length.
    #[must_use]
    pub fn plain(&self, comment: Option<&str>) -> String {
        let mut lines = vec![self.headline.clone()];
        lines.extend(comment.map(|comment| format!("“{comment}”")));
        lines.extend(self.facts.iter().map(|(label, fact)| format!("{label}: {fact}")));
        lines.extend(self.links().into_iter().map(|(title, url)| format!("{title}: {url}")));
        lines.join("\n")
    }

    /// Writes it as JSON of at most `max` bytes: with the comment's first `characters`, or as many fewer as it takes.
    #[must_use]
    pub fn within(&self, max: usize, characters: usize, write: &dyn Fn(Option<&str>) -> Value) -> Vec<u8> {
        let mut length = characters;
        loop {
            let comment = self.comment.as_deref().map(|comment| text::shorten(comment, length));
            let body = write(comment.as_deref().filter(|_| length > 1)).to_string().into_bytes();
            if body.len() <= max || length <= 1 {
                return body;
            }
            length = length.min(self.comment.as_deref().map_or(0, |c| c.chars().count())) * 3 / 4;
        }
    }
}

/// What is left of an answer for those who may not read answers.
fn impersonal(f: &Feedback) -> Feedback {
    let mut reduced = f.clone();
    reduced.redact();
    reduced
}

fn data(
    record: &Record<Dossier>,
    case: &Case,
    feedback: &Feedback,
    headline: &str,
    about: Option<String>,
    link: &str,
) -> Value {
    json!({
        "headline": headline,
        "about": about,
        "link": link,
        "case": {
            "id": record.eid,
            "state": case.state.as_str(),
            "track": case.track.as_str(),
            "priority": case.priority.as_str(),
            "queue": case.queue.as_str(),
            "opened_at": case.opened_at.store(),
            "first_contact_due_at": case.first_contact.due_at.store(),
            "closure_due_at": case.closure.due_at.store(),
        },
        "feedback": view::feedback(&record.eid, feedback),
    })
}

/// An alert as tests need one.
#[cfg(test)]
pub(super) fn sample(comment: &str) -> Notice {
    Notice {
        id: "id".into(),
        occasion: Occasion::Opened,
        event: "case.opened",
        priority: Priority::High,
        tone: Tone::Bad,
        headline: "Detractor 3/10 at checkout".into(),
        comment: Some(text::tame(comment)),
        facts: vec![("Customer", "A <b> & c".into())],
        link: "http://127.0.0.1:3000/desk/cases/x".into(),
        take: None,
        company: "Shop".into(),
        thread: "x".into(),
        subject: "cases/x".into(),
        data: json!({}),
        at: DateTime::UNIX_EPOCH,
        now: DateTime::UNIX_EPOCH,
    }
}
