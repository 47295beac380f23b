//! A case: the follow-up of one answer, from new to closed, with its two clocks and its history.
//!
//! Closing without telling the customer is not closing the loop: a case closes from *informed*, or from *resolved* with
//! a documented reason. Every change carries a note; history is only ever added to.

mod allot;
mod clocks;
mod corrected;
mod due;
mod event;
mod later;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod transition;

pub use allot::Allotment;
pub use due::{DueStep, Waiting};
pub use event::{CaseEvent, ContactOutcome, EventKind, Refused, Terms, money};
pub use later::Later;
pub use state::State;

use crate::consent::ContactChannel;
use crate::deadline::{ClockKind, DeadlineClock, Policy};
use crate::id::{PolicyId, QueueId, RuleId};
use crate::rule::{Action, Advocacy, Priority, Rule, Track};
use chrono::{DateTime, Utc};

/// One line of a case's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: the access token's name, or `ringback`.
    pub who: String,
    /// What: `opened`, an event's name, `deadline.warning`, …
    pub event: String,
    /// More about it, free of personal data.
    pub detail: Option<String>,
    /// What the person wrote. May hold personal data.
    pub note: Option<String>,
}

/// The history's name for the system itself.
pub const SYSTEM: &str = "ringback";
/// So many later posts of the same response get a line of their own in the history.
const MOST_UPDATES: usize = 20;

/// A part that a department does while the case goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The first is 1.
    pub number: u32,
    /// Who does it.
    pub department: QueueId,
    /// What is to be done. May hold personal data.
    pub what: String,
    /// When it was asked for.
    pub opened_at: DateTime<Utc>,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
}

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Rises by one with every change; what `If-Match` compares.
    pub version: u64,
    /// Where it stands.
    pub state: State,
    /// How it is followed up.
    pub track: Track,
    /// How soon.
    pub priority: Priority,
    /// Which queue it waits in.
    pub queue: QueueId,
    /// Who works it.
    pub owner: Option<String>,
    /// What was decided about who works it, where its queue gives its cases to its members.
    pub allotment: Option<Allotment>,
    /// What a promoter is asked for, on the advocacy track.
    pub advocacy: Option<Advocacy>,
    /// The rule that opened it.
    pub rule: RuleId,
    /// Hash of the configuration that opened it.
    pub configuration: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Its deadline policy's name.
    pub policy_id: PolicyId,
    /// Its deadline policy as it was when the case opened: a later change of the programme moves no running deadline.
    pub policy: Policy,
    /// Until the first contact.
    pub first_contact: DeadlineClock,
    /// Until it is closed.
    pub closure: DeadlineClock,
    /// When a closure clock was missed that was replaced since, by reopening.
    pub closure_missed_at: Option<DateTime<Utc>>,
    /// Why the customer was unhappy, once it is resolved.
    pub root_cause: Option<String>,
    /// What was done about it.
    pub remedy: Option<String>,
    /// Why it was closed without telling the customer.
    pub closed_without_informing: Option<String>,
    /// What its remedies cost in goodwill, all together, in hundredths of the programme's currency.
    pub goodwill: Option<u64>,
    /// What is waited for, while it is.
    pub waiting: Option<Waiting>,
    /// Attempts in a row that reached nobody.
    pub unreached: Vec<DateTime<Utc>>,
    /// Parts that departments do.
    pub tasks: Vec<Task>,
    /// When it was closed, or merged into another; none while it is open.
    pub ended_at: Option<DateTime<Utc>>,
    /// The case in which it goes on.
    pub merged_into: Option<String>,
    /// Cases that go on in this one.
    pub merged: Vec<String>,
    /// Later answers of the same customer, oldest first.
    pub later: Vec<Later>,
    /// When a later answer showed that the customer is won back.
    pub recovered_at: Option<DateTime<Utc>>,
    /// When the customer is to be asked again; none when that is done, or not wanted.
    pub survey_due_at: Option<DateTime<Utc>>,
    /// The customer's account, by a keyed hash of its number.
    pub account_key: Option<String>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
}

