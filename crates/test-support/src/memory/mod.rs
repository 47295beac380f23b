//! A key-value store in memory that behaves like each of the four stores, departures included.
//!
//! What each store does was read in and measured on Spin's store adapters; see
//! [`StoreKind`]. Operations are counted as a real store would pay for them. Faults and single
//! steps are off unless switched on.

mod faults;
mod values;

pub use faults::Faults;

use faults::Injected;
use ringback_ledger::{Store, StoreError, StoreKind, SwapError};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use values::{Stamp, Value, Values};

/// What was asked of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Reads: get, get-many, and the read of a compare-and-swap.
    pub reads: u64,
    /// Write transactions: on SQLite each costs an fsync.
    pub writes: u64,
}

/// An operation that is about to happen, for a scheduler to act upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// get, or get-many.
    Get,
    /// set, or set-many.
    Set,
    /// delete-many.
    Delete,
    /// increment.
    Increment,
    /// The read of a compare-and-swap.
    CasRead,
    /// The swap.
    Swap,
}

/// Sees every write: key, value before, value after (none: deleted).
pub type Watcher = Box<dyn FnMut(&str, Option<&[u8]>, Option<&[u8]>)>;

struct Inner {
    values: Values,
    operations: Operations,
    faults: Option<Faults>,
    stepped: bool,
    waiting: Option<(Step, u8)>,
    full: bool,
    watcher: Option<Watcher>,
}

/// The store. Clones share the same values.
#[derive(Clone)]
pub struct MemoryStore {
    kind: StoreKind,
    inner: Rc<RefCell<Inner>>,
}

/// What a swap compares with.
pub struct Cas {
    key: String,
    stamp: Option<Stamp>,
    value: Option<Value>,
}

impl MemoryStore {
    /// An empty store that behaves like `kind`.
    pub fn new(kind: StoreKind) -> Self {
        let inner = Inner {
            values: Values::new(kind),
            operations: Operations::default(),
            faults: None,
            stepped: false,
            waiting: None,
            full: false,
            watcher: None,
        };
        Self { kind, inner: Rc::new(RefCell::new(inner)) }
    }

    /// What the store behaves like.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// What was asked since the last [`reset`](Self::reset).
    pub fn operations(&self) -> Operations {
        self.inner.borrow().operations
    }

    /// Starts counting anew.
    pub fn reset(&self) {
        self.inner.borrow_mut().operations = Operations::default();
    }

    /// Makes every write fail for want of room, or ends that.
    pub fn set_full(&self, full: bool) {
        self.inner.borrow_mut().full = full;
    }

    /// Injects faults, or ends that.
    pub fn set_faults(&self, faults: Option<Faults>) {
        self.inner.borrow_mut().faults = faults;
    }

    /// Makes every operation give way once before it happens, for a scheduler to step.
    pub fn set_stepped(&self, stepped: bool) {
        self.inner.borrow_mut().stepped = stepped;
    }

    /// The operation that gave way last, with the first letter of its key; asked once.
    pub fn take_waiting(&self) -> Option<(Step, u8)> {
        self.inner.borrow_mut().waiting.take()
    }

    /// Shows every write to `watcher`.
    pub fn watch(&self, watcher: Watcher) {
        self.inner.borrow_mut().watcher = Some(watcher);
    }

    /// The keys, without an operation.
    pub fn keys(&self) -> Vec<String> {
        self.inner.borrow().values.keys()
    }

    /// The bytes of a value, without an operation. Counters of Cosmos show as decimal digits.
    pub fn peek(&self, key: &str) -> Option<Vec<u8>> {
        self.inner.borrow().values.peek(key)
    }

    /// The value of a counter, without an operation.
    pub fn peek_counter(&self, key: &str) -> u64 {
        let inner = self.inner.borrow();
        u64::try_from(inner.values.counter(key)).unwrap_or(0)
    }

    /// Puts bytes under a key, without an operation: what another program might leave there.
    pub fn plant(&self, key: &str, bytes: &[u8]) {
        self.inner.borrow_mut().put(key, Value::Bytes(bytes.to_vec()), false);
    }

    async fn read(&self, step: Step, key: &str) -> Result<(), StoreError> {
        self.step(step, key).await;
        let mut inner = self.inner.borrow_mut();
        inner.operations.reads += 1;
        let inner = &mut *inner;
        let lagging = match &mut inner.faults {
            Some(faults) => {
                if faults.read_fails() {
                    return Err(failed("read"));
                }
                step == Step::Get && faults.stale()
            }
            None => false,
        };
        inner.values.lag(lagging);
        Ok(())
    }

    /// Before a write. Tells whether an applied write is to be reported as failed.
    async fn write(&self, step: Step, key: &str) -> Result<bool, StoreError> {
        self.step(step, key).await;
        let mut inner = self.inner.borrow_mut();
        inner.operations.writes += 1;
        if inner.full {
            return Err(StoreError::Full);
        }
        match inner.faults.as_mut().map_or(Injected::None, Faults::write) {
            Injected::Before => Err(failed("write, not applied")),
            Injected::After => Ok(true),
            Injected::None => Ok(false),
        }
    }

