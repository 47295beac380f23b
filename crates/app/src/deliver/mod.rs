//! Delivers alerts to people of the company, and messages to customers: builds what each receiver takes, sends it, and
//! writes down how it ended. When to try again is the core's decision, and the ledger's timers see to it.

mod attempt;
mod brevo;
mod discord;
mod google_chat;
mod group;
mod guard;
mod letter;
mod mail;
mod mailpit;
mod matrix;
mod mattermost;
mod notice;
mod ntfy;
mod outcome;
mod pace;
mod pagerduty;
mod postmark;
mod product;
mod queue;
mod report;
mod resend;
mod sendgrid;
mod ses;
pub(crate) mod silence;
mod slack;
mod standing;
mod teams;
pub(crate) mod text;
pub mod trial;
mod webhook;

pub(crate) use mail::letter_as_sent;
pub use notice::Notice;
pub(crate) use notice::summary;
pub use outcome::of_answer;
pub(crate) use report::suppressed_note;
pub(crate) use standing::Off;

use self::queue::Errand;
use crate::App;
use crate::dossier::{Dossier, Job};
use crate::follow_up::note_undelivered;
use crate::letters::Written;
use crate::ports::{ConsentGate, Outbound};
use crate::problem::Problem;
use crate::stored::{Stored, stored};
use crate::time::from_unix;
use futures::stream::{self, StreamExt as _};
use ringback_core::alert::{Delivery, DeliveryState, Outcome};
use ringback_core::id::ChannelId;
use ringback_ledger::{Changed, Clock, Due, Entropy, Record, Step, Store};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a receiver may take, whole.
pub const WITHIN: Duration = Duration::from_secs(15);
/// How many jobs are handed over in one request.
const IN_A_BODY: usize = 256;
/// How many cases are read at once.
const READ_AT_ONCE: usize = 16;

/// Deliveries that are to be attempted, by their cases.
type ByCase = BTreeMap<String, BTreeSet<String>>;

/// A job as it is handed over from the tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The answer it is about.
    pub id: String,
    /// What is to be done.
    pub job: String,
}

stored!(HandedOver { id, job });

impl From<Due> for HandedOver {
    fn from(due: Due) -> Self {
        Self { id: due.eid, job: due.job }
    }
}

impl HandedOver {
    /// A list of jobs as the body that [`App::deliver`] reads.
    #[must_use]
    pub fn body(jobs: &[Self]) -> Vec<u8> {
        Value::Array(jobs.iter().map(Self::store).collect()).to_string().into_bytes()
    }

    /// The same of any number, in bodies of a size that is taken.
    #[must_use]
    pub fn bodies(jobs: &[Self]) -> Vec<Vec<u8>> {
        jobs.chunks(IN_A_BODY).map(Self::body).collect()
    }

    fn read(body: &[u8]) -> Option<Vec<Self>> {
        let jobs: Value = serde_json::from_slice(body).ok()?;
        Stored::restore(&jobs).ok()
    }
}

/// How an attempt ended.
struct Ended {
    delivery: String,
    /// Which attempt it was.
    attempts: u8,
    outcome: Outcome,
    /// It is the one to tell that its channel is switched off.
    tells: bool,
    /// A silence has kept it from being sent.
    silenced: bool,
    /// What a template said, when it was filled in for this attempt.
    written: Option<Written>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Makes one attempt at each delivery. Repeats are harmless: what has arrived is not sent again.
    ///
    /// Each channel has a queue of its own: one that is slow or silent holds up nothing but itself.
    ///
    /// # Errors
    /// When the list itself is not understood.
    pub async fn deliver(&self, body: &[u8], out: &impl Outbound, gate: &impl ConsentGate) -> Result<(), Problem> {
        let mut jobs = HandedOver::read(body).ok_or_else(|| Problem::field("", "must be a list of {id, job}"))?;
        let begun = self.clock.now();
        // What follows from a round, a channel that was switched off for example, is another one; they share the time.
        while !jobs.is_empty() {
            jobs = self.deliver_round(begun, jobs, out, gate).await;
        }
        Ok(())
    }

