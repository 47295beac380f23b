//! Who works a case when more arrives than can be worked: the decision and its reason, and a lead's overruling it.
//!
//! The decision itself is `queue`'s.

use super::{Case, SYSTEM, State};
use crate::deadline::{ClockKind, DeadlineClock};
use crate::rule::Track;
use chrono::{DateTime, Utc};

/// What was decided about who works a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allotment {
    /// The value of the customer's tier times the severity of the case.
    pub worth: u32,
    /// The track that the rule has meant.
    pub track: Track,
    /// When it was decided; not yet when absent.
    pub decided_at: Option<DateTime<Utc>>,
    /// Who got it; nobody: automation.
    pub to: Option<String>,
    /// Why, in words.
    pub why: Option<String>,
}

impl Case {
    /// Asks its queue for a person.
    pub fn ask_for_person(&mut self, worth: u32) {
        self.allotment = Some(Allotment { worth, track: self.track, decided_at: None, to: None, why: None });
    }

    /// Whether it has asked for a person, and nothing is decided yet.
    #[must_use]
    pub fn awaits_person(&self) -> bool {
        self.allotment.as_ref().is_some_and(|allotment| allotment.decided_at.is_none())
    }

    /// Whether it went to automation because nobody had room: no clock runs, nobody is told.
    #[must_use]
    pub fn is_automated(&self) -> bool {
        self.track == Track::Automation
            && self.allotment.as_ref().is_some_and(|allotment| allotment.decided_at.is_some() && allotment.to.is_none())
    }

    /// Whether it may still lose its place: nobody has begun to work it, and no lead has given it to somebody else. A case
    /// that has not been told of its place yet may lose it, too.
    #[must_use]
    pub fn may_lose_place(&self) -> bool {
        let given = self.allotment.as_ref().and_then(|allotment| allotment.to.as_ref());
        self.state == State::New && (self.awaits_person() || given.is_some() && given == self.owner.as_ref())
    }

    /// Gives it to a person of its queue.
    pub fn give_to(&mut self, member: &str, why: &str, now: DateTime<Utc>) {
        self.decided(Some(member), why, now);
        self.owner = Some(member.to_owned());
        self.record(now, SYSTEM, "assigned", Some(format!("to {member}: {why}")), None);
    }

    /// Leaves it to whoever takes it: its queue gives nothing to anybody any more.
    pub fn leave_open(&mut self, why: &str, now: DateTime<Utc>) {
        self.allotment = None;
        self.record(now, SYSTEM, "assigned", Some(format!("to nobody: {why}")), None);
    }

    /// Whether somebody has come to it by themselves before anything was decided.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.state != State::New || self.owner.is_some()
    }

    /// Leaves it with whoever has taken it before it was given away.
    pub fn leave_with_owner(&mut self, now: DateTime<Utc>) {
        self.allotment = None;
        let owner = self.owner.as_deref().unwrap_or("nobody");
        let detail = format!("stays with {owner}: taken before it was given away");
        self.record(now, SYSTEM, "assigned", Some(detail), None);
    }

    /// Gives it to automation: nobody has room for it.
    pub fn automate(&mut self, why: &str, now: DateTime<Utc>) {
        self.decided(None, why, now);
        self.owner = None;
        self.track = Track::Automation;
        self.record(now, SYSTEM, "automated", Some(why.to_owned()), None);
    }

    fn decided(&mut self, to: Option<&str>, why: &str, now: DateTime<Utc>) {
        if let Some(allotment) = &mut self.allotment {
            allotment.decided_at = Some(now);
            allotment.to = to.map(str::to_owned);
            allotment.why = Some(why.to_owned());
        }
    }

    /// Takes it back from automation: the track is again what its rule has meant, and its clocks begin.
    pub(super) fn take_back(&mut self, who: &str, now: DateTime<Utc>) {
        if let Some(allotment) = &self.allotment {
            self.track = allotment.track;
        }
        self.first_contact = DeadlineClock::start(now, &self.policy, ClockKind::FirstContact);
        self.closure = DeadlineClock::start(now, &self.policy, ClockKind::Closure);
        self.record(now, who, "overruled", Some("taken back from automation".to_owned()), None);
    }

    /// The customer wants a person: the case is a person's again, whatever has become of it. False: they have asked before,
    /// and nobody has come to it yet.
    pub fn ask_for_human(&mut self, now: DateTime<Utc>) -> bool {
        let mut since = self.history.iter().rev().take_while(|entry| entry.who == SYSTEM || entry.who == CUSTOMER);
        if self.state == State::Merged || since.any(|entry| entry.event == ASKED) {
            return false;
        }
        if self.is_automated() {
            self.take_back(CUSTOMER, now);
        } else if matches!(self.state, State::Resolved | State::Informed | State::Closed) {
            self.reopen(now);
        }
        if self.track == Track::Automation {
            self.track = Track::Recovery;
        }
        self.record(now, CUSTOMER, ASKED, None, None);
        true
    }
}

/// The history's name for a customer who asked for a person.
const ASKED: &str = "person.asked";
/// The history's name for the customer.
const CUSTOMER: &str = "customer";
