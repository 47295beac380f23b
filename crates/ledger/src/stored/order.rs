//! Orders to erase by criteria.

use super::Ringed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An open order, as the root has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its name.
    pub o: String,
    /// Criteria.
    pub c: Value,
    /// The last slot that it concerns.
    pub h: u64,
    /// The next slot to look at.
    pub d: u64,
    /// Records counted.
    #[serde(default)]
    pub n: u64,
    /// Whether it only counts.
    #[serde(default)]
    pub y: bool,
    /// Whether this is the late look.
    #[serde(default)]
    pub z: bool,
    /// When to go on (unix seconds).
    #[serde(default)]
    pub a: u64,
}

impl Order {
    /// An order of which nothing is done.
    pub fn new(name: &str, criteria: &Value, head: u64, dry: bool) -> Self {
        Self { o: name.to_owned(), c: criteria.clone(), h: head, d: 1, n: 0, y: dry, z: false, a: 0 }
    }
}

/// `e:` an order, and what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDoc {
    /// Whether it only counts.
    #[serde(default)]
    pub y: bool,
    /// What the application noted with it.
    #[serde(default)]
    pub b: Value,
    /// Shard → the last slot that it concerns.
    pub h: BTreeMap<u8, u64>,
    /// Shard → records counted, and when it was done there.
    #[serde(default)]
    pub done: BTreeMap<u8, (u64, u64)>,
    /// Write ids.
    #[serde(default)]
    pub w: Vec<String>,
}

impl Ringed for OrderDoc {
    fn ring(&mut self) -> &mut Vec<String> {
        &mut self.w
    }
}
