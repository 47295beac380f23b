//! The keys that an operator gives. They encrypt nothing but the key ring, and are never shown.

use std::fmt;
use thiserror::Error;

/// Keys by name: the first is the one that is to be in force, the others are those before it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StorageKeys(Vec<(String, [u8; 32])>);

/// Why storage keys are refused. Says nothing of a key but its place.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadStorageKey {
    /// Names stand in the store and in logs.
    #[error("name {0} is not made of 1 to 32 letters, digits, `.`, `_` and `-`")]
    Name(usize),
    /// Which of them is meant could not be told.
    #[error("name {0} was there before")]
    Repeated(usize),
}

impl StorageKeys {
    /// Takes keys by name, the one that is to be in force first. None: values are not encrypted.
    ///
    /// # Errors
    /// When a name is none, or stands twice; counted from 1.
    pub fn new(keys: Vec<(String, [u8; 32])>) -> Result<Self, BadStorageKey> {
        for (at, (name, _)) in keys.iter().enumerate() {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            if !(1..=32).contains(&name.len()) || !name.bytes().all(fits) {
                return Err(BadStorageKey::Name(at + 1));
            }
            if keys[..at].iter().any(|(before, _)| before == name) {
                return Err(BadStorageKey::Repeated(at + 1));
            }
        }
        Ok(Self(keys))
    }

    /// The one that is to be in force.
    pub(super) fn first(&self) -> Option<(&str, &[u8; 32])> {
        self.0.first().map(|(name, key)| (name.as_str(), key))
    }

    /// The key of a name.
    pub(super) fn get(&self, name: &str) -> Option<&[u8; 32]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, key)| key)
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for StorageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_keys_are_never_shown() {
        let keys =
            |names: &[&str]| StorageKeys::new(names.iter().map(|name| ((*name).to_owned(), [213; 32])).collect());
        assert_eq!(keys(&["a", ""]), Err(BadStorageKey::Name(2)));
        assert_eq!(keys(&["a b"]), Err(BadStorageKey::Name(1)));
        assert_eq!(keys(&[&"x".repeat(33)]), Err(BadStorageKey::Name(1)));
        assert_eq!(keys(&["a", "b", "a"]), Err(BadStorageKey::Repeated(3)));
        let shown = format!("{:?}", keys(&["2026-11", "2026-01"]).expect("keys"));
        assert_eq!(shown, r#"["2026-11", "2026-01"]"#);
    }
}
