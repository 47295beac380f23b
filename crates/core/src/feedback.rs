//! One answer of one customer, as the rules see it.

use crate::consent::Statement;
use crate::id::{SourceId, SurveyId, TouchpointId};
use crate::survey::{Band, Metric, Score};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

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

fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

impl Feedback {
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
        replace(&mut self.account, later.account);
        replace(&mut self.occurred_at, later.occurred_at);
        self.customer.merge(later.customer);
        self.answers.extend(later.answers);
        for statement in later.consent {
            // The platform repeats the answer to the consent question with every event.
            if !self.consent.iter().any(|known| known.says_the_same_as(&statement)) {
                self.consent.push(statement);
            }
        }
        if *self == before {
            return Vec::new();
        }
        self.updated_at = Some(now);
        self.changes_since(&before)
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
