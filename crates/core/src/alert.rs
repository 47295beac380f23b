//! A delivery: one alert or message to one destination, until it has arrived or is given up.
//!
//! Decides when to try again; performs no I/O. The schedule is that of the webhook field (Svix, Standard Webhooks):
//! over about 75 hours, so that a receiver that was down over a weekend still hears.

use crate::deadline::ClockKind;
use crate::id::ChannelId;
use crate::names::named;
use chrono::{DateTime, TimeDelta, Utc};

/// Seconds between an attempt and the next one.
pub const RETRY_AFTER_S: [u32; 9] =
    [60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// The longest that a receiver's `Retry-After` is honoured, in seconds: a day.
pub const LONGEST_RETRY_AFTER_S: u32 = 24 * 3600;

/// Why nothing has left yet for a delivery that is told together with others: no failure.
pub const WAITS_FOR_GROUP: &str = "waits for the others of its group";
/// Why an alert that is not sent yet has not failed: its channel takes no more for the moment.
pub const WAITS_FOR_TURN: &str = "waits for its turn: the channel is sent no more at once than it takes";

/// What somebody is told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occasion {
    /// A case was opened.
    Opened,
    /// A clock has used up its share.
    Warning(ClockKind),
    /// A clock was breached, and this level of escalation is reached.
    Breached(ClockKind, u8),
    /// The customer is to be asked again.
    SurveyDue,
    /// Nobody has taken the case, and the chain has come to this link.
    Untaken(u8),
    /// The customer is told what was done.
    Message,
    /// Somebody has taken the case: for products that keep an incident of their own.
    Taken,
    /// The case is resolved: for the same.
    Resolved,
    /// The customer asks for a person.
    PersonAsked,
    /// Alerts no longer reach another channel.
    ChannelOff(ChannelId),
}

impl Occasion {
    /// The name under which it is sent: `case.opened`, `deadline.warning`, `deadline.breached`, `survey.due`,
    /// `case.untaken`, `customer.message`, `case.taken`, `case.resolved`, `person.asked`, `channel.off`.
    #[must_use]
    pub const fn event_name(&self) -> &'static str {
        match self {
            Self::Opened => "case.opened",
            Self::Warning(_) => "deadline.warning",
            Self::Breached(..) => "deadline.breached",
            Self::SurveyDue => "survey.due",
            Self::Untaken(_) => "case.untaken",
            Self::Message => "customer.message",
            Self::Taken => "case.taken",
            Self::Resolved => "case.resolved",
            Self::PersonAsked => "person.asked",
            Self::ChannelOff(_) => "channel.off",
        }
    }

    /// A short name that tells the deliveries of one case apart.
    #[must_use]
    pub fn slug(&self) -> String {
        match self {
            Self::Opened => "opened".to_owned(),
            Self::Warning(clock) => format!("warning-{}", clock.as_str()),
            Self::Breached(clock, level) => format!("breached-{}-{level}", clock.as_str()),
            Self::SurveyDue => "survey".to_owned(),
            Self::Untaken(link) => format!("untaken-{link}"),
            Self::Message => "message".to_owned(),
            Self::Taken => "taken".to_owned(),
            Self::Resolved => "resolved".to_owned(),
            Self::PersonAsked => "person-asked".to_owned(),
            Self::ChannelOff(channel) => format!("channel-off-{channel}"),
        }
    }
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Not there yet; attempts go on.
    Pending,
    /// The receiver took it.
    Delivered,
    /// Given up: the receiver refused it for good, or every attempt failed.
    Failed,
    /// Never sent: the channel has no destination.
    Skipped,
    /// Never sent: the customer's consent does not allow it.
    Blocked,
    /// Given up, and somebody has said that it need not arrive any more.
    Discarded,
}

named!(DeliveryState {
    Pending = "pending",
    Delivered = "delivered",
    Failed = "failed",
    Skipped = "skipped",
    Blocked = "blocked",
    Discarded = "discarded",
});

