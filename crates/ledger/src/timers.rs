//! Filing timers: a minute has a counter, and entries under the counter's numbers.
//!
//! A sweep first closes minutes in the root (`tc`) and then reads their counters. Whoever files a
//! timer from outside therefore looks at the root afterwards: if the minute was closed meanwhile,
//! nobody may have seen the timer, and it is filed again, later.

use crate::Ledger;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::not_a_counter;
use crate::stored::{Entry, TimerSlot, encode};
use std::collections::{BTreeMap, BTreeSet};

/// Timers in one stored value.
const TOGETHER: usize = 128;
/// How often a timer is filed again because its minute was closed meanwhile.
const ATTEMPTS: usize = 64;
/// Minutes that are tried, where one's counter is none.
const ELSEWHERE: u64 = 8;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Takes places for timers (due, timer) in minutes from `floor` on. The caller writes them. A minute whose counter is
    /// none (`foreign` are those known) is left for the next one.
    pub(crate) async fn stage_timers(
        &self,
        shard: u8,
        timers: &[(u64, Entry)],
        floor: u64,
        foreign: &BTreeSet<String>,
    ) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        let mut staged = Vec::new();
        for (minute, entries) in by_minute(timers, self.clamp(floor)) {
            for part in entries.chunks(TOGETHER) {
                staged.extend(self.stage_minute(shard, minute, part, foreign).await?);
            }
        }
        Ok(staged)
    }

    async fn stage_minute(
        &self,
        shard: u8,
        minute: u64,
        entries: &[Entry],
        foreign: &BTreeSet<String>,
    ) -> Result<Option<(String, Vec<u8>)>, LedgerError> {
        let slot = TimerSlot { u: self.unique(), es: entries.to_vec() };
        let mut refused = None;
        for minute in minute..minute + ELSEWHERE {
            let counter = Key::Bucket { shard, minute }.to_string();
            if foreign.contains(&counter) {
                continue;
            }
            let name = |entry| Key::Timers { shard, minute, entry }.to_string();
            match self.kv.place(&counter, name, encode(&counter, &slot)?).await {
                Err(error @ LedgerError::Corrupt { .. }) => refused = Some(error),
                placed => return Ok(placed?.1),
            }
        }
        Err(refused.unwrap_or_else(|| not_a_counter(&Key::Bucket { shard, minute }.to_string())))
    }

    /// The counters of the minutes that timers go into.
    pub(crate) fn buckets(&self, shard: u8, timers: &[(u64, Entry)], floor: u64) -> Vec<String> {
        let key = |minute| Key::Bucket { shard, minute }.to_string();
        by_minute(timers, self.clamp(floor)).into_keys().map(key).collect()
    }

    /// Files timers (due, timer) durably, so that a sweep is sure to come after.
    pub(crate) async fn file_timers(
        &self,
        shard: u8,
        mut timers: Vec<(u64, Entry)>,
        mut floor: u64,
    ) -> Result<(), LedgerError> {
        for _ in 0..ATTEMPTS {
            if timers.is_empty() {
                return Ok(());
            }
            floor = floor.max(self.clock.now() / 60 + 1);
            let foreign = self.kv.foreign_counters(self.buckets(shard, &timers, floor)).await?;
            let staged = self.stage_timers(shard, &timers, floor, &foreign).await?;
            self.kv.set_many(&staged).await?;
            if self.mutated(Mutation::NoLateTimerCheck) {
                return Ok(());
            }
            let closed = self.cursor(shard).await?.tc;
            let clamp = self.clamp(floor);
            timers.retain(|(due, _)| minute(*due).max(clamp) <= closed);
            floor = closed + 1;
        }
        let key = self.root_key(shard);
        Err(LedgerError::Contended { key })
    }

    fn clamp(&self, floor: u64) -> u64 {
        match self.mutated(Mutation::NoClamp) {
            true => 0,
            false => floor,
        }
    }
}

/// The minute whose sweep fires a timer: the first that starts at or after `due`.
pub(crate) fn minute(due: u64) -> u64 {
    due.div_ceil(60)
}

fn by_minute(timers: &[(u64, Entry)], floor: u64) -> BTreeMap<u64, Vec<Entry>> {
    let mut minutes: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
    for (due, entry) in timers {
        let entries = minutes.entry(minute(*due).max(floor)).or_default();
        entries.push(entry.clone());
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_swept_in_the_minute_it_is_due_and_never_before() {
        assert_eq!(minute(0), 0);
        assert_eq!(minute(119), 2);
        assert_eq!(minute(120), 2);
        assert_eq!(minute(121), 3);
    }
}
