//! Makes sure that the compiler can build for wasm32-wasip2.
//!
//! The normal way is `rustup target add`. Where rustup is missing or its server cannot be reached, the target's
//! standard library is built from Debian's sources ([`debian`]). Nothing that already works is touched.

mod debian;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::{terminal, workspace};

/// The target of every component.
pub const TARGET: &str = "wasm32-wasip2";

/// `cargo xtask setup`
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    if let Some(arg) = args.next()? {
        return Err(arg.unexpected().into());
    }
    ensure_wasm_target()?;
    say!("{TARGET} is installed");
    Ok(ExitCode::SUCCESS)
}

/// Installs the target unless it is there.
///
/// # Errors
/// When neither rustup nor Debian's sources provide it; the text holds both reasons.
pub fn ensure_wasm_target() -> Result<()> {
    let libraries = target_libraries()?;
    if is_installed(&libraries) {
        return Ok(());
    }
    terminal::step(&format!("installing the target {TARGET}"), || {
        let Err(by_rustup) = rustup_target_add() else { return verify() };
        terminal::remark(&format!("rustup could not: {by_rustup:#}"));
        terminal::remark("building the target's standard library from Debian's sources instead");
        debian::install(&libraries).with_context(|| {
            format!("{TARGET} cannot be had: rustup said `{by_rustup:#}`, and from Debian's sources")
        })?;
        let folder = libraries.parent().unwrap_or(&libraries);
        terminal::remark(&format!(
            "remove {} before `rustup target add`, should that become possible",
            folder.display()
        ));
        verify()
    })
}

/// The folder that holds, or would hold, the target's libraries.
fn target_libraries() -> Result<PathBuf> {
    let printed = workspace::capture(workspace::rustc().args(["--print", "target-libdir", "--target", TARGET]))?;
    Ok(PathBuf::from(printed.trim()))
}

fn is_installed(libraries: &Path) -> bool {
    let has = |prefix: &str| {
        libraries.read_dir().is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| {
                    entry.file_name().to_string_lossy().starts_with(prefix)
                        && entry.path().extension().is_some_and(|ending| ending == "rlib")
                })
            })
        })
    };
    has("libstd-") && has("libcore-") && libraries.join("self-contained/crt1-command.o").exists()
}

fn rustup_target_add() -> Result<()> {
    workspace::run(Command::new("rustup").args(["target", "add", TARGET]))
}

fn verify() -> Result<()> {
    let libraries = target_libraries()?;
    if !is_installed(&libraries) {
        bail!("{} still holds no standard library for {TARGET}", libraries.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_as_installed_only_when_it_is_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(!is_installed(folder.path()));
        for file in ["libstd-1.rlib", "libcore-2.rmeta"] {
            std::fs::write(folder.path().join(file), "").expect("a file");
        }
        assert!(!is_installed(folder.path()), "libcore's rlib is missing");
        std::fs::write(folder.path().join("libcore-2.rlib"), "").expect("a file");
        assert!(!is_installed(folder.path()), "wasi-libc is missing");
        std::fs::create_dir(folder.path().join("self-contained")).expect("a folder");
        std::fs::write(folder.path().join("self-contained/crt1-command.o"), "").expect("a file");
        assert!(is_installed(folder.path()));
    }
}
