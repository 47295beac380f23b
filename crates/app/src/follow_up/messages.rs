//! Messages to the customer: which are due when, and that none is written twice.
//!
//! What a message says is put into words when it is sent, and whether it may be sent is asked then: both are `deliver`'s.

use super::{FollowUp, send};
use crate::dossier::{Dossier, Job, Message};
use crate::time::unix;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, DeliveryState, Occasion};
use ringback_core::case::State;
use ringback_core::consent::{ContactChannel, Statement, Vouched};
use ringback_core::feedback::Feedback;
use ringback_core::id::SurveyId;
use ringback_core::message::MessageKind;
use ringback_ledger::{Step, Timer};

impl FollowUp {
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
    pub(super) fn write_what_waited(&self, step: &mut Step<Dossier>, before: &Feedback, now: DateTime<Utc>) {
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
    pub(super) fn ask(
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
    pub(super) fn fire_ask(
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
    pub(super) fn sequence_timers(&self, dossier: &Dossier) -> impl Iterator<Item = Timer> {
        let received = unix(dossier.feedback.received_at);
        let follows = self.config.messages.sequences.iter().filter(|s| s.from == dossier.feedback.survey);
        follows.map(move |s| Timer { due: received + u64::from(s.after_s), job: Job::Ask(s.ask.clone()).to_text() })
    }
}

/// Whether somebody has to say that a consent to mail is really theirs.
pub(super) fn awaits_confirmation(feedback: &Feedback) -> bool {
    let waits = |s: &Statement| s.vouched == Vouched::Unconfirmed && s.channel == ContactChannel::Email;
    feedback.consent.iter().any(waits)
}
