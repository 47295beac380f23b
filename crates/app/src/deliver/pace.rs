//! How fast a channel is written to: no faster than its vendor takes, or than the programme says, over all instances.
//!
//! What would be answered with 429 is not sent: a meter of the ledger says when the next one is due. Whoever would wait
//! long comes back within a minute or so, with its own timer and without an attempt having been counted; what else the
//! same case has to say does not wait with it. A server of one's own (a private address) has no vendor.

use super::Round;
use super::product::is_private;
use crate::App;
use crate::config::{Channel, Config};
use crate::dossier::reaches_customer;
use crate::ports::Outbound;
use crate::secrets::Secrets;
use http::Uri;
use ringback_core::alert::{Delivery, DeliveryState, Outcome, WAITS_FOR_TURN};
use ringback_core::rate::Pace;
use ringback_core::rule::Priority;
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use std::time::Duration;

/// How long after its round has begun an attempt may have its turn, in milliseconds. With what a receiver may take it is
/// less than what the tick waits for.
pub(super) const PATIENCE_MS: u64 = 20_000;
/// How long after a round has begun what was read then is still believed, in seconds.
const BELIEVED_S: u64 = 3;
/// The settings that say where a product is.
const PLACES: [&str; 2] = ["url_variable", "origin_variable"];

/// The outcome of what comes back for its turn.
pub(super) fn comes_back() -> Outcome {
    Outcome::Retry(WAITS_FOR_TURN.to_owned(), None)
}

/// Whether a delivery waits for its turn: what was refused before does not, as its next attempt is far away.
pub(super) fn takes_turns(delivery: &Delivery) -> bool {
    delivery.attempts <= 1 || (delivery.attempts == 2 && delivery.last_error.is_none())
}

/// How many messages a minute a channel is sent at most: the least that the programme says of any that leads where it
/// does, or else what its vendor takes.
fn per_minute(config: &Config, secrets: &Secrets, channel: &Channel) -> Option<u32> {
    let alike = config.channels.values().filter(|other| other.destination() == channel.destination());
    let said = alike.filter_map(|other| other.per_minute).min();
    said.or_else(|| channel.kind.vendor_per_minute().filter(|_| is_a_vendors(secrets, channel)))
}

