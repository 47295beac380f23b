//! Key-value on Redis, with the behaviour of Spin 4.1's Redis store, its faults included:
//!
//! - `get-many` asks for `KEYS a b …`, which the server refuses; for a single key that exists Spin panics, and
//!   this host answers with an error.
//! - A compare-and-swap ends with `UNWATCH key`, which the server refuses too: every swap is reported as lost,
//!   also when it was applied.
//! - Labels are not part of keys: all labels with one URL are one store.

use redis::aio::ConnectionManager;
use redis::{AsyncCommands, Client, RedisResult};
use tokio::sync::OnceCell;

use super::{Pairs, StoreError};
use crate::error::HostError;

type Result<T> = std::result::Result<T, StoreError>;

/// One server.
pub(super) struct Redis {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

impl Redis {
    /// Checks the URL; connects when a component opens the store.
    pub fn new(url: &str) -> std::result::Result<Self, HostError> {
        let client = Client::open(url).map_err(|error| HostError::machine("Redis URL", error))?;
        Ok(Self { client, connection: OnceCell::new() })
    }

    async fn connection(&self) -> Result<ConnectionManager> {
        self.connection
            .get_or_try_init(|| self.client.get_connection_manager())
            .await
            .cloned()
            .map_err(StoreError::from_debug)
    }

    pub async fn open(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        // When the server is gone the connection is made again in the background: the operation will tell.
        let _: RedisResult<()> = connection.ping().await;
        Ok(())
    }

    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.connection().await?.get(key).await.map_err(StoreError::from_debug)
    }

    pub async fn exists(&self, key: &str) -> Result<bool> {
        self.connection().await?.exists(key).await.map_err(StoreError::from_debug)
    }

    pub async fn keys(&self) -> Result<Vec<String>> {
        self.connection().await?.keys("*").await.map_err(StoreError::from_debug)
    }

    pub async fn get_many(&self, keys: &[String]) -> Result<Pairs> {
        let found: Vec<String> = self.connection().await?.keys(keys).await.map_err(StoreError::from_debug)?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        Err(StoreError::Other("get-many does not work on Redis: Spin 4.1 panics here".to_owned()))
    }

    pub async fn set(&self, key: &str, value: &[u8]) -> Result<()> {
        self.connection().await?.set(key, value).await.map_err(StoreError::from_debug)
    }

    pub async fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<()> {
        self.connection().await?.mset(pairs).await.map_err(StoreError::from_debug)
    }

    pub async fn delete(&self, keys: &[String]) -> Result<()> {
        self.connection().await?.del(keys).await.map_err(StoreError::from_debug)
    }

    /// Counters are decimal text.
    pub async fn increment(&self, key: &str, delta: i64) -> Result<i64> {
        self.connection().await?.incr(key, delta).await.map_err(StoreError::from_debug)
    }

    /// What the server watches, it watches per connection: each attempt has its own.
    pub async fn cas(&self) -> Result<RedisCas> {
        self.client.get_connection_manager().await.map(RedisCas).map_err(StoreError::from_debug)
    }
}

/// A compare-and-swap under way.
pub(super) struct RedisCas(ConnectionManager);

impl std::fmt::Debug for RedisCas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCas").finish_non_exhaustive()
    }
}

impl RedisCas {
    pub async fn current(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let mut connection = self.0.clone();
        let watched: RedisResult<()> = redis::cmd("WATCH").arg(key).query_async(&mut connection).await;
        watched.map_err(StoreError::from_debug)?;
        connection.get(key).await.map_err(StoreError::from_debug)
    }

    /// Writes if the key did not change since it was read. What comes back says nothing about that: see above.
    pub async fn swap(&self, key: &str, value: &[u8]) -> bool {
        let mut connection = self.0.clone();
        let written: RedisResult<()> = redis::pipe().atomic().set(key, value).query_async(&mut connection).await;
        let unwatched: RedisResult<()> = redis::cmd("UNWATCH").arg(key).query_async(&mut connection).await;
        unwatched.is_ok() && written.is_ok()
    }
}
