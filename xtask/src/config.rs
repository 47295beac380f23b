//! `cargo xtask check-config [FILE]`: reads a programme with the application's own parser and says where it is wrong.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use ringback_app::config::{Config, Sites};
use ringback_app::letters::{Letters, MessageKind};

use crate::{terminal, workspace};

/// The component that writes to customers.
const WRITER: &str = "alert-trigger";

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
    let written = RefCell::default();
    let parsed = parsed.and_then(|config| {
        let letters = Letters::parse(&text, &config, &beside(&file, &written))?;
        Ok((Sites::parse(&text, &config)?, letters, config))
    });
    let (sites, letters, config) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // In the form that editors and terminals make a link of.
            let file = error.file.as_ref().map_or_else(|| file.clone(), |beside| file.with_file_name(beside));
            terminal::error(&format!("{}:{}:{}: {}", file.display(), error.line, error.column, error.message));
            return Ok(ExitCode::FAILURE);
        }
    };
    let manifest = Manifest::read(&workspace::root().join("spin.toml"))?;
    let missing = manifest.undeclared(config.variables().into_iter().chain(sites.variables()));
    if !missing.is_empty() {
        bail!("spin.toml declares no variable {}, which {} names", missing.join(", "), file.display());
    }
    let mut unmounted = manifest.unmounted(&named.borrow(), None);
    unmounted.extend(manifest.unmounted(&written.borrow(), Some(WRITER)));
    let unsaid = unsaid(&config, &letters);
    let faults =
        [unmounted, manifest.not_given(&config), manifest.bad_templates(), unreached(&config), unsaid].concat();
    if !faults.is_empty() {
        faults.iter().for_each(|fault| terminal::error(fault));
        return Ok(ExitCode::FAILURE);
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

/// The application's manifest, as far as a programme depends on it.
struct Manifest(toml::Table);

impl Manifest {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self(text.parse().with_context(|| format!("{} is not TOML", path.display()))?))
    }

    fn declares(&self, variable: &str) -> bool {
        let declared = self.0.get("variables").and_then(toml::Value::as_table);
        declared.is_some_and(|declared| declared.contains_key(variable))
    }

    /// Variables that the programme names and the manifest does not have.
    fn undeclared<'a>(&self, named: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        named.into_iter().filter(|name| !self.declares(name)).map(str::to_owned).collect()
    }

    /// Variables of channels that the component which sends does not get: they would count as empty.
    fn not_given(&self, config: &Config) -> Vec<String> {
        let given = self.0.get("component").and_then(|c| c.get("alert-trigger")?.get("variables")?.as_table());
        let mut faults = Vec::new();
        for channel in config.channels.values() {
            for name in channel.variables().filter(|name| given.is_none_or(|given| !given.contains_key(*name))) {
                let id = &channel.id;
                faults.push(format!("channel {id}: spin.toml does not give `{name}` to alert-trigger; add it to [component.alert-trigger.variables]"));
            }
        }
        faults
    }

    /// Files that the programme names and a component that reads them does not see: all do, or one.
    fn unmounted(&self, named: &BTreeSet<String>, only: Option<&str>) -> Vec<String> {
        let mut faults = Vec::new();
        let components = self.0.get("component").and_then(toml::Value::as_table).into_iter().flatten();
        for (id, component) in components.filter(|(id, _)| only.is_none_or(|only| only == id.as_str())) {
            let files = component.get("files").and_then(toml::Value::as_array);
            let seen: BTreeSet<&str> = files.into_iter().flatten().filter_map(destination).collect();
            if seen.contains("ringback.toml") {
                let unseen = named.iter().filter(|name| !seen.contains(name.as_str()));
                faults.extend(unseen.map(|name| format!("component {id}: spin.toml does not mount {name}")));
            }
        }
        faults
    }

    /// `{{ … }}` in the manifest that names no variable.
    fn bad_templates(&self) -> Vec<String> {
        let mut faults = Vec::new();
        templates(&toml::Value::Table(self.0.clone()), &mut |name| {
            if !self.declares(name) {
                faults.push(format!("spin.toml: `{{{{ {name} }}}}` names no variable"));
            }
        });
        faults
    }
}

/// Where a component sees a mounted file, without the leading slash.
fn destination(mount: &toml::Value) -> Option<&str> {
    let path = mount.as_str().or_else(|| mount.get("destination")?.as_str())?;
    Some(path.trim_start_matches('/'))
}

