//! Delivers alerts to people of the company, and messages to customers: builds what each receiver takes, sends it, and
//! writes down how it ended. When to try again is the core's decision, and the ledger's timers see to it.

mod notice;
mod outcome;
mod resend;
mod slack;
pub(crate) mod text;
mod webhook;

pub use notice::Notice;
pub(crate) use notice::summary;
pub use outcome::of_answer;

use crate::App;
use crate::config::{Channel, ChannelKind};
use crate::dossier::{Dossier, Job, Message, reaches_customer};
use crate::ports::{ConsentGate, Outbound};
use crate::problem::Problem;
use crate::stored::{Stored, stored};
use crate::time::from_unix;
use futures::stream::{self, StreamExt as _};
use http::Request;
use ringback_core::alert::{Delivery, DeliveryState, Outcome};
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_ledger::{Changed, Clock, Entropy, Record, Step, Store};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a receiver may take, whole.
pub const WITHIN: Duration = Duration::from_secs(10);
/// How many cases are worked on at once.
const AT_ONCE: usize = 16;

/// A job as it is handed over from the tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The answer it is about.
    pub id: String,
    /// What is to be done.
    pub job: String,
}

stored!(HandedOver { id, job });

impl HandedOver {
    /// A list of jobs as the body that [`App::deliver`] reads.
    #[must_use]
    pub fn body(jobs: &[Self]) -> Vec<u8> {
        Value::Array(jobs.iter().map(Self::store).collect()).to_string().into_bytes()
    }

    fn read(body: &[u8]) -> Option<Vec<Self>> {
        let jobs: Value = serde_json::from_slice(body).ok()?;
        Stored::restore(&jobs).ok()
    }
}

