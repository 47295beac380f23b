//! Who hears of a case: along which route, in which chain, and what the products that keep an incident for it are told.
//!
//! Repeats for channels that group are `repeat`'s; attempts and their outcomes are `deliver`'s.

use super::{FollowUp, follow_clocks, send};
use crate::dossier::{Dossier, Job};
use crate::time::unix;
use chrono::{DateTime, TimeDelta, Utc};
use ringback_core::alert::{Delivery, Occasion};
use ringback_core::case::{Case, State};
use ringback_core::id::{ChannelId, RouteId};
use ringback_core::route::{LONGEST_CHAIN, Route, choose};
use ringback_ledger::{Step, Timer};
use std::collections::BTreeSet;

impl FollowUp {
    /// The customer wants a person: the rule's route hears of it. None when there is no case, or they have asked before.
    #[must_use]
    pub fn person_asked(&self, dossier: &Dossier, now: DateTime<Utc>) -> Option<Step<Dossier>> {
        let before = dossier.case.as_ref()?;
        let mut step = Step::of(dossier.clone());
        if !step.body.case.as_mut()?.ask_for_human(now) {
            return None;
        }
        follow_clocks(&mut step, Some(before));
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

    /// Sends alerts along a route; along the one for trouble where the programme has it no longer.
    pub(super) fn alert(&self, step: &mut Step<Dossier>, route: &RouteId, occasion: &Occasion, now: DateTime<Utc>) {
        let Some(case) = &step.body.case else { return };
        let route =
            self.known(route).and_then(|route| choose(&self.config.routes, route, case, &step.body.feedback, now));
        for delivery in route.map(|route| along(route, occasion)).unwrap_or_default() {
            tell(step, delivery, now);
        }
    }

    /// A route, or the one for trouble where the programme has it no longer.
    fn known<'a>(&'a self, route: &'a RouteId) -> Option<&'a RouteId> {
        if self.config.routes.contains_key(route) { Some(route) } else { self.instead() }
    }

    /// The route of those who look after trouble: for a case whose own route or rule the programme has no longer.
    fn instead(&self) -> Option<&RouteId> {
        self.config.trouble.as_ref().filter(|route| self.config.routes.contains_key(*route))
    }

    /// The route of a step of a case's clocks; where the programme has it no longer, that of the same step of the policy
    /// that has its name today.
    pub(super) fn of_today<'a>(&'a self, case: &Option<Case>, occasion: &Occasion, route: &'a RouteId) -> &'a RouteId {
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
    pub(super) fn fire_chain(
        &self,
        dossier: &Dossier,
        link: u8,
        route: &RouteId,
        now: DateTime<Utc>,
    ) -> Option<Step<Dossier>> {
        let case = dossier.case.as_ref().filter(|case| case.state == State::New && !case.is_automated())?;
        let route = choose(&self.config.routes, self.known(route)?, case, &dossier.feedback, now)?;
        let mut step = Step::of(dossier.clone());
        for delivery in along(route, &Occasion::Untaken(link)) {
            // A repeat, or a link of the chain of a rule that the case has followed before: told already.
            if dossier.delivery(&delivery.id).is_none() {
                send(&mut step, &delivery, now);
                step.body.alerts.push(delivery);
            }
        }
        step.timers.extend(next_link(route, link + 1, now));
        (step.body != *dossier || !step.timers.is_empty()).then_some(step)
    }

    /// Tells the products that keep an incident for the case that somebody has taken it, or that it is resolved.
    pub(super) fn tell_incidents(&self, step: &mut Step<Dossier>, before: State, now: DateTime<Utc>) {
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
}

/// Adds an alert that leaves now, under a name of its own.
pub fn tell(step: &mut Step<Dossier>, delivery: Delivery, now: DateTime<Utc>) {
    let delivery = numbered(&step.body, delivery);
    send(step, &delivery, now);
    step.body.alerts.push(delivery);
}

/// A name of its own for a delivery whose occasion comes round again, as after reopening.
pub(super) fn numbered(dossier: &Dossier, delivery: Delivery) -> Delivery {
    if dossier.delivery(&delivery.id).is_none() {
        return delivery;
    }
    let same = |d: &&Delivery| d.occasion == delivery.occasion && d.channel == delivery.channel;
    let number = dossier.alerts.iter().filter(same).count() + 1;
    Delivery::first_attempt(delivery.occasion, delivery.channel, Some(number))
}

/// One delivery for every channel of a route.
pub(super) fn along(route: &Route, occasion: &Occasion) -> Vec<Delivery> {
    route.channels.iter().map(|channel| Delivery::first_attempt(occasion.clone(), channel.clone(), None)).collect()
}

fn next_link(route: &Route, link: u8, now: DateTime<Utc>) -> Option<Timer> {
    let next = route.next.as_ref().filter(|_| link <= LONGEST_CHAIN)?;
    let due = now + TimeDelta::seconds(i64::from(next.after_s));
    Some(Timer { due: unix(due), job: Job::Chain(link, next.route.clone()).to_text() })
}
