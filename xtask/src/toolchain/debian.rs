//! Builds the target's standard library from Debian's `rust-src` and `wasi-libc`.
//!
//! apt works in a private state folder, so neither the machine's package lists nor its packages change. All that is
//! written outside the temporary folder is the target's own library folder, which was empty before, and that at the
//! very end; a failure leaves the toolchain as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::TARGET;
use crate::{terminal, workspace};

/// Debian suites that may hold the compiler's version, likeliest first.
const SUITES: [&str; 5] = ["trixie-backports", "forky", "sid", "bookworm-backports", "trixie"];

/// Puts the standard library and wasi-libc into `libraries` (…/rustlib/wasm32-wasip2/lib).
///
/// # Errors
/// When no Debian suite of the machine's mirror has the compiler's exact version, or the build fails.
pub fn install(libraries: &Path) -> Result<()> {
    if libraries.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} holds an unfinished installation; remove it first", libraries.display());
    }
    let work = tempfile::Builder::new().prefix("ringback-target-").tempdir()?;
    let version = compiler_version()?;
    let packages = download(work.path(), &version)?;
    let rust_src = packages.join("usr/src");
    let library =
        find_folder(&rust_src, "library").with_context(|| format!("rust-src {version} holds no folder `library`"))?;
    let wasi_libc =
        find_folder(&packages.join("usr/lib"), TARGET).context("wasi-libc holds nothing for wasm32-wasip2")?;

    // The compiler links crt1 and libc from `self-contained` while it builds std, so these go first.
    let self_contained = libraries.join("self-contained");
    copy_files(&wasi_libc, &self_contained, |_| true)?;
    let built = build_std(work.path(), &library).and_then(|deps| {
        let ours = format!("lib{EMPTY_CRATE}");
        copy_files(&deps, libraries, |name| name.ends_with(".rlib") && !name.starts_with(&ours))
    });
    if built.is_err() {
        fs::remove_dir_all(libraries).ok();
    }
    built
}

/// `1.95.0` of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn compiler_version() -> Result<String> {
    let printed = workspace::capture(workspace::rustc().arg("--version"))?;
    printed
        .split_whitespace()
        .nth(1)
        .map(str::to_owned)
        .with_context(|| format!("rustc --version printed `{}`", printed.trim()))
}

/// Downloads and unpacks both packages; returns the folder they were unpacked into.
fn download(work: &Path, version: &str) -> Result<PathBuf> {
    let mirror = debian_mirror().context("the machine's apt sources name no Debian mirror")?;
    let mut reasons = Vec::new();
    for suite in SUITES {
        terminal::remark(&format!("looking for rust-src {version} in Debian's {suite}"));
        match download_from(work, &mirror, suite, version) {
            Ok(folder) => return Ok(folder),
            Err(error) => reasons.push(format!("{suite}: {}", error.to_string().lines().next().unwrap_or_default())),
        }
    }
    bail!("no Debian suite has rust-src {version} and wasi-libc ({})", reasons.join("; "))
}

fn download_from(work: &Path, mirror: &Mirror, suite: &str, version: &str) -> Result<PathBuf> {
    let state = work.join(suite);
    for folder in ["state/lists/partial", "cache/archives/partial", "downloads"] {
        fs::create_dir_all(state.join(folder))?;
    }
    let sources = state.join("sources.list");
    let options = mirror.signed_by.as_ref().map(|keyring| format!("[signed-by={keyring}] ")).unwrap_or_default();
    fs::write(&sources, format!("deb {options}{} {suite} main\n", mirror.uri))?;
    let apt = |program: &str| {
        let mut command = Command::new(program);
        command.current_dir(state.join("downloads"));
        for option in [
            format!("Dir::State={}", state.join("state").display()),
            "Dir::State::status=/dev/null".to_owned(),
            format!("Dir::Cache={}", state.join("cache").display()),
            format!("Dir::Etc::sourcelist={}", sources.display()),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
        ] {
            command.args(["-o", &option]);
        }
        command
    };
    workspace::capture(apt("apt-get").args(["-qq", "update"]))?;
    let listed = workspace::capture(apt("apt-cache").args(["madison", "rust-src"]))?;
    let package = matching_version(&listed, version).with_context(|| format!("has no rust-src {version}"))?;
    terminal::remark(&format!("downloading rust-src {package} and wasi-libc"));
    workspace::capture(apt("apt-get").args(["-qq", "download", &format!("rust-src={package}"), "wasi-libc"]))?;
    let unpacked = state.join("unpacked");
    for file in fs::read_dir(state.join("downloads"))? {
        let file = file?.path();
        if file.extension().is_some_and(|ending| ending == "deb") {
            workspace::capture(Command::new("dpkg-deb").arg("-x").args([&file, &unpacked]))?;
        }
    }
    Ok(unpacked)
}

