//! A host at work: where it listens, what it has seen, how it stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::HostError;
use crate::host::Built;
use crate::http::{self, App, Life};
use crate::logs::{LogLine, Logs};
use crate::manifest::Manifest;
use crate::store::{StoreCounts, Stores, Watch};
use crate::{start, ticker};

/// How long a shutdown waits for answers and for work that goes on after them.
const DRAIN: Duration = Duration::from_secs(10);

/// How often it is looked whether the stores' files need tidying.
const TIDY: Duration = Duration::from_millis(500);

/// A host that is running. Dropping it stops everything at once, like a crash; [`Running::shutdown`] does not.
pub struct Running {
    address: SocketAddr,
    manifest: Option<Manifest>,
    app: Option<Arc<App>>,
    stores: Option<Arc<Stores>>,
    pub(crate) logs: Logs,
    pub(crate) watch: Arc<Watch>,
    pub(crate) life: Life,
    closing: CancellationToken,
    tasks: TaskTracker,
    runtime: Option<Runtime>,
}

impl Running {
    pub(crate) fn new(runtime: Runtime, logs: Logs, watch: Watch) -> Self {
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

    pub(crate) fn handle(&self) -> tokio::runtime::Handle {
        match &self.runtime {
            Some(runtime) => runtime.handle().clone(),
            None => unreachable!("only `drop` takes the runtime"),
        }
    }

    pub(crate) async fn serve(&mut self, built: Built) -> Result<(), HostError> {
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
        self.tasks.spawn_on(tidy(built.stores.clone(), self.closing.clone()), &handle);
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

    /// Whether nothing is at work: no request waits for its answer, and no instance goes on after one.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.life.at_work.load(Ordering::Acquire) == 0
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

/// Tidies the stores' files now and then, until `closing`.
async fn tidy(stores: Arc<Stores>, closing: CancellationToken) {
    let mut interval = tokio::time::interval(TIDY);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = closing.cancelled() => return,
        }
        let stores = stores.clone();
        // Failing to is harmless: it is tried again.
        let _ = tokio::task::spawn_blocking(move || stores.tidy()).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