    async fn deliver_round(
        &self,
        begun: u64,
        jobs: Vec<HandedOver>,
        out: &impl Outbound,
        gate: &impl ConsentGate,
    ) -> Vec<HandedOver> {
        // A list can name a delivery twice: a tick that was cut short and repeated knows it from two places.
        let mut by_case = ByCase::new();
        for HandedOver { id, job } in jobs {
            if let Some(Job::Delivery(delivery)) = Job::from_text(&job) {
                by_case.entry(id).or_default().insert(delivery);
            }
        }
        let read = self.records(by_case).await;
        let (mut records, mut queues) = (Vec::new(), BTreeMap::<ChannelId, Vec<Errand>>::new());
        let mut open = Vec::new();
        for (record, deliveries) in read {
            let pending = deliveries.iter().filter_map(|id| record.body.delivery(id));
            let pending: Vec<Delivery> = pending.filter(|d| d.state == DeliveryState::Pending).cloned().collect();
            open.push(pending.len());
            for delivery in pending {
                let errand = Errand { case: records.len(), delivery };
                queues.entry(errand.delivery.channel.clone()).or_default().push(errand);
            }
            records.push(record);
        }
        // When it cannot be read what holds them back nothing is attempted: everything comes back with its own timer.
        let channels: Vec<&ChannelId> = queues.keys().collect();
        let (silences, off) = match self.held_back(&channels).await {
            Ok(held_back) => held_back,
            Err(error) => {
                self.log(&format!("ledger: {error}"));
                return Vec::new();
            }
        };
        let round = Round {
            begun,
            silences,
            records,
            ended: RefCell::default(),
            open: RefCell::new(open),
            next: RefCell::default(),
            groups: RefCell::default(),
            leading: RefCell::default(),
            joined: RefCell::default(),
        };
        // A channel of which it cannot be told whether it is on is left to its deliveries' own timers.
        let queues = queues.into_iter().zip(off).filter_map(|((channel, queue), off)| Some((channel, off?, queue)));
        let queues = queues.map(|(channel, off, queue)| self.work_queue((channel, off), queue, &round, out, gate));
        futures::future::join_all(queues).await;
        // Cases of which something was left for later.
        for case in 0..round.records.len() {
            self.settle(&round, case).await;
        }
        round.next.into_inner()
    }

    /// The cases of a round: all of them by 2 reads, or, where a value among them is not understood, one by one.
    async fn records(&self, by_case: ByCase) -> Vec<(Record<Dossier>, BTreeSet<String>)> {
        let ids: Vec<&str> = by_case.keys().map(String::as_str).collect();
        let mut found: BTreeMap<String, Record<Dossier>> = match self.ledger.read_many(&ids).await {
            Ok(records) => records.into_iter().map(|record| (record.eid.clone(), record)).collect(),
            Err(_) => {
                let read = stream::iter(&ids).map(|id| async move { Some(((*id).to_owned(), self.record(id).await?)) });
                read.buffer_unordered(READ_AT_ONCE).filter_map(|found| async { found }).collect().await
            }
        };
        by_case.into_iter().filter_map(|(id, deliveries)| Some((found.remove(&id)?, deliveries))).collect()
    }

    async fn record(&self, id: &str) -> Option<Record<Dossier>> {
        // What cannot be read is not lost: the delivery's own timer looks again.
        let read = self.ledger.read(id).await;
        read.unwrap_or_else(|error| {
            self.log(&format!("ledger: {error}"));
            None
        })
    }

    /// An attempt that has ended, or that waits for its turn: what the others of its case came to is written down once
    /// none of them is left.
    async fn step_aside(&self, round: &Round, case: usize) {
        round.open.borrow_mut()[case] -= 1;
        if round.open.borrow()[case] == 0 {
            self.settle(round, case).await;
        }
    }

