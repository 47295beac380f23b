//! Use cases of Ringback.
pub mod config;
mod digest;
