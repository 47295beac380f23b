//! The stored forms of values. Field names are short because they are written with every event.
//!
//! Unknown fields are ignored and absent ones have defaults, so that a newer version reads what an older one wrote. The
//! reverse does not hold yet: a version from before moved timers, grouped counts and filed entries of journals would set
//! aside and leave out what it does not know, so until the first release all instances of a store are of one version.

mod event;
pub mod grouped;
mod order;
mod root;
mod timer;

pub use event::{Event, FINGERPRINTS, IdEntry, Out};
pub use order::{Order, OrderDoc};
pub use root::{Cursor, Root};
pub use timer::{Entry, Job, JournalItem, JournalSlot, LetterSlot, TimerSlot};

use crate::record::LedgerError;
use crate::vault::is_encrypted;
use serde::{Serialize, de::DeserializeOwned};

/// How many write ids a value remembers: a swap whose answer was lost is found again unless more
/// than this many others succeeded in between.
pub const RING: usize = 12;

/// A value that is changed by compare-and-swap and remembers its last writers.
pub trait Ringed: Serialize + DeserializeOwned {
    /// The write ids, oldest first.
    fn ring(&mut self) -> &mut Vec<String>;
}

/// Writes a stored form.
pub fn encode<T: Serialize>(key: &str, value: &T) -> Result<Vec<u8>, LedgerError> {
    serde_json::to_vec(value).map_err(|error| LedgerError::Corrupt { key: key.to_owned(), reason: error.to_string() })
}

/// Reads a stored form.
pub fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, LedgerError> {
    serde_json::from_slice(bytes).map_err(|error| LedgerError::Corrupt {
        key: key.to_owned(),
        reason: match is_encrypted(bytes) {
            true => "encrypted, and cannot be opened: it was changed, or belongs to another key".to_owned(),
            // The position only: the text of the error may quote personal data.
            false => format!("not the expected form at byte {}", error.column()),
        },
    })
}
