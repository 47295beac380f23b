//! Events and what tells repeats of them.

use super::{Ringed, grouped};
use crate::index::difference;
use crate::program::{Count, PersonNote, Plan};
use crate::record::{LedgerError, Record};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// How many fingerprints of an id are remembered.
pub const FINGERPRINTS: usize = 8;

/// `k:` an event and what became of it.
///
/// `u e f t ts p pl m me up of` never change after the event was written (but that erasure removes the
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
    /// What the index gets at sealing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub m: Vec<(String, i64)>,
    /// The same for names that end with its own id, which is left out: most do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub me: Vec<String>,
    /// A change has moved it in the index since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ix: bool,
    /// The form of the names under which the index knows it; see [`Program::MARKS`](crate::Program::MARKS).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub iv: u8,
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
    /// Retention deletes it: for everybody who reads, changes or updates it there is no such record any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rt: bool,
    /// The order that redacted it last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub xo: String,
    /// The last slot merged into this record.
    #[serde(default)]
    pub mu: u64,
    /// Fingerprints merged, with their slots; the newest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<(u64, String)>,
    /// Counts of changes, until they are known to be counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<Out>,
    /// Its jobs that did not reach their receiver, with the numbers of their letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dl: Vec<(u64, String)>,
    /// Write ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub w: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_zero(form: &u8) -> bool {
    *form == 0
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
    /// Whether the index knows it. A version before there was one has left it out; its next change puts it in.
    pub fn indexed(&self) -> bool {
        self.ix || !self.m.is_empty() || !self.me.is_empty()
    }

    /// What the index gets at sealing, as `m` and `me`.
    pub fn marked(eid: &str, marks: Vec<String>) -> (Vec<(String, i64)>, Vec<String>) {
        let (mut others, mut own) = (Vec::new(), Vec::new());
        for mark in marks {
            match mark.strip_suffix(eid) {
                Some(before) => own.push(before.to_owned()),
                None => others.push(mark),
            }
        }
        (difference(Vec::new(), others), own)
    }

    /// What the index gets at sealing.
    pub fn marks(self) -> impl Iterator<Item = (String, i64)> {
        let Self { m, me, e, .. } = self;
        m.into_iter().chain(me.into_iter().map(move |before| (before + &e, 1)))
    }

    /// The people whose journals it stands in.
    pub fn people(&self) -> Vec<String> {
        self.p.iter().map(|p| &p.ph).chain(&self.ap).cloned().collect()
    }

    /// The caller's view. `None` for an internal event, and for what retention deletes.
    pub fn record(&self, shard: u8, n: u64, sealed: bool) -> Option<Record<B>>
    where
        B: Clone,
    {
        if self.rt {
            return None;
        }
        Some(Record {
            shard,
            n,
            eid: self.e.clone(),
            at: self.t,
            received: self.ts,
            revision: self.r,
            people: self.people(),
            redacted: self.x,
            sealed,
            body: self.b.clone()?,
        })
    }
}

/// Counts of a change, and what it moves in the index, that wait to be appended as an internal event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Out {
    /// The internal event's id.
    pub e: String,
    /// When.
    pub t: u64,
    /// What is counted.
    #[serde(default, rename = "g", alias = "c", with = "grouped")]
    pub c: Vec<Count>,
    /// What moves in the index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub m: Vec<(String, i64)>,
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
