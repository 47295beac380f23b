//! The stored forms of values. Field names are short because they are written with every event.
//!
//! Unknown fields are ignored and absent ones have defaults, so that an older and a newer version
//! of the ledger can work on the same store.

use crate::program::{Count, PersonNote, Plan};
use crate::record::{LedgerError, Record};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// How many write ids a value remembers: a swap whose answer was lost is found again unless more
/// than this many others succeeded in between.
pub const RING: usize = 12;
/// How many voided slots a root remembers by name; older ones are covered by `vl`.
pub const VOIDED: usize = 32;
/// How many quarantined keys a root remembers.
pub const QUARANTINED: usize = 16;
/// How many fingerprints of an id are remembered.
pub const FINGERPRINTS: usize = 8;

/// A value that is changed by compare-and-swap and remembers its last writers.
pub trait Ringed: Serialize + DeserializeOwned {
    /// The write ids, oldest first.
    fn ring(&mut self) -> &mut Vec<String>;
}

/// `c:` the root of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The tick that owns or owned it last.
    pub g: String,
    /// Lease: until when (unix seconds); 0 is free.
    pub l: u64,
    /// The next slot to seal.
    pub q: u64,
    /// Slots sealed whose effects are not finished.
    #[serde(default)]
    pub pend: Vec<u64>,
    /// Slots fenced: a writer that finds its own must append again.
    #[serde(default)]
    pub v: Vec<u64>,
    /// Slots voided, the last [`VOIDED`].
    #[serde(default)]
    pub vh: Vec<u64>,
    /// A sealed slot below this may have been voided.
    pub vl: u64,
    /// The last minute that is closed for new timers.
    pub tc: u64,
    /// The first minute that is not swept.
    pub tm: u64,
    /// Entries of minute `tm` that are swept already.
    #[serde(default)]
    pub tj: u64,
    /// Day → name of its projection's current write.
    #[serde(default)]
    pub d: BTreeMap<u32, String>,
    /// Retention: slots below this were looked at.
    pub fl: u64,
    /// Retention: when to look again.
    #[serde(default)]
    pub fa: u64,
    /// Keys nobody needs any more.
    #[serde(default)]
    pub gc: Vec<String>,
    /// When the oldest of `gc` was added.
    #[serde(default)]
    pub ga: u64,
    /// Keys of values not understood, the last [`QUARANTINED`].
    #[serde(default)]
    pub bad: Vec<String>,
    /// How many were quarantined altogether.
    #[serde(default)]
    pub bn: u64,
    /// Write ids.
    #[serde(default)]
    pub w: Vec<String>,
}

impl Root {
    /// The root of an empty shard that is installed in `minute`.
    pub fn genesis(minute: u64) -> Self {
        Self {
            g: "genesis".to_owned(),
            l: 0,
            q: 1,
            pend: Vec::new(),
            v: Vec::new(),
            vh: Vec::new(),
            vl: 1,
            tc: minute.saturating_sub(1),
            tm: minute,
            tj: 0,
            d: BTreeMap::new(),
            fl: 1,
            fa: 0,
            gc: Vec::new(),
            ga: 0,
            bad: Vec::new(),
            bn: 0,
            w: Vec::new(),
        }
    }

    /// Whether a writer that has set slot `n` may acknowledge it. Otherwise a sealer may have
    /// stepped over it.
    pub fn accepts(&self, n: u64) -> bool {
        !self.v.contains(&n) && !self.vh.contains(&n) && (n >= self.q || n >= self.vl)
    }

    /// Remembers slots as voided.
    pub fn void(&mut self, slots: &[u64]) {
        self.vh.extend_from_slice(slots);
        self.vh.sort_unstable();
        self.vh.dedup();
        while self.vh.len() > VOIDED {
            self.vl = self.vl.max(self.vh.remove(0) + 1);
        }
    }

    /// Remembers keys as quarantined.
    pub fn quarantine(&mut self, keys: &[String]) {
        for key in keys {
            if !self.bad.contains(key) {
                self.bad.push(key.clone());
                self.bn += 1;
            }
        }
        let excess = self.bad.len().saturating_sub(QUARANTINED);
        self.bad.drain(..excess);
    }
}

impl Ringed for Root {
    fn ring(&mut self) -> &mut Vec<String> {
        &mut self.w
    }
}

/// `k:` an event and what became of it.
///
/// `u e f t ts p pl up of` never change after the event was written (but that erasure removes the
/// notes in `p`, which the journal has by then), so that a repetition of the sealing reads what
/// the first pass read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<B> {
    /// Random: whose write this is.
    pub u: String,
    /// Event id.
    pub e: String,
    /// Fingerprint.
    pub f: String,
    /// When it happened.
    pub t: u64,
    /// When it was appended.
    pub ts: u64,
    /// People, and the notes for their journals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub p: Vec<PersonNote>,
    /// People that updates added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ap: Vec<String>,
    /// What is to happen at sealing.
    #[serde(default)]
    pub pl: Plan,
    /// Whether it may update an earlier event of the same id.
    #[serde(default)]
    pub up: bool,
    /// Internal event: the counts of a change of this slot's record; 0: a marker without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// The application's data; none in internal events.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub b: Option<B>,
    /// Revision.
    #[serde(default)]
    pub r: u64,
    /// Redacted.
    #[serde(default)]
    pub x: bool,
    /// The last slot merged into this record.
    #[serde(default)]
    pub mu: u64,
    /// Fingerprints merged, with their slots; the newest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<(u64, String)>,
    /// Counts of changes, until they are known to be counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<Out>,
    /// Write ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub w: Vec<String>,
}