    fn step(&self, step: Step, key: &str) -> impl Future<Output = ()> + use<> {
        let mut inner = self.inner.borrow_mut();
        let mut waiting = inner.stepped;
        inner.waiting = Some((step, key.bytes().next().unwrap_or(0)));
        poll_fn(move |context| {
            if std::mem::take(&mut waiting) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
    }

    fn chance(&self, ask: impl FnOnce(&mut Faults) -> bool) -> bool {
        self.inner.borrow_mut().faults.as_mut().is_some_and(ask)
    }
}

impl Inner {
    fn put(&mut self, key: &str, value: Value, swapped: bool) {
        if let Some(watcher) = &mut self.watcher {
            let before = self.values.peek(key);
            watcher(key, before.as_deref(), Some(&value.bytes()));
        }
        self.values.put(key, value, swapped);
    }
}

impl Store for MemoryStore {
    type Cas = Cas;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(Step::Get, key).await?;
        if self.kind == StoreKind::Cosmos && self.chance(Faults::misses) {
            return Ok(None);
        }
        self.inner.borrow().values.get(key).map_err(failed)
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        assert!(self.kind != StoreKind::Redis, "get-many stops the host on Redis");
        if self.kind == StoreKind::Dynamo && keys.len() > 100 {
            return Err(failed("more than 100 keys"));
        }
        self.read(Step::Get, keys.first().map_or("", String::as_str)).await?;
        let mut inner = self.inner.borrow_mut();
        let mut found = Vec::new();
        for key in keys {
            let value = inner.values.get(key).map_err(failed)?;
            found.extend(value.map(|value| (key.clone(), value)));
        }
        if let Some(faults) = &mut inner.faults {
            faults.shuffle(&mut found);
        }
        Ok(found)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let reported = self.write(Step::Set, key).await?;
        self.inner.borrow_mut().put(key, Value::Bytes(value.to_vec()), false);
        answer(reported)
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        if matches!(self.kind, StoreKind::Sqlite | StoreKind::Redis) {
            let reported = self.write(Step::Set, &entries[0].0).await?;
            let mut inner = self.inner.borrow_mut();
            for (key, value) in entries {
                inner.put(key, Value::Bytes(value.clone()), false);
            }
            return answer(reported);
        }
        if self.kind == StoreKind::Dynamo && entries.len() > 25 {
            return Err(failed("more than 25 entries"));
        }
        let mut order: Vec<_> = entries.iter().collect();
        if let Some(faults) = &mut self.inner.borrow_mut().faults {
            faults.shuffle(&mut order);
        }
        for (key, value) in order {
            self.set(key, value).await?;
        }
        Ok(())
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        if self.kind == StoreKind::Dynamo && keys.len() > 25 {
            return Err(failed("more than 25 keys"));
        }
        self.step(Step::Delete, keys.first().map_or("", String::as_str)).await;
        let mut inner = self.inner.borrow_mut();
        inner.operations.writes += 1;
        if inner.faults.as_mut().is_some_and(Faults::read_fails) {
            return Err(failed("delete"));
        }
        for key in keys {
            let before = inner.values.peek(key);
            inner.values.delete(key);
            if let (Some(watcher), Some(before)) = (&mut inner.watcher, before) {
                watcher(key, Some(&before), None);
            }
        }
        Ok(())
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let reported = self.write(Step::Increment, key).await?;
        if self.kind == StoreKind::Dynamo && self.chance(Faults::contends) {
            return Err(failed("transaction cancelled"));
        }
        let (old, existed) = {
            let inner = self.inner.borrow();
            (inner.values.count(key).map_err(failed)?, inner.values.has(key))
        };
        let value = self.inner.borrow().values.counted(old + delta);
        self.inner.borrow_mut().put(key, value, false);
        if reported {
            return Err(failed("increment, applied"));
        }
        if self.kind == StoreKind::Cosmos {
            if !existed && self.chance(Faults::creates_twice) {
                // Two creators: the loser increments again, and then gives back its delta.
                return Ok(delta);
            }
            // The increment and the read of its result are two requests.
            self.step(Step::Get, key).await;
            return self.inner.borrow().values.count(key).map_err(failed);
        }
        Ok(old + delta)
    }

    async fn cas_read(&self, key: &str) -> Result<(Cas, Option<Vec<u8>>), StoreError> {
        // A watch begins before the read.
        let watched = self.inner.borrow().values.stamp(key);
        self.read(Step::CasRead, key).await?;
        let key = key.to_owned();
        if self.kind == StoreKind::Cosmos && self.chance(Faults::misses) {
            return Ok((Cas { key, stamp: None, value: None }, None));
        }
        let inner = self.inner.borrow();
        let bytes = inner.values.get(&key).map_err(failed)?;
        let value = inner.values.value(&key);
        let stamp = match self.kind {
            StoreKind::Redis => watched,
            _ => inner.values.stamp(&key),
        };
        Ok((Cas { key, stamp, value }, bytes))
    }

    async fn swap(&self, cas: Cas, value: &[u8]) -> Result<(), SwapError> {
        let reported = self.write(Step::Swap, &cas.key).await?;
        let new = Value::Bytes(value.to_vec());
        let unchanged = self.inner.borrow().values.unchanged(&cas);
        if unchanged {
            self.inner.borrow_mut().put(&cas.key, new, true);
        }
        // Redis: the command that ends the watch fails, after a success, too.
        if !unchanged || self.kind == StoreKind::Redis {
            return Err(SwapError::Lost);
        }
        Ok(answer(reported)?)
    }
}

fn answer(reported_failed: bool) -> Result<(), StoreError> {
    match reported_failed {
        true => Err(failed("write, applied")),
        false => Ok(()),
    }
}

fn failed(what: &str) -> StoreError {
    StoreError::Failed(what.to_owned())
}
