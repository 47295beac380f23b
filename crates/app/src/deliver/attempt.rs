//! One attempt at one alert to people of the company: the request that carries it, and what its answer means.

use super::group::Turn;
use super::mail::Mail;
use super::notice::Notice;
use super::outcome::of_answer;
use super::product::{self, Built, Destination, NoDestination, Way};
use super::{Round, WITHIN};
use crate::App;
use crate::access::Action;
use crate::config::Channel;
use crate::dossier::Dossier;
use crate::ports::{ConsentGate, Outbound};
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, Occasion, Outcome, WAITS_FOR_GROUP};
use ringback_core::case::State;
use ringback_core::consent::{ContactChannel, Purpose};
use ringback_ledger::{Clock, Entropy, LedgerError, Record, Store};

/// Why no request is made.
pub(super) enum NoRequest {
    /// The channel leads nowhere.
    NoDestination(NoDestination),
    /// A customer may not, or cannot, be written to.
    Blocked(String),
    /// It cannot be said now; not before the given instant, where that is known.
    Later(String, Option<DateTime<Utc>>),
}

impl From<NoDestination> for NoRequest {
    fn from(why: NoDestination) -> Self {
        Self::NoDestination(why)
    }
}

impl NoRequest {
    pub fn outcome(self) -> Outcome {
        match self {
            Self::NoDestination(why @ NoDestination::Empty(_)) => Outcome::Skipped(why.to_string()),
            Self::NoDestination(why) => Outcome::Failed(why.to_string()),
            Self::Blocked(why) => Outcome::Blocked(why),
            Self::Later(why, not_before) => Outcome::Retry(why, not_before),
        }
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    pub(super) async fn attempt(
        &self,
        round: &Round,
        case: usize,
        delivery: &Delivery,
        out: &impl Outbound,
        gate: &impl ConsentGate,
    ) -> Outcome {
        let record = &round.records[case];
        let Some(channel) = self.config.channels.get(&delivery.channel) else {
            return Outcome::Failed("the programme no longer has this channel".to_owned());
        };
        // An incident that was resolved must not come back because an older alert was late.
        let later = record.body.alerts.iter().skip_while(|d| d.id != delivery.id).skip(1);
        let resolved = later.into_iter().any(|d| d.channel == channel.id && d.occasion == Occasion::Resolved);
        let of_the_case = !matches!(delivery.occasion, Occasion::ChannelOff(_));
        if channel.kind.keeps_incidents() && resolved && of_the_case {
            return Outcome::Skipped("the case is resolved".to_owned());
        }
        let taken = record.body.case.as_ref().is_some_and(|case| case.state != State::New);
        if taken && matches!(delivery.occasion, Occasion::Untaken(_)) {
            return Outcome::Skipped("somebody has taken the case".to_owned());
        }
        let request = match self.alert_notice(record, delivery, channel, gate).await {
            Ok(notice) => match self.in_turn(round, record, delivery, channel, notice).await {
                Ok(notice) => self.written(channel, &notice).map_err(NoRequest::from),
                Err(outcome) => return outcome,
            },
            Err(why) => Err(why),
        };
        match request {
            Ok(request) => match self.keep_pace(round, case, channel, delivery, out).await {
                Err(wait) => wait,
                Ok(()) => of_answer(out.send(request, WITHIN).await, from_unix(self.clock.now())),
            },
            Err(why) => why.outcome(),
        }
    }

    async fn alert_notice(
        &self,
        record: &Record<Dossier>,
        delivery: &Delivery,
        channel: &Channel,
        gate: &impl ConsentGate,
    ) -> Result<Notice, NoRequest> {
        let now = from_unix(self.clock.now());
        let mut contact = Vec::new();
        for way in [ContactChannel::Email, ContactChannel::Phone] {
            let decision = gate.may_contact(&record.body.feedback.customer, way, Purpose::FollowUp).await;
            contact.push((way, decision.ok()));
        }
        let id = self.namer.message(&record.eid, &delivery.id);
        let notice = Notice::new(&self.config, record, delivery, channel.audience, &contact, id, now)
            .ok_or_else(|| NoRequest::Blocked("the answer has no case".to_owned()))?;
        let free = record.body.case.as_ref().is_some_and(|case| case.state == State::New);
        let asks = !matches!(delivery.occasion, Occasion::ChannelOff(_) | Occasion::Taken | Occasion::Resolved);
        let take = free && asks && channel.audience.may(Action::WorkCase);
        let notice = Notice { take: take.then(|| self.take_link(&record.eid, &delivery.id)), ..notice };
        Ok(notice)
    }

    /// What goes out now: the alert itself, or a message about its group; or how the attempt ends when nothing does.
    async fn in_turn(
        &self,
        round: &Round,
        record: &Record<Dossier>,
        delivery: &Delivery,
        channel: &Channel,
        notice: Notice,
    ) -> Result<Notice, Outcome> {
        let unread = |error: LedgerError| {
            self.log(&format!("ledger: {error}"));
            Outcome::Retry("its group could not be read".to_owned(), None)
        };
        let wait = |until| Outcome::Retry(WAITS_FOR_GROUP.to_owned(), Some(from_unix(until)));
        let place = self.take_turn(round, record, delivery, channel, &notice.headline).await.map_err(unread)?;
        if let Some(journal) = place.journal {
            round.joined.borrow_mut().insert((record.eid.clone(), delivery.id.clone()), journal);
        }
        match place.turn {
            Turn::Alone => Ok(notice),
            Turn::Join(until) | Turn::Wait(until) => Err(wait(until)),
            Turn::Lead(members) if members.len() > 1 => Ok(notice.about_group(&self.config.public_url, &members)),
            Turn::Lead(_) => Ok(notice),
            Turn::Told(leader) => Err(Outcome::Delivered(Some(format!("group:{leader}")))),
            Turn::Covered(_) => Err(wait(self.clock.now() + 60)),
        }
    }

    /// An alert in the form that a channel's product takes.
    pub(super) fn written(&self, channel: &Channel, notice: &Notice) -> Built {
        let to = Destination { channel, secrets: &self.secrets };
        match product::of(channel.kind) {
            Way::Alerts(product) => product.alert(&to, notice),
            Way::Mail(provider) => {
                let mail = Mail::alert(&to, notice).ok_or(NoDestination::Unwritten)?;
                provider.mail(&to, &mail)
            }
        }
    }
}