/// One alert or message to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its name within the case.
    pub id: String,
    /// What it tells.
    pub occasion: Occasion,
    /// Where it goes.
    pub channel: ChannelId,
    /// How it stands.
    pub state: DeliveryState,
    /// Attempts begun.
    pub attempts: u8,
    /// No attempt before this.
    pub not_before: Option<DateTime<Utc>>,
    /// Why the last attempt failed, free of secrets and personal data.
    pub last_error: Option<String>,
    /// When the receiver took it.
    pub delivered_at: Option<DateTime<Utc>>,
    /// The receiver's own name for it.
    pub provider_id: Option<String>,
    /// The group that it is told with, by the name of that group's journal.
    pub group: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, with the receiver's name for it where it gave one.
    Delivered(Option<String>),
    /// Not taken, and worth another try; not before the given instant, where the receiver named one.
    Retry(String, Option<DateTime<Utc>>),
    /// Not taken, and never will be.
    Failed(String),
    /// The same, because nobody takes anything there any more, or not from us.
    Gone(String),
    /// The channel has no destination.
    Skipped(String),
    /// The customer's consent does not allow it.
    Blocked(String),
}

impl Outcome {
    /// Why it did not arrive; none when it did.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Self::Delivered(_) => None,
            Self::Retry(why, _) | Self::Failed(why) | Self::Gone(why) | Self::Skipped(why) | Self::Blocked(why) => {
                Some(why)
            }
        }
    }
}

/// What a due timer means for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It has arrived, or was given up.
    Nothing,
    /// Not yet: look again then.
    Wait(DateTime<Utc>),
    /// Try now, and look again then.
    Attempt(DateTime<Utc>),
    /// The last attempt has failed.
    GiveUp,
}

impl Delivery {
    /// A delivery whose first attempt is about to be made. `number` tells several messages of one case apart.
    #[must_use]
    pub fn first_attempt(occasion: Occasion, channel: ChannelId, number: Option<usize>) -> Self {
        let id = match number {
            Some(number) => format!("{}-{number}-{channel}", occasion.slug()),
            None => format!("{}-{channel}", occasion.slug()),
        };
        Self {
            id,
            occasion,
            channel,
            state: DeliveryState::Pending,
            attempts: 1,
            not_before: None,
            last_error: None,
            delivered_at: None,
            provider_id: None,
            group: None,
        }
    }

