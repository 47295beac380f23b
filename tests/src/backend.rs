//! What the application runs on: the local host in this process, the local host's program, or Spin.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use ringback_host::{FaultPlan, Host, MovableClock, Running};

/// What every start needs.
pub(crate) struct Start<'a> {
    pub state: &'a Path,
    pub variables: &'a [(&'static str, String)],
    /// The application: its `spin.toml`.
    pub manifest: &'a Path,
    /// Spin's runtime configuration, where the store is not the default one.
    pub runtime_config: Option<&'a Path>,
    /// Largest size of the store's file, in bytes.
    pub store_limit: Option<u64>,
}

/// The application, running.
pub(crate) enum Backend {
    Local(Box<Running>),
    Process(Process),
}

impl Backend {
    pub async fn local(start: &Start<'_>, clock: &MovableClock, faults: &FaultPlan) -> Self {
        let mut host = Host::builder(start.manifest)
            .state_dir(start.state)
            .cache_dir(compiled())
            .clock(clock.clone())
            .faults(faults.clone())
            .ticker(false);
        for (name, value) in start.variables {
            host = host.variable(*name, value.as_str());
        }
        if let Some(file) = start.runtime_config {
            host = host.runtime_config(file);
        }
        if let Some(bytes) = start.store_limit {
            host = host.store_limit(bytes);
        }
        let running = host.start().await.unwrap_or_else(|error| panic!("the host does not start: {error}"));
        Self::Local(Box::new(running))
    }

    pub fn url(&self) -> String {
        match self {
            Self::Local(running) => running.url(),
            Self::Process(process) => process.url.clone(),
        }
    }

    /// Everything the components and the host have written.
    pub fn log(&self) -> String {
        match self {
            Self::Local(running) => {
                running.logs().into_iter().map(|line| format!("{}: {}\n", line.component, line.text)).collect()
            }
            Self::Process(process) => std::fs::read_to_string(&process.log).unwrap_or_default(),
        }
    }
}

/// A program that runs the application. It dies with this value.
pub(crate) struct Process {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Process {
    /// The local host's program, its clock moved.
    pub fn host(start: &Start<'_>, offset_s: i64) -> Self {
        let mut command = Command::new(host_program());
        command.args(["--listen", "127.0.0.1:0", "--no-ticker", "--manifest"]).arg(start.manifest);
        command.arg("--state-dir").arg(start.state).arg("--cache-dir").arg(compiled());
        command.args(["--clock-offset-seconds", &offset_s.to_string()]);
        if let Some(file) = start.runtime_config {
            command.arg("--runtime-config").arg(file);
        }
        if let Some(bytes) = start.store_limit {
            command.args(["--store-limit", &bytes.to_string()]);
        }
        let (mut child, log) = spawn(command, start, Stdio::piped());
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("reads");
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("did not start: {}", said()));
        Self { url: url.to_owned(), child, log }
    }

    /// Spin, on a free port.
    pub async fn spin(program: &Path, start: &Start<'_>) -> Self {
        let address = free_address();
        let mut command = Command::new(program);
        command.arg("up").arg("--from").arg(start.manifest).args(["--listen", &address]);
        command.arg("--state-dir").arg(start.state);
        if let Some(file) = start.runtime_config {
            command.arg("--runtime-config-file").arg(file);
        }
        let (child, log) = spawn(command, start, Stdio::null());
        let mut process = Self { child, url: format!("http://{address}"), log };
        let since = Instant::now();
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            let ended = process.child.try_wait().expect("asks").is_some();
            let patient = since.elapsed() < Duration::from_secs(120);
            assert!(
                !ended && patient,
                "Spin did not start: {}",
                std::fs::read_to_string(&process.log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        process
    }
}

impl Process {
    /// SIGKILL, to its whole group: Spin runs its trigger in a process of its own.
    pub fn kill(&self) {
        let group = format!("-{}", self.child.id());
        // It may have ended by itself.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

fn spawn(mut command: Command, start: &Start<'_>, stdout: Stdio) -> (Child, PathBuf) {
    let log = start.state.with_extension("log");
    let file = File::options().create(true).append(true).open(&log).expect("a log file");
    for (name, value) in start.variables {
        command.env(format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase()), value);
    }
    command.stdin(Stdio::null()).stdout(stdout).stderr(file).process_group(0);
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    (child, log)
}

/// A free address below the ports that the kernel gives to who asks for any: a receiver of another scenario would get the
/// port while Spin starts.
fn free_address() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap_or(0) * 10;
    let ports = std::iter::from_fn(|| Some(first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000));
    let mut free = ports.take(2_000).map(|port| format!("127.0.0.1:{port}"));
    free.find(|address| std::net::TcpListener::bind(address).is_ok()).expect("a free port")
}

/// The Spin binary that scenarios are to run on instead of the local host.
pub(crate) fn spin() -> Option<PathBuf> {
    std::env::var_os("RINGBACK_SPIN").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The application under test: the one of this repository, unless `RINGBACK_MANIFEST` names another.
pub(crate) fn manifest() -> PathBuf {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("spin.toml");
    std::env::var_os("RINGBACK_MANIFEST").map_or_else(ours, PathBuf::from)
}

/// Writes the application into a folder with another programme and manifest, made from the repository's; returns its manifest.
pub(crate) fn with_programme(
    folder: &Path,
    change: fn(String) -> String,
    application: fn(String) -> String,
) -> PathBuf {
    let ours = manifest();
    let root = ours.parent().expect("a folder");
    let read =
        |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let target = format!("\"{}/target/", root.display());
    std::fs::create_dir_all(folder).expect("a folder");
    let manifest = folder.join("spin.toml");
    std::fs::write(&manifest, application(read(&ours)).replace("\"target/", &target)).expect("a manifest");
    for file in ["holidays.ics", "messages.toml", "docs/openapi.json"] {
        let copy = folder.join(file);
        std::fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        std::fs::copy(root.join(file), copy).expect("a copy");
    }
    std::fs::write(folder.join("ringback.toml"), change(read(&root.join("ringback.toml")))).expect("a programme");
    manifest
}

/// `target/debug`, where this test lies in `deps`.
fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a running program");
    test.ancestors().nth(2).expect("deps lies in the profile's folder").to_owned()
}

/// Compiled components, shared by all worlds.
fn compiled() -> PathBuf {
    profile_folder().with_file_name("tmp").join("compiled")
}

/// The local host's program beside this test; built when it is not there yet.
fn host_program() -> PathBuf {
    let program = profile_folder().join("ringback-host");
    if !program.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo).args(["build", "--quiet", "-p", "ringback-host"]).status();
        assert!(built.is_ok_and(|status| status.success()), "the local host does not build");
    }
    program
}
