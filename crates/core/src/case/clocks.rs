//! What happens to both clocks of a case at once: they stand still, go on, and follow another policy; and a case that is
//! reopened gets a new closure clock.
//!
//! Whether a case may wait or be reopened is `transition`'s.

use super::Case;
use crate::deadline::{ClockKind, DeadlineClock, Policy};
use crate::id::PolicyId;
use chrono::{DateTime, Utc};

const BOTH: [ClockKind; 2] = [ClockKind::FirstContact, ClockKind::Closure];

impl Case {
    /// One of its clocks.
    #[must_use]
    pub const fn clock(&self, kind: ClockKind) -> &DeadlineClock {
        match kind {
            ClockKind::FirstContact => &self.first_contact,
            ClockKind::Closure => &self.closure,
        }
    }

    fn each_clock(&mut self, mut change: impl FnMut(&mut DeadlineClock, &Policy, ClockKind)) {
        for kind in BOTH {
            let clock = match kind {
                ClockKind::FirstContact => &mut self.first_contact,
                ClockKind::Closure => &mut self.closure,
            };
            change(clock, &self.policy, kind);
        }
    }

    /// Both clocks stand still from now on. They go on by themselves at `until`, or before with
    /// [`Case::resume_clocks`]. Clocks that stand still already go on standing still as they do.
    pub fn pause_clocks(&mut self, now: DateTime<Utc>, until: DateTime<Utc>) {
        self.each_clock(|clock, policy, kind| clock.pause(policy, kind, now, until));
    }

    /// Both clocks go on from now on, if they stood still.
    pub fn resume_clocks(&mut self, now: DateTime<Utc>) {
        self.each_clock(|clock, policy, kind| clock.resume(policy, kind, now));
    }

    /// A new closure clock with its whole time: nothing of what the old one has warned of or escalated counts, and
    /// nothing is due at once. That it was missed stays known. The first contact stays as it is.
    pub fn restart_closure(&mut self, now: DateTime<Utc>) {
        let late = |clock: &DeadlineClock| clock.met_at.filter(|met| *met > clock.due_at);
        let missed = self.closure.breached_at.or_else(|| late(&self.closure));
        self.closure_missed_at = self.closure_missed_at.or(missed);
        self.closure = DeadlineClock::start(now, &self.policy, ClockKind::Closure);
    }

    /// Both clocks follow another policy from now on: as if it had held from their start, with all their pauses, but no
    /// breach is dated back and none comes without the time that follows a warning.
    pub fn change_policy(&mut self, id: &PolicyId, policy: &Policy, now: DateTime<Utc>) {
        let policy = policy.as_of(self.opened_at);
        self.each_clock(|clock, old, kind| clock.follow(old, &policy, kind, now));
        self.policy_id = id.clone();
        self.policy = policy;
    }

    /// Why a clock is due when it is, in a sentence or two.
    #[must_use]
    pub fn why_due(&self, kind: ClockKind) -> String {
        if self.is_automated() {
            return "Nobody has room for the case, so no clock runs: it is for automation.".to_owned();
        }
        self.clock(kind).explain(&self.policy, &self.policy_id, kind)
    }
}
