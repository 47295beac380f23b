//! Everything a component may import, in one linker.

use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker};

use super::GuestState;
use super::bindings::{spin, wasi};

/// The interfaces of WASI 0.2 and 0.3, `wasi:http` 0.3, `wasi:keyvalue`, `wasi:config` and Spin's own two.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    add(&mut linker)?;
    Ok(linker)
}

fn add(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    type Own = HasSelf<GuestState>;
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    wasi::keyvalue::store::add_to_linker::<_, Own>(linker, |state| state)?;
    wasi::keyvalue::batch::add_to_linker::<_, Own>(linker, |state| state)?;
    wasi::keyvalue::atomics::add_to_linker::<_, Own>(linker, |state| state)?;
    wasi::config::store::add_to_linker::<_, Own>(linker, |state| state)?;
    spin::key_value::key_value::add_to_linker::<_, Own>(linker, |state| state)?;
    spin::variables::variables::add_to_linker::<_, Own>(linker, |state| state)
}

/// Prefixes of the interfaces above.
const OFFERED: &[&str] = &[
    "wasi:io/",
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:random/",
    "wasi:sockets/",
    "wasi:http/",
    "wasi:keyvalue/",
    "wasi:config/",
    "spin:key-value/",
    "spin:variables/",
];

/// Imports of a component that this host has nothing for, by name.
pub(crate) fn missing(engine: &Engine, component: &Component) -> Vec<String> {
    component
        .component_type()
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .filter(|name| !OFFERED.iter().any(|prefix| name.starts_with(prefix)))
        .collect()
}
