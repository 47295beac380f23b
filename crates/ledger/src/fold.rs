//! Projections: a day's counts, copied on every write.
//!
//! A tick reads the day's current document, adds, and writes the result under a new name, which
//! the root takes up in the commit. So the counts, the cursor and the lease change in one
//! compare-and-swap, and a tick that is not committed has counted nothing.

use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::{Count, Program};
use crate::record::LedgerError;
use crate::stored::{decode, encode};
use crate::tick::Work;
use crate::{Counts, Ledger};
use std::collections::BTreeMap;

/// How often a read is repeated because the document was replaced meanwhile.
const ATTEMPTS: usize = 8;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// The projection of a day (yyyymmdd), over all shards: 2 reads a shard.
    pub async fn counts(&self, day: u32) -> Result<Counts, LedgerError> {
        let mut total = Counts::new();
        for shard in 0..self.options.shards {
            for (row, fields) in self.shard_counts(shard, day).await? {
                let row = total.entry(row).or_default();
                for (field, n) in fields {
                    *row.entry(field).or_default() += n;
                }
            }
        }
        Ok(total)
    }

    async fn shard_counts(&self, shard: u8, day: u32) -> Result<Counts, LedgerError> {
        let mut key = String::new();
        for _ in 0..ATTEMPTS {
            let root = self.root(shard).await?;
            let Some(write) = root.d.get(&day) else {
                return Ok(Counts::new());
            };
            key = Key::Projection { shard, day, write }.to_string();
            if let Some(bytes) = self.kv.get(&key).await? {
                return decode(&key, &bytes);
            }
        }
        Err(crate::missing(key))
    }

    /// Adds counts: the documents to write, their names in `work.days`, the old ones in `work.gc`.
    pub(crate) async fn fold(&self, work: &mut Work, counts: &[Count]) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        let mut days: BTreeMap<u32, Counts> = BTreeMap::new();
        for count in counts {
            let row = days.entry(count.day).or_default();
            let row = row.entry(count.row.clone()).or_default();
            *row.entry(count.field.clone()).or_default() += count.add;
        }
        let shard = work.shard;
        let old = |day: &u32| {
            let (day, write) = (*day, work.root.d.get(day)?);
            Some(Key::Projection { shard, day, write }.to_string())
        };
        let olds: Vec<String> = days.keys().filter_map(old).collect();
        let bases = self.kv.get_many(olds).await?;
        let fixed = self.mutated(Mutation::FixedProjection);
        let mut written = Vec::new();
        for (day, mut counts) in days {
            if let Some(old) = work.root.d.get(&day).cloned() {
                let key = Key::Projection { shard, day, write: &old }.to_string();
                match bases.get(&key).map(|bytes| decode::<Counts>(&key, bytes)) {
                    Some(Ok(base)) => add(&mut counts, base),
                    // Left where it is, and named, so that it can be looked at.
                    _ => work.bad.push(key.clone()),
                }
                if !fixed && !work.bad.contains(&key) {
                    work.gc.push(key);
                }
            }
            let write = if fixed { "F".to_owned() } else { self.unique() };
            let key = Key::Projection { shard, day, write: &write }.to_string();
            written.push((key.clone(), encode(&key, &counts)?));
            work.days.insert(day, write);
        }
        Ok(written)
    }
}

fn add(counts: &mut Counts, base: Counts) {
    for (row, fields) in base {
        let row = counts.entry(row).or_default();
        for (field, n) in fields {
            *row.entry(field).or_default() += n;
        }
    }
}
