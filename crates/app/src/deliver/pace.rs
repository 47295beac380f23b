//! How fast a channel is written to: no faster than its vendor takes, over all instances, most urgent first.
//!
//! What would be answered with 429 is not sent: a meter of the ledger says when the next one is due. Whoever would wait
//! long comes back with its own timer. A receiver of one's own has no vendor: it is paced only if the programme says so.

use super::product::is_private;
use crate::App;
use crate::config::Channel;
use crate::ports::Outbound;
use crate::time::from_unix;
use http::Uri;
use ringback_core::alert::{Outcome, WAITS_FOR_TURN};
use ringback_core::rate::Pace;
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use std::time::Duration;

/// How long an attempt waits for its turn, in milliseconds: what waits longer comes back with its own timer. With the time
/// that a receiver may take less than the tick waits for.
const PATIENCE_MS: u64 = 8_000;
/// The settings that say where a product is.
const PLACES: [&str; 2] = ["url_variable", "origin_variable"];

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The pace of a channel, if it has one.
    pub(super) fn pace(&self, channel: &Channel) -> Option<Pace> {
        let vendors = || channel.kind.usual_per_minute().filter(|_| self.is_a_vendors(channel));
        channel.per_minute.or_else(vendors).map(Pace::per_minute)
    }

    fn is_a_vendors(&self, channel: &Channel) -> bool {
        let place = PLACES.into_iter().find_map(|key| channel.setting(key)).map(|variable| self.secrets.get(variable));
        let uri = place.and_then(|place| place.parse::<Uri>().ok());
        uri.as_ref().and_then(Uri::host).is_some_and(|host| !is_private(host))
    }

    /// How many attempts of a channel may be under way at once: no more than come to their turn before patience ends.
    pub(super) fn at_once(&self, channel: Option<&Channel>, most: usize) -> usize {
        let pace = channel.and_then(|channel| self.pace(channel));
        let fitting = pace.and_then(|pace| usize::try_from(PATIENCE_MS / pace.cost_ms()).ok());
        fitting.map_or(most, |fitting| fitting.clamp(1, most))
    }

    /// Waits until it is the channel's turn; the outcome when that is not soon. A channel without a pace costs nothing,
    /// another one a read and a write.
    pub(super) async fn keep_pace(&self, channel: &Channel, out: &impl Outbound) -> Result<(), Outcome> {
        let Some(pace) = self.pace(channel) else { return Ok(()) };
        let now = self.clock.now() * 1_000;
        let wait = self.take_place(channel, pace, now).await.map_err(|error| {
            self.log(&format!("ledger: {error}"));
            Outcome::Retry("its channel's pace could not be read".to_owned(), None)
        })?;
        if wait > PATIENCE_MS {
            return Err(Outcome::Retry(WAITS_FOR_TURN.to_owned(), Some(from_unix((now + wait).div_ceil(1_000)))));
        }
        if wait > 0 {
            out.pause(Duration::from_millis(wait)).await;
        }
        Ok(())
    }

    /// Takes the next place, unless it is too far away; how long it is to it, in milliseconds.
    async fn take_place(&self, channel: &Channel, pace: Pace, now: u64) -> Result<u64, LedgerError> {
        let place = self.namer.pace_place(&channel.id);
        let (stands, floor) = (self.ledger.meters(&[&place]).await?[0], pace.floor(now));
        let wait = pace.wait_ms(stands.max(floor) + pace.cost_ms(), now);
        if wait > PATIENCE_MS {
            return Ok(wait);
        }
        let pushed = self.ledger.push_meter(&place, stands, floor, pace.cost_ms()).await?;
        let wait = pace.wait_ms(pushed, now);
        if wait > PATIENCE_MS {
            // Others were faster.
            self.ledger.pull_meter(&place, pace.cost_ms()).await?;
        }
        Ok(wait)
    }
}
