//! Projections: a day's counts, copied on every write.
//!
//! A tick reads the day's current document, adds, and writes the result under a new name, which
//! the root takes up in the commit. So the counts, the cursor and the lease change in one
//! compare-and-swap, and a tick that is not committed has counted nothing.
//!
//! The root names the documents of recent days only. Those of older days are named in a list a
//! month, written the same way, so that the root does not grow with the years.

use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::{Count, Program};
use crate::record::LedgerError;
use crate::stored::{Root, decode, encode};
use crate::tick::Work;
use crate::{Counts, Ledger};
use std::collections::BTreeMap;

/// Days that the root names at most; then it keeps half of them. (Few under simulation, so that
/// it happens there.)
const DAYS: usize = if cfg!(feature = "mutants") { 4 } else { 62 };
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
            let mut names = root.d.clone();
            if !names.contains_key(&day) {
                let (listed, foreign) = self.listed(shard, &root, &[month(day)]).await?;
                if let Some(key) = foreign.into_iter().next() {
                    let reason = "not a list of days".to_owned();
                    return Err(LedgerError::Corrupt { key, reason });
                }
                names = listed;
            }
            let Some(write) = names.get(&day) else {
                return Ok(Counts::new());
            };
            key = Key::Projection { shard, day, write }.to_string();
            if let Some(bytes) = self.kv.get(&key).await? {
                return decode(&key, &bytes);
            }
        }
        Err(crate::missing(key))
    }

    /// The days that lists of months name, and the keys of lists that are not understood.
    async fn listed(
        &self,
        shard: u8,
        root: &Root,
        months: &[u32],
    ) -> Result<(BTreeMap<u32, String>, Vec<String>), LedgerError> {
        let key = |month: &u32| {
            let write = root.m.get(month)?;
            Some(Key::Month { shard, month: *month, write }.to_string())
        };
        let keys: Vec<String> = months.iter().filter_map(key).collect();
        let found = self.kv.get_many(keys.clone()).await?;
        let (mut names, mut foreign) = (BTreeMap::new(), Vec::new());
        for key in keys {
            match found.get(&key).map(|bytes| decode::<BTreeMap<u32, String>>(&key, bytes)) {
                Some(Ok(days)) => names.extend(days),
                _ => foreign.push(key),
            }
        }
        Ok((names, foreign))
    }

    /// Moves the names of older days out of the root, into lists of their months.
    pub(crate) async fn archive_days(&self, work: &mut Work) -> Result<(), LedgerError> {
        let shard = work.shard;
        let mut names = work.root.d.clone();
        names.extend(work.days.clone());
        if names.len() <= DAYS {
            return Ok(());
        }
        let old: Vec<(u32, String)> = names.into_iter().rev().skip(DAYS / 2).collect();
        let mut lists: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
        for (day, write) in old {
            lists.entry(month(day)).or_default().insert(day, write);
            work.archived.push(day);
        }
        let mut entries = Vec::new();
        for (month, days) in lists {
            let (mut list, foreign) = self.listed(shard, &work.root, &[month]).await?;
            list.extend(days);
            if let Some(old) = work.root.m.get(&month).filter(|_| foreign.is_empty()) {
                work.gc.push(Key::Month { shard, month, write: old }.to_string());
            }
            work.bad.extend(foreign);
            let write = self.unique();
            let key = Key::Month { shard, month, write: &write }.to_string();
            entries.push((key.clone(), encode(&key, &list)?));
            work.months.insert(month, write);
        }
        self.kv.set_many(&entries).await
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
        let current = self.current(work, days.keys().copied()).await?;
        let name = |(day, write): (&u32, &String)| Key::Projection { shard, day: *day, write }.to_string();
        let olds: Vec<String> = current.iter().map(name).collect();
        let bases = self.kv.get_many(olds).await?;
        let fixed = self.mutated(Mutation::FixedProjection);
        let mut written = Vec::new();
        for (day, mut counts) in days {
            if let Some(old) = current.get(&day) {
                let key = Key::Projection { shard, day, write: old }.to_string();
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

    /// The names of the documents that days have now, as far as they have one.
    async fn current(
        &self,
        work: &mut Work,
        days: impl Iterator<Item = u32>,
    ) -> Result<BTreeMap<u32, String>, LedgerError> {
        let (mut current, mut older) = (BTreeMap::new(), Vec::new());
        for day in days {
            match work.root.d.get(&day) {
                Some(write) => {
                    current.insert(day, write.clone());
                }
                None => older.push(day),
            }
        }
        let mut months: Vec<u32> = older.iter().map(|day| month(*day)).collect();
        months.dedup();
        let (listed, foreign) = self.listed(work.shard, &work.root, &months).await?;
        work.bad.extend(foreign);
        current.extend(listed.into_iter().filter(|(day, _)| older.contains(day)));
        Ok(current)
    }
}

fn month(day: u32) -> u32 {
    day / 100
}

fn add(counts: &mut Counts, base: Counts) {
    for (row, fields) in base {
        let row = counts.entry(row).or_default();
        for (field, n) in fields {
            *row.entry(field).or_default() += n;
        }
    }
}
