//! Key-value on SQLite, in Spin's own table: writes on one connection behind one lock, as in Spin.
//!
//! Differs from Spin where Spin stalls or dies: the file is in WAL mode (one fsync a write instead of four, the
//! same durability), reads have a connection of their own while somebody writes and never wait for the disk, and
//! incrementing a value that is no counter is an error instead of a panic. And what was deleted or replaced is gone from
//! the file: freed bytes are overwritten (`secure_delete`), and the log, which remembers what pages held before, is
//! emptied once nobody has written for a second.

use std::path::Path;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Pairs, StoreError};
use crate::error::HostError;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,

    PRIMARY KEY (store, key)
)";
const GET: &str = "SELECT value FROM spin_key_value WHERE store=?1 AND key=?2";
const PUT: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT(store, key) DO UPDATE SET value=?3";

/// So long nobody has written, and the log is emptied.
const QUIET: Duration = Duration::from_secs(1);
/// So long the log may remember, whoever writes.
const OVERDUE: Duration = Duration::from_secs(60);

type Result<T> = std::result::Result<T, StoreError>;

/// One database file.
#[derive(Debug)]
pub(super) struct Sqlite {
    writing: Mutex<Connection>,
    /// None for a database in memory, of which there is only one connection.
    reading: Option<Mutex<Connection>>,
    /// When something was written that the log still holds: first and last.
    written: Mutex<Option<(Instant, Instant)>>,
}