fn none<B>() -> Option<B> {
    None
}

impl<B: Serialize + DeserializeOwned> Ringed for Event<B> {
    fn ring(&mut self) -> &mut Vec<String> {
        &mut self.w
    }
}

impl<B> Event<B> {
    /// The caller's view. `None` for an internal event.
    pub fn record(&self, shard: u8, n: u64, sealed: bool) -> Option<Record<B>>
    where
        B: Clone,
    {
        Some(Record {
            shard,
            n,
            eid: self.e.clone(),
            at: self.t,
            received: self.ts,
            revision: self.r,
            people: self.p.iter().map(|p| &p.ph).chain(&self.ap).cloned().collect(),
            redacted: self.x,
            sealed,
            body: self.b.clone()?,
        })
    }
}

/// Counts of a change that wait to be appended as an internal event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Out {
    /// The internal event's id.
    pub e: String,
    /// When.
    pub t: u64,
    /// What.
    pub c: Vec<Count>,
}

/// `i:` the slots and fingerprints of a sealed id: "n.fp,n.fp…", the first one canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdEntry(pub Vec<(u64, String)>);

impl IdEntry {
    /// The canonical slot.
    pub fn canonical(&self) -> u64 {
        self.0[0].0
    }

    /// The slot that brought this fingerprint.
    pub fn slot_of(&self, fingerprint: &str) -> Option<u64> {
        self.0.iter().find(|(_, f)| f == fingerprint).map(|(n, _)| *n)
    }

    /// Adds a fingerprint; the first and the newest are kept.
    pub fn push(&mut self, n: u64, fingerprint: &str) {
        if self.0.iter().any(|(m, _)| *m == n) {
            return;
        }
        self.0.push((n, fingerprint.to_owned()));
        if self.0.len() > FINGERPRINTS {
            self.0.remove(1);
        }
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let parts: Vec<String> = self.0.iter().map(|(n, f)| format!("{n}.{f}")).collect();
        parts.join(",").into_bytes()
    }

    /// Reads the stored form.
    pub fn decode(key: &str, bytes: &[u8]) -> Result<Self, LedgerError> {
        let parse = || {
            let text = std::str::from_utf8(bytes).ok()?;
            text.split(',')
                .map(|part| {
                    let (n, f) = part.split_once('.')?;
                    Some((n.parse().ok()?, f.to_owned()))
                })
                .collect::<Option<Vec<_>>>()
        };
        parse().map(Self).ok_or_else(|| LedgerError::Corrupt {
            key: key.to_owned(),
            reason: "not a list of slots and fingerprints".to_owned(),
        })
    }
}

/// `b:` timers that were filed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSlot {
    /// Random: whose write this is.
    pub u: String,
    /// The timers.
    pub es: Vec<Entry>,
}

/// One timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The record's slot.
    #[serde(default)]
    pub n: u64,
    /// What to do.
    pub j: Job,
    /// The revision that the change which set this timer makes. A record that is older than that
    /// may be about to get it: the timer is filed again rather than dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub r: u64,
    /// How often it was filed again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub a: u64,
}

impl Entry {
    /// A timer that depends on no change in flight.
    pub fn new(n: u64, j: Job) -> Self {
        Self { n, j, r: 0, a: 0 }
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What a timer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// Asks the application.
    #[serde(rename = "a")]
    App(String),
    /// Redacts the person's records up to slot `h`, once all of them are sealed.
    #[serde(rename = "er")]
    Erase {
        /// Person.
        p: String,
        /// Slot.
        h: u64,
        /// Entries of the journal that are done.
        #[serde(default)]
        d: u64,
    },
    /// Asks whether the record may be deleted.
    #[serde(rename = "rt")]
    Retire,
    /// Sees that the counts of a change are appended.
    #[serde(rename = "st")]
    Settle,
}

/// `u:` entries of a person's journal that were written together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalSlot {
    /// Random: whose write this is.
    pub u: String,
    /// The entries.
    pub es: Vec<JournalItem>,
}

/// One entry of a person's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalItem {
    /// Shard.
    #[serde(default)]
    pub s: u8,
    /// The record's slot; 0: a note without a record.
    #[serde(default)]
    pub n: u64,
    /// The slot of the event that brought it (an update has another slot than its record).
    #[serde(default)]
    pub by: u64,
    /// The record's event id.
    #[serde(default)]
    pub e: String,
    /// The note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o: Option<Value>,
}

/// Writes a stored form.
pub fn encode<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>, LedgerError> {
    serde_json::to_vec(value).map_err(|error| LedgerError::Corrupt { key: key.to_owned(), reason: error.to_string() })
}

/// Reads a stored form.
pub fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, LedgerError> {
    serde_json::from_slice(bytes).map_err(|error| LedgerError::Corrupt {
        key: key.to_owned(),
        // The position only: the text of the error may quote personal data.
        reason: format!("not the expected form at byte {}", error.column()),
    })
}
