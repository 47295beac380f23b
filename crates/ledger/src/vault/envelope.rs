//! One encrypted value: a mark, the name of the key in the clear, a nonce, and what XChaCha20-Poly1305 makes of the value.
//!
//! The key it is stored under is authenticated with it, so that a value is good in its place only. What was there before
//! (a replay of an older value under the same key) is not noticed: this keeps a copy of the store from being read, not a
//! store from being set back by who can write it.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

/// What every encrypted value begins with, and nothing else that the ledger writes: JSON and lists of slots are text.
const MARK: [u8; 4] = *b"\0rb1";
/// The cipher's nonces: long enough to be drawn at random for every value.
pub(super) const NONCE: usize = 24;

/// A key that encrypts and opens, with its name.
pub(super) struct Cipher {
    pub(super) name: String,
    cipher: XChaCha20Poly1305,
}

/// An encrypted value, taken apart.
pub(super) struct Envelope<'a> {
    /// The name of the key that it was encrypted by.
    pub(super) name: &'a str,
    nonce: [u8; NONCE],
    encrypted: &'a [u8],
}

/// Whether a value is encrypted, or was.
pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(&MARK)
}

impl<'a> Envelope<'a> {
    /// Takes a value apart; none when it is not encrypted, or was cut short.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let (&length, rest) = bytes.strip_prefix(&MARK)?.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        let (nonce, encrypted) = rest.split_first_chunk()?;
        Some(Self { name: std::str::from_utf8(name).ok()?, nonce: *nonce, encrypted })
    }
}

impl Cipher {
    /// The cipher of a key.
    pub(super) fn new(name: &str, key: &[u8; 32]) -> Self {
        Self { name: name.to_owned(), cipher: XChaCha20Poly1305::new(key.into()) }
    }

    /// Encrypts a value for its place; none when it is longer than the cipher takes (256 GB), or the key's name than 255 bytes.
    pub(super) fn encrypt(&self, place: &str, value: &[u8], nonce: [u8; NONCE]) -> Option<Vec<u8>> {
        let encrypted = self.cipher.encrypt(&nonce.into(), Payload { msg: value, aad: place.as_bytes() }).ok()?;
        let mut bytes = Vec::with_capacity(MARK.len() + 1 + self.name.len() + NONCE + encrypted.len());
        bytes.extend(MARK);
        bytes.push(u8::try_from(self.name.len()).ok()?);
        bytes.extend(self.name.as_bytes());
        bytes.extend(nonce);
        bytes.extend(encrypted);
        Some(bytes)
    }

    /// Opens a value in its place; none when it was changed, moved, or encrypted by another key of the same name.
    pub(super) fn open(&self, place: &str, envelope: &Envelope<'_>) -> Option<Vec<u8>> {
        let payload = Payload { msg: envelope.encrypted, aad: place.as_bytes() };
        self.cipher.decrypt(&envelope.nonce.into(), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn opened(cipher: &Cipher, place: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        Envelope::of(bytes).filter(|envelope| envelope.name == cipher.name).and_then(|e| cipher.open(place, &e))
    }

    proptest! {
        #[test]
        fn what_is_encrypted_opens_in_its_place_under_its_key_and_nowhere_else(
            name in "[a-z0-9._-]{1,32}", key: [u8; 32], other: [u8; 32], nonce: [u8; NONCE], value: Vec<u8>,
        ) {
            let cipher = Cipher::new(&name, &key);
            let encrypted = cipher.encrypt("k:00:1", &value, nonce).expect("encrypted");
            prop_assert!(is_encrypted(&encrypted));
            prop_assert_eq!(opened(&cipher, "k:00:1", &encrypted), Some(value));
            prop_assert_eq!(opened(&cipher, "k:00:2", &encrypted), None);
            prop_assume!(other != key);
            prop_assert_eq!(opened(&Cipher::new(&name, &other), "k:00:1", &encrypted), None);
        }

        #[test]
        fn anything_may_be_taken_apart(bytes: Vec<u8>, cut in 0_usize..64) {
            let _ = Envelope::of(&bytes);
            let marked = [MARK.as_slice(), &bytes].concat();
            let _ = Envelope::of(&marked[..cut.min(marked.len())]);
        }
    }

    #[test]
    fn no_byte_can_be_changed_and_none_cut_off() {
        let cipher = Cipher::new("2026-11", &[7; 32]);
        let encrypted = cipher.encrypt("u:p:1", b"{\"said\":\"a secret\"}", [9; NONCE]).expect("encrypted");
        assert!(!encrypted.windows(6).any(|part| part == b"secret"));
        for at in 0..encrypted.len() {
            for bit in [1, 0x80] {
                let mut changed = encrypted.clone();
                changed[at] ^= bit;
                assert_eq!(opened(&cipher, "u:p:1", &changed), None, "byte {at}");
            }
            assert_eq!(opened(&cipher, "u:p:1", &encrypted[..at]), None, "{at} bytes left");
        }
        let longer = [encrypted.as_slice(), b"x"].concat();
        assert_eq!(opened(&cipher, "u:p:1", &longer), None);
    }

    #[test]
    fn the_form_is_the_one_that_stores_hold() {
        let key: [u8; 32] = std::array::from_fn(|i| 0x80 + i as u8);
        let encrypted = Cipher::new("a", &key).encrypt("k:00:1", b"{}", [0x40; NONCE]).expect("encrypted");
        assert_eq!(&encrypted[..6], b"\0rb1\x01a");
        assert_eq!(encrypted[6..30], [0x40; NONCE]);
        let made = encrypted[30..].iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(made, "8d3e81e8ebf436405eff3848bf09b88ecc63");
    }
}