/// Whether a channel leads to somebody else's server.
fn is_a_vendors(secrets: &Secrets, channel: &Channel) -> bool {
    let place = PLACES.into_iter().find_map(|key| channel.setting(key)).map(|variable| secrets.get(variable));
    let uri = place.and_then(|place| place.parse::<Uri>().ok());
    let host = uri.as_ref().and_then(Uri::host).map(|host| host.trim_end_matches('.').to_ascii_lowercase());
    host.is_some_and(|host| !is_private(&host))
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The pace of a channel, if it has one.
    pub(super) fn pace(&self, channel: &Channel) -> Option<Pace> {
        per_minute(&self.config, &self.secrets, channel).map(Pace::per_minute)
    }

    /// How many attempts may be under way at once: no more than come to their turn before patience ends.
    pub(super) fn at_once(&self, channel: &Channel, most: usize) -> usize {
        let fitting = self.pace(channel).and_then(|pace| usize::try_from(PATIENCE_MS / pace.cost_ms()).ok());
        fitting.map_or(most, |fitting| fitting.clamp(1, most))
    }

    /// Waits until it is the channel's turn; the outcome when that is not soon, or when somebody else has seen to the
    /// delivery meanwhile. What is critical waits for nobody, and counts. A channel without a pace costs nothing, another
    /// one a read and a write, after a pause a read and a write more, and what waits is read again.
    pub(super) async fn keep_pace(
        &self,
        round: &Round,
        case: usize,
        channel: &Channel,
        delivery: &Delivery,
        out: &impl Outbound,
    ) -> Result<(), Outcome> {
        let Some(pace) = self.pace(channel).filter(|_| takes_turns(delivery)) else { return Ok(()) };
        let unread = |error: LedgerError| {
            self.log(&format!("ledger: {error}"));
            Outcome::Retry("its channel's pace could not be read".to_owned(), None)
        };
        let now = self.clock.now();
        let critical = round.records[case].body.case.as_ref().is_some_and(|case| case.priority == Priority::Critical);
        let age = now.saturating_sub(round.begun);
        // Letters leave places to alerts that go out by the same account.
        let longest = if reaches_customer(delivery) { PATIENCE_MS / 2 } else { PATIENCE_MS };
        let patience = longest.saturating_sub(age * 1_000);
        let may_wait = if critical { u64::MAX } else { patience };
        let wait = self.take_place(channel, pace, now * 1_000, may_wait).await.map_err(unread)?;
        if wait > may_wait {
            return Err(comes_back());
        }
        if wait > 0 && !critical {
            self.step_aside(round, case).await;
            out.pause(Duration::from_millis(wait)).await;
            round.step_back(case);
        } else if age < BELIEVED_S {
            return Ok(());
        }
        // Its timer may have fired meanwhile, and somebody else seen to it.
        let stands = self.ledger.read(&round.records[case].eid).await.map_err(unread);
        let as_it_was = |now: &Delivery| now.state == DeliveryState::Pending && now.attempts == delivery.attempts;
        let outcome = match stands {
            Ok(Some(record)) if record.body.delivery(&delivery.id).is_some_and(as_it_was) => return Ok(()),
            Ok(_) => comes_back(),
            Err(outcome) => outcome,
        };
        self.leave_place(channel, delivery).await;
        Err(outcome)
    }

    /// Gives a place back that was not used.
    pub(super) async fn leave_place(&self, channel: &Channel, delivery: &Delivery) {
        let Some(pace) = self.pace(channel).filter(|_| takes_turns(delivery)) else { return };
        let place = self.namer.pace_place(channel.destination());
        if let Err(error) = self.ledger.pull_meter(&place, pace.cost_ms()).await {
            self.log(&format!("ledger: {error}"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::beside;
    use ringback_core::id::ChannelId;

    const SHIPPED: &str = include_str!("../../../../ringback.toml");

    /// What a channel of the shipped programme is sent a minute, where a variable holds an address.
    fn sent(programme: &str, channel: &str, (variable, address): (&str, &str)) -> Option<u32> {
        let config = Config::parse(programme, &beside).unwrap();
        let secrets = Secrets::new([(variable.to_owned(), address.to_owned())].into());
        per_minute(&config, &secrets, &config.channels[&ChannelId::new(channel).unwrap()])
    }

    #[test]
    fn a_vendors_rate_is_kept_unless_the_programme_says_otherwise_or_the_server_is_ones_own() {
        let slack = ("slack_webhook_url", "https://hooks.slack.com/services/T/B/x");
        assert_eq!(sent(SHIPPED, "care-chat", slack), Some(60));
        assert_eq!(sent(SHIPPED, "care-chat", ("slack_webhook_url", "http://127.0.0.1:3001/slack")), None);
        let said = SHIPPED.replacen("id = \"care-chat\"", "id = \"care-chat\"\nper_minute = 240", 1);
        assert_eq!(sent(&said, "care-chat", slack), Some(240));
        assert_eq!(sent(SHIPPED, "events", ("events_webhook_url", "https://example.com/hooks")), None);
    }

    #[test]
    fn channels_of_one_account_share_its_rate() {
        let resend = ("resend_origin", "https://api.resend.com");
        assert_eq!(sent(SHIPPED, "lead-mail", resend), Some(120));
        let said = SHIPPED.replacen("id = \"care-mail\"", "id = \"care-mail\"\nper_minute = 600", 1);
        assert_eq!((sent(&said, "care-mail", resend), sent(&said, "lead-mail", resend)), (Some(600), Some(600)));
    }
}
