//! What sealing brings into journals, where every increment waits for the disk (SQLite): a row of its own beside what is
//! noted, without a counter, so that the journals of a batch are written in the batch's one transaction.
//!
//! Only the sealer files, SQLite has one shard, and a write is whole: so the row has no holes. Where it ends is read while
//! the root still names the sealer: then nobody has repeated the batch before, and should a tick be paused past its lease
//! after that, it writes under the same number what its successor has written there, because effects are the same at every
//! repetition. Beside the row stands how long it is, as far as is known. Such a late write may set that back, so whoever
//! reads the row, or adds to it, looks whether it goes on.

use crate::Ledger;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::person::{CHUNK, Lengths, Row, Slots};
use crate::port::{Clock, Entropy, Store, StoreKind};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::{decode_counter, not_a_counter};
use crate::stored::{JournalItem, JournalSlot, decode, encode};
use crate::tick::Work;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Of a root, who owns it.
#[derive(Deserialize)]
struct Owner {
    g: String,
}

/// How long a person's rows are before a batch is sealed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rows {
    /// What the journal's counter has given.
    noted: u64,
    /// What is filed.
    filed: u64,
}

impl Rows {
    /// Whether the journal has any entry.
    pub(crate) fn any(self) -> bool {
        self.noted > 0 || self.filed > 0
    }
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Whether sealing files entries. Elsewhere it takes numbers of the journal's counter, as everybody does.
    pub(crate) fn files(&self) -> bool {
        self.kv.kind == StoreKind::Sqlite
    }

    /// How many entries several journals have: 1 read.
    pub(crate) async fn filed_lengths(&self, people: &[&str]) -> Result<Vec<Lengths>, LedgerError> {
        let keys = people.iter().flat_map(|person| [Key::Journal(person).to_string(), Key::Filed(person).to_string()]);
        let found = self.kv.get_many(keys.collect()).await?;
        let length = |person: &&str| {
            let (counter, filed) = (Key::Journal(person).to_string(), Key::Filed(person).to_string());
            let noted = found.get(&counter).map_or(Ok(0), |bytes| decode_counter(self.kv.kind, &counter, bytes))?;
            Ok(Lengths { noted, filed: known(&found, &filed)? + 1 })
        };
        people.iter().map(length).collect()
    }

    /// Reads on after the first `looked` entries of a row, if something stands in the last of them.
    pub(crate) async fn filed_on(&self, person: &str, looked: u64, filed: &mut Slots) -> Result<(), LedgerError> {
        let mut looked = looked;
        while looked > 0 && filed.last == looked {
            filed.extend(self.journal_slots(person, Row::Filed, looked, looked + CHUNK).await?);
            looked += CHUNK;
        }
        Ok(())
    }

    /// The keys by which [`Self::rows_of`] knows how long a person's rows are.
    pub(crate) fn row_keys(person: &str) -> [String; 3] {
        [Key::Journal(person).to_string(), Key::Filed(person).to_string(), Row::Filed.key(person, 1)]
    }

    /// How long rows are, by what was found under their keys and the root's in one read; a read more for those who have any
    /// filed. None: another tick has taken over. A journal whose counter is none is left out, and its key added to `bad`; a
    /// length that is none or wrong is added too, and found anew.
    pub(crate) async fn rows_of<'a>(
        &self,
        work: &mut Work,
        people: impl Iterator<Item = &'a str>,
        found: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Option<BTreeMap<String, Rows>>, LedgerError> {
        if !self.still_owns(work, found)? {
            return Ok(None);
        }
        let (mut rows, mut open) = (BTreeMap::new(), Vec::new());
        for person in people {
            let [counter, length, first] = Self::row_keys(person);
            let noted = found.get(&counter).map_or(Ok(0), |bytes| decode_counter(self.kv.kind, &counter, bytes));
            let Ok(noted) = noted else {
                work.bad.push(counter);
                continue;
            };
            let first = u64::from(found.contains_key(&first));
            let (filed, step) = match known(found, &length) {
                Ok(length) => (length.max(first), 1),
                Err(_) => {
                    work.bad.push(length);
                    (first, CHUNK)
                }
            };
            rows.insert(person.to_owned(), Rows { noted, filed });
            if filed > 0 {
                open.push((person.to_owned(), step));
            }
        }
        while !open.is_empty() {
            let mut keys = vec![self.root_key(work.shard)];
            for (person, step) in &open {
                let filed = rows[person].filed;
                keys.extend((filed.max(1)..=filed + step).map(|entry| Row::Filed.key(person, entry)));
            }
            let there = self.kv.get_many(keys).await?;
            if !self.still_owns(work, &there)? {
                return Ok(None);
            }
            open.retain_mut(|(person, step)| {
                let Some(Rows { filed, .. }) = rows.get_mut(person) else { return false };
                let is_there = |entry: u64| there.contains_key(&Row::Filed.key(person, entry));
                if *filed > 0 && !is_there(*filed) {
                    // Longer than it is.
                    work.bad.push(Key::Filed(person).to_string());
                    (*filed, *step) = (0, CHUNK);
                    return true;
                }
                let more = (1..=*step).take_while(|more| is_there(*filed + more)).count() as u64;
                *filed += more;
                let goes_on = more == *step;
                *step = (*step * 2).min(CHUNK);
                goes_on
            });
        }
        Ok(Some(rows))
    }

    /// Whether the root, as it was read together with something else, still names this turn.
    fn still_owns(&self, work: &Work, found: &BTreeMap<String, Vec<u8>>) -> Result<bool, LedgerError> {
        let key = self.root_key(work.shard);
        let bytes = found.get(&key).ok_or_else(|| crate::missing(key.clone()))?;
        Ok(decode::<Owner>(&key, bytes)?.g == work.me || self.mutated(Mutation::NoRowCheck))
    }

    /// What the batch adds to a person's row, for the caller to write in one go.
    pub(crate) fn file(
        &self,
        person: &str,
        rows: Rows,
        items: Vec<JournalItem>,
    ) -> Result<[(String, Vec<u8>); 2], LedgerError> {
        let entry = rows.filed + 1;
        let key = Row::Filed.key(person, entry);
        let slot = JournalSlot { u: self.unique(), es: items, a: rows.noted, w: Vec::new() };
        let value = encode(&key, &slot)?;
        Ok([(key, value), (Key::Filed(person).to_string(), entry.to_string().into_bytes())])
    }
}

/// How many entries are filed, as far as is known.
fn known(found: &BTreeMap<String, Vec<u8>>, key: &str) -> Result<u64, LedgerError> {
    let Some(bytes) = found.get(key) else { return Ok(0) };
    let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    // Far below what would overflow, whatever stands there.
    number.filter(|number: &u64| *number < 1 << 48).ok_or_else(|| not_a_counter(key))
}
