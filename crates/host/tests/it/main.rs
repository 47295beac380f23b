//! The host, run in this process (and once as its own) with small components written for it in `../guests`.

mod application;
mod dependencies;
mod faults;
mod http;
mod key_value;
mod manifest;
mod outbound;
mod process;
mod redis;
mod support;
