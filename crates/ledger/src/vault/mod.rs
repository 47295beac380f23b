//! Values encrypted at rest: who has a copy of the store, and not the operator's key, reads nothing that anybody wrote.
//!
//! Values are encrypted on their way into the store and opened on their way out; which ones, `key` says. Counters and roots
//! stay as they are. A plain value that is found where values are encrypted is read: encryption may begin later, and every write
//! encrypts. Where none is configured, all this is a look at four bytes.
//!
//! What it does not do: it hides neither keys (which are keyed hashes and numbers) nor how much is stored, and does not
//! keep who can write the store from setting it back.

mod envelope;
mod keys;
mod ring;

pub(crate) use envelope::is_encrypted;
pub use keys::{BadStorageKey, StorageKeys};

use crate::key::{self, Key};
use crate::port::{Entropy, Store, StoreError, SwapError};
use crate::record::{Encryption, LedgerError, OpenError};
use crate::store::{Kv, at};
use envelope::{Cipher, Envelope, NONCE};
use ring::Ring;
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

/// What is written at once with others: key and value.
type Entry = (String, Vec<u8>);

/// Attempts at encrypting the ring anew.
const ATTEMPTS: usize = 10;

/// What values are encrypted and opened by.
pub(crate) struct Vault<E> {
    keys: StorageKeys,
    entropy: Rc<E>,
    /// The number of the key ring; 0: values are not encrypted.
    ring: u64,
    /// What was on the ring when it was read last.
    read: RefCell<Read>,
}

#[derive(Default)]
struct Read {
    /// The last one encrypts.
    ciphers: Vec<Cipher>,
    /// The operator's keys, the one in force last.
    history: Vec<String>,
}

impl<E: Entropy> Vault<E> {
    /// A vault that encrypts nothing yet.
    pub(crate) fn new(keys: StorageKeys, entropy: Rc<E>) -> Self {
        Self { keys, entropy, ring: 0, read: RefCell::default() }
    }

    /// Whether values are to be encrypted.
    pub(crate) fn wanted(&self) -> bool {
        self.keys.first().is_some()
    }

    /// What values are encrypted under.
    pub(crate) fn encryption(&self) -> Option<Encryption> {
        let read = self.read.borrow();
        let (key, before) = read.history.split_last()?;
        let retired = self.keys.names().filter(|name| before.iter().any(|before| before == name));
        Some(Encryption { key: key.clone(), retired: retired.map(str::to_owned).collect() })
    }

    fn take(&self, ring: &Ring) {
        *self.read.borrow_mut() = Read { ciphers: ring.ciphers(), history: ring.history().to_vec() };
    }

    /// The form in which a value is stored under its key.
    pub(crate) fn encrypt<'v>(&self, key: &str, value: &'v [u8]) -> Result<Cow<'v, [u8]>, LedgerError> {
        let read = self.read.borrow();
        let Some(cipher) = read.ciphers.last().filter(|_| key::is_encrypted(key)) else {
            return Ok(Cow::Borrowed(value));
        };
        let mut nonce = [0; NONCE];
        self.entropy.fill(&mut nonce);
        let too_long = || LedgerError::Corrupt { key: key.to_owned(), reason: "too long to be encrypted".to_owned() };
        cipher.encrypt(key, value, nonce).map(Cow::Owned).ok_or_else(too_long)
    }

    /// The same for several.
    pub(crate) fn encrypt_all<'v>(&self, entries: &'v [Entry]) -> Result<Cow<'v, [Entry]>, LedgerError> {
        if self.ring == 0 {
            return Ok(Cow::Borrowed(entries));
        }
        let encrypt = |(key, value): &Entry| Ok((key.clone(), self.encrypt(key, value)?.into_owned()));
        entries.iter().map(encrypt).collect::<Result<Vec<_>, _>>().map(Cow::Owned)
    }

    /// The value of what is stored under its key. What was changed or moved is given back as it is stored, and whoever
    /// reads it finds that it is no value; none is opened by a key that is not known (given back as an error).
    fn open(&self, key: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Vec<u8>> {
        if !is_encrypted(&bytes) || !key::is_encrypted(key) {
            return Ok(bytes);
        }
        let Some(envelope) = Envelope::of(&bytes) else { return Ok(bytes) };
        let read = self.read.borrow();
        match read.ciphers.iter().rfind(|cipher| cipher.name == envelope.name) {
            Some(cipher) => Ok(cipher.open(key, &envelope).unwrap_or(bytes)),
            None => Err(bytes),
        }
    }
}

