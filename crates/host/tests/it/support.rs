//! Builds the guests, writes manifests, starts hosts and talks to them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use ringback_host::{Host, HostError, Running};
use tempfile::TempDir;

/// The folder with `probe.wasm`, `probe-greet.wasm` (which imports `greeter`) and `greeter.wasm`.
pub fn guests() -> &'static Path {
    static GUESTS: OnceLock<PathBuf> = OnceLock::new();
    GUESTS.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
        let built = target.join("wasm32-wasip2/release");
        build(&target, &["-p", "probe", "--features", "greet"]);
        std::fs::copy(built.join("probe.wasm"), built.join("probe-greet.wasm")).expect("the probe was built");
        build(&target, &["-p", "probe"]);
        build(&target, &["-p", "greeter"]);
        built
    })
}

fn build(target: &Path, arguments: &[&str]) {
    let status = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests"))
        .args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(target)
        .args(arguments)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the guests do not build");
}

/// Compiled components of all tests.
pub fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}

/// A folder with a manifest and whatever state the host leaves there.
pub struct App {
    folder: TempDir,
}

impl App {
    /// `{guests}` in the manifest stands for the folder of the built guests.
    pub fn new(manifest: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let manifest = manifest.replace("{guests}", guests().to_str().expect("UTF-8"));
        std::fs::write(folder.path().join("spin.toml"), manifest).expect("a manifest");
        Self { folder }
    }

    /// The probe on `/...` with the `default` store; `more` goes into `[component.probe]`.
    pub fn probe(more: &str) -> Self {
        Self::new(&format!(
            r#"
            spin_manifest_version = 2
            [application]
            name = "test"
            [[trigger.http]]
            route = "/..."
            component = "probe"
            [component.probe]
            source = "{{guests}}/probe.wasm"
            key_value_stores = ["default"]
            {more}
            "#
        ))
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn manifest(&self) -> PathBuf {
        self.path().join("spin.toml")
    }

    pub fn host(&self) -> Host {
        Host::builder(self.manifest()).state_dir(self.path().join("state")).cache_dir(cache())
    }

    pub async fn start(&self) -> Running {
        self.host().start().await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub async fn refusal(&self) -> HostError {
        match self.host().start().await {
            Ok(_) => panic!("started"),
            Err(error) => error,
        }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

/// Sends a request on a connection of its own.
pub async fn send(request: http::Request<Full<Bytes>>) -> Answer {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.expect("an answer").into_parts();
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    Answer { status: head.status.as_u16(), text: String::from_utf8_lossy(&bytes).into_owned() }
}

pub async fn get(host: &Running, path: &str) -> Answer {
    let request = http::Request::get(format!("{}{path}", host.url()));
    send(request.body(Full::default()).expect("a request")).await
}

pub async fn post(host: &Running, path: &str, body: impl Into<Bytes>) -> Answer {
    let request = http::Request::post(format!("{}{path}", host.url()));
    send(request.body(Full::new(body.into())).expect("a request")).await
}

/// Runs store commands of the probe and gives its answers, one a line.
pub async fn kv(host: &Running, commands: &str) -> Vec<String> {
    lines(&post(host, "/kv", commands.to_owned()).await.text)
}

pub fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}
