//! Whether the store answers and the ledger keeps up, and what has not arrived. Nothing personal.

use crate::App;
use crate::access::Action;
use crate::dead_letters::delivery_of;
use crate::ports::ChannelTrials;
use crate::problem::{Problem, Reply, json};
use crate::stored::Stored as _;
use crate::time::from_unix;
use http::{HeaderMap, StatusCode};
use ringback_core::alert::DeliveryState;
use ringback_core::id::ChannelId;
use ringback_ledger::{Clock, Entropy, LetterPlace, ShardStatus, Store};
use serde_json::Value;
use std::collections::BTreeMap;

/// How many letters are looked at.
const LETTERS: usize = 64;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /readyz`: the ledger's state. Which values are not understood, what keys are called, and which channels take
    /// nothing is told to those who may observe only.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_readiness(&self, headers: &HeaderMap, trials: &impl ChannelTrials) -> Result<Reply, Problem> {
        let trusted = self.admit(headers, Action::Observe).await.is_ok();
        let mut body = self.readiness(trusted).await?;
        if trusted {
            let channels = self.channels_shut(trials).await?;
            let named = |shut: &BTreeMap<String, bool>| -> Vec<String> {
                shut.iter().filter(|(_, shut)| **shut).map(|(id, _)| id.clone()).collect()
            };
            body["channels_switched_off"] = serde_json::json!(named(&channels.switched_off));
            body["channels_leading_nowhere"] = serde_json::json!(channels.leading_nowhere.as_ref().map(named));
        }
        Ok(json(StatusCode::OK, &body))
    }

    /// Which channels take nothing: 2 reads, and a question to alert-trigger, which alone is given where they lead.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub(crate) async fn channels_shut(&self, trials: &impl ChannelTrials) -> Result<ChannelsShut, Problem> {
        let ids: Vec<&ChannelId> = self.config.channels.keys().collect();
        let off = self.all_switched_off(&ids).await.map_err(|error| self.store_failed(&error))?;
        let nowhere = trials.leading_nowhere().await.map_err(|why| self.log(&format!("alert-trigger: {why}"))).ok();
        let of = |nowhere: &BTreeMap<String, String>| {
            ids.iter().map(|id| (id.to_string(), nowhere.contains_key(id.as_str()))).collect()
        };
        Ok(ChannelsShut {
            leading_nowhere: nowhere.as_ref().map(of),
            switched_off: ids.iter().zip(off).map(|(id, off)| (id.to_string(), off.is_some())).collect(),
        })
    }

    /// The same as a document; who is trusted is told more.
    pub(crate) async fn readiness(&self, trusted: bool) -> Result<Value, Problem> {
        let status = self.ledger.status().await.map_err(|error| self.store_failed(&error))?;
        let now = self.clock.now();
        let shards: Vec<Value> = status.shards.iter().map(|s| shard(s, now, trusted)).collect();
        let mut body = serde_json::json!({
            "status": "ready",
            "store": status.kind.name(),
            "probe": status.kind.signs(),
            "configuration": self.config.hash,
            "encrypted": status.encryption.is_some(),
            "lag": status.lag(),
            "lag_seconds": status.shards.iter().map(|s| s.lag_seconds).max(),
            "timers_ahead_seconds": status.shards.iter().map(|s| s.timers_ahead).max(),
            "timers_late_seconds": status.shards.iter().map(|s| s.timers_late).max(),
            "shards": shards,
        });
        if let Some(encryption) = status.encryption.filter(|_| trusted) {
            body["storage_key"] = serde_json::json!(encryption.key);
            body["storage_keys_retired"] = serde_json::json!(encryption.retired);
        }
        let Undelivered { dead, waiting, oldest, more } = self.undelivered().await?;
        body["dead_letters"] = serde_json::json!({ "count": dead, "more": more });
        body["unsent_alerts"] = serde_json::json!({
            "count": waiting,
            "more": more,
            "oldest_since": oldest.map(|since| from_unix(since).store()),
            "oldest_seconds": oldest.map(|since| now.saturating_sub(since)),
        });
        Ok(body)
    }

    /// What is tried again, and what was given up, as far as a bounded look shows it.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub(crate) async fn undelivered(&self) -> Result<Undelivered, Problem> {
        let page = self.ledger.letters(LetterPlace::default(), LETTERS).await;
        let page = page.map_err(|error| self.store_failed(&error))?;
        let mut found = Undelivered { more: page.next.is_some(), ..Undelivered::default() };
        for letter in &page.letters {
            match delivery_of(letter).map(|d| d.state) {
                Some(DeliveryState::Failed) => found.dead += 1,
                Some(DeliveryState::Pending) => {
                    found.waiting += 1;
                    found.oldest = Some(found.oldest.map_or(letter.since, |since| since.min(letter.since)));
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// What has not arrived, as far as a bounded look shows it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Undelivered {
    /// What was given up.
    pub dead: u64,
    /// What is tried again.
    pub waiting: u64,
    /// Since when the oldest of it is (Unix seconds).
    pub oldest: Option<u64>,
    /// Whether there is more than was looked at.
    pub more: bool,
}

/// Which channels take nothing, each by its id.
#[derive(Debug)]
pub(crate) struct ChannelsShut {
    /// Whether it was refused for good, and is sent nothing until it is tested with success.
    pub switched_off: BTreeMap<String, bool>,
    /// Whether what it needs to know where to is missing; none where alert-trigger did not say.
    pub leading_nowhere: Option<BTreeMap<String, bool>>,
}

fn shard(s: &ShardStatus, now: u64, trusted: bool) -> Value {
    let mut shown = serde_json::json!({
        "shard": s.shard,
        "head": s.head,
        "sealed": s.sealed,
        "lag": s.lag,
        "lag_seconds": s.lag_seconds,
        "holder": s.lease_until.map(|_| &s.holder),
        "lease_until": s.lease_until,
        "lease_seconds": s.lease_until.map(|until| until.saturating_sub(now)),
        "swept_until": from_unix(s.swept_minute * 60).store(),
        "quarantined": s.quarantined_total,
    });
    if trusted {
        shown["quarantined_keys"] = serde_json::json!(s.quarantined);
    }
    shown
}
