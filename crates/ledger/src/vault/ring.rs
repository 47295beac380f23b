//! The key ring: the keys that values are really encrypted by, in one stored value that is itself encrypted under a key of the
//! operator's.
//!
//! A rotation makes a new key for what is written from then on, and encrypts the ring anew. So the operator's key before is
//! needed by nothing more as soon as that one value is written, whatever is stored; and whether the right key is there is
//! known as soon as the ring was read.

use super::envelope::{Cipher, Envelope};
use super::keys::StorageKeys;
use crate::port::Entropy;
use crate::record::{LedgerError, OpenError};
use crate::stored::{decode, encode};
use serde::{Deserialize, Serialize};

/// `r:` the key ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ring {
    /// Keys of values; the last one encrypts.
    k: Vec<ValueKey>,
    /// Names of the operator's keys that it was encrypted under; the last one is in force.
    by: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ValueKey {
    /// Its number, which stands with every value that it encrypts.
    n: u32,
    b: [u8; 32],
}

impl std::fmt::Debug for ValueKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ValueKey({})", self.n)
    }
}

impl Ring {
    /// A ring with one key, under the operator's key of this name.
    pub(super) fn new(name: &str, entropy: &impl Entropy) -> Self {
        Self { k: Vec::new(), by: Vec::new() }.rotated(name, entropy)
    }

    /// The ring with a new key for values, under another of the operator's keys.
    pub(super) fn rotated(mut self, name: &str, entropy: &impl Entropy) -> Self {
        let mut key = ValueKey { n: self.k.last().map_or(0, |last| last.n) + 1, b: [0; 32] };
        entropy.fill(&mut key.b);
        self.k.push(key);
        self.by.push(name.to_owned());
        self
    }

    /// Whether it was ever encrypted under the operator's key of this name. Once it was, it does not go back to it: a process
    /// that has the keys in the order from before a rotation must not undo it.
    pub(super) fn was_under(&self, name: &str) -> bool {
        self.by.iter().any(|by| by == name)
    }

    /// The names of the operator's keys, the one in force last.
    pub(super) fn history(&self) -> &[String] {
        &self.by
    }

    /// What values are encrypted and opened by; the last one encrypts.
    pub(super) fn ciphers(&self) -> Vec<Cipher> {
        self.k.iter().map(|key| Cipher::new(&key.n.to_string(), &key.b)).collect()
    }

    /// The stored form, under the operator's key that is in force.
    pub(super) fn encrypt(
        &self,
        place: &str,
        keys: &StorageKeys,
        entropy: &impl Entropy,
    ) -> Result<Vec<u8>, LedgerError> {
        let plain = encode(place, self)?;
        let mut nonce = [0; super::envelope::NONCE];
        entropy.fill(&mut nonce);
        let name = self.by.last().map(String::as_str).unwrap_or_default();
        let encrypted = keys.get(name).and_then(|key| Cipher::new(name, key).encrypt(place, &plain, nonce));
        encrypted.ok_or_else(|| LedgerError::Locked { key: place.to_owned() })
    }

    /// Reads the stored form.
    pub(super) fn open(place: &str, keys: &StorageKeys, bytes: &[u8]) -> Result<Self, OpenError> {
        let Some(envelope) = Envelope::of(bytes) else {
            let reason = "not an encrypted key ring".to_owned();
            return Err(LedgerError::Corrupt { key: place.to_owned(), reason }.into());
        };
        let name = envelope.name.to_owned();
        let Some(key) = keys.get(&name) else { return Err(OpenError::MissingKey { name }) };
        match Cipher::new(&name, key).open(place, &envelope) {
            Some(plain) => Ok(decode(place, &plain)?),
            None => Err(OpenError::WrongKey { name }),
        }
    }
}
