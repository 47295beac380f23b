//! Receivers of what a tick hands over.

use ringback_ledger::{Due, HandOver};

/// Takes nothing: what is handed over stays to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl HandOver for Nobody {
    async fn hand_over(&self, _: Vec<Due>) {}
}
