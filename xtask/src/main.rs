//! `cargo xtask …`: what a developer does with this repository, from the first run to the benchmark.
//!
//! Each command is a module of its own. None of them knows the product's insides: they call cargo, start the local
//! host as a process and speak HTTP, so that this crate compiles in seconds on a fresh machine.

#![warn(clippy::print_stdout, clippy::print_stderr, reason = "`say!` and `tell!` bear that nobody reads on")]

// Before all that print: its macros are seen from here on.
#[macro_use]
mod terminal;

mod application;
mod artifacts;
mod bench;
mod channel;
mod chaos;
mod claim;
mod client;
#[cfg(feature = "programme")]
mod config;
mod contract;
mod demo;
mod direction;
mod doctor;
mod environment;
mod http;
mod inbox;
mod key;
mod packages;
mod ports;
mod product;
#[cfg(feature = "quarter")]
mod quarter;
mod shell;
mod signals;
#[cfg(feature = "simulator")]
mod simulate;
mod size;
mod standard_webhooks;
mod testing;
mod token;
mod toolchain;
mod up;
mod variables;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::Arg;

const USAGE: &str = "\
cargo xtask COMMAND

  up [--port 3000] [--inbox-port PORT+1] [--fresh]
        set everything up, run the application on the local host, keep running; one at a time on a store
  env [--inbox-port 3001]
        the variables as `up` would give them to the application, yours above those it makes, for a shell to read
  inbox [--port 3001]
        only the local inbox: it takes what the chat and the mail provider would take
  demo [--count N] [--rate 2] [--open]
        post a stream of feedback to a running `up` and show what each answer did;
        --open: a shop with the widget on it instead, beside what the team receives
  doctor [--url URL] [--token-file FILE]
        how a running application is doing: store, lag, lease, unsent alerts, dead letters; the running `up`'s unless
        URL names one elsewhere, which is asked with the token in FILE or in RINGBACK_TOKEN
  demo --quarter
        fill an empty store with a quarter of feedback and of the work on it, before `up` is started
  test [--fast]
        build what the tests need and run them all; --fast leaves out what runs on Wasm
  bench intake [--check] [--spin PATH] [--seconds 2] [--rounds 5]
        intake beside a bare component: one line a figure, `name value target`
  bench alert [--check] [--spin PATH] [--part 1|50|200|crash]
        how long an alert takes, and what a crash leaves of 200, beside prometheus-alertmanager
  bench scale [--check] [--sizes 1000,100000,1000000] [--rounds 5] [--keep DIR]
        what calls cost on stores of these sizes, as ratios to the smallest
  bench desk [--check] [--sizes 1000,100000,1000000] [--rounds 5] [--keep DIR]
        what pages of the desk cost on them
  chaos [--kills 50] [--store sqlite|redis] [--spin PATH] [--seed S]
        the application under load, killed again and again; then the proof that nothing was lost or doubled
  simulate [--seeds 2000] [--from SEED] [--store sqlite|redis|dynamo|cosmos] [--mutants]
        the ledger under injected faults; --mutants: known mistakes, each of which must be caught
  setup
        only install what building needs: the compiler's target wasm32-wasip2
  size
        the components' sizes against their limit
  channel test ID [--dry-run] [--port N]
        have a running `up` send a sample to a channel; --dry-run shows the request, secrets taken out, and sends nothing
  token create NAME --role intake|agent|lead|executive|operator|admin
        make an access token, show it once, keep its SHA-256; in force from the next start on.
        Where your own variables set access_tokens, it says what to put there
  token list | token revoke NAME
        who has one; take it away again
  key [NAME]
        a new key for the variable storage_keys, under which what is stored is encrypted; NAME is the day unless given
  check-config [FILE]
        the programme (ringback.toml), read by the application's own parser, and what spin.toml must hold for it
  check-direction
        which crate may depend on which
";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            terminal::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let mut args = lexopt::Parser::from_env();
    let command = match args.next()? {
        Some(Arg::Value(command)) => command.to_string_lossy().into_owned(),
        Some(Arg::Long("help") | Arg::Short('h')) | None => {
            say!("{}", USAGE.trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "up" => up::command(args),
        "env" => variables::command(args),
        "inbox" => inbox::command(args),
        "demo" => match args.raw_args()?.peek() {
            Some(first) if first == "--quarter" => product::quarter(args),
            _ => demo::command(args),
        },

        "test" => testing::command(args),
        "doctor" => doctor::command(args),
        "chaos" => chaos::command(args),
        "bench" => bench::command(args),
        "simulate" => product::simulate(args),
        "setup" => toolchain::command(args),
        "size" => size::command(args),
        "channel" => channel::command(args),
        "token" => token::command(args),
        "key" => key::command(args),
        "check-config" => product::check_config(args),
        "check-direction" => direction::command(args),
        "help" => {
            say!("{}", USAGE.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("there is no command {other}; `cargo xtask help` lists them"),
    }
}
