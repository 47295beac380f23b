//! A person's journal: which records are theirs, and notes (for example consent), oldest first. What events bring stands
//! in a row of its own where that saves writes, see `filed`; readers see one journal.

use crate::key::Key;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::{LedgerError, PersonEntry, PersonRecord};
use crate::store::not_a_counter;
use crate::stored::{JournalItem, JournalSlot, decode, encode};
use crate::{Ledger, check_name};
use serde_json::Value;
use std::collections::BTreeMap;

/// Entries of a row that are read, and worked through, in one go.
pub(crate) const CHUNK: u64 = 64;

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

    /// Reads several persons' journals, in the order of `people`, each oldest first: 2 reads where none has 64 entries
    /// in a row, and 1 for every 64 more of each.
    ///
    /// # Errors
    /// When a name is none, the store fails, or an entry is not understood.
    pub async fn journals(&self, people: &[&str]) -> Result<Vec<Vec<PersonEntry>>, LedgerError> {
        let lengths = self.journal_lengths(people).await?;
        let first = people.iter().zip(&lengths).flat_map(|(person, length)| {
            [(*person, Row::Noted, 0, length.noted.min(CHUNK)), (*person, Row::Filed, 0, length.filed.min(CHUNK))]
        });
        let mut rows = self.journal_ranges(&first.collect::<Vec<_>>()).await?.into_iter();
        let mut journals = Vec::new();
        for (person, length) in people.iter().zip(lengths) {
            let (mut noted, mut filed) = (rows.next().unwrap_or_default(), rows.next().unwrap_or_default());
            for from in (CHUNK..length.noted).step_by(CHUNK as usize) {
                noted.extend(self.journal_slots(person, Row::Noted, from, length.noted.min(from + CHUNK)).await?);
            }
            self.filed_on(person, length.filed.min(CHUNK), &mut filed).await?;
            journals.push(folded(noted, filed)?);
        }
        Ok(journals)
    }

    /// How many entries several journals have: 1 read.
    pub(crate) async fn journal_lengths(&self, people: &[&str]) -> Result<Vec<Lengths>, LedgerError> {
        people.iter().try_for_each(|person| check_name("person", person))?;
        if self.files() {
            return self.filed_lengths(people).await;
        }
        let mut bad = Vec::new();
        let keys = people.iter().map(|person| Key::Journal(person).to_string()).collect();
        let lengths = self.kv.counters(keys, &mut bad).await?;
        match bad.into_iter().next() {
            Some(key) => Err(not_a_counter(&key)),
            None => Ok(lengths.into_iter().map(|noted| Lengths { noted, filed: 0 }).collect()),
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
        let slot = JournalSlot { u: self.unique(), es: items, a: 0, w: Vec::new() };
        let value = encode(&counter, &slot)?;
        let name = |entry| Key::JournalEntry { person, entry }.to_string();
        self.kv.place(&counter, name, value).await
    }

    /// How many entries a journal has.
    pub(crate) async fn journal_length(&self, person: &str) -> Result<u64, LedgerError> {
        self.kv.counter(&Key::Journal(person).to_string()).await
    }

    /// The rows that a journal's entries stand in.
    pub(crate) fn rows(&self) -> &'static [Row] {
        if self.files() { &[Row::Noted, Row::Filed] } else { &[Row::Noted] }
    }

    /// What stands in a row after its first `from` entries: a piece of it. `end`: how many the journal's counter has given.
    /// 1 read.
    pub(crate) async fn journal_piece(
        &self,
        person: &str,
        row: Row,
        from: u64,
        end: u64,
    ) -> Result<(Slots, Option<u64>), LedgerError> {
        let to = from + CHUNK;
        let to = if row == Row::Noted { to.min(end) } else { to };
        let slots = self.journal_slots(person, row, from, to).await?;
        let more = if row == Row::Noted { to < end } else { slots.last == to };
        Ok((slots, more.then_some(to)))
    }

    /// Entries `from + 1 ..= to` of a row: 1 read.
    pub(crate) async fn journal_slots(&self, person: &str, row: Row, from: u64, to: u64) -> Result<Slots, LedgerError> {
        Ok(self.journal_ranges(&[(person, row, from, to)]).await?.pop().unwrap_or_default())
    }

    /// The same of several journals at once, each from a number on to another: 1 read.
    pub(crate) async fn journal_ranges(&self, ranges: &[(&str, Row, u64, u64)]) -> Result<Vec<Slots>, LedgerError> {
        let wanted =
            ranges.iter().flat_map(|(person, row, from, to)| (from + 1..=*to).map(|entry| row.key(person, entry)));
        let found = self.kv.get_many(wanted.collect()).await?;
        let range = |(person, row, from, to): &(&str, Row, u64, u64)| {
            let mut slots = Slots::default();
            for number in from + 1..=*to {
                let key = row.key(person, number);
                // None: a writer that died before it wrote, or the end of what is filed.
                let Some(bytes) = found.get(&key) else { continue };
                slots.last = number;
                match decode::<JournalSlot>(&key, bytes) {
                    Ok(slot) => slots.slots.push((number, slot)),
                    Err(_) => slots.foreign.push(key),
                }
            }
            slots
        };
        Ok(ranges.iter().map(range).collect())
    }
}

