//! The library's face: build a host, start it, ask it, stop it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, SystemClock};
use crate::error::HostError;
use crate::faults::FaultPlan;
use crate::http::{self, App, Life};
use crate::logs::{LogLine, Logs};
use crate::manifest::Manifest;
use crate::start::{self, Means};
use crate::store::{StoreCounts, Stores, Watch};
use crate::ticker;

/// How long a shutdown waits for answers and for work that goes on after them.
const DRAIN: Duration = Duration::from_secs(10);

/// A host to be started.
pub struct Host {
    manifest: PathBuf,
    listen: SocketAddr,
    state_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    runtime_config: Option<PathBuf>,
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
struct Built {
    listen: SocketAddr,
    manifest: Manifest,
    app: Arc<App>,
    here: Arc<crate::outbound::Here>,
    stores: Arc<Stores>,
    ticker: bool,
}

impl Built {
    fn new(host: Host, logs: Logs, watch: Arc<Watch>, life: Life) -> Result<Self, HostError> {
        let manifest = Manifest::load(&host.manifest)?;
        let own = manifest.root.join(".spin");
        let state = host.state_dir.unwrap_or_else(|| own.clone());
        let stores = Arc::new(Stores::open(&state, host.runtime_config.as_deref(), watch)?);
        let means = Means {
            variables: host.variables,
            stores: stores.clone(),
            cache: host.cache_dir.unwrap_or_else(|| own.join("compiled")),
            clock: host.clock,
            faults: host.faults,
            logs,
            life,
        };
        let (app, here) = start::application(&manifest, &means)?;
        Ok(Self { listen: host.listen, manifest, app, here, stores, ticker: host.ticker })
    }
}

/// A host that is running. Dropping it stops everything at once, like a crash; [`Running::shutdown`] does not.
pub struct Running {
    address: SocketAddr,
    manifest: Option<Manifest>,
    app: Option<Arc<App>>,
    stores: Option<Arc<Stores>>,
    logs: Logs,
    watch: Arc<Watch>,
    life: Life,
    closing: CancellationToken,
    tasks: TaskTracker,
    runtime: Option<Runtime>,
}

impl Running {
    fn new(runtime: Runtime, logs: Logs, watch: Watch) -> Self {
        Self {
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            manifest: None,
            app: None,
            stores: None,
            logs,
            watch: Arc::new(watch),
            life: Life::default(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            runtime: Some(runtime),
        }
    }

    fn handle(&self) -> tokio::runtime::Handle {
        match &self.runtime {
            Some(runtime) => runtime.handle().clone(),
            None => unreachable!("only `drop` takes the runtime"),
        }
    }

    async fn serve(&mut self, built: Built) -> Result<(), HostError> {
        let address = built.listen;
        let handle = self.handle();
        let failed = |source| HostError::Listen { address, source };
        let bound = handle.spawn(TcpListener::bind(address)).await;
        let listener = bound.map_err(|error| HostError::machine("starting failed", error))?.map_err(failed)?;
        self.address = listener.local_addr().map_err(failed)?;
        // Set once, here, before the first request.
        let _ = built.here.address.set(self.address);
        let (closing, tasks) = (self.closing.clone(), self.tasks.clone());
        self.tasks.spawn_on(http::serve(built.app.clone(), listener, closing, tasks), &handle);
        if built.ticker {
            for tick in built.manifest.ticks.clone() {
                let run = ticker::run(tick, built.app.clone(), self.logs.clone(), self.closing.clone());
                self.tasks.spawn_on(run, &handle);
            }
        }
        self.manifest = Some(built.manifest);
        self.app = Some(built.app);
        self.stores = Some(built.stores);
        Ok(())
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `http://<address>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The manifest it runs.
    ///
    /// # Panics
    /// Never: a host that was started has one.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        self.manifest.as_ref().unwrap_or_else(|| unreachable!("set by `start`"))
    }

    /// Public routes with their components, then those that answer only by chaining.
    #[must_use]
    pub fn routes(&self) -> Vec<(String, String)> {
        let mut routes = self.app.as_ref().map(|app| app.routes()).unwrap_or_default();
        let private = self.manifest.as_ref().map(start::private).unwrap_or_default();
        routes.extend(private.into_iter().map(|component| ("(private)".to_owned(), component)));
        routes
    }

    /// Lines of the components so far, the latest 10 000.
    #[must_use]
    pub fn logs(&self) -> Vec<LogLine> {
        self.logs.all()
    }

    /// Store operations so far.
    #[must_use]
    pub fn store_operations(&self) -> StoreCounts {
        self.watch.counts()
    }

    /// Stops: no new connections, then waits for answers and for the work that goes on after them, at most 10 s,
    /// then leaves the store's file whole. True when everything had ended by itself.
    pub async fn shutdown(self) -> bool {
        self.closing.cancel();
        self.tasks.close();
        let (tasks, life, stores) = (self.tasks.clone(), self.life.clone(), self.stores.clone());
        let drained = self.handle().spawn(async move {
            let until = tokio::time::Instant::from_std(Instant::now() + DRAIN);
            let answered = tokio::time::timeout_at(until, tasks.wait()).await.is_ok();
            life.closing.cancel();
            life.instances.close();
            let ended = tokio::time::timeout_at(until, life.instances.wait()).await.is_ok();
            if let Some(stores) = stores {
                // Failing to run it only leaves a longer log to the next start.
                let _ = tokio::task::spawn_blocking(move || stores.checkpoint()).await;
            }
            answered && ended
        });
        drained.await.unwrap_or(false)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
