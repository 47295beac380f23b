//! The library's face: says how a host shall be and starts it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::error::HostError;
use crate::faults::FaultPlan;
use crate::http::{App, Life};
use crate::logs::Logs;
use crate::manifest::Manifest;
use crate::outbound::Here;
use crate::running::Running;
use crate::start::{self, Means};
use crate::store::{Stores, Watch};

/// A host to be started.
pub struct Host {
    manifest: PathBuf,
    listen: SocketAddr,
    state_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    runtime_config: Option<PathBuf>,
    store_limit: Option<u64>,
    variables: BTreeMap<String, String>,
    clock: Arc<dyn Clock>,
    faults: FaultPlan,
    ticker: bool,
    show_logs: bool,
}

impl Host {
    /// Begins with a manifest and the defaults: a free port of 127.0.0.1, state in `.spin` beside the manifest,
    /// the machine's clock, no faults, the ticker on, logs kept but not shown.
    #[must_use]
    pub fn builder(manifest: impl Into<PathBuf>) -> Self {
        Self {
            manifest: manifest.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            state_dir: None,
            cache_dir: None,
            runtime_config: None,
            store_limit: None,
            variables: BTreeMap::new(),
            clock: Arc::new(SystemClock),
            faults: FaultPlan::new(),
            ticker: true,
            show_logs: false,
        }
    }

    /// The address to listen on; port 0 takes a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The folder of the key-value file. It is created.
    #[must_use]
    pub fn state_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state_dir = Some(folder.into());
        self
    }

    /// The folder of compiled components; `.spin/compiled` beside the manifest when not given. Hosts may share
    /// it, and should: compiling takes seconds.
    #[must_use]
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(folder.into());
        self
    }

    /// A runtime configuration in Spin's form; only its key-value stores are supported.
    #[must_use]
    pub fn runtime_config(mut self, file: impl Into<PathBuf>) -> Self {
        self.runtime_config = Some(file.into());
        self
    }

    /// The largest size of a key-value file, in bytes: what does not fit fails as on a full disk.
    #[must_use]
    pub fn store_limit(mut self, bytes: u64) -> Self {
        self.store_limit = Some(bytes);
        self
    }

    /// The value of an application variable; goes before the environment and the default.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The wall clock of the components.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Faults on purpose. The plan may be changed while the host runs.
    #[must_use]
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults = plan;
        self
    }

    /// Whether the manifest's ticker runs; off, a test calls the component itself.
    #[must_use]
    pub fn ticker(mut self, on: bool) -> Self {
        self.ticker = on;
        self
    }

    /// Whether lines of components are shown on stderr as well as kept.
    #[must_use]
    pub fn show_logs(mut self, show: bool) -> Self {
        self.show_logs = show;
        self
    }

    /// Starts. The host has threads of its own: it does not matter in which runtime this is called.
    ///
    /// # Errors
    /// [`HostError`]; nothing is left running then.
    pub async fn start(self) -> Result<Running, HostError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("host")
            .build()
            .map_err(|error| HostError::machine("cannot start threads", error))?;
        // Owned by `Running` from here on: dropping a runtime inside another one would panic.
        let mut running = Running::new(runtime, Logs::new(self.show_logs), Watch::new(self.faults.clone()));
        let (logs, watch, life) = (running.logs.clone(), running.watch.clone(), running.life.clone());
        let built = running.handle().spawn_blocking(move || Built::new(self, logs, watch, life)).await;
        let built = built.map_err(|error| HostError::machine("starting failed", error))??;
        running.serve(built).await?;
        Ok(running)
    }
}

/// An application that is ready but does not listen yet.
pub(crate) struct Built {
    pub listen: SocketAddr,
    pub manifest: Manifest,
    pub app: Arc<App>,
    pub here: Arc<Here>,
    pub stores: Arc<Stores>,
    pub ticker: bool,
}

impl Built {
    fn new(host: Host, logs: Logs, watch: Arc<Watch>, life: Life) -> Result<Self, HostError> {
        let manifest = Manifest::load(&host.manifest)?;
        let own = manifest.root.join(".spin");
        let state = host.state_dir.unwrap_or_else(|| own.clone());
        let stores = Arc::new(Stores::open(&state, host.runtime_config.as_deref(), host.store_limit, watch)?);
        let means = Means {
            variables: host.variables,
            stores: stores.clone(),
            cache: host.cache_dir.unwrap_or_else(|| own.join("compiled")),
            state,
            clock: host.clock,
            faults: host.faults,
            logs,
            life,
        };
        let (app, here) = start::application(&manifest, &means)?;
        Ok(Self { listen: host.listen, manifest, app, here, stores, ticker: host.ticker })
    }
}