impl Sqlite {
    /// Opens a file, which grows to at most `limit` bytes if there is one.
    pub fn open(path: &Path, limit: Option<u64>) -> std::result::Result<Self, HostError> {
        let failed = |reason: String| HostError::Store { path: path.to_owned(), reason };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        }
        let open = || {
            let writing = Self::prepare(Connection::open(path)?, limit)?;
            let reading = Self::prepare(Connection::open(path)?, limit)?;
            reading.execute_batch("PRAGMA query_only=ON")?;
            Ok(Self { writing: Mutex::new(writing), reading: Some(Mutex::new(reading)), written: Mutex::new(None) })
        };
        open().map_err(|error: rusqlite::Error| failed(error.to_string()))
    }

    pub fn in_memory() -> std::result::Result<Self, HostError> {
        let open = || Self::prepare(Connection::open_in_memory()?, None);
        let writing = open().map_err(|error| HostError::machine("store in memory", error))?;
        Ok(Self { writing: Mutex::new(writing), reading: None, written: Mutex::new(None) })
    }

    fn prepare(connection: Connection, limit: Option<u64>) -> rusqlite::Result<Connection> {
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
        connection.execute_batch("PRAGMA synchronous=FULL")?;
        connection.query_row("PRAGMA secure_delete=ON", [], |_| Ok(()))?;
        if let Some(bytes) = limit {
            let page: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let pages = format!("PRAGMA max_page_count={}", (bytes / page.max(1)).max(1));
            connection.query_row(&pages, [], |_| Ok(()))?;
        }
        connection.execute(TABLE, [])?;
        rusqlite::vtab::array::load_module(&connection)?;
        Ok(connection)
    }

    /// A read takes microseconds and sees every write that was confirmed before it began: it is done in place, unless
    /// somebody else is at it. On the connection that writes, if nobody does: it knows the pages it has written, where the
    /// other one has to read them anew after every write.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        match self.writing.try_lock() {
            Ok(connection) => work(&connection).map_err(StoreError::from_debug),
            Err(TryLockError::Poisoned(poisoned)) => work(&poisoned.into_inner()).map_err(StoreError::from_debug),
            Err(TryLockError::WouldBlock) => self.read_aside(work),
        }
    }

    /// A read that holds up no write.
    fn read_aside<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let reading = self.reading.as_ref().unwrap_or(&self.writing);
        let done = match reading.try_lock() {
            Ok(connection) => work(&connection),
            Err(TryLockError::Poisoned(poisoned)) => work(&poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => tokio::task::block_in_place(|| work(&lock(reading))),
        };
        done.map_err(StoreError::from_debug)
    }

    /// A write waits for the disk: the thread's other work moves to another thread meanwhile.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        tokio::task::block_in_place(|| {
            let mut connection = lock(&self.writing);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from_debug)?;
            let done = work(&transaction)?;
            transaction.commit().map_err(StoreError::from_debug)?;
            let now = Instant::now();
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            *written = Some((written.map_or(now, |(first, _)| first), now));
            Ok(done)
        })
    }

    pub fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>> {
        self.read(|connection| get(connection, store, key))
    }

    pub fn keys(&self, store: &str) -> Result<Vec<String>> {
        self.read_aside(|connection| {
            connection
                .prepare_cached("SELECT key FROM spin_key_value WHERE store=?1")?
                .query_map([store], |row| row.get(0))?
                .collect()
        })
    }

    /// Missing keys are left out; the order is the database's.
    pub fn get_many(&self, store: &str, keys: &[String]) -> Result<Pairs> {
        let keys: Vec<rusqlite::types::Value> = keys.iter().cloned().map(Into::into).collect();
        let keys = Rc::new(keys);
        self.read(|connection| {
            connection
                .prepare_cached("SELECT key, value FROM spin_key_value WHERE store=?1 AND key IN rarray(?2)")?
                .query_map(params![store, keys], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    pub fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<()> {
        self.write(|transaction| put(transaction, store, key, value))
    }

    pub fn set_many(&self, store: &str, pairs: &[(String, Vec<u8>)]) -> Result<()> {
        self.write(|transaction| pairs.iter().try_for_each(|(key, value)| put(transaction, store, key, value)))
    }

    pub fn delete(&self, store: &str, key: &str) -> Result<()> {
        self.write(|transaction| {
            transaction
                .prepare_cached("DELETE FROM spin_key_value WHERE store=?1 AND key=?2")
                .and_then(|mut statement| statement.execute([store, key]))
                .map(drop)
                .map_err(StoreError::from_debug)
        })
    }

    pub fn delete_many(&self, store: &str, keys: &[String]) -> Result<()> {
        let keys: Vec<rusqlite::types::Value> = keys.iter().cloned().map(Into::into).collect();
        let keys = Rc::new(keys);
        self.write(|transaction| {
            transaction
                .prepare_cached("DELETE FROM spin_key_value WHERE store=?1 AND key IN rarray(?2)")
                .and_then(|mut statement| statement.execute(params![store, keys]))
                .map(drop)
                .map_err(StoreError::from_debug)
        })
    }

    /// Counters are 8 bytes, little-endian; an absent one is 0.
    pub fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64> {
        self.write(|transaction| {
            let before = match get(transaction, store, key).map_err(StoreError::from_debug)? {
                None => 0,
                Some(value) => {
                    let length = value.len();
                    let bytes: [u8; 8] = value.try_into().map_err(|_| {
                        StoreError::Other(format!("cannot increment a value of {length} bytes: a counter has 8"))
                    })?;
                    i64::from_le_bytes(bytes)
                }
            };
            let after = before.checked_add(delta).ok_or_else(|| StoreError::Other("counter overflow".to_owned()))?;
            put(transaction, store, key, &after.to_le_bytes())?;
            Ok(after)
        })
    }

    /// True when the value was written. Without an expected value it is written whatever is there.
    pub fn swap(&self, store: &str, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool> {
        self.write(|transaction| match expected {
            None => put(transaction, store, key, value).map(|()| true),
            Some(expected) => transaction
                .prepare_cached("UPDATE spin_key_value SET value=?4 WHERE store=?1 AND key=?2 AND value=?3")
                .and_then(|mut statement| statement.execute(params![store, key, expected, value]))
                .map(|changed| changed == 1)
                .map_err(StoreError::from_debug),
        })
    }

    /// Empties the log when nobody has written for a while, or it is long overdue.
    pub fn tidy(&self) {
        let written = *self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_some_and(|(first, last)| last.elapsed() > QUIET || first.elapsed() > OVERDUE) {
            self.checkpoint();
        }
    }

    pub fn checkpoint(&self) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // No reader of ours is at it meanwhile: it would keep the log from being emptied.
        let _reading = self.reading.as_ref().map(lock);
        let connection = lock(&self.writing);
        // Busy readers of another process are no reason to fail: the log stays and is read at the next start.
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn get(connection: &Connection, store: &str, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.prepare_cached(GET)?.query_row([store, key], |row| row.get(0)).optional()
}

fn put(transaction: &Transaction<'_>, store: &str, key: &str, value: &[u8]) -> Result<()> {
    transaction
        .prepare_cached(PUT)
        .and_then(|mut statement| statement.execute(params![store, key, value]))
        .map(drop)
        .map_err(StoreError::from_debug)
}
