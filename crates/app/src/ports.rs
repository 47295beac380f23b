//! What the use cases need from outside, beside the ledger's store, clock and randomness.

use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use std::collections::BTreeMap;
use std::time::Duration;

/// Takes a line for the operator.
pub type Log = fn(&str);

/// Why a request got no answer. Carries no address: an address can be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The host may not be reached: it is missing from `allowed_outbound_hosts`.
    #[error("this host may not be reached; add it to allowed_outbound_hosts in spin.toml")]
    NotAllowed,
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
}

/// Sends HTTP requests. Follows no redirect.
#[expect(async_fn_in_trait, reason = "components are single-threaded: their futures need not be Send")]
pub trait Outbound {
    /// Sends a request and reads its answer, within a time.
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        within: Duration,
    ) -> Result<http::Response<Vec<u8>>, OutboundError>;

    /// Waits for a time, before a request that would come too early. Whoever sends nothing anywhere need not wait.
    async fn pause(&self, _time: Duration) {}
}

/// The gate could not answer. To be treated as no, and asked again later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the consent gate did not answer: {0}")]
pub struct GateError(pub String);

/// Decides whether a person may be contacted.
#[expect(async_fn_in_trait, reason = "components are single-threaded: their futures need not be Send")]
pub trait ConsentGate {
    /// May this person be contacted on this channel for this purpose, now?
    async fn may_contact(
        &self,
        who: &Customer,
        channel: ContactChannel,
        purpose: Purpose,
    ) -> Result<Decision, GateError>;
}

/// Asks whoever reaches the channels: for a sample to one, and which of them lead somewhere.
#[expect(async_fn_in_trait, reason = "components are single-threaded: their futures need not be Send")]
pub trait ChannelTrials {
    /// Sends one; the error says why it did not arrive. `who` wanted it.
    async fn try_channel(&self, channel: &ringback_core::id::ChannelId, who: &str) -> Result<(), String>;

    /// The channels that lead nowhere as they are set up, by their ids, and why; the error says why that is not known.
    async fn leading_nowhere(&self) -> Result<BTreeMap<String, String>, String>;
}
