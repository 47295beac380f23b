//! Key-value stores: what guests get when they open one, whatever is behind it.
//!
//! Every operation is counted and may be made to fail by the fault plan. Which component may open which store
//! is decided where guests come in, not here.

mod backend;
mod config;
mod observe;
mod redis;
mod sqlite;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use observe::Watch;
pub use observe::{StoreCounts, StoreOperation, StoreOperationKind};

use crate::error::HostError;
use backend::{Backend, CasState};

use StoreOperationKind as Kind;

/// More bytes than this in one answer are an error, as in Spin.
const LARGEST_ANSWER: usize = 128 << 20;

/// Why a store operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    fn from_debug(error: impl std::fmt::Debug) -> Self {
        Self::Other(format!("{error:?}"))
    }

    fn too_large() -> Self {
        Self::Other(format!("query result exceeds limit of {LARGEST_ANSWER} bytes"))
    }
}

/// How a swap ended, if not well.
#[derive(Debug)]
pub(crate) enum SwapError {
    /// The value was changed by someone else, or so the store says.
    Lost,
    Store(StoreError),
}

pub(crate) type Pairs = Vec<(String, Option<Vec<u8>>)>;

/// The stores of the application, by label.
#[derive(Debug)]
pub(crate) struct Stores {
    by_label: HashMap<String, Backend>,
    watch: Arc<Watch>,
}

impl Stores {
    /// Opens the stores that the runtime configuration names, and Spin's `default` when it does not.
    ///
    /// # Errors
    /// A reason with the file it is about.
    pub fn open(
        state_dir: &Path,
        runtime_config: Option<&Path>,
        limit: Option<u64>,
        watch: Arc<Watch>,
    ) -> Result<Self, HostError> {
        let mut by_label = HashMap::new();
        let mut by_file: HashMap<PathBuf, Backend> = HashMap::new();
        for (label, config) in config::read(runtime_config, state_dir)? {
            let file = Backend::file(&config).map(Path::to_owned);
            let shared = file.as_ref().and_then(|file| by_file.get(file)).cloned();
            let backend = match shared {
                Some(backend) => backend,
                None => Backend::create(&config, limit)?,
            };
            if let Some(file) = file {
                by_file.insert(file, backend.clone());
            }
            by_label.insert(label, backend);
        }
        Ok(Self { by_label, watch })
    }

    pub fn has(&self, label: &str) -> bool {
        self.by_label.contains_key(label)
    }

    /// A store as one component uses it; `None` when there is none of this label.
    pub async fn open_for(&self, label: &str, component: &Arc<str>) -> Result<Option<Store>, StoreError> {
        let Some(backend) = self.by_label.get(label) else { return Ok(None) };
        backend.open().await?;
        Ok(Some(Store {
            backend: backend.clone(),
            label: label.into(),
            component: component.clone(),
            watch: self.watch.clone(),
        }))
    }

    /// Removes from the files' logs what was overwritten meanwhile, when there is leisure for it.
    pub fn tidy(&self) {
        for backend in self.by_label.values() {
            backend.tidy();
        }
    }

    /// Leaves the files as small and whole as they can be. Failing is harmless: everything is in the log.
    pub fn checkpoint(&self) {
        for backend in self.by_label.values() {
            backend.checkpoint();
        }
    }
}

/// An open store.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Backend,
    label: Arc<str>,
    component: Arc<str>,
    watch: Arc<Watch>,
}

/// A compare-and-swap under way.
#[derive(Debug)]
pub struct Cas {
    pub store: Store,
    pub key: String,
    state: CasState,
}

impl Store {
    fn operation(&self, kind: Kind, keys: &[impl AsRef<str>]) -> StoreOperation {
        StoreOperation {
            component: self.component.as_ref().to_owned(),
            store: self.label.as_ref().to_owned(),
            kind,
            keys: keys.iter().map(|key| key.as_ref().to_owned()).collect(),
        }
    }

    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let work = async { limited(self.backend.get(&self.label, key).await?) };
        self.watch.around(|| self.operation(Kind::Get, &[key]), Kind::Get, work).await
    }

    pub async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        let work = self.backend.exists(&self.label, key);
        self.watch.around(|| self.operation(Kind::Exists, &[key]), Kind::Exists, work).await
    }

    pub async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let work = self.backend.set(&self.label, key, value);
        self.watch.around(|| self.operation(Kind::Set, &[key]), Kind::Set, work).await
    }

    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let work = self.backend.delete(&self.label, key);
        self.watch.around(|| self.operation(Kind::Delete, &[key]), Kind::Delete, work).await
    }

    pub async fn keys(&self) -> Result<Vec<String>, StoreError> {
        let work = async {
            let keys = self.backend.keys(&self.label).await?;
            let bytes: usize = keys.iter().map(|key| size_of::<String>() + key.len()).sum();
            if bytes > LARGEST_ANSWER { Err(StoreError::too_large()) } else { Ok(keys) }
        };
        self.watch.around(|| self.operation(Kind::ListKeys, &[""; 0]), Kind::ListKeys, work).await
    }

    pub async fn get_many(&self, keys: &[String]) -> Result<Pairs, StoreError> {
        let work = async {
            let pairs = self.backend.get_many(&self.label, keys).await?;
            let bytes: usize = pairs.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum();
            if bytes > LARGEST_ANSWER { Err(StoreError::too_large()) } else { Ok(pairs) }
        };
        self.watch.around(|| self.operation(Kind::GetMany, keys), Kind::GetMany, work).await
    }

    pub async fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        let work = self.backend.set_many(&self.label, pairs);
        let operation = || {
            let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
            self.operation(Kind::SetMany, &keys)
        };
        self.watch.around(operation, Kind::SetMany, work).await
    }

    pub async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        let work = self.backend.delete_many(&self.label, keys);
        self.watch.around(|| self.operation(Kind::DeleteMany, keys), Kind::DeleteMany, work).await
    }

    pub async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let work = self.backend.increment(&self.label, key, delta);
        self.watch.around(|| self.operation(Kind::Increment, &[key]), Kind::Increment, work).await
    }

    /// Begins a compare-and-swap. This alone does nothing to the store.
    pub async fn cas(&self, key: String) -> Result<Cas, StoreError> {
        Ok(Cas { state: self.backend.cas().await?, store: self.clone(), key })
    }
}

impl Cas {
    /// Reads the value and remembers it: [`Cas::swap`] succeeds only over this one.
    pub async fn current(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let store = &self.store;
        let work = store.backend.current(&store.label, &self.key, &mut self.state);
        let operation = || store.operation(Kind::CasCurrent, &[&self.key]);
        limited(store.watch.around(operation, Kind::CasCurrent, work).await?)
    }

    /// Sets the value if it is still the remembered one. On SQLite, when nothing was remembered, or the key was
    /// absent, it is set whatever is there: so does Spin.
    pub async fn swap(&self, value: &[u8]) -> Result<(), SwapError> {
        let store = &self.store;
        let work = store.backend.swap(&store.label, &self.key, &self.state, value);
        match store.watch.around(|| store.operation(Kind::Swap, &[&self.key]), Kind::Swap, work).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(SwapError::Lost),
            Err(error) => Err(SwapError::Store(error)),
        }
    }
}

fn limited(value: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError> {
    if value.as_ref().is_some_and(|value| value.len() > LARGEST_ANSWER) {
        return Err(StoreError::too_large());
    }
    Ok(value)
}
