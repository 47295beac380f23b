//! `cargo xtask simulate`: the ledger under injected faults, seed by seed. The simulator itself is ringback-test-support's.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use lexopt::{Arg, ValueExt};
use ringback_ledger::StoreKind;
use ringback_test_support::simulation::{self, Request};

use crate::terminal;

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let good = simulation::run(&request(args)?, &mut terminal::output())?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn request(mut args: lexopt::Parser) -> Result<Request> {
    let mut request = Request { seeds: 2_000, from: 0, store: None, mutants: false };
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("seeds") => request.seeds = args.value()?.parse()?,
            Arg::Long("from") => request.from = args.value()?.parse()?,
            Arg::Long("store") => request.store = Some(store(&args.value()?.string()?)?),
            Arg::Long("mutants") => request.mutants = true,
            other => return Err(other.unexpected().into()),
        }
    }
    ensure!(request.seeds > 0, "--seeds is at least 1");
    Ok(request)
}

fn store(name: &str) -> Result<StoreKind> {
    StoreKind::from_name(name)
        .with_context(|| format!("there is no store {name}; there are sqlite, redis, dynamo and cosmos"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_line_is_understood() {
        let args = lexopt::Parser::from_args(["--seeds", "1", "--store", "redis", "--from", "77"]);
        let expected = Request { seeds: 1, from: 77, store: Some(StoreKind::Redis), mutants: false };
        assert_eq!(request(args).expect("a request"), expected);
    }

    #[test]
    fn all_named_stores_exist_and_others_do_not() {
        for name in ["sqlite", "redis", "dynamo", "cosmos"] {
            assert!(store(name).is_ok(), "{name}");
        }
        assert!(store("etcd").is_err());
        assert!(request(lexopt::Parser::from_args(["--seeds", "0"])).is_err());
    }
}