    /// Writes down how the attempts of a case ended, as far as that is not written down yet.
    async fn settle(&self, round: &Round, case: usize) {
        let Some(ended) = round.ended.borrow_mut().remove(&case) else { return };
        let id = &round.records[case].eid;
        for Ended { delivery, outcome, .. } in &ended {
            if let Some(why) = outcome.why_not() {
                self.log(&format!("case {id}, {delivery}: {why}"));
            }
        }
        let now = from_unix(self.clock.now());
        // Of which channels somebody is told that they are off, in what is written at last.
        let told = RefCell::new(BTreeSet::new());
        let written = self.ledger.change(id, |record| {
            let mut step = Step::of(record.body.clone());
            told.borrow_mut().clear();
            for Ended { delivery, attempts, outcome, tells, silenced, written } in &ended {
                // What was written for another address meanwhile is written anew.
                let same = email_of(&step.body) == email_of(&round.records[case].body);
                if let Some(written) = written.as_ref().filter(|_| same) {
                    step.body.keep_written(delivery, written);
                }
                if let (true, Some(off)) = (*tells, step.body.delivery(delivery).map(|d| d.channel.clone())) {
                    if self.tell_of_trouble(&mut step, &off) {
                        told.borrow_mut().insert(off);
                    } else {
                        self.log(&format!("channel {off} is off, and there is no other channel to tell of it"));
                    }
                }
                let pending = step.body.delivery_mut(delivery).filter(|d| d.state == DeliveryState::Pending);
                let Some(pending) = pending else { continue };
                // A later attempt has begun meanwhile: what comes of that one counts.
                if pending.attempts != *attempts && matches!(outcome, Outcome::Retry(..)) {
                    continue;
                }
                if let Some(journal) = round.joined.borrow().get(&(id.clone(), delivery.clone())) {
                    pending.group.get_or_insert_with(|| journal.clone());
                }
                pending.settle(outcome.clone(), now);
                let settled = pending.clone();
                self.follow_up.repeat_later(&mut step, &settled, *silenced, now);
                note_undelivered(&mut step, delivery, now);
            }
            Ok::<_, ()>(step)
        });
        match written.await {
            Ok(Changed::Done { now, .. }) => {
                self.note_all_told(told.take()).await;
                round.next.borrow_mut().extend(now.into_iter().map(HandedOver::from));
            }
            Ok(_) => self.log(&format!("case {id}: the deliveries' outcome could not be written")),
            Err(error) => self.log(&format!("ledger: {error}")),
        }
    }

    /// Writes down of which channels somebody is told that they are off.
    async fn note_all_told(&self, channels: BTreeSet<ChannelId>) {
        for channel in channels {
            if let Err(error) = self.note_told(&channel).await {
                self.log(&format!("ledger: {error}"));
            }
        }
    }
}

fn email_of(dossier: &Dossier) -> Option<&str> {
    dossier.feedback.customer.email.as_deref()
}

/// What is known of a round of attempts.
struct Round {
    /// When it began, or the one before it (Unix seconds).
    begun: u64,
    silences: Vec<silence::Silence>,
    records: Vec<Record<Dossier>>,
    /// By case: what has ended and is not written down yet.
    ended: RefCell<BTreeMap<usize, Vec<Ended>>>,
    /// By case: how many attempts are under way or still to be made, those that wait for their turn aside.
    open: RefCell<Vec<usize>>,
    /// What follows from it.
    next: RefCell<Vec<HandedOver>>,
    /// Groups of alerts, as their journals said when the round first looked, and what it has noted since.
    groups: RefCell<BTreeMap<String, group::Group>>,
    /// Journals of groups in which one of the round is becoming leader.
    leading: RefCell<BTreeSet<String>>,
    /// By case and delivery: the journal of the group that an attempt has found it in.
    joined: RefCell<BTreeMap<(String, String), String>>,
}

impl Round {
    /// An attempt that stepped aside goes on.
    fn step_back(&self, case: usize) {
        self.open.borrow_mut()[case] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_jobs_are_handed_over_each_body_is_taken() {
        // The longest channel and a name as long as any.
        let job = format!("deliver:breached-first_contact-255-{}", "c".repeat(64));
        let jobs = vec![HandedOver { id: "z".repeat(26), job }; 2 * IN_A_BODY + 1];
        let bodies = HandedOver::bodies(&jobs);
        assert!(bodies.iter().all(|body| body.len() <= crate::MAX_BODY));
        let read: Vec<HandedOver> = bodies.iter().flat_map(|body| HandedOver::read(body).unwrap()).collect();
        assert_eq!((bodies.len(), read), (3, jobs));
        assert!(HandedOver::bodies(&[]).is_empty());
    }
}
