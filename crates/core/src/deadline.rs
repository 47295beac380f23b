//! Closure deadlines: when a clock warns, when it is breached, and which escalation level comes when.
//!
//! Two clocks run on a case, independent of each other: first contact and closure. Time is wall time, or the business
//! time of a calendar; a clock stands still while its case waits. It only says what is due at an instant; timers are
//! the ledger's.

mod explain;
mod pause;

pub use pause::Pause;

use crate::calendar::Calendar;
use crate::id::RouteId;
use crate::names::named;
use chrono::{DateTime, TimeDelta, Utc};

/// What is done some time after a clock was breached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Seconds after the breach.
    pub after_s: u32,
    /// Who is told.
    pub route: RouteId,
}

/// By when, who is warned and who hears of a breach.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Seconds until the first contact is due.
    pub first_contact_s: u32,
    /// Seconds until the case must be closed.
    pub closure_s: u32,
    /// Share of the time, in 0–1, after which a warning goes out.
    pub warn_at: f64,
    /// Who is warned; nobody when absent.
    pub warn: Option<RouteId>,
    /// Levels, by rising `after_s`.
    pub escalations: Vec<Escalation>,
    /// Whose working time counts; none: wall time.
    pub calendar: Option<Calendar>,
}

impl Policy {
    /// The time that a clock gives, in seconds.
    #[must_use]
    pub const fn allowed_s(&self, clock: ClockKind) -> u32 {
        match clock {
            ClockKind::FirstContact => self.first_contact_s,
            ClockKind::Closure => self.closure_s,
        }
    }

    /// How much of it is used up when the warning goes out, in seconds.
    #[must_use]
    pub fn warn_s(&self, clock: ClockKind) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32 is a u32")]
        let seconds = (f64::from(self.allowed_s(clock)) * self.warn_at.clamp(0.0, 1.0)).round() as u32;
        seconds
    }

    /// The instant by which so many seconds of its time have passed.
    #[must_use]
    pub fn after(&self, from: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
        match &self.calendar {
            Some(calendar) => calendar.after(from, seconds),
            None => from + TimeDelta::seconds(i64::from(seconds)),
        }
    }

    /// Seconds of its time between two instants; none when `to` is not after `from`.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
        match &self.calendar {
            Some(calendar) => calendar.between(from, to),
            None => u32::try_from((to - from).num_seconds().max(0)).unwrap_or(u32::MAX),
        }
    }

    /// The same policy as a case remembers it that opens at an instant.
    #[must_use]
    pub fn as_of(&self, at: DateTime<Utc>) -> Self {
        Self { calendar: self.calendar.as_ref().map(|calendar| calendar.as_of(at)), ..self.clone() }
    }
}

/// The default of both clocks: 48 hours, the mark that goes with a better score at the next survey.
pub const DEFAULT_SECONDS: u32 = 48 * 3600;
/// The default share at which a warning goes out.
pub const DEFAULT_WARN_AT: f64 = 0.75;

/// Which of a case's two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockKind {
    /// Until somebody has reached the customer, or left a message.
    FirstContact,
    /// Until the case is closed.
    Closure,
}

named!(ClockKind { FirstContact = "first_contact", Closure = "closure" });

impl ClockKind {
    /// The clock's name as people write it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::FirstContact => "first contact",
            Self::Closure => "closure",
        }
    }
}

/// A clock that runs on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineClock {
    /// The deadline.
    pub due_at: DateTime<Utc>,
    /// When the warning goes out.
    pub warn_at: DateTime<Utc>,
    /// When it was met; the clock has stopped.
    pub met_at: Option<DateTime<Utc>>,
    /// When the warning went out.
    pub warned_at: Option<DateTime<Utc>>,
    /// The deadline, once it has passed without being met.
    pub breached_at: Option<DateTime<Utc>>,
    /// Escalation levels that have been reached, 0 before the first.
    pub level: u8,
    /// When it was started; unknown for a clock that an older version started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it stood still, oldest first. The last one may still last.
    pub pauses: Vec<Pause>,
}

/// What a clock calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The warning.
    Warn,
    /// An escalation; the first level is 1.
    Escalate(u8),
}

impl DeadlineClock {
    /// Starts a clock.
    #[must_use]
    pub fn start(at: DateTime<Utc>, policy: &Policy, kind: ClockKind) -> Self {
        Self {
            due_at: policy.after(at, policy.allowed_s(kind)),
            warn_at: policy.after(at, policy.warn_s(kind)),
            met_at: None,
            warned_at: None,
            breached_at: None,
            level: 0,
            started_at: Some(at),
            pauses: Vec::new(),
        }
    }