/// The two rows that a journal's entries stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Under the numbers of the journal's counter: whoever notes something takes one.
    Noted,
    /// One after the other, by the sealer; see `filed`.
    Filed,
}

impl Row {
    pub(crate) fn key(self, person: &str, entry: u64) -> String {
        match self {
            Self::Noted => Key::JournalEntry { person, entry }.to_string(),
            Self::Filed => Key::FiledEntry { person, entry }.to_string(),
        }
    }
}

/// How many entries a journal has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lengths {
    /// What its counter has given.
    pub(crate) noted: u64,
    /// One more than is known to be filed, where sealing files: whether something stands there tells whether there is more.
    pub(crate) filed: u64,
}

/// Entries of a row.
#[derive(Default)]
pub(crate) struct Slots {
    /// With their numbers.
    pub(crate) slots: Vec<(u64, JournalSlot)>,
    /// The keys of those that are not understood.
    pub(crate) foreign: Vec<String>,
    /// The number of the last one found.
    pub(crate) last: u64,
}

impl Slots {
    pub(crate) fn extend(&mut self, more: Self) {
        self.slots.extend(more.slots);
        self.foreign.extend(more.foreign);
        self.last = self.last.max(more.last);
    }

    pub(crate) fn items(&self) -> impl DoubleEndedIterator<Item = &JournalItem> {
        self.slots.iter().flat_map(|(_, slot)| &slot.es)
    }
}

/// A journal as its reader sees it: what stands in both rows, in the order in which it came.
fn folded(noted: Slots, filed: Slots) -> Result<Vec<PersonEntry>, LedgerError> {
    if let Some(key) = noted.foreign.into_iter().chain(filed.foreign).next() {
        return Err(LedgerError::Corrupt { key, reason: "not a journal entry".to_owned() });
    }
    let mut slots = noted.slots;
    slots.extend(filed.slots.into_iter().map(|(_, slot)| (slot.a, slot)));
    slots.sort_by_key(|(after, _)| *after);
    let mut entries: Vec<PersonEntry> = Vec::new();
    // Sealing may have been repeated: an event's second entry says the same as its first, unless the person was erased in
    // between (then the first has the note).
    let mut seen: BTreeMap<(u8, u64), usize> = BTreeMap::new();
    for item in slots.into_iter().flat_map(|(_, slot)| slot.es) {
        match seen.get(&(item.s, item.by)) {
            Some(i) if item.n > 0 => entries[*i].note = entries[*i].note.take().or(item.o),
            _ => {
                seen.insert((item.s, item.by), entries.len());
                entries.push(entry(item));
            }
        }
    }
    Ok(entries)
}

fn entry(item: JournalItem) -> PersonEntry {
    let record = (item.n > 0).then_some(PersonRecord { shard: item.s, n: item.n, eid: item.e });
    PersonEntry { record, note: item.o }
}