    /// When to look again after the attempt that has just begun. Later waits are spread by up to a tenth, by the
    /// delivery's own name, so that what failed together does not come back together.
    #[must_use]
    pub fn look_again_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let index = usize::from(self.attempts.saturating_sub(1)).min(RETRY_AFTER_S.len() - 1);
        let wait = RETRY_AFTER_S[index];
        let spread = if wait >= 300 { spread_of(&self.id) % (wait / 10) } else { 0 };
        now + TimeDelta::seconds(i64::from(wait + spread))
    }

    /// What a timer that came due at `now` means. Call [`Delivery::begin_attempt`] when it says [`Due::Attempt`].
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>) -> Due {
        if self.state != DeliveryState::Pending {
            return Due::Nothing;
        }
        if let Some(at) = self.not_before.filter(|at| *at > now) {
            return Due::Wait(at);
        }
        if self.is_exhausted() && self.last_error.is_some() && !self.waits() {
            return Due::GiveUp;
        }
        if self.waits() {
            // It has not been tried: it comes back as soon as it can.
            return Due::Attempt(now + TimeDelta::seconds(i64::from(RETRY_AFTER_S[0])));
        }
        let mut begun = self.clone();
        begun.begin_attempt();
        Due::Attempt(begun.look_again_at(now))
    }

    /// Counts an attempt that is about to be made. When all were begun and none came to an end, because the process died
    /// or the channel's queue was too long each time, they begin anew with the second one: what nobody has refused is
    /// not given up.
    pub fn begin_attempt(&mut self) {
        self.not_before = None;
        if self.waits() {
            // Nothing was tried: this is the same attempt. Should it begin once more before it has ended, it counts.
            self.last_error = None;
            return;
        }
        self.attempts =
            if self.is_exhausted() && self.last_error.is_none() { 2 } else { self.attempts.saturating_add(1) };
    }

    /// Whether the last attempt came to nothing because it was not time yet: for its channel, or for its group.
    fn waits(&self) -> bool {
        self.last_error.as_deref().is_some_and(is_wait)
    }

    fn is_exhausted(&self) -> bool {
        usize::from(self.attempts) > RETRY_AFTER_S.len()
    }

    /// Ends the delivery after its last attempt.
    pub fn give_up(&mut self) {
        self.state = DeliveryState::Failed;
        self.last_error.get_or_insert_with(|| "no attempt was answered".to_owned());
    }

    /// Writes down how an attempt ended. What has arrived stays arrived.
    pub fn settle(&mut self, outcome: Outcome, now: DateTime<Utc>) {
        if self.state == DeliveryState::Delivered {
            return;
        }
        match outcome {
            Outcome::Delivered(provider_id) => {
                self.state = DeliveryState::Delivered;
                self.delivered_at = Some(now);
                self.provider_id = provider_id;
                self.last_error = None;
            }
            Outcome::Retry(error, _) if !is_wait(&error) && usize::from(self.attempts) > RETRY_AFTER_S.len() => {
                self.end(DeliveryState::Failed, format!("{error}; no attempt is left"));
            }
            Outcome::Retry(error, not_before) => {
                self.last_error = Some(error);
                let latest = now + TimeDelta::seconds(i64::from(LONGEST_RETRY_AFTER_S));
                self.not_before = not_before.map(|at| at.min(latest));
            }
            Outcome::Failed(error) | Outcome::Gone(error) => self.end(DeliveryState::Failed, error),
            Outcome::Skipped(why) => self.end(DeliveryState::Skipped, why),
            Outcome::Blocked(why) => self.end(DeliveryState::Blocked, why),
        }
    }

    /// Whether an attempt was made and it has not arrived: it is tried again, or was given up. One that waits for others,
    /// to be told in one message, has not failed.
    #[must_use]
    pub fn is_undelivered(&self) -> bool {
        match self.state {
            DeliveryState::Pending if self.waits() => false,
            DeliveryState::Pending => self.attempts > 1 || self.last_error.is_some(),
            DeliveryState::Failed => true,
            DeliveryState::Delivered | DeliveryState::Skipped | DeliveryState::Blocked | DeliveryState::Discarded => {
                false
            }
        }
    }

    /// Begins anew what was given up, with all its attempts; false when it was not given up.
    pub fn revive(&mut self) -> bool {
        if self.state != DeliveryState::Failed {
            return false;
        }
        (self.state, self.attempts, self.not_before) = (DeliveryState::Pending, 1, None);
        true
    }

    /// Puts away what was given up, with why it did not arrive; false when it was not given up.
    pub fn discard(&mut self) -> bool {
        let given_up = self.state == DeliveryState::Failed;
        if given_up {
            self.state = DeliveryState::Discarded;
        }
        given_up
    }

    fn end(&mut self, state: DeliveryState, why: String) {
        self.state = state;
        self.last_error = Some(why);
    }
}

fn is_wait(why: &str) -> bool {
    [WAITS_FOR_GROUP, WAITS_FOR_TURN].contains(&why)
}

