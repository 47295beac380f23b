//! The application's manifest, as far as a programme depends on it: what `spin.toml` must declare, give, mount and let
//! through, so that nothing counts as empty without anybody noticing.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use ringback_app::config::{Config, PEPPER_VARIABLE, STORAGE_KEYS_VARIABLE, Sites, TOKENS_VARIABLE};

use crate::artifacts::COMPONENTS;

/// The component that writes to people, and asks an identity provider for its keys.
pub const WRITER: &str = "alert-trigger";
/// The component that takes answers.
const INTAKE: &str = "score-intake";

/// What stands in `spin.toml`.
pub struct Manifest(pub toml::Table);

/// That components need a variable, and who says so.
struct Need<'a> {
    who: String,
    variable: &'a str,
    components: &'static [&'static str],
}

impl Manifest {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read or is no TOML.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self(text.parse().with_context(|| format!("{} is not TOML", path.display()))?))
    }

    fn declares(&self, variable: &str) -> bool {
        let declared = self.0.get("variables").and_then(toml::Value::as_table);
        declared.is_some_and(|declared| declared.contains_key(variable))
    }

    /// Variables that the programme names and the manifest does not have.
    pub fn undeclared<'a>(&self, named: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        named.into_iter().filter(|name| !self.declares(name)).map(str::to_owned).collect()
    }

    /// Variables that a component which needs them does not get: they would count as empty.
    pub fn not_given(&self, config: &Config, sites: &Sites) -> Vec<String> {
        let mut faults = Vec::new();
        for Need { who, variable, components } in needs(config, sites) {
            for component in components.iter().filter(|component| !self.gives(component, variable)) {
                faults.push(format!(
                    "{who}: spin.toml does not give `{variable}` to {component}; add `{variable} = \"{{{{ {variable} }}}}\"` to [component.{component}.variables]"
                ));
            }
        }
        faults
    }

    fn gives(&self, component: &str, variable: &str) -> bool {
        let given = self.component(component).and_then(|component| component.get("variables")?.as_table());
        given.is_some_and(|given| given.contains_key(variable))
    }

    fn component(&self, id: &str) -> Option<&toml::Value> {
        self.0.get("component")?.get(id)
    }

    /// Variables that name where requests go, and that are not among what outbound HTTP may reach.
    pub fn not_let_out(&self, config: &Config) -> Vec<String> {
        let hosts = self.component(WRITER).and_then(|component| component.get("allowed_outbound_hosts")?.as_array());
        let open: BTreeSet<&str> =
            hosts.into_iter().flatten().filter_map(|host| sole_variable(host.as_str()?)).collect();
        let shut = origins(config).into_iter().filter(|(_, variable)| !open.contains(variable));
        let faults = shut.map(|(who, variable)| {
            format!(
                "{who}: spin.toml does not let {WRITER} out to `{variable}`; add `\"{{{{ {variable} }}}}\"` to `allowed_outbound_hosts` of [component.{WRITER}]"
            )
        });
        faults.collect()
    }

    /// Files that the programme names and a component that reads them does not see: all do, or one.
    pub fn unmounted(&self, named: &BTreeSet<String>, only: Option<&str>) -> Vec<String> {
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
    pub fn bad_templates(&self) -> Vec<String> {
        let mut faults = Vec::new();
        templates(&toml::Value::Table(self.0.clone()), &mut |name| {
            if !self.declares(name) {
                faults.push(format!("spin.toml: `{{{{ {name} }}}}` names no variable"));
            }
        });
        faults
    }
}

/// Which components need which variables.
fn needs<'a>(config: &'a Config, sites: &'a Sites) -> Vec<Need<'a>> {
    let need = |who: String, variable: &'a str, components| Need { who, variable, components };
    let mut needs = Vec::new();
    for variable in [PEPPER_VARIABLE, STORAGE_KEYS_VARIABLE, TOKENS_VARIABLE] {
        needs.push(need("every component".to_owned(), variable, &COMPONENTS[..]));
    }
    for token in &config.access {
        needs.push(need(format!("access {}", token.id), &token.token_sha256_variable, &COMPONENTS));
    }
    for source in config.sources.values() {
        needs.push(need(format!("source {}", source.id), &source.secret_variable, &[INTAKE]));
    }
    for site in &sites.sites {
        let variable = site.identity_variable.as_deref();
        needs.extend(variable.map(|variable| need(format!("site {}", site.id), variable, &[INTAKE])));
    }
    for channel in config.channels.values() {
        let variables = channel.variables();
        needs.extend(variables.map(|variable| need(format!("channel {}", channel.id), variable, &[WRITER])));
    }
    let provider = config.provider.iter();
    needs.extend(provider.map(|provider| need("identity_provider".to_owned(), &provider.origin_variable, &[WRITER])));
    needs
}

/// The variables that name where requests go, and who says so.
fn origins(config: &Config) -> Vec<(String, &str)> {
    let mut origins = Vec::new();
    for channel in config.channels.values() {
        let named = ["origin_variable", "notifications_origin_variable"].into_iter();
        origins.extend(named.filter_map(|key| Some((format!("channel {}", channel.id), channel.setting(key)?))));
    }
    let provider = config.provider.iter();
    origins.extend(provider.map(|provider| ("identity_provider".to_owned(), provider.origin_variable.as_str())));
    origins
}

/// The variable that a text is, `{{ … }}` and nothing else.
fn sole_variable(text: &str) -> Option<&str> {
    Some(text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim())
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
