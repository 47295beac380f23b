//! The local inbox: takes what the chat, the mail provider and a webhook receiver would take, and shows it.
//!
//! It refuses what the real ones refuse, so that a message which arrives here would arrive there. It keeps messages in
//! memory only, listens on the loopback address only, and can be told to be slow or out of order (`POST /control`).

mod chat;
mod email;
mod event;
mod messages;
mod mrkdwn;
mod page;
mod server;

use std::process::ExitCode;

use anyhow::Result;
use lexopt::Arg;

pub use messages::now_ms;
pub use server::{Inbox, Settings};

use crate::{environment, ports, terminal};

/// Where it listens unless told otherwise, beside an application at its usual port.
pub const PORT: u16 = 3001;

/// `cargo xtask inbox [--port N]`: the inbox alone, for an application that runs elsewhere.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let mut port = PORT;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("port") => port = lexopt::ValueExt::parse(&args.value()?)?,
            other => return Err(other.unexpected().into()),
        }
    }
    ports::expect_free(port, "the inbox", "--port")?;
    let environment = environment::prepare(port)?;
    let inbox =
        Inbox::start(port, Settings { events_secret: environment.variables.get("events_webhook_secret").cloned() })?;
    say!("inbox at {}", terminal::paint(terminal::Paint::Strong, inbox.url()));
    say!("`cargo xtask env --inbox-port {port}` has the application's variables; Ctrl-C ends the inbox");
    crate::signals::Ending::watch()?.wait();
    Ok(ExitCode::SUCCESS)
}
