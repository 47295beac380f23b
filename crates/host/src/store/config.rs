//! Which store is behind which label: the `[key_value_store.<label>]` tables of Spin's runtime configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::HostError;

/// What is behind a label.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StoreConfig {
    /// SQLite in a file.
    File(PathBuf),
    /// SQLite that is gone with the process.
    Memory,
    /// A Redis server.
    Redis(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "snake_case")]
enum Written {
    Spin { path: Option<PathBuf> },
    Redis { url: String },
}

/// Reads the configuration; without one there is `default` alone, in Spin's own file.
pub(super) fn read(path: Option<&Path>, state_dir: &Path) -> Result<BTreeMap<String, StoreConfig>, HostError> {
    let mut stores = BTreeMap::new();
    if let Some(path) = path {
        let failed = |reason: String| HostError::RuntimeConfig { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        stores = parse(&text, state_dir).map_err(failed)?;
    }
    stores.entry("default".to_owned()).or_insert_with(|| StoreConfig::File(state_dir.join("sqlite_key_value.db")));
    Ok(stores)
}

fn parse(text: &str, state_dir: &Path) -> Result<BTreeMap<String, StoreConfig>, String> {
    let mut document: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let stores = match document.remove("key_value_store") {
        None => toml::Table::new(),
        Some(toml::Value::Table(stores)) => stores,
        Some(_) => return Err("`key_value_store` must be a table of stores".to_owned()),
    };
    if let Some(key) = document.keys().next() {
        return Err(format!("`{key}` is not supported by this host"));
    }
    stores
        .into_iter()
        .map(|(label, table)| {
            let written: Written = table
                .try_into()
                .map_err(|error: toml::de::Error| format!("key_value_store.{label}: {}", error.message()))?;
            let config = match written {
                Written::Spin { path: None } => StoreConfig::Memory,
                Written::Spin { path: Some(path) } => StoreConfig::File(state_dir.join(path)),
                Written::Redis { url } if redis::parse_redis_url(&url).is_none() => {
                    return Err(format!("key_value_store.{label}: not a Redis URL, such as redis://127.0.0.1:6379"));
                }
                Written::Redis { url } => StoreConfig::Redis(url),
            };
            Ok((label, config))
        })
        .collect()
}