impl Case {
    /// Opens the case that a rule calls for; none when the rule's track is `none`.
    #[must_use]
    pub fn open(rule: &Rule, policy: &Policy, configuration: &str, now: DateTime<Utc>) -> Option<Self> {
        let Action { track, priority, queue: Some(queue), deadlines: Some(policy_id), owner, advocacy, .. } =
            &rule.then
        else {
            return None;
        };
        if *track == Track::None {
            return None;
        }
        let mut case = Self {
            version: 0,
            state: State::New,
            track: *track,
            priority: *priority,
            queue: queue.clone(),
            owner: owner.clone(),
            allotment: None,
            advocacy: *advocacy,
            rule: rule.id.clone(),
            configuration: configuration.to_owned(),
            opened_at: now,
            policy_id: policy_id.clone(),
            policy: policy.as_of(now),
            first_contact: DeadlineClock::start(now, policy, ClockKind::FirstContact),
            closure: DeadlineClock::start(now, policy, ClockKind::Closure),
            closure_missed_at: None,
            root_cause: None,
            remedy: None,
            closed_without_informing: None,
            goodwill: None,
            waiting: None,
            unreached: Vec::new(),
            tasks: Vec::new(),
            ended_at: None,
            merged_into: None,
            merged: Vec::new(),
            later: Vec::new(),
            recovered_at: None,
            survey_due_at: None,
            account_key: None,
            history: Vec::new(),
        };
        case.record(now, SYSTEM, "opened", Some(format!("rule {}", rule.id)), None);
        Some(case)
    }

    /// Adds a line to the history and raises the version.
    pub fn record(&mut self, at: DateTime<Utc>, who: &str, event: &str, detail: Option<String>, note: Option<String>) {
        self.version += 1;
        self.history.push(HistoryEntry { at, who: who.to_owned(), event: event.to_owned(), detail, note });
    }

    /// Writes down what a later post of the same response changed. Whoever may answer may do so again and again: from the
    /// [`MOST_UPDATES`]th on such a line takes the place of the one before, if nothing happened since.
    pub fn record_update(&mut self, at: DateTime<Utc>, changes: String) {
        const UPDATED: &str = "feedback.updated";
        let updates = self.history.iter().filter(|entry| entry.event == UPDATED).count();
        if updates >= MOST_UPDATES && self.history.last().is_some_and(|last| last.event == UPDATED) {
            self.history.pop();
        }
        self.record(at, SYSTEM, UPDATED, Some(changes), None);
    }

    /// Writes down that the consent gate refused a contact.
    pub fn record_blocked_contact(&mut self, at: DateTime<Utc>, who: &str, channel: ContactChannel, reason: &str) {
        self.record(at, who, "contact.blocked", Some(format!("{channel}: {reason}")), None);
    }

    /// Writes down that a message to the customer will never arrive. Who has only been told by that message has not been
    /// told: where it was to inform, a case that was informed, or closed since, goes back to resolved.
    pub fn record_undelivered_message(&mut self, at: DateTime<Utc>, why: &str, informs: bool) {
        let told = self.state == State::Closed && self.closed_without_informing.is_none();
        if informs && (told || self.state == State::Informed) {
            if told {
                self.reopen(at);
            }
            self.state = State::Resolved;
        }
        self.record(at, SYSTEM, "message.undelivered", Some(why.to_owned()), None);
    }

    /// Removes what people wrote; what happened and when stays.
    pub fn redact(&mut self) {
        self.remedy = None;
        self.closed_without_informing = None;
        if let Some(waiting) = &mut self.waiting {
            waiting.reason.clear();
        }
        for task in &mut self.tasks {
            task.what.clear();
        }
        for entry in &mut self.history {
            entry.note = None;
        }
    }
}