/// Why a request could not be built.
enum NoRequest {
    /// The channel's destination is not configured.
    NotConfigured(&'static str),
    /// A customer may not, or cannot, be written to.
    Blocked(String),
    /// It cannot be said now.
    Later(String),
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Makes one attempt at each delivery. Repeats are harmless: what has arrived is not sent again.
    ///
    /// # Errors
    /// When the list itself is not understood.
    pub async fn deliver(&self, body: &[u8], out: &impl Outbound, gate: &impl ConsentGate) -> Result<(), Problem> {
        let jobs = HandedOver::read(body).ok_or_else(|| Problem::field("", "must be a list of {id, job}"))?;
        // A list can name a delivery twice: a tick that was cut short and repeated knows it from two places.
        let mut by_case: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for HandedOver { id, job } in jobs {
            if let Some(Job::Delivery(delivery)) = Job::from_text(&job) {
                by_case.entry(id).or_default().insert(delivery);
            }
        }
        let cases = stream::iter(by_case);
        cases.for_each_concurrent(AT_ONCE, |(id, deliveries)| self.deliver_case(id, deliveries, out, gate)).await;
        Ok(())
    }

    async fn deliver_case(
        &self,
        id: String,
        deliveries: BTreeSet<String>,
        out: &impl Outbound,
        gate: &impl ConsentGate,
    ) {
        let record = match self.ledger.read(&id).await {
            Ok(Some(record)) => record,
            Ok(None) => return,
            // Not lost: the delivery's own timer looks again.
            Err(error) => return self.log(&format!("ledger: {error}")),
        };
        let attempts =
            deliveries.iter().filter_map(|d| record.body.delivery(d)).filter(|d| d.state == DeliveryState::Pending);
        let attempts = attempts.map(|d| async { (d.id.clone(), self.attempt(&record, d, out, gate).await) });
        let outcomes = futures::future::join_all(attempts).await;
        if !outcomes.is_empty() {
            self.settle(&id, &outcomes).await;
        }
    }

    async fn settle(&self, id: &str, outcomes: &[(String, Outcome)]) {
        for (delivery, outcome) in outcomes {
            match outcome {
                Outcome::Delivered(_) => {}
                Outcome::Retry(why, _) | Outcome::Failed(why) | Outcome::Skipped(why) | Outcome::Blocked(why) => {
                    self.log(&format!("case {id}, {delivery}: {why}"));
                }
            }
        }
        let now = from_unix(self.clock.now());
        let written = self.ledger.change(id, |record| {
            let mut body = record.body.clone();
            for (delivery, outcome) in outcomes {
                if let Some(pending) = body.delivery_mut(delivery).filter(|d| d.state == DeliveryState::Pending) {
                    pending.settle(outcome.clone(), now);
                    body.note_undelivered(delivery, now);
                }
            }
            Ok::<_, ()>(Step::of(body))
        });
        match written.await {
            Ok(Changed::Done { .. }) => {}
            Ok(_) => self.log(&format!("case {id}: the deliveries' outcome could not be written")),
            Err(error) => self.log(&format!("ledger: {error}")),
        }
    }

    async fn attempt(
        &self,
        record: &Record<Dossier>,
        delivery: &Delivery,
        out: &impl Outbound,
        gate: &impl ConsentGate,
    ) -> Outcome {
        let Some(channel) = self.config.channels.get(&delivery.channel) else {
            return Outcome::Skipped("the programme no longer has this channel".to_owned());
        };
        let request = match reaches_customer(delivery) {
            true => self.customer_request(record, delivery, channel, gate).await,
            false => self.alert_request(record, delivery, channel, gate).await,
        };
        match request {
            Ok(request) => of_answer(out.send(request, WITHIN).await, from_unix(self.clock.now())),
            Err(NoRequest::NotConfigured(what)) => Outcome::Skipped(format!("{what} is not configured")),
            Err(NoRequest::Blocked(why)) => Outcome::Blocked(why),
            Err(NoRequest::Later(why)) => Outcome::Retry(why, None),
        }
    }

    async fn alert_request(
        &self,
        record: &Record<Dossier>,
        delivery: &Delivery,
        channel: &Channel,
        gate: &impl ConsentGate,
    ) -> Result<Request<Vec<u8>>, NoRequest> {
        let now = from_unix(self.clock.now());
        let mut contact = Vec::new();
        for way in [ContactChannel::Email, ContactChannel::Phone] {
            let decision = gate.may_contact(&record.body.feedback.customer, way, Purpose::FollowUp).await;
            contact.push((way, decision.ok()));
        }
        let id = self.namer.message(&record.eid, &delivery.id);
        let notice = Notice::new(&self.config, record, delivery, &contact, id, now)
            .ok_or_else(|| NoRequest::Blocked("the answer has no case".to_owned()))?;
        let secret = |variable: &str| self.secrets.get(variable).to_owned();
        let built = match &channel.kind {
            ChannelKind::Slack { url_variable } => slack::request(&secret(url_variable), &notice),
            ChannelKind::Resend { key_variable, origin_variable, from, to } => {
                resend::alert(&secret(key_variable), &secret(origin_variable), from, to, &notice)
            }
            ChannelKind::Webhook { url_variable, secret_variable } => {
                webhook::request(&secret(url_variable), &secret(secret_variable), record, &notice)
            }
        };
        built.ok_or(NoRequest::NotConfigured("the channel's destination"))
    }

    /// A message to a customer passes the gate at the moment of sending, however long it has waited.
    async fn customer_request(
        &self,
        record: &Record<Dossier>,
        delivery: &Delivery,
        channel: &Channel,
        gate: &impl ConsentGate,
    ) -> Result<Request<Vec<u8>>, NoRequest> {
        let blocked = |why: &str| NoRequest::Blocked(why.to_owned());
        let message: &Message = record.body.message(&delivery.id).ok_or_else(|| blocked("the message is gone"))?;
        let customer = &record.body.feedback.customer;
        match gate.may_contact(customer, message.channel, message.purpose).await {
            Ok(Decision::Allowed(_)) => {}
            Ok(Decision::Blocked(reason)) => return Err(blocked(reason.explain())),
            Err(error) => return Err(NoRequest::Later(error.to_string())),
        }
        let to = customer.email.as_deref().ok_or_else(|| blocked("the customer's e-mail address is not known"))?;
        let ChannelKind::Resend { key_variable, origin_variable, from, .. } = &channel.kind else {
            return Err(NoRequest::NotConfigured("an e-mail channel for customers"));
        };
        let id = self.namer.message(&record.eid, &delivery.id);
        let locale = record.body.feedback.locale.as_deref().unwrap_or(&self.config.default_locale);
        let letter = resend::Letter { name: &self.config.name, locale, message };
        resend::to_customer(self.secrets.get(key_variable), self.secrets.get(origin_variable), from, to, &id, &letter)
            .ok_or(NoRequest::NotConfigured("the e-mail provider"))
    }
}
