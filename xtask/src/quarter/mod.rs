//! `cargo xtask demo --quarter`: fills the store with three months of feedback and of the work on it, so that every page has
//! something to show: three countries that score differently, weekdays and seasons, a strike of the carrier, teams that keep
//! some deadlines and miss others.
//!
//! It runs the real use cases against a clock that is moved along, on a store in memory that is then written to the file
//! that `up` and `spin up` read. Nothing leaves the machine: whatever would be sent counts as delivered.

mod answers;
mod life;
mod store;

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use lexopt::Arg;

use crate::application::expect_no_data;
use crate::claim::Claim;
use crate::{environment, inbox, terminal, workspace};

/// How many days are filled, the last one being today.
const DAYS: u64 = 91;

/// Runs the command.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("quarter") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    let state = workspace::root().join(".spin");
    let _claim = Claim::take(&state)?;
    expect_no_data(&state)?;
    let file = state.join("sqlite_key_value.db");
    let variables = environment::prepare(inbox::PORT)?.variables;
    let tokens = life::Tokens {
        intake: environment::token("intake-token")?,
        agent: environment::token("agent-token")?,
        lead: environment::token("lead-token")?,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let first = (now / 86_400 + 1 - DAYS) * 86_400;
    let lived = terminal::step("living through a quarter", || life::quarter(variables, tokens, first, now))?;
    store::write(&file, &lived.store).with_context(|| format!("cannot write {}", file.display()))?;
    say!("{} answers, {} cases, {} of them closed: in {}", lived.answers, lived.cases, lived.closed, file.display());
    say!("Run `cargo xtask up`, and open http://127.0.0.1:3000/desk/insights with the token in .ringback/lead-token.");
    Ok(ExitCode::SUCCESS)
}
