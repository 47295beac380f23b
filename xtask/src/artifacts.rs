//! Builds what the application consists of: the six Wasm components and the local host.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{terminal, toolchain, workspace};

/// The components, by package name. Their files are named likewise with underscores.
pub const COMPONENTS: [&str; 6] =
    ["score-intake", "consent-check", "follow-up-scheduler", "alert-trigger", "loop-insights", "case-desk"];

/// Where spin.toml looks for a component's Wasm file.
pub fn component_file(package: &str) -> PathBuf {
    workspace::root().join("target/wasm32-wasip2/release").join(format!("{}.wasm", package.replace('-', "_")))
}

/// Builds all components in one call, into the folder that spin.toml names whatever `CARGO_TARGET_DIR` says.
pub fn build_components() -> Result<()> {
    toolchain::ensure_wasm_target()?;
    let first = COMPONENTS.iter().any(|package| !component_file(package).exists());
    let hint = if first { " (the first time takes a minute or two)" } else { "" };
    terminal::step(&format!("building the components for wasm32-wasip2{hint}"), || {
        let mut cargo = workspace::cargo();
        cargo.args(["build", "--release", "--target", "wasm32-wasip2", "--target-dir", "target"]);
        for package in COMPONENTS {
            cargo.args(["-p", package]);
        }
        workspace::run(&mut cargo)
    })
}

/// Builds the example of a consent provider, where its scenario looks for it.
pub fn build_example() -> Result<()> {
    terminal::step("building the example of a consent provider", || {
        let mut cargo = workspace::cargo();
        cargo.args(["build", "--release", "--target", toolchain::TARGET, "--target-dir", "target"]);
        cargo.args(["--manifest-path", "examples/consent-over-http/Cargo.toml"]);
        workspace::run(&mut cargo)
    })
}

/// Builds the bench's yardstick and returns its file.
pub fn build_bare() -> Result<PathBuf> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--release", "--locked", "--target", toolchain::TARGET, "--target-dir", "target/bench"]);
    cargo.args(["--manifest-path", "xtask/bench/bare/Cargo.toml"]);
    workspace::run(&mut cargo)?;
    Ok(workspace::root().join("target/bench").join(toolchain::TARGET).join("release/bare.wasm"))
}

/// Builds the local host and returns its binary; `RINGBACK_HOST` names one that was built elsewhere.
pub fn build_host() -> Result<PathBuf> {
    if let Some(built) = std::env::var_os("RINGBACK_HOST") {
        return PathBuf::from(&built)
            .canonicalize()
            .with_context(|| format!("RINGBACK_HOST names {}", built.display()));
    }
    terminal::step(
        "building the local host (the first time compiles wasmtime and SQLite: some minutes on two cores)",
        || {
            let mut cargo = workspace::cargo();
            // Without `-p`, so that its dependencies get the same features as in `cargo test`, and wasmtime is built once.
            cargo.args(["build", "--bin", "ringback-host", "--message-format", "json-render-diagnostics"]);
            cargo.stderr(Stdio::inherit());
            let messages = workspace::capture(&mut cargo)?;
            executable(&messages, "ringback-host").context("cargo built the host but named no binary")
        },
    )
}

/// The binary that cargo's JSON messages name for a target.
fn executable(messages: &str, target: &str) -> Option<PathBuf> {
    messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let is_target = message["reason"] == "compiler-artifact" && message["target"]["name"] == target;
        let path = message["executable"].as_str()?;
        is_target.then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_binary_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"ringback_host"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"ringback-host"},"executable":"/t/debug/ringback-host"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "ringback-host"), Some(PathBuf::from("/t/debug/ringback-host")));
        assert_eq!(executable(messages, "other"), None);
    }
}
