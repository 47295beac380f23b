//! Schemathesis against the running application: requests made from the contract, good ones and bad ones, and answers held
//! against it. Part of `cargo xtask test`; installed from PyPI into a virtual environment below `target/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::application::{Application, Launch, Runner};
use crate::environment::Variables;
use crate::signals::Ending;
use crate::{ports, terminal, workspace};

/// The version that is installed.
const VERSION: &str = "4.32.5";
/// What is held against every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance";
/// Requests made up for each route and phase.
const EXAMPLES: &str = "20";
/// How long it makes requests, in seconds.
const BUDGET: &str = "75";
/// When it is given up, in seconds: it does not end by itself.
const WITHIN: &str = "180";
/// The token it comes with: an administrator's, so that no route refuses it at the door.
const TOKEN: &str = "schemathesis";

/// Whether this machine can run it; says so where it cannot.
pub fn is_possible() -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", "import venv, ensurepip"]).stdout(Stdio::null()).stderr(Stdio::null());
    let possible = python.status().is_ok_and(|status| status.success());
    if !possible {
        terminal::remark("no python3 with venv here: the contract is not tried by schemathesis");
    }
    possible
}

/// Runs it against a fresh application on the local host.
///
/// # Errors
/// When an answer breaks the contract, or anything on the way fails.
pub fn check(host: &Path) -> Result<()> {
    let program = install()?;
    let state = tempfile::tempdir()?;
    let root = workspace::root();
    let port = ports::any_free()?;
    let runner = Runner::LocalHost(host.to_owned());
    let variables = variables();
    let launch =
        Launch { runner: &runner, folder: &root, state: state.path(), port, variables: &variables, shown: false };
    let ending = Ending::watch()?;
    let _application = Application::start(&launch, &ending)?;
    let mut run = Command::new("timeout");
    run.args(["--signal", "INT", WITHIN]).arg(program).arg("run");
    run.arg(format!("http://127.0.0.1:{port}/openapi.json"));
    run.args(["--header", &format!("Authorization: Bearer {TOKEN}")]);
    run.args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--checks", CHECKS]);
    run.args(["--max-time", BUDGET, "--seed", "1", "--continue-on-failure", "--generation-database", "none"]);
    let output = run.current_dir(state.path()).output().context("cannot start timeout")?;
    if !output.status.success() {
        bail!("schemathesis ended with {}\n{}", output.status, String::from_utf8_lossy(&output.stdout).trim_end());
    }
    Ok(())
}

/// Schemathesis, installed once.
fn install() -> Result<PathBuf> {
    let folder = workspace::root().join("target/schemathesis");
    let program = folder.join("bin/schemathesis");
    let installed = |program: &Path| {
        let printed = workspace::capture(Command::new(program).arg("--version"));
        printed.is_ok_and(|printed| printed.trim().ends_with(VERSION))
    };
    if !installed(&program) {
        terminal::step("installing schemathesis, for the contract", || {
            workspace::capture(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            let mut pip = Command::new(folder.join("bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check", &format!("schemathesis=={VERSION}")]);
            workspace::capture(&mut pip).map(drop)
        })?;
    }
    Ok(program)
}

/// Secrets of a world of its own; nothing leaves, as no destination is named.
fn variables() -> Variables {
    let hash = HEXLOWER.encode(&Sha256::digest(TOKEN.as_bytes()));
    Variables::from([
        ("pepper".to_owned(), "schemathesis-schemathesis-schemathesis".to_owned()),
        ("admin_token_sha256".to_owned(), hash),
    ])
}
