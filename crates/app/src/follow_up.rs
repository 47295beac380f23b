//! What happens to an answer after it is stored: what is counted, which timers run, what a timer does when it is due,
//! and what a later post of the same answer changes. The application's half of the ledger; pure.

use crate::config::Config;
use crate::dossier::{Dossier, Job, VERSION};
use crate::time::{day_of, from_unix, unix};
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, Due, Occasion};
use ringback_core::case::{Case, DueStep};
use ringback_core::deadline::Step as ClockStep;
use ringback_core::feedback::Feedback;
use ringback_core::id::RouteId;
use ringback_core::rule::first_match;
use ringback_ledger::{Count, Plan, Program, Record, Step, Timer};
use std::rc::Rc;

/// The programme at work.
#[derive(Clone)]
pub struct FollowUp {
    config: Rc<Config>,
}

impl FollowUp {
    /// Follows up by a programme.
    #[must_use]
    pub const fn new(config: Rc<Config>) -> Self {
        Self { config }
    }

    /// Decides what an answer sets in motion.
    #[must_use]
    pub fn open(&self, feedback: Feedback) -> Dossier {
        let now = feedback.received_at;
        let rule = first_match(&self.config.rules, &feedback);
        let policy = rule.and_then(|r| r.then.deadlines.as_ref()).and_then(|id| self.config.policies.get(id));
        let case = rule.zip(policy).and_then(|(rule, policy)| Case::open(rule, policy, &self.config.hash, now));
        let route = rule.filter(|_| case.is_some()).and_then(|r| r.then.alert.as_ref());
        let alerts = route.map(|route| self.alerts(route, &Occasion::Opened)).unwrap_or_default();
        Dossier { v: VERSION, feedback, case, alerts, messages: Vec::new() }
    }

    /// One delivery for every channel of a route.
    fn alerts(&self, route: &RouteId, occasion: &Occasion) -> Vec<Delivery> {
        let channels = self.config.routes.get(route).map(Vec::as_slice).unwrap_or_default();
        channels.iter().map(|channel| Delivery::first_attempt(occasion.clone(), channel.clone(), None)).collect()
    }

    /// What is to happen when the answer is sealed.
    #[must_use]
    pub fn plan(&self, dossier: &Dossier) -> Plan {
        let now = dossier.feedback.received_at;
        let mut plan = Plan { counts: counts(&dossier.feedback, 1), ..Plan::default() };
        plan.timers.extend(clock_timer(dossier));
        for delivery in &dossier.alerts {
            let job = Job::Delivery(delivery.id.clone()).to_text();
            plan.timers.push(Timer { due: unix(delivery.look_again_at(now)), job: job.clone() });
            plan.now.push(job);
        }
        plan
    }

    fn fire_clocks(&self, dossier: &Dossier, now: DateTime<Utc>) -> Option<Step<Dossier>> {
        let mut body = dossier.clone();
        let case = body.case.as_mut()?;
        case.next_deadline_step()?;
        let due = case.advance_clocks(now);
        let mut step = Step::of(body);
        for DueStep { clock, step: taken, route } in due {
            let occasion = match taken {
                ClockStep::Warn => Occasion::Warning(clock),
                ClockStep::Escalate(level) => Occasion::Breached(clock, level),
            };
            for delivery in self.alerts(&route, &occasion) {
                send(&mut step, &delivery, now);
                step.body.alerts.push(delivery);
            }
        }
        step.timers.extend(clock_timer(&step.body));
        Some(step)
    }
}

/// Adds what a delivery needs whose first attempt is made now: the hand-over, and the timer that looks again.
pub fn send(step: &mut Step<Dossier>, delivery: &Delivery, now: DateTime<Utc>) {
    let job = Job::Delivery(delivery.id.clone()).to_text();
    step.timers.push(Timer { due: unix(delivery.look_again_at(now)), job: job.clone() });
    step.now.push(job);
}

fn clock_timer(dossier: &Dossier) -> Option<Timer> {
    let at = dossier.case.as_ref()?.next_deadline_step()?;
    Some(Timer { due: unix(at), job: Job::Clocks.to_text() })
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
            step.body.note_undelivered(id, now);
        }
    }
    Some(step)
}

/// What the projections count of an answer: how many there are, per band and per score, by day of receipt (UTC), survey,
/// touchpoint, country and segment.
fn counts(feedback: &Feedback, add: i64) -> Vec<Count> {
    let part = |text: Option<&str>| text.unwrap_or("-").replace('|', "/");
    let row = [
        feedback.survey.as_str().to_owned(),
        feedback.touchpoint.as_str().to_owned(),
        part(feedback.country.as_deref()),
        part(feedback.segment.as_deref()),
    ]
    .join("|");
    let day = day_of(feedback.received_at);
    let fields = [feedback.band.as_str().to_owned(), format!("s{}", feedback.score.get())];
    fields.into_iter().map(|field| Count { day, row: row.clone(), field, add }).collect()
}

impl Program for FollowUp {
    type Body = Dossier;

    fn merge(&self, record: &Record<Dossier>, update: Dossier, now: u64) -> Step<Dossier> {
        let now = from_unix(now);
        let mut step = Step::of(record.body.clone());
        let changes = step.body.feedback.merge(update.feedback, now);
        if changes.is_empty() {
            return step;
        }
        step.counts = recount(&record.body.feedback, &step.body.feedback);
        if let Some(case) = &mut step.body.case {
            case.record(now, ringback_core::case::SYSTEM, "feedback.updated", Some(changes.join(", ")), None);
            return step;
        }
        // What was not worth a case before may be one now.
        let Dossier { case, alerts, .. } = self.open(Feedback { received_at: now, ..step.body.feedback.clone() });
        step.body.case = case;
        for delivery in alerts {
            send(&mut step, &delivery, now);
            step.body.alerts.push(delivery);
        }
        step.timers.extend(clock_timer(&step.body));
        step
    }

    fn redact(&self, body: &mut Dossier) {
        body.redact();
    }

    fn fire(&self, record: &Record<Dossier>, job: &str, now: u64) -> Option<Step<Dossier>> {
        let now = from_unix(now);
        match Job::from_text(job)? {
            Job::Clocks => self.fire_clocks(&record.body, now),
            Job::Delivery(id) => fire_delivery(&record.body, &id, now),
        }
    }
}

/// Takes the old answer out of the counts and puts the new one in, when that makes a difference.
fn recount(before: &Feedback, after: &Feedback) -> Vec<Count> {
    let (old, new) = (counts(before, -1), counts(after, 1));
    let same = old.iter().zip(&new).all(|(a, b)| a.row == b.row && a.field == b.field);
    if same { Vec::new() } else { [old, new].concat() }
}
