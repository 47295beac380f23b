//! A clock that stands still while its case waits, and one that is to follow another policy.
//!
//! A clock is its time used up: a pause remembers how much that was, and from its end the rest is counted. So what is
//! due when never depends on how often or how late anybody looked.

use super::{ClockKind, DeadlineClock, Policy};
use chrono::{DateTime, TimeDelta, Utc};

/// A time in which a clock stands still. One that has no length is where the clock was set anew by a change of policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Its begin.
    pub from: DateTime<Utc>,
    /// Its end; ahead as long as it lasts, and then the limit at which the clock goes on by itself.
    pub to: DateTime<Utc>,
    /// The clock's time that was used up when it began, in seconds.
    pub used_s: u32,
}

impl DeadlineClock {
    /// Whether it stands still at an instant.
    #[must_use]
    pub fn is_paused(&self, at: DateTime<Utc>) -> bool {
        self.met_at.is_none() && self.pauses.last().is_some_and(|pause| pause.to > at)
    }

    /// Lets it stand still from now on, until `until` or until it is resumed. Does nothing to a clock that stands still
    /// or has been met. A deadline that has passed stays where it is; the levels to come wait.
    pub fn pause(&mut self, policy: &Policy, kind: ClockKind, now: DateTime<Utc>, until: DateTime<Utc>) {
        if self.met_at.is_some() || self.is_paused(now) || until <= now {
            return;
        }
        let used_s = self.used_s(policy, kind, now);
        self.pauses.push(Pause { from: now, to: until, used_s });
        self.reckon(policy, kind, now);
    }

    /// Lets it go on, if it stands still.
    pub fn resume(&mut self, policy: &Policy, kind: ClockKind, now: DateTime<Utc>) {
        if !self.is_paused(now) {
            return;
        }
        if let Some(pause) = self.pauses.last_mut() {
            pause.to = now.max(pause.from);
            let from = pause.from;
            self.reckon(policy, kind, from);
        }
    }

    /// Follows another policy from now on; see [`crate::case::Case::change_policy`].
    pub(crate) fn follow(&mut self, old: &Policy, new: &Policy, kind: ClockKind, now: DateTime<Utc>) {
        if self.met_at.is_some() {
            return;
        }
        let (allowed_s, warn_s) = (new.allowed_s(kind), new.warn_s(kind));
        if self.due_at <= now {
            // What is breached stays breached; the levels to come are counted from here.
            self.set_anew(now, allowed_s);
            return;
        }
        let started = self.started_at.unwrap_or(self.due_at - TimeDelta::seconds(i64::from(old.allowed_s(kind))));
        let mut run = (started, 0);
        for pause in &mut self.pauses {
            pause.used_s = new.between(run.0, pause.from).saturating_add(run.1);
            run = (pause.to, pause.used_s);
        }
        self.started_at = Some(started);
        let used_s = new.between(run.0, now).saturating_add(run.1);
        if used_s > warn_s {
            self.set_anew(now, warn_s);
            run = (self.pauses.last().map_or(now, |pause| pause.to), warn_s);
        }
        self.due_at = new.after(run.0, allowed_s - run.1);
        if self.warned_at.is_none() {
            self.warn_at = if run.1 >= warn_s { run.0 } else { new.after(run.0, warn_s - run.1) };
        }
    }

    /// Writes down that so much counts as used up now. A pause that lasts goes on.
    fn set_anew(&mut self, now: DateTime<Utc>, used_s: u32) {
        let mut to = now;
        if let Some(lasting) = self.pauses.last_mut().filter(|pause| pause.to > now) {
            to = std::mem::replace(&mut lasting.to, now);
        }
        self.pauses.push(Pause { from: now, to, used_s });
    }

    /// Its time used up at an instant that is not before its last pause, in seconds.
    fn used_s(&self, policy: &Policy, kind: ClockKind, at: DateTime<Utc>) -> u32 {
        let allowed_s = policy.allowed_s(kind);
        match self.pauses.last() {
            Some(pause) => policy.between(pause.to, at).saturating_add(pause.used_s),
            None if at < self.due_at => allowed_s.saturating_sub(policy.between(at, self.due_at)),
            None => policy.between(self.due_at, at).saturating_add(allowed_s),
        }
    }

    /// When so much of its time is used up. Of what was used up before the last pause: when that pause began.
    pub(super) fn reached_at(&self, policy: &Policy, kind: ClockKind, used_s: u32) -> DateTime<Utc> {
        match self.pauses.last() {
            Some(pause) if used_s <= pause.used_s => pause.from,
            Some(pause) => policy.after(pause.to, used_s - pause.used_s),
            None => policy.after(self.due_at, used_s.saturating_sub(policy.allowed_s(kind))),
        }
    }

    /// Sets the deadline and the warning anew, as far as they were still ahead when the last pause began.
    fn reckon(&mut self, policy: &Policy, kind: ClockKind, paused: DateTime<Utc>) {
        if self.due_at > paused {
            self.due_at = self.reached_at(policy, kind, policy.allowed_s(kind));
        }
        if self.warn_at > paused {
            self.warn_at = self.reached_at(policy, kind, policy.warn_s(kind));
        }
    }
}

#[cfg(test)]
mod tests;
