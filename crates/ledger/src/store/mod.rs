//! The store as the ledger uses it: the departures of each kind from the interface end here.

mod cas;

pub(crate) use cas::{Outcome, Verdict};

use crate::mutation::Mutations;
use crate::port::{Entropy, Store, StoreError, StoreKind, SwapError};
use crate::record::LedgerError;
use crate::vault::Vault;
use futures::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};

/// DynamoDB takes this many keys in a get-many.
const DYNAMO_GET: usize = 100;
/// DynamoDB takes this many keys in a set-many or delete-many.
const DYNAMO_SET: usize = 25;
/// Single GETs in flight at once, where get-many cannot be used.
const GETS: usize = 16;
/// Attempts at an increment that DynamoDB refuses for contention.
const INCREMENTS: usize = 6;

/// A store, its kind, and what its values are encrypted by.
pub(crate) struct Kv<S, E> {
    pub(crate) store: S,
    pub(crate) kind: StoreKind,
    pub(crate) vault: Vault<E>,
    pub(crate) mutations: Mutations,
}

pub(crate) fn at(key: &str) -> impl Fn(StoreError) -> LedgerError {
    move |source| LedgerError::Store { key: key.to_owned(), source }
}

impl<S: Store, E: Entropy> Kv<S, E> {
    /// The value of a key.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        match self.get_as_stored(key).await? {
            Some(bytes) => self.opened(key, bytes).await.map(Some),
            None => Ok(None),
        }
    }

    /// The value of a key as it is stored: encrypted, if it is.
    pub(crate) async fn get_as_stored(&self, key: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        if self.kind == StoreKind::Cosmos {
            // get looks at the first page only, and that may be empty.
            let keys = [key.to_owned()];
            let found = self.store.get_many(&keys).await.map_err(at(key))?;
            return Ok(found.into_iter().next().map(|(_, value)| value));
        }
        self.store.get(key).await.map_err(at(key))
    }

    /// The values of those keys that exist.
    pub(crate) async fn get_many(&self, mut keys: Vec<String>) -> Result<BTreeMap<String, Vec<u8>>, LedgerError> {
        keys.sort_unstable();
        keys.dedup();
        let mut found = BTreeMap::new();
        if keys.is_empty() {
            return Ok(found);
        }
        match self.kind {
            StoreKind::Sqlite => {
                let read = self.store.get_many(&keys).await.map_err(at(&keys[0]))?;
                found = self.all_opened(read).await?;
            }
            StoreKind::Dynamo => {
                for chunk in keys.chunks(DYNAMO_GET) {
                    let read = self.store.get_many(chunk).await.map_err(at(&chunk[0]))?;
                    found.extend(self.all_opened(read).await?);
                }
            }
            StoreKind::Redis | StoreKind::Cosmos => {
                for chunk in keys.chunks(GETS) {
                    let values = try_join_all(chunk.iter().map(|key| self.get(key))).await?;
                    for (key, value) in chunk.iter().zip(values) {
                        found.extend(value.map(|value| (key.clone(), value)));
                    }
                }
            }
        }
        Ok(found)
    }

    async fn all_opened(&self, read: Vec<(String, Vec<u8>)>) -> Result<BTreeMap<String, Vec<u8>>, LedgerError> {
        let mut found = BTreeMap::new();
        for (key, bytes) in read {
            let value = self.opened(&key, bytes).await?;
            found.insert(key, value);
        }
        Ok(found)
    }

    /// Writes values. Not atomic on every kind.
    pub(crate) async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), LedgerError> {
        let entries = self.vault.encrypt_all(entries)?;
        let size = match self.kind {
            StoreKind::Dynamo => DYNAMO_SET,
            _ => entries.len().max(1),
        };
        for chunk in entries.chunks(size) {
            self.store.set_many(chunk).await.map_err(at(&chunk[0].0))?;
        }
        Ok(())
    }

    /// Removes keys.
    pub(crate) async fn delete_many(&self, keys: &[String]) -> Result<(), LedgerError> {
        let size = match self.kind {
            StoreKind::Dynamo => DYNAMO_SET,
            _ => keys.len().max(1),
        };
        for chunk in keys.chunks(size) {
            self.store.delete_many(chunk).await.map_err(at(&chunk[0]))?;
        }
        Ok(())
    }

    /// Adds to a counter. On Cosmos the result may be one that another caller has got, too.
    pub(crate) async fn increment(&self, key: &str, delta: u64) -> Result<u64, LedgerError> {
        let attempts = match self.kind {
            StoreKind::Dynamo => INCREMENTS,
            _ => 1,
        };
        let delta = i64::try_from(delta).unwrap_or(i64::MAX);
        let mut result = self.store.increment(key, delta).await;
        for _ in 1..attempts {
            if !matches!(result, Err(StoreError::Failed(_))) {
                break;
            }
            result = self.store.increment(key, delta).await;
        }
        let value = match result {
            Ok(value) => value,
            Err(error) => return Err(self.why_not_counted(key, error).await),
        };
        u64::try_from(value).map_err(|_| not_a_counter(key))
    }

    /// Takes from a counter.
    pub(crate) async fn decrement(&self, key: &str, delta: u64) -> Result<(), LedgerError> {
        let delta = i64::try_from(delta).unwrap_or(i64::MAX);
        self.store.increment(key, -delta).await.map(drop).map_err(at(key))
    }

    /// Lifts a counter that exists to `floor`, unless it stands there or moves meanwhile: whoever moves it has lifted it.
    /// For stores where counters and values mix.
    pub(crate) async fn lift(&self, key: &str, floor: u64) -> Result<(), LedgerError> {
        let (cas, bytes) = self.store.cas_read(key).await.map_err(at(key))?;
        let stands = bytes.map_or(Ok(0), |bytes| decode_counter(self.kind, key, &bytes))?;
        if stands >= floor {
            return Ok(());
        }
        match self.store.swap(cas, &encode_counter(self.kind, floor)).await {
            Ok(()) | Err(SwapError::Lost) => Ok(()),
            Err(SwapError::Store(error)) => Err(at(key)(error)),
        }
    }

    /// An increment fails for ever where a value stands that is no counter: told apart from a store that fails now.
    async fn why_not_counted(&self, key: &str, error: StoreError) -> LedgerError {
        if self.kind != StoreKind::Cosmos
            && let Ok(Some(bytes)) = self.get(key).await
            && decode_counter(self.kind, key, &bytes).is_err()
        {
            return not_a_counter(key);
        }
        at(key)(error)
    }

    /// Looks at counters before they are incremented, where that would stop the host (SQLite). Gives the foreign ones.
    pub(crate) async fn foreign_counters(&self, keys: Vec<String>) -> Result<BTreeSet<String>, LedgerError> {
        if self.kind != StoreKind::Sqlite {
            return Ok(BTreeSet::new());
        }
        let found = self.get_many(keys).await?;
        Ok(found.into_iter().filter(|(key, bytes)| self.is_foreign(key, bytes)).map(|(key, _)| key).collect())
    }

    /// Whether what stands under a counter's key is none.
    pub(crate) fn is_foreign(&self, key: &str, bytes: &[u8]) -> bool {
        decode_counter(self.kind, key, bytes).is_err()
    }

    /// The value of a counter; an absent one is 0.
    pub(crate) async fn counter(&self, key: &str) -> Result<u64, LedgerError> {
        if self.kind == StoreKind::Cosmos {
            return self.increment(key, 0).await;
        }
        match self.get(key).await? {
            Some(bytes) => decode_counter(self.kind, key, &bytes),
            None => Ok(0),
        }
    }

    /// The values of counters, in the order of `keys`. What is no counter counts nothing and is added to `bad`.
    pub(crate) async fn counters(&self, keys: Vec<String>, bad: &mut Vec<String>) -> Result<Vec<u64>, LedgerError> {
        if self.kind == StoreKind::Cosmos {
            let mut values = Vec::with_capacity(keys.len());
            for key in &keys {
                values.push(self.increment(key, 0).await?);
            }
            return Ok(values);
        }
        let found = self.get_many(keys.clone()).await?;
        let value = |key: &String| match found.get(key).map(|bytes| decode_counter(self.kind, key, bytes)) {
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                bad.push(key.clone());
                0
            }
            None => 0,
        };
        Ok(keys.iter().map(value).collect())
    }

    /// Takes the next number of `counter` and prepares `value` for the name that belongs to it.
    ///
    /// Gives back the entry for the caller to write, together with others, in one set-many. Where
    /// numbers may repeat (Cosmos) the entry is written here, by a swap on the absent key.
    pub(crate) async fn place(
        &self,
        counter: &str,
        name: impl Fn(u64) -> String,
        value: Vec<u8>,
    ) -> Result<(u64, Option<(String, Vec<u8>)>), LedgerError> {
        loop {
            let n = self.increment(counter, 1).await?;
            let key = name(n);
            if self.kind != StoreKind::Cosmos {
                return Ok((n, Some((key, value))));
            }
            if self.create(&key, &value).await? {
                return Ok((n, None));
            }
        }
    }
}

pub(crate) fn not_a_counter(key: &str) -> LedgerError {
    LedgerError::Corrupt { key: key.to_owned(), reason: "not a counter".to_owned() }
}

/// A counter's value in the store's own form.
pub(crate) fn encode_counter(kind: StoreKind, value: u64) -> Vec<u8> {
    match kind {
        StoreKind::Sqlite => value.to_le_bytes().to_vec(),
        _ => value.to_string().into_bytes(),
    }
}

/// The inverse of [`encode_counter`].
pub(crate) fn decode_counter(kind: StoreKind, key: &str, bytes: &[u8]) -> Result<u64, LedgerError> {
    let value = match kind {
        StoreKind::Sqlite => bytes.try_into().ok().map(i64::from_le_bytes),
        _ => std::str::from_utf8(bytes).ok().and_then(|t| t.parse().ok()),
    };
    value.and_then(|value: i64| u64::try_from(value).ok()).ok_or_else(|| not_a_counter(key))
}
