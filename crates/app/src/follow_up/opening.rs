//! What an answer sets in motion: the case that the first matching rule opens, and what begins with it.
//!
//! What a later post of the same answer makes of a case is `correction`'s; who gets one is decided by `assignment`.

use super::alerts::{along, numbered};
use super::clocks::clock_timer;
use super::messages::awaits_confirmation;
use super::{FollowUp, send};
use crate::dossier::{Dossier, Job, Message, VERSION};
use crate::insights::counts;
use crate::time::unix;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, DeliveryState, Occasion};
use ringback_core::case::Case;
use ringback_core::feedback::Feedback;
use ringback_core::message::MessageKind;
use ringback_core::queue::severity;
use ringback_core::route::choose;
use ringback_core::rule::{Track, first_match};
use ringback_ledger::{Plan, Step, Timer};

/// After how many seconds it is asked again who gets a case.
const ASK_AGAIN_S: u64 = 60;

impl FollowUp {
    /// Decides what an answer sets in motion.
    #[must_use]
    pub fn open(&self, feedback: Feedback) -> Dossier {
        let now = feedback.received_at;
        let rule = first_match(&self.config.rules, &feedback);
        let policy = rule.and_then(|r| r.then.deadlines.as_ref()).and_then(|id| self.config.policies.get(id));
        let mut case = rule.zip(policy).and_then(|(rule, policy)| Case::open(rule, policy, &self.config.hash, now));
        if let Some(case) = &mut case {
            case.account_key = self.account_key(&feedback);
        }
        if let Some(case) = case.as_mut().filter(|case| self.gives_away(case)) {
            let tier = feedback.customer.tier.as_ref().and_then(|tier| self.config.tiers.get(tier));
            case.ask_for_person(tier.unwrap_or(&1) * severity(case.priority));
        }
        let route = rule.and_then(|r| r.then.alert.as_ref()).zip(case.as_ref());
        let route = route.and_then(|(route, case)| choose(&self.config.routes, route, case, &feedback, now));
        let alerts = route.map(|route| along(route, &Occasion::Opened)).unwrap_or_default();
        let mut dossier = Dossier {
            v: VERSION,
            feedback,
            case,
            alerts,
            messages: Vec::new(),
            looked_back_at: None,
            earlier: None,
            carried_over_at: None,
        };
        let message = rule.and_then(|r| r.then.message).and_then(|kind| self.message(&dossier, kind));
        dossier.messages.extend(message);
        if awaits_confirmation(&dossier.feedback) {
            let confirmation = self.message(&dossier, MessageKind::Confirmation);
            dossier.messages.extend(confirmation);
        }
        dossier
    }

    pub(super) fn account_key(&self, feedback: &Feedback) -> Option<String> {
        let id = feedback.account.as_ref()?.id.as_deref()?;
        Some(self.namer.account(id))
    }

    /// Whether a case is for a member of its queue, and nobody has it yet.
    fn gives_away(&self, case: &Case) -> bool {
        case.owner.is_none() && case.track != Track::Automation && self.config.queues.contains_key(&case.queue)
    }

    /// What is to happen when the answer is sealed.
    #[must_use]
    pub fn plan(&self, dossier: &Dossier) -> Plan {
        let now = dossier.feedback.received_at;
        let mut plan = Plan { counts: counts(dossier), ..Plan::default() };
        plan.again = Some(Job::LookBack.to_text());
        plan.timers.extend(clock_timer(dossier));
        plan.timers.extend(self.sequence_timers(dossier));
        dossier.messages.iter().for_each(|message| leaves(&mut plan, &message.delivery, now));
        if let Some((timer, job)) = allotment(dossier, now) {
            // Its alerts leave when it is decided who gets it.
            plan.timers.push(timer);
            plan.now.push(job);
            return plan;
        }
        plan.timers.extend(self.first_link(dossier, now));
        dossier.alerts.iter().for_each(|delivery| leaves(&mut plan, delivery, now));
        plan
    }

    /// What begins with a case: its messages, and its alerts, or the question who gets it.
    pub(super) fn begin(&self, step: &mut Step<Dossier>, opened: Dossier, now: DateTime<Utc>) {
        for message in opened.messages {
            let said = |m: &Message| m.kind == message.kind && m.delivery.state != DeliveryState::Skipped;
            let known = step.body.messages.iter().any(said);
            if let (Some(kind), false) = (message.kind, known) {
                self.write(step, kind, now);
            }
        }
        let asks = allotment(&step.body, now);
        for delivery in opened.alerts {
            let delivery = numbered(&step.body, delivery);
            if asks.is_none() {
                send(step, &delivery, now);
            }
            step.body.alerts.push(delivery);
        }
        match asks {
            Some((timer, job)) => {
                step.timers.push(timer);
                step.now.push(job);
            }
            None => step.timers.extend(self.first_link(&step.body, now)),
        }
    }
}

/// Adds to a plan what a delivery needs that leaves when the answer is sealed.
fn leaves(plan: &mut Plan, delivery: &Delivery, now: DateTime<Utc>) {
    let job = Job::Delivery(delivery.id.clone()).to_text();
    plan.timers.push(Timer { due: unix(delivery.look_again_at(now)), job: job.clone() });
    plan.now.push(job);
}

/// What a case needs that asks for a person: the question, and the timer that asks again.
fn allotment(dossier: &Dossier, now: DateTime<Utc>) -> Option<(Timer, String)> {
    dossier.case.as_ref().filter(|case| case.awaits_person())?;
    let job = Job::Allot.to_text();
    Some((Timer { due: unix(now) + ASK_AGAIN_S, job: job.clone() }, job))
}

pub(super) fn fire_allotment(dossier: &Dossier, now: DateTime<Utc>) -> Option<Step<Dossier>> {
    let (timer, job) = allotment(dossier, now)?;
    let mut step = Step::of(dossier.clone());
    step.timers.push(timer);
    step.now.push(job);
    Some(step)
}
