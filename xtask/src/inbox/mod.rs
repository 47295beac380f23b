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

/// `cargo xtask inbox [--port N]`: the inbox alone, for an application that runs elsewhere.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let mut port = 3001;
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
    println!("inbox at {}", terminal::paint(terminal::Paint::Strong, inbox.url()));
    println!("variables for the application are in .ringback/local.env; Ctrl-C ends the inbox");
    crate::signals::Ending::watch()?.wait();
    Ok(ExitCode::SUCCESS)
}
