//! Reading several records at once, and a person's newest.

use crate::key::{Key, shard_of};
use crate::person::Row;
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

    /// The same, but what is not understood among them keeps nobody from the rest: the records that can be read, and the ids
    /// of those that cannot. 2 reads, and 2 more for each only where there is such a one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read_each(&self, eids: &[&str]) -> Result<(Vec<Record<P::Body>>, Vec<String>), LedgerError> {
        match self.read_many(eids).await {
            Err(LedgerError::Corrupt { .. }) => {}
            read => return read.map(|records| (records, Vec::new())),
        }
        let (mut records, mut damaged) = (Vec::new(), Vec::new());
        for eid in eids {
            match self.read_many(&[*eid]).await {
                Ok(read) => records.extend(read),
                Err(LedgerError::Corrupt { .. }) => damaged.push((*eid).to_owned()),
                Err(error) => return Err(error),
            }
        }
        Ok((records, damaged))
    }

    /// The records that a person's journal got last, newest first, each once: 2 reads. Looks at the `most` newest entries.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn latest_of(&self, person: &str, most: u64) -> Result<Vec<PersonRecord>, LedgerError> {
        self.latest_of_all(&[person], most).await
    }

    /// The same of several journals: one journal's records after the other's, each record once. 2 reads.
    ///
    /// # Errors
    /// When a name is none, or the store fails.
    pub async fn latest_of_all(&self, people: &[&str], most: u64) -> Result<Vec<PersonRecord>, LedgerError> {
        let lengths = self.journal_lengths(people).await?;
        let ranges = people.iter().zip(&lengths).flat_map(|(person, length)| {
            let from = |end: u64| end.saturating_sub(most);
            [
                (*person, Row::Noted, from(length.noted), length.noted),
                (*person, Row::Filed, from(length.filed.saturating_sub(1)), length.filed),
            ]
        });
        let mut rows = self.journal_ranges(&ranges.collect::<Vec<_>>()).await?.into_iter();
        let mut latest: Vec<PersonRecord> = Vec::new();
        for (person, length) in people.iter().zip(lengths) {
            let (noted, mut filed) = (rows.next().unwrap_or_default(), rows.next().unwrap_or_default());
            self.filed_on(person, length.filed, &mut filed).await?;
            for item in filed.items().rev().chain(noted.items().rev()).filter(|item| item.n > 0) {
                if !latest.iter().any(|known| known.eid == item.e) {
                    latest.push(PersonRecord { shard: item.s, n: item.n, eid: item.e.clone() });
                }
            }
        }
        Ok(latest)
    }

    /// The records that were sealed last, newest first, at most `limit`: 4 reads, with 1 shard. Looks at four times as
    /// many slots, because some hold changes of what came before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest(&self, limit: usize) -> Result<Vec<Record<P::Body>>, LedgerError> {
        let mut eids: Vec<(u64, String)> = Vec::new();
        for shard in 0..self.options.shards {
            let end = self.cursor(shard).await?.q;
            let key = |n| Key::Event { shard, n }.to_string();
            let from = end.saturating_sub(4 * limit as u64).max(1);
            let found = self.kv.get_many((from..end).map(key).collect()).await?;
            for bytes in (from..end).filter_map(|n| found.get(&key(n))) {
                // What is not understood was reported when it was sealed.
                let event: Option<Event<P::Body>> = serde_json::from_slice(bytes).ok();
                eids.extend(event.filter(|event| event.b.is_some()).map(|event| (event.ts, event.e)));
            }
        }
        eids.reverse();
        eids.sort_by_key(|(received, _)| std::cmp::Reverse(*received));
        let mut newest: Vec<&str> = Vec::new();
        for (_, eid) in &eids {
            if newest.len() < limit && !newest.contains(&eid.as_str()) {
                newest.push(eid);
            }
        }
        // The same goes for what was not understood only later.
        Ok(self.read_each(&newest).await?.0)
    }
}
