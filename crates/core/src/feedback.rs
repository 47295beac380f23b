//! One answer of one customer, as the rules see it.

use crate::consent::Statement;
use crate::id::{SourceId, SurveyId, TouchpointId};
use crate::names::named;
use crate::survey::{Band, Metric, Score};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// Most further answers of one response, over all posts of it.
const MOST_ANSWERS: usize = 100;
/// Most that those may take in all, in bytes.
const MOST_ANSWER_BYTES: usize = 64 * 1024;
/// Most consent statements that are kept with an answer: the newest. All of them stand in the person's journal.
const MOST_STATEMENTS: usize = 20;

/// An answer to a survey, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Where it came from.
    pub source: SourceId,
    /// The survey it answers.
    pub survey: SurveyId,
    /// What the survey measures.
    pub metric: Metric,
    /// The score.
    pub score: Score,
    /// What the score means, by the thresholds in force when it was received.
    pub band: Band,
    /// What the customer wrote. Untrusted text.
    pub comment: Option<String>,
    /// Language of the answer, BCP 47.
    pub locale: Option<String>,
    /// Country, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// What of that nobody said: the programme's default stands in for it.
    pub assumed: Vec<Assumed>,
    /// How the survey reached the customer: web, email, sms, …
    pub channel: Option<String>,
    /// Where in the journey it was asked.
    pub touchpoint: TouchpointId,
    /// The customer's segment, in the company's own terms.
    pub segment: Option<String>,
    /// Who answered, where that is known.
    pub customer: Customer,
    /// The company the customer answers for, in business to business.
    pub account: Option<Account>,
    /// What the customer said about being contacted.
    pub consent: Vec<Statement>,
    /// Further answers, by question.
    pub answers: BTreeMap<String, Answer>,
    /// When the customer answered, where the sender says so.
    pub occurred_at: Option<DateTime<Utc>>,
    /// When Ringback took it.
    pub received_at: DateTime<Utc>,
    /// When a later post changed it.
    pub updated_at: Option<DateTime<Utc>>,
}

/// What the programme has a default for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumed {
    /// The country.
    Country,
    /// The language.
    Locale,
    /// The touchpoint.
    Touchpoint,
}

named!(Assumed { Country = "country", Locale = "locale", Touchpoint = "touchpoint" });

/// An answer to a further question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text. Untrusted.
    Text(String),
    /// Several choices. Untrusted.
    Choices(Vec<String>),
}

impl Answer {
    /// About what it takes in a record.
    fn bytes(&self) -> usize {
        match self {
            Self::Bool(_) | Self::Number(_) => 8,
            Self::Text(text) => text.len(),
            Self::Choices(chosen) => chosen.iter().map(|text| text.len() + 4).sum(),
        }
    }
}

/// Who answered. Every field is optional: an answer may be anonymous.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customer {
    /// The company's own number for the customer.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
    /// Value tier, in the company's own terms.
    pub tier: Option<String>,
}

impl Customer {
    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    fn merge(&mut self, later: Self) {
        replace(&mut self.id, later.id);
        replace(&mut self.name, later.name);
        replace(&mut self.email, later.email);
        replace(&mut self.phone, later.phone);
        replace(&mut self.tier, later.tier);
    }
}

/// The company behind a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The account's number.
    pub id: Option<String>,
    /// The account's name.
    pub name: Option<String>,
    /// What the customer does there.
    pub role: Option<String>,
    /// How high the customer stands there.
    pub level: Option<String>,
}

impl Account {
    fn merge(&mut self, later: Self) {
        replace(&mut self.id, later.id);
        replace(&mut self.name, later.name);
        replace(&mut self.role, later.role);
        replace(&mut self.level, later.level);
    }
}

fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

impl Feedback {
    /// Takes what nobody said, and an earlier post of the same response did, from there. True when that changes the country:
    /// the score means what it means there.
    pub fn stand_on(&mut self, earlier: &Self) -> bool {
        let assumes = |what| self.assumed.contains(&what);
        let (country, locale) = (assumes(Assumed::Country), assumes(Assumed::Locale));
        if assumes(Assumed::Touchpoint) {
            self.touchpoint.clone_from(&earlier.touchpoint);
        }
        if locale && earlier.locale.is_some() {
            self.locale.clone_from(&earlier.locale);
        }
        if country && earlier.country.is_some() && earlier.country != self.country {
            self.country.clone_from(&earlier.country);
            return true;
        }
        false
    }

