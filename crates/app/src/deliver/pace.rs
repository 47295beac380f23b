//! How fast a channel is written to, where the programme says so: no faster than its vendor takes, over all instances.
//!
//! What would be answered with 429 is not sent: a meter of the ledger says when the next one is due. Whoever would wait
//! long comes back within a minute or so, with its own timer and without an attempt having been counted. Other channels,
//! other rounds and what else the same case has to say wait for nobody's turn.

use super::Round;
use crate::App;
use crate::config::Channel;
use crate::ports::Outbound;
use crate::time::from_unix;
use ringback_core::alert::{Delivery, DeliveryState, Outcome, WAITS_FOR_TURN};
use ringback_core::rate::Pace;
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use std::time::Duration;

/// How long after its round has begun an attempt may have its turn, in milliseconds. With what a receiver may take, it is
/// less than the minute after which the attempt's own timer comes.
pub(super) const PATIENCE_MS: u64 = 20_000;

impl Channel {
    /// Its pace, if it has one.
    pub(super) fn pace(&self) -> Option<Pace> {
        self.per_minute.map(Pace::per_minute)
    }

    /// What its pace is counted for: channels that lead to one address, or are one account's, share its vendor's rate.
    fn destination(&self) -> &str {
        let shared = ["url_variable", "key_variable"].into_iter().find_map(|key| self.setting(key));
        shared.unwrap_or(self.id.as_str())
    }

    /// How many attempts may be under way at once: no more than come to their turn before patience ends.
    pub(super) fn at_once(&self, most: usize) -> usize {
        let fitting = self.pace().and_then(|pace| usize::try_from(PATIENCE_MS / pace.cost_ms()).ok());
        fitting.map_or(most, |fitting| fitting.clamp(1, most))
    }
}

/// The outcome of what comes back for its turn.
pub(super) fn comes_back() -> Outcome {
    Outcome::Retry(WAITS_FOR_TURN.to_owned(), None)
}

/// Whether a delivery waits for its turn: what was tried before does not, as its next attempt is far away.
pub(super) fn takes_turns(delivery: &Delivery) -> bool {
    delivery.attempts <= 1
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Waits until it is the channel's turn; the outcome when that is not soon, or when somebody else has seen to the
    /// delivery meanwhile. A channel without a pace costs nothing, another one a read and a write, two after a pause.
    pub(super) async fn keep_pace(
        &self,
        round: &Round,
        case: usize,
        channel: &Channel,
        delivery: &Delivery,
        out: &impl Outbound,
    ) -> Result<(), Outcome> {
        let Some(pace) = channel.pace().filter(|_| takes_turns(delivery)) else { return Ok(()) };
        let now = self.clock.now();
        let patience = PATIENCE_MS.saturating_sub(now.saturating_sub(round.begun) * 1_000);
        let unread = |error: LedgerError| {
            self.log(&format!("ledger: {error}"));
            Outcome::Retry("its channel's pace could not be read".to_owned(), None)
        };
        let wait = self.take_place(channel, pace, now * 1_000, patience).await.map_err(unread)?;
        if wait > patience {
            return Err(comes_back());
        }
        if wait == 0 {
            return Ok(());
        }
        self.step_aside(round, case).await;
        out.pause(Duration::from_millis(wait)).await;
        round.step_back(case);
        // Its timer may have fired meanwhile.
        let stands = self.ledger.read(&round.records[case].eid).await.map_err(unread)?;
        let stands = stands.as_ref().and_then(|record| record.body.delivery(&delivery.id));
        match stands.filter(|now| now.state == DeliveryState::Pending && now.attempts == delivery.attempts) {
            Some(_) => Ok(()),
            None => Err(Outcome::Retry(WAITS_FOR_TURN.to_owned(), Some(from_unix(self.clock.now() + 60)))),
        }
    }

    /// Takes the next place, unless it is too far away; how long it is to it, in milliseconds.
    async fn take_place(&self, channel: &Channel, pace: Pace, now: u64, patience: u64) -> Result<u64, LedgerError> {
        let place = self.namer.pace_place(channel.destination());
        let (stands, floor) = (self.ledger.meters(&[&place]).await?[0], pace.floor(now));
        let wait = pace.wait_ms(stands.max(floor) + pace.cost_ms(), now);
        if wait > patience {
            return Ok(wait);
        }
        let pushed = self.ledger.push_meter(&place, stands, floor, pace.cost_ms()).await?;
        let wait = pace.wait_ms(pushed, now);
        if wait > patience {
            // Others were faster.
            self.ledger.pull_meter(&place, pace.cost_ms()).await?;
        }
        Ok(wait)
    }
}
