//! The ledger on a store in memory: how it behaves, what it costs, and what becomes of values that are encrypted.
//!
//! One program, because what takes the time to build is the ledger itself. Faults are the simulation's, a program of its
//! own.

mod behaviour;
mod encryption;
mod forms;
mod operations;
mod orders;
mod sheets;
