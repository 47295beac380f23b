//! What the simulated world has seen, to be compared with what the ledger holds.

use super::program::Body;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An event that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    pub eid: String,
    pub variant: u32,
    /// The slot, if the answer was that it is new.
    pub n: Option<u64>,
}

/// A change that was tried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Note,
    Close,
    Snooze,
}

/// An erasure that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    pub person: String,
    /// Slots allotted in each shard when it began.
    pub heads: Vec<u64>,
}

/// What is watched of a root.
#[derive(Clone, Debug, Deserialize)]
pub struct Watched {
    q: u64,
    tc: u64,
    tm: u64,
    fl: u64,
    #[serde(default)]
    fr: u64,
    vl: u64,
    pend: Vec<u64>,
    #[serde(default)]
    gc: Vec<String>,
}

/// What is watched of a record.
#[derive(Debug, Deserialize)]
struct Stored {
    #[serde(default)]
    b: Option<Body>,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct Facts {
    pub acknowledged: Vec<Acknowledged>,
    /// Variants that were refused as conflicts.
    pub conflicts: BTreeSet<(String, u32)>,
    /// Changes: event and name → what, and whether it was confirmed.
    pub changes: BTreeMap<(String, String), (Change, bool)>,
    /// Jobs that reached the receiver: event and job → how often.
    pub jobs: BTreeMap<(String, String), u64>,
    pub erased: Vec<Erased>,
    /// People for whom an erasure was begun.
    pub erasing: BTreeSet<String>,
    /// Records that a root has named as garbage, by key, as they were then.
    pub named: BTreeMap<String, Body>,
    /// The records as they were written last.
    pub records: BTreeMap<String, Body>,
    pub violations: Vec<String>,
    /// The roots as they were written last.
    pub roots: BTreeMap<String, Option<Watched>>,
    /// Prints every write.
    pub trace: bool,
}

impl Facts {
    pub fn violation(&mut self, what: String) {
        if self.violations.len() < 20 {
            self.violations.push(what);
        }
    }

    /// Whether a variant was acknowledged.
    pub fn knows(&self, eid: &str, variant: u32) -> bool {
        self.acknowledged.iter().any(|a| a.eid == eid && a.variant == variant)
    }

    /// The first minute of a shard that is not swept.
    pub fn swept(&self, shard: &str) -> u64 {
        let roots = self.roots.iter().filter(|(key, _)| key.split(':').nth(1) == Some(shard));
        roots.filter_map(|(_, root)| root.as_ref().map(|root| root.tm)).max().unwrap_or(0)
    }

    /// Watches a write: what a root says may only move forward.
    pub fn watch(&mut self, key: &str, after: Option<&[u8]>) {
        if self.trace {
            let after = after.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            eprintln!("{key} <- {}", after.as_deref().unwrap_or("(deleted)"));
        }
        if key.starts_with("k:") {
            return self.watch_record(key, after);
        }
        if !key.starts_with("c:") {
            return;
        }
        let after = after.and_then(|bytes| serde_json::from_slice::<Watched>(bytes).ok());
        let Some(before) = std::mem::replace(self.roots.entry(key.to_owned()).or_default(), after.clone()) else {
            return;
        };
        let Some(after) = after else {
            return self.violation(format!("{key} is no root any more"));
        };
        let fields = |root: &Watched| [root.q, root.tc, root.tm, root.fl, root.vl];
        for ((name, old), new) in ["q", "tc", "tm", "fl", "vl"].iter().zip(fields(&before)).zip(fields(&after)) {
            // Under another rule everything is looked at anew.
            if new < old && !(*name == "fl" && before.fr != after.fr) {
                self.violation(format!("{key}: {name} went back from {old} to {new}"));
            }
        }
        for key in &after.gc {
            if let Some(record) = self.records.get(key) {
                self.named.entry(key.clone()).or_insert_with(|| record.clone());
            }
        }
        let (old, new) = (before.pend, after.pend);
        if !old.is_empty() && !new.is_empty() && old != new {
            self.violation(format!("{key}: the pending batch changed from {old:?} to {new:?}"));
        }
    }
    /// Watches a record: once it is named as garbage, nothing is put into it that would be lost.
    fn watch_record(&mut self, key: &str, after: Option<&[u8]>) {
        let record = after.and_then(|bytes| serde_json::from_slice::<Stored>(bytes).ok()).and_then(|stored| stored.b);
        let Some(record) = record else { return };
        if self.named.get(key).is_some_and(|named| adds(named, &record)) {
            self.violation(format!("{key} was changed after it was named as garbage"));
        }
        self.records.insert(key.to_owned(), record);
    }

    /// Whether a record that retention has deleted, or will, said this.
    pub fn retired(&self, text: &str) -> bool {
        let mut records = self.named.values().filter(|record| record.closed.is_some());
        records.any(|record| record.text == text || record.updates.iter().any(|update| update == text))
    }
}

/// Whether a record says more than it did. (Erasure takes away.)
fn adds(before: &Body, after: &Body) -> bool {
    let size = |body: &Body| {
        let Body { updates, notes, confirmed, snoozes, .. } = body;
        [updates.len(), notes.len(), confirmed.len(), snoozes.len()]
    };
    size(before).iter().zip(size(after)).any(|(before, after)| *before < after) || before.closed != after.closed
}
