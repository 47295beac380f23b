//! Ringback's ports on Spin: store, clock, randomness, outbound HTTP, the consent gate, and requests in and out.
//!
//! The only crate that knows the platform. No rule and no format of the outside world lives here.

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package ringback:edge;
            world platform {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
            }
        ",
        path: "../../wit",
        world: "ringback:edge/platform",
        generate_all,
    });
}

mod chain;
mod clock;
mod gate;
mod outbound;
mod server;
mod setup;
mod store;

pub use chain::{Deliveries, Trials, wake};
pub use clock::{SystemClock, SystemEntropy};
pub use outbound::SpinOutbound;
pub use ringback_ledger::HandOver;
pub use server::{Answer, READ, READ_AND_WRITE, answer, asked, segments, whole, whole_up_to};
pub use setup::{EdgeApp, app, front, identifying_app, writing};
pub use spin_sdk::wasip3::spawn;
pub use store::SpinStore;

/// What the gate's two sides speak in. Used by [`consent_gate!`] and by the provider.
pub mod gate_types {
    pub use ringback_app::{ConsentGate, GateError, from_unix, unix};
    pub use ringback_core::consent::{Blocked, ContactChannel, Decision, Proof, Purpose};
    pub use ringback_core::feedback::Customer;
}
