//! `cargo xtask env [--inbox-port 3001]`: the variables as `up` would give them to the application, for a shell that starts it
//! on Spin. Makes what is missing, as `up` does; standard output holds the variables and nothing else.

use std::process::ExitCode;

use anyhow::Result;
use lexopt::{Arg, ValueExt as _};

use crate::{environment, inbox, terminal, toolchain};

/// Runs the command.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let mut port = inbox::PORT;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("inbox-port") => port = args.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    toolchain::ensure_wasm_target()?;
    let environment = environment::prepare(port)?;
    say!("{}", environment::render(&environment.variables).trim_end());
    terminal::remark(&if environment.needs_inbox {
        format!("what your own variables do not lead elsewhere goes to the inbox: `cargo xtask inbox --port {port}`")
    } else {
        "no inbox is needed: every outlet is set by your own variables".to_owned()
    });
    Ok(ExitCode::SUCCESS)
}
