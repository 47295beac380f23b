//! How large the components are. What is sent to every edge location and compiled at every start stays small.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::artifacts::{self, COMPONENTS};
use crate::terminal::{Paint, paint};

/// What every component should be at most, in bytes (release, stripped). All are over it.
const TARGET: u64 = 700_000;

/// What no component may outgrow until the target is reached, in bytes: a little over the largest of today.
const LIMIT: u64 = 2_215_000;

/// `cargo xtask size [--check]`: with `--check`, missing the target is a failure.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let mut strict = false;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("check") => strict = true,
            other => return Err(other.unexpected().into()),
        }
    }
    artifacts::build_components()?;
    measure(if strict { TARGET } else { LIMIT })?;
    Ok(ExitCode::SUCCESS)
}

/// Prints every component's size.
///
/// # Errors
/// When one has outgrown what none may outgrow, or was not built.
pub fn check() -> Result<()> {
    measure(LIMIT)
}

fn measure(limit: u64) -> Result<()> {
    let mut sizes = Vec::new();
    for package in COMPONENTS {
        let file = artifacts::component_file(package);
        let size = fs::metadata(&file).with_context(|| format!("{} was not built", file.display()))?.len();
        sizes.push((package, size));
    }
    for (package, size) in &sizes {
        let figure = format!("{:>7.1} kB", kilobytes(*size));
        say!("  {package:<20} {}", if *size > TARGET { paint(Paint::Bad, figure) } else { figure });
    }
    let over = over(&sizes, limit);
    if !over.is_empty() {
        bail!("over {:.0} kB: {}", kilobytes(limit), over.join(", "));
    }
    Ok(())
}

fn over(sizes: &[(&str, u64)], limit: u64) -> Vec<String> {
    sizes.iter().filter(|(_, size)| *size > limit).map(|(package, _)| (*package).to_owned()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a file of the size where this matters does not exist")]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_still_allowed() {
        assert_eq!(over(&[("a", LIMIT), ("b", LIMIT + 1)], LIMIT), ["b"]);
    }
}
