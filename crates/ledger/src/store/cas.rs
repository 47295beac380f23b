//! Compare-and-swap that survives answers which say nothing.
//!
//! Every value carries a ring of the last write ids. A swap that reports failure may have been
//! applied (Redis always reports failure), so the value is read again: our id in the ring means
//! that it was. Nothing is ever swapped after a failed read.

use super::{Kv, at};
use crate::mutation::Mutation;
use crate::port::{Entropy, Store, StoreError, StoreKind, SwapError};
use crate::record::LedgerError;
use crate::stored::{RING, Ringed, decode, encode};

/// Swaps that may be lost to others before giving up.
const LOST: usize = 100;
/// Swaps that may fail in the store before giving up.
const FAILED: usize = 5;
/// Reads of a key that must exist, where a read may miss it.
const MISSED: usize = 8;

/// What to do with the value that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Write,
    Leave,
}

/// What became of it.
pub(crate) enum Outcome<T> {
    /// Written; the value as we wrote it, or as it is now if others wrote after us.
    Written(T),
    /// The closure left it.
    Left(T),
    /// There is no such key.
    Absent,
}

impl<S: Store, E: Entropy> Kv<S, E> {
    /// Changes the value of an existing key. `wid` must be unique to this change.
    ///
    /// `f` is called once an attempt, and may perform I/O.
    pub(crate) async fn cas<T: Ringed>(
        &self,
        key: &str,
        wid: &str,
        mut f: impl AsyncFnMut(&mut T) -> Result<Verdict, LedgerError>,
    ) -> Result<Outcome<T>, LedgerError> {
        let mut failed = 0;
        for _ in 0..LOST {
            let (cas, bytes) = self.cas_read(key).await?;
            let Some(bytes) = bytes else {
                return Ok(Outcome::Absent);
            };
            let mut value: T = decode(key, &bytes)?;
            if self.wrote(value.ring(), wid) {
                return Ok(Outcome::Written(value));
            }
            if f(&mut value).await? == Verdict::Leave {
                return Ok(Outcome::Left(value));
            }
            let ring = value.ring();
            ring.push(wid.to_owned());
            let excess = ring.len().saturating_sub(RING);
            ring.drain(..excess);
            let new = encode(key, &value)?;
            match self.store.swap(cas, &self.vault.encrypt(key, &new)?).await {
                Ok(()) => return Ok(Outcome::Written(value)),
                Err(SwapError::Lost) => {}
                Err(SwapError::Store(source)) => {
                    failed += 1;
                    if failed >= FAILED || source == StoreError::Full {
                        return self.settle(key, wid, source).await;
                    }
                }
            }
        }
        Err(LedgerError::Contended { key: key.to_owned() })
    }

    /// The last look after a swap that the store failed.
    async fn settle<T: Ringed>(&self, key: &str, wid: &str, source: StoreError) -> Result<Outcome<T>, LedgerError> {
        if let (_, Some(bytes)) = self.cas_read(key).await? {
            let mut value: T = decode(key, &bytes)?;
            if self.wrote(value.ring(), wid) {
                return Ok(Outcome::Written(value));
            }
        }
        Err(at(key)(source))
    }

    fn wrote(&self, ring: &[String], wid: &str) -> bool {
        if self.mutations.has(Mutation::LastWriteOnly) {
            return ring.last().is_some_and(|last| last == wid);
        }
        ring.iter().any(|w| w == wid)
    }

    async fn cas_read(&self, key: &str) -> Result<(S::Cas, Option<Vec<u8>>), LedgerError> {
        let mut read = self.store.cas_read(key).await.map_err(at(key))?;
        if self.kind == StoreKind::Cosmos {
            for _ in 1..MISSED {
                if read.1.is_some() {
                    break;
                }
                read = self.store.cas_read(key).await.map_err(at(key))?;
            }
        }
        Ok(match read {
            (cas, Some(bytes)) => (cas, Some(self.opened(key, bytes).await?)),
            absent => absent,
        })
    }

    /// Writes a key that must not exist yet, on a store that can tell (Cosmos). False: it exists.
    pub(crate) async fn create(&self, key: &str, value: &[u8]) -> Result<bool, LedgerError> {
        let mut last = StoreError::Failed("swap never confirmed".to_owned());
        for _ in 0..FAILED {
            let (cas, current) = self.store.cas_read(key).await.map_err(at(key))?;
            if let Some(current) = current {
                return Ok(self.opened(key, current).await? == value);
            }
            match self.store.swap(cas, &self.vault.encrypt(key, value)?).await {
                Ok(()) => return Ok(true),
                Err(SwapError::Lost) => {}
                Err(SwapError::Store(source)) => last = source,
            }
        }
        Err(at(key)(last))
    }
}
