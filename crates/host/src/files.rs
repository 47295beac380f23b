//! The files a component sees: a snapshot taken at start, in a folder of its own, mounted read-only as `/`.
//!
//! As in Spin, changes made to the originals afterwards are not seen, and nothing outside the manifest's
//! folder can be mounted by a pattern.

use std::path::{Component as PathPart, Path, PathBuf};

use crate::manifest::{Component, FileMount, Manifest, ManifestError};

/// What the folders of snapshots are called: this, and whose they are.
const FOLDER: &str = "files-";

/// A folder for a snapshot, below the state. Not among the machine's temporary files: those may be swept away while the
/// application runs. What hosts that were killed have left is removed.
pub(crate) fn folder(state: &Path) -> std::io::Result<tempfile::TempDir> {
    std::fs::create_dir_all(state)?;
    for entry in std::fs::read_dir(state)?.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split('-').next());
        let is_gone = |pid: &str| Path::new("/proc/self").exists() && !Path::new("/proc").join(pid).exists();
        if owner.is_some_and(is_gone) {
            // Another host may do the same at this moment.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    tempfile::Builder::new().prefix(&format!("{FOLDER}{}-", std::process::id())).tempdir_in(state)
}

/// Copies the component's files below `snapshot`, which must exist.
///
/// # Errors
/// A mount that names nothing, or a copy that failed, with the mount's line.
pub(crate) fn snapshot(manifest: &Manifest, component: &Component, snapshot: &Path) -> Result<(), ManifestError> {
    let excluded = excluded(manifest, component)?;
    for mount in &component.files {
        let copy = Copy { root: &manifest.root, snapshot, excluded: &excluded };
        let done = match &mount.value {
            FileMount::Pattern(pattern) => copy.pattern(pattern),
            FileMount::Placement { source, destination } => copy.placement(source, destination),
        };
        done.map_err(|reason| manifest.error(mount.line, format!("files of component `{}`: {reason}", component.id)))?;
    }
    Ok(())
}

fn excluded(manifest: &Manifest, component: &Component) -> Result<Vec<glob::Pattern>, ManifestError> {
    component
        .exclude_files
        .iter()
        .map(|pattern| {
            glob::Pattern::new(&pattern.value)
                .map_err(|error| manifest.error(pattern.line, format!("pattern `{pattern}`: {error}")))
        })
        .collect()
}

struct Copy<'a> {
    root: &'a Path,
    snapshot: &'a Path,
    excluded: &'a [glob::Pattern],
}

impl Copy<'_> {
    fn pattern(&self, pattern: &str) -> Result<(), String> {
        stay_inside(pattern)?;
        let path = self.root.join(pattern);
        if path.is_file() {
            self.file(&path, Path::new(pattern))
        } else if path.is_dir() {
            self.glob(&path.join("**/*"), self.root, Path::new(""))
        } else if pattern.contains(['*', '?', '[']) {
            self.glob(&path, self.root, Path::new(""))
        } else {
            Err(format!("`{pattern}` does not exist"))
        }
    }

    fn placement(&self, source: &str, destination: &str) -> Result<(), String> {
        let target = destination.trim_start_matches('/');
        stay_inside(target)?;
        let path = self.root.join(source);
        if path.is_dir() {
            self.glob(&path.join("**/*"), &path, Path::new(target))
        } else if !path.is_file() {
            Err(format!("`{source}` does not exist"))
        } else if target.is_empty() || destination.ends_with('/') {
            Err(format!("`{destination}` is not a file name"))
        } else {
            self.file(&path, Path::new(target))
        }
    }

    /// Copies every file a pattern matches; `prefix` is cut from its path and `target` put in its place.
    fn glob(&self, pattern: &Path, prefix: &Path, target: &Path) -> Result<(), String> {
        let pattern = pattern.to_str().ok_or("a path is not UTF-8")?;
        let matches = glob::glob(pattern).map_err(|error| error.to_string())?;
        for path in matches {
            let path = path.map_err(|error| error.to_string())?;
            let inside = path.strip_prefix(self.root).unwrap_or(&path);
            if path.is_file() && !self.excluded.iter().any(|pattern| pattern.matches_path(inside)) {
                let relative = path.strip_prefix(prefix).map_err(|error| error.to_string())?;
                self.file(&path, &target.join(relative))?;
            }
        }
        Ok(())
    }

    fn file(&self, source: &Path, target: &Path) -> Result<(), String> {
        let target: PathBuf = self.snapshot.join(target);
        let failed = |error: std::io::Error| format!("cannot copy `{}`: {error}", source.display());
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::copy(source, target).map(drop).map_err(failed)
    }
}

fn stay_inside(path: &str) -> Result<(), String> {
    let leaves = Path::new(path).components().any(|part| !matches!(part, PathPart::Normal(_) | PathPart::CurDir));
    if leaves { Err(format!("`{path}` leaves its folder")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_host_has_left_is_removed_and_nothing_else() {
        let state = tempfile::tempdir().unwrap();
        let running = format!("{FOLDER}{}-x", std::process::id());
        // No process has such a number.
        for name in [&running, "files-99999999-x", "files", "logs"] {
            std::fs::create_dir(state.path().join(name)).unwrap();
        }
        let mine = folder(state.path()).unwrap();
        assert!(mine.path().starts_with(state.path()));
        let left = |name: &str| state.path().join(name).exists();
        assert!(left(&running) && left("files") && left("logs") && !left("files-99999999-x"));
    }
}
