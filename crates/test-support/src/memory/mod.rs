//! A key-value store in memory that behaves like each of the four stores, departures included.
//!
//! What each store does was read in and measured on Spin's store adapters; see
//! [`StoreKind`]. Operations are counted as a real store would pay for them. Faults and single
//! steps are off unless switched on.

mod adapter;
mod faults;
mod values;

pub use faults::Faults;

use faults::Injected;
use ringback_ledger::{StoreError, StoreKind};
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

/// Sees every write: key and new value (none: deleted).
pub type Watcher = Box<dyn FnMut(&str, Option<&[u8]>)>;

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
            watcher(key, Some(&value.bytes()));
        }
        self.values.put(key, value, swapped);
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
