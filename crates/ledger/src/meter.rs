//! Meters: numbers that all processes push forward together, for limits on what strangers may do.
//!
//! A meter is no book: where two processes set out from the same idle meter at the same moment, one push may be lost. It
//! costs one read and one write however many push it, and a fixed set of names never grows. Nothing here knows what is
//! limited, or by how much.

use crate::key::Key;
use crate::port::{Clock, Entropy, Store, StoreKind};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::decode_counter;
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
    /// where it stands now. 1 write; where counters and values do not mix, a read more.
    ///
    /// # Errors
    /// When the name is none, or the store fails.
    pub async fn push_meter(&self, name: &str, seen: u64, floor: u64, by: u64) -> Result<u64, LedgerError> {
        check_name("meter", name)?;
        let key = Key::Meter(name).to_string();
        let counts = matches!(self.kv.kind, StoreKind::Sqlite | StoreKind::Redis);
        if seen >= floor && counts {
            return self.kv.increment(&key, by).await;
        }
        let stands = if counts { seen } else { self.meters(&[name]).await?[0] };
        let value = stands.max(floor).saturating_add(by);
        let bytes = match self.kv.kind {
            StoreKind::Sqlite => value.to_le_bytes().to_vec(),
            _ => value.to_string().into_bytes(),
        };
        self.kv.set_many(&[(key, bytes)]).await?;
        Ok(value)
    }
}
