//! What a sealed batch brings about: ids, timers, journals, projections, merges.
//!
//! Effects depend only on what never changes in the events and on what earlier batches left
//! behind, so a repetition (after a crash anywhere in here) writes the same again. What cannot be
//! written twice under the same name (entries under counters) is written once more under another
//! name, and whoever reads it expects repeats.

use crate::Ledger;
use crate::change::{Filed, dues};
use crate::filed::Rows;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store, StoreKind};
use crate::program::{Count, PersonNote, Plan, Program, Timer};
use crate::record::LedgerError;
use crate::seal::Sealed;
use crate::store::{Outcome, Verdict};
use crate::stored::{Entry, Event, FINGERPRINTS, IdEntry, Job, JournalItem, decode};
use crate::tick::Work;
use crate::timers::minute;
use std::collections::{BTreeMap, BTreeSet};

/// After how many seconds a job that sealing hands over is looked at again, at the earliest.
const AGAIN: u64 = 60;

/// Effects of a batch, before they are written.
#[derive(Default)]
struct Batch {
    ids: BTreeMap<String, IdEntry>,
    /// Ids whose entry is not understood.
    foreign: BTreeSet<String>,
    changed: BTreeSet<String>,
    /// Counters that are none.
    counters: BTreeSet<String>,
    timers: Vec<(u64, Entry)>,
    counts: Vec<Count>,
    journal: BTreeMap<String, Vec<JournalItem>>,
    /// How long the rows of those journals are, where sealing files.
    rows: BTreeMap<String, Rows>,
    /// Jobs of events whose people may be known from before: slot, id, job.
    again: Vec<(u64, String, String)>,
}

/// How many journals one record stands in at most. Updates of one response that name more and more people are nobody's
/// answer: what they say beyond is in no journal, as erasure has to find every one of them.
pub const MOST_PEOPLE: usize = 24;

/// What became of an update.
enum Merged {
    /// It is in the record, whose fingerprints these are; and whose journals it goes into.
    In(Vec<(u64, String)>, Vec<PersonNote>),
    /// The record had it from another slot.
    Known,
    /// Retention deletes the record, or has.
    Gone,
    /// The record or the update is not understood.
    Foreign(String),
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Brings about the effects of `work.sealed`; false when another tick has taken over. What is written under names of this turn's own, or says what any
    /// repetition says, is put off until [`flush`](Self::flush).
    pub(crate) async fn effects(&self, work: &mut Work) -> Result<bool, LedgerError> {
        let sealed = std::mem::take(&mut work.sealed);
        if sealed.is_empty() {
            return Ok(true);
        }
        let Some(mut batch) = self.look_up(work, &sealed).await? else { return Ok(false) };
        work.report.sealed += sealed.len() as u64;
        let looked_up: BTreeSet<String> = sealed.iter().flat_map(|s| &s.event.p).map(|p| p.ph.clone()).collect();
        for event in sealed {
            self.place_event(work, &mut batch, event).await?;
        }
        if !self.look_up_told(work, &mut batch, &looked_up).await? {
            return Ok(false);
        }
        let mut entries = Vec::new();
        for eid in &batch.changed {
            entries.push((Key::Id(eid).to_string(), batch.ids[eid].encode()));
        }
        let known = self.stage_journals(work, &mut batch, &mut entries).await?;
        for (n, eid, job) in std::mem::take(&mut batch.again).into_iter().filter(|(n, ..)| known.contains(n)) {
            batch.timers.push((work.now + AGAIN, Entry::new(n, Job::App(job.clone()))));
            work.due.extend(dues(work.shard, n, &eid, vec![job]));
        }
        entries.extend(self.fold(work, &batch.counts).await?);
        let floor = work.root.tc + 1;
        let timers = together(batch.timers, floor);
        entries.extend(self.stage_timers(work.shard, &timers, floor, &batch.counters).await?);
        work.writes = entries;
        Ok(true)
    }

