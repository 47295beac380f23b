//! Whether the store answers and the ledger keeps up, and what has not arrived. Nothing personal.

use crate::App;
use crate::access::Action;
use crate::dead_letters::delivery_of;
use crate::problem::{Problem, Reply, json};
use crate::stored::Stored as _;
use crate::time::from_unix;
use http::{HeaderMap, StatusCode};
use ringback_core::alert::DeliveryState;
use ringback_ledger::{Clock, Entropy, LetterPlace, ShardStatus, Store};
use serde_json::Value;

/// How many letters are looked at.
const LETTERS: usize = 64;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /readyz`: the ledger's state. Which values are not understood, and what keys are called, is told to
    /// administrators only.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_readiness(&self, headers: &HeaderMap) -> Result<Reply, Problem> {
        let trusted = self.admit(headers, Action::Tick).await.is_ok();
        Ok(json(StatusCode::OK, &self.readiness(trusted).await?))
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
        self.add_undelivered(&mut body, now).await?;
        Ok(body)
    }

    /// What is tried again, and what was given up, as far as a bounded look shows it.
    async fn add_undelivered(&self, body: &mut Value, now: u64) -> Result<(), Problem> {
        let page = self.ledger.letters(LetterPlace::default(), LETTERS).await;
        let page = page.map_err(|error| self.store_failed(&error))?;
        let (mut dead, mut waiting, mut oldest) = (0_u64, 0_u64, None::<u64>);
        for letter in &page.letters {
            match delivery_of(letter).map(|d| d.state) {
                Some(DeliveryState::Failed) => dead += 1,
                Some(DeliveryState::Pending) => {
                    waiting += 1;
                    oldest = Some(oldest.map_or(letter.since, |since| since.min(letter.since)));
                }
                _ => {}
            }
        }
        let more = page.next.is_some();
        body["dead_letters"] = serde_json::json!({ "count": dead, "more": more });
        body["unsent_alerts"] = serde_json::json!({
            "count": waiting,
            "more": more,
            "oldest_since": oldest.map(|since| from_unix(since).store()),
            "oldest_seconds": oldest.map(|since| now.saturating_sub(since)),
        });
        Ok(())
    }
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
