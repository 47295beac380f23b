//! Meters: numbers that all processes push forward together, for limits on what strangers may do.
//!
//! On stores where counters and values mix (SQLite, Redis) no push is lost, so that what a push returns tells who came
//! first; elsewhere one may be lost where two processes push at the same moment. It costs one read and one write however
//! many push it, two more of them after it has been idle, and a fixed set of names never grows. Nothing here knows what
//! is limited, or by how much.

use crate::key::Key;
use crate::port::{Clock, Entropy, Store, StoreKind};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::{decode_counter, encode_counter};
use crate::{Ledger, check_name};

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Where meters stand, in the order of `names`; one that nobody pushed yet stands at 0. 1 read where get-many works.
    ///
    /// # Errors
    /// When a name is none, or the store fails.
    pub async fn meters(&self, names: &[&str]) -> Result<Vec<u64>, LedgerError> {
        names.iter().try_for_each(|name| check_name("meter", name))?;
        let keys: Vec<String> = names.iter().map(|name| Key::Meter(name).to_string()).collect();
        let found = self.kv.get_many(keys.clone()).await?;
        let value = |key: &String| match found.get(key) {
            Some(bytes) => decode_counter(self.kv.kind, key, bytes),
            None => Ok(0),
        };
        keys.iter().map(value).collect()
    }

    /// Pushes a meter by `by` from where it stands, or from `floor` if it was read to stand (`seen`) below that. Returns
    /// where it stands now. 1 write; from the floor a read and a write more, and where counters and values do not mix, a
    /// read more.
    ///
    /// # Errors
    /// When the name is none, or the store fails.
    pub async fn push_meter(&self, name: &str, seen: u64, floor: u64, by: u64) -> Result<u64, LedgerError> {
        check_name("meter", name)?;
        let key = Key::Meter(name).to_string();
        if !matches!(self.kv.kind, StoreKind::Sqlite | StoreKind::Redis) {
            let value = self.meters(&[name]).await?[0].max(floor).saturating_add(by);
            self.kv.set_many(&[(key, encode_counter(self.kv.kind, value))]).await?;
            return Ok(value);
        }
        if seen == 0 {
            // A swap notices others only on a key that exists.
            let _ = self.kv.increment(&key, 0).await?;
        }
        if seen < floor {
            self.kv.lift(&key, floor).await?;
        }
        self.kv.increment(&key, by).await
    }

    /// Takes a push back, of one who came too late. 1 write.
    ///
    /// # Errors
    /// When the name is none, or the store fails.
    pub async fn pull_meter(&self, name: &str, by: u64) -> Result<(), LedgerError> {
        check_name("meter", name)?;
        match self.kv.kind {
            StoreKind::Sqlite | StoreKind::Redis => self.kv.decrement(&Key::Meter(name).to_string(), by).await,
            // What is pushed there is approximate anyway.
            StoreKind::Dynamo | StoreKind::Cosmos => Ok(()),
        }
    }
}
