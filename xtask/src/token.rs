//! `cargo xtask token create NAME --role ROLE | list | revoke NAME`: access tokens for people and programs.
//!
//! A token is shown once and never kept: what is kept is its SHA-256, with name and role, in the variable `access_tokens`
//! of `.ringback/local.env`. Where the user's own variables hold the list, they are told what to put there. Whoever runs
//! Ringback elsewhere gives the same line to Spin.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use lexopt::ValueExt as _;

use crate::{environment, workspace};

/// The variable.
pub const VARIABLE: &str = "access_tokens";
/// Longest name that the application takes, in characters.
const MAX_NAME: usize = 64;
const ROLES: [&str; 6] = ["intake", "agent", "lead", "executive", "operator", "admin"];

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
    expect_free(name, &programme()?)?;
    let (token, hash) = environment::new_token(role)?;
    let instead = change(|listed| with(listed, name, role, &hash))?;
    say!("{token}");
    tell!("This is {name}'s token ({role}). It is not kept and cannot be shown again.");
    match instead {
        Some(instead) => bail!("{instead}"),
        None => tell!("In force from the next start on."),
    }
    Ok(())
}

fn revoke(name: &str) -> Result<()> {
    if let Some(instead) = change(|listed| without(listed, name))? {
        bail!("{instead}");
    }
    tell!("{name}'s token and all its sessions end with the next start.");
    Ok(())
}

/// Changes the list; returns what the user has to do instead where theirs counts.
fn change(f: impl FnOnce(&str) -> Result<String>) -> Result<Option<String>> {
    change_in(&environment::folder()?, environment::users(VARIABLE)?, f)
}

/// Changes the list in `folder`, unless the user has one of their own, which ours would never win over.
fn change_in(
    folder: &Path,
    users: Option<(String, &str)>,
    f: impl FnOnce(&str) -> Result<String>,
) -> Result<Option<String>> {
    if let Some((listed, place)) = users {
        let line = environment::line(VARIABLE, &f(&listed)?);
        return Ok(Some(format!(
            "nothing is changed yet: {place} sets {VARIABLE}, which wins over .ringback/local.env. Put this line there instead:\n{line}"
        )));
    }
    environment::change_in(folder, |variables| {
        let listed = variables.entry(VARIABLE.to_owned()).or_default();
        *listed = f(listed)?;
        Ok(())
    })?;
    Ok(None)
}

/// What is read of the programme: the names of its own tokens.
#[derive(serde::Deserialize)]
struct Programme {
    #[serde(default)]
    access: Vec<Access>,
}

#[derive(serde::Deserialize)]
struct Access {
    id: String,
}

fn programme() -> Result<Programme> {
    let file = workspace::root().join("ringback.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text)
        .with_context(|| format!("cannot read [[access]] of {}, which may have the name", file.display()))
}

/// Refuses a name that the programme gives a token of its own: the application would pass the new one over.
fn expect_free(name: &str, programme: &Programme) -> Result<()> {
    if programme.access.iter().any(|access| access.id == name) {
        bail!("{name} is the id of an [[access]] of ringback.toml; choose another name");
    }
    Ok(())
}

fn list() -> Result<()> {
    for (name, role) in entries(environment::current()?.get(VARIABLE).map(String::as_str).unwrap_or_default()) {
        say!("{name} {role}");
    }
    Ok(())
}

/// The list's entries, as the application takes them apart.
fn split(listed: &str) -> impl Iterator<Item = &str> {
    listed.split([' ', ',', '\n', '\t']).filter(|entry| !entry.is_empty())
}

fn entries(listed: &str) -> Vec<(String, String)> {
    let parts = split(listed).filter_map(|entry| {
        let (name, rest) = entry.split_once(':')?;
        Some((name.to_owned(), rest.split(':').next()?.to_owned()))
    });
    parts.collect()
}

/// The list with one more entry.
///
/// # Errors
/// When the name or the role is none, or the name is taken.
pub fn with(listed: &str, name: &str, role: &str, hash: &str) -> Result<String> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !(1..=MAX_NAME).contains(&name.len()) || !plain {
        bail!("a name is made of 1 to {MAX_NAME} letters, digits, `.`, `_` and `-`");
    }
    if !ROLES.contains(&role) {
        bail!("the role must be one of {}", ROLES.join(", "));
    }
    if entries(listed).iter().any(|(known, _)| known == name) {
        bail!("{name} has a token already; revoke it first");
    }
    let new = format!("{name}:{role}:{hash}");
    Ok(split(listed).chain([new.as_str()]).collect::<Vec<_>>().join(","))
}

fn without(listed: &str, name: &str) -> Result<String> {
    if !entries(listed).iter().any(|(known, _)| known == name) {
        bail!("{name} has no token here");
    }
    let kept = split(listed).filter(|entry| entry.split(':').next() != Some(name));
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
    #[test]
    fn a_list_is_taken_apart_as_the_application_does() {
        let listed = "ada:agent:aa grace:lead:bb,\n eve:agent:cc";
        assert!(with(listed, "grace", "lead", "dd").is_err(), "taken");
        assert_eq!(without(listed, "grace").expect("revoked"), "ada:agent:aa,eve:agent:cc");
    }

    #[test]
    fn a_name_that_the_application_would_pass_over_is_refused() {
        assert!(with("", &"x".repeat(64), "agent", "aa").is_ok());
        for name in ["", &"x".repeat(65)] {
            assert!(with("", name, "agent", "aa").is_err(), "{name}");
        }
        let programme = programme().expect("the programme as shipped");
        assert!(expect_free("ada", &programme).is_ok());
        let refused = expect_free("care-desk", &programme).expect_err("its own").to_string();
        assert!(refused.contains("care-desk") && refused.contains("[[access]]"), "{refused}");
    }

    #[test]
    fn a_list_of_the_users_own_is_left_to_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let users = Some(("ada:agent:aa".to_owned(), "`.env`"));
        let told = change_in(folder.path(), users, |listed| with(listed, "eve", "lead", "bb")).expect("told");
        let told = told.expect("what to do instead");
        assert!(
            told.contains("`.env`") && told.ends_with("\nSPIN_VARIABLE_ACCESS_TOKENS='ada:agent:aa,eve:lead:bb'"),
            "{told}"
        );
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing is changed");
        let done = change_in(folder.path(), None, |listed| with(listed, "eve", "lead", "bb")).expect("changed");
        assert_eq!(done, None);
        let kept = fs::read_to_string(folder.path().join("local.env")).expect("the variables");
        assert!(kept.contains("eve:lead:bb") && kept.contains("ada:agent:"), "{kept}");
    }
}
