//! Which events are sealed next: the log up to the first hole, and what to do about holes.
//!
//! A hole is a slot that was allotted and is not written. Its writer may be on the way, or gone.
//! It is waited for until a later event is 30 seconds old; then the hole is *fenced*: the root
//! names it, and after that the slot is read once more. Written by then: sealed. Not written:
//! voided, and its writer, should it come after all, finds the slot named in the root and starts
//! again. (The writer writes first and looks second, the sealer names first and looks second: one
//! of the two always sees the other.)

use crate::Ledger;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::{Outcome, Verdict};
use crate::stored::{Event, Root, decode};
use crate::tick::Work;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Slots looked at in one turn.
pub(crate) const WINDOW: u64 = 64;
/// Windows looked at when there is nothing but holes.
const WINDOWS: u64 = 16;
/// How old (seconds) a later event must be for a hole to be given up.
const PATIENCE: u64 = 30;

/// A sealed event: what sealing needs of it, and its stored form.
pub(crate) struct Sealed {
    pub(crate) n: u64,
    pub(crate) event: Event<IgnoredAny>,
    pub(crate) bytes: Vec<u8>,
}

/// What there is to seal.
pub(crate) enum View {
    Nothing,
    /// Events without a hole before them; `next` is the slot after the last.
    Seal {
        sealed: Vec<Sealed>,
        bad: Vec<String>,
        next: u64,
    },
    /// Holes that nobody will fill any more; `upto` is the last of them.
    Fence {
        holes: Vec<u64>,
        upto: u64,
    },
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Looks at the slots after the last sealed one. 1 read, unless there is nothing.
    pub(crate) async fn look(&self, shard: u8, root: &Root, head: u64, now: u64) -> Result<View, LedgerError> {
        if head < root.q || !root.pend.is_empty() {
            return Ok(View::Nothing);
        }
        let last = head.min(root.q + WINDOW - 1);
        let found = self.slots(shard, root.q, last).await?;
        if self.mutated(Mutation::SkipHoles) && !found.is_empty() {
            return Ok(seal(shard, found, last + 1));
        }
        if found.contains_key(&root.q) {
            let run: BTreeMap<_, _> =
                (root.q..).zip(found).take_while(|(n, (slot, _))| n == slot).map(|(_, slot)| slot).collect();
            let next = root.q + run.len() as u64;
            return Ok(seal(shard, run, next));
        }
        let old = |found: &BTreeMap<u64, Vec<u8>>| {
            let old = |bytes: &Vec<u8>| head_of(bytes).is_none_or(|e| e.ts + PATIENCE < now);
            found.iter().rev().find(|(_, b)| old(b)).map(|(n, _)| *n)
        };
        if let Some(upto) = old(&found) {
            let holes: Vec<u64> = (root.q..upto).filter(|n| !found.contains_key(n)).collect();
            let upto = holes.last().copied().unwrap_or(root.q);
            return Ok(View::Fence { holes, upto });
        }
        if !found.is_empty() || head - root.q < WINDOW {
            return Ok(View::Nothing);
        }
        self.look_further(shard, last, head, old).await
    }

    /// The window holds nothing but holes: does anything come after it?
    async fn look_further(
        &self,
        shard: u8,
        last: u64,
        head: u64,
        old: impl Fn(&BTreeMap<u64, Vec<u8>>) -> Option<u64>,
    ) -> Result<View, LedgerError> {
        let fence = View::Fence { holes: (last + 1 - WINDOW..=last).collect(), upto: last };
        let mut from = last + 1;
        for _ in 1..WINDOWS {
            if from > head {
                return Ok(View::Nothing);
            }
            let found = self.slots(shard, from, head.min(from + WINDOW - 1)).await?;
            if !found.is_empty() {
                return Ok(match old(&found) {
                    Some(_) => fence,
                    None => View::Nothing,
                });
            }
            from += WINDOW;
        }
        // A thousand slots allotted and not one written.
        Ok(fence)
    }

