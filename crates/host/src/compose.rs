//! Joins a component with its dependencies into one, so that an import of the one is the export of another.

use std::path::{Path, PathBuf};

use semver::Version;
use wac_graph::types::{Package, SubtypeChecker, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use crate::manifest::{Component, Dependency};

/// Why a component and its dependencies do not fit together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    #[error("cannot read {} (is it built?): {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", .path.display())]
    NotAComponent { path: PathBuf, reason: String },
    #[error("dependency `{dependency}` matches no import of the component; it imports {imports}")]
    NoImport { dependency: String, imports: String },
    #[error("import `{import}` is satisfied by two dependencies, `{first}` and `{second}`")]
    Twice { import: String, first: String, second: String },
    #[error("dependency `{dependency}` does not export `{export}`")]
    NoExport { dependency: String, export: String },
    #[error("dependency `{dependency}`: export `{export}` does not fit import `{import}`: {reason}")]
    Misfit { dependency: String, export: String, import: String, reason: String },
    #[error("cannot join the component with its dependencies: {0}")]
    Join(String),
}

type Result<T> = std::result::Result<T, ComposeError>;

fn join(error: impl std::fmt::Display) -> ComposeError {
    // The alternate form of these errors holds their causes.
    ComposeError::Join(format!("{error:#}"))
}

/// A component's Wasm with all its dependencies in it.
///
/// # Errors
/// A file that cannot be read, a dependency that matches no import or the same import as another one, an export
/// that is missing or of another type.
pub(crate) fn compose(component: &Component) -> Result<Vec<u8>> {
    let source = read(&component.source.value)?;
    if component.dependencies.is_empty() {
        return Ok(source);
    }
    let mut graph = CompositionGraph::new();
    let (world, instance) = add(&mut graph, &component.id, &component.source.value, source)?;
    let imports: Vec<String> = graph.types()[world].imports.keys().cloned().collect();

    let mut satisfied: Vec<(String, &str)> = Vec::new();
    for dependency in &component.dependencies {
        let matched: Vec<&String> = imports.iter().filter(|import| matches(&dependency.name, import)).collect();
        if matched.is_empty() {
            return Err(ComposeError::NoImport { dependency: dependency.name.clone(), imports: imports.join(", ") });
        }
        let provider = Provider::add(&mut graph, dependency)?;
        for import in matched {
            if let Some((_, first)) = satisfied.iter().find(|(name, _)| name == import) {
                return Err(ComposeError::Twice {
                    import: import.clone(),
                    first: (*first).to_owned(),
                    second: dependency.name.clone(),
                });
            }
            satisfied.push((import.clone(), &dependency.name));
            provider.connect(&mut graph, world, instance, import)?;
        }
    }
    export_all(&mut graph, world, instance)?;
    graph.encode(EncodeOptions::default()).map_err(join)
}

struct Provider<'a> {
    dependency: &'a Dependency,
    world: WorldId,
    instance: NodeId,
}

impl<'a> Provider<'a> {
    fn add(graph: &mut CompositionGraph, dependency: &'a Dependency) -> Result<Self> {
        let (world, instance) = add(graph, &dependency.name, &dependency.path, read(&dependency.path)?)?;
        Ok(Self { dependency, world, instance })
    }

    fn connect(&self, graph: &mut CompositionGraph, world: WorldId, instance: NodeId, import: &str) -> Result<()> {
        let name = &self.dependency.name;
        let export = self.dependency.export.as_deref().unwrap_or(import);
        let types = graph.types();
        let missing = || ComposeError::NoExport { dependency: name.clone(), export: export.to_owned() };
        let offered = *types[self.world].exports.get(export).ok_or_else(missing)?;
        let wanted = types[world].imports[import];
        SubtypeChecker::new(&mut Default::default()).is_subtype(offered, types, wanted, types).map_err(|error| {
            ComposeError::Misfit {
                dependency: name.clone(),
                export: export.to_owned(),
                import: import.to_owned(),
                reason: format!("{error:#}"),
            }
        })?;
        let argument = graph.alias_instance_export(self.instance, export).map_err(join)?;
        graph.set_instantiation_argument(instance, import, argument).map_err(join)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| ComposeError::Read { path: path.to_owned(), source })
}

fn add(graph: &mut CompositionGraph, name: &str, path: &Path, source: Vec<u8>) -> Result<(WorldId, NodeId)> {
    // Names in the graph must differ: two interfaces of one package may come from two files.
    let package = name.split(['/', '@']).next().unwrap_or(name);
    let unique = format!("{package}-{}", graph.packages().count());
    let package = Package::from_bytes(&unique, None, source, graph.types_mut())
        .map_err(|error| ComposeError::NotAComponent { path: path.to_owned(), reason: format!("{error:#}") })?;
    let world = package.ty();
    let package = graph.register_package(package).map_err(join)?;
    Ok((world, graph.instantiate(package)))
}

fn export_all(graph: &mut CompositionGraph, world: WorldId, instance: NodeId) -> Result<()> {
    let exports: Vec<String> = graph.types()[world].exports.keys().cloned().collect();
    for export in exports {
        let node = graph.alias_instance_export(instance, &export).map_err(join)?;
        graph.export(node, &export).map_err(join)?;
    }
    Ok(())
}

/// Whether a dependency's name, which may leave out the interface or the version, names an import.
fn matches(dependency: &str, import: &str) -> bool {
    let (wanted, offered) = (Name::parse(dependency), Name::parse(import));
    wanted.package == offered.package
        && (wanted.interface.is_none() || wanted.interface == offered.interface)
        && (wanted.version.is_none() || wanted.version == offered.version)
}

/// `package:name/interface@version`, or a plain name.
struct Name<'a> {
    package: &'a str,
    interface: Option<&'a str>,
    version: Option<Version>,
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Self {
        let (name, version) = match name.split_once('@') {
            Some((name, version)) => (name, Version::parse(version).ok()),
            None => (name, None),
        };
        let (package, interface) = match name.split_once('/') {
            Some((package, interface)) => (package, Some(interface)),
            None => (name, None),
        };
        Self { package, interface, version }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn names_match_as_in_spin() {
        for (dependency, import, expected) in [
            ("foo:bar/baz@0.1.0", "foo:bar/baz@0.1.0", true),
            ("foo:bar/baz", "foo:bar/baz@0.1.0", true),
            ("foo:bar", "foo:bar/baz@0.1.0", true),
            ("foo:bar@0.1.0", "foo:bar/baz@0.1.0", true),
            ("foo-bar", "foo-bar", true),
            ("foo:bar/baz@0.1.0", "foo:bar/baz", false),
            ("foo:bar/baz", "foo:bar/bub@0.1.0", false),
            ("foo:bar@0.1.0", "foo:bar/baz", false),
        ] {
            assert_eq!(matches(dependency, import), expected, "{dependency} for {import}");
        }
    }
}
