//! A folder that looks like the repository to whatever runs spin.toml.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace;

/// The manifest as shipped.
pub fn manifest() -> Result<String> {
    fs::read_to_string(workspace::root().join("spin.toml")).context("cannot read spin.toml")
}

/// Makes the folder, with a manifest, what it mounts, and `state/` beside it.
pub fn copy_application(folder: &Path, manifest: &str) -> Result<()> {
    let root = workspace::root();
    fs::create_dir_all(folder.join("state"))?;
    std::os::unix::fs::symlink(root.join("target"), folder.join("target"))?;
    for file in ["ringback.toml", "holidays.ics", "messages.toml", "docs/openapi.json"] {
        let copy = folder.join(file);
        fs::create_dir_all(copy.parent().context("a folder")?)?;
        fs::copy(root.join(file), copy)?;
    }
    fs::write(folder.join("spin.toml"), manifest).context("cannot write spin.toml")
}
