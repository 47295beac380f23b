//! Writes what a store in memory holds into Spin's key-value file.

use std::path::Path;

use anyhow::Result;
use ringback_test_support::MemoryStore;
use rusqlite::{Connection, params};

const TABLE: &str = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))";

/// Writes a new file; it appears whole or not at all.
pub fn write(file: &Path, store: &MemoryStore) -> Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let draft = tempfile::NamedTempFile::new_in(folder)?;
    let mut connection = Connection::open(draft.path())?;
    connection.execute(TABLE, [])?;
    let transaction = connection.transaction()?;
    for key in store.keys() {
        let value = store.peek(&key).unwrap_or_default();
        transaction.execute("INSERT INTO spin_key_value VALUES ('default', ?1, ?2)", params![key, value])?;
    }
    transaction.commit()?;
    drop(connection);
    draft.persist(file)?;
    Ok(())
}
