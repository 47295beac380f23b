//! What happens to an answer after it is stored: what is counted, which timers run, what a timer does when it is due,
//! and what a later post of the same answer changes. The application's half of the ledger; pure.
//!
//! Nothing is sent here and nothing is read: who hands a delivery over is `deliver`'s.

mod alerts;
mod clocks;
mod consent;
mod correction;
mod messages;
mod opening;
mod repeat;

pub use alerts::tell;
pub use clocks::follow_clocks;

use crate::case::{MARKS, marks};
use crate::config::Config;
use crate::consent::refusals;
use crate::dossier::{Dossier, Job};
use crate::erasure::Criteria;
use crate::identity::Namer;
use crate::insights::counts;
use crate::stored::Stored as _;
use crate::time::{from_unix, unix};
use chrono::{DateTime, Utc};
use opening::fire_allotment;
use ringback_core::alert::{Delivery, Due};
use ringback_core::case::Case;
use ringback_core::message::MessageKind;
use ringback_ledger::{Count, PersonNote, Program, Record, Step, Timer};
use serde_json::Value;
use std::rc::Rc;

/// After how many seconds it is looked whether a job was done.
const SEE_AGAIN_S: u64 = 120;

/// Days after which it is asked again about an answer that is kept for ever.
const KEPT: u32 = 36_525;

/// The programme at work.
#[derive(Clone)]
pub struct FollowUp {
    config: Rc<Config>,
    namer: Namer,
}

impl FollowUp {
    /// Follows up by a programme.
    #[must_use]
    pub const fn new(config: Rc<Config>, namer: Namer) -> Self {
        Self { config, namer }
    }

    /// The step that a changed case makes: its clocks are followed, and the products that keep an incident for it hear
    /// what they must.
    #[must_use]
    pub fn step(&self, dossier: &Dossier, changed: Case, now: DateTime<Utc>) -> Step<Dossier> {
        let mut step = Step::of(Dossier { case: Some(changed), ..dossier.clone() });
        if let Some(before) = &dossier.case {
            follow_clocks(&mut step, Some(before));
            self.tell_incidents(&mut step, before.state, now);
        }
        step
    }
}

impl Program for FollowUp {
    type Body = Dossier;

    fn merge(&self, record: &Record<Dossier>, update: Dossier, now: u64) -> Step<Dossier> {
        self.correct(record, update.feedback, from_unix(now))
    }

    fn redact(&self, body: &mut Dossier) {
        body.redact();
    }

    fn outlives(&self, note: Value) -> Option<Value> {
        refusals(&note)
    }

    fn concerns(&self, record: &Record<Dossier>, criteria: &Value) -> bool {
        Criteria::restore(criteria).is_ok_and(|criteria| criteria.concern(record))
    }

    const MARKS: u8 = MARKS;

    fn marks(&self, eid: &str, body: &Dossier, form: u8) -> Vec<String> {
        marks(eid, body, form)
    }

    fn told(&self, merged: &Dossier, update: &Dossier, named: &[PersonNote]) -> Vec<PersonNote> {
        consent::told(&self.namer, merged, update, named)
    }

    fn expires(&self, record: &Record<Dossier>, _now: u64) -> Option<u64> {
        let case = record.body.case.as_ref();
        // A case for which nobody has room is nobody's work; what is being sent is not given up.
        let worked = case.is_some_and(|case| !case.state.is_over() && !case.is_automated());
        if worked || record.body.is_sending() {
            return None;
        }
        let days = self.config.retention.days_for(&record.body.feedback.survey, case.map(|case| case.track));
        Some(record.received + u64::from(days.unwrap_or(KEPT)) * 86_400)
    }

    fn undelivered(&self, body: &Dossier) -> Vec<String> {
        body.undelivered().map(|delivery| Job::Delivery(delivery.id.clone()).to_text()).collect()
    }

    fn counts(&self, body: &Dossier) -> Vec<Count> {
        counts(body)
    }

    fn fire(&self, record: &Record<Dossier>, job: &str, now: u64) -> Option<Step<Dossier>> {
        let now = from_unix(now);
        let job = Job::from_text(job)?;
        match &job {
            Job::Clocks(set_for) => self.fire_clocks(&record.body, *set_for, now),
            Job::Allot => fire_allotment(&record.body, now),
            Job::LookBack => again(record.body.looked_back_at.is_none(), &record.body, &job, now),
            Job::CarryOver => again(record.body.carried_over_at.is_none(), &record.body, &job, now),
            Job::Delivery(id) => fire_delivery(&record.body, id, now),
            Job::Ask(survey) => self.fire_ask(&record.body, survey, MessageKind::Invitation, now),
            Job::Remind(survey) => self.fire_ask(&record.body, survey, MessageKind::Reminder, now),
            Job::Chain(link, route) => self.fire_chain(&record.body, *link, route, now),
            Job::Repeat(number, channel) => self.fire_repeat(&record.body, *number, channel, now),
        }
    }
}

fn fire_delivery(dossier: &Dossier, id: &str, now: DateTime<Utc>) -> Option<Step<Dossier>> {
    let mut step = Step::of(dossier.clone());
    let delivery = step.body.delivery_mut(id)?;
    let job = Job::Delivery(id.to_owned()).to_text();
    match delivery.due(now) {
        Due::Nothing => return None,
        Due::Wait(until) => step.timers.push(Timer { due: unix(until), job }),
        Due::Attempt(look_again_at) => {
            delivery.begin_attempt();
            step.timers.push(Timer { due: unix(look_again_at), job: job.clone() });
            step.now.push(job);
        }
        Due::GiveUp => {
            delivery.give_up();
            note_undelivered(&mut step, id, now);
        }
    }
    Some(step)
}

/// A job that is not done yet is handed over once more.
fn again(open: bool, dossier: &Dossier, job: &Job, now: DateTime<Utc>) -> Option<Step<Dossier>> {
    open.then(|| {
        let mut step = Step::of(dossier.clone());
        see_to(&mut step, job, now);
        step
    })
}

/// Writes down that a delivery has ended without arriving, if it was a message to the customer; a case that is open again by
/// that has its clocks.
pub fn note_undelivered(step: &mut Step<Dossier>, delivery: &str, now: DateTime<Utc>) {
    let before = step.body.case.clone();
    step.body.note_undelivered(delivery, now);
    follow_clocks(step, before.as_ref());
}

/// Adds a job that is to be done now, and looked at again until it is.
pub fn see_to(step: &mut Step<Dossier>, job: &Job, now: DateTime<Utc>) {
    let job = job.to_text();
    step.timers.push(Timer { due: unix(now) + SEE_AGAIN_S, job: job.clone() });
    step.now.push(job);
}

/// Adds what a delivery needs whose first attempt is made now: the hand-over, and the timer that looks again.
pub fn send(step: &mut Step<Dossier>, delivery: &Delivery, now: DateTime<Utc>) {
    let job = Job::Delivery(delivery.id.clone()).to_text();
    step.timers.push(Timer { due: unix(delivery.look_again_at(now)), job: job.clone() });
    step.now.push(job);
}
