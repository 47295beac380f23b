//! The root of a shard: cursor, lease and everything that must change in one write.

use super::{Order, Ringed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many voided slots a root remembers by name; older ones are covered by `vl`.
const VOIDED: usize = 32;
/// How many quarantined keys a root remembers.
const QUARANTINED: usize = 16;

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
    /// Day → name of its projection's current write, for recent days.
    #[serde(default)]
    pub d: BTreeMap<u32, String>,
    /// Month → name of the current write of its list of days, for days not in `d`.
    #[serde(default)]
    pub m: BTreeMap<u32, String>,
    /// Name of the index's topmost node; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ix: String,
    /// Retention: slots below this were looked at.
    pub fl: u64,
    /// Retention: when to look again.
    #[serde(default)]
    pub fa: u64,
    /// Retention: the rule under which they were looked at.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fr: u64,
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
    /// Letters below this are settled.
    #[serde(default)]
    pub df: u64,
    /// Orders to erase that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub er: Vec<Order>,
    /// The form in which the store's values are; see `founding`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fv: u64,
    /// Whose names the store's keys are; see `founding`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fo: String,
    /// Write ids.
    #[serde(default)]
    pub w: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
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
            m: BTreeMap::new(),
            ix: String::new(),
            fl: 1,
            fa: 0,
            fr: 0,
            gc: Vec::new(),
            ga: 0,
            bad: Vec::new(),
            bn: 0,
            df: 0,
            er: Vec::new(),
            fv: 0,
            fo: String::new(),
            w: Vec::new(),
        }
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

/// What a writer has to know of a root. The rest of it, at times hundreds of names, is passed over: every answer waits for
/// this to be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cursor {
    /// Lease: until when (unix seconds); 0 is free.
    pub l: u64,
    /// The next slot to seal.
    pub q: u64,
    /// Slots fenced.
    #[serde(default)]
    v: Vec<u64>,
    /// Slots voided, the last [`VOIDED`].
    #[serde(default)]
    vh: Vec<u64>,
    /// A sealed slot below this may have been voided.
    vl: u64,
    /// The last minute that is closed for new timers.
    pub tc: u64,
}

impl Cursor {
    /// Whether a writer that has set slot `n` may acknowledge it. Otherwise a sealer may have
    /// stepped over it.
    pub fn accepts(&self, n: u64) -> bool {
        !self.v.contains(&n) && !self.is_voided(n) && (n >= self.q || n >= self.vl)
    }

    /// Whether slot `n` is remembered as voided.
    pub fn is_voided(&self, n: u64) -> bool {
        self.vh.contains(&n)
    }
}

impl Ringed for Root {
    fn ring(&mut self) -> &mut Vec<String> {
        &mut self.w
    }
}
