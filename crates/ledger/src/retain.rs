//! Retention: a walk along the log, a window at a time, over what is old enough to be asked about.
//!
//! The application says when a record may go ([`Program::expires`]); one that may not go yet gets
//! a timer. What is deleted is first marked, in the record itself: whoever changes it has done so before, and is asked
//! about, or finds that there is no such record any more. Then it is named in the root as garbage, and removed by a later
//! turn.

use crate::Ledger;
use crate::index::difference;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::{Outcome, Verdict};
use crate::stored::{Entry, Event, IdEntry, Job, Root, decode};
use crate::tick::Work;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};

/// Slots looked at in one turn.
const WINDOW: u64 = 64;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Whether the walk has something to look at. It waits until everything is sealed, so that no
    /// repeat on its way outlives the id that tells it is one.
    pub(crate) fn retention_due(&self, root: &Root, head: u64, now: u64) -> bool {
        let behind = root.fl < root.q && root.fa <= now || root.fr != self.options.retention_rule;
        self.options.retention.is_some() && head < root.q && behind
    }

    /// One window of the walk.
    pub(crate) async fn walk_retention(&self, work: &mut Work) -> Result<(), LedgerError> {
        let Some(age) = self.options.retention else {
            return Ok(());
        };
        if !self.retention_due(&work.root, work.head, work.now) || !work.root.pend.is_empty() {
            return Ok(());
        }
        let (shard, from) = (work.shard, work.root.fl);
        let to = work.root.q.min(from + WINDOW);
        let key = |n| Key::Event { shard, n }.to_string();
        let found = self.kv.get_many((from..to).map(key).collect()).await?;
        let mut old = Vec::new();
        // The slots after the window are looked at again at once, unless it is the end of the log.
        work.looked = (to, if to == work.root.q { work.now + age } else { 0 });
        for n in from..to {
            let Some(bytes) = found.get(&key(n)) else {
                continue;
            };
            match decode::<Event<P::Body>>(&key(n), bytes) {
                Ok(event) if event.ts + age > work.now => {
                    work.looked = (n, event.ts + age);
                    break;
                }
                Ok(event) => old.push((n, event)),
                Err(_) => work.bad.push(key(n)),
            }
        }
        self.consider(work, old).await
    }

    /// A record's own time to be asked about has come.
    pub(crate) async fn retire_due(&self, work: &mut Work, n: u64) -> Result<(), LedgerError> {
        let event = match self.event(work.shard, n).await {
            Ok(event) => event,
            Err(LedgerError::Corrupt { key, .. }) => {
                work.bad.push(key);
                None
            }
            Err(error) => return Err(error),
        };
        self.consider(work, event.map(|event| (n, event)).into_iter().collect()).await
    }

    /// Internal events that their records still list: without its id an event would be appended,
    /// and counted, again.
    async fn unsettled(&self, shard: u8, old: &[(u64, Event<P::Body>)]) -> Result<BTreeSet<String>, LedgerError> {
        let records = old.iter().filter_map(|(_, event)| event.of);
        let keys = records.map(|n| Key::Event { shard, n }.to_string()).collect();
        let mut unsettled = BTreeSet::new();
        for (key, bytes) in self.kv.get_many(keys).await? {
            if let Ok(event) = decode::<Event<IgnoredAny>>(&key, &bytes) {
                unsettled.extend(event.out.into_iter().map(|out| out.e));
            }
        }
        Ok(unsettled)
    }

    /// Marks a record that may go, if it still may when it is marked. Gives when it is asked about again, if it may not.
    async fn retire(&self, work: &Work, n: u64, event: &mut Event<P::Body>) -> Result<Option<u64>, LedgerError> {
        let mut again = self.stays(work, n, event);
        if again.is_none() && !event.rt && !self.mutated(Mutation::NoRetireMark) {
            let key = Key::Event { shard: work.shard, n }.to_string();
            let wid = self.unique();
            let marked = self.kv.cas(&key, &wid, async |event: &mut Event<P::Body>| {
                again = self.stays(work, n, event);
                if again.is_some() || event.rt {
                    return Ok(Verdict::Leave);
                }
                event.rt = true;
                Ok(Verdict::Write)
            });
            match marked.await? {
                Outcome::Written(marked) | Outcome::Left(marked) => *event = marked,
                Outcome::Absent => {}
            }
        }
        Ok(again)
    }

    /// When a record that may not go yet is asked about again. One that is marked goes.
    fn stays(&self, work: &Work, n: u64, event: &Event<P::Body>) -> Option<u64> {
        let record = event.record(work.shard, n, true)?;
        let expires = self.program.expires(&record, work.now);
        let goes = expires.is_some_and(|at| at <= work.now) && event.out.is_empty();
        (!goes).then(|| expires.filter(|at| *at > work.now).unwrap_or_else(|| work.recheck()))
    }

    /// Deletes what may go, and sets timers for the rest.
    async fn consider(&self, work: &mut Work, old: Vec<(u64, Event<P::Body>)>) -> Result<(), LedgerError> {
        let keys = old.iter().map(|(_, event)| Key::Id(&event.e).to_string());
        let ids: BTreeMap<String, Vec<u8>> = self.kv.get_many(keys.collect()).await?;
        let unsettled = self.unsettled(work.shard, &old).await?;
        let mut timers = Vec::new();
        for (n, mut event) in old {
            let id = Key::Id(&event.e).to_string();
            let entry = ids.get(&id).map(|bytes| IdEntry::decode(&id, bytes));
            let canonical = matches!(entry, Some(Ok(ref entry)) if entry.canonical() == n);
            let key = Key::Event { shard: work.shard, n }.to_string();
            // What was marked before a crash goes, even if a new record has its id by now.
            if event.b.is_some() && (canonical || event.rt) {
                if let Some(again) = self.retire(work, n, &mut event).await? {
                    timers.push((again, Entry::new(n, Job::Retire)));
                    continue;
                }
                // A second timer of the same record, before it is gone, takes nothing out of the index again.
                if let Some(body) = event.b.as_ref().filter(|_| !work.is_garbage(&key)) {
                    let marks = if event.indexed() { self.program.marks(&event.e, body, event.iv) } else { Vec::new() };
                    work.mark(difference(marks, Vec::new()));
                    work.report.retired += 1;
                }
            }
            if unsettled.contains(&event.e) {
                timers.push((work.recheck(), Entry::new(n, Job::Retire)));
                continue;
            }
            let letter = |(number, _): &(u64, String)| Key::Letter { shard: work.shard, number: *number }.to_string();
            work.gc.extend(event.dl.iter().map(letter));
            work.gc.push(key);
            if canonical {
                work.gc.push(id);
            }
        }
        self.file_timers(work.shard, timers, work.root.tc + 1).await
    }
}
