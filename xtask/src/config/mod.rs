//! `cargo xtask check-config [FILE]`: reads a programme with the application's own parser and says where it is wrong.

mod manifest;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use ringback_app::config::{Config, Sites};
use ringback_app::letters::{Letters, MessageKind};

use crate::{terminal, workspace};
use manifest::{Manifest, WRITER};

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
    let given = [manifest.not_given(&config, &sites), manifest.not_let_out(&config)].concat();
    let idle = [unreached(&config), unmatched(&config), unsaid(&config, &letters)].concat();
    let faults = [unmounted, given, manifest.bad_templates(), idle].concat();
    if !faults.is_empty() {
        faults.iter().for_each(|fault| terminal::error(fault));
        return Ok(ExitCode::FAILURE);
    }
    say!(
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
    // Whoever may can have customers told of an improvement.
    if config.messages.channel.is_some() {
        kinds.insert(MessageKind::Changed);
    }
    kinds.retain(|kind| letters.templates().iter().all(|template| template.kind != *kind));
    kinds.into_iter().map(|kind| format!("no template says `{}`, which is to be sent", kind.as_str())).collect()
}

/// Rules that no answer comes to, because one above them takes it: somebody believes that they work.
fn unmatched(config: &Config) -> Vec<String> {
    let pairs = config.never_reached().into_iter();
    pairs
        .map(|(rule, above)| format!("rule {}: no answer comes to it; rule {} above takes them all", rule.id, above.id))
        .collect()
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
        let given = [manifest.not_given(&config, &sites), manifest.not_let_out(&config)].concat();
        let faults = [given, manifest.bad_templates(), unreached(&config), unmatched(&config)].concat();
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
        assert!(not_given(&manifest, &config)[0].starts_with("channel pager: spin.toml does not give `slack_origin`"));
        manifest.0.insert("x".to_owned(), toml::Value::String("{{ nowhere }}".to_owned()));
        assert_eq!(manifest.bad_templates(), ["spin.toml: `{{ nowhere }}` names no variable"]);
    }

    #[test]
    fn a_rule_that_stands_below_one_that_takes_its_answers_is_named_with_that_one() {
        let (text, _) = shipped();
        let rule = |id: &str, when: &str| format!("[[rules]]\nid = \"{id}\"\n{when}then = {{ track = \"none\" }}\n");
        let below = text.clone() + &rule("too-late", "when = { band = [\"detractor\"], country = [\"CH\"] }\n");
        assert_eq!(
            unmatched(&programme(&below)),
            ["rule too-late: no answer comes to it; rule detractor above takes them all"]
        );
        let first = text.replacen("\n[[rules]]", &format!("\n{}\n[[rules]]", rule("pause", "")), 1);
        assert_eq!(unmatched(&programme(&first)).len(), 6, "what takes everything leaves nothing to the others");
    }

    fn not_given(manifest: &Manifest, config: &Config) -> Vec<String> {
        let sites = Sites::parse(&shipped().0, config).expect("sites without faults");
        manifest.not_given(config, &sites)
    }

    /// Takes a variable from a component, and says what is found then.
    fn without(component: &str, variable: &str) -> Vec<String> {
        let (text, mut manifest) = shipped();
        let given = manifest.0["component"][component]["variables"].as_table_mut().expect("variables");
        given.remove(variable).expect("a variable");
        not_given(&manifest, &programme(&text))
    }

    #[test]
    fn a_variable_that_the_component_which_needs_it_does_not_get_is_named_with_the_line_to_add() {
        assert_eq!(
            without("score-intake", "crm_webhook_secret"),
            [
                "source crm: spin.toml does not give `crm_webhook_secret` to score-intake; add `crm_webhook_secret = \"{{ crm_webhook_secret }}\"` to [component.score-intake.variables]"
            ]
        );
        for (component, variable, who) in [
            ("score-intake", "shop_identity_secret", "site shop"),
            ("loop-insights", "executive_token_sha256", "access board"),
            ("consent-check", "pepper", "every component"),
            ("case-desk", "storage_keys", "every component"),
            ("follow-up-scheduler", "access_tokens", "every component"),
        ] {
            let faults = without(component, variable);
            let [fault] = &faults[..] else { panic!("{faults:?}") };
            let wanted = format!("{who}: spin.toml does not give `{variable}` to {component}; add");
            assert!(fault.starts_with(&wanted), "{fault}");
        }
    }

    #[test]
    fn where_requests_go_is_given_and_let_out() {
        let (text, manifest) = shipped();
        let provider = "\n[identity_provider]\nissuer = \"https://login.example.com\"\naudience = \"ringback\"\n\
                        origin_variable = \"mailpit_origin\"\nkeys_path = \"/certs\"\nroles = { care = \"agent\" }\n";
        let sns = "\n[[channels]]\nid = \"ses\"\nkind = \"ses\"\nregion = \"eu-central-1\"\nfrom = \"a@example.com\"\n\
                   to = [\"a@example.com\"]\norigin_variable = \"ses_origin\"\nkey_variable = \"ses_access_key_id\"\n\
                   secret_variable = \"ses_secret_access_key\"\ntopic_variable = \"ses_topic_arn\"\n\
                   notifications_origin_variable = \"sns_origin\"\n";
        let config = programme(&format!("{text}{provider}{sns}"));
        assert_eq!(manifest.not_let_out(&config), Vec::<String>::new());

        let mut shut = manifest;
        let hosts = shut.0["component"]["alert-trigger"]["allowed_outbound_hosts"].as_array_mut().expect("hosts");
        hosts.retain(|host| !host.as_str().is_some_and(|host| host.contains("sns_") || host.contains("mailpit_")));
        hosts.push("https://{{ sns_origin }}".into());
        assert_eq!(
            shut.not_let_out(&config),
            [
                "channel ses: spin.toml does not let alert-trigger out to `sns_origin`; add `\"{{ sns_origin }}\"` to `allowed_outbound_hosts` of [component.alert-trigger]",
                "identity_provider: spin.toml does not let alert-trigger out to `mailpit_origin`; add `\"{{ mailpit_origin }}\"` to `allowed_outbound_hosts` of [component.alert-trigger]",
            ]
        );
        shut.0["component"]["alert-trigger"]["variables"].as_table_mut().expect("variables").remove("mailpit_origin");
        assert!(
            not_given(&shut, &config)[0].starts_with("identity_provider: spin.toml does not give `mailpit_origin`")
        );
    }
}
