//! What the ledger needs from outside: a key-value store, a clock, and random bytes.
//!
//! The ports are raw and thin. How each store departs from the interface (see [`StoreKind`]) is
//! dealt with once, inside the ledger, so that an adapter only translates calls. Nothing here
//! performs I/O, retries or caches.

use thiserror::Error;

/// Which store stands behind the port. Found by the start-up probe, or given in
/// [`Options`](crate::Options).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoreKind {
    /// Spin's default. Counters are eight little-endian bytes; set-many is one transaction; a
    /// swap on an absent key overwrites whatever appeared in between.
    Sqlite,
    /// Counters are ASCII; get-many is broken (one existing key stops the host); every swap
    /// reports failure, whether it was applied or not.
    Redis,
    /// Counters are ASCII; set-many goes in pieces of 25 and is not atomic; get-many takes 100.
    Dynamo,
    /// Increments may give the same number twice; a counter cannot be read by get; get may miss
    /// an existing key; set-many is one by one.
    Cosmos,
}

impl StoreKind {
    /// The name in logs and in the installed marker.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::Dynamo => "dynamo",
            Self::Cosmos => "cosmos",
        }
    }

    /// What the probe recognises it by, in words.
    pub fn signs(self) -> &'static str {
        match self {
            Self::Sqlite => "counters are eight bytes, little-endian",
            Self::Redis => "counters are decimal text, and swaps report failure when they were applied",
            Self::Dynamo => "counters are decimal text, and swaps report what they did",
            Self::Cosmos => "counters can be incremented and not be read",
        }
    }

    /// The inverse of [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sqlite, Self::Redis, Self::Dynamo, Self::Cosmos].into_iter().find(|kind| kind.name() == name)
    }
}

/// Why a store call failed. After any failure of a write it is unknown whether it was applied.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// The store has no room left. Answer 503; nothing acknowledged is lost.
    #[error("store is full")]
    Full,
    /// Anything else, in the store's words. For the log, never for a stranger.
    #[error("store failed: {0}")]
    Failed(String),
}

/// Why a swap was not confirmed. Both cases are ambiguous: only reading again tells.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SwapError {
    /// The store says that the value had changed. (Redis always says so.)
    #[error("value changed since it was read")]
    Lost,
    /// The call failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key-value store, as Spin and `wasi:keyvalue` offer it.
///
/// Reads must be consistent: a read that starts after a write was confirmed sees it.
#[expect(async_fn_in_trait, reason = "the ledger runs single-threaded, so its futures need not be Send")]
pub trait Store {
    /// A value that was read in order to be swapped.
    type Cas;

    /// The value of `key`, or `None`.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Those of `keys` that exist, in any order. Never called on Redis.
    async fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
    /// Writes one value.
    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError>;
    /// Writes several values; atomic on SQLite and Redis only.
    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError>;
    /// Removes keys; those that do not exist are no error.
    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError>;
    /// Adds to a counter (an absent one is 0) and gives its new value.
    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError>;
    /// Reads a value together with what [`swap`](Self::swap) needs to notice a change.
    async fn cas_read(&self, key: &str) -> Result<(Self::Cas, Option<Vec<u8>>), StoreError>;
    /// Writes `value` if nothing changed since `cas` was read. Any error is ambiguous.
    async fn swap(&self, cas: Self::Cas, value: &[u8]) -> Result<(), SwapError>;
}

/// Where the time comes from.
pub trait Clock {
    /// Unix time in whole seconds.
    fn now(&self) -> u64;
}

/// Where random bytes come from. They name writes and tell processes apart; where values are encrypted they are nonces and
/// keys, too, and must be such that nobody can guess them.
pub trait Entropy {
    /// Fills `bytes` completely.
    fn fill(&self, bytes: &mut [u8]);
}
