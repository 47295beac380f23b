//! `[component.<id>]`: what a component is made of and what it may touch.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::document::Table;
use super::{Located, ManifestError};

/// A component of the application.
#[derive(Debug, Clone)]
pub struct Component {
    /// The name in `[component.<id>]`.
    pub id: String,
    /// The Wasm file, absolute.
    pub source: Located<PathBuf>,
    /// Files the component may read.
    pub files: Vec<Located<FileMount>>,
    /// Patterns of files left out of [`Component::files`], relative to the manifest's folder.
    pub exclude_files: Vec<Located<String>>,
    /// Environment variables, literally.
    pub environment: BTreeMap<String, String>,
    /// Variables the component may ask for; the values are templates over the application's variables.
    pub variables: BTreeMap<String, Located<String>>,
    /// Hosts the component may call; templates.
    pub allowed_outbound_hosts: Vec<Located<String>>,
    /// Labels of the key-value stores the component may open.
    pub key_value_stores: Vec<Located<String>>,
    /// Components whose exports satisfy imports of this one.
    pub dependencies: Vec<Dependency>,
    /// Line of `[component.<id>]`.
    pub line: usize,
}

/// Files a component sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileMount {
    /// A path or pattern relative to the manifest's folder; the files keep their paths.
    Pattern(String),
    /// A file or folder under another path.
    Placement {
        /// Relative to the manifest's folder.
        source: String,
        /// Absolute path in the component.
        destination: String,
    },
}

/// One entry of `[component.<id>.dependencies]`.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// `package:name/interface@version`, `package:name@version`, or either without a version.
    pub name: String,
    /// The Wasm file, absolute.
    pub path: PathBuf,
    /// The export to use; the import's own name when absent.
    pub export: Option<String>,
    /// Whether the dependency may use what its component may use.
    pub inherits: bool,
    /// Line of the entry.
    pub line: usize,
}

const KNOWN: &[&str] = &[
    "source",
    "description",
    "variables",
    "environment",
    "files",
    "exclude_files",
    "allowed_outbound_hosts",
    "key_value_stores",
    "dependencies",
    "dependencies_inherit_configuration",
    "build",
    "tool",
    "targets",
];

const UNSUPPORTED: &[(&str, &str)] = &[
    ("sqlite_databases", "it has no SQLite databases for components"),
    ("ai_models", "it has no language models"),
    ("allowed_http_hosts", "write `allowed_outbound_hosts` instead"),
    ("profile", "it knows no build profiles"),
];

type Result<T> = std::result::Result<T, ManifestError>;

pub(super) fn component(id: &str, table: &Table<'_>, root: &std::path::Path) -> Result<Component> {
    table.only(KNOWN, UNSUPPORTED)?;
    if !is_kebab(id) {
        return Err(table.source.error_at(table.line, format!("component id `{id}` is not in kebab-case")));
    }
    let inherits = table.boolean("dependencies_inherit_configuration")?;
    Ok(Component {
        id: id.to_owned(),
        source: source(table, root)?,
        files: files(table)?,
        exclude_files: table.strings("exclude_files")?,
        environment: table.string_map("environment")?.into_iter().map(|(key, value)| (key, value.value)).collect(),
        variables: table.string_map("variables")?,
        allowed_outbound_hosts: table.strings("allowed_outbound_hosts")?,
        key_value_stores: table.strings("key_value_stores")?,
        dependencies: dependencies(table, root, inherits)?,
        line: table.line,
    })
}

fn source(table: &Table<'_>, root: &std::path::Path) -> Result<Located<PathBuf>> {
    if table.is_table("source") {
        let message =
            format!("`{}.source` from a registry or a URL is not supported by this host: name a file", table.name);
        return Err(table.error("source", message));
    }
    let source = table.required_string("source")?;
    Ok(Located { value: root.join(&source.value), line: source.line })
}

fn files(table: &Table<'_>) -> Result<Vec<Located<FileMount>>> {
    let mut mounts = Vec::new();
    for item in table.items("files")? {
        let line = table.source.line(&item.span());
        let value = if let Some(pattern) = item.get_ref().as_str() {
            FileMount::Pattern(pattern.to_owned())
        } else if let Some(placement) = table.as_table("files", item) {
            placement.only(&["source", "destination"], &[])?;
            let destination = placement.required_string("destination")?.value;
            if !destination.starts_with('/') {
                return Err(placement.error("destination", format!("destination `{destination}` must start with `/`")));
            }
            FileMount::Placement { source: placement.required_string("source")?.value, destination }
        } else {
            let message = format!("`{}.files` takes patterns and {{ source, destination }} tables", table.name);
            return Err(table.source.error_at(line, message));
        };
        mounts.push(Located { value, line });
    }
    Ok(mounts)
}

fn dependencies(table: &Table<'_>, root: &std::path::Path, inherits: Option<bool>) -> Result<Vec<Dependency>> {
    let Some(dependencies) = table.table("dependencies")? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for name in dependencies.keys() {
        if !dependencies.is_table(name) {
            let message =
                format!("dependency `{name}` by version (from a registry) is not supported by this host: give a path");
            return Err(dependencies.error(name, message));
        }
        let Some(entry) = dependencies.table(name)? else { continue };
        found.push(dependency(name, &entry, root, inherits)?);
    }
    Ok(found)
}

fn dependency(name: &str, entry: &Table<'_>, root: &std::path::Path, inherits: Option<bool>) -> Result<Dependency> {
    let from_registry = "dependencies from a registry are not, give a path";
    entry.only(
        &["path", "export", "inherit_configuration"],
        &[
            ("version", from_registry),
            ("registry", from_registry),
            ("package", from_registry),
            ("url", "dependencies from a URL are not, give a path"),
            ("digest", "dependencies from a URL are not, give a path"),
            ("component", "give the path of the component's Wasm file"),
        ],
    )?;
    let own = entry.boolean("inherit_configuration")?;
    if own.is_some() && inherits.is_some() {
        let message =
            "`inherit_configuration` and the component's `dependencies_inherit_configuration` exclude each other";
        return Err(entry.error("inherit_configuration", message));
    }
    let export = entry.string("export")?.map(|export| export.value);
    if export.is_some() && !name.contains('/') && name.contains(':') {
        return Err(entry.error("export", format!("dependency `{name}` is a whole package: it cannot name one export")));
    }
    Ok(Dependency {
        name: name.to_owned(),
        path: root.join(entry.required_string("path")?.value),
        export,
        inherits: own.or(inherits).unwrap_or(false),
        line: entry.line,
    })
}

/// Words of lower-case letters and digits joined by single hyphens, each starting with a letter.
fn is_kebab(id: &str) -> bool {
    !id.is_empty()
        && id.split('-').all(|word| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit())
        })
}
