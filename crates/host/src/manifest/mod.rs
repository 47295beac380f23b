//! The application manifest, `spin.toml` (version 2), as this host understands it.
//!
//! Reading is strict: a key this host does not know, or knows and does not support, is refused by name with
//! its line. Nothing is resolved here: templates stay templates, paths are only made absolute.

mod component;
mod document;
mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use component::{Component, Dependency, FileMount};

/// Why a manifest was refused: one message, with the file and the line it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {message}", .path.display())]
pub struct ManifestError {
    /// The manifest, as it was named by the caller.
    pub path: PathBuf,
    /// Line in the manifest, counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right where that is known.
    pub message: String,
}

/// A value together with the line it was written on (counted from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its line in the manifest.
    pub line: usize,
}

impl<T: fmt::Display> fmt::Display for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// A manifest that was read and found to hold nothing this host cannot do.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file it was read from.
    pub path: PathBuf,
    /// The folder of that file, absolute: every path in the manifest is relative to it.
    pub root: PathBuf,
    /// `[application] name`.
    pub name: String,
    /// `[variables]`, by name.
    pub variables: BTreeMap<String, Variable>,
    /// `[[trigger.http]]`, in the order of the file.
    pub triggers: Vec<HttpTrigger>,
    /// `[component.<id>]`, by id.
    pub components: BTreeMap<String, Component>,
    /// `[application.tool.<name>]`, by name, as plain values: Spin ignores these, so do we, except for
    /// [`Manifest::ticks`].
    pub tools: toml::Table,
    /// `[application.tool.local-host] ticker`: requests this host makes by itself at a fixed pace.
    pub ticks: Vec<Tick>,
}

/// An application variable, `[variables] name = { … }`.
#[derive(Debug, Clone)]
pub struct Variable {
    /// The value when nothing else supplies one. `None` means a value must be supplied.
    pub default: Option<String>,
    /// Whether the value is a secret: it is never shown.
    pub secret: bool,
    /// Line of the definition.
    pub line: usize,
}

/// One `[[trigger.http]]`.
#[derive(Debug, Clone)]
pub struct HttpTrigger {
    /// Where the component answers.
    pub route: Route,
    /// The component's id; it exists in [`Manifest::components`].
    pub component: String,
    /// Line of the trigger's `component` key.
    pub line: usize,
}

/// Where a component answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A path, exact or ending in `/...`.
    Public(String),
    /// Only by service chaining: `{ private = true }`.
    Private,
}

/// One entry of the ticker: a `POST` without a body, made every `interval`, never two at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The component that is called.
    pub component: String,
    /// The path it is called with.
    pub path: String,
    /// The pause between two calls, at least 10 ms.
    pub interval: std::time::Duration,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The first thing that is wrong or unsupported, with its line. A file that cannot be read is reported
    /// at line 0.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ManifestError> {
        let path = path.as_ref();
        let unreadable = |error: std::io::Error| ManifestError {
            path: path.to_owned(),
            line: 0,
            message: format!("cannot read the manifest: {error}"),
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let root = absolute.parent().map_or_else(PathBuf::new, Path::to_owned);
        read::manifest(path, root, &text)
    }

    /// An error about a line of this manifest.
    #[must_use]
    pub fn error(&self, line: usize, message: impl Into<String>) -> ManifestError {
        ManifestError { path: self.path.clone(), line, message: message.into() }
    }
}
