//! Changing a record, from outside ([`Ledger::change`]) and by its timers.
//!
//! A change is one compare-and-swap of the record. Its timers are filed before; its counts are
//! noted in the record by the same swap (`out`), as is what it moves in the index, and then appended
//! as an internal event, with a timer that makes up for a crash in between.

use crate::index::difference;
use crate::key::{Key, shard_of};
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::Plan;
use crate::program::{Due, Program, Step};
use crate::record::{Changed, LedgerError};
use crate::store::{Outcome, Verdict, not_a_counter};
use crate::stored::{Entry, Event, IdEntry, Job, Out, encode};
use crate::{Ledger, check_name};

/// After how many seconds it is checked that the counts of a change were appended.
pub(crate) const SETTLE: u64 = 120;
/// How often an append starts again because its slots were given up.
const ATTEMPTS: usize = 32;

/// Names of the index, and what is added to their counts.
pub(crate) type Moves = Vec<(String, i64)>;

/// What was filed for a change, so that a repeated attempt need not file it again.
#[derive(Default)]
pub(crate) struct Filed {
    /// The revision that the timers are for.
    revision: u64,
    timers: Vec<(u64, Entry)>,
    /// Letters: number and job.
    pub(crate) letters: Vec<(u64, String)>,
    /// Mutation [`Mutation::ListLate`]: letters not written yet.
    pub(crate) late: Vec<(String, Vec<u8>)>,
}

impl Filed {
    pub(crate) fn new(revision: u64, timers: Vec<(u64, Entry)>) -> Self {
        Self { revision, timers, ..Self::default() }
    }
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Changes a sealed record: 2 reads and 1 write; timers and counts cost more.
    ///
    /// `f` sees the record as it is and answers with the change or a refusal. It may be called
    /// several times; its last answer counts.
    pub async fn change<X>(
        &self,
        eid: &str,
        mut f: impl FnMut(&crate::Record<P::Body>) -> Result<Step<P::Body>, X>,
    ) -> Result<Changed<P::Body, X>, LedgerError> {
        check_name("event id", eid)?;
        let shard = shard_of(eid, self.options.shards);
        let id_key = Key::Id(eid).to_string();
        let Some(bytes) = self.kv.get(&id_key).await? else {
            return Ok(match self.read(eid).await? {
                Some(record) if !record.sealed => Changed::NotSealed,
                // Sealed in between: the caller may just as well come again.
                Some(_) => Changed::NotSealed,
                None => Changed::Absent,
            });
        };
        let n = IdEntry::decode(&id_key, &bytes)?.canonical();
        let key = Key::Event { shard, n }.to_string();
        let wid = self.unique();
        let (mut refused, mut jobs, mut filed) = (None, Vec::new(), Filed::default());
        let outcome = self
            .kv
            .cas(&key, &wid, async |event: &mut Event<P::Body>| {
                let Some(record) = event.record(shard, n, true).filter(|r| r.eid == eid) else {
                    return Ok(Verdict::Leave);
                };
                match f(&record) {
                    Ok(step) => {
                        let step = self.counted(event, step);
                        jobs = self.apply(shard, n, event, step, &wid, &mut filed).await?;
                        Ok(Verdict::Write)
                    }
                    Err(refusal) => {
                        refused = Some(refusal);
                        Ok(Verdict::Leave)
                    }
                }
            })
            .await?;
        match (outcome, refused) {
            (Outcome::Written(event), _) => {
                self.append_outs(shard, n, &event, &wid).await;
                // Only under a mutation is there anything.
                let _ = self.kv.set_many(&filed.late).await;
                let record = event.record(shard, n, true);
                let record = record.ok_or_else(|| crate::missing(key))?;
                Ok(Changed::Done { record, now: jobs })
            }
            (Outcome::Left(_), Some(refusal)) => Ok(Changed::Refused(refusal)),
            _ => Ok(Changed::Absent),
        }
    }

    /// Files the step's timers, then puts the step into `event`. Gives its jobs.
    pub(crate) async fn apply(
        &self,
        shard: u8,
        n: u64,
        event: &mut Event<P::Body>,
        step: Step<P::Body>,
        wid: &str,
        filed: &mut Filed,
    ) -> Result<Vec<Due>, LedgerError> {
        let now = self.clock.now();
        let revision = event.r + 1;
        let moves = self.moves(event, &step);
        let timers = self.step_timers(n, revision, now, &step, &moves);
        if filed.revision != revision || !same(&filed.timers, &timers) {
            self.file_timers(shard, timers.clone(), 0).await?;
            (filed.revision, filed.timers) = (revision, timers);
        }
        self.list_undelivered(shard, n, event, &step.body, filed).await?;
        event.r = revision;
        event.b = Some(step.body);
        event.ix |= !moves.is_empty();
        event.iv = P::MARKS;
        if !step.counts.is_empty() || !moves.is_empty() {
            event.out.push(Out { e: out_name(shard, n, wid), t: now, c: step.counts, m: moves });
        }
        Ok(dues(shard, n, &event.e, step.now))
    }