/// The package version of `apt-cache madison`'s lines whose upstream part is `version`.
fn matching_version(listed: &str, version: &str) -> Option<String> {
    listed.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim).find_map(|package| {
        let upstream = package.rsplit_once('-').map_or(package, |(upstream, _)| upstream);
        let upstream = upstream.split(['+', '~']).next().unwrap_or(upstream);
        (upstream == version).then(|| package.to_owned())
    })
}

/// Where the machine gets Debian's packages from.
#[derive(Debug, PartialEq)]
struct Mirror {
    uri: String,
    signed_by: Option<String>,
}

fn debian_mirror() -> Option<Mirror> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.filter_map(Result::ok).map(|entry| entry.path()));
    }
    files.sort();
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).find_map(|text| mirror_in(&text))
}

/// The first source that is Debian's own archive, in either of apt's two formats.
fn mirror_in(text: &str) -> Option<Mirror> {
    let is_debian = |uri: &str| uri.contains("://") && uri.trim_end_matches('/').ends_with("/debian");
    for stanza in text.split("\n\n") {
        let field =
            |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
        if let Some(uri) =
            field("URIs:").and_then(|uris| uris.split_whitespace().find(|uri| is_debian(uri)).map(str::to_owned))
        {
            return Some(Mirror { uri, signed_by: field("Signed-By:") });
        }
    }
    let lines = text.lines().filter(|line| line.starts_with("deb "));
    let uri = lines.flat_map(str::split_whitespace).find(|word| is_debian(word))?;
    Some(Mirror { uri: uri.to_owned(), signed_by: None })
}

/// The crate whose build makes cargo build std; it is empty and thrown away.
const EMPTY_CRATE: &str = "ringback_empty";

/// Builds std and returns the folder of the finished libraries.
fn build_std(work: &Path, library: &Path) -> Result<PathBuf> {
    let project = work.join("empty");
    fs::create_dir_all(project.join("src"))?;
    fs::write(
        project.join("Cargo.toml"),
        format!("[package]\nname = \"{EMPTY_CRATE}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n"),
    )?;
    fs::write(project.join("src/lib.rs"), "")?;
    terminal::remark("building std (about a minute)");
    let mut cargo = workspace::cargo();
    cargo.current_dir(&project).args([
        "build",
        "--release",
        "-Zbuild-std=std,panic_abort,proc_macro",
        "--target",
        TARGET,
    ]);
    cargo
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", library);
    cargo.env("CARGO_TARGET_DIR", project.join("target"));
    workspace::run(&mut cargo)?;
    Ok(project.join("target").join(TARGET).join("release/deps"))
}

/// Copies the files of a folder (not its folders) whose names are wanted.
fn copy_files(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot write to {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        if entry.path().is_file() && wanted(&entry.file_name().to_string_lossy()) {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// The first folder of that name below `start`, by breadth.
fn find_folder(start: &Path, name: &str) -> Option<PathBuf> {
    let mut level = vec![start.to_path_buf()];
    while !level.is_empty() {
        let mut next = Vec::new();
        for folder in level {
            let entries = fs::read_dir(folder).ok()?;
            next.extend(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()));
        }
        if let Some(found) = next.iter().find(|path| path.file_name().is_some_and(|file| file == name)) {
            return Some(found.clone());
        }
        level = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_mirror_in_both_formats() {
        let deb822 = "# a note\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nSigned-By: /k.gpg\n\nTypes: deb\nURIs: http://mirror.example/debian-security\n";
        assert_eq!(
            mirror_in(deb822),
            Some(Mirror { uri: "http://mirror.example/debian".into(), signed_by: Some("/k.gpg".into()) })
        );
        let one_line =
            "# deb http://old.example/debian x main\ndeb [arch=amd64] https://mirror.example/debian/ bookworm main\n";
        assert_eq!(mirror_in(one_line), Some(Mirror { uri: "https://mirror.example/debian/".into(), signed_by: None }));
        assert_eq!(mirror_in("deb https://other.example/apt stable main\n"), None);
    }

    #[test]
    fn takes_only_the_compilers_own_version() {
        let listed = " rust-src | 1.95.0+dfsg1-1~bpo13+1 | http://mirror.example/debian trixie-backports/main amd64 Packages\n rust-src | 1.85.0+dfsg3-1 | http://mirror.example/debian trixie/main amd64 Packages\n";
        assert_eq!(matching_version(listed, "1.95.0").as_deref(), Some("1.95.0+dfsg1-1~bpo13+1"));
        assert_eq!(matching_version(listed, "1.9"), None);
        assert_eq!(matching_version(listed, "1.95.1"), None);
    }
}
