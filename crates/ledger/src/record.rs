//! What callers get to see: records, reports, status, errors. No stored format lives here.

use crate::port::{StoreError, StoreKind};
use crate::program::Due;
use thiserror::Error;

/// One event and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<B> {
    /// The shard that holds it.
    pub shard: u8,
    /// Its slot: unique in the shard and increasing with time.
    pub n: u64,
    /// Its event id.
    pub eid: String,
    /// When it happened ([`Draft::at`](crate::Draft::at)), unix seconds.
    pub at: u64,
    /// When it was appended, unix seconds.
    pub received: u64,
    /// Counts changes, from 0. For ETag and If-Match.
    pub revision: u64,
    /// The person's pseudonyms.
    pub people: Vec<String>,
    /// Whether the person was erased.
    pub redacted: bool,
    /// Whether it is sealed: in order, its timers set. Before that it cannot be changed.
    pub sealed: bool,
    /// The application's data.
    pub body: B,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed<B, X> {
    /// Durable. `now` are the jobs of the step, for the caller to hand over.
    Done {
        /// The record after the change.
        record: Record<B>,
        /// Jobs to hand over now.
        now: Vec<Due>,
    },
    /// The closure refused.
    Refused(X),
    /// No such event.
    Absent,
    /// The event is durable, but not sealed yet: try again after the next tick.
    NotSealed,
}

/// An entry of a person's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonEntry {
    /// The record that it belongs to; `None` for a note of [`note_person`](crate::Ledger::note_person).
    pub record: Option<PersonRecord>,
    /// The note.
    pub note: Option<serde_json::Value>,
}

/// Where a person's record is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonRecord {
    /// The shard.
    pub shard: u8,
    /// The slot.
    pub n: u64,
    /// The event id, for [`read`](crate::Ledger::read). The record may be gone by retention.
    pub eid: String,
}

/// A job that did not reach its receiver ([`Program::undelivered`](crate::Program::undelivered)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter<B> {
    /// The shard that lists it.
    pub shard: u8,
    /// Its number in the shard's list, rising with time.
    pub number: u64,
    /// The job.
    pub job: String,
    /// Since when it is listed, unix seconds.
    pub since: u64,
    /// The record it belongs to.
    pub record: Record<B>,
}

/// A page of letters, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters<B> {
    /// The letters.
    pub letters: Vec<Letter<B>>,
    /// Where to go on; `None`: these were the last.
    pub next: Option<LetterPlace>,
}

/// A place in the lists of letters. The default is their beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetterPlace {
    /// The shard.
    pub shard: u8,
    /// The number.
    pub number: u64,
}

/// What a tick did, over all shards and batches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// Events sealed, repeats included.
    pub sealed: u64,
    /// Repeats among them that were dropped.
    pub duplicates: u64,
    /// Updates among them that were merged.
    pub merged: u64,
    /// Slots given up because their writer never came.
    pub voided: u64,
    /// Timers that came due.
    pub fired: u64,
    /// Jobs handed over.
    pub handed_over: u64,
    /// Records deleted by retention.
    pub retired: u64,
    /// Whether the tick stopped before everything was done, having worked for 20 seconds.
    pub more: bool,
    /// Shards left alone because another tick works on them.
    pub held: u64,
    /// Keys of values that could not be understood, and were stepped over.
    pub quarantined: Vec<String>,
}

/// The state of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What the probe found.
    pub kind: StoreKind,
    /// One entry a shard.
    pub shards: Vec<ShardStatus>,
    /// What values are encrypted under; `None`: they are not.
    pub encryption: Option<Encryption>,
}

/// What values are encrypted under, by the names of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// The key that is needed.
    pub key: String,
    /// Keys that are given, were needed once, and are needed no more.
    pub retired: Vec<String>,
}

impl Status {
    /// Events that are durable and not sealed.
    pub fn lag(&self) -> u64 {
        self.shards.iter().map(|s| s.lag).sum()
    }
}

