//! A deterministic simulation of the ledger: real ledger code, stepped one store operation at a
//! time, in an order, with faults, crashes and pauses that all come from one seed.
//!
//! A run has three parts: turmoil; then the faults end, clients repeat what was not acknowledged
//! and paused processes resume; then time passes until everything is drained and is checked. It
//! simulates neither a network nor a store's own crash: the ports' contracts are the boundary.

mod check;
mod cli;
mod facts;
mod pauses;
pub mod program;
mod quiet;
mod scheduler;
mod tasks;

pub use cli::{Request, run};

use ringback_ledger::{Mutation, StoreKind};

/// A safeguard left out, to prove that the simulation notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// One of the ledger's own.
    Ledger(Mutation),
    /// The store's reads may see the past.
    EventualReads,
}

impl Mutant {
    /// All of them, with the store on which each must be noticed.
    pub fn all() -> Vec<(Self, StoreKind)> {
        let store = |mutation| match mutation {
            Mutation::LastWriteOnly => StoreKind::Redis,
            _ => StoreKind::Sqlite,
        };
        let own = Mutation::ALL.into_iter();
        let mut all: Vec<_> = own.map(|m| (Self::Ledger(m), store(m))).collect();
        all.push((Self::EventualReads, StoreKind::Dynamo));
        all
    }

    /// The name, as the command line prints it.
    pub fn name(self) -> String {
        match self {
            Self::Ledger(mutation) => format!("{mutation:?}"),
            Self::EventualReads => "EventualReads".to_owned(),
        }
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Invariants that did not hold; empty is good.
    pub violations: Vec<String>,
    /// Steps that were scheduled in the turmoil.
    pub steps: u64,
    /// Processes that crashed.
    pub crashes: u64,
    /// Processes that were paused.
    pub pauses: u64,
    /// Events acknowledged.
    pub acknowledged: u64,
    /// Jobs handed over, and how many of them were repeats.
    pub jobs: (u64, u64),
}

/// Runs one seed. The same arguments give the same outcome. With `RINGBACK_TRACE` set it prints every
/// write to the store.
pub fn simulate(kind: StoreKind, seed: u64, mutant: Option<Mutant>) -> Outcome {
    scheduler::Scheduler::new(kind, seed, mutant).run()
}
