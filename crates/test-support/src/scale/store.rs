//! The ledger's store on SQLite, with Spin's own table, in this process: for measuring and for filling quickly.
//!
//! Behaves like Spin's default store. Many calls can be put into one transaction while a store is filled, which no host
//! does.

use ringback_ledger::{Store, StoreError, SwapError};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;

use crate::memory::Operations;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,

    PRIMARY KEY (store, key)
)";
const PUT: &str = "INSERT INTO spin_key_value (store, key, value) VALUES ('default', ?1, ?2)
    ON CONFLICT(store, key) DO UPDATE SET value=?2";

/// The store. Clones share the connection.
#[derive(Clone)]
pub struct SqliteStore {
    connection: Rc<Connection>,
    operations: Rc<Cell<Operations>>,
}

/// What a swap compares with.
pub struct Cas {
    key: String,
    seen: Option<Vec<u8>>,
}

impl SqliteStore {
    /// Opens a file, as durable as the local host does.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
        connection.execute_batch("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON")?;
        connection.execute(TABLE, [])?;
        Ok(Self { connection: Rc::new(connection), operations: Rc::default() })
    }

    /// Everything until [`Self::commit`] is one transaction.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn begin(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")
    }

    /// Ends the transaction.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn commit(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("COMMIT")
    }

    /// Sets the page cache, in KiB.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn cache(&self, kib: u32) -> rusqlite::Result<()> {
        self.connection.execute_batch(&format!("PRAGMA cache_size=-{kib}"))
    }

    /// Writes the log into the file.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn checkpoint(&self) -> rusqlite::Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    /// Bytes of the file and keys in it. Reads the whole table.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn size(&self) -> rusqlite::Result<(u64, u64)> {
        let pages: u64 = self.connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let page: u64 = self.connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let keys = self.connection.query_row("SELECT count(*) FROM spin_key_value", [], |row| row.get(0))?;
        Ok((pages * page, keys))
    }

    /// What was asked so far.
    pub fn operations(&self) -> Operations {
        self.operations.get()
    }

    fn read<T>(&self, done: rusqlite::Result<T>) -> Result<T, StoreError> {
        let mut operations = self.operations.get();
        operations.reads += 1;
        self.operations.set(operations);
        done.map_err(failed)
    }

    fn written<T>(&self, done: rusqlite::Result<T>) -> Result<T, StoreError> {
        let mut operations = self.operations.get();
        operations.writes += 1;
        self.operations.set(operations);
        done.map_err(failed)
    }

    fn value(&self, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
        let mut get =
            self.connection.prepare_cached("SELECT value FROM spin_key_value WHERE store='default' AND key=?1")?;
        get.query_row([key], |row| row.get(0)).optional()
    }

    /// Does several things in one transaction, unless one is open already.
    fn together(&self, work: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        if !self.connection.is_autocommit() {
            return work();
        }
        self.begin()?;
        work()?;
        self.commit()
    }

    fn put(&self, key: &str, value: &[u8]) -> rusqlite::Result<()> {
        self.connection.prepare_cached(PUT)?.execute(params![key, value]).map(drop)
    }
}

impl Store for SqliteStore {
    type Cas = Cas;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(self.value(key))
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let marks = vec!["?"; keys.len()].join(",");
        let select = format!("SELECT key, value FROM spin_key_value WHERE store='default' AND key IN ({marks})");
        let found = self.connection.prepare_cached(&select).and_then(|mut select| {
            select.query_map(params_from_iter(keys), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        });
        self.read(found)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.written(self.put(key, value))
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.written(self.together(|| entries.iter().try_for_each(|(key, value)| self.put(key, value))))
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        let delete = |key: &String| {
            let mut delete =
                self.connection.prepare_cached("DELETE FROM spin_key_value WHERE store='default' AND key=?1")?;
            delete.execute([key]).map(drop)
        };
        self.written(self.together(|| keys.iter().try_for_each(delete)))
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let mut after = 0;
        let done = self.together(|| {
            let before = self.value(key)?.and_then(|value| value.try_into().ok()).map_or(0, i64::from_le_bytes);
            after = before + delta;
            self.put(key, &after.to_le_bytes())
        });
        self.written(done).map(|()| after)
    }

    async fn cas_read(&self, key: &str) -> Result<(Cas, Option<Vec<u8>>), StoreError> {
        let seen = self.read(self.value(key))?;
        Ok((Cas { key: key.to_owned(), seen: seen.clone() }, seen))
    }

    async fn swap(&self, cas: Cas, value: &[u8]) -> Result<(), SwapError> {
        let update = "UPDATE spin_key_value SET value=?3 WHERE store='default' AND key=?1 AND value=?2";
        let changed = match &cas.seen {
            None => self.put(&cas.key, value).map(|()| 1),
            Some(seen) => self
                .connection
                .prepare_cached(update)
                .and_then(|mut update| update.execute(params![cas.key, seen, value])),
        };
        match self.written(changed)? {
            1 => Ok(()),
            _ => Err(SwapError::Lost),
        }
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}