    /// Stops the clock, once.
    pub fn meet(&mut self, at: DateTime<Utc>) {
        self.met_at.get_or_insert(at);
    }

    /// The next instant at which the clock calls for something; none when it has stopped or all levels are reached.
    #[must_use]
    pub fn next_at(&self, policy: &Policy, kind: ClockKind) -> Option<DateTime<Utc>> {
        if self.met_at.is_some() {
            return None;
        }
        if self.warning_is_next(policy) {
            return Some(self.warn_at);
        }
        match policy.escalations.get(usize::from(self.level))?.after_s {
            0 => Some(self.due_at),
            after_s => Some(self.reached_at(policy, kind, policy.allowed_s(kind).saturating_add(after_s))),
        }
    }

    fn warning_is_next(&self, policy: &Policy) -> bool {
        self.warned_at.is_none() && self.level == 0 && policy.warn.is_some()
    }

    /// Takes every step that is due at `now`, and returns those that somebody must hear of, in order. A warning that is
    /// overtaken by its own breach (the system was down) is left out: it would only say what is no longer true.
    pub fn advance(&mut self, policy: &Policy, kind: ClockKind, now: DateTime<Utc>) -> Vec<Step> {
        let mut steps = Vec::new();
        while self.next_at(policy, kind).is_some_and(|at| at <= now) {
            if self.warning_is_next(policy) {
                self.warned_at = Some(now);
                steps.push(Step::Warn);
            } else {
                self.level += 1;
                self.breached_at = Some(self.due_at);
                steps.push(Step::Escalate(self.level));
            }
        }
        if steps.len() > 1 && steps[0] == Step::Warn {
            steps.remove(0);
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSURE: ClockKind = ClockKind::Closure;

    fn hours(h: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::hours(h)
    }

    fn policy() -> Policy {
        let lead = RouteId::new("lead").unwrap();
        Policy {
            first_contact_s: 24 * 3600,
            closure_s: DEFAULT_SECONDS,
            warn_at: DEFAULT_WARN_AT,
            warn: Some(RouteId::new("care").unwrap()),
            escalations: vec![
                Escalation { after_s: 0, route: lead.clone() },
                Escalation { after_s: 24 * 3600, route: lead },
            ],
            calendar: None,
        }
    }

    #[test]
    fn forty_eight_hours_warn_at_thirty_six_and_escalate_at_forty_eight_and_seventy_two() {
        let policy = policy();
        let mut clock = DeadlineClock::start(hours(0), &policy, CLOSURE);
        assert_eq!(clock.next_at(&policy, CLOSURE), Some(hours(36)));
        assert_eq!(clock.advance(&policy, CLOSURE, hours(36) - TimeDelta::seconds(1)), []);
        assert_eq!(clock.advance(&policy, CLOSURE, hours(36)), [Step::Warn]);
        assert_eq!(clock.advance(&policy, CLOSURE, hours(36)), []);
        assert_eq!(clock.next_at(&policy, CLOSURE), Some(hours(48)));
        assert_eq!(clock.advance(&policy, CLOSURE, hours(48)), [Step::Escalate(1)]);
        assert_eq!(clock.breached_at, Some(hours(48)));
        assert_eq!(clock.advance(&policy, CLOSURE, hours(72)), [Step::Escalate(2)]);
        assert_eq!(clock.next_at(&policy, CLOSURE), None);
    }

    #[test]
    fn a_clock_that_was_met_calls_for_nothing() {
        let policy = policy();
        let mut clock = DeadlineClock::start(hours(0), &policy, CLOSURE);
        clock.meet(hours(1));
        clock.meet(hours(2));
        assert_eq!(clock.met_at, Some(hours(1)));
        assert_eq!(clock.advance(&policy, CLOSURE, hours(100)), []);
    }

    #[test]
    fn after_a_long_outage_every_level_is_told_and_the_stale_warning_is_not() {
        let policy = policy();
        let mut clock = DeadlineClock::start(hours(0), &policy, CLOSURE);
        assert_eq!(clock.advance(&policy, CLOSURE, hours(200)), [Step::Escalate(1), Step::Escalate(2)]);
    }

    #[test]
    fn without_a_route_for_warnings_the_breach_comes_first() {
        let policy = Policy { warn: None, ..policy() };
        let clock = DeadlineClock::start(hours(0), &policy, CLOSURE);
        assert_eq!(clock.next_at(&policy, CLOSURE), Some(hours(48)));
    }
}
