//! `cargo xtask key [NAME]`: a new key for the variable `storage_keys`, under which stored values are encrypted.
//!
//! It is shown once and kept nowhere: whoever runs Ringback puts it where their secrets are. Without it nobody can read what
//! was encrypted under it, we neither.

use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use lexopt::{Arg, ValueExt as _};

use crate::environment;

/// Runs the command.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let mut name = None;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let name = match name {
        Some(name) => name,
        None => today()?,
    };
    say!("{}", entry(&name, &environment::random::<32>()?)?);
    tell!(
        "Put this in front of what the variable storage_keys holds, separated by a comma, and keep a copy where your \
         backups are not. Without it nothing that was stored under it can be read."
    );
    Ok(ExitCode::SUCCESS)
}

fn today() -> Result<String> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let now = i64::try_from(since).ok().and_then(|since| DateTime::from_timestamp(since, 0));
    Ok(now.context("the clock stands beyond all years")?.format("%Y-%m-%d").to_string())
}

fn entry(name: &str, key: &[u8; 32]) -> Result<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if !(1..=32).contains(&name.len()) || !name.bytes().all(fits) {
        bail!("a name is made of 1 to 32 letters, digits, `.`, `_` and `-`");
    }
    Ok(format!("{name}:{}", STANDARD.encode(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_name_and_thirty_two_bytes() {
        let made = entry("2026-11", &[255; 32]).expect("an entry");
        assert_eq!(made, format!("2026-11:{}8=", "/".repeat(42)));
        for name in ["", "a b", "a:b", "a,b", &"x".repeat(33)] {
            assert!(entry(name, &[0; 32]).is_err(), "{name}");
        }
    }
}
