//! The use cases on a store in memory, without Wasm and without HTTP: fast, and on every kind of store where those differ.
//!
//! One program, because what takes the time to build is the application itself.

mod cases;
mod changed;
mod desk;
mod encryption;
mod erasure;
mod improvements;
mod insights;
mod messages;
mod preferences;
mod queues;
mod reports;
mod rounds;
mod stage;
mod webhooks;
