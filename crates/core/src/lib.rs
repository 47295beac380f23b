//! The rules of closing the loop: what a score means, what it sets in motion, by when, who may be contacted, and what a
//! case may do next.
//!
//! Pure decisions over plain values. No I/O, no clock, no randomness, no async, no JSON: time comes in as a parameter,
//! so nothing here can fail for a reason outside its arguments and every instant can be asserted exactly.

pub mod alert;
pub mod calendar;
pub mod case;
pub mod consent;
pub mod deadline;
pub mod feedback;
pub mod figures;
pub mod id;
pub mod improvement;
pub mod message;
pub mod names;
pub mod queue;
pub mod rate;
pub mod route;
pub mod rule;
pub mod survey;

pub use chrono::{DateTime, TimeDelta, Utc};
