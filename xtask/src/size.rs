//! How large the components are. What is sent to every edge location and compiled at every start stays small.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::artifacts::{self, COMPONENTS};
use crate::terminal::{Paint, paint};

/// The largest a component may be, in bytes (release, stripped).
const LIMIT: u64 = 700_000;

/// `cargo xtask size`
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    if let Some(arg) = args.next()? {
        return Err(arg.unexpected().into());
    }
    artifacts::build_components()?;
    check()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints every component's size.
///
/// # Errors
/// When one is over the limit or was not built.
pub fn check() -> Result<()> {
    let mut sizes = Vec::new();
    for package in COMPONENTS {
        let file = artifacts::component_file(package);
        let size = fs::metadata(&file).with_context(|| format!("{} was not built", file.display()))?.len();
        sizes.push((package, size));
    }
    for (package, size) in &sizes {
        let figure = format!("{:>7.1} kB", kilobytes(*size));
        println!("  {package:<20} {}", if *size > LIMIT { paint(Paint::Bad, figure) } else { figure });
    }
    let over = over(&sizes);
    if !over.is_empty() {
        bail!("over {:.0} kB: {}", kilobytes(LIMIT), over.join(", "));
    }
    Ok(())
}

fn over(sizes: &[(&str, u64)]) -> Vec<String> {
    sizes.iter().filter(|(_, size)| *size > LIMIT).map(|(package, _)| (*package).to_owned()).collect()
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
        assert_eq!(over(&[("a", LIMIT), ("b", LIMIT + 1)]), ["b"]);
    }
}
