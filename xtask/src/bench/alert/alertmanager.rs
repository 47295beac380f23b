//! Debian's prometheus-alertmanager as a running process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::client::Client;
use crate::{ports, terminal};

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running Alertmanager. It is killed when this value goes.
pub struct Alertmanager {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    child: Child,
    client: Client,
}

impl Alertmanager {
    /// Starts it with one receiver, which all alerts go to, `wait` after the first of a group.
    pub fn start(program: &Path, folder: &Path, receiver: &str, wait: &str, by: &str) -> Result<Self> {
        let route = format!("group_by: {by}\n  group_wait: {wait}\n  group_interval: 1m\n  repeat_interval: 4h");
        let text = format!(
            "route:\n  receiver: bench\n  {route}\nreceivers:\n  - name: bench\n    webhook_configs:\n      - url: {receiver}\n        send_resolved: false\n"
        );
        super::write(folder, "alertmanager.yml", &text)?;
        let port = ports::any_free()?;
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let child = spawn(program, folder, port)?;
        let running = Self { program: program.to_owned(), folder: folder.to_owned(), port, child, client };
        terminal::step("starting prometheus-alertmanager", || running.expect_ready())?;
        Ok(running)
    }

    /// Posts an alert of its own, and gives its name.
    pub fn alert(&self, name: &str) -> Result<String> {
        let alert = json!([{
            "labels": { "alertname": "detractor", "touchpoint": "checkout", "n": name },
            "annotations": { "summary": "The parcel came a day late and the box was open; two of the five items were missing." },
        }]);
        let headers = [("Content-Type", "application/json")];
        let answer = self.client.post("/api/v2/alerts", &headers, alert.to_string().as_bytes())?;
        ensure!(answer.status == 200, "POST /api/v2/alerts answered {}: {}", answer.status, answer.text());
        Ok(name.to_owned())
    }

    /// Kills it, like a crash, and starts it again where it was.
    pub fn crash(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = spawn(&self.program, &self.folder, self.port)?;
        self.expect_ready()
    }

    fn expect_ready(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.client.get("/-/ready", &[]).is_ok_and(|answer| answer.status == 200) {
            if begun.elapsed() > START_LIMIT {
                bail!("/-/ready did not answer within {} s; see {}", START_LIMIT.as_secs(), self.log().display());
            }
            thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("alertmanager.log")
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &Path, folder: &Path, port: u16) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("alertmanager.log"))?;
    let mut command = Command::new(program);
    command
        .arg("--config.file=alertmanager.yml")
        .arg("--storage.path=alertmanager")
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        // Alone: no gossip with others.
        .arg("--cluster.listen-address=")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    command.spawn().with_context(|| format!("cannot start {}", program.display()))
}
