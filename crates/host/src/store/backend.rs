//! The kinds of store, behind one set of operations.

use std::path::Path;
use std::sync::Arc;

use super::config::StoreConfig;
use super::redis::{Redis, RedisCas};
use super::sqlite::Sqlite;
use super::{Pairs, StoreError};
use crate::error::HostError;

type Result<T> = std::result::Result<T, StoreError>;

/// A store of some kind. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    Sqlite(Arc<Sqlite>),
    Redis(Arc<Redis>),
}

/// What a compare-and-swap remembers between reading and writing.
#[derive(Debug)]
pub(super) enum CasState {
    /// The value that was read.
    Sqlite(Option<Vec<u8>>),
    /// A connection of its own, which the server watches for.
    Redis(RedisCas),
}

impl Backend {
    pub fn create(config: &StoreConfig, limit: Option<u64>) -> std::result::Result<Self, HostError> {
        Ok(match config {
            StoreConfig::Memory => Self::Sqlite(Arc::new(Sqlite::in_memory()?)),
            StoreConfig::File(path) => Self::Sqlite(Arc::new(Sqlite::open(path, limit)?)),
            StoreConfig::Redis(url) => Self::Redis(Arc::new(Redis::new(url)?)),
        })
    }

    /// The file of a store that others may share.
    pub fn file(config: &StoreConfig) -> Option<&Path> {
        match config {
            StoreConfig::File(path) => Some(path),
            StoreConfig::Memory | StoreConfig::Redis(_) => None,
        }
    }

    /// Connects, where there is something to connect to.
    pub async fn open(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Redis(redis) => redis.open().await,
        }
    }

    pub async fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Sqlite(sqlite) => sqlite.get(store, key),
            Self::Redis(redis) => redis.get(key).await,
        }
    }

    pub async fn exists(&self, store: &str, key: &str) -> Result<bool> {
        match self {
            Self::Sqlite(sqlite) => Ok(sqlite.get(store, key)?.is_some()),
            Self::Redis(redis) => redis.exists(key).await,
        }
    }

    pub async fn keys(&self, store: &str) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(sqlite) => sqlite.keys(store),
            Self::Redis(redis) => redis.keys().await,
        }
    }

    pub async fn get_many(&self, store: &str, keys: &[String]) -> Result<Pairs> {
        match self {
            Self::Sqlite(sqlite) => sqlite.get_many(store, keys),
            Self::Redis(redis) => redis.get_many(keys).await,
        }
    }

    pub async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.set(store, key, value),
            Self::Redis(redis) => redis.set(key, value).await,
        }
    }

    pub async fn set_many(&self, store: &str, pairs: &[(String, Vec<u8>)]) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.set_many(store, pairs),
            Self::Redis(redis) => redis.set_many(pairs).await,
        }
    }

    pub async fn delete(&self, store: &str, key: &str) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.delete(store, key),
            Self::Redis(redis) => redis.delete(&[key.to_owned()]).await,
        }
    }

    pub async fn delete_many(&self, store: &str, keys: &[String]) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => sqlite.delete_many(store, keys),
            Self::Redis(redis) => redis.delete(keys).await,
        }
    }

    pub async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64> {
        match self {
            Self::Sqlite(sqlite) => sqlite.increment(store, key, delta),
            Self::Redis(redis) => redis.increment(key, delta).await,
        }
    }

    pub async fn cas(&self) -> Result<CasState> {
        match self {
            Self::Sqlite(_) => Ok(CasState::Sqlite(None)),
            Self::Redis(redis) => redis.cas().await.map(CasState::Redis),
        }
    }

    pub async fn current(&self, store: &str, key: &str, state: &mut CasState) -> Result<Option<Vec<u8>>> {
        match (self, state) {
            (Self::Sqlite(sqlite), CasState::Sqlite(seen)) => {
                seen.clone_from(&sqlite.get(store, key)?);
                Ok(seen.clone())
            }
            (_, CasState::Redis(cas)) => cas.current(key).await,
            (Self::Redis(_), CasState::Sqlite(_)) => Err(mismatch()),
        }
    }

    /// True when the value was written, as far as the store says.
    pub async fn swap(&self, store: &str, key: &str, state: &CasState, value: &[u8]) -> Result<bool> {
        match (self, state) {
            (Self::Sqlite(sqlite), CasState::Sqlite(seen)) => sqlite.swap(store, key, seen.as_deref(), value),
            (_, CasState::Redis(cas)) => Ok(cas.swap(key, value).await),
            (Self::Redis(_), CasState::Sqlite(_)) => Err(mismatch()),
        }
    }

    pub fn tidy(&self) {
        if let Self::Sqlite(sqlite) = self {
            sqlite.tidy();
        }
    }

    pub fn checkpoint(&self) {
        if let Self::Sqlite(sqlite) = self {
            sqlite.checkpoint();
        }
    }
}

/// A state is only ever used with the store that made it.
fn mismatch() -> StoreError {
    StoreError::Other("compare and swap of another store".to_owned())
}
