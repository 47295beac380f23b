//! Free and taken ports.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result, bail};

/// The loopback address at a port.
pub fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Refuses a port that something else listens on, before minutes go into a build.
///
/// # Errors
/// When the port is taken or may not be bound; the text says what to do.
pub fn expect_free(port: u16, what: &str, flag: &str) -> Result<()> {
    match TcpListener::bind(local(port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "port {port}, where {what} listens, is taken by another program (is another `cargo xtask up` running?); end it or choose another with {flag}"
            )
        }
        Err(error) => Err(error).with_context(|| format!("port {port}, where {what} listens, cannot be used")),
    }
}

/// A port that is free now.
pub fn any_free() -> Result<u16> {
    Ok(TcpListener::bind(local(0)).context("no free port on 127.0.0.1")?.local_addr()?.port())
}
