//! The application as a running process: on the local host or on Spin, the command line differs and nothing else.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Client;
use crate::environment::Variables;
use crate::signals::Ending;

/// How long it may take to answer; compiling six components takes most of it.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long what it prints may take to be shown.
const SAY_WHY: Duration = Duration::from_millis(300);
/// How long it may take to end before it is killed.
const END_LIMIT: Duration = Duration::from_secs(20);

/// What runs the components.
pub enum Runner {
    /// `ringback-host`, by the path of its binary.
    LocalHost(PathBuf),
    /// `spin`, by the path of its binary.
    Spin(PathBuf),
}

/// How to start it.
pub struct Launch<'a> {
    /// What runs the components.
    pub runner: &'a Runner,
    /// The folder that holds spin.toml and what it names.
    pub folder: &'a Path,
    /// Where its data goes.
    pub state: &'a Path,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Spin variables by their lower-case names.
    pub variables: &'a Variables,
    /// Whether what it prints is shown.
    pub shown: bool,
}

/// A running application, in a process group of its own, so that Ctrl-C reaches it once and through us. It ends when
/// this value goes.
pub struct Application(Child);

impl Application {
    /// Starts it and waits until `/healthz` answers.
    ///
    /// # Errors
    /// When it ends before, takes too long, or the end is wished for meanwhile.
    pub fn start(launch: &Launch<'_>, ending: &Ending) -> Result<Self> {
        let mut command = launch.command();
        command.stdin(Stdio::null()).process_group(0);
        command.stdout(if launch.shown { Stdio::piped() } else { Stdio::null() });
        if !launch.shown {
            command.stderr(Stdio::null());
        }
        let mut application =
            Self(command.spawn().with_context(|| format!("cannot start {}", crate::workspace::display(&command)))?);
        application.forward_output();
        application.expect_answer(&launch.client(), launch.shown, ending)?;
        Ok(application)
    }

    /// Starts it and waits until `/readyz` says that it can do its work.
    ///
    /// # Errors
    /// As [`Application::start`], and when it refuses what it was given.
    pub fn start_ready(launch: &Launch<'_>, ending: &Ending) -> Result<Self> {
        let application = Self::start(launch, ending)?;
        expect_ready(&launch.client())?;
        Ok(application)
    }

