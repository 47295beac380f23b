//! Why a host did not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::manifest::ManifestError;

/// Why a host did not start. Every message says what to change where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The manifest is wrong, asks for something this host does not have, or names a component that does not
    /// fit.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A store cannot be opened.
    #[error("key-value store {}: {reason}", .path.display())]
    Store {
        /// The database file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The runtime configuration cannot be used.
    #[error("runtime configuration {}: {reason}", .path.display())]
    RuntimeConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The WebAssembly engine or the threads cannot be started, or a folder of the host cannot be written.
    #[error("{what}: {reason}")]
    Machine {
        /// What was tried.
        what: String,
        /// Why it failed.
        reason: String,
    },
}

impl HostError {
    pub(crate) fn machine(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Machine { what: what.into(), reason: reason.to_string() }
    }
}
