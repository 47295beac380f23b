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
        Ok(self.journals(&[person]).await?.pop().unwrap_or_default())
    }

    /// Reads several persons' journals, in the order of `people`, each oldest first: 2 reads where none has more than 64
    /// entries, and 1 for every 64 more of each.
    ///
    /// # Errors
    /// When a name is none, the store fails, or an entry is not understood.
    pub async fn journals(&self, people: &[&str]) -> Result<Vec<Vec<PersonEntry>>, LedgerError> {
        let lengths = self.journal_lengths(people).await?;
        let first: Vec<(&str, u64, u64)> =
            people.iter().zip(&lengths).map(|(person, length)| (*person, 0, (*length).min(CHUNK))).collect();
        let mut journals = Vec::new();
        for ((person, length), (slots, foreign)) in people.iter().zip(lengths).zip(self.journal_ranges(&first).await?) {
            let mut journal = Folded::default();
            journal.add(slots, foreign)?;
            for from in (CHUNK..length).step_by(CHUNK as usize) {
                let (slots, foreign) = self.journal_slots(person, from, length.min(from + CHUNK)).await?;
                journal.add(slots, foreign)?;
            }
            journals.push(journal.entries);
        }
        Ok(journals)
    }

    /// How many entries several journals have: 1 read.
    pub(crate) async fn journal_lengths(&self, people: &[&str]) -> Result<Vec<u64>, LedgerError> {
        people.iter().try_for_each(|person| check_name("person", person))?;
        let mut bad = Vec::new();
        let keys = people.iter().map(|person| Key::Journal(person).to_string()).collect();
        let lengths = self.kv.counters(keys, &mut bad).await?;
        match bad.into_iter().next() {
            Some(key) => Err(not_a_counter(&key)),
            None => Ok(lengths),
        }
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
        Ok(self.journal_ranges(&[(person, from, to)]).await?.pop().unwrap_or_default())
    }

    /// The same of several journals at once, each from a number on to another: 1 read.
    pub(crate) async fn journal_ranges(&self, ranges: &[(&str, u64, u64)]) -> Result<Vec<Slots>, LedgerError> {
        let key = |person: &str, entry: u64| Key::JournalEntry { person, entry }.to_string();
        let wanted = ranges.iter().flat_map(|(person, from, to)| (from + 1..=*to).map(move |entry| key(person, entry)));
        let found = self.kv.get_many(wanted.collect()).await?;
        let range = |(person, from, to): &(&str, u64, u64)| {
            let (mut slots, mut foreign) = (Vec::new(), Vec::new());
            for number in from + 1..=*to {
                let key = key(person, number);
                match found.get(&key).map(|bytes| decode::<JournalSlot>(&key, bytes)) {
                    Some(Ok(slot)) => slots.push((number, slot)),
                    Some(Err(_)) => foreign.push(key),
                    // A writer that died before it wrote.
                    None => {}
                }
            }
            (slots, foreign)
        };
        Ok(ranges.iter().map(range).collect())
    }
}

/// Entries of a journal with their numbers, and the keys of those that are not understood.
pub(crate) type Slots = (Vec<(u64, JournalSlot)>, Vec<String>);

/// A journal as its reader sees it.
#[derive(Default)]
struct Folded {
    entries: Vec<PersonEntry>,
    /// Sealing may have been repeated: an event's second entry says the same as its first, unless the person was erased
    /// in between (then the first has the note).
    seen: BTreeMap<(u8, u64), usize>,
}

impl Folded {
    fn add(&mut self, slots: Vec<(u64, JournalSlot)>, foreign: Vec<String>) -> Result<(), LedgerError> {
        if let Some(key) = foreign.into_iter().next() {
            return Err(LedgerError::Corrupt { key, reason: "not a journal entry".to_owned() });
        }
        for item in slots.into_iter().flat_map(|(_, slot)| slot.es) {
            match self.seen.get(&(item.s, item.by)) {
                Some(i) if item.n > 0 => self.entries[*i].note = self.entries[*i].note.take().or(item.o),
                _ => {
                    self.seen.insert((item.s, item.by), self.entries.len());
                    self.entries.push(entry(item));
                }
            }
        }
        Ok(())
    }
}

fn entry(item: JournalItem) -> PersonEntry {
    let record = (item.n > 0).then_some(PersonRecord { shard: item.s, n: item.n, eid: item.e });
    PersonEntry { record, note: item.o }
}
