//! A clock that stands until it is moved, and random bytes that repeat.

use ringback_ledger::{Clock, Entropy};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A clock that is moved by hand. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Rc<Cell<u64>>);

impl ManualClock {
    /// A clock that shows `now`, unix seconds.
    pub fn at(now: u64) -> Self {
        Self(Rc::new(Cell::new(now)))
    }

    /// Moves the clock on.
    pub fn advance(&self, seconds: u64) {
        self.0.set(self.0.get() + seconds);
    }

    /// Sets the clock.
    pub fn set(&self, now: u64) {
        self.0.set(now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        self.0.get()
    }
}

/// Random bytes that depend on a seed only. Clones continue the same sequence.
#[derive(Clone, Debug)]
pub struct SeededEntropy(Rc<RefCell<fastrand::Rng>>);

impl SeededEntropy {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(fastrand::Rng::with_seed(seed))))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.borrow_mut().fill(bytes);
    }
}
