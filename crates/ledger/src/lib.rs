//! A durable ledger on a plain key-value store: never lose, never double, flat cost.
//!
//! It keeps events in the order of their slots, fans their effects out exactly once or at least
//! once (as documented), fires timers, and counts projections, on nothing but get, set, get-many,
//! set-many, delete-many, increment and compare-and-swap. It knows nothing of surveys or cases: an
//! application describes what is to happen by a [`Program`] and a [`Plan`].
//!
//! It never lists keys, holds no state between calls, and may be run by any number of processes
//! at once. It does not send anything: jobs are handed to a [`HandOver`].

mod key;
mod port;
mod program;
mod record;

pub use key::{is_fingerprint, is_name, shard_of};
pub use port::{Clock, Entropy, Store, StoreError, StoreKind, SwapError};
pub use program::{
    Appended, Count, Draft, Due, HandOver, OnDifferent, Plan, Program, RETENTION_RECHECK, Step,
    Timer,
};
pub use record::{
    Changed, LedgerError, OpenError, PersonEntry, PersonRecord, Record, ShardStatus, Status,
    TickReport,
};

use serde_json::Value;
use std::collections::BTreeMap;

/// How a ledger is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Into how many logs events are spread, 1 to 64. Fixed at the first start. 1 on SQLite.
    pub shards: u8,
    /// The store, if it is not to be probed.
    pub kind: Option<StoreKind>,
    /// Records younger than this (seconds) are never asked about their expiry; `None` keeps all.
    pub retention: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shards: 1,
            kind: None,
            retention: None,
        }
    }
}

/// The ledger. Holds no state of its own besides what the start-up probe found.
#[expect(dead_code, reason = "bodies follow")]
pub struct Ledger<S, C, E, P> {
    store: S,
    clock: C,
    entropy: E,
    program: P,
    options: Options,
}

/// The projection of a day: row → field → count.
pub type Counts = BTreeMap<String, BTreeMap<String, i64>>;

#[expect(clippy::todo, unused_variables, reason = "bodies follow")]
impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Opens the ledger, installing it at the very first start.
    pub async fn open(
        store: S,
        clock: C,
        entropy: E,
        program: P,
        options: Options,
    ) -> Result<Self, OpenError> {
        todo!()
    }

    /// The store that the probe found.
    pub fn kind(&self) -> StoreKind {
        todo!()
    }

    /// The application's rules.
    pub fn program(&self) -> &P {
        &self.program
    }

    /// Appends an event. When this returns `New` or `Replay` the event is durable and will be
    /// sealed; after an error the caller does not know, and repeats with the same id.
    pub async fn append(
        &self,
        draft: Draft<P::Body>,
        on_different: OnDifferent,
    ) -> Result<Appended, LedgerError> {
        todo!()
    }

    /// Reads the record of an event id, sealed or not.
    pub async fn read(&self, eid: &str) -> Result<Option<Record<P::Body>>, LedgerError> {
        todo!()
    }

    /// Changes a sealed record. `f` may be called several times; its last answer counts.
    pub async fn change<X>(
        &self,
        eid: &str,
        f: impl FnMut(&Record<P::Body>) -> Result<Step<P::Body>, X>,
    ) -> Result<Changed<P::Body, X>, LedgerError> {
        todo!()
    }

    /// Seals, fires what is due and hands over, until nothing is left to do.
    pub async fn tick(&self, out: &impl HandOver) -> Result<TickReport, LedgerError> {
        todo!()
    }

    /// Adds a note to a person's journal.
    pub async fn note_person(&self, person: &str, note: Value) -> Result<(), LedgerError> {
        todo!()
    }

    /// Reads a person's journal, oldest first.
    pub async fn person(&self, person: &str) -> Result<Vec<PersonEntry>, LedgerError> {
        todo!()
    }

    /// Erases a person: redacts every record, those still on their way included.
    pub async fn erase(&self, person: &str) -> Result<(), LedgerError> {
        todo!()
    }

    /// The state of every shard.
    pub async fn status(&self) -> Result<Status, LedgerError> {
        todo!()
    }

    /// The projection of a day (yyyymmdd), over all shards.
    pub async fn counts(&self, day: u32) -> Result<Counts, LedgerError> {
        todo!()
    }
}
