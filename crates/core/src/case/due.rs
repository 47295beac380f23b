//! What a case calls for and when, and what waiting and reopening do to that.

use super::{Case, SYSTEM, State};
use crate::deadline::{ClockKind, DeadlineClock, Step};
use crate::id::RouteId;
use chrono::{DateTime, Utc};

/// What a case waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when at most; then its clocks go on.
    pub until: DateTime<Utc>,
    /// For what. May hold personal data.
    pub reason: String,
    /// Where it stood before, and stands again afterwards.
    pub from: State,
}

/// What a case calls for, and who is to hear of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueStep {
    /// A clock warns, or is breached.
    Clock {
        /// Which clock.
        clock: ClockKind,
        /// Warning or escalation.
        step: Step,
        /// Who hears of it.
        route: RouteId,
    },
    /// The customer is to be asked again.
    Survey,
}

impl Case {
    /// The next instant at which the case calls for something.
    #[must_use]
    pub fn next_deadline_step(&self) -> Option<DateTime<Utc>> {
        if self.state.is_over() {
            return self.survey_due_at;
        }
        if self.is_automated() {
            return None;
        }
        let next = |kind| self.clock(kind).next_at(&self.policy, kind);
        let limit = self.waiting.as_ref().map(|waiting| waiting.until);
        [limit, next(ClockKind::FirstContact), next(ClockKind::Closure)].into_iter().flatten().min()
    }

    /// By when something has to be done next: the earlier of the deadlines that are not met, or the end of waiting.
    #[must_use]
    pub fn due_next(&self) -> Option<DateTime<Utc>> {
        if self.state.is_over() || self.is_automated() {
            return None;
        }
        if let Some(waiting) = &self.waiting {
            return Some(waiting.until);
        }
        let open = |clock: &DeadlineClock| clock.met_at.is_none().then_some(clock.due_at);
        [open(&self.first_contact), open(&self.closure)].into_iter().flatten().min()
    }

    /// Takes every step that is due, writes it into the history and returns whom to tell.
    pub fn advance_clocks(&mut self, now: DateTime<Utc>) -> Vec<DueStep> {
        if let Some(until) = self.waiting.as_ref().map(|waiting| waiting.until).filter(|until| *until <= now) {
            self.end_waiting(until);
            self.record(now, SYSTEM, "waiting.ended", Some("its limit is reached".to_owned()), None);
        }
        if self.state.is_over() {
            return self.advance_survey(now);
        }
        let mut due = Vec::new();
        for clock in [ClockKind::FirstContact, ClockKind::Closure] {
            let running = match clock {
                ClockKind::FirstContact => &mut self.first_contact,
                ClockKind::Closure => &mut self.closure,
            };
            for step in running.advance(&self.policy, clock, now) {
                due.extend(self.route_of(step).map(|route| DueStep::Clock { clock, step, route }));
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

    fn advance_survey(&mut self, now: DateTime<Utc>) -> Vec<DueStep> {
        if self.survey_due_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.survey_due_at = None;
        self.record(now, SYSTEM, "survey.due", None, None);
        vec![DueStep::Survey]
    }

    pub(super) fn begin_waiting(&mut self, waiting: Waiting) {
        self.pause_clocks(waiting.since, waiting.until);
        self.state = State::Waiting;
        self.waiting = Some(waiting);
    }

    /// The clocks go on where they stopped. Nothing happens when the case does not wait.
    pub(super) fn end_waiting(&mut self, at: DateTime<Utc>) {
        if let Some(waiting) = self.waiting.take() {
            self.state = waiting.from;
            self.resume_clocks(at);
        }
    }

    /// What was done is to be worked again. A closed case gets a new closure clock, which has all its time before it.
    pub(super) fn reopen(&mut self, now: DateTime<Utc>) {
        if self.state == State::Closed {
            self.restart_closure(now);
        }
        self.state = State::Reopened;
        self.ended_at = None;
        self.survey_due_at = None;
        self.closed_without_informing = None;
        self.unreached.clear();
    }

    /// The case in which this one was to go on has ended before it was told: it is to be worked after all.
    pub fn undo_merge(&mut self, now: DateTime<Utc>) {
        if let Some(into) = self.merged_into.take() {
            self.reopen(now);
            self.record(now, SYSTEM, "merge.undone", Some(format!("{into} had ended by then")), None);
        }
    }

    /// When it was closed or merged; none while it is open. (A case that an older version closed knows it by its clock.)
    #[must_use]
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        let closed = || self.closure.met_at.unwrap_or(self.opened_at);
        self.state.is_over().then(|| self.ended_at.unwrap_or_else(closed))
    }
}
