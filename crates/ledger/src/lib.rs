//! A durable ledger on a plain key-value store: never lose, never double, flat cost.
//!
//! It keeps events in the order of their slots, fans their effects out, fires timers, and counts
//! projections exactly once, on nothing but get, set, get-many, set-many, delete-many, increment
//! and compare-and-swap. It knows nothing of surveys or cases: an application describes what is
//! to happen by a [`Program`] and a [`Plan`].
//!
//! It never lists keys, keeps nothing in memory between calls besides what the start-up probe
//! found, and may be run by any number of processes at once. It sends nothing: jobs are handed to
//! a [`HandOver`].
//!
//! # How it works
//! - **Intake** ([`Ledger::append`]) takes the next slot of a counter, writes the event under it,
//!   and looks at the shard's root: if a sealer gave the slot up meanwhile, it starts again.
//! - **A tick** ([`Ledger::tick`]) takes a lease on the root, seals the next events in slot order,
//!   writes their effects, fires timers of closed minutes, and commits everything by one
//!   compare-and-swap of the root. A tick that dies is repeated by the next one; a tick that was
//!   paused past its lease cannot commit. Nobody who is handed jobs is waited for under a lease.
//! - **What is exactly once**: the first event of an id, merging of updates, changes, projections.
//!   **At least once**: timers and jobs, which the application makes safe to repeat.

mod change;
mod effects;
mod erase;
mod filed;
mod fire;
mod fold;
mod founding;
mod index;
mod intake;
mod key;
mod letters;
mod lookup;
mod meter;
mod mutation;
mod open;
mod order;
mod person;
mod port;
mod program;
mod record;
mod retain;
mod seal;
mod settle;
mod sheet;
mod status;
mod store;
mod stored;
mod tick;
mod timers;
mod vault;

pub use effects::MOST_PEOPLE;
pub use fold::REST;
pub use key::{is_fingerprint, is_name, shard_of};
#[cfg(feature = "mutants")]
pub use mutation::Mutation;
pub use port::{Clock, Entropy, Store, StoreError, StoreKind, SwapError};
pub use program::{
    Appended, Count, Draft, Due, HandOver, OnDifferent, PersonNote, Plan, Program, RETENTION_RECHECK, Step, Timer,
};
pub use record::{
    Changed, Encryption, Erased, LedgerError, Letter, LetterPlace, Letters, OpenError, OrderStatus, PersonEntry,
    PersonRecord, Record, ShardStatus, Status, TickReport,
};
pub use vault::{BadStorageKey, StorageKeys};

use key::Key;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use store::Kv;
use stored::{Cursor, Root, decode};

/// How a ledger is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Into how many logs events are spread, 1 to 64. Fixed at the first start. 1 on SQLite.
    pub shards: u8,
    /// The store, if it is not to be probed.
    pub kind: Option<StoreKind>,
    /// Records younger than this (seconds) are never asked about their expiry; `None` keeps all.
    /// This is also how long a repeat of an event is recognised at least.
    pub retention: Option<u64>,
    /// Stands for what the application says of expiry. When it is another one than before, all records older than
    /// `retention` are asked about anew, whatever was said of them before.
    pub retention_rule: u64,
    /// The form in which values are written, ledger's and application's: a store that says a higher one is not opened. 0:
    /// whatever it says.
    pub format: u64,
    /// Stands for the secret that the application makes its names under (event ids, persons): a store that says another one
    /// is not opened. Empty: none is said, and none is compared.
    pub names: String,
    /// What values are encrypted under, if they are to be.
    pub storage_keys: StorageKeys,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shards: 1,
            kind: None,
            retention: None,
            retention_rule: 0,
            format: 0,
            names: String::new(),
            storage_keys: StorageKeys::default(),
        }
    }
}

/// The projection of a day: row → field → count.
pub type Counts = BTreeMap<String, BTreeMap<String, i64>>;

/// The ledger. See the crate's documentation.
pub struct Ledger<S, C, E, P> {
    kv: Kv<S, E>,
    clock: C,
    entropy: Rc<E>,
    program: P,
    options: Options,
    /// Which of the roots that were ever written is valid; see `open`.
    generation: u64,
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// The store that the probe found.
    pub fn kind(&self) -> StoreKind {
        self.kv.kind
    }

    /// The application's rules.
    pub fn program(&self) -> &P {
        &self.program
    }

    /// Leaves a safeguard out. For the simulator.
    #[cfg(feature = "mutants")]
    pub fn mutate(&mut self, mutation: Option<Mutation>) {
        self.kv.mutations.active = mutation;
    }

    fn mutated(&self, mutation: mutation::Mutation) -> bool {
        self.kv.mutations.has(mutation)
    }

    /// A name nobody else has: 12 hexadecimal digits.
    fn unique(&self) -> String {
        unique(&*self.entropy)
    }

    fn root_key(&self, shard: u8) -> String {
        let generation = self.generation;
        Key::Root { shard, generation }.to_string()
    }

    /// Reads a root, which exists since the ledger was opened.
    async fn root(&self, shard: u8) -> Result<Root, LedgerError> {
        self.root_as(shard).await
    }

    /// Reads of a root what a writer has to know.
    async fn cursor(&self, shard: u8) -> Result<Cursor, LedgerError> {
        self.root_as(shard).await
    }

    async fn root_as<R: DeserializeOwned>(&self, shard: u8) -> Result<R, LedgerError> {
        let key = self.root_key(shard);
        match self.kv.get(&key).await? {
            Some(bytes) => decode(&key, &bytes),
            None => Err(missing(key)),
        }
    }
}

fn missing(key: String) -> LedgerError {
    LedgerError::Corrupt { key, reason: "missing".to_owned() }
}

fn unique(entropy: &impl Entropy) -> String {
    let mut bytes = [0; 6];
    entropy.fill(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn check_name(what: &'static str, name: &str) -> Result<(), LedgerError> {
    match is_name(name) {
        true => Ok(()),
        false => Err(LedgerError::BadName { what }),
    }
}
