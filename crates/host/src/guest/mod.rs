//! What a component instance sees of the world: its WASI context, its stores, its variables, its way out.

mod bindings;
mod config;
mod keyvalue;
mod linker;

use std::collections::HashSet;
use std::sync::Arc;

use tempfile::TempDir;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::clock::{Clock, GuestClock};
use crate::logs::{LogSource, Logs};
use crate::outbound::Outbound;
use crate::store::Stores;
use crate::variables::ComponentVariables;

pub(crate) use linker::{linker, missing};

/// A component of the running application: everything its instances have in common.
pub(crate) struct Guest {
    pub id: Arc<str>,
    pub stores: Arc<Stores>,
    /// Labels of the stores it may open.
    pub granted: HashSet<String>,
    pub variables: ComponentVariables,
    pub environment: Vec<(String, String)>,
    /// Snapshot of its files; `None` when it has none.
    pub files: Option<TempDir>,
    pub logs: Logs,
    pub clock: Arc<dyn Clock>,
    pub outbound: Outbound,
}

/// The data of one instance.
pub(crate) struct GuestState {
    pub guest: Arc<Guest>,
    pub table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

impl GuestState {
    pub fn new(guest: &Arc<Guest>) -> wasmtime::Result<Self> {
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(guest.logs.stream(&guest.id, LogSource::Stdout))
            .stderr(guest.logs.stream(&guest.id, LogSource::Stderr))
            .wall_clock(GuestClock(guest.clock.clone()))
            .envs(&guest.environment)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        if let Some(files) = &guest.files {
            wasi.preopened_dir(files.path(), "/", FsPerms::ReadOnly)?;
        }
        Ok(Self {
            guest: guest.clone(),
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: guest.outbound.clone(),
        })
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outbound, table: &mut self.table, ctx: &mut self.http }
    }
}
