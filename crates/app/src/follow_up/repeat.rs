//! Repeats: a channel that groups its alerts is told again of a case that nobody has taken, as long as nobody has.
//!
//! Channels that do not group are reminded by chains and escalations; whether a repeat joins a group is `deliver`'s.

use super::{FollowUp, send};
use crate::dossier::{Dossier, Job};
use crate::time::unix;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, DeliveryState, Occasion};
use ringback_core::case::State;
use ringback_core::id::ChannelId;
use ringback_ledger::{Step, Timer};

/// How often a channel is told again at most: a week at the usual four hours.
const MOST: u8 = 42;
/// What a repeat tells; links of chains begin at 1.
const OCCASION: Occasion = Occasion::Untaken(0);

impl FollowUp {
    /// After an alert of a new case, or its last repeat, has come to its end: the timer of the next repeat. One that was
    /// silenced, or came to nothing, ends no others.
    pub fn repeat_later(&self, step: &mut Step<Dossier>, ended: &Delivery, silenced: bool, now: DateTime<Utc>) {
        let tells_of_new = ended.occasion == Occasion::Opened || ended.occasion == OCCASION;
        let goes_on = matches!(ended.state, DeliveryState::Delivered | DeliveryState::Failed) || silenced;
        if !tells_of_new || !goes_on {
            return;
        }
        let repeats = |d: &&Delivery| d.channel == ended.channel && d.occasion == OCCASION;
        let told = step.body.alerts.iter().filter(repeats).count();
        let next = u8::try_from(told + 1).unwrap_or(u8::MAX);
        let group = self.config.channels.get(&ended.channel).and_then(|channel| channel.group.as_ref());
        let Some(group) = group.filter(|group| group.repeat_s > 0 && next <= MOST) else { return };
        // Those of one message are written down within some minutes; on a common beat they are repeated together.
        let beat = group.interval_s.max(group.repeat_s / 16).max(1);
        let due = (unix(now) + u64::from(group.repeat_s)).next_multiple_of(u64::from(beat));
        step.timers.push(Timer { due, job: Job::Repeat(next, ended.channel.clone()).to_text() });
    }

    /// Tells a channel again, unless somebody has taken the case. Asking twice tells it once.
    pub(super) fn fire_repeat(
        &self,
        dossier: &Dossier,
        number: u8,
        channel: &ChannelId,
        now: DateTime<Utc>,
    ) -> Option<Step<Dossier>> {
        let case = dossier.case.as_ref()?;
        let wanted = case.state == State::New && !case.is_automated() && self.config.channels.contains_key(channel);
        let delivery = Delivery::first_attempt(OCCASION, channel.clone(), Some(usize::from(number)));
        if !wanted || dossier.delivery(&delivery.id).is_some() {
            return None;
        }
        let mut step = Step::of(dossier.clone());
        send(&mut step, &delivery, now);
        step.body.alerts.push(delivery);
        Some(step)
    }
}
