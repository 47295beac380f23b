//! Erasure: every record of a person is redacted, found through the person's journal, not by a scan; or one record by
//! its id. Notes in journals go with them.
//!
//! What is sealed is redacted at once. What is still on its way is not in the journal yet; for that a durable timer
//! remembers the slots allotted so far, and redacts again once all of these are sealed. Half an hour later it looks once
//! more: a process that was paused since before the erasure may have filed a journal entry late. What is given later
//! belongs to a new relation and stays.

use crate::key::{Key, shard_of};
use crate::mutation::Mutation;
use crate::person::{Row, Slots};
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::{Erased, LedgerError};
use crate::store::{Outcome, Verdict};
use crate::stored::{Entry, Event, IdEntry, Job, JournalItem, JournalSlot, Order};
use crate::tick::Work;
use crate::{Ledger, check_name};
use serde_json::Value;
use std::collections::BTreeSet;

/// After how many seconds an erasure looks again: no process is paused for so long and comes back.
pub(crate) const LATE: u64 = 1_800;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Erases a person. When this returns, sealed records are redacted, notes in the journal are gone, and the rest is
    /// certain: ticks do it.
    pub async fn erase(&self, person: &str) -> Result<Erased, LedgerError> {
        check_name("person", person)?;
        let noted = self.journal_length(person).await?;
        let mut heads = Vec::new();
        for shard in 0..self.options.shards {
            let head = self.kv.counter(&Key::Slots { shard }.to_string()).await?;
            heads.push(head);
            let job = Job::Erase { p: person.to_owned(), h: head, d: 0, g: 0, j: noted, z: false };
            self.make_certain(shard, head, job).await?;
        }
        let mut erased = Erased { records: 0, noted };
        let entries = self.journal_length(person).await?;
        let mut done = BTreeSet::new();
        let before = |item: &JournalItem| heads.get(usize::from(item.s)).is_some_and(|head| item.by <= *head);
        let chosen = |number, item: &JournalItem| if item.n == 0 { number <= noted } else { before(item) };
        for row in self.rows() {
            let mut next = Some(0);
            while let Some(from) = next {
                let (piece, after) = self.journal_piece(person, *row, from, entries).await?;
                for item in piece.items() {
                    if item.n > 0 && done.insert((item.s, item.n)) {
                        match self.redact(item.s, item.n, person, None).await {
                            Ok(redacted) => erased.records += u64::from(redacted),
                            // It keeps no other from being erased; the tick that makes certain reports it.
                            Err(LedgerError::Corrupt { .. }) => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
                self.wipe(person, *row, &piece, chosen, nothing).await?;
                next = after;
            }
        }
        Ok(erased)
    }

    /// Erases what one event id has brought, updates on their way included. False: there is no such event.
    ///
    /// What was said elsewhere about being contacted stays in the person's journals: it is the person's, see [`Self::erase`]. Of what the
    /// event brought itself, what [`Program::outlives`] leaves.
    pub async fn erase_record(&self, eid: &str) -> Result<bool, LedgerError> {
        check_name("event id", eid)?;
        let known = self.known(eid).await?;
        if known.id.is_none() && known.hint.is_none() {
            return Ok(false);
        }
        let shard = shard_of(eid, self.options.shards);
        let head = self.kv.counter(&Key::Slots { shard }.to_string()).await?;
        self.make_certain(shard, head, Job::EraseOne { e: eid.to_owned(), h: head, z: false }).await?;
        if let Some(id) = known.id {
            self.redact(shard, id.canonical(), "", None).await?;
        }
        Ok(true)
    }

    /// Files the timer that erases again once everything up to `head` is sealed.
    async fn make_certain(&self, shard: u8, head: u64, job: Job) -> Result<(), LedgerError> {
        if self.mutated(Mutation::EraseOnce) {
            return Ok(());
        }
        self.file_timers(shard, vec![(0, Entry::new(0, job))], 0).await?;
        if self.cursor(shard).await?.q <= head {
            // Slots whose writers are gone are given up only when something comes later.
            self.append_marker(shard).await?;
        }
        Ok(())
    }

    /// The timer of an erasure. Gives it again if it is not done.
    pub(crate) async fn erase_due(&self, work: &mut Work, entry: Entry) -> Result<Option<(u64, Entry)>, LedgerError> {
        match entry.j {
            Job::Erase { .. } => self.erase_person_due(work, entry.j).await,
            Job::EraseOne { e, h, z } => self.erase_record_due(work, e, h, z).await,
            _ => Ok(None),
        }
    }

    async fn erase_person_due(&self, work: &mut Work, job: Job) -> Result<Option<(u64, Entry)>, LedgerError> {
        let Job::Erase { p, h, d, g, j, z } = job else { return Ok(None) };
        let again = |due, p, (d, g), z| Some((due, Entry::new(0, Job::Erase { p, h, d, g, j, z })));
        // Everything before q is sealed, and its journal entries were written before the sweep.
        if work.root.q <= h {
            return Ok(again(0, p, (d, g), z));
        }
        let shard = work.shard;
        let entries = match self.journal_length(&p).await {
            Err(LedgerError::Corrupt { key, .. }) => {
                work.bad.push(key);
                return Ok(again(work.now + LATE, p, (d, g), z));
            }
            entries => entries?,
        };
        let before = |item: &JournalItem| item.s == shard && item.by <= h;
        let chosen = |number, item: &JournalItem| if item.n == 0 { number <= j } else { before(item) };
        let (mut done, mut more) = ([d, g], false);
        for (row, done) in self.rows().iter().zip(&mut done) {
            let (piece, next) = self.journal_piece(&p, *row, *done, entries).await?;
            work.bad.extend(piece.foreign.iter().cloned());
            let of_ours = |item: &&JournalItem| item.s == shard && (1..=h).contains(&item.n);
            let slots: BTreeSet<u64> = piece.items().filter(of_ours).map(|item| item.n).collect();
            for n in slots {
                self.redact_or_report(work, n, &p).await?;
            }
            self.wipe(&p, *row, &piece, chosen, nothing).await?;
            // What comes at the end of a row meanwhile is of later events, or of ones that the late look reaches.
            *done = next.unwrap_or((*done).max(piece.last));
            more |= next.is_some();
        }
        Ok(match (more, z) {
            (true, _) => again(0, p, (done[0], done[1]), z),
            (false, false) => again(work.now + LATE, p, (0, 0), true),
            (false, true) => None,
        })
    }

    async fn erase_record_due(
        &self,
        work: &mut Work,
        e: String,
        h: u64,
        z: bool,
    ) -> Result<Option<(u64, Entry)>, LedgerError> {
        if work.root.q <= h {
            return Ok(Some((0, Entry::new(0, Job::EraseOne { e, h, z }))));
        }
        let key = Key::Id(&e).to_string();
        match self.kv.get(&key).await?.map(|bytes| IdEntry::decode(&key, &bytes)) {
            Some(Ok(id)) if id.canonical() <= h => self.redact_or_report(work, id.canonical(), "").await?,
            Some(Err(_)) => work.bad.push(key),
            _ => {}
        }
        Ok((!z).then(|| (work.now + LATE, Entry::new(0, Job::EraseOne { e, h, z: true }))))
    }

    async fn redact_or_report(&self, work: &mut Work, n: u64, person: &str) -> Result<(), LedgerError> {
        match self.redact(work.shard, n, person, None).await {
            Err(LedgerError::Corrupt { key, .. }) => work.bad.push(key),
            other => drop(other?),
        }
        Ok(())
    }

    /// Redacts one record, and its notes in the journals of others than `but`, who is seen to by the caller. True: there
    /// was something to redact; for an order, which redacts only once: it has, now or before.
    pub(crate) async fn redact(
        &self,
        shard: u8,
        n: u64,
        but: &str,
        order: Option<&Order>,
    ) -> Result<bool, LedgerError> {
        let key = Key::Event { shard, n }.to_string();
        let wid = self.unique();
        let redacted = self
            .kv
            .cas(&key, &wid, async |event: &mut Event<P::Body>| {
                if order.is_some_and(|order| event.xo == order.o) || !redactable(&self.program, event) {
                    return Ok(Verdict::Leave);
                }
                if let Some(body) = &mut event.b {
                    self.program.redact(body);
                }
                event.p.iter_mut().for_each(|person| person.note = None);
                event.x = true;
                if let Some(order) = order {
                    event.xo.clone_from(&order.o);
                }
                event.r += 1;
                Ok(Verdict::Write)
            })
            .await?;
        let (event, written) = match redacted {
            Outcome::Written(event) => (event, true),
            Outcome::Left(event) => (event, false),
            Outcome::Absent => return Ok(false),
        };
        for person in event.p.iter().map(|person| &person.ph).chain(&event.ap).filter(|person| *person != but) {
            let entries = match self.journal_length(person).await {
                // Reported where the journal is asked for.
                Err(LedgerError::Corrupt { .. }) => continue,
                entries => entries?,
            };
            let before = |item: &JournalItem| order.is_none_or(|order| item.by <= order.h);
            let chosen = |_, item: &JournalItem| (item.s, item.n) == (shard, n) && before(item);
            for row in self.rows() {
                let mut next = Some(0);
                while let Some(from) = next {
                    let (piece, after) = self.journal_piece(person, *row, from, entries).await?;
                    self.wipe(person, *row, &piece, chosen, |note| self.program.outlives(note)).await?;
                    next = after;
                }
            }
        }
        Ok(written || order.is_some_and(|order| event.xo == order.o))
    }

    /// Takes notes out of a piece of a journal, but for what `left` leaves; which records there are stays.
    async fn wipe(
        &self,
        person: &str,
        row: Row,
        piece: &Slots,
        chosen: impl Fn(u64, &JournalItem) -> bool,
        left: impl Fn(Value) -> Option<Value>,
    ) -> Result<(), LedgerError> {
        for (number, slot) in &piece.slots {
            let noted = |item: &JournalItem| {
                item.o.is_some() && chosen(*number, item) && item.o != item.o.clone().and_then(&left)
            };
            if !slot.es.iter().any(noted) {
                continue;
            }
            let key = row.key(person, *number);
            let wid = self.unique();
            self.kv
                .cas(&key, &wid, async |slot: &mut JournalSlot| {
                    slot.es
                        .iter_mut()
                        .filter(|item| noted(item))
                        .for_each(|item| item.o = item.o.take().and_then(&left));
                    Ok(Verdict::Write)
                })
                .await?;
        }
        Ok(())
    }
}

/// Whether there is anything to redact.
pub(crate) fn redactable<P: Program>(program: &P, event: &Event<P::Body>) -> bool {
    if !event.x || event.p.iter().any(|person| person.note.is_some()) {
        return true;
    }
    let mut after = event.b.clone();
    if let Some(body) = &mut after {
        program.redact(body);
    }
    serde_json::to_vec(&event.b).ok() != serde_json::to_vec(&after).ok()
}

/// What is left of a note when its person is erased.
fn nothing(_: Value) -> Option<Value> {
    None
}
