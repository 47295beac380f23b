//! `cargo xtask test`: everything the tests need, all tests, and a plain count at the end.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use lexopt::Arg;

use crate::artifacts::{self, COMPONENTS};
use crate::{contract, packages, size, terminal, workspace};

/// What is left out with `--fast`: all that needs the Wasm engine.
const SLOW: [&str; 2] = ["ringback-host", "ringback-tests"];

/// Runs the command.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let mut fast = false;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("fast") => fast = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let mut cargo = cargo_test();
    cargo.arg("--no-fail-fast");
    let mut host = None;
    if fast {
        for package in SLOW {
            cargo.args(["--exclude", package]);
        }
    } else {
        packages::ensure_redis()?;
        packages::ensure_browser()?;
        artifacts::build_components()?;
        artifacts::build_example()?;
        host = Some(artifacts::build_host()?);
    }
    let mut count = terminal::step("running the tests", || stream(&mut cargo))?;
    if let Some(host) = host {
        // After the tests, each as one more of them: what is found here must not hide what else is wrong.
        if contract::is_possible() {
            count.add_one(terminal::step("the contract, by schemathesis", || contract::check(&host)));
        }
        count.add_one(terminal::step("component sizes", size::check));
    }
    say!("\n{} passed, {} failed", count.passed, count.failed);
    Ok(if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `cargo test` of everything native, with the features that all commands share, so that nothing is built twice.
pub fn cargo_test() -> Command {
    let mut cargo = workspace::cargo();
    cargo.args(["test", "--workspace", "--features", "xtask/programme,xtask/simulator"]);
    for component in COMPONENTS {
        cargo.args(["--exclude", component]);
    }
    cargo
}

/// What cargo's closing lines say, added up.
#[derive(Debug, Default, PartialEq)]
struct Count {
    passed: u64,
    failed: u64,
}

/// Runs the tests and shows what they print as they print it.
fn stream(cargo: &mut Command) -> Result<Count> {
    let mut child =
        cargo.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {}", workspace::display(cargo)))?;
    let mut count = Count::default();
    for line in BufReader::new(child.stdout.take().context("cargo has no output")?).lines() {
        let line = line?;
        say!("{line}");
        count.add(&line);
    }
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        // A test binary that did not compile or died without its closing line is a failure, too.
        terminal::error(&format!("{} ended with {status}", workspace::display(cargo)));
        count.failed = 1;
    }
    Ok(count)
}

impl Count {
    /// Adds what is no test of cargo's.
    fn add_one(&mut self, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(error) => {
                terminal::error(&format!("{error:#}"));
                self.failed += 1;
            }
        }
    }

    /// Adds `test result: ok. 34 passed; 0 failed; …`; other lines say nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let number = |what: &str| {
            result
                .split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
                .unwrap_or(0)
        };
        self.passed += number("passed");
        self.failed += number("failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let mut count = Count::default();
        for line in [
            "running 3 tests",
            "test result: ok. 34 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.07s",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
            "it said: test result: ok. 9 passed; 0 failed",
        ] {
            count.add(line);
        }
        assert_eq!(count, Count { passed: 36, failed: 3 });
    }
}
