//! One attempt at one message to a customer. Everything that may hold it back is asked at the moment of sending, however
//! long it has waited: the consent gate, the fatigue guard, and whether somebody who was to be asked has answered.

use super::attempt::NoRequest;
use super::mail::{self, Mail};
use super::outcome::of_answer;
use super::product::{self, Destination, NoDestination, Way};
use super::report;
use super::{Round, WITHIN};
use crate::App;
use crate::dossier::{Dossier, Message};
use crate::letters::{Facts, Links, Written};
use crate::ports::{ConsentGate, Outbound};
use crate::time::{from_unix, unix};
use http::Request;
use ringback_core::alert::{Delivery, Outcome};
use ringback_core::consent::{Blocked, Decision, Purpose, Statement, Vouched};
use ringback_core::message::MessageKind;
use ringback_core::names::Named as _;
use ringback_ledger::{Clock, Entropy, LedgerError, Record, Store};

fn blocked(why: impl Into<String>) -> NoRequest {
    NoRequest::Blocked(why.into())
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Makes the attempt; gives what a template said, when it was filled in for it.
    pub(super) async fn write_to_customer(
        &self,
        round: &Round,
        case: usize,
        delivery: &Delivery,
        out: &impl Outbound,
        gate: &impl ConsentGate,
    ) -> (Outcome, Option<Written>) {
        let record = &round.records[case];
        let Some(message) = record.body.message(&delivery.id) else {
            return (blocked("the message is gone").outcome(), None);
        };
        // First, so that consent is asked for at the moment of sending.
        if let Some(channel) = self.config.channels.get(&message.delivery.channel)
            && let Err(wait) = self.keep_pace(round, case, channel, delivery, out).await
        {
            return (wait, None);
        }
        let (request, written) = match self.outgoing(record, message, gate).await {
            Ok(ready) => ready,
            Err(why) => {
                if let Some(channel) = self.config.channels.get(&message.delivery.channel) {
                    self.leave_place(channel, delivery).await;
                }
                return (why.outcome(), None);
            }
        };
        let outcome = of_answer(out.send(request, WITHIN).await, from_unix(self.clock.now()));
        if matches!(outcome, Outcome::Delivered(_)) {
            // Not written down, the guard would let the next one through too early; the customer has this one either way.
            for noted in [self.note_sent(record, message).await, self.note_code(record, message).await] {
                if let Err(error) = noted {
                    self.log(&format!("ledger: {error}"));
                }
            }
        }
        (outcome, written)
    }

    /// The request that carries a message, if it may be sent now.
    async fn outgoing(
        &self,
        record: &Record<Dossier>,
        message: &Message,
        gate: &impl ConsentGate,
    ) -> Result<(Request<Vec<u8>>, Option<Written>), NoRequest> {
        let channel = self.config.channels.get(&message.delivery.channel);
        let channel = channel.ok_or_else(|| blocked("the programme no longer has this channel"))?;
        let customer = &record.body.feedback.customer;
        self.may_be_sent(record, message, gate).await?;
        let to = customer.email.as_deref().ok_or_else(|| blocked("the customer's e-mail address is not known"))?;
        let unread = |error: LedgerError| {
            self.log(&format!("ledger: {error}"));
            NoRequest::Later("what was sent to the customer could not be read".to_owned(), None)
        };
        if let Some(why) = self.no_longer_asked(record, message).await.map_err(unread)? {
            return Err(blocked(why));
        }
        self.pass_guard(record, message).await.map_err(unread)?.map_err(|held| match held.until {
            Some(until) => NoRequest::Later(held.why, Some(until)),
            None => blocked(held.why),
        })?;
        let Way::Mail(provider) = product::of(channel.kind) else {
            return Err(blocked("the programme's channel for messages is no e-mail"));
        };
        let id = self.namer.message(&record.eid, &message.delivery.id);
        let locale = record.body.feedback.locale.as_deref().unwrap_or(&self.config.default_locale);
        let preferences = self.preferences_url(&record.eid, to, record.received);
        let letters = self.letters().ok_or_else(|| NoRequest::Later("no templates are read".to_owned(), None))?;
        let written = self.fill_in(record, message, locale)?;
        let shown = written.as_ref();
        let reference = report::reference(&record.eid, &message.delivery.id);
        let reply_to = letters.brand.reply_to.as_ref().map(|mailbox| mailbox.replace("{ref}", &reference));
        let letter = mail::Letter {
            name: &self.config.name,
            locale: message.kind.and_then(|kind| letters.language(kind, locale)).unwrap_or(locale),
            subject: shown.map_or(&message.subject, |w| &w.subject),
            text: shown.map_or(&message.text, |w| &w.text),
            html: shown.map_or(message.html.as_deref(), |w| w.html.as_deref()),
            brand: &letters.brand,
            reply_to: reply_to.as_deref(),
            preferences: &preferences,
        };
        let destination = Destination { channel, secrets: &self.secrets };
        let from = letters.brand.sender.as_deref().unwrap_or_else(|| destination.text("from"));
        let now = from_unix(self.clock.now());
        let tag = message.kind.map_or("customer_message", |kind| kind.as_str());
        let mail = Mail::letter(from, to, &id, (tag, &reference), &letter, now).ok_or(NoDestination::Unwritten)?;
        Ok((provider.mail(&destination, &mail)?, written))
    }

    /// Asks the gate. A confirmation asks for nothing else than whether a consent is theirs: it may be sent where one of the
    /// answer's waits for it, whatever it is for.
    async fn may_be_sent(
        &self,
        record: &Record<Dossier>,
        message: &Message,
        gate: &impl ConsentGate,
    ) -> Result<(), NoRequest> {
        let feedback = &record.body.feedback;
        let confirms = message.kind == Some(MessageKind::Confirmation);
        let waits = |s: &Statement| s.vouched == Vouched::Unconfirmed && s.channel == message.channel;
        let asked_about = |purpose: &Purpose| match confirms {
            true => feedback.consent.iter().any(|s| waits(s) && s.purpose == *purpose),
            false => message.purpose == *purpose,
        };
        let mut why = "nothing waits to be confirmed";
        for purpose in Purpose::ALL.iter().copied().filter(asked_about) {
            match gate.may_contact(&feedback.customer, message.channel, purpose).await {
                Ok(Decision::Allowed(_)) => return Ok(()),
                Ok(Decision::Blocked(Blocked::Pending)) if confirms => return Ok(()),
                Ok(Decision::Blocked(reason)) => why = reason.explain(),
                Err(error) => return Err(NoRequest::Later(error.to_string(), None)),
            }
        }
        Err(blocked(why))
    }

    /// Fills a message's template in, once: what was tried to be sent is sent again as it was.
    fn fill_in(&self, record: &Record<Dossier>, message: &Message, locale: &str) -> Result<Option<Written>, NoRequest> {
        let (Some(kind), true) = (message.kind, message.text.is_empty()) else { return Ok(None) };
        let letters = self.letters().ok_or_else(|| NoRequest::Later("no templates are read".to_owned(), None))?;
        let links = self.links(record, message);
        let written = letters.write(kind, locale, &self.facts(&record.body, message, &links));
        match written {
            Ok(Some(written)) => Ok(Some(written)),
            Ok(None) => Err(blocked(format!("the programme has no template for `{}`", kind.as_str()))),
            Err(why) => Err(blocked(format!("the template for `{}` could not be filled in: {why}", kind.as_str()))),
        }
    }

    /// What a message of a case could be about.
    pub(crate) fn facts<'a>(&'a self, dossier: &'a Dossier, message: &'a Message, links: &'a Links) -> Facts<'a> {
        let survey = message.survey.as_ref().and_then(|id| self.config.surveys.get(id));
        Facts {
            company: &self.config.name,
            feedback: &dossier.feedback,
            remedy: dossier.case.as_ref().and_then(|case| case.remedy.as_deref()),
            words: message.words.as_deref(),
            touchpoint: survey.map(|survey| survey.touchpoint.as_str()),
            links,
        }
    }

    /// Where the links of a message lead. Each is good for one thing.
    pub(crate) fn links(&self, record: &Record<Dossier>, message: &Message) -> Links {
        let address = record.body.feedback.customer.email.as_deref().unwrap_or_default();
        let preferences = self.preferences_url(&record.eid, address, record.received);
        let survey = message.survey.as_ref().map(|survey| {
            let asked_at = message.asked_at.or(message.since).map_or(record.received, unix);
            self.invitation_url(&record.eid, survey, asked_at)
        });
        let person = record.people.first().map(String::as_str).unwrap_or_default();
        Links {
            person: format!("{preferences}/person"),
            survey: survey.unwrap_or_default(),
            code: self.namer.referral(person),
            preferences,
        }
    }
}
