//! `cargo xtask bench NAME`: figures as ratios, measured side by side in one run.
//!
//! Prints one line a figure, `name value target`, the target `-` where there is none. With `--check` the command ends
//! non-zero when a figure misses its target.

mod alert;
mod figures;
mod intake;
mod layout;
mod load;
mod payload;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::{Arg, ValueExt};

use crate::terminal;

const NAMES: &str = "alert, intake";

/// What the user asked for.
struct Options {
    name: String,
    check: bool,
    spin: Option<PathBuf>,
    seconds: f64,
    rounds: u32,
}

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let options = options(args)?;
    let figures = match options.name.as_str() {
        "alert" => alert::run(&options)?,
        "intake" => intake::run(&options)?,
        other => bail!("there is no bench {other}; there are: {NAMES}"),
    };
    for figure in &figures {
        println!("{figure}");
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
    let (mut name, mut check, mut spin, mut seconds, mut rounds) = (None, false, None, 2.0, 5);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            Arg::Long("check") => check = true,
            Arg::Long("spin") => spin = Some(PathBuf::from(args.value()?)),
            Arg::Long("seconds") => seconds = args.value()?.parse()?,
            Arg::Long("rounds") => rounds = args.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Options {
        name: name.with_context(|| format!("which bench? there are: {NAMES}"))?,
        check,
        spin,
        seconds,
        rounds,
    })
}
