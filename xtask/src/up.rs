//! `cargo xtask up`: from a bare checkout to a running application.
//!
//! Sets up only what is missing, so a second run starts in seconds. Runs the local host as a process of its own and
//! ends with it; the data stays in `.spin/`, the secrets in `.ringback/`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lexopt::{Arg, ValueExt};
use std::os::unix::process::CommandExt;

use crate::client::Client;
use crate::environment::{self, Environment};
use crate::inbox::{Inbox, Settings};
use crate::signals::Ending;
use crate::terminal::{Paint, paint};
use crate::{artifacts, ports, terminal, workspace};

/// How long the host may take from its start to its first line; compiling six components takes most of it.
const START_LIMIT: Duration = Duration::from_secs(120);

struct Options {
    port: u16,
    inbox_port: u16,
    fresh: bool,
}

/// Where a running `up` can be reached, left for the other commands in `.ringback/running.json`.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Running {
    /// The application, `http://127.0.0.1:3000`.
    pub application: String,
    /// The local inbox, if there is one.
    pub inbox: Option<String>,
}

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let options = options(args)?;
    ports::expect_free(options.port, "the application", "--port")?;
    ports::expect_free(options.inbox_port, "the inbox", "--inbox-port")?;
    artifacts::build_components()?;
    let host = artifacts::build_host()?;
    if options.fresh {
        forget_data(&workspace::root().join(".spin"))?;
    }
    let environment = environment::prepare(options.inbox_port)?;
    let ending = Ending::watch()?;
    let inbox = if environment.needs_inbox {
        let settings = Settings { events_secret: environment.variables.get("events_webhook_secret").cloned() };
        Some(Inbox::start(options.inbox_port, settings)?)
    } else {
        None
    };
    let mut host = terminal::step("starting", || Host::start(&host, options.port, &environment, &ending))?;
    let running =
        Running { application: format!("http://127.0.0.1:{}", options.port), inbox: inbox.map(|inbox| inbox.url()) };
    let note = environment::folder()?.join("running.json");
    fs::write(&note, serde_json::to_vec_pretty(&running)?)?;
    welcome(&running);
    let status = host.wait(&ending);
    fs::remove_file(&note).ok();
    let status = status?;
    if ending.wished() {
        println!("ended; the data stays in .spin/");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("the local host ended by itself with {status}")
}

fn options(mut args: lexopt::Parser) -> Result<Options> {
    let (mut port, mut inbox_port, mut fresh) = (3000_u16, None, false);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("port") => port = args.value()?.parse()?,
            Arg::Long("inbox-port") => inbox_port = Some(args.value()?.parse()?),
            Arg::Long("fresh") => fresh = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let next = port.checked_add(1).context("no port is left for the inbox; name one with --inbox-port")?;
    Ok(Options { port, inbox_port: inbox_port.unwrap_or(next), fresh })
}

/// Removes the store's file and SQLite's companions; nothing else in the folder.
fn forget_data(state: &Path) -> Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let file = state.join(format!("sqlite_key_value.db{ending}"));
        match fs::remove_file(&file) {
            Ok(()) => terminal::remark(&format!("removed {}", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot remove {}", file.display())),
        }
    }
    Ok(())
}

/// The local host as a child process in a group of its own, so that Ctrl-C reaches it once and through us.
struct Host(Child);

