//! Application variables and the templates over them, `{{ name }}`.
//!
//! A variable's value comes from the caller, else from the environment (`SPIN_VARIABLE_<NAME>`), else from its
//! default. All of them are settled at start: a required one without a value stops the host there.

use std::collections::{BTreeMap, HashMap};

use crate::manifest::{Manifest, ManifestError};

/// The settled values of the application's variables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    values: HashMap<String, String>,
}

impl Variables {
    /// Settles every variable of the manifest.
    pub fn settle(
        manifest: &Manifest,
        given: &BTreeMap<String, String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ManifestError> {
        if let Some(unknown) = given.keys().find(|name| !manifest.variables.contains_key(*name)) {
            return Err(manifest
                .error(1, format!("a value was given for variable `{unknown}`, which `[variables]` does not define")));
        }
        let mut values = HashMap::new();
        for (name, variable) in &manifest.variables {
            let key = format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase());
            let value = given
                .get(name)
                .cloned()
                .or_else(|| environment(&key))
                .or_else(|| variable.default.clone())
                .ok_or_else(|| {
                    manifest.error(variable.line, format!("variable `{name}` is required and has no value: set {key}"))
                })?;
            values.insert(name.clone(), value);
        }
        Ok(Self { values })
    }

    /// Fills in a template.
    ///
    /// # Errors
    /// A reason in words: unmatched braces or an unknown variable.
    pub fn fill(&self, template: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            filled.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let end = after.find("}}").ok_or("unmatched `{{`")?;
            let name = after[..end].trim();
            let value = self.values.get(name).ok_or_else(|| format!("unknown variable `{name}`"))?;
            filled.push_str(value);
            rest = &after[end + 2..];
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// Whether a template holds an expression at all.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// Checks a variable's name by Spin's rule.
///
/// # Errors
/// The reason, as a fragment.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() {
        Err("must not be empty")
    } else if !name.bytes().all(allowed) {
        Err("may contain only lower-case letters, digits and underscores")
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Err("must start with a lower-case letter")
    } else if name.ends_with('_') {
        Err("must end with a lower-case letter or a digit")
    } else if name.contains("__") {
        Err("must not contain two underscores in a row")
    } else {
        Ok(())
    }
}

/// Variables of one component: filled in when the host starts, so that asking for one never fails later.
#[derive(Debug, Default)]
pub(crate) struct ComponentVariables(BTreeMap<String, String>);

impl ComponentVariables {
    pub fn new(values: BTreeMap<String, String>) -> Self {
        Self(values)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn all(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables { values: HashMap::from([("host".to_owned(), "example.com".to_owned())]) }
    }

    #[test]
    fn fills_templates() {
        assert_eq!(variables().fill("https://{{ host }}/{{host}}").as_deref(), Ok("https://example.com/example.com"));
        assert_eq!(variables().fill("plain").as_deref(), Ok("plain"));
    }

    #[test]
    fn refuses_broken_templates() {
        assert_eq!(variables().fill("{{ host").unwrap_err(), "unmatched `{{`");
        assert_eq!(variables().fill("{{ port }}").unwrap_err(), "unknown variable `port`");
    }

    #[test]
    fn checks_names() {
        assert_eq!(check_name("slack_host2"), Ok(()));
        for bad in ["", "Host", "2host", "host_", "a__b", "a-b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
