//! Compiling components, once per content: results are kept in the process and on disk.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::error::HostError;

type Result<T> = std::result::Result<T, HostError>;

/// How long a guest may compute before others get a turn.
const EPOCH: Duration = Duration::from_millis(10);
/// Instances alive at once, over all components: Spin's default.
const INSTANCES: u32 = 1_000;
/// Compiled components kept on disk; the ones unused for longest go first.
const KEPT: usize = 64;

/// The engine of this process: one for all hosts in it, because its reserve of address space is large.
pub(crate) fn engine() -> Result<&'static Engine> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine);
    }
    // Where address space is scarce the pool cannot be reserved: then instances are made one by one.
    let created = Engine::new(config().allocation_strategy(InstanceAllocationStrategy::Pooling(pool())))
        .or_else(|_| Engine::new(&config()))
        .map_err(|error| HostError::machine("cannot start the WebAssembly engine", format!("{error:#}")))?;
    let mut first = false;
    let engine = ENGINE.get_or_init(|| {
        first = true;
        created
    });
    if first {
        std::thread::Builder::new()
            .name("epochs".to_owned())
            .spawn(|| {
                loop {
                    std::thread::sleep(EPOCH);
                    engine.increment_epoch();
                }
            })
            .map_err(|error| HostError::machine("cannot start a thread", error))?;
    }
    Ok(engine)
}

fn config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.wasm_component_model_async(true);
    config.epoch_interruption(true);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_memories(INSTANCES)
        .total_tables(2 * INSTANCES)
        .total_stacks(INSTANCES)
        .total_core_instances(4 * INSTANCES)
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_memory_size(4 << 30)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(512 << 10);
    pool
}

/// Why a component could not be compiled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    #[error("{0}")]
    Wasm(String),
    #[error(transparent)]
    Machine(#[from] HostError),
}

/// Compiles a component, or takes it from an earlier compilation of the same bytes by the same engine. Calls
/// `on_work` before it compiles, which takes seconds.
pub(crate) fn compile(
    engine: &'static Engine,
    wasm: &[u8],
    cache: &Path,
    on_work: impl FnOnce(),
) -> std::result::Result<Component, CompileError> {
    static COMPILED: OnceLock<Mutex<HashMap<String, Component>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(Mutex::default);
    let name = cache_name(engine, wasm);
    // Held while compiling: a second host in this process waits for the first instead of doing it again.
    let mut compiled = compiled.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(component) = compiled.get(&name) {
        return Ok(component.clone());
    }
    let file = cache.join(&name);
    let component = match load(engine, &file) {
        Some(component) => component,
        None => {
            on_work();
            let component = Component::new(engine, wasm).map_err(|error| CompileError::Wasm(format!("{error:#}")))?;
            keep(&component, cache, &file)?;
            component
        }
    };
    compiled.insert(name, component.clone());
    Ok(component)
}

fn cache_name(engine: &Engine, wasm: &[u8]) -> String {
    /// Feeds what the engine says about itself into the digest.
    struct Digesting(Sha256);
    impl Hasher for Digesting {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut digest = Digesting(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut digest);
    digest.0.update(wasm);
    let hex: String = digest.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.cwasm")
}

fn load(engine: &Engine, file: &Path) -> Option<Component> {
    if !file.is_file() {
        return None;
    }
    // SAFETY: the file holds native code and is trusted as much as this program's own state folder is; it is
    // named after the exact engine and bytes, was renamed into place whole, and is only ever written by `keep`.
    let component = unsafe { Component::deserialize_file(engine, file) }.ok()?;
    // The time of the last use decides what is kept; failing to note it only makes it older.
    if let Ok(opened) = std::fs::File::open(file) {
        let _ = opened.set_modified(SystemTime::now());
    }
    Some(component)
}

fn keep(component: &Component, folder: &Path, file: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        HostError::machine(format!("cannot keep compiled components in {}", folder.display()), error)
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    prune(folder);
    let bytes = component.serialize().map_err(|error| HostError::machine("cannot serialize a component", error))?;
    let mut partial = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    partial.write_all(&bytes).map_err(failed)?;
    partial.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}

fn prune(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "cwasm"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let excess = (files.len() + 1).saturating_sub(KEPT);
    for (_, path) in files.into_iter().take(excess) {
        // Another process may have removed it already.
        let _ = std::fs::remove_file(path);
    }
}