    /// Takes over what a later post of the same response says; what it leaves out stays. Returns what changed, in words
    /// that carry no personal data, for the case's history; empty when nothing did.
    pub fn merge(&mut self, later: Self, now: DateTime<Utc>) -> Vec<String> {
        let before = self.clone();
        self.score = later.score;
        self.band = later.band;
        replace(&mut self.comment, later.comment);
        replace(&mut self.locale, later.locale);
        replace(&mut self.country, later.country);
        replace(&mut self.channel, later.channel);
        replace(&mut self.segment, later.segment);
        self.touchpoint = later.touchpoint;
        match (&mut self.account, later.account) {
            (Some(known), Some(later)) => known.merge(later),
            (known, later) => replace(known, later),
        }
        replace(&mut self.occurred_at, later.occurred_at);
        self.customer.merge(later.customer);
        self.answer_further(later.answers);
        self.assumed.retain(|what| later.assumed.contains(what));
        for mut statement in later.consent {
            let last = self.consent.iter().rev().find(|known| known.is_about_the_same_as(&statement));
            // The platform repeats the answer to the consent question with every event.
            if last.is_some_and(|last| last.says_the_same_as(&statement)) {
                continue;
            }
            // Whoever thought better of it within one answer did so after that no, whenever the answer was begun.
            if let Some(no) = last.filter(|last| !last.granted && statement.granted && statement.at <= last.at) {
                statement.at = no.at + TimeDelta::seconds(1);
            }
            self.consent.push(statement);
        }
        self.consent.drain(..self.consent.len().saturating_sub(MOST_STATEMENTS));
        if (Self { assumed: before.assumed.clone(), ..self.clone() }) == before {
            return Vec::new();
        }
        self.updated_at = Some(now);
        self.changes_since(&before)
    }

    /// Takes further answers as far as there is room: a response is one however often it is posted, and must stay of a size
    /// that every store takes.
    fn answer_further(&mut self, later: BTreeMap<String, Answer>) {
        let mut bytes: usize = self.answers.iter().map(|(question, answer)| question.len() + answer.bytes()).sum();
        for (question, answer) in later {
            let known = self.answers.get(&question).map(|known| question.len() + known.bytes());
            let after = bytes - known.unwrap_or(0) + question.len() + answer.bytes();
            if after <= MOST_ANSWER_BYTES && (known.is_some() || self.answers.len() < MOST_ANSWERS) {
                bytes = after;
                self.answers.insert(question, answer);
            }
        }
    }

    fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.score != before.score {
            changes.push(format!("score {} → {}", before.score.get(), self.score.get()));
        }
        if self.comment != before.comment {
            changes.push(if before.comment.is_none() { "comment added" } else { "comment changed" }.to_owned());
        }
        if self.customer != before.customer || self.account != before.account {
            changes.push("customer details changed".to_owned());
        }
        if self.consent != before.consent {
            changes.push("consent statement added".to_owned());
        }
        if changes.is_empty() {
            changes.push("further answers changed".to_owned());
        }
        changes
    }

    /// Removes everything that says who answered or what they wrote; what is counted stays.
    pub fn redact(&mut self) {
        self.comment = None;
        self.customer = Customer { tier: self.customer.tier.take(), ..Customer::default() };
        self.account = None;
        self.answers.clear();
        self.consent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::tests::feedback;
    use crate::consent::{ContactChannel, Purpose, Vouched};

    #[test]
    fn a_response_stays_of_a_size_however_often_it_is_posted() {
        let mut stored = feedback(3);
        let now = stored.received_at;
        for post in 0..300_u32 {
            let mut later = feedback(3);
            let question = |n: u32| format!("q-{post}-{n}");
            later.answers = (0..20).map(|n| (question(n), Answer::Text("x".repeat(1_000)))).collect();
            later.consent = vec![Statement {
                channel: ContactChannel::Email,
                purpose: Purpose::FollowUp,
                granted: true,
                wording: Some(format!("w-{post}")),
                language: None,
                source: "shop".to_owned(),
                at: now,
                expires_at: None,
                vouched: Vouched::Nobody,
            }];
            let _ = stored.merge(later, now);
        }
        let bytes: usize = stored.answers.iter().map(|(question, answer)| question.len() + answer.bytes()).sum();
        assert!(stored.answers.len() <= MOST_ANSWERS && bytes <= MOST_ANSWER_BYTES, "{bytes}");
        assert!(stored.answers.contains_key("q-0-0"), "what was there stays");
        assert_eq!(stored.consent.last().and_then(|s| s.wording.as_deref()), Some("w-299"), "the newest is kept");
        assert_eq!(stored.consent.len(), MOST_STATEMENTS);
        let again = BTreeMap::from([("q-0-0".to_owned(), Answer::Bool(true))]);
        let _ = stored.merge(Feedback { answers: again, ..feedback(3) }, now);
        assert_eq!(stored.answers["q-0-0"], Answer::Bool(true), "a known question may be answered anew");
    }

    #[test]
    fn what_nobody_said_takes_the_place_of_nothing_that_somebody_did() {
        let said = Feedback { country: Some("AT".into()), locale: Some("de-AT".into()), ..feedback(3) };
        let assumed = vec![Assumed::Country, Assumed::Locale];
        let left_out = Feedback { country: Some("DE".into()), locale: Some("en".into()), assumed, ..feedback(3) };
        let mut later = left_out.clone();
        assert!(later.stand_on(&said), "the score is to be judged anew");
        let mut stored = said.clone();
        assert!(stored.merge(later, said.received_at).is_empty());
        assert_eq!((stored.country.as_deref(), stored.locale.as_deref()), (Some("AT"), Some("de-AT")));
        let mut later = said.clone();
        assert!(!later.stand_on(&left_out));
        let mut stored = left_out;
        let _ = stored.merge(later, said.received_at);
        assert_eq!((stored.country.as_deref(), stored.assumed.len()), (Some("AT"), 0), "now somebody has said it");
    }
}