impl Host {
    fn start(binary: &Path, port: u16, environment: &Environment, ending: &Ending) -> Result<Self> {
        let mut command = Command::new(binary);
        command.current_dir(workspace::root()).args([
            "--manifest",
            "spin.toml",
            "--state-dir",
            ".spin",
            "--listen",
            &format!("127.0.0.1:{port}"),
        ]);
        for (name, value) in &environment.variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase()), value);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        let mut host = Self(command.spawn().with_context(|| format!("cannot start {}", binary.display()))?);
        let ready = host.forward_output();
        host.wait_until_ready(&ready, ending)?;
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let healthy = || client.get("/healthz", &[]).is_ok_and(|answer| answer.status == 200);
        ports::wait_until("an answer from /healthz", Duration::from_secs(30), healthy)?;
        Ok(host)
    }

    /// Prints what the host prints; sends one message when it says that it listens.
    fn forward_output(&mut self) -> mpsc::Receiver<()> {
        let (sender, receiver) = mpsc::channel();
        if let Some(output) = self.0.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if line.starts_with("listening on ") {
                        // Nobody waits any more when start-up was given up; the lines go on all the same.
                        let _ = sender.send(());
                    } else {
                        println!("{line}");
                    }
                }
            });
        }
        receiver
    }

    fn wait_until_ready(&mut self, ready: &mpsc::Receiver<()>, ending: &Ending) -> Result<()> {
        let started = std::time::Instant::now();
        loop {
            if ready.recv_timeout(Duration::from_millis(50)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.0.try_wait()? {
                bail!("the local host ended with {status} before it listened; it says why above");
            }
            if ending.wished() || started.elapsed() > START_LIMIT {
                bail!("the local host was not ready after {:.0} s", started.elapsed().as_secs_f64());
            }
        }
    }

    /// Waits for its end; passes on the wish to end, once.
    fn wait(&mut self, ending: &Ending) -> Result<ExitStatus> {
        let mut told = false;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            if ending.wished() && !told {
                told = true;
                println!();
                self.terminate();
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn terminate(&self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // It may have ended by itself in this very moment, and then there is nothing to tell it.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.terminate();
            let _ = self.0.wait();
        }
    }
}

fn welcome(running: &Running) {
    let Running { application, inbox } = running;
    let strong = |text: &str| paint(Paint::Strong, text);
    println!("\n{}  {}", paint(Paint::Good, "Ringback runs."), strong(application));
    println!("  health    {application}/healthz  {application}/readyz");
    match inbox {
        Some(inbox) => println!("  inbox     {}   what it sends, as the receivers would see it", strong(inbox)),
        None => println!("  inbox     none: every outlet is set by your own variables"),
    }
    println!("  token     .ringback/token (admin), .ringback/agent-token, .ringback/intake-token");
    println!("  interface docs/api.md   programme ringback.toml   data .spin/");
    println!("\nA first answer; it opens a case and sends an alert:\n");
    println!("{}", first_curl(application));
    println!("\nThe case, with the id that `Location` ended with:\n");
    println!("  curl -s {application}/v1/cases/ID -H \"Authorization: Bearer $(cat .ringback/token)\"");
    println!("\nOr, in a second terminal, `cargo xtask demo`. Ctrl-C ends it.\n");
}

fn first_curl(application: &str) -> String {
    format!(
        r#"  curl -i {application}/v1/feedback \
    -H "Authorization: Bearer $(cat .ringback/token)" -H 'Content-Type: application/json' \
    -d '{{"survey":"checkout-nps","score":3,"comment":"The parcel arrived opened.","country":"DE","customer":{{"id":"C-7","name":"Ada Lovelace","email":"ada@example.com"}}}}'"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<(u16, u16, bool)> {
        options(lexopt::Parser::from_args(args.iter().copied()))
            .map(|options| (options.port, options.inbox_port, options.fresh))
    }

    #[test]
    fn the_inbox_stands_beside_the_application() {
        assert_eq!(parsed(&[]).ok(), Some((3000, 3001, false)));
        assert_eq!(parsed(&["--port", "8080", "--fresh"]).ok(), Some((8080, 8081, true)));
        assert_eq!(parsed(&["--port=8080", "--inbox-port=1"]).ok(), Some((8080, 1, false)));
        assert!(parsed(&["--port", "80000"]).is_err());
        assert!(parsed(&["--prot", "1"]).is_err());
    }

    #[test]
    fn only_the_store_is_forgotten() {
        let state = tempfile::tempdir().expect("a temporary folder");
        for file in ["sqlite_key_value.db", "sqlite_key_value.db-wal", "logs.txt"] {
            fs::write(state.path().join(file), "").expect("a file");
        }
        forget_data(state.path()).expect("removed");
        let left: Vec<_> =
            fs::read_dir(state.path()).expect("the folder").map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(left, ["logs.txt"]);
    }
}
