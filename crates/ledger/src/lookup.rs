//! Reading several records at once, and a person's newest.

use crate::key::{Key, shard_of};
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::{LedgerError, PersonRecord, Record};
use crate::stored::{Event, IdEntry, decode};
use crate::{Ledger, check_name};
use std::collections::BTreeMap;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Reads sealed records: 2 reads, however many. Those that do not exist are left out; the rest comes in the order of
    /// `eids`.
    ///
    /// # Errors
    /// When the store fails, or a value is not understood.
    pub async fn read_many(&self, eids: &[&str]) -> Result<Vec<Record<P::Body>>, LedgerError> {
        for eid in eids {
            check_name("event id", eid)?;
        }
        let ids = self.kv.get_many(eids.iter().map(|eid| Key::Id(eid).to_string()).collect()).await?;
        let mut places = Vec::new();
        for eid in eids {
            let key = Key::Id(eid).to_string();
            if let Some(bytes) = ids.get(&key) {
                places.push((*eid, shard_of(eid, self.options.shards), IdEntry::decode(&key, bytes)?.canonical()));
            }
        }
        let key = |shard, n| Key::Event { shard, n }.to_string();
        let found: BTreeMap<String, Vec<u8>> =
            self.kv.get_many(places.iter().map(|(_, shard, n)| key(*shard, *n)).collect()).await?;
        let mut records = Vec::new();
        for (eid, shard, n) in places {
            let key = key(shard, n);
            let Some(bytes) = found.get(&key) else { continue };
            let event: Event<P::Body> = decode(&key, bytes)?;
            if event.e == eid {
                records.extend(event.record(shard, n, true));
            }
        }
        Ok(records)
    }

    /// The records that a person's journal got last, newest first, each once: 2 reads. Looks at the `most` newest entries.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn latest_of(&self, person: &str, most: u64) -> Result<Vec<PersonRecord>, LedgerError> {
        check_name("person", person)?;
        let entries = self.journal_length(person).await?;
        let (items, _) = self.journal_items(person, entries.saturating_sub(most), entries).await?;
        let mut latest: Vec<PersonRecord> = Vec::new();
        for item in items.into_iter().rev().filter(|item| item.n > 0) {
            if !latest.iter().any(|known| known.eid == item.e) {
                latest.push(PersonRecord { shard: item.s, n: item.n, eid: item.e });
            }
        }
        Ok(latest)
    }
}
