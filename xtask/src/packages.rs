//! Programs that tests start and that come from the system's packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::{terminal, workspace};

/// Makes sure of redis-server, by apt where that is possible. Without it the tests of the Redis store leave themselves out.
pub fn ensure_redis() -> Result<()> {
    if std::env::var_os("REDIS_SERVER").is_some() || starts("redis-server", "--version") {
        return Ok(());
    }
    if !can_install() {
        terminal::remark("no redis-server here: the tests of the Redis store leave themselves out");
        return Ok(());
    }
    terminal::step("installing redis-server, for the tests of the Redis store", || install(&["redis-server"]))
}

/// Makes sure of prometheus-alertmanager, which the bench of alerts stands beside, and says where it is.
///
/// # Errors
/// When it is not there and cannot be installed.
pub fn ensure_alertmanager() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("ALERTMANAGER") {
        return Ok(path.into());
    }
    let name = "prometheus-alertmanager";
    if !starts(name, "--version") {
        ensure!(can_install(), "no {name} here: install it, or say where it is in ALERTMANAGER");
        terminal::step("installing prometheus-alertmanager, to stand beside", || install(&[name]))?;
    }
    Ok(name.into())
}

/// The version of axe-core that pages are held to, and the SHA-256 of the one file that is used of its package.
const AXE: (&str, &str) = ("axe-core@4.14.1", "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c");

/// Makes sure of chromium, its driver and axe-core. Without them the tests in a browser leave themselves out.
pub fn ensure_browser() -> Result<()> {
    if std::env::var_os("CHROMEDRIVER").is_none() && !starts("chromedriver", "--version") {
        if !can_install() {
            terminal::remark("no chromedriver here: the tests in a browser leave themselves out");
            return Ok(());
        }
        let fonts = ["chromium", "chromium-driver", "fonts-dejavu-core", "fonts-noto-core"];
        terminal::step("installing chromium and its driver, for the tests in a browser", || install(&fonts))?;
    }
    let file = workspace::root().join("target/browser/axe.min.js");
    if hash(&file).as_deref() == Some(AXE.1) {
        return Ok(());
    }
    if !starts("npm", "--version") {
        terminal::remark("no npm here: pages are not looked at by axe-core");
        return Ok(());
    }
    terminal::step("fetching axe-core, for the tests in a browser", || fetch_axe(&file))
}

/// Fetches the package from the registry and takes the one file out of it, if it is the one that was looked at.
fn fetch_axe(file: &Path) -> Result<()> {
    let work = tempfile::tempdir()?;
    let packed = workspace::capture(Command::new("npm").args(["pack", "--silent", AXE.0]).current_dir(work.path()))?;
    let archive = packed.lines().last().context("npm names no file")?.trim().to_owned();
    workspace::capture(Command::new("tar").args(["xzf", &archive, "package/axe.min.js"]).current_dir(work.path()))?;
    let found = work.path().join("package/axe.min.js");
    ensure!(hash(&found).as_deref() == Some(AXE.1), "{} is not the file that was looked at", AXE.0);
    fs::create_dir_all(file.parent().context("a folder")?)?;
    fs::copy(&found, file).map(drop).with_context(|| format!("cannot write {}", file.display()))
}

fn hash(file: &Path) -> Option<String> {
    Some(HEXLOWER.encode(&Sha256::digest(fs::read(file).ok()?)))
}

fn can_install() -> bool {
    starts("apt-get", "--version") && rustix::process::geteuid().is_root()
}

fn install(packages: &[&str]) -> Result<()> {
    workspace::capture(Command::new("apt-get").args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.args(["-qq", "install", "--yes", "--no-install-recommends"]).args(packages);
    workspace::capture(install.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1")).map(drop)
}

/// Whether a program is there and runs.
fn starts(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_does_not_start() {
        assert!(starts("rustc", "--version"));
        assert!(!starts("no-such-program-anywhere", "--version"));
    }
}
