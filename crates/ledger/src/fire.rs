//! Timers that came due: closed minutes are swept in bounded pieces, each committed.
//!
//! For every record all its due jobs are asked for at once, and put into it by one
//! compare-and-swap. Timers that follow are filed before. A turn that dies in here leaves the
//! minute unswept, so the jobs are asked for again; the application sees what it did already. Timers that sealing has put
//! beside earlier ones are moved to their own minutes from here.

use crate::Ledger;
use crate::change::Filed;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::{Due, Program, Step};
use crate::record::LedgerError;
use crate::store::{Outcome, Verdict};
use crate::stored::{Entry, Event, Job, Out, Root, TimerSlot, decode};
use crate::tick::Work;
use std::collections::BTreeMap;

/// Timers fired in one turn, about.
const PIECE: usize = 64;
/// Timers looked at in one turn, about: those that are only moved cost little, and must not hold up the others.
const LOOKED_AT: usize = 1_024;
/// Stored values of timers read at once.
const SLOTS: usize = 16;
/// Minutes looked at in one turn.
const MINUTES: u64 = 64;
/// Entries looked for under a counter that is none.
const LOST_COUNT: u64 = 256;
/// Minutes that may stay unswept, as long as they are empty, to spare the writes.
pub(crate) const IDLE_MINUTES: u64 = 15;

/// A record and its jobs.
struct Firing<B> {
    n: u64,
    event: Event<B>,
    jobs: Vec<Entry>,
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Whether a minute that is over holds timers, or it is time to move on over empty ones.
    pub(crate) async fn timers_due(&self, shard: u8, root: &Root, now: u64) -> Result<bool, LedgerError> {
        let minute = now / 60;
        if minute < root.tm {
            return Ok(false);
        }
        if minute - root.tm >= IDLE_MINUTES {
            return Ok(true);
        }
        let counts = self.bucket_counts(shard, root.tm, minute).await?;
        Ok(counts.iter().any(|&count| count > 0))
    }

    /// Mutation [`Mutation::SweepBeforeClose`].
    pub(crate) async fn count_early(&self, shard: u8, root: &Root, now: u64) -> Result<Option<Vec<u64>>, LedgerError> {
        let last = (now / 60).max(root.tc).min(root.tm + MINUTES - 1);
        if !self.mutated(Mutation::SweepBeforeClose) || last < root.tm {
            return Ok(None);
        }
        self.bucket_counts(shard, root.tm, last).await.map(Some)
    }

    async fn bucket_counts(&self, shard: u8, from: u64, to: u64) -> Result<Vec<u64>, LedgerError> {
        let key = |minute| Key::Bucket { shard, minute }.to_string();
        let mut foreign = Vec::new();
        let keys: Vec<String> = (from..=to).map(key).collect();
        let mut counts = self.kv.counters(keys.clone(), &mut foreign).await?;
        assume(&keys, &foreign, &mut counts);
        Ok(counts)
    }