impl<S: Store, E: Entropy> Kv<S, E> {
    /// The value of what is stored under its key. A key that another process has made since is looked for: 1 read.
    pub(crate) async fn opened(&self, key: &str, bytes: Vec<u8>) -> Result<Vec<u8>, LedgerError> {
        match self.vault.open(key, bytes) {
            Ok(value) => Ok(value),
            Err(bytes) => self.opened_anew(key, bytes).await,
        }
    }

    async fn opened_anew(&self, key: &str, bytes: Vec<u8>) -> Result<Vec<u8>, LedgerError> {
        let locked = || LedgerError::Locked { key: key.to_owned() };
        if self.vault.ring == 0 {
            return Err(locked());
        }
        let (place, stored) = self.stored_ring(self.vault.ring).await?;
        let ring = Ring::open(&place, &self.vault.keys, &stored).map_err(|error| match error {
            OpenError::Ledger(error) => error,
            _ => locked(),
        })?;
        self.vault.take(&ring);
        self.vault.open(key, bytes).map_err(|_| locked())
    }

    async fn stored_ring(&self, number: u64) -> Result<(String, Vec<u8>), LedgerError> {
        let place = Key::Ring(number).to_string();
        match self.get_as_stored(&place).await? {
            Some(bytes) => Ok((place, bytes)),
            None => Err(crate::missing(place)),
        }
    }

    /// Stores a new ring, under the first of the operator's keys, which there must be. It is good once the origin names it.
    pub(crate) async fn make_ring(&self, number: u64) -> Result<(), LedgerError> {
        let place = Key::Ring(number).to_string();
        let Some((name, _)) = self.vault.keys.first() else { return Err(LedgerError::Locked { key: place }) };
        let entropy = &*self.vault.entropy;
        let bytes = Ring::new(name, entropy).encrypt(&place, &self.vault.keys, entropy)?;
        self.store.set(&place, &bytes).await.map_err(at(&place))
    }

    /// Reads the ring, and encrypts it anew if the first of the operator's keys was never in force: 1 read, at a rotation a
    /// write and two reads more. From then on values are encrypted.
    pub(crate) async fn unlock(&mut self, number: u64) -> Result<(), OpenError> {
        self.vault.ring = number;
        if number == 0 {
            return Ok(());
        }
        for _ in 0..ATTEMPTS {
            let (place, bytes) = self.stored_ring(number).await?;
            let ring = Ring::open(&place, &self.vault.keys, &bytes)?;
            let wanted = self.vault.keys.first().map_or("", |(name, _)| name);
            if ring.was_under(wanted) || !self.rotate(&place, &bytes, ring.clone()).await? {
                self.vault.take(&ring);
                return Ok(());
            }
        }
        Err(LedgerError::Contended { key: Key::Ring(number).to_string() }.into())
    }

    /// Tries to encrypt the ring anew. Whether it was done, the next reading tells; false: there is no room to do it, and what
    /// was read holds until there is.
    async fn rotate(&self, place: &str, read: &[u8], ring: Ring) -> Result<bool, LedgerError> {
        let (cas, current) = self.store.cas_read(place).await.map_err(at(place))?;
        if current.as_deref() != Some(read) {
            return Ok(true);
        }
        let entropy = &*self.vault.entropy;
        let wanted = self.vault.keys.first().map_or("", |(name, _)| name);
        let bytes = ring.rotated(wanted, entropy).encrypt(place, &self.vault.keys, entropy)?;
        Ok(!matches!(self.store.swap(cas, &bytes).await, Err(SwapError::Store(StoreError::Full))))
    }
}