fn spread_of(id: &str) -> u32 {
    id.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + minute * 60, 0).unwrap()
    }

    fn delivery() -> Delivery {
        Delivery::first_attempt(Occasion::Opened, ChannelId::new("chat").unwrap(), None)
    }

    #[test]
    fn what_waits_for_its_turn_or_its_group_has_not_been_tried() {
        [WAITS_FOR_TURN, WAITS_FOR_GROUP].into_iter().for_each(waits_without_being_tried);
    }

    fn waits_without_being_tried(why: &str) {
        let wait = || Outcome::Retry(why.to_owned(), None);
        let mut d = delivery();
        for minute in 0..50 {
            d.settle(wait(), at(minute));
            assert!(!d.is_undelivered());
            assert_eq!(d.due(at(minute + 1)), Due::Attempt(at(minute + 2)), "it comes back a minute later each time");
            d.begin_attempt();
            assert_eq!((d.state, d.attempts), (DeliveryState::Pending, 1));
        }
        // One that began once more before it had ended is another one.
        d.begin_attempt();
        assert_eq!(d.attempts, 2);
        // The last attempt is not used up by waiting either.
        d.attempts = 10;
        d.settle(wait(), at(60));
        assert_eq!(d.state, DeliveryState::Pending);
        assert!(matches!(d.due(at(61)), Due::Attempt(_)));
    }

    #[test]
    fn attempts_go_on_for_about_seventy_five_hours_and_then_end() {
        let mut d = delivery();
        let (mut now, mut attempts) = (at(0), 1);
        let mut next = d.look_again_at(now);
        d.settle(Outcome::Retry("503".into(), None), now);
        while d.state == DeliveryState::Pending {
            now = next;
            let Due::Attempt(look_again) = d.due(now) else { panic!("attempt {attempts}: {:?}", d.due(now)) };
            d.begin_attempt();
            attempts += 1;
            next = look_again;
            d.settle(Outcome::Retry("503".into(), None), now);
        }
        assert_eq!((attempts, d.state), (10, DeliveryState::Failed));
        let hours = (now - at(0)).num_hours();
        assert!((75..=83).contains(&hours), "{hours}");
        assert_eq!(d.due(next), Due::Nothing);
    }

    #[test]
    fn a_receivers_retry_after_is_waited_for() {
        let mut d = delivery();
        d.settle(Outcome::Retry("429".into(), Some(at(10))), at(0));
        assert_eq!(d.due(at(1)), Due::Wait(at(10)));
        assert!(matches!(d.due(at(10)), Due::Attempt(_)));
        d.settle(Outcome::Retry("429".into(), Some(at(100_000))), at(0));
        assert_eq!(d.not_before, Some(at(24 * 60)));
    }

    #[test]
    fn what_no_attempt_has_answered_is_not_given_up() {
        let mut d = delivery();
        for _ in 0..RETRY_AFTER_S.len() {
            assert!(matches!(d.due(at(0)), Due::Attempt(_)));
            d.begin_attempt();
        }
        let Due::Attempt(again) = d.due(at(0)) else { panic!("{:?}", d.due(at(0))) };
        assert!((at(5)..at(6)).contains(&again), "the schedule begins anew: {again}");
        d.begin_attempt();
        assert!(d.attempts == 2 && d.is_undelivered());
        d.settle(Outcome::Retry("503".into(), None), at(0));
        d.attempts = 10;
        assert_eq!(d.due(at(0)), Due::GiveUp);
    }

    #[test]
    fn what_was_given_up_begins_anew_and_nothing_else_does() {
        let mut d = delivery();
        assert!(!d.is_undelivered() && !d.revive());
        d.settle(Outcome::Retry("503".into(), None), at(0));
        assert!(d.is_undelivered() && !d.revive());
        d.settle(Outcome::Failed("410".into()), at(1));
        assert!(d.is_undelivered() && d.revive());
        assert_eq!((d.state, d.attempts), (DeliveryState::Pending, 1));
        d.settle(Outcome::Delivered(None), at(2));
        assert!(!d.is_undelivered() && !d.revive());
    }

    #[test]
    fn only_what_was_given_up_is_put_away_and_stays_so() {
        let mut d = delivery();
        assert!(!d.discard());
        d.settle(Outcome::Failed("410".into()), at(0));
        assert!(d.discard() && !d.discard());
        assert_eq!((d.state, d.last_error.as_deref()), (DeliveryState::Discarded, Some("410")));
        assert!(!d.is_undelivered() && !d.revive());
        assert_eq!(d.due(at(1)), Due::Nothing);
    }

    #[test]
    fn what_arrived_stays_arrived() {
        let mut d = delivery();
        d.settle(Outcome::Delivered(None), at(0));
        d.settle(Outcome::Failed("late answer of an older attempt".into()), at(1));
        assert_eq!((d.state, d.last_error.as_deref()), (DeliveryState::Delivered, None));
        assert_eq!(d.due(at(2)), Due::Nothing);
    }
}