/// Calls `found` with what stands between the braces of every template.
fn templates(value: &toml::Value, found: &mut dyn FnMut(&str)) {
    match value {
        toml::Value::String(text) => {
            for template in text.split("{{").skip(1) {
                found(template.split("}}").next().unwrap_or_default().trim());
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| templates(item, found)),
        toml::Value::Table(table) => table.values().for_each(|item| templates(item, found)),
        _ => {}
    }
}

/// Messages that are to be sent, and that no template says.
fn unsaid(config: &Config, letters: &Letters) -> Vec<String> {
    let mut kinds: BTreeSet<MessageKind> = config.messages.automation.into_iter().collect();
    kinds.extend(config.rules.iter().filter_map(|rule| rule.then.message));
    if config.messages.double_opt_in {
        kinds.insert(MessageKind::Confirmation);
    }
    if !config.messages.sequences.is_empty() || config.cases.survey.as_ref().is_some_and(|s| s.survey.is_some()) {
        kinds.insert(MessageKind::Invitation);
    }
    if config.messages.sequences.iter().any(|sequence| sequence.remind_s.is_some()) {
        kinds.insert(MessageKind::Reminder);
    }
    kinds.retain(|kind| letters.templates().iter().all(|template| template.kind != *kind));
    kinds.into_iter().map(|kind| format!("no template says `{}`, which is to be sent", kind.as_str())).collect()
}

/// Routes and channels that nothing leads to: somebody believes that they are told, and is not.
fn unreached(config: &Config) -> Vec<String> {
    let mut routes: BTreeSet<_> = config.trouble.iter().collect();
    routes.extend(config.rules.iter().filter_map(|rule| rule.then.alert.as_ref()));
    routes.extend(config.cases.survey.as_ref().and_then(|survey| survey.route.as_ref()));
    for policy in config.policies.values() {
        routes.extend(policy.warn.iter().chain(policy.escalations.iter().map(|level| &level.route)));
    }
    // What is reached leads on.
    loop {
        let reached = routes.iter().filter_map(|id| config.routes.get(*id));
        let onward: Vec<_> = reached
            .flat_map(|route| route.when.iter().map(|(_, id)| id).chain(route.next.iter().map(|next| &next.route)))
            .collect();
        let before = routes.len();
        routes.extend(onward);
        if routes.len() == before {
            break;
        }
    }
    let mut channels: BTreeSet<_> = config.messages.channel.iter().collect();
    channels.extend(routes.iter().filter_map(|id| config.routes.get(*id)).flat_map(|route| &route.channels));
    let lost_routes = config.routes.keys().filter(|id| !routes.contains(id));
    let lost_channels = config.channels.keys().filter(|id| !channels.contains(id));
    let lost_routes =
        lost_routes.map(|id| format!("route {id}: no rule, deadline, follow-up survey or other route leads there"));
    lost_routes.chain(lost_channels.map(|id| format!("channel {id}: no route that is in use leads there"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> (String, Manifest) {
        let root = workspace::root();
        let text = std::fs::read_to_string(root.join("ringback.toml")).expect("the programme");
        (text, Manifest::read(&root.join("spin.toml")).expect("a manifest"))
    }

    fn programme(text: &str) -> Config {
        read(text).0
    }

    /// A programme, and the files that it names.
    fn read(text: &str) -> (Config, BTreeSet<String>) {
        let named = RefCell::default();
        let config = Config::parse(text, &beside(&workspace::root().join("ringback.toml"), &named));
        (config.expect("a programme without faults"), named.into_inner())
    }

    #[test]
    fn the_programme_as_shipped_has_everything_it_names_and_leads_everywhere() {
        let (text, manifest) = shipped();
        let config = programme(&text);
        let sites = Sites::parse(&text, &config).expect("sites without faults");
        let named = config.variables().into_iter().chain(sites.variables());
        assert_eq!(manifest.undeclared(named), Vec::<String>::new());
        let faults = [manifest.not_given(&config), manifest.bad_templates(), unreached(&config)].concat();
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn a_variable_that_the_manifest_lacks_is_named() {
        let (text, manifest) = shipped();
        let config = programme(&text.replace("\"slack_webhook_url\"", "\"slak_webhook_url\""));
        assert_eq!(manifest.undeclared(config.variables()), ["slak_webhook_url"]);
    }

    #[test]
    fn a_file_that_a_component_does_not_see_is_named() {
        let (text, mut manifest) = shipped();
        let (_, named) = read(&text);
        assert_eq!(named.iter().collect::<Vec<_>>(), ["holidays.ics"]);
        assert_eq!(manifest.unmounted(&named, None), Vec::<String>::new());
        manifest.0["component"]["score-intake"]["files"] = toml::Value::from(vec!["ringback.toml"]);
        assert_eq!(manifest.unmounted(&named, None), ["component score-intake: spin.toml does not mount holidays.ics"]);
    }

    #[test]
    fn what_would_silently_reach_nobody_is_named() {
        let (text, mut manifest) = shipped();
        let more = "\n[[channels]]\nid = \"pager\"\nkind = \"webhook\"\nurl_variable = \"slack_origin\"\nsecret_variable = \"pepper\"\n\
                    [[routes]]\nid = \"lost\"\nchannels = [\"pager\"]\nnext = { after = \"1h\", route = \"lost\" }\n";
        let config = programme(&(text + more));
        let faults = unreached(&config);
        assert!(faults[0].starts_with("route lost:") && faults[1].starts_with("channel pager:"), "{faults:?}");
        assert!(manifest.not_given(&config)[0].starts_with("channel pager: spin.toml does not give `slack_origin`"));
        manifest.0.insert("x".to_owned(), toml::Value::String("{{ nowhere }}".to_owned()));
        assert_eq!(manifest.bad_templates(), ["spin.toml: `{{ nowhere }}` names no variable"]);
    }
}
