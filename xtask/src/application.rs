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
        let client = Client::new(&format!("http://127.0.0.1:{}", launch.port));
        let started = Instant::now();
        while !client.get("/healthz", &[]).is_ok_and(|answer| answer.status < 300) {
            if let Some(status) = application.0.try_wait()? {
                bail!(
                    "it ended with {status} before it answered{}",
                    if launch.shown { "; it says why above" } else { "" }
                );
            }
            if ending.wished() || started.elapsed() > START_LIMIT {
                bail!("/healthz did not answer within {:.0} s", started.elapsed().as_secs_f64());
            }
            thread::sleep(Duration::from_millis(25));
        }
        Ok(application)
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
                    println!();
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
                println!("{line}");
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

impl Launch<'_> {
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
    let mut removed = Vec::new();
    for ending in ["", "-wal", "-shm", "-journal"] {
        let file = state.join(format!("sqlite_key_value.db{ending}"));
        match fs::remove_file(&file) {
            Ok(()) => removed.push(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot remove {}", file.display())),
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
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
