//! Simulation.
pub mod program;