/// The state of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardStatus {
    /// The shard.
    pub shard: u8,
    /// The last slot allotted.
    pub head: u64,
    /// The last slot sealed.
    pub sealed: u64,
    /// Events that are durable and not sealed. A slot that was allotted and never written is none; beyond the first 64
    /// slots every slot counts.
    pub lag: u64,
    /// Age in seconds of the oldest event not sealed, as far as it can be seen.
    pub lag_seconds: u64,
    /// Whether a sealed batch waits for its effects to be finished.
    pub unfinished: u64,
    /// Until when (unix seconds) a tick holds the shard; `None`: free.
    pub lease_until: Option<u64>,
    /// The tick that wrote last.
    pub holder: String,
    /// Timers due up to and including this minute (unix seconds / 60) have been fired.
    pub swept_minute: u64,
    /// For how many seconds no tick has looked at the timers although it was time: 0 as long as one comes every minute.
    /// Says nothing of the first 16 minutes, which a tick may spare where no timer is due.
    pub timers_late: u64,
    /// For how many seconds to come the timers have been looked at already, because a clock was ahead: until then new ones
    /// come late.
    pub timers_ahead: u64,
    /// Slots given up so far, the last of them.
    pub voided: Vec<u64>,
    /// Keys that wait to be deleted.
    pub garbage: u64,
    /// Keys of values that could not be understood, the last of them.
    pub quarantined: Vec<String>,
    /// How many were quarantined altogether.
    pub quarantined_total: u64,
}

/// How an order to erase by criteria stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderStatus {
    /// Whether it only counts.
    pub dry: bool,
    /// What was noted with it.
    pub note: serde_json::Value,
    /// Records erased so far; of a dry order, those that would be.
    pub records: u64,
    /// Slots looked at.
    pub looked_at: u64,
    /// Slots there are to look at: all that were allotted when it was given.
    pub slots: u64,
    /// When (unix seconds) it was carried out; `None`: it is not yet.
    pub finished: Option<u64>,
}

/// What an erasure has reached at once. What was on its way follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Records that were redacted.
    pub records: u64,
    /// Entries that were noted in the journal, not brought by events; their notes are gone.
    pub noted: u64,
}

/// Why a call of the ledger failed. Whether a write took place is then unknown; repeat the call.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LedgerError {
    /// The store failed.
    #[error("{key}: {source}")]
    Store {
        /// The key concerned.
        key: String,
        /// What the store said.
        source: StoreError,
    },
    /// A value is not what the ledger wrote.
    #[error("{key}: value not understood: {reason}")]
    Corrupt {
        /// The key concerned.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Too many others changed the same value at the same time.
    #[error("{key}: too much contention")]
    Contended {
        /// The key concerned.
        key: String,
    },
    /// A value is encrypted under a key that is not known here.
    #[error(
        "{key}: encrypted under a key that this process has not got; start it anew, with storage_keys as they are elsewhere"
    )]
    Locked {
        /// The key concerned.
        key: String,
    },
    /// An id, pseudonym or fingerprint that cannot be part of a key.
    #[error("{what} has a form that keys cannot hold")]
    BadName {
        /// Which field.
        what: &'static str,
    },
}

impl LedgerError {
    /// Whether the store has no room left (answer 503).
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Store { source: StoreError::Full, .. })
    }
}

/// Why the ledger cannot be opened.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// The store failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The number of shards is fixed at the first start.
    #[error("installed with {installed} shards, configured with {configured}: set shards = {installed}")]
    Shards {
        /// What the store was installed with.
        installed: u8,
        /// What is configured now.
        configured: u8,
    },
    /// SQLite takes one writer at a time: more shards would only cost more.
    #[error("SQLite takes one writer at a time: set shards = 1, or use another store; configured are {configured}")]
    SqliteShards {
        /// What is configured.
        configured: u8,
    },
    /// The store is not what is configured.
    #[error("the store was installed as {installed}, configured is {configured}")]
    Kind {
        /// What the store was installed as.
        installed: &'static str,
        /// What is configured now.
        configured: &'static str,
    },
    /// The key that the store's values are encrypted under is not given.
    #[error("what is stored is encrypted under the key `{name}`, which is missing: add it to storage_keys")]
    MissingKey {
        /// Its name.
        name: String,
    },
    /// A key of the right name opens nothing.
    #[error(
        "the key `{name}` in storage_keys is not the one of that name that the store was encrypted under: put that one in"
    )]
    WrongKey {
        /// Its name.
        name: String,
    },
    /// A newer version has written the store.
    #[error("a newer version has written here (form {stored}, this one knows {known}): deploy that version again")]
    Newer {
        /// The form of what is stored.
        stored: u64,
        /// The newest that this version knows.
        known: u64,
    },
    /// The store's keys were made under another secret.
    #[error("the names in the store were made under another secret than the one configured")]
    Names,
    /// The options contradict each other.
    #[error("option out of range: {0}")]
    Options(&'static str),
    /// The store behaves like none of those that are known.
    #[error("unknown kind of store: {0}")]
    Unknown(String),
}