    /// Second half of the fence: reads the fenced slots again, then seals or voids them.
    /// False: another tick has taken over.
    pub(crate) async fn fence(&self, work: &mut Work, holes: &[u64], upto: u64) -> Result<bool, LedgerError> {
        let shard = work.shard;
        let mut found = self.slots(shard, work.root.q, upto).await?;
        if self.mutated(Mutation::NoFenceReread) {
            found.retain(|n, _| !holes.contains(n));
        }
        if self.mutated(Mutation::VoidByTombstone) {
            self.entomb(shard, holes, &mut found).await?;
        }
        let voided: Vec<u64> = holes.iter().copied().filter(|n| !found.contains_key(n)).collect();
        let View::Seal { sealed, bad, next } = seal(shard, found, upto + 1) else {
            return Ok(false);
        };
        let wid = self.unique();
        let outcome = self
            .kv
            .cas(&self.root_key(shard), &wid, async |root: &mut Root| {
                if root.g != work.me {
                    return Ok(Verdict::Leave);
                }
                root.pend = sealed.iter().map(|sealed| sealed.n).collect();
                root.q = next;
                root.v.clear();
                root.void(&voided);
                Ok(Verdict::Write)
            })
            .await?;
        let Outcome::Written(root) = outcome else {
            return Ok(false);
        };
        if root.g != work.me {
            return Ok(false);
        }
        // Should a writer have died right after writing a voided slot, this removes what it left.
        let orphan = |n: &u64| Key::Event { shard, n: *n }.to_string();
        work.gc.extend(voided.iter().map(orphan));
        work.report.voided += voided.len() as u64;
        work.root = root;
        work.sealed = sealed;
        work.bad = bad;
        Ok(true)
    }

    /// The variant that is wrong on SQLite: a swap on an absent key overwrites.
    async fn entomb(&self, shard: u8, holes: &[u64], found: &mut BTreeMap<u64, Vec<u8>>) -> Result<(), LedgerError> {
        for n in holes {
            let key = Key::Event { shard, n: *n }.to_string();
            if !found.contains_key(n) && !self.kv.create(&key, b"void").await? {
                found.extend(self.kv.get(&key).await?.map(|bytes| (*n, bytes)));
            }
        }
        Ok(())
    }

    /// A batch was sealed by a tick that did not finish: reads its events again.
    pub(crate) async fn resume(&self, work: &mut Work) -> Result<(), LedgerError> {
        let (shard, slots) = (work.shard, work.root.pend.clone());
        let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
            return Ok(());
        };
        let mut found = self.slots(shard, *first, *last).await?;
        found.retain(|n, _| slots.contains(n));
        if let View::Seal { sealed, bad, .. } = seal(shard, found, work.root.q) {
            work.sealed = sealed;
            work.bad = bad;
        }
        Ok(())
    }

    async fn slots(&self, shard: u8, from: u64, to: u64) -> Result<BTreeMap<u64, Vec<u8>>, LedgerError> {
        let key = |n| Key::Event { shard, n }.to_string();
        let mut found = self.kv.get_many((from..=to).map(key).collect()).await?;
        Ok((from..=to).filter_map(|n| Some((n, found.remove(&key(n))?))).collect())
    }
}

fn seal(shard: u8, found: BTreeMap<u64, Vec<u8>>, next: u64) -> View {
    let (mut sealed, mut bad) = (Vec::new(), Vec::new());
    for (n, bytes) in found {
        match head_of(&bytes) {
            Some(event) => sealed.push(Sealed { n, event, bytes }),
            None => bad.push(Key::Event { shard, n }.to_string()),
        }
    }
    View::Seal { sealed, bad, next }
}

fn head_of(bytes: &[u8]) -> Option<Event<IgnoredAny>> {
    decode("", bytes).ok()
}
