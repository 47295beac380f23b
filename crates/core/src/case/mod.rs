//! A case: the follow-up of one answer, from new to closed, with its two clocks and its history.
//!
//! Closing without telling the customer is not closing the loop: a case closes from *informed*, or from *resolved* with
//! a documented reason. Every change carries a note; history is only ever added to.

mod clocks;
mod transition;

pub use transition::{CaseEvent, ContactOutcome, EventKind, Refused};

use crate::consent::ContactChannel;
use crate::deadline::{ClockKind, DeadlineClock, Policy, Step};
use crate::id::{PolicyId, QueueId, RouteId, RuleId};
use crate::names::named;
use crate::rule::{Action, Priority, Rule, Track};
use chrono::{DateTime, Utc};

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Opened, nobody has taken it.
    New,
    /// Somebody has taken it.
    Acknowledged,
    /// The customer has been reached, or has a message.
    Contacted,
    /// The cause is known and remedied.
    Resolved,
    /// The customer knows what was done.
    Informed,
    /// Done.
    Closed,
}

named!(State {
    New = "new",
    Acknowledged = "acknowledged",
    Contacted = "contacted",
    Resolved = "resolved",
    Informed = "informed",
    Closed = "closed",
});

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
    /// Why the customer was unhappy, once it is resolved.
    pub root_cause: Option<String>,
    /// What was done about it.
    pub remedy: Option<String>,
    /// Why it was closed without telling the customer.
    pub closed_without_informing: Option<String>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// What a clock of a case calls for, and who is to hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueStep {
    /// Which clock.
    pub clock: ClockKind,
    /// Warning or escalation.
    pub step: Step,
    /// Who hears of it.
    pub route: RouteId,
}

impl Case {
    /// Opens the case that a rule calls for; none when the rule's track is `none`.
    #[must_use]
    pub fn open(rule: &Rule, policy: &Policy, configuration: &str, now: DateTime<Utc>) -> Option<Self> {
        let Action { track, priority, queue: Some(queue), deadlines: Some(policy_id), owner, .. } = &rule.then else {
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
            rule: rule.id.clone(),
            configuration: configuration.to_owned(),
            opened_at: now,
            policy_id: policy_id.clone(),
            policy: policy.as_of(now),
            first_contact: DeadlineClock::start(now, policy, ClockKind::FirstContact),
            closure: DeadlineClock::start(now, policy, ClockKind::Closure),
            root_cause: None,
            remedy: None,
            closed_without_informing: None,
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

    /// The next instant at which a clock calls for something.
    #[must_use]
    pub fn next_deadline_step(&self) -> Option<DateTime<Utc>> {
        let next = |kind| self.clock(kind).next_at(&self.policy, kind);
        [next(ClockKind::FirstContact), next(ClockKind::Closure)].into_iter().flatten().min()
    }

    /// Takes every step of both clocks that is due, writes it into the history and returns whom to tell.
    pub fn advance_clocks(&mut self, now: DateTime<Utc>) -> Vec<DueStep> {
        let mut due = Vec::new();
        for clock in [ClockKind::FirstContact, ClockKind::Closure] {
            let running = match clock {
                ClockKind::FirstContact => &mut self.first_contact,
                ClockKind::Closure => &mut self.closure,
            };
            for step in running.advance(&self.policy, clock, now) {
                due.extend(self.route_of(step).map(|route| DueStep { clock, step, route }));
                let event = match step {
                    Step::Warn => "deadline.warning",
                    Step::Escalate(_) => "deadline.breached",
                };
                let detail = match step {
                    Step::Warn => clock.label().to_owned(),
                    Step::Escalate(level) => format!("{}, level {level}", clock.label()),
                };
                self.record(now, SYSTEM, event, Some(detail), None);
            }
        }
        due
    }

    fn route_of(&self, step: Step) -> Option<RouteId> {
        match step {
            Step::Warn => self.policy.warn.clone(),
            Step::Escalate(level) => {
                self.policy.escalations.get(usize::from(level).checked_sub(1)?).map(|e| e.route.clone())
            }
        }
    }

    /// Writes down that the consent gate refused a contact.
    pub fn record_blocked_contact(&mut self, at: DateTime<Utc>, who: &str, channel: ContactChannel, reason: &str) {
        self.record(at, who, "contact.blocked", Some(format!("{channel}: {reason}")), None);
    }

    /// Writes down that a message to the customer will never arrive. Who has only been told by that message has not been
    /// told: an informed case goes back to resolved.
    pub fn record_undelivered_message(&mut self, at: DateTime<Utc>, why: &str) {
        if self.state == State::Informed {
            self.state = State::Resolved;
        }
        self.record(at, SYSTEM, "message.undelivered", Some(why.to_owned()), None);
    }

    /// Removes what people wrote; what happened and when stays.
    pub fn redact(&mut self) {
        self.remedy = None;
        self.closed_without_informing = None;
        for entry in &mut self.history {
            entry.note = None;
        }
    }
}
