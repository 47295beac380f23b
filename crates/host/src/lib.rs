//! A small local host that runs a Spin application the way Fermyon Spin 4.1 does, from the same `spin.toml`,
//! on the same key-value file, so that one can be exchanged for the other at any time.
//!
//! It is for development, tests and small single-machine use, and knows nothing of the product it was written
//! for. As a library it also takes what Spin does not: a clock that can be moved, faults on purpose, port 0.
//!
//! ```no_run
//! # async fn example() -> Result<(), ringback_host::HostError> {
//! use std::time::{Duration, SystemTime};
//! use ringback_host::{Host, MovableClock};
//!
//! let clock = MovableClock::at(SystemTime::now());
//! let host = Host::builder("spin.toml").state_dir("/tmp/state").clock(clock.clone()).start().await?;
//! println!("listening on http://{}", host.addr());
//! clock.advance(Duration::from_secs(48 * 3600));
//! host.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//! - **Manifest** version 2: HTTP triggers (exact, `/...`, `{ private = true }`), variables with
//!   `SPIN_VARIABLE_*`, files, environment, `key_value_stores`, `allowed_outbound_hosts` with templates,
//!   dependencies by path. Anything else is refused by name and line; nothing is ignored but `build`, `tool`,
//!   `targets` and descriptions. `[application.tool.local-host] ticker` is this host's own.
//! - **Components** of WASI 0.3 (`wasi:http/handler@0.3.0`), joined with their dependencies, compiled once and
//!   kept on disk. Instances are reused as in Spin: 128 requests, 16 at once, dropped after an idle second. A
//!   handler may answer and go on working.
//! - **Outbound HTTP** by the allow-list, with service chaining on `<component>.spin.internal` in this process.
//! - **Key-value**: `wasi:keyvalue` (store, batch, atomics) and `spin:key-value@3.0.0` on SQLite, in Spin's own
//!   file and table, in WAL mode. With a runtime configuration in Spin's form, on Redis, as Spin's Redis store
//!   behaves.
//!
//! # Where it differs from Spin on purpose
//! - The key-value file is in WAL mode, reads do not wait for writes, and what was deleted or replaced is overwritten in
//!   the file; incrementing a value that is no counter is an error, where Spin panics and fails from then on.
//! - `TCP_NODELAY` is set: an answer with a body does not wait 40 ms for the client's acknowledgement.
//! - Two equal routes are refused, where Spin takes the later one.
//! - A component does not see the request's `host` header: the engine withholds it. The host is in the request's
//!   authority and in `spin-full-url`, in Spin as well.
//! - The engine is one version newer than that of Spin 4.1 and stricter: a component built with `wit-bindgen` below
//!   0.61 and its feature `inter-task-wakeup` traps here.
//!
//! # What it does not do
//! TLS for the listening socket, other triggers, SQLite databases, language models, WASI 0.2 HTTP handlers,
//! dependencies that do not inherit their component's configuration, components from registries.

mod clock;
mod compose;
mod engine;
mod error;
mod faults;
mod files;
mod guest;
mod host;
mod http;
mod logs;
mod manifest;
mod outbound;
mod running;
mod start;
mod store;
mod ticker;
mod variables;

pub use clock::{Clock, MovableClock, OffsetClock, SystemClock};
pub use error::HostError;
pub use faults::{Effect, Fault, FaultPlan, OutboundRequest};
pub use host::Host;
pub use logs::{LogLine, LogSource};
pub use manifest::{
    Component, Dependency, FileMount, HttpTrigger, Located, Manifest, ManifestError, Route, Tick, Variable,
};
pub use running::Running;
pub use store::{StoreCounts, StoreOperation, StoreOperationKind};
