//! Whether a channel is switched on. One that was refused for good (401, 403, 404, 410) is switched off until somebody
//! tests it with success; what is to go there waits meanwhile, as long as deliveries are tried at all.
//!
//! Kept in a journal of the ledger: one entry each time it is switched, and one once its trouble is told, so that a crash
//! in between keeps it from nobody.

use super::silence::Silence;
use super::text;
use crate::App;
use crate::dossier::Dossier;
use crate::follow_up::tell;
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use http::StatusCode;
use ringback_core::alert::{Delivery, DeliveryState, Occasion};
use ringback_core::id::ChannelId;
use ringback_ledger::{Clock, Entropy, LedgerError, PersonEntry, Step, Store};
use serde_json::json;
use std::collections::BTreeSet;

/// Whether an answer says that the channel's address or key is not, or no longer, good.
pub(super) fn switches_off(status: StatusCode) -> bool {
    [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::GONE].contains(&status)
}

/// Whether a channel is off; none when that cannot be told.
type Known = Option<Option<Off>>;

/// How soon after it was switched off somebody has written down that it is told, unless they could not: in seconds.
const TOLD_WITHIN_S: i64 = 300;

/// A channel that is switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Off {
    pub why: String,
    pub since: DateTime<Utc>,
    /// Whether somebody was told.
    told: bool,
}

impl Off {
    /// Why what is to go there waits.
    pub(super) fn waiting(&self) -> String {
        format!("the channel is switched off since {}: {}", text::instant(self.since), self.why)
    }

    /// Whether those who were to tell somebody did not come to it.
    pub(super) fn is_untold(&self, now: DateTime<Utc>) -> bool {
        !self.told && (now - self.since).num_seconds() > TOLD_WITHIN_S
    }
}

/// What a channel's journal says last.
fn standing(journal: Vec<PersonEntry>) -> Option<Off> {
    let mut notes = journal.into_iter().filter_map(|entry| entry.note).rev().peekable();
    let told = notes.next_if(|note| note.get("told").is_some()).is_some();
    let last = notes.find(|note| note.get("told").is_none())?;
    let since = last["at"].as_i64().and_then(|s| DateTime::from_timestamp(s, 0)).unwrap_or_default();
    last["off"].as_str().map(|why| Off { why: why.to_owned(), since, told })
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Why a channel is switched off, and since when; none when it is on.
    async fn switched_off(&self, channel: &ChannelId) -> Result<Option<Off>, LedgerError> {
        Ok(self.all_switched_off(&[channel]).await?.pop().flatten())
    }

    /// The same of several, in their order: 2 reads.
    pub(crate) async fn all_switched_off(&self, channels: &[&ChannelId]) -> Result<Vec<Option<Off>>, LedgerError> {
        let names: Vec<String> = channels.iter().map(|channel| self.namer.channel(channel)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(self.ledger.journals(&names).await?.into_iter().map(standing).collect())
    }

    /// What holds attempts back: the silences in force, and which of the channels are switched off, in their order; none for
    /// a channel of which that cannot be told. 2 reads.
    pub(super) async fn held_back(&self, channels: &[&ChannelId]) -> Result<(Vec<Silence>, Vec<Known>), LedgerError> {
        let mut names = self.silence_journals().to_vec();
        let months = names.len();
        names.extend(channels.iter().map(|channel| self.namer.channel(channel)));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut journals = match self.ledger.journals(&names).await {
            Ok(journals) => journals.into_iter(),
            Err(LedgerError::Corrupt { .. }) => return self.held_back_one_by_one(channels).await,
            Err(error) => return Err(error),
        };
        let silences = self.in_force(journals.by_ref().take(months));
        Ok((silences, journals.map(|journal| Some(standing(journal))).collect()))
    }

    /// The same where one of the journals is not understood: that one's channel, or month of silences, alone is left out.
    async fn held_back_one_by_one(&self, channels: &[&ChannelId]) -> Result<(Vec<Silence>, Vec<Known>), LedgerError> {
        // What is not understood silences nothing: rather somebody is told too much.
        let mut understood = Vec::new();
        for month in self.silence_journals() {
            match self.ledger.person(&month).await {
                Ok(journal) => understood.push(journal),
                Err(error @ LedgerError::Corrupt { .. }) => self.log(&format!("ledger: {error}")),
                Err(error) => return Err(error),
            }
        }
        let silences = self.in_force(understood);
        let mut off = Vec::new();
        for channel in channels {
            let one = self.switched_off(channel).await;
            off.push(one.map_err(|error| self.log(&format!("ledger: {error}"))).ok());
        }
        Ok((silences, off))
    }

    /// Switches a channel off; true when it was on before.
    pub(super) async fn switch_off(&self, channel: &ChannelId, why: &str) -> Result<bool, LedgerError> {
        if self.switched_off(channel).await?.is_some() {
            return Ok(false);
        }
        self.log(&format!("channel {channel} is switched off: {why}"));
        let note = json!({ "off": why, "at": self.clock.now() });
        self.ledger.note_person(&self.namer.channel(channel), note).await?;
        Ok(true)
    }

    /// Writes down that somebody is told that a channel is off.
    pub(super) async fn note_told(&self, channel: &ChannelId) -> Result<(), LedgerError> {
        let note = json!({ "told": true, "at": self.clock.now() });
        self.ledger.note_person(&self.namer.channel(channel), note).await
    }

    /// Switches a channel on again, if it was off.
    pub(super) async fn switch_on(&self, channel: &ChannelId, who: &str) -> Result<(), LedgerError> {
        if self.switched_off(channel).await?.is_some() {
            self.log(&format!("channel {channel} is switched on again by {}", self.known_as(who)));
            let note = json!({ "on": who, "at": self.clock.now() });
            self.ledger.note_person(&self.namer.channel(channel), note).await?;
        }
        Ok(())
    }

    /// Has the others told that a channel was switched off: those of the route for trouble, or else those that are told
    /// of the same case. False: there is nobody to tell.
    pub(super) fn tell_of_trouble(&self, step: &mut Step<Dossier>, off: &ChannelId) -> bool {
        let now = from_unix(self.clock.now());
        let occasion = Occasion::ChannelOff(off.clone());
        let underway = |d: &Delivery| d.occasion == occasion && d.state == DeliveryState::Pending;
        if step.body.alerts.iter().any(underway) {
            return true;
        }
        let others = |channels: &mut dyn Iterator<Item = &ChannelId>| -> BTreeSet<ChannelId> {
            channels.filter(|id| *id != off && self.config.channels.contains_key(*id)).cloned().collect()
        };
        let route = self.config.trouble.as_ref().and_then(|route| self.config.routes.get(route));
        let mut told = others(&mut route.into_iter().flat_map(|route| &route.channels));
        if told.is_empty() {
            told = others(&mut step.body.alerts.iter().map(|d| &d.channel));
        }
        for channel in &told {
            tell(step, Delivery::first_attempt(occasion.clone(), channel.clone(), None), now);
        }
        !told.is_empty()
    }
}
