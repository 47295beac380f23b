//! The ledger's store on `wasi:keyvalue`, as Spin offers it. Translates calls; how each store behind it departs from
//! the interface is the ledger's business.

use crate::bindings::wasi::keyvalue::atomics::{self, Cas, CasError};
use crate::bindings::wasi::keyvalue::batch;
use crate::bindings::wasi::keyvalue::store::{self, Bucket, Error};
use ringback_ledger::{Store, StoreError, SwapError};

/// The application's key-value store.
pub struct SpinStore(Bucket);

impl SpinStore {
    /// Opens a store by its name in `spin.toml`.
    ///
    /// # Errors
    /// When the component has no such store.
    pub fn open(name: &str) -> Result<Self, StoreError> {
        store::open(name).map(Self).map_err(failed)
    }
}

/// A full disk is told apart, because the answer to it is different; everything else stays the store's words.
fn failed(error: Error) -> StoreError {
    match error {
        Error::NoSuchStore => StoreError::Failed("no such store: add it to key_value_stores in spin.toml".to_owned()),
        Error::AccessDenied => StoreError::Failed("access denied: add it to key_value_stores in spin.toml".to_owned()),
        Error::Other(words) => {
            let said = words.to_ascii_lowercase();
            let full = ["disk is full", "diskfull", "sqlite_full", "oom command not allowed"];
            if full.iter().any(|sign| said.contains(sign)) { StoreError::Full } else { StoreError::Failed(words) }
        }
    }
}

impl Store for SpinStore {
    type Cas = Cas;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key).map_err(failed)
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let found = batch::get_many(&self.0, keys).map_err(failed)?;
        Ok(found.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.0.set(key, value).map_err(failed)
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        batch::set_many(&self.0, entries).map_err(failed)
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        batch::delete_many(&self.0, keys).map_err(failed)
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        atomics::increment(&self.0, key, delta).map_err(failed)
    }

    async fn cas_read(&self, key: &str) -> Result<(Cas, Option<Vec<u8>>), StoreError> {
        let cas = Cas::new(&self.0, key).map_err(failed)?;
        let value = cas.current().map_err(failed)?;
        Ok((cas, value))
    }

    async fn swap(&self, cas: Cas, value: &[u8]) -> Result<(), SwapError> {
        atomics::swap(cas, value).map_err(|error| match error {
            CasError::CasFailed(_) => SwapError::Lost,
            CasError::StoreError(error) => SwapError::Store(failed(error)),
        })
    }
}
