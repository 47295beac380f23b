//! The values of a store and how it tells that one has changed. Performs no I/O, injects nothing.

use super::Cas;
use ringback_ledger::StoreKind;
use std::collections::BTreeMap;

/// How many writes ago an eventually consistent read may still live.
const LAG: u64 = 40;

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Bytes(Vec<u8>),
    /// Cosmos keeps counters as documents of their own form.
    Counter(i64),
}

impl Value {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Counter(n) => n.to_string().into_bytes(),
        }
    }
}

/// What changes when a value changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Any write changes it (Redis' watch, Cosmos' etag).
    Write(u64),
    /// DynamoDB: swaps number the value; other writes take the number away.
    Version(u64),
    Unversioned,
}

struct Slot {
    value: Value,
    stamp: Stamp,
    /// The value before, and the count of writes at the change: for eventually consistent reads.
    before: Option<Value>,
    at: u64,
}

/// All values of a store.
pub(super) struct Values {
    kind: StoreKind,
    slots: BTreeMap<String, Slot>,
    writes: u64,
    lagging: bool,
}

impl Values {
    pub(super) fn new(kind: StoreKind) -> Self {
        Self { kind, slots: BTreeMap::new(), writes: 0, lagging: false }
    }

    /// Makes the next reads see the past.
    pub(super) fn lag(&mut self, lagging: bool) {
        self.lagging = lagging;
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.slots.keys().cloned().collect()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.slots.contains_key(key)
    }

    pub(super) fn peek(&self, key: &str) -> Option<Vec<u8>> {
        self.slots.get(key).map(|slot| slot.value.bytes())
    }

    pub(super) fn value(&self, key: &str) -> Option<Value> {
        self.slots.get(key).map(|slot| slot.value.clone())
    }

    pub(super) fn stamp(&self, key: &str) -> Option<Stamp> {
        self.slots.get(key).map(|slot| slot.stamp)
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, &'static str> {
        let Some(slot) = self.slots.get(key) else {
            return Ok(None);
        };
        let past = self.lagging && slot.at + LAG > self.writes;
        let value = if past { slot.before.as_ref() } else { Some(&slot.value) };
        match value {
            Some(Value::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(Value::Counter(_)) => Err("a counter is not a value"),
            None => Ok(None),
        }
    }

    pub(super) fn put(&mut self, key: &str, value: Value, swapped: bool) {
        self.writes += 1;
        let old = self.slots.remove(key);
        let stamp = match (self.kind, swapped, old.as_ref().map(|old| old.stamp)) {
            (StoreKind::Dynamo, true, Some(Stamp::Version(n))) => Stamp::Version(n + 1),
            (StoreKind::Dynamo, true, _) => Stamp::Version(1),
            (StoreKind::Dynamo, false, _) => Stamp::Unversioned,
            _ => Stamp::Write(self.writes),
        };
        let before = old.map(|old| old.value);
        self.slots.insert(key.to_owned(), Slot { value, stamp, before, at: self.writes });
    }

    pub(super) fn delete(&mut self, key: &str) {
        self.writes += 1;
        self.slots.remove(key);
    }

    /// Whether a swap against `cas` is applied.
    pub(super) fn unchanged(&self, cas: &Cas) -> bool {
        let slot = self.slots.get(&cas.key);
        match (self.kind, cas.stamp) {
            // SQLite compares values, and overwrites what appeared under an absent key.
            (StoreKind::Sqlite, _) => cas.value.is_none() || slot.map(|slot| &slot.value) == cas.value.as_ref(),
            (StoreKind::Dynamo, Some(Stamp::Unversioned)) => slot.map(|slot| &slot.value) == cas.value.as_ref(),
            (_, stamp) => slot.map(|slot| slot.stamp) == stamp,
        }
    }

    /// The store's form of a counter.
    pub(super) fn counted(&self, n: i64) -> Value {
        match self.kind {
            StoreKind::Sqlite => Value::Bytes(n.to_le_bytes().to_vec()),
            StoreKind::Redis | StoreKind::Dynamo => Value::Bytes(n.to_string().into_bytes()),
            StoreKind::Cosmos => Value::Counter(n),
        }
    }

    /// A counter's value; 0 if it is absent or something else.
    pub(super) fn counter(&self, key: &str) -> i64 {
        self.slots.get(key).map_or(0, |slot| self.number(&slot.value).unwrap_or(0))
    }

    /// A counter's value, for an increment.
    ///
    /// # Panics
    /// As SQLite's adapter does: when the value is not a counter.
    pub(super) fn count(&self, key: &str) -> Result<i64, &'static str> {
        let Some(slot) = self.slots.get(key) else {
            return Ok(0);
        };
        let number = self.number(&slot.value);
        assert!(
            number.is_some() || self.kind != StoreKind::Sqlite,
            "increment of {key}, which is not a counter, stops the host on SQLite"
        );
        number.ok_or("not a counter")
    }

    fn number(&self, value: &Value) -> Option<i64> {
        match (self.kind, value) {
            (_, Value::Counter(n)) => Some(*n),
            (StoreKind::Sqlite, Value::Bytes(bytes)) => Some(i64::from_le_bytes(bytes.as_slice().try_into().ok()?)),
            (StoreKind::Cosmos, Value::Bytes(_)) => None,
            (_, Value::Bytes(bytes)) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        }
    }
}
