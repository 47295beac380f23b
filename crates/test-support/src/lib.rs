//! Working fakes of the ledger's ports, and the simulator that proves the ledger with them.
//!
//! [`MemoryStore`] behaves like each of the four stores, departures included, and counts
//! operations. [`simulation`] runs real ledger code over it, step by step, with faults. Nothing in
//! here is part of the product.

pub mod memory;
mod receiver;
#[cfg(feature = "scale")]
pub mod scale;
pub mod simulation;
mod time;

pub use memory::{Faults, MemoryStore, Operations, Step};
pub use receiver::Nobody;
pub use time::{ManualClock, SeededEntropy};
