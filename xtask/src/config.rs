//! `cargo xtask check-config [FILE]`: reads a programme with the application's own parser and says where it is wrong.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use ringback_app::config::Config;

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
    let config = match Config::parse(&text) {
        Ok(config) => config,
        Err(error) => {
            // In the form that editors and terminals make a link of.
            terminal::error(&format!("{}:{}:{}: {}", file.display(), error.line, error.column, error.message));
            return Ok(ExitCode::FAILURE);
        }
    };
    let missing = undeclared(&config, &workspace::root().join("spin.toml"))?;
    if !missing.is_empty() {
        bail!("spin.toml declares no variable {}, which {} names", missing.join(", "), file.display());
    }
    println!(
        "{}: {} surveys, {} sources, {} rules, {} channels; configuration {}",
        file.display(),
        config.surveys.len(),
        config.sources.len(),
        config.rules.len(),
        config.channels.len(),
        config.hash
    );
    Ok(ExitCode::SUCCESS)
}

/// Variables that the programme names and the manifest does not have.
fn undeclared(config: &Config, manifest: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let manifest: toml::Table = text.parse().with_context(|| format!("{} is not TOML", manifest.display()))?;
    let declared = manifest.get("variables").and_then(toml::Value::as_table);
    let known = |name: &str| declared.is_some_and(|declared| declared.contains_key(name));
    Ok(config.variables().into_iter().filter(|name| !known(name)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programme_as_shipped_names_only_variables_of_the_manifest() {
        let root = workspace::root();
        let text = std::fs::read_to_string(root.join("ringback.toml")).expect("the programme");
        let config = Config::parse(&text).expect("a programme without faults");
        assert_eq!(undeclared(&config, &root.join("spin.toml")).expect("a manifest"), Vec::<String>::new());
    }

    #[test]
    fn a_variable_that_the_manifest_lacks_is_named() {
        let root = workspace::root();
        let text = std::fs::read_to_string(root.join("ringback.toml")).expect("the programme");
        let config = Config::parse(&text.replace("\"slack_webhook_url\"", "\"slak_webhook_url\""))
            .expect("a programme without faults");
        assert_eq!(undeclared(&config, &root.join("spin.toml")).expect("a manifest"), ["slak_webhook_url"]);
    }
}