    /// Fires the next piece of what is due in closed minutes.
    pub(crate) async fn sweep(&self, work: &mut Work) -> Result<(), LedgerError> {
        let (first, done) = work.swept;
        if first > work.root.tc {
            return Ok(());
        }
        let last = work.root.tc.min(first + MINUTES - 1);
        // With the minutes, in the same read, the last of the letters.
        let bucket = |minute| Key::Bucket { shard: work.shard, minute }.to_string();
        let letters = Key::Letters { shard: work.shard }.to_string();
        let keys: Vec<String> = (first..=last).map(bucket).chain([letters]).collect();
        let mut counts = self.kv.counters(keys.clone(), &mut work.bad).await?;
        assume(&keys, &work.bad, &mut counts);
        work.letters = counts.pop().unwrap_or(0);
        let counts = work.early.take().unwrap_or(counts);
        let mut places: Vec<(u64, u64, bool)> = Vec::new();
        for (minute, count) in (first..).zip(counts) {
            let from = if minute == first { done } else { 0 };
            places.extend((from + 1..=count).map(|entry| (minute, entry, entry == count)));
        }
        let (entries, complete) = self.read_timers(work, &places).await?;
        if complete {
            work.swept = (last + 1, 0);
        }
        if !entries.is_empty() {
            self.flush(work).await?;
        }
        let mut jobs: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            let entry = entry.arrived(work.root.tc);
            work.report.fired += u64::from(!matches!(entry.j, Job::Later { .. }));
            add_job(jobs.entry(entry.n).or_default(), entry);
        }
        let mut apps: BTreeMap<u64, Vec<Entry>> = BTreeMap::new();
        let mut again = Vec::new();
        for entry in jobs.into_values().flatten() {
            match &entry.j {
                Job::App(_) => apps.entry(entry.n).or_default().push(entry),
                Job::Later { .. } if self.mutated(Mutation::NoMove) => {}
                Job::Later { d, j } => again.push((*d, Entry { j: Job::App(j.clone()), ..entry })),
                Job::Erase { .. } | Job::EraseOne { .. } => again.extend(self.erase_due(work, entry).await?),
                Job::Retire => self.retire_due(work, entry.n).await?,
                Job::Settle => again.extend(self.settle_due(work, entry).await?),
            }
        }
        self.fire(work, apps, again).await
    }

    /// Reads timers, of which about [`PIECE`] are to be fired; true if that was all. Moves `work.swept`.
    async fn read_timers(
        &self,
        work: &mut Work,
        places: &[(u64, u64, bool)],
    ) -> Result<(Vec<Entry>, bool), LedgerError> {
        let shard = work.shard;
        let (mut entries, mut fired) = (Vec::<Entry>::new(), 0);
        for chunk in places.chunks(SLOTS) {
            let key = |&(minute, entry, _): &(u64, u64, bool)| Key::Timers { shard, minute, entry }.to_string();
            let found = self.kv.get_many(chunk.iter().map(key).collect()).await?;
            for place in chunk {
                if fired >= PIECE || entries.len() >= LOOKED_AT {
                    return Ok((entries, false));
                }
                let key = key(place);
                match found.get(&key).map(|bytes| decode::<TimerSlot>(&key, bytes)) {
                    Some(Ok(slot)) => {
                        fired += slot.es.iter().filter(|entry| !matches!(entry.j, Job::Later { .. })).count();
                        entries.extend(slot.es);
                        work.gc.push(key);
                    }
                    Some(Err(_)) => work.bad.push(key),
                    // Its writer comes later, finds the minute closed, and files it again.
                    None => {}
                }
                let (minute, entry, last) = *place;
                work.swept = (minute, entry);
                if last {
                    work.gc.push(Key::Bucket { shard, minute }.to_string());
                }
            }
        }
        Ok((entries, true))
    }

    /// Asks the application for every record, then files what follows, then changes the records.
    async fn fire(
        &self,
        work: &mut Work,
        apps: BTreeMap<u64, Vec<Entry>>,
        mut timers: Vec<(u64, Entry)>,
    ) -> Result<(), LedgerError> {
        let firings = self.read_firings(work, apps).await?;
        let mut changes = Vec::new();
        for firing in firings {
            match self.ask(&firing, work) {
                Some(step) => {
                    let revision = firing.event.r + 1;
                    let filed =
                        self.step_timers(firing.n, revision, work.now, &step, &self.moves(&firing.event, &step));
                    timers.extend(filed.iter().cloned());
                    changes.push((firing, Filed::new(revision, filed)));
                }
                None => timers.extend(self.in_flight(&firing, work.now)),
            }
        }
        let floor = work.root.tc + 1;
        self.file_timers(work.shard, timers, floor).await?;
        let mut outs = Vec::new();
        for (firing, filed) in changes {
            outs.extend(self.change_fired(work, firing, filed).await?);
        }
        self.append_or_report(work, outs).await
    }

    /// Appends counts of changes. A counter of slots that is none must not keep timers from firing: the counts stay in
    /// their records, and their settling timers come again.
    pub(crate) async fn append_or_report(&self, work: &mut Work, outs: Vec<(u64, Out)>) -> Result<(), LedgerError> {
        match self.append_internal(work.shard, outs).await {
            Err(LedgerError::Corrupt { key, .. }) => {
                work.bad.push(key);
                Ok(())
            }
            appended => appended,
        }
    }

    async fn read_firings(
        &self,
        work: &mut Work,
        apps: BTreeMap<u64, Vec<Entry>>,
    ) -> Result<Vec<Firing<P::Body>>, LedgerError> {
        let shard = work.shard;
        let key = |n| Key::Event { shard, n }.to_string();
        let found = self.kv.get_many(apps.keys().copied().map(key).collect());
        let found = found.await?;
        let mut firings = Vec::new();
        for (n, jobs) in apps {
            let key = key(n);
            match found.get(&key).map(|bytes| decode(&key, bytes)) {
                Some(Ok(event)) => firings.push(Firing { n, event, jobs }),
                Some(Err(_)) => work.bad.push(key),
                // Deleted by retention.
                None => {}
            }
        }
        Ok(firings)
    }

    /// All due jobs of a record as one step.
    fn ask(&self, firing: &Firing<P::Body>, work: &Work) -> Option<Step<P::Body>> {
        let mut record = firing.event.record(work.shard, firing.n, true)?;
        let mut all: Option<Step<P::Body>> = None;
        for entry in &firing.jobs {
            let Job::App(job) = &entry.j else { continue };
            let Some(step) = self.program.fire(&record, job, work.now) else {
                continue;
            };
            record.body = step.body.clone();
            all = Some(match all {
                None => step,
                Some(mut all) => {
                    all.body = step.body;
                    all.timers.extend(step.timers);
                    all.now.extend(step.now);
                    all.counts.extend(step.counts);
                    all
                }
            });
        }
        all.map(|step| self.counted(&firing.event, step))
    }

    /// Timers that fired in vain, but whose change may be about to come.
    fn in_flight(&self, firing: &Firing<P::Body>, now: u64) -> Vec<(u64, Entry)> {
        let mut again = Vec::new();
        for entry in &firing.jobs {
            again.extend(self.rearm(entry, firing.event.r, now));
        }
        again
    }

    /// Changes one record. Gives the counts that are to be appended.
    async fn change_fired(
        &self,
        work: &mut Work,
        mut firing: Firing<P::Body>,
        mut filed: Filed,
    ) -> Result<Vec<(u64, Out)>, LedgerError> {
        let (shard, n, wid) = (work.shard, firing.n, self.unique());
        let key = Key::Event { shard, n }.to_string();
        let mut jobs: Vec<Due> = Vec::new();
        let outcome = self
            .kv
            .cas(&key, &wid, async |event: &mut Event<P::Body>| {
                firing.event = event.clone();
                let Some(step) = self.ask(&firing, work) else {
                    return Ok(Verdict::Leave);
                };
                jobs = self.apply(shard, n, event, step, &wid, &mut filed).await?;
                Ok(Verdict::Write)
            })
            .await;
        match outcome {
            Ok(Outcome::Written(event)) => {
                work.due.append(&mut jobs);
                let name = crate::change::out_name(shard, n, &wid);
                let mut outs = event.out;
                outs.retain(|out| out.e == name);
                Ok(outs.into_iter().map(|out| (n, out)).collect())
            }
            Ok(_) => Ok(Vec::new()),
            Err(LedgerError::Corrupt { key, .. }) => {
                work.bad.push(key);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }
}

/// Where a counter is none, entries may be there all the same: so many are looked for.
fn assume(keys: &[String], foreign: &[String], counts: &mut [u64]) {
    for (key, count) in keys.iter().zip(counts) {
        if foreign.contains(key) {
            *count = LOST_COUNT;
        }
    }
}

/// Adds a job of a record, once: a turn that had to be repeated has filed its timers repeatedly, and
/// several changes ask for the same settling.
fn add_job(jobs: &mut Vec<Entry>, entry: Entry) {
    match jobs.iter_mut().find(|known| known.j == entry.j) {
        Some(known) => (known.r, known.a) = (known.r, known.a).max((entry.r, entry.a)),
        None => jobs.push(entry),
    }
}
