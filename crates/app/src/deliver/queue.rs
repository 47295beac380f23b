//! One channel's queue in a round: the most urgent first, a few at once, and no more once nobody answers there.

use super::standing::Off;
use super::{Ended, Round, pace, silence};
use crate::App;
use crate::dossier::reaches_customer;
use crate::letters::Written;
use crate::ports::{ConsentGate, Outbound, OutboundError};
use crate::time::from_unix;
use futures::stream::{self, StreamExt as _};
use ringback_core::alert::{Delivery, Outcome, WAITS_FOR_GROUP, WAITS_FOR_TURN};
use ringback_core::id::ChannelId;
use ringback_ledger::{Clock, Entropy, Store};
use std::cell::Cell;

/// How many requests are under way to one channel at once.
const PER_CHANNEL: usize = 8;
/// After how long no further attempt is begun: what is left comes back with its own timer. With what a receiver may take
/// it is less than the tick waits for.
const NO_MORE_AFTER_S: u64 = 30;
/// How often in a row a channel may give no answer before the rest of its queue is left for later.
const SILENT_AT_MOST: u32 = 3;

/// A delivery whose attempt is to be made.
pub(super) struct Errand {
    /// Its case, by its place in the round.
    pub case: usize,
    pub delivery: Delivery,
}

/// One channel's queue in a round.
struct Line {
    id: ChannelId,
    /// Whether it is written to no faster than somebody says.
    paced: bool,
    off: Option<Off>,
    /// Whether it is off, and nobody has been told.
    untold: Cell<bool>,
    /// How often in a row it gave no answer.
    silent: Cell<u32>,
    /// Whether it was refused for good in this round.
    went_off: Cell<bool>,
}

/// What has come of an attempt.
struct Tried {
    outcome: Outcome,
    /// What a template said, when it was filled in for it.
    written: Option<Written>,
    /// A silence has kept it from being sent.
    silenced: bool,
}

impl Tried {
    const fn of(outcome: Outcome) -> Self {
        Self { outcome, written: None, silenced: false }
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Works one channel's queue.
    pub(super) async fn work_queue(
        &self,
        (id, off): (ChannelId, Option<Off>),
        queue: Vec<Errand>,
        round: &Round,
        out: &impl Outbound,
        gate: &impl ConsentGate,
    ) {
        // Should not all of them have their turn now, those whose case is most urgent do.
        let mut queue = queue;
        let priority = |errand: &Errand| round.records[errand.case].body.case.as_ref().map(|case| case.priority);
        queue.sort_by_key(|errand| std::cmp::Reverse(priority(errand)));
        let paced = self.config.channels.get(&id).filter(|channel| self.pace(channel).is_some());
        let at_once = paced.map_or(PER_CHANNEL, |channel| self.at_once(channel, PER_CHANNEL));
        // What else their cases have to say does not wait until it is their turn.
        for errand in queue.iter().filter(|_| paced.is_some()) {
            self.step_aside(round, errand.case).await;
        }
        let now = from_unix(self.clock.now());
        let line = &Line {
            id,
            paced: paced.is_some(),
            untold: Cell::new(off.as_ref().is_some_and(|off| off.is_untold(now))),
            off,
            silent: Cell::new(0),
            went_off: Cell::new(false),
        };
        stream::iter(queue)
            .for_each_concurrent(at_once, |errand| async move {
                if line.paced {
                    round.step_back(errand.case);
                }
                if let Some(Tried { outcome, written, silenced }) =
                    self.work_errand(line, &errand, round, out, gate).await
                {
                    let tells = self.heed(line, &outcome).await || line.untold.take();
                    let Errand { case, delivery: Delivery { id: delivery, attempts, .. } } = errand;
                    let ended = Ended { delivery, attempts, outcome, tells, silenced, written };
                    round.ended.borrow_mut().entry(case).or_default().push(ended);
                }
                self.step_aside(round, errand.case).await;
            })
            .await;
    }

    /// Makes the attempt; gives how it ended, or nothing when it is left for later.
    async fn work_errand(
        &self,
        line: &Line,
        Errand { case, delivery }: &Errand,
        round: &Round,
        out: &impl Outbound,
        gate: &impl ConsentGate,
    ) -> Option<Tried> {
        let in_turn = line.paced && pace::takes_turns(delivery);
        let no_more_after = if in_turn { pace::PATIENCE_MS / 1_000 } else { NO_MORE_AFTER_S };
        let late = self.clock.now().saturating_sub(round.begun) >= no_more_after;
        let now = from_unix(self.clock.now());
        let outcome = match (&line.off, silence::silenced(&round.silences, &round.records[*case].body, delivery, now)) {
            _ if late && in_turn => pace::comes_back(),
            _ if late || line.silent.get() >= SILENT_AT_MOST || line.went_off.get() => return None,
            (_, Some(why)) => return Some(Tried { silenced: true, ..Tried::of(Outcome::Skipped(why)) }),
            (None, _) if reaches_customer(delivery) => {
                let (outcome, written) = self.write_to_customer(round, *case, delivery, out, gate).await;
                return Some(Tried { written, ..Tried::of(outcome) });
            }
            (None, _) => self.attempt(round, *case, delivery, out, gate).await,
            (Some(off), _) => Outcome::Retry(off.waiting(), None),
        };
        Some(Tried::of(outcome))
    }

    /// What an outcome means for the channel; true when it was switched off because of it.
    async fn heed(&self, line: &Line, outcome: &Outcome) -> bool {
        match outcome {
            _ if is_silence(outcome) => line.silent.set(line.silent.get() + 1),
            // Nobody was asked.
            Outcome::Retry(why, _) if [WAITS_FOR_TURN, WAITS_FOR_GROUP].contains(&why.as_str()) => {}
            Outcome::Skipped(_) | Outcome::Blocked(_) => {}
            _ => line.silent.set(0),
        }
        let Outcome::Gone(why) = outcome else { return false };
        let first = !line.went_off.replace(true);
        // Another round may have been faster: it tells of it.
        let switched = self.switch_off(&line.id, why).await.unwrap_or_else(|error| {
            self.log(&format!("ledger: {error}"));
            true
        });
        first && switched
    }
}

/// Whether a receiver gave no answer at all.
fn is_silence(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Retry(why, _) if *why == OutboundError::Timeout.to_string())
}
