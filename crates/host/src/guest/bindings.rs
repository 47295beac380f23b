//! Bindings to the interfaces of `wit/`, generated.

wasmtime::component::bindgen!({
    path: "wit",
    world: "local:host/guest",
    imports: {
        "wasi:keyvalue/store": async | trappable,
        "wasi:keyvalue/batch": async | trappable,
        "wasi:keyvalue/atomics": async | trappable,
        default: trappable,
    },
    with: {
        "wasi:keyvalue/store.bucket": crate::store::Store,
        "wasi:keyvalue/atomics.cas": crate::store::Cas,
        "spin:key-value/key-value.store": crate::store::Store,
    },
});
