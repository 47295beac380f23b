//! `cargo xtask chaos`: many kills of the running application under load, and the proof that nothing was lost or doubled.
//! The engine is the end-to-end tests'; this runs it for longer and shows its figures.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use lexopt::{Arg, ValueExt};

use crate::{artifacts, packages, testing, workspace};

/// The scenario that holds the engine.
const SCENARIO: &str = "survival::kills_at_random_lose_nothing_and_double_nothing";

struct Options {
    kills: u64,
    redis: bool,
    spin: Option<PathBuf>,
    seed: Option<u64>,
}

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let options = options(args)?;
    if options.redis {
        packages::ensure_redis()?;
    }
    artifacts::build_components()?;
    artifacts::build_host()?;
    let mut cargo = testing::cargo_test();
    cargo.args(["--test", "e2e", "--", "--exact", SCENARIO, "--nocapture"]);
    cargo.env("RINGBACK_CHAOS_KILLS", options.kills.to_string());
    cargo.env("RINGBACK_CHAOS_STORE", if options.redis { "redis" } else { "sqlite" });
    if let Some(seed) = options.seed {
        cargo.env("RINGBACK_CHAOS_SEED", seed.to_string());
    }
    if let Some(spin) = options.spin {
        let spin = spin.canonicalize().with_context(|| format!("there is no {}", spin.display()))?;
        cargo.env("RINGBACK_SPIN", spin);
    }
    let status = cargo.status().with_context(|| format!("cannot start {}", workspace::display(&cargo)))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(mut args: lexopt::Parser) -> Result<Options> {
    let mut options = Options { kills: 50, redis: false, spin: None, seed: None };
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("kills") => options.kills = args.value()?.parse()?,
            Arg::Long("store") => {
                let store = args.value()?.string()?;
                ensure!(["sqlite", "redis"].contains(&store.as_str()), "--store is sqlite or redis");
                options.redis = store == "redis";
            }
            Arg::Long("spin") => options.spin = Some(PathBuf::from(args.value()?)),
            Arg::Long("seed") => options.seed = Some(args.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    ensure!(options.kills > 0, "--kills is at least 1");
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_understood_and_nonsense_is_not() {
        let parse = |args: &[&str]| options(lexopt::Parser::from_args(args));
        let given = parse(&["--kills", "7", "--store", "redis", "--seed", "3"]).expect("options");
        assert_eq!((given.kills, given.redis, given.seed), (7, true, Some(3)));
        assert!(parse(&["--store", "dynamo"]).is_err() && parse(&["--kills", "0"]).is_err());
    }
}