    fn expect_answer(&mut self, client: &Client, shown: bool, ending: &Ending) -> Result<()> {
        let started = Instant::now();
        while !client.get("/healthz", &[]).is_ok_and(|answer| answer.status < 300) {
            if let Some(status) = self.0.try_wait()? {
                bail!("it ended with {status} before it answered{}", if shown { "; it says why above" } else { "" });
            }
            if ending.wished() {
                bail!("ended while it was starting, as you wished");
            }
            if started.elapsed() > START_LIMIT {
                bail!("/healthz did not answer within {:.0} s", started.elapsed().as_secs_f64());
            }
            thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    }

    /// Kills it, as a crash would.
    pub fn crash(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    /// Waits for its end; passes on the wish to end, once.
    pub fn wait(&mut self, ending: &Ending) -> Result<ExitStatus> {
        let mut told: Option<Instant> = None;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            match told {
                None if ending.wished() => {
                    say!();
                    self.terminate();
                    told = Some(Instant::now());
                }
                Some(since) if since.elapsed() > END_LIMIT => self.0.kill()?,
                _ => {}
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Prints what it prints, but for the line that says where it listens: the command says so in its own words.
    fn forward_output(&mut self) {
        let Some(output) = self.0.stdout.take() else { return };
        thread::spawn(move || {
            for line in
                BufReader::new(output).lines().map_while(Result::ok).filter(|line| !line.starts_with("listening on "))
            {
                say!("{line}");
            }
        });
    }

    fn terminate(&self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) {
            // It may have ended by itself in this very moment, and then there is nothing to tell it.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(None)) {
            return;
        }
        self.terminate();
        let since = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) {
            if since.elapsed() > END_LIMIT && self.0.kill().is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Asks whether it took its programme: `/healthz` answers without one.
fn expect_ready(client: &Client) -> Result<()> {
    let answer = client.get("/readyz", &[])?;
    if answer.status != 200 {
        thread::sleep(SAY_WHY);
        bail!(
            "the application refused its programme, or a variable or the store that it is given; it says which above (/readyz answers {})",
            answer.status
        );
    }
    Ok(())
}

impl Launch<'_> {
    /// A client of the application that is started.
    fn client(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }

    fn command(&self) -> Command {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = match self.runner {
            Runner::LocalHost(binary) => {
                let mut command = Command::new(binary);
                command.args(["--manifest", "spin.toml", "--listen", &listen]);
                command
            }
            Runner::Spin(binary) => {
                let mut command = Command::new(binary);
                command.args(["up", "--from", "spin.toml", "--listen", &listen]);
                command
            }
        };
        command.arg("--state-dir").arg(self.state).current_dir(self.folder);
        for (name, value) in self.variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase()), value);
        }
        command
    }
}

/// Removes the store's file and SQLite's companions; nothing else in the folder. Returns what was removed.
pub fn forget_data(state: &Path) -> Result<Vec<PathBuf>> {
    let files = stored(state)?;
    for file in &files {
        fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(files)
}

/// Refuses a folder that holds any of them: a log that was left alone would be read into a new store.
///
/// # Errors
/// When there is one; the text names all of them.
#[cfg(any(test, feature = "quarter"))]
pub fn expect_no_data(state: &Path) -> Result<()> {
    let files: Vec<_> = stored(state)?.iter().map(|file| file.display().to_string()).collect();
    if !files.is_empty() {
        bail!(
            "data is there already: {}; move it away first, or forget it by `cargo xtask up --fresh`",
            files.join(", ")
        );
    }
    Ok(())
}

/// The store's file and SQLite's companions, as far as they are there.
fn stored(state: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for ending in ["", "-wal", "-shm", "-journal"] {
        let file = state.join(format!("sqlite_key_value.db{ending}"));
        if file.try_exists().with_context(|| format!("cannot look for {}", file.display()))? {
            files.push(file);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_the_store_is_forgotten() {
        let state = tempfile::tempdir().expect("a temporary folder");
        for file in ["sqlite_key_value.db", "sqlite_key_value.db-wal", "logs.txt"] {
            fs::write(state.path().join(file), "").expect("a file");
        }
        assert_eq!(forget_data(state.path()).expect("removed").len(), 2);
        let left: Vec<_> =
            fs::read_dir(state.path()).expect("the folder").map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(left, ["logs.txt"]);
    }

    #[test]
    fn a_store_is_filled_only_where_nothing_of_one_is_left() {
        let state = tempfile::tempdir().expect("a temporary folder");
        fs::write(state.path().join("lock"), "").expect("a file");
        assert!(expect_no_data(state.path()).is_ok());
        for ending in ["-wal", "-journal"] {
            fs::write(state.path().join(format!("sqlite_key_value.db{ending}")), "").expect("a file");
        }
        let refused = expect_no_data(state.path()).expect_err("a log is left").to_string();
        assert!(refused.contains("value.db-wal, ") && refused.contains("value.db-journal; "), "{refused}");
    }

    #[test]
    fn an_end_that_was_wished_for_is_not_told_as_silence() {
        let mut application = Application(Command::new("sleep").arg("60").spawn().expect("started"));
        let client = Client::new(&format!("http://127.0.0.1:{}", crate::ports::any_free().expect("a port")));
        let told = application.expect_answer(&client, true, &Ending::wished_for()).expect_err("ended").to_string();
        assert!(told.starts_with("ended while it was starting"), "{told}");
    }

    #[test]
    fn an_application_that_refused_its_programme_does_not_count_as_running() {
        let answered = |status: &'static str| {
            let listener = TcpListener::bind(crate::ports::local(0)).expect("a port");
            let client = Client::new(&format!("http://{}", listener.local_addr().expect("an address")));
            thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a request");
                let _ = stream.read(&mut [0; 4_096]);
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}").expect("answered");
            });
            expect_ready(&client).map_err(|error| error.to_string())
        };
        assert_eq!(answered("200 OK"), Ok(()));
        let told = answered("503 Service Unavailable").expect_err("refused");
        assert!(told.starts_with("the application refused its programme") && told.contains("503"), "{told}");
    }

    #[test]
    fn the_two_runners_are_told_the_same() {
        let told = |runner: &Runner| {
            let variables = Variables::from([("pepper".to_owned(), "p".to_owned())]);
            let launch = Launch {
                runner,
                folder: Path::new("/a"),
                state: Path::new("/s"),
                port: 3000,
                variables: &variables,
                shown: false,
            };
            let command = launch.command();
            assert!(
                command
                    .get_envs()
                    .any(|(name, value)| name == "SPIN_VARIABLE_PEPPER" && value.is_some_and(|value| value == "p"))
            );
            command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(&Runner::LocalHost("h".into())), "--manifest spin.toml --listen 127.0.0.1:3000 --state-dir /s");
        assert_eq!(told(&Runner::Spin("s".into())), "up --from spin.toml --listen 127.0.0.1:3000 --state-dir /s");
    }
}
