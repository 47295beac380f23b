//! Reads the variable `storage_keys`: what stored values are encrypted under. Encryption itself is the ledger's.

use crate::config::STORAGE_KEYS_VARIABLE;
use crate::secrets::Secrets;
use data_encoding::BASE64;
use ringback_ledger::{BadStorageKey, StorageKeys};

/// Why the variable is refused. Says which entry, and nothing that stands in it: it may be a key in the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadStorageKeys {
    /// No name and key.
    #[error("the variable `{STORAGE_KEYS_VARIABLE}`: entry {0} is not name:key; `cargo xtask key NAME` makes one")]
    Form(usize),
    /// The key is none.
    #[error(
        "the variable `{STORAGE_KEYS_VARIABLE}`: the key of entry {0} is not 32 bytes in base64; `cargo xtask key NAME` makes one"
    )]
    Key(usize),
    /// The name is none, or stands twice.
    #[error("the variable `{STORAGE_KEYS_VARIABLE}`: {0}")]
    Name(#[from] BadStorageKey),
}

/// The keys of the variable: `name:key` pairs, separated by commas or spaces, the key being 32 bytes in base64; the first
/// is to be in force. Empty: values are not encrypted.
///
/// # Errors
/// When an entry is not understood. A key that is left out by mistake would be missed only later.
pub fn storage_keys(secrets: &Secrets) -> Result<StorageKeys, BadStorageKeys> {
    let entries = secrets.get(STORAGE_KEYS_VARIABLE).split([',', ' ', '\n']).map(str::trim).filter(|e| !e.is_empty());
    let mut keys = Vec::new();
    for (at, entry) in (1..).zip(entries) {
        let (name, key) = entry.split_once(':').ok_or(BadStorageKeys::Form(at))?;
        let key = BASE64.decode(key.as_bytes()).ok().and_then(|key| key.try_into().ok());
        keys.push((name.to_owned(), key.ok_or(BadStorageKeys::Key(at))?));
    }
    Ok(StorageKeys::new(keys)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let secrets = Secrets::new(BTreeMap::from([(STORAGE_KEYS_VARIABLE.to_owned(), text.to_owned())]));
        let keys = storage_keys(&secrets).map_err(|error| error.to_string())?;
        Ok(keys.names().map(str::to_owned).collect())
    }

    #[test]
    fn keys_are_read_and_what_is_none_is_refused_without_being_shown() {
        let (one, two) = (BASE64.encode(&[1; 32]), BASE64.encode(&[2; 32]));
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read(&format!("2026-11:{one}, 2026-01:{two}")), Ok(vec!["2026-11".into(), "2026-01".into()]));
        let short = BASE64.encode(&[3; 31]);
        for (text, says) in [
            (one.clone(), "entry 1 is not name:key"),
            (format!("a:{one} {two}"), "entry 2 is not name:key"),
            (format!("a:{one},b:{short}"), "the key of entry 2"),
            (format!("a:{}", &one[1..]), "the key of entry 1"),
            (format!("{one}:{one}"), "name 1"),
            (format!("a:{one},a:{two}"), "name 2 was there before"),
        ] {
            let told = read(&text).expect_err("refused");
            assert!(told.contains(says) && told.contains("storage_keys"), "{told}");
            assert!(!told.contains(&one[..8]) && !told.contains(&two[..8]) && !told.contains(&short[..8]), "{told}");
        }
    }
}
