//! `cargo xtask token create NAME --role ROLE | list | revoke NAME`: access tokens for people and programs.
//!
//! A token is shown once and never kept: what is kept is its SHA-256, with name and role, in the variable `access_tokens`
//! of `.ringback/local.env`. Whoever runs Ringback elsewhere gives the same line to Spin.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use lexopt::ValueExt as _;

use crate::environment;

/// The variable.
pub const VARIABLE: &str = "access_tokens";
const ROLES: [&str; 5] = ["intake", "agent", "lead", "executive", "admin"];

/// Runs the command.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let verb = match args.next()? {
        Some(Arg::Value(verb)) => verb.string()?,
        _ => bail!("create NAME --role ROLE, list, or revoke NAME"),
    };
    let (mut name, mut role) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            Arg::Long("role") => role = Some(args.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    match verb.as_str() {
        "create" => create(&name.context("whose token?")?, &role.context("--role says what it may do")?)?,
        "revoke" => revoke(&name.context("whose token?")?)?,
        "list" => list()?,
        other => bail!("there is no `token {other}`"),
    }
    Ok(ExitCode::SUCCESS)
}

fn create(name: &str, role: &str) -> Result<()> {
    let (token, hash) = environment::new_token(role)?;
    environment::change(|variables| {
        let listed = variables.entry(VARIABLE.to_owned()).or_default();
        *listed = with(listed, name, role, &hash)?;
        Ok(())
    })?;
    println!("{token}");
    eprintln!(
        "This is {name}'s token ({role}). It is not kept and cannot be shown again; in force from the next start on."
    );
    Ok(())
}

fn revoke(name: &str) -> Result<()> {
    environment::change(|variables| {
        let listed = variables.entry(VARIABLE.to_owned()).or_default();
        *listed = without(listed, name)?;
        Ok(())
    })?;
    eprintln!("{name}'s token and all its sessions end with the next start.");
    Ok(())
}

fn list() -> Result<()> {
    for (name, role) in entries(environment::current()?.get(VARIABLE).map(String::as_str).unwrap_or_default()) {
        println!("{name} {role}");
    }
    Ok(())
}

fn entries(listed: &str) -> Vec<(String, String)> {
    let parts = listed.split(',').filter_map(|entry| {
        let (name, rest) = entry.trim().split_once(':')?;
        Some((name.to_owned(), rest.split(':').next()?.to_owned()))
    });
    parts.collect()
}

/// The list with one more entry.
///
/// # Errors
/// When the name or the role is none, or the name is taken.
pub fn with(listed: &str, name: &str, role: &str, hash: &str) -> Result<String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        bail!("a name is made of letters, digits, `.`, `_` and `-`");
    }
    if !ROLES.contains(&role) {
        bail!("the role must be one of {}", ROLES.join(", "));
    }
    if entries(listed).iter().any(|(known, _)| known == name) {
        bail!("{name} has a token already; revoke it first");
    }
    let before = if listed.trim().is_empty() { String::new() } else { format!("{},", listed.trim()) };
    Ok(format!("{before}{name}:{role}:{hash}"))
}

fn without(listed: &str, name: &str) -> Result<String> {
    if !entries(listed).iter().any(|(known, _)| known == name) {
        bail!("{name} has no token here");
    }
    let kept = listed.split(',').filter(|entry| entry.trim().split(':').next() != Some(name));
    Ok(kept.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_added_once_and_taken_away_again() {
        let one = with("", "ada", "agent", "aa").expect("added");
        let two = with(&one, "grace", "lead", "bb").expect("added");
        assert_eq!(two, "ada:agent:aa,grace:lead:bb");
        assert!(with(&two, "ada", "lead", "cc").is_err(), "taken");
        assert!(with(&two, "a b", "lead", "cc").is_err() && with(&two, "eve", "boss", "cc").is_err());
        assert_eq!(without(&two, "ada").expect("revoked"), "grace:lead:bb");
        assert!(without(&one, "grace").is_err());
        assert_eq!(entries(&two), [("ada".into(), "agent".into()), ("grace".into(), "lead".into())]);
    }
}
