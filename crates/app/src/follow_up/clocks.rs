//! The timer that follows a case's clocks, and what is due when it fires.
//!
//! When a step is due is the core's to say; this sets the timer and sends what the step calls for.

use super::FollowUp;
use crate::dossier::{Dossier, Job};
use crate::time::unix;
use chrono::{DateTime, Utc};
use ringback_core::alert::Occasion;
use ringback_core::case::{Case, DueStep};
use ringback_core::deadline::Step as ClockStep;
use ringback_core::message::MessageKind;
use ringback_ledger::{Step, Timer};

impl FollowUp {
    /// Takes what the clocks call for. A timer that was set for another instant than the next step's is stale: waiting,
    /// resuming or another policy has moved the step since, and a timer for it has been set then.
    pub(super) fn fire_clocks(
        &self,
        dossier: &Dossier,
        set_for: Option<u64>,
        now: DateTime<Utc>,
    ) -> Option<Step<Dossier>> {
        let mut body = dossier.clone();
        let case = body.case.as_mut()?;
        let next = case.next_deadline_step()?;
        if set_for.is_some_and(|set_for| set_for != unix(next)) {
            return None;
        }
        let due = case.advance_clocks(now);
        let mut step = Step::of(body);
        for due in due {
            let (occasion, route) = match due {
                DueStep::Clock { clock, step: ClockStep::Warn, route } => (Occasion::Warning(clock), route),
                DueStep::Clock { clock, step: ClockStep::Escalate(level), route } => {
                    (Occasion::Breached(clock, level), route)
                }
                DueStep::Survey => {
                    let Some(survey) = &self.config.cases.survey else { continue };
                    let since = step.body.case.as_ref().and_then(|case| case.ended()).unwrap_or(now);
                    if let Some(asked) = &survey.survey {
                        self.ask(&mut step, MessageKind::Invitation, asked, since, now);
                    }
                    match &survey.route {
                        Some(route) => (Occasion::SurveyDue, route.clone()),
                        None => continue,
                    }
                }
            };
            self.alert(&mut step, self.of_today(&dossier.case, &occasion, &route), &occasion, now);
        }
        step.timers.extend(clock_timer(&step.body));
        Some(step)
    }
}

/// Adds the timer that a change of the case's clocks calls for.
pub fn follow_clocks(step: &mut Step<Dossier>, before: Option<&Case>) {
    let next = |case: Option<&Case>| case.and_then(Case::next_deadline_step);
    if next(step.body.case.as_ref()) != next(before) {
        step.timers.extend(clock_timer(&step.body));
    }
}

/// The timer for what the case's clocks call for next.
pub(super) fn clock_timer(dossier: &Dossier) -> Option<Timer> {
    let due = unix(dossier.case.as_ref()?.next_deadline_step()?);
    Some(Timer { due, job: Job::Clocks(Some(due)).to_text() })
}