    /// How long the rows of those journals are that no event names, and an update goes into all the same. False: another
    /// tick has taken over.
    async fn look_up_told(
        &self,
        work: &mut Work,
        batch: &mut Batch,
        looked_up: &BTreeSet<String>,
    ) -> Result<bool, LedgerError> {
        let told: Vec<&str> = batch.journal.keys().filter(|ph| !looked_up.contains(*ph)).map(String::as_str).collect();
        if told.is_empty() || !self.files() {
            return Ok(true);
        }
        let mut keys = vec![self.root_key(work.shard)];
        keys.extend(told.iter().flat_map(|person| Self::row_keys(person)));
        let found = self.kv.get_many(keys).await?;
        let Some(rows) = self.rows_of(work, told.into_iter(), &found).await? else { return Ok(false) };
        batch.rows.extend(rows);
        Ok(true)
    }

    /// Writes what the turn has put off, so that one transaction serves for all of it where nothing comes in between.
    pub(crate) async fn flush(&self, work: &mut Work) -> Result<(), LedgerError> {
        self.kv.set_many(&std::mem::take(&mut work.writes)).await
    }

    /// Puts the batch's entries into journals. Gives the slots of events whose people had a journal before. A journal whose
    /// counter is none is reported, and goes without the entry.
    async fn stage_journals(
        &self,
        work: &mut Work,
        batch: &mut Batch,
        entries: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<BTreeSet<u64>, LedgerError> {
        let mut known = BTreeSet::new();
        for (person, items) in std::mem::take(&mut batch.journal) {
            let slots: Vec<u64> = items.iter().map(|item| item.by).collect();
            let first = if self.files() {
                let Some(rows) = batch.rows.get(&person) else { continue };
                entries.extend(self.file(&person, *rows, items)?);
                !rows.any()
            } else {
                match self.place_journal(&person, items).await {
                    Ok((number, entry)) => {
                        entries.extend(entry);
                        number == 1
                    }
                    Err(LedgerError::Corrupt { key, .. }) => {
                        work.bad.push(key);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            };
            known.extend(slots.into_iter().skip(usize::from(first)));
        }
        Ok(known)
    }

    /// What earlier batches know of the ids. Where an increment of what is no counter would stop the host (SQLite), the
    /// counters that the batch needs are looked at in the same read. None: another tick has taken over.
    async fn look_up(&self, work: &mut Work, sealed: &[Sealed]) -> Result<Option<Batch>, LedgerError> {
        let mut keys: Vec<String> = sealed.iter().map(|s| Key::Id(&s.event.e).to_string()).collect();
        let mut counters = Vec::new();
        if self.kv.kind == StoreKind::Sqlite {
            // Whichever of the events turn out to be repeats: the minute of any of these may come first.
            let planned = sealed.iter().flat_map(|s| &s.event.pl.timers).map(|timer| timer.due);
            let again = sealed.iter().any(|s| s.event.pl.again.is_some()).then_some(work.now + AGAIN);
            let minutes: Vec<_> = planned.chain(again).map(|due| (due, Entry::new(0, Job::Settle))).collect();
            counters = self.buckets(work.shard, &minutes, work.root.tc + 1);
            keys.extend(counters.iter().cloned());
        }
        let people: BTreeSet<&str> = sealed.iter().flat_map(|s| &s.event.p).map(|p| p.ph.as_str()).collect();
        if self.files() {
            keys.push(self.root_key(work.shard));
            keys.extend(people.iter().flat_map(|person| Self::row_keys(person)));
        }
        let found = self.kv.get_many(keys).await?;
        let mut batch = Batch::default();
        if self.files() {
            let Some(rows) = self.rows_of(work, people.into_iter(), &found).await? else { return Ok(None) };
            batch.rows = rows;
        }
        for key in counters {
            if found.get(&key).is_some_and(|bytes| self.kv.is_foreign(&key, bytes))
                && batch.counters.insert(key.clone())
            {
                work.bad.push(key);
            }
        }
        for Sealed { event, .. } in sealed {
            let key = Key::Id(&event.e).to_string();
            let Some(bytes) = found.get(&key) else {
                continue;
            };
            match IdEntry::decode(&key, bytes) {
                Ok(id) => {
                    batch.ids.insert(event.e.clone(), id);
                }
                Err(_) => {
                    if batch.foreign.insert(event.e.clone()) {
                        work.bad.push(key);
                    }
                }
            }
        }
        Ok(Some(batch))
    }

    /// Decides whether an event is the first of its id, a repeat, or an update.
    async fn place_event(&self, work: &mut Work, batch: &mut Batch, sealed: Sealed) -> Result<(), LedgerError> {
        let (n, event) = (sealed.n, &sealed.event);
        let key = Key::Event { shard: work.shard, n }.to_string();
        if batch.foreign.contains(&event.e) {
            work.bad.push(key);
            return Ok(());
        }
        match event.of {
            None => work.gc.push(Key::Hint(&event.e).to_string()),
            Some(0) => {
                work.gc.push(key);
                return Ok(());
            }
            Some(_) => {}
        }
        let known = batch.ids.get(&event.e).cloned();
        let known = known.filter(|_| !self.mutated(Mutation::NoDedupe));
        let Some(id) = known.filter(|id| id.canonical() != n) else {
            accept(work, batch, sealed);
            return Ok(());
        };
        let elsewhere = id.slot_of(&event.f).is_some_and(|slot| slot != n);
        if elsewhere || !event.up {
            work.report.duplicates += 1;
            work.gc.push(key);
            return Ok(());
        }
        match self.merge(work, id.canonical(), &sealed).await? {
            Merged::In(fingerprints, told) => {
                work.report.merged += 1;
                let mut sealed = sealed;
                sealed.event.p = told;
                let mut id = IdEntry(vec![id.0[0].clone()]);
                for (slot, fingerprint) in fingerprints {
                    id.push(slot, &fingerprint);
                }
                note(work.shard, batch, &sealed, id.canonical());
                batch.changed.insert(sealed.event.e.clone());
                batch.ids.insert(sealed.event.e.clone(), id);
                work.gc.push(key);
            }
            Merged::Known => {
                work.report.duplicates += 1;
                work.gc.push(key);
            }
            Merged::Gone => {
                batch.ids.remove(&event.e);
                accept(work, batch, sealed);
            }
            Merged::Foreign(other) => work.bad.push(other),
        }
        Ok(())
    }

    /// Merges an update into its record, exactly once: the record remembers the last slot that
    /// was merged (batches come in slot order) and the newest fingerprints.
    async fn merge(&self, work: &mut Work, canonical: u64, sealed: &Sealed) -> Result<Merged, LedgerError> {
        let (shard, n) = (work.shard, sealed.n);
        let update_key = Key::Event { shard, n }.to_string();
        let Ok(Event { b: Some(update), .. }) = decode::<Event<P::Body>>("", &sealed.bytes) else {
            return Ok(Merged::Foreign(update_key));
        };
        let marked = !self.mutated(Mutation::NoMergeMark);
        let fingerprint = &sealed.event.f;
        let (mut known, mut jobs, mut filed) = (false, Vec::new(), Filed::default());
        let key = Key::Event { shard, n: canonical }.to_string();
        let wid = self.unique();
        let outcome = self
            .kv
            .cas(&key, &wid, async |event: &mut Event<P::Body>| {
                let elsewhere = |(slot, f): &(u64, String)| *slot != n && f == fingerprint;
                known = event.f == *fingerprint || event.fs.iter().any(elsewhere);
                if marked && (known || event.mu >= n) {
                    return Ok(Verdict::Leave);
                }
                let record = event.record(shard, canonical, true);
                let Some(record) = record.filter(|record| record.eid == sealed.event.e) else {
                    return Ok(Verdict::Leave);
                };
                let step = self.counted(event, self.program.merge(&record, update.clone(), work.now));
                let told = self.program.told(&step.body, &update, &sealed.event.p);
                jobs = self.apply(shard, canonical, event, step, &wid, &mut filed).await?;
                event.mu = n;
                event.fs.push((n, fingerprint.clone()));
                let excess = event.fs.len().saturating_sub(FINGERPRINTS - 1);
                event.fs.drain(..excess);
                let room = MOST_PEOPLE.saturating_sub(record.people.len());
                let new = told.iter().filter(|person| !record.people.contains(&person.ph));
                event.ap.extend(new.take(room).map(|person| person.ph.clone()));
                Ok(Verdict::Write)
            })
            .await;
        let told = |event: &Event<P::Body>| {
            let told = event.b.as_ref().map(|merged| self.program.told(merged, &update, &sealed.event.p));
            let people = event.people();
            told.into_iter().flatten().filter(|person| people.contains(&person.ph)).collect()
        };
        Ok(match outcome {
            Ok(Outcome::Written(event)) => {
                work.due.append(&mut jobs);
                self.append_outs(shard, canonical, &event, &wid).await;
                let told = told(&event);
                Merged::In(event.fs, told)
            }
            Ok(Outcome::Left(_)) if known => Merged::Known,
            Ok(Outcome::Left(event)) if event.mu >= n => {
                let told = told(&event);
                Merged::In(event.fs, told)
            }
            Ok(Outcome::Left(event)) if event.rt => Merged::Gone,
            Ok(Outcome::Left(_)) | Err(LedgerError::Corrupt { .. }) => Merged::Foreign(key),
            Ok(Outcome::Absent) => Merged::Gone,
            Err(error) => return Err(error),
        })
    }
}

/// Puts all timers of a batch into the minute of its first one (`floor` at the earliest): what is due later is filed where it
/// belongs when that minute is swept, together with what other batches have put there. So sealing, which somebody waits for,
/// takes one number for 128 timers, whenever they are due, and each timer is moved once.
fn together(timers: Vec<(u64, Entry)>, floor: u64) -> Vec<(u64, Entry)> {
    let Some(first) = timers.iter().map(|(due, _)| minute(*due).max(floor)).min() else { return timers };
    let put = |(due, entry): (u64, Entry)| match entry.j {
        Job::App(j) if minute(due) > first => (first * 60, Entry { j: Job::Later { d: due, j }, ..entry }),
        j => (due, Entry { j, ..entry }),
    };
    timers.into_iter().map(put).collect()
}

/// The event is the first of its id: its plan takes effect.
fn accept(work: &mut Work, batch: &mut Batch, sealed: Sealed) {
    note(work.shard, batch, &sealed, sealed.n);
    let Sealed { n, mut event, .. } = sealed;
    let Plan { timers, counts, now, again } = std::mem::take(&mut event.pl);
    // A repetition finds its own entry, perhaps with updates in it: kept.
    let id = batch.ids.entry(event.e.clone());
    id.or_insert_with(|| IdEntry(vec![(n, event.f.clone())]));
    batch.changed.insert(event.e.clone());
    // Of an earlier record of this id, which retention deletes, it may be garbage.
    work.wanted.insert(Key::Id(&event.e).to_string());
    // What is handed over now is looked at again after a while from now, however long ago the event was appended.
    let due = |timer: &Timer| if now.contains(&timer.job) { timer.due.max(work.now + AGAIN) } else { timer.due };
    batch.timers.extend(timers.into_iter().map(|timer| (due(&timer), Entry::new(n, Job::App(timer.job)))));
    batch.counts.extend(counts);
    batch.again.extend(again.map(|job| (n, event.e.clone(), job)));
    work.due.extend(dues(work.shard, n, &event.e, now));
    work.mark(event.marks());
}

/// Entries for the people's journals: the record, and the event's notes.
fn note(shard: u8, batch: &mut Batch, sealed: &Sealed, record: u64) {
    for person in &sealed.event.p {
        let item = JournalItem { s: shard, n: record, by: sealed.n, e: sealed.event.e.clone(), o: person.note.clone() };
        let journal = batch.journal.entry(person.ph.clone()).or_default();
        journal.push(item);
    }
}
