//! `cargo xtask bench NAME`: figures as ratios, measured side by side in one run.
//!
//! Prints one line a figure, `name value target`, the target `-` where there is none. With `--check` the command ends
//! non-zero when a figure misses its target.

mod alert;
pub mod figures;
mod intake;
mod layout;
mod load;
mod payload;
#[cfg(feature = "scale")]
pub mod scale;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::{Arg, ValueExt};

use crate::{product, terminal};

/// Where a bench was run.
pub enum Measured {
    /// In this process.
    Here(Vec<figures::Figure>),
    /// In another build of this program, which has printed its figures.
    #[cfg_attr(feature = "scale", expect(dead_code, reason = "the build that has `scale` measures itself"))]
    Elsewhere(ExitCode),
}

const NAMES: &str = "alert, desk, intake, scale";

/// What the user asked for.
pub struct Options {
    name: String,
    check: bool,
    spin: Option<PathBuf>,
    /// The one part of a bench that is run, if not all of them are.
    part: Option<String>,
    seconds: f64,
    rounds: u32,
    /// Sizes of the stores, for `scale`.
    #[cfg_attr(not(feature = "scale"), expect(dead_code, reason = "the build that has `scale` reads it"))]
    sizes: Vec<u64>,
    /// Where filled stores are kept and found again, for `scale` and `desk`.
    #[cfg_attr(not(feature = "scale"), expect(dead_code, reason = "the build that has `scale` reads it"))]
    keep: Option<PathBuf>,
}

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let again = args.clone();
    let options = options(args)?;
    let measured = match options.name.as_str() {
        "alert" => Measured::Here(alert::run(&options)?),
        "intake" => Measured::Here(intake::run(&options)?),
        "scale" | "desk" => product::bench_scale(&options, again)?,
        other => bail!("there is no bench {other}; there are: {NAMES}"),
    };
    let figures = match measured {
        Measured::Here(figures) => figures,
        Measured::Elsewhere(code) => return Ok(code),
    };
    for figure in &figures {
        say!("{figure}");
    }
    let missed: Vec<&str> =
        figures.iter().filter(|figure| figure.is_missed()).map(|figure| figure.name.as_str()).collect();
    if options.check && !missed.is_empty() {
        terminal::error(&format!("short of its target: {}", missed.join(", ")));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn options(mut args: lexopt::Parser) -> Result<Options> {
    let (mut name, mut check, mut spin, mut part, mut keep) = (None, false, None, None, None);
    let (mut seconds, mut rounds) = (2.0, 5);
    let mut sizes = vec![1_000, 100_000, 1_000_000];
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            Arg::Long("check") => check = true,
            Arg::Long("spin") => spin = Some(PathBuf::from(args.value()?)),
            Arg::Long("part") => part = Some(args.value()?.string()?),
            Arg::Long("keep") => keep = Some(PathBuf::from(args.value()?)),
            Arg::Long("seconds") => seconds = args.value()?.parse()?,
            Arg::Long("rounds") => rounds = args.value()?.parse()?,
            Arg::Long("sizes") => {
                let text = args.value()?.string()?;
                sizes = text.split(',').map(str::parse).collect::<Result<_, _>>().context("--sizes wants numbers")?;
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let name = name.with_context(|| format!("which bench? there are: {NAMES}"))?;
    Ok(Options { name, check, spin, part, seconds, rounds, sizes, keep })
}
