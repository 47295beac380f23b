//! Letters: the jobs that did not reach their receiver, in a list that needs no search.
//!
//! A shard's list is a counter and entries under its numbers. A letter is filed before the change that makes its record
//! name it, and counts only while the record names its number: so a crash in between lists nothing that is not so, a
//! repetition lists nothing twice, and whoever settles the job settles the letter by the same swap. The list begins
//! where the root says; the tick moves that on over what is settled.

use crate::Ledger;
use crate::change::Filed;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::{LedgerError, Letter, LetterPlace, Letters};
use crate::store::not_a_counter;
use crate::stored::{Event, LetterSlot, decode, encode};
use crate::tick::Work;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::collections::BTreeMap;

/// Numbers looked at in one go.
const WINDOW: u64 = 64;
/// How old (seconds) a letter must be before the list begins after it: the change that makes its record name it is in
/// flight no longer (see `settle::REARMS`).
const IN_FLIGHT: u64 = 2 * 3_600;

/// A letter and its record.
type Found<B> = (u64, LetterSlot, Event<B>);

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Letters from a place on, oldest first within a shard: at most `limit` (1 to 64), after at most 64 numbers of each
    /// shard. 2 reads a shard, and 2 for each shard that has some.
    pub async fn letters(&self, from: LetterPlace, limit: usize) -> Result<Letters<P::Body>, LedgerError> {
        let mut page = Letters { letters: Vec::new(), next: None };
        let mut place = from;
        while place.shard < self.options.shards {
            let shard = place.shard;
            let last = self.kv.counter(&Key::Letters { shard }.to_string()).await;
            let first = self.root(shard).await?.df.max(place.number).max(1);
            let last = match last {
                // The tick reports it. Entries may be there all the same.
                Err(LedgerError::Corrupt { .. }) => first + WINDOW - 1,
                last => last?,
            };
            let to = last.min(first.saturating_add(WINDOW - 1));
            let (found, _, _) = self.named::<P::Body>(shard, first, to).await?;
            for (number, slot, event) in found {
                if page.letters.len() >= limit.clamp(1, WINDOW as usize) {
                    page.next = Some(LetterPlace { shard, number });
                    return Ok(page);
                }
                let record = event.record(shard, slot.n, true);
                page.letters.extend(record.map(|record| Letter { shard, number, job: slot.j, since: slot.t, record }));
            }
            if to < last {
                page.next = Some(LetterPlace { shard, number: to + 1 });
                return Ok(page);
            }
            place = LetterPlace { shard: shard + 1, number: 0 };
        }
        Ok(page)
    }

    /// One letter: 2 reads.
    pub async fn letter(&self, place: LetterPlace) -> Result<Option<Letter<P::Body>>, LedgerError> {
        let LetterPlace { shard, number } = place;
        if shard >= self.options.shards || number == 0 {
            return Ok(None);
        }
        let (found, foreign, _) = self.named::<P::Body>(shard, number, number).await?;
        if let Some(key) = foreign.into_iter().next() {
            return Err(LedgerError::Corrupt { key, reason: "not a letter or not its record".to_owned() });
        }
        let letter = found.into_iter().next().and_then(|(number, slot, event)| {
            let record = event.record(shard, slot.n, true)?;
            Some(Letter { shard, number, job: slot.j, since: slot.t, record })
        });
        Ok(letter)
    }

    /// Letters of these numbers that their records name; the keys of values that are not understood; and when each number
    /// was filed, if it was.
    async fn named<B: DeserializeOwned>(
        &self,
        shard: u8,
        from: u64,
        to: u64,
    ) -> Result<(Vec<Found<B>>, Vec<String>, BTreeMap<u64, u64>), LedgerError> {
        let letter_key = |number| Key::Letter { shard, number }.to_string();
        let event_key = |n| Key::Event { shard, n }.to_string();
        let (mut slots, mut foreign, mut filed) = (Vec::new(), Vec::new(), BTreeMap::new());
        let stored = self.kv.get_many((from..=to).map(letter_key).collect()).await?;
        for number in from..=to {
            let key = letter_key(number);
            match stored.get(&key).map(|bytes| decode::<LetterSlot>(&key, bytes)) {
                Some(Ok(slot)) => {
                    filed.insert(number, slot.t);
                    slots.push((number, slot));
                }
                Some(Err(_)) => foreign.push(key),
                None => {}
            }
        }
        let events = self.kv.get_many(slots.iter().map(|(_, slot)| event_key(slot.n)).collect()).await?;
        let mut found = Vec::new();
        for (number, slot) in slots {
            let key = event_key(slot.n);
            match events.get(&key).map(|bytes| decode::<Event<B>>(&key, bytes)) {
                Some(Ok(event)) if event.dl.iter().any(|(named, job)| *named == number && *job == slot.j) => {
                    found.push((number, slot, event));
                }
                Some(Err(_)) => foreign.push(key),
                _ => {}
            }
        }
        Ok((found, foreign, filed))
    }

    /// Files letters for what `body` says is undelivered and `event` does not list yet; strikes off what is settled. (Its
    /// letters are named by nobody then, and removed when the list begins after them.)
    pub(crate) async fn list_undelivered(
        &self,
        shard: u8,
        n: u64,
        event: &mut Event<P::Body>,
        body: &P::Body,
        filed: &mut Filed,
    ) -> Result<(), LedgerError> {
        let undelivered = self.program.undelivered(body);
        event.dl.retain(|(_, job)| undelivered.contains(job));
        for job in undelivered {
            if event.dl.iter().any(|(_, listed)| *listed == job) {
                continue;
            }
            let known = filed.letters.iter().find(|(_, listed)| *listed == job).cloned();
            match known {
                Some(letter) => event.dl.push(letter),
                None => match self.file_letter(shard, n, &job, filed).await {
                    Ok(number) => event.dl.push((number, job)),
                    // What is undelivered is written down in its record, even if no list can name it.
                    Err(LedgerError::Corrupt { .. }) => {}
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(())
    }

    async fn file_letter(&self, shard: u8, n: u64, job: &str, filed: &mut Filed) -> Result<u64, LedgerError> {
        let counter = Key::Letters { shard }.to_string();
        if !self.kv.foreign_counters(vec![counter.clone()]).await?.is_empty() {
            return Err(not_a_counter(&counter));
        }
        let slot = LetterSlot { u: self.unique(), n, j: job.to_owned(), t: self.clock.now() };
        let name = |number| Key::Letter { shard, number }.to_string();
        let (number, entry) = self.kv.place(&counter, name, encode(&counter, &slot)?).await?;
        if self.mutated(Mutation::ListLate) {
            filed.late.extend(entry);
        } else if let Some(entry) = entry {
            self.kv.set_many(&[entry]).await?;
        }
        filed.letters.push((number, job.to_owned()));
        Ok(number)
    }

    /// Moves the beginning of the list on over what is settled, in turns that fired timers: whatever is undelivered has
    /// one.
    pub(crate) async fn pass_letters(&self, work: &mut Work) -> Result<(), LedgerError> {
        if work.report.fired == 0 {
            return Ok(());
        }
        let (shard, first, last) = (work.shard, work.root.df.max(1), work.letters);
        if last < first {
            return Ok(());
        }
        let to = last.min(first + WINDOW - 1);
        let (found, foreign, filed) = self.named::<IgnoredAny>(shard, first, to).await?;
        work.bad.extend(foreign);
        let waits = found.first().map_or(to + 1, |(number, ..)| *number);
        // A number without an entry may be about to get one, unless a later one is old.
        let old =
            filed.iter().rev().find(|(_, at)| **at + IN_FLIGHT < work.now).map_or(first, |(number, _)| number + 1);
        work.passed = waits.min(old).max(first);
        work.gc.extend((first..work.passed).map(|number| Key::Letter { shard, number }.to_string()));
        Ok(())
    }
}
