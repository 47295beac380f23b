//! A person's journal: which records are theirs, and notes (for example consent), oldest first.

use crate::key::Key;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::{LedgerError, PersonEntry, PersonRecord};
use crate::store::not_a_counter;
use crate::stored::{JournalItem, JournalSlot, decode, encode};
use crate::{Ledger, check_name};
use serde_json::Value;
use std::collections::BTreeMap;

/// Entries read at once.
const CHUNK: u64 = 64;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Adds a note to a person's journal: 2 writes (and 1 read on SQLite). After an error it may be there, and after a
    /// repeat twice.
    pub async fn note_person(&self, person: &str, note: Value) -> Result<(), LedgerError> {
        check_name("person", person)?;
        let item = JournalItem { s: 0, n: 0, by: 0, e: String::new(), o: Some(note) };
        let (_, entries) = self.stage_journal(person, vec![item]).await?;
        self.kv.set_many(entries.as_slice()).await
    }

    /// Reads a person's journal, oldest first: 1 read, and 1 for every 64 entries.
    ///
    /// What an event brought appears when the event is sealed, once for each event.
    pub async fn person(&self, person: &str) -> Result<Vec<PersonEntry>, LedgerError> {
        check_name("person", person)?;
        let entries = self.journal_length(person).await?;
        let mut journal: Vec<PersonEntry> = Vec::new();
        // Sealing may have been repeated: an event's second entry says the same as its first,
        // unless the person was erased in between (then the first has the note).
        let mut seen: BTreeMap<(u8, u64), usize> = BTreeMap::new();
        for from in (0..entries).step_by(CHUNK as usize) {
            let to = entries.min(from + CHUNK);
            let (items, foreign) = self.journal_items(person, from, to).await?;
            if let Some(key) = foreign.into_iter().next() {
                let reason = "not a journal entry".to_owned();
                return Err(LedgerError::Corrupt { key, reason });
            }
            for item in items {
                let repeat = item.n > 0 && seen.contains_key(&(item.s, item.by));
                if repeat {
                    let entry = &mut journal[seen[&(item.s, item.by)]];
                    entry.note = entry.note.take().or(item.o);
                    continue;
                }
                seen.insert((item.s, item.by), journal.len());
                journal.push(entry(item));
            }
        }
        Ok(journal)
    }

    /// Takes a place in a person's journal, whose counter is looked at before, and says which. The caller writes it.
    pub(crate) async fn stage_journal(
        &self,
        person: &str,
        items: Vec<JournalItem>,
    ) -> Result<(u64, Option<(String, Vec<u8>)>), LedgerError> {
        let counter = Key::Journal(person).to_string();
        if !self.kv.foreign_counters(vec![counter.clone()]).await?.is_empty() {
            return Err(not_a_counter(&counter));
        }
        self.place_journal(person, items).await
    }

    /// Takes a place in a person's journal. The caller writes it.
    pub(crate) async fn place_journal(
        &self,
        person: &str,
        items: Vec<JournalItem>,
    ) -> Result<(u64, Option<(String, Vec<u8>)>), LedgerError> {
        let counter = Key::Journal(person).to_string();
        let slot = JournalSlot { u: self.unique(), es: items, w: Vec::new() };
        let value = encode(&counter, &slot)?;
        let name = |entry| Key::JournalEntry { person, entry }.to_string();
        self.kv.place(&counter, name, value).await
    }

    /// How many entries a journal has.
    pub(crate) async fn journal_length(&self, person: &str) -> Result<u64, LedgerError> {
        self.kv.counter(&Key::Journal(person).to_string()).await
    }

    /// Entries `from + 1 ..= to`, and the keys of those that are not understood.
    pub(crate) async fn journal_items(
        &self,
        person: &str,
        from: u64,
        to: u64,
    ) -> Result<(Vec<JournalItem>, Vec<String>), LedgerError> {
        let (slots, foreign) = self.journal_slots(person, from, to).await?;
        Ok((slots.into_iter().flat_map(|(_, slot)| slot.es).collect(), foreign))
    }

    /// The same as they are stored, with their numbers.
    pub(crate) async fn journal_slots(
        &self,
        person: &str,
        from: u64,
        to: u64,
    ) -> Result<(Vec<(u64, JournalSlot)>, Vec<String>), LedgerError> {
        let key = |entry| Key::JournalEntry { person, entry }.to_string();
        let found = self.kv.get_many((from + 1..=to).map(key).collect()).await?;
        let (mut slots, mut foreign) = (Vec::new(), Vec::new());
        for number in from + 1..=to {
            let key = key(number);
            match found.get(&key).map(|bytes| decode::<JournalSlot>(&key, bytes)) {
                Some(Ok(slot)) => slots.push((number, slot)),
                Some(Err(_)) => foreign.push(key),
                // A writer that died before it wrote.
                None => {}
            }
        }
        Ok((slots, foreign))
    }
}

fn entry(item: JournalItem) -> PersonEntry {
    let record = (item.n > 0).then_some(PersonRecord { shard: item.s, n: item.n, eid: item.e });
    PersonEntry { record, note: item.o }
}
