//! The state of the ledger, for readiness and for people who look after it.

use crate::Ledger;
use crate::fire::IDLE_MINUTES;
use crate::key::Key;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::{LedgerError, ShardStatus, Status};
use crate::stored::{Event, decode};
use serde::de::IgnoredAny;

/// Slots looked at for the events that are not sealed.
const WINDOW: u64 = 64;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// The state of every shard: 2 reads a shard, 3 if it lags.
    pub async fn status(&self) -> Result<Status, LedgerError> {
        let mut shards = Vec::new();
        for shard in 0..self.options.shards {
            shards.push(self.shard_status(shard).await?);
        }
        Ok(Status { kind: self.kv.kind, shards, encryption: self.kv.vault.encryption() })
    }

    async fn shard_status(&self, shard: u8) -> Result<ShardStatus, LedgerError> {
        let head = self.kv.counter(&Key::Slots { shard }.to_string()).await;
        let mut root = self.root(shard).await?;
        let head = match head {
            Err(LedgerError::Corrupt { key, .. }) => {
                root.quarantine(&[key]);
                root.q - 1
            }
            head => head?,
        };
        let now = self.clock.now();
        let sealed = root.q - 1;
        let (lag, lag_seconds) = self.lag(shard, root.q, head, now).await?;
        Ok(ShardStatus {
            shard,
            head,
            sealed,
            lag,
            lag_seconds,
            unfinished: root.pend.len() as u64,
            lease_until: (root.l > now).then_some(root.l),
            holder: root.g,
            swept_minute: root.tm.saturating_sub(1),
            timers_ahead: (root.tc * 60).saturating_sub(now),
            timers_late: now.saturating_sub((root.tm + IDLE_MINUTES + 1) * 60),
            voided: root.vh,
            garbage: root.gc.len() as u64,
            quarantined: root.bad,
            quarantined_total: root.bn,
        })
    }

    /// Events that wait to be sealed, and the age of the oldest that is seen. A slot that nobody ever wrote is no event.
    async fn lag(&self, shard: u8, next: u64, head: u64, now: u64) -> Result<(u64, u64), LedgerError> {
        if head < next {
            return Ok((0, 0));
        }
        let key = |n| Key::Event { shard, n }.to_string();
        let last = head.min(next + WINDOW - 1);
        let found = self.kv.get_many((next..=last).map(key).collect()).await?;
        let received = found
            .iter()
            .filter_map(|(key, bytes)| decode::<Event<IgnoredAny>>(key, bytes).ok())
            .map(|event| event.ts)
            .min();
        let lag = found.len() as u64 + (head - last);
        Ok((lag, received.map_or(0, |received| now.saturating_sub(received))))
    }
}
