//! What a later post of the same answer changes: the answer itself, and the case, as long as nobody has worked it.
//!
//! Whether a post is a repeat, which changes nothing, the ledger has decided before.

use super::clocks::clock_timer;
use super::{FollowUp, follow_clocks, see_to, tell};
use crate::dossier::{Dossier, Job, Message};
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, DeliveryState, Occasion, Outcome};
use ringback_core::case::State;
use ringback_core::feedback::{Customer, Feedback};
use ringback_core::message::MessageKind;
use ringback_ledger::{MOST_PEOPLE, Record, Step};

/// With so many alerts of what an answer calls for, its corrections are told to nobody any more.
const MOST_OPENINGS: usize = 12;

impl FollowUp {
    /// The record as it is with what was posted later.
    pub(super) fn correct(&self, record: &Record<Dossier>, mut later: Feedback, now: DateTime<Utc>) -> Step<Dossier> {
        let mut step = Step::of(record.body.clone());
        self.leave_out_too_many(&mut later, &record.people);
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

    /// Takes the person out of an update that would name more of them than a record may: nobody could find and erase what it
    /// says of somebody whose journal does not name it.
    fn leave_out_too_many(&self, later: &mut Feedback, known: &[String]) {
        let new = self.namer.people(&later.customer).iter().filter(|person| !known.contains(person)).count();
        if known.len() + new > MOST_PEOPLE {
            later.customer = Customer::default();
            later.consent.clear();
        }
    }

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
            call_off(&mut step.body, &opened, now);
            self.begin(step, opened, now);
            follow_clocks(step, Some(was));
        } else if worse && case.state != State::New && !case.state.is_over() && told < MOST_OPENINGS {
            for delivery in opened.alerts {
                tell(step, delivery, now);
            }
        }
    }
}

/// Skips what has not left yet and is not meant by what the answer calls for now; what asks the customer something is meant.
fn call_off(dossier: &mut Dossier, opened: &Dossier, now: DateTime<Utc>) {
    let corrected = || Outcome::Skipped("the answer was corrected".to_owned());
    let unsaid = |m: &&mut Message| m.delivery.state == DeliveryState::Pending && m.kind.is_some();
    let meant = |kind| opened.messages.iter().any(|m| m.kind == kind);
    let asks = |m: &&mut Message| m.survey.is_some() || m.kind == Some(MessageKind::Confirmation);
    for message in dossier.messages.iter_mut().filter(unsaid).filter(|m| !asks(m) && !meant(m.kind)) {
        message.delivery.settle(corrected(), now);
    }
    let opening = |d: &&mut Delivery| d.occasion == Occasion::Opened && d.state == DeliveryState::Pending;
    for delivery in dossier.alerts.iter_mut().filter(opening) {
        delivery.settle(corrected(), now);
    }
}
