//! Instances of a component: made when needed, reused, let go when idle, as in Spin.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Result, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::guest::{Guest, GuestState};

/// Requests an instance answers before it is replaced.
const REUSE: usize = 128;
/// Requests an instance works on at once.
const AT_ONCE: usize = 16;
/// How long an instance waits for its next request.
const IDLE: Duration = Duration::from_secs(1);

/// What instances of all components have in common: how they are counted and told to end.
#[derive(Clone, Default)]
pub(crate) struct Life {
    /// Counts the instances that are alive.
    pub instances: TaskTracker,
    /// Once cancelled, an instance ends as soon as it is idle.
    pub closing: CancellationToken,
    /// Counts the instances that work, after their answers included, and the requests that wait for an answer.
    pub at_work: Arc<AtomicUsize>,
}

impl Life {
    /// Counts as work until it is dropped.
    pub fn work(&self) -> AtWork {
        let work = AtWork { all: Arc::clone(&self.at_work), this: AtomicBool::new(false) };
        work.set(true);
        work
    }
}

/// Whether one instance, or one request, is at work.
pub(crate) struct AtWork {
    all: Arc<AtomicUsize>,
    this: AtomicBool,
}

impl AtWork {
    fn set(&self, at_work: bool) {
        match (self.this.swap(at_work, Ordering::AcqRel), at_work) {
            (false, true) => drop(self.all.fetch_add(1, Ordering::AcqRel)),
            (true, false) => drop(self.all.fetch_sub(1, Ordering::AcqRel)),
            (true, true) | (false, false) => {}
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// A component and how to make instances of it.
pub(crate) struct Component {
    guest: Arc<Guest>,
    pre: ServicePre<GuestState>,
    engine: &'static Engine,
    life: Life,
}

impl Component {
    pub fn new(guest: Arc<Guest>, pre: ServicePre<GuestState>, engine: &'static Engine, life: Life) -> Self {
        Self { guest, pre, engine, life }
    }

    pub fn id(&self) -> &str {
        &self.guest.id
    }
}

impl HandlerState for Component {
    type StoreData = GuestState;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> Result<Instance<GuestState, Expiration, Worker>> {
        let mut store = Store::new(self.engine, GuestState::new(&self.guest)?);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let proxy = ProxyPre::P3(self.pre.clone()).instantiate_async(&mut store).await?;
        let at_work = Arc::new(self.life.work());
        Ok(Instance {
            store,
            proxy,
            view: GuestState::http,
            expiration: Expiration {
                idle_until: Box::pin(tokio::time::sleep(IDLE)),
                closing: Box::pin(self.life.closing.clone().cancelled_owned()),
                at_work: Arc::clone(&at_work),
            },
            state: Worker { guest: self.guest.clone(), at_work, _alive: self.life.instances.token() },
        })
    }
}

/// When an instance ends: idle for long enough, or idle when the host closes. Requests have no time limit.
pub(crate) struct Expiration {
    idle_until: Pin<Box<Sleep>>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    at_work: Arc<AtWork>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        self.at_work.set(status != WorkerStatus::Idle);
        if status != WorkerStatus::Idle {
            return Poll::Pending;
        }
        if self.closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let deadline = (start + IDLE).into();
        if deadline != self.idle_until.deadline() {
            self.idle_until.as_mut().reset(deadline);
        }
        self.idle_until.as_mut().poll(cx)
    }
}

/// One instance, as the library that drives it sees it.
pub(crate) struct Worker {
    guest: Arc<Guest>,
    at_work: Arc<AtWork>,
    _alive: TaskTrackerToken,
}

impl WorkerState for Worker {
    type StoreData = GuestState;
    type RequestData = ();

    fn should_accept_request(&self, at_once: usize, in_total: usize) -> ShouldAccept {
        if in_total >= REUSE {
            ShouldAccept::Never
        } else if at_once >= AT_ONCE {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, GuestState>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        self.at_work.set(true);
        Box::pin(std::future::pending())
    }

    fn drop(&self, store: Store<GuestState>, result: Result<()>) {
        if let Err(error) = result {
            self.guest.logs.say(&self.guest.id, format!("an instance ended: {error:?}"));
        }
        drop(store);
    }
}
