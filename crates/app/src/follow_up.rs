//! What happens to an answer after it is stored: what is counted, which timers run, what a timer does when it is due,
//! and what a later post of the same answer changes. The application's half of the ledger; pure.

mod repeat;

use crate::case::marks;
use crate::config::Config;
use crate::consent::refusals;
use crate::dossier::{Dossier, Job, Message, VERSION};
use crate::erasure::Criteria;
use crate::identity::Namer;
use crate::insights::counts;
use crate::stored::Stored as _;
use crate::time::{from_unix, unix};
use chrono::{DateTime, TimeDelta, Utc};
use ringback_core::alert::{Delivery, DeliveryState, Due, Occasion, Outcome};
use ringback_core::case::{Case, DueStep, State};
use ringback_core::consent::{ContactChannel, Statement, Vouched};
use ringback_core::deadline::Step as ClockStep;
use ringback_core::feedback::{Customer, Feedback};
use ringback_core::id::{ChannelId, RouteId, SurveyId};
use ringback_core::message::MessageKind;
use ringback_core::queue::severity;
use ringback_core::route::{LONGEST_CHAIN, Route, choose};
use ringback_core::rule::{Track, first_match};
use ringback_ledger::{Count, MOST_PEOPLE, PersonNote, Plan, Program, Record, Step, Timer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::rc::Rc;

/// After how many seconds it is asked again who gets a case.
const ASK_AGAIN_S: u64 = 60;
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
        let alerts = route.map(|route| alerts(route, &Occasion::Opened)).unwrap_or_default();
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

    /// The next message to the customer; none where they cannot be written to.
    #[must_use]
    pub fn message(&self, dossier: &Dossier, kind: MessageKind) -> Option<Message> {
        let channel = self.config.messages.channel.clone()?;
        dossier.feedback.customer.email.as_ref()?;
        let number = dossier.messages.len() + 1;
        Some(Message::of_template(kind, Delivery::first_attempt(Occasion::Message, channel, Some(number))))
    }

    /// Adds a message to the customer, where they can be written to, and sends it.
    pub(crate) fn write(&self, step: &mut Step<Dossier>, kind: MessageKind, now: DateTime<Utc>) {
        if let Some(message) = self.message(&step.body, kind) {
            send(step, &message.delivery, now);
            step.body.messages.push(message);
        }
    }

    /// Writes what could not be written while there was no address: the question whether a consent is really theirs, and, as
    /// long as nobody has taken the case, the message of its rule.
    fn write_what_waited(&self, step: &mut Step<Dossier>, before: &Feedback, now: DateTime<Utc>) {
        let after = &step.body.feedback;
        let addressed = before.customer.email.is_none() && after.customer.email.is_some();
        let case = step.body.case.as_ref().filter(|case| addressed && case.state == State::New);
        let rule = case.and_then(|case| self.config.rules.iter().find(|rule| rule.id == case.rule));
        let message = rule.and_then(|rule| rule.then.message);
        let confirmation = awaits_confirmation(after).then_some(MessageKind::Confirmation);
        for kind in message.into_iter().chain(confirmation) {
            if !step.body.messages.iter().any(|message| message.kind == Some(kind)) {
                self.write(step, kind, now);
            }
        }
    }

    /// Asks the customer for an answer to a survey, unless they were asked after this answer before; whoever has answered
    /// after `since` is not asked.
    fn ask(
        &self,
        step: &mut Step<Dossier>,
        kind: MessageKind,
        survey: &SurveyId,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) {
        let same = |m: &Message| m.kind == Some(kind) && m.survey.as_ref() == Some(survey) && m.since == Some(since);
        if step.body.messages.iter().any(same) {
            return;
        }
        if let Some(message) = self.message(&step.body, kind) {
            // The reminder of an invitation is the same question: its link ends with the invitation's.
            let first = step.body.messages.iter().find(|m| m.survey.as_ref() == Some(survey) && m.since == Some(since));
            let asked_at = first.map_or(Some(now), |first| first.asked_at);
            let message = Message { survey: Some(survey.clone()), since: Some(since), asked_at, ..message };
            send(step, &message.delivery, now);
            step.body.messages.push(message);
        }
    }

    /// What of a sequence is due: the invitation, or the reminder of one that was really sent.
    fn fire_ask(
        &self,
        dossier: &Dossier,
        survey: &SurveyId,
        kind: MessageKind,
        now: DateTime<Utc>,
    ) -> Option<Step<Dossier>> {
        let from = &dossier.feedback.survey;
        let sequence = self.config.messages.sequences.iter().find(|s| s.from == *from && s.ask == *survey)?;
        let mut step = Step::of(dossier.clone());
        let invited = |m: &&Message| m.kind == Some(MessageKind::Invitation) && m.survey.as_ref() == Some(survey);
        if kind == MessageKind::Reminder {
            dossier.messages.iter().find(invited).filter(|m| m.delivery.state == DeliveryState::Delivered)?;
        }
        self.ask(&mut step, kind, survey, dossier.feedback.received_at, now);
        if let Some(after) = sequence.remind_s.filter(|_| kind == MessageKind::Invitation) {
            let due = unix(now) + u64::from(after);
            step.timers.push(Timer { due, job: Job::Remind(survey.clone()).to_text() });
        }
        (step.body != *dossier).then_some(step)
    }

    /// The timers of the surveys that follow an answer.
    fn sequence_timers(&self, dossier: &Dossier) -> impl Iterator<Item = Timer> {
        let received = unix(dossier.feedback.received_at);
        let follows = self.config.messages.sequences.iter().filter(|s| s.from == dossier.feedback.survey);
        follows.map(move |s| Timer { due: received + u64::from(s.after_s), job: Job::Ask(s.ask.clone()).to_text() })
    }

    fn account_key(&self, feedback: &Feedback) -> Option<String> {
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
        for message in &dossier.messages {
            let job = Job::Delivery(message.delivery.id.clone()).to_text();
            plan.timers.push(Timer { due: unix(message.delivery.look_again_at(now)), job: job.clone() });
            plan.now.push(job);
        }
        if let Some((timer, job)) = allotment(dossier, now) {
            // Its alerts leave when it is decided who gets it.
            plan.timers.push(timer);
            plan.now.push(job);
            return plan;
        }
        plan.timers.extend(self.first_link(dossier, now));
        for delivery in &dossier.alerts {
            let job = Job::Delivery(delivery.id.clone()).to_text();
            plan.timers.push(Timer { due: unix(delivery.look_again_at(now)), job: job.clone() });
            plan.now.push(job);
        }
        plan
    }

    /// The step that a changed case makes: its clocks are followed, and the products that keep an incident for it hear
    /// what they must.
    #[must_use]
    pub fn step(&self, dossier: &Dossier, changed: Case, now: DateTime<Utc>) -> Step<Dossier> {
        let mut step = Step::of(Dossier { case: Some(changed), ..dossier.clone() });
        if let Some(before) = &dossier.case {
            follow_clocks(&mut step, before);
            self.tell_incidents(&mut step, before.state, now);
        }
        step
    }

    /// Tells the products that keep an incident for the case that somebody has taken it, or that it is resolved.
    fn tell_incidents(&self, step: &mut Step<Dossier>, before: State, now: DateTime<Utc>) {
        let Some(case) = &step.body.case else { return };
        let done = |state| matches!(state, State::Resolved | State::Informed | State::Closed | State::Merged);
        let occasion = match (before, case.state) {
            (before, after) if !done(before) && done(after) => Occasion::Resolved,
            (State::New, after) if after != State::New => Occasion::Taken,
            _ => return,
        };
        self.tell_incidents_of(step, &occasion, now);
    }

    /// Tells them that nobody is to come to it any more.
    pub(crate) fn end_incidents(&self, step: &mut Step<Dossier>, now: DateTime<Utc>) {
        self.tell_incidents_of(step, &Occasion::Resolved, now);
    }

    fn tell_incidents_of(&self, step: &mut Step<Dossier>, occasion: &Occasion, now: DateTime<Utc>) {
        let keeps = |id: &ChannelId| self.config.channels.get(id).is_some_and(|c| c.kind.keeps_incidents());
        let told: BTreeSet<ChannelId> =
            step.body.alerts.iter().map(|d| &d.channel).filter(|id| keeps(id)).cloned().collect();
        for channel in told {
            let again = step.body.alerts.iter().filter(|d| d.channel == channel && d.occasion == *occasion).count();
            let number = (again > 0).then_some(again + 1);
            let delivery = Delivery::first_attempt(occasion.clone(), channel, number);
            send(step, &delivery, now);
            step.body.alerts.push(delivery);
        }
    }

    /// The customer wants a person: the rule's route hears of it. None when there is no case, or they have asked before.
    #[must_use]
    pub fn person_asked(&self, dossier: &Dossier, now: DateTime<Utc>) -> Option<Step<Dossier>> {
        let before = dossier.case.as_ref()?;
        let mut step = Step::of(dossier.clone());
        if !step.body.case.as_mut()?.ask_for_human(now) {
            return None;
        }
        follow_clocks(&mut step, before);
        let route = match self.config.rules.iter().find(|rule| rule.id == before.rule) {
            Some(rule) => rule.then.alert.as_ref(),
            // The customer was promised that somebody comes back to them.
            None => self.instead(),
        };
        if let Some(route) = route {
            self.alert(&mut step, route, &Occasion::PersonAsked, now);
        }
        Some(step)
    }

    /// The route of those who look after trouble: for a case whose own route or rule the programme has no longer.
    fn instead(&self) -> Option<&RouteId> {
        self.config.trouble.as_ref().filter(|route| self.config.routes.contains_key(*route))
    }

    /// A route, or the one for trouble where the programme has it no longer.
    fn known<'a>(&'a self, route: &'a RouteId) -> Option<&'a RouteId> {
        if self.config.routes.contains_key(route) { Some(route) } else { self.instead() }
    }

    /// Sends alerts along a route; along the one for trouble where the programme has it no longer.
    fn alert(&self, step: &mut Step<Dossier>, route: &RouteId, occasion: &Occasion, now: DateTime<Utc>) {
        let Some(case) = &step.body.case else { return };
        let route =
            self.known(route).and_then(|route| choose(&self.config.routes, route, case, &step.body.feedback, now));
        for delivery in route.map(|route| alerts(route, occasion)).unwrap_or_default() {
            tell(step, delivery, now);
        }
    }

    /// The route of a step of a case's clocks; where the programme has it no longer, that of the same step of the policy
    /// that has its name today.
    fn of_today<'a>(&'a self, case: &Option<Case>, occasion: &Occasion, route: &'a RouteId) -> &'a RouteId {
        if self.config.routes.contains_key(route) {
            return route;
        }
        let policy = case.as_ref().and_then(|case| self.config.policies.get(&case.policy_id));
        let today = policy.and_then(|policy| match occasion {
            Occasion::Warning(_) => policy.warn.as_ref(),
            Occasion::Breached(_, level) => {
                policy.escalations.get(usize::from(level.saturating_sub(1))).map(|escalation| &escalation.route)
            }
            _ => None,
        });
        today.unwrap_or(route)
    }

    /// The timer of the chain that the rule's route begins.
    pub(crate) fn first_link(&self, dossier: &Dossier, now: DateTime<Utc>) -> Option<Timer> {
        let case = dossier.case.as_ref()?;
        let rule = self.config.rules.iter().find(|rule| rule.id == case.rule)?;
        let route = choose(&self.config.routes, rule.then.alert.as_ref()?, case, &dossier.feedback, now)?;
        next_link(route, 1, now)
    }

    /// Alerts the next link of a chain, unless somebody has taken the case.
    fn fire_chain(&self, dossier: &Dossier, link: u8, route: &RouteId, now: DateTime<Utc>) -> Option<Step<Dossier>> {
        let case = dossier.case.as_ref().filter(|case| case.state == State::New && !case.is_automated())?;
        let route = choose(&self.config.routes, self.known(route)?, case, &dossier.feedback, now)?;
        let mut step = Step::of(dossier.clone());
        for delivery in alerts(route, &Occasion::Untaken(link)) {
            // A repeat, or a link of the chain of a rule that the case has followed before: told already.
            if dossier.delivery(&delivery.id).is_none() {
                send(&mut step, &delivery, now);
                step.body.alerts.push(delivery);
            }
        }
        step.timers.extend(next_link(route, link + 1, now));
        (step.body != *dossier || !step.timers.is_empty()).then_some(step)
    }

    /// Takes what the clocks call for. A timer that was set for another instant than the next step's is stale: waiting,
    /// resuming or another policy has moved the step since, and a timer for it has been set then.
    fn fire_clocks(&self, dossier: &Dossier, set_for: Option<u64>, now: DateTime<Utc>) -> Option<Step<Dossier>> {
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

/// Whether somebody has to say that a consent to mail is really theirs.
fn awaits_confirmation(feedback: &Feedback) -> bool {
    let waits = |s: &Statement| s.vouched == Vouched::Unconfirmed && s.channel == ContactChannel::Email;
    feedback.consent.iter().any(waits)
}

/// A name of its own for a delivery whose occasion comes round again, as after reopening.
fn numbered(dossier: &Dossier, delivery: Delivery) -> Delivery {
    if dossier.delivery(&delivery.id).is_none() {
        return delivery;
    }
    let same = |d: &&Delivery| d.occasion == delivery.occasion && d.channel == delivery.channel;
    let number = dossier.alerts.iter().filter(same).count() + 1;
    Delivery::first_attempt(delivery.occasion, delivery.channel, Some(number))
}

/// Adds an alert that leaves now, under a name of its own.
pub fn tell(step: &mut Step<Dossier>, delivery: Delivery, now: DateTime<Utc>) {
    let delivery = numbered(&step.body, delivery);
    send(step, &delivery, now);
    step.body.alerts.push(delivery);
}

/// Adds a job that is to be done now, and looked at again until it is.
pub fn see_to(step: &mut Step<Dossier>, job: &Job, now: DateTime<Utc>) {
    let job = job.to_text();
    step.timers.push(Timer { due: unix(now) + SEE_AGAIN_S, job: job.clone() });
    step.now.push(job);
}

/// Adds the timer that a change of the case's clocks calls for.
pub fn follow_clocks(step: &mut Step<Dossier>, before: &Case) {
    if step.body.case.as_ref().and_then(Case::next_deadline_step) != before.next_deadline_step() {
        step.timers.extend(clock_timer(&step.body));
    }
}

/// Writes down that a delivery has ended without arriving, if it was a message to the customer; a case that is open again by
/// that has its clocks.
pub fn note_undelivered(step: &mut Step<Dossier>, delivery: &str, now: DateTime<Utc>) {
    let before = step.body.case.clone();
    step.body.note_undelivered(delivery, now);
    if let Some(before) = before {
        follow_clocks(step, &before);
    }
}

/// One delivery for every channel of a route.
fn alerts(route: &Route, occasion: &Occasion) -> Vec<Delivery> {
    route.channels.iter().map(|channel| Delivery::first_attempt(occasion.clone(), channel.clone(), None)).collect()
}

fn next_link(route: &Route, link: u8, now: DateTime<Utc>) -> Option<Timer> {
    let next = route.next.as_ref().filter(|_| link <= LONGEST_CHAIN)?;
    let due = now + TimeDelta::seconds(i64::from(next.after_s));
    Some(Timer { due: unix(due), job: Job::Chain(link, next.route.clone()).to_text() })
}

/// Adds what a delivery needs whose first attempt is made now: the hand-over, and the timer that looks again.
pub fn send(step: &mut Step<Dossier>, delivery: &Delivery, now: DateTime<Utc>) {
    let job = Job::Delivery(delivery.id.clone()).to_text();
    step.timers.push(Timer { due: unix(delivery.look_again_at(now)), job: job.clone() });
    step.now.push(job);
}

/// The timer for what the case's clocks call for next.
fn clock_timer(dossier: &Dossier) -> Option<Timer> {
    let due = unix(dossier.case.as_ref()?.next_deadline_step()?);
    Some(Timer { due, job: Job::Clocks(Some(due)).to_text() })
}

/// What a case needs that asks for a person: the question, and the timer that asks again.
fn allotment(dossier: &Dossier, now: DateTime<Utc>) -> Option<(Timer, String)> {
    dossier.case.as_ref().filter(|case| case.awaits_person())?;
    let job = Job::Allot.to_text();
    Some((Timer { due: unix(now) + ASK_AGAIN_S, job: job.clone() }, job))
}

fn fire_allotment(dossier: &Dossier, now: DateTime<Utc>) -> Option<Step<Dossier>> {
    let (timer, job) = allotment(dossier, now)?;
    let mut step = Step::of(dossier.clone());
    step.timers.push(timer);
    step.now.push(job);
    Some(step)
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

impl Program for FollowUp {
    type Body = Dossier;

    fn merge(&self, record: &Record<Dossier>, update: Dossier, now: u64) -> Step<Dossier> {
        let now = from_unix(now);
        let mut step = Step::of(record.body.clone());
        let mut later = update.feedback;
        let people = self.namer.people(&later.customer);
        let new = people.iter().filter(|person| !record.people.contains(person)).count();
        if record.people.len() + new > MOST_PEOPLE {
            // Nobody could find and erase what a record says of somebody whose journal does not name it.
            later.customer = Customer::default();
            later.consent.clear();
        }
        if later.stand_on(&step.body.feedback)
            && let Some(survey) = self.config.surveys.get(&later.survey)
        {
            later.band = survey.band(later.score, later.country.as_deref());
        }
        let changes = step.body.feedback.merge(later, now);
        if changes.is_empty() {
            return step;
        }
        let (before, after) = (&record.body.feedback, &step.body.feedback);
        if before.customer.email != after.customer.email {
            // Its links are for whoever it was written to: it is written anew.
            let unsent = |m: &&mut Message| m.kind.is_some() && m.delivery.state == DeliveryState::Pending;
            step.body.messages.iter_mut().filter(unsent).for_each(Message::forget_words);
        }
        if before.score != after.score || before.customer != after.customer {
            step.body.looked_back_at = None;
            see_to(&mut step, &Job::LookBack, now);
        }
        if let Some(case) = &mut step.body.case {
            case.account_key = self.account_key(&step.body.feedback).or_else(|| case.account_key.take());
            case.record_update(now, changes.join(", "));
            self.write_what_waited(&mut step, before, now);
            self.follow_correction(&mut step, &record.body, now);
            return step;
        }
        // What was not worth a case before may be one now.
        let opened = self.open(Feedback { received_at: now, ..step.body.feedback.clone() });
        step.body.case.clone_from(&opened.case);
        self.begin(&mut step, opened, now);
        step.timers.extend(clock_timer(&step.body));
        step
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

    fn marks(&self, eid: &str, body: &Dossier) -> Vec<String> {
        marks(eid, body)
    }

    /// An update speaks for whoever the answer is of by then: what it says of consent stands in their journals, named in it
    /// or not, and whom it names gets what was said before. Nobody does whom the answer is not of.
    fn told(&self, merged: &Dossier, update: &Dossier, named: &[PersonNote]) -> Vec<PersonNote> {
        let current = self.namer.people(&merged.feedback.customer);
        let note = |said: Vec<Statement>| Some(said.store()).filter(|_| !said.is_empty());
        let all = note(known_to_be_theirs(&merged.feedback, &update.feedback.consent));
        let named_now = named.iter().filter(|person| current.contains(&person.ph));
        let mut told: Vec<PersonNote> =
            named_now.map(|person| PersonNote { ph: person.ph.clone(), note: all.clone() }).collect();
        if named.is_empty() || !told.is_empty() {
            let carried = note(carried(&merged.feedback, &update.feedback.consent));
            let others = current.into_iter().filter(|ph| named.iter().all(|person| person.ph != *ph));
            told.extend(others.filter(|_| carried.is_some()).map(|ph| PersonNote { ph, note: carried.clone() }));
        }
        told
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
        match Job::from_text(job)? {
            Job::Clocks(set_for) => self.fire_clocks(&record.body, set_for, now),
            Job::Allot => fire_allotment(&record.body, now),
            Job::LookBack => again(record.body.looked_back_at.is_none(), &record.body, job, now),
            Job::CarryOver => again(record.body.carried_over_at.is_none(), &record.body, job, now),
            Job::Delivery(id) => fire_delivery(&record.body, &id, now),
            Job::Ask(survey) => self.fire_ask(&record.body, &survey, MessageKind::Invitation, now),
            Job::Remind(survey) => self.fire_ask(&record.body, &survey, MessageKind::Reminder, now),
            Job::Chain(link, route) => self.fire_chain(&record.body, link, &route, now),
            Job::Repeat(number, channel) => self.fire_repeat(&record.body, number, &channel, now),
        }
    }
}

/// With so many alerts of what an answer calls for, its corrections are told to nobody any more.
const MOST_OPENINGS: usize = 12;

impl FollowUp {
    /// Another rule may be the first that matches the answer as it is now. Nobody has done anything to the case: it becomes
    /// what that rule calls for. Somebody works it: if the answer has got worse, those whom the rule alerts hear of it.
    fn follow_correction(&self, step: &mut Step<Dossier>, before: &Dossier, now: DateTime<Utc>) {
        let opened = self.open(Feedback { received_at: now, ..step.body.feedback.clone() });
        let (Some(called_for), Some(case), Some(was)) = (&opened.case, &mut step.body.case, &before.case) else {
            return;
        };
        let worse = step.body.feedback.band < before.feedback.band && called_for.rule != case.rule;
        let told = step.body.alerts.iter().filter(|delivery| delivery.occasion == Occasion::Opened).count();
        if case.follow_rule(called_for, now) {
            let corrected = || Outcome::Skipped("the answer was corrected".to_owned());
            let unsaid = |m: &&mut Message| m.delivery.state == DeliveryState::Pending && m.kind.is_some();
            let meant = |kind| opened.messages.iter().any(|m| m.kind == kind);
            let asks = |m: &&mut Message| m.survey.is_some() || m.kind == Some(MessageKind::Confirmation);
            for message in step.body.messages.iter_mut().filter(unsaid).filter(|m| !asks(m) && !meant(m.kind)) {
                message.delivery.settle(corrected(), now);
            }
            let opening = |d: &&mut Delivery| d.occasion == Occasion::Opened && d.state == DeliveryState::Pending;
            for delivery in step.body.alerts.iter_mut().filter(opening) {
                delivery.settle(corrected(), now);
            }
            self.begin(step, opened, now);
            follow_clocks(step, was);
        } else if worse && case.state != State::New && !case.state.is_over() && told < MOST_OPENINGS {
            for delivery in opened.alerts {
                tell(step, delivery, now);
            }
        }
    }

    /// What begins with a case: its messages, and its alerts, or the question who gets it.
    fn begin(&self, step: &mut Step<Dossier>, opened: Dossier, now: DateTime<Utc>) {
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

/// What an update says, as it counts for whom the answer is of: as the answer keeps it, which a repeat does not say anew;
/// a yes no more than whatever vouches least for one of theirs.
fn carried(merged: &Feedback, said: &[Statement]) -> Vec<Statement> {
    let kept = said.iter().filter_map(|s| merged.consent.iter().rev().find(|kept| kept.is_about_the_same_as(s)));
    let carry = |s: &Statement| {
        let known = merged.consent.iter().filter(|known| known.channel == s.channel);
        let doubtful = known.map(|known| known.vouched).find(|vouched| *vouched != Vouched::Company);
        Statement { vouched: doubtful.filter(|_| s.granted).unwrap_or(s.vouched), ..s.clone() }
    };
    kept.map(carry).collect()
}

/// All that the answer keeps, as it counts for whom an update names: a yes that came before may have been somebody else's.
fn known_to_be_theirs(merged: &Feedback, said: &[Statement]) -> Vec<Statement> {
    let theirs = |kept: &Statement| {
        let before = kept.granted && !said.iter().any(|s| s.granted && s.is_about_the_same_as(kept));
        let vouched = if before && kept.vouched == Vouched::Company { Vouched::Unconfirmed } else { kept.vouched };
        Statement { vouched, ..kept.clone() }
    };
    merged.consent.iter().map(theirs).collect()
}

/// A job that is not done yet is handed over once more.
fn again(open: bool, dossier: &Dossier, job: &str, now: DateTime<Utc>) -> Option<Step<Dossier>> {
    open.then(|| {
        let mut step = Step::of(dossier.clone());
        step.timers.push(Timer { due: unix(now) + SEE_AGAIN_S, job: job.to_owned() });
        step.now.push(job.to_owned());
        step
    })
}