    /// A step with what it changes in the projections.
    pub(crate) fn counted(&self, event: &Event<P::Body>, mut step: Step<P::Body>) -> Step<P::Body> {
        let before = event.b.as_ref().map(|body| self.program.counts(body)).unwrap_or_default();
        step.counts.extend(crate::fold::difference(before, self.program.counts(&step.body)));
        step
    }

    /// What a step moves in the index.
    pub(crate) fn moves(&self, event: &Event<P::Body>, step: &Step<P::Body>) -> Moves {
        let before = event.b.as_ref().filter(|_| event.indexed());
        let before = before.map(|body| self.program.marks(&event.e, body, event.iv));
        difference(before.unwrap_or_default(), self.program.marks(&event.e, &step.body, P::MARKS))
    }

    /// The timers of a step, and the one that sees to its counts and its moves.
    pub(crate) fn step_timers(
        &self,
        n: u64,
        revision: u64,
        now: u64,
        step: &Step<P::Body>,
        moves: &Moves,
    ) -> Vec<(u64, Entry)> {
        let entry = |j| Entry { n, j, r: revision, a: 0 };
        let mut timers: Vec<_> =
            step.timers.iter().map(|timer| (timer.due, entry(Job::App(timer.job.clone())))).collect();
        let settles = !step.counts.is_empty() || !moves.is_empty();
        if settles && !self.mutated(Mutation::NoSettle) {
            timers.push((now + SETTLE, entry(Job::Settle)));
        }
        timers
    }

    /// Appends what the change `wid` counts. Best effort: the settling timer makes up for it.
    pub(crate) async fn append_outs(&self, shard: u8, n: u64, event: &Event<P::Body>, wid: &str) {
        let name = out_name(shard, n, wid);
        let outs: Vec<(u64, Out)> = event.out.iter().filter(|out| out.e == name).map(|out| (n, out.clone())).collect();
        let _ = self.append_internal(shard, outs).await;
    }

    /// Appends counts of changes as internal events, all in one go where the store can.
    pub(crate) async fn append_internal(&self, shard: u8, mut outs: Vec<(u64, Out)>) -> Result<(), LedgerError> {
        let counter = Key::Slots { shard }.to_string();
        let name = |n| Key::Event { shard, n }.to_string();
        if !outs.is_empty() && !self.kv.foreign_counters(vec![counter.clone()]).await?.is_empty() {
            return Err(not_a_counter(&counter));
        }
        for _ in 0..ATTEMPTS {
            if outs.is_empty() {
                return Ok(());
            }
            let mut slots = Vec::new();
            let mut entries = Vec::new();
            for (of, out) in &outs {
                let event = self.internal(*of, out);
                let value = encode(&counter, &event)?;
                let (n, entry) = self.kv.place(&counter, name, value).await?;
                slots.push(n);
                entries.extend(entry);
            }
            self.kv.set_many(&entries).await?;
            let cursor = self.cursor(shard).await?;
            let mut again = Vec::new();
            for (slot, out) in slots.into_iter().zip(outs) {
                if !cursor.accepts(slot) {
                    self.withdraw(shard, slot, &cursor).await;
                    again.push(out);
                }
            }
            outs = again;
        }
        Err(LedgerError::Contended { key: counter })
    }

    /// Appends an event that means nothing, so that slots before it do not stay open for ever.
    pub(crate) async fn append_marker(&self, shard: u8) -> Result<(), LedgerError> {
        let name = out_name(shard, 0, &self.unique());
        let out = Out { e: name, t: self.clock.now(), c: Vec::new(), m: Vec::new() };
        self.append_internal(shard, vec![(0, out)]).await
    }

    fn internal(&self, of: u64, out: &Out) -> Event<P::Body> {
        Event {
            u: self.unique(),
            e: out.e.clone(),
            f: "0".to_owned(),
            t: out.t,
            ts: self.clock.now(),
            p: Vec::new(),
            ap: Vec::new(),
            pl: Plan { counts: out.c.clone(), ..Plan::default() },
            m: out.m.clone(),
            me: Vec::new(),
            ix: false,
            iv: P::MARKS,
            up: false,
            of: Some(of),
            b: None,
            r: 0,
            x: false,
            rt: false,
            xo: String::new(),
            mu: 0,
            fs: Vec::new(),
            out: Vec::new(),
            dl: Vec::new(),
            w: Vec::new(),
        }
    }
}

/// The id of an internal event. `~` cannot be part of an application's id.
pub(crate) fn out_name(shard: u8, n: u64, wid: &str) -> String {
    format!("~{shard:02x}.{n}.{wid}")
}

/// Jobs of a record, as they are handed over.
pub(crate) fn dues(shard: u8, n: u64, eid: &str, jobs: Vec<String>) -> Vec<Due> {
    let due = |job| Due { n, shard, eid: eid.to_owned(), job };
    jobs.into_iter().map(due).collect()
}

/// Whether two lists ask for the same, but for the moment of the settling timer.
fn same(a: &[(u64, Entry)], b: &[(u64, Entry)]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.1 == b.1 && (a.0 == b.0 || a.1.j == Job::Settle))
}
