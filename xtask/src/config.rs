//! `cargo xtask check-config [FILE]`: reads a programme with the application's own parser and says where it is wrong.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use ringback_app::config::{Config, Sites};

use crate::{terminal, workspace};

/// Runs the command.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let mut file = None;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().into()),
        }
    }
    let file = file.unwrap_or_else(|| workspace::root().join("ringback.toml"));
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let named = RefCell::default();
    let parsed = Config::parse(&text, &beside(&file, &named));
    let parsed = parsed.and_then(|config| Ok((Sites::parse(&text, &config)?, config)));
    let (sites, config) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // In the form that editors and terminals make a link of.
            terminal::error(&format!("{}:{}:{}: {}", file.display(), error.line, error.column, error.message));
            return Ok(ExitCode::FAILURE);
        }
    };
    let manifest = manifest(&workspace::root().join("spin.toml"))?;
    let missing = undeclared(&config, &sites, &manifest);
    if !missing.is_empty() {
        bail!("spin.toml declares no variable {}, which {} names", missing.join(", "), file.display());
    }
    let missing = unmounted(&named.borrow(), &manifest);
    if !missing.is_empty() {
        bail!("spin.toml does not mount {}, which {} names", missing.join(", "), file.display());
    }
    println!(
        "{}: {} surveys, {} sources, {} sites, {} rules, {} calendars, {} channels; configuration {}",
        file.display(),
        config.surveys.len(),
        config.sources.len(),
        sites.sites.len(),
        config.rules.len(),
        config.calendars.len(),
        config.channels.len(),
        config.hash
    );
    Ok(ExitCode::SUCCESS)
}

/// Reads what a programme names, from the folder it lies in, and keeps the names.
fn beside<'a>(programme: &Path, named: &'a RefCell<BTreeSet<String>>) -> impl Fn(&str) -> Result<String, String> + 'a {
    let folder = programme.parent().map(Path::to_owned).unwrap_or_default();
    move |name| {
        named.borrow_mut().insert(name.to_owned());
        std::fs::read_to_string(folder.join(name)).map_err(|e| e.to_string())
    }
}

fn manifest(path: &Path) -> Result<toml::Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is not TOML", path.display()))
}

/// Variables that the programme names and the manifest does not have.
fn undeclared(config: &Config, sites: &Sites, manifest: &toml::Table) -> Vec<String> {
    let declared = manifest.get("variables").and_then(toml::Value::as_table);
    let known = |name: &str| declared.is_some_and(|declared| declared.contains_key(name));
    config.variables().into_iter().chain(sites.variables()).filter(|name| !known(name)).map(str::to_owned).collect()
}

/// Files that the programme names and a component that reads it does not see, as `file (component)`.
fn unmounted(named: &BTreeSet<String>, manifest: &toml::Table) -> Vec<String> {
    let mut missing = Vec::new();
    for (id, component) in manifest.get("component").and_then(toml::Value::as_table).into_iter().flatten() {
        let files = component.get("files").and_then(toml::Value::as_array);
        let seen: BTreeSet<&str> = files.into_iter().flatten().filter_map(destination).collect();
        if seen.contains("ringback.toml") {
            let unseen = named.iter().filter(|name| !seen.contains(name.as_str()));
            missing.extend(unseen.map(|name| format!("{name} (component {id})")));
        }
    }
    missing
}

/// Where a component sees a mounted file, without the leading slash.
fn destination(mount: &toml::Value) -> Option<&str> {
    let path = mount.as_str().or_else(|| mount.get("destination")?.as_str())?;
    Some(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shipped programme with a change, the files it names, and the manifest.
    fn shipped(from: &str, to: &str) -> (Config, BTreeSet<String>, toml::Table) {
        let file = workspace::root().join("ringback.toml");
        let text = std::fs::read_to_string(&file).expect("the programme").replace(from, to);
        let named = RefCell::default();
        let config = Config::parse(&text, &beside(&file, &named)).expect("a programme without faults");
        let manifest = manifest(&workspace::root().join("spin.toml")).expect("a manifest");
        (config, named.into_inner(), manifest)
    }

    #[test]
    fn the_programme_as_shipped_names_only_what_the_manifest_has() {
        let (config, named, manifest) = shipped("", "");
        assert_eq!(undeclared(&config, &Sites::default(), &manifest), Vec::<String>::new());
        assert_eq!(named.iter().collect::<Vec<_>>(), ["holidays.ics"]);
        assert_eq!(unmounted(&named, &manifest), Vec::<String>::new());
    }

    #[test]
    fn a_variable_that_the_manifest_lacks_is_named() {
        let (config, _, manifest) = shipped("\"slack_webhook_url\"", "\"slak_webhook_url\"");
        assert_eq!(undeclared(&config, &Sites::default(), &manifest), ["slak_webhook_url"]);
    }

    #[test]
    fn a_file_that_a_component_does_not_see_is_named() {
        let (_, named, mut manifest) = shipped("", "");
        manifest["component"]["score-intake"]["files"] = toml::Value::from(vec!["ringback.toml"]);
        assert_eq!(unmounted(&named, &manifest), ["holidays.ics (component score-intake)"]);
    }
}
