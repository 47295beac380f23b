//! The program: how it starts, dies and stops.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http_body_util::Full;

use crate::support::{App, cache, send};

struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(app: &App, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ringback-host"))
            .args(["--listen", "127.0.0.1:0", "--quiet", "--manifest"])
            .arg(app.manifest())
            .arg("--state-dir")
            .arg(app.path().join("state"))
            .arg("--cache-dir")
            .arg(cache())
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").expect("the line that says it is ready").to_owned();
        Self { child, url }
    }

    async fn kv(&self, commands: &'static str) -> String {
        let request = http::Request::post(format!("{}/kv", self.url)).body(Full::new(Bytes::from(commands)));
        send(request.expect("a request")).await.text
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn what_was_written_survives_a_kill() {
    let app = App::probe("");
    let mut process = Process::start(&app, &[]);
    assert_eq!(process.kv("set a 1\nadd n 1").await, "Ok(())\nOk(1)\n");
    process.child.kill().expect("killed");
    process.child.wait().expect("gone");
    let process = Process::start(&app, &[]);
    assert_eq!(process.kv("get a\nadd n 1").await, "Ok(\"1\")\nOk(2)\n");
}

#[tokio::test]
async fn stops_when_told_and_lets_work_end() {
    let app = App::probe("");
    let mut process = Process::start(&app, &[]);
    let request = http::Request::get(format!("{}/after/late", process.url)).body(Full::default());
    assert_eq!(send(request.expect("a request")).await.status, 202);
    let pid = process.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    assert!(process.child.wait().expect("ended").success());
    let process = Process::start(&app, &[]);
    assert_eq!(process.kv("get late").await, "Ok(\"done\")\n");
}

#[tokio::test]
async fn takes_variables_and_a_clock_from_the_command_line() {
    let app = App::probe("");
    let process = Process::start(&app, &["--clock-offset-seconds", "-1000000"]);
    let request = http::Request::get(format!("{}/time", process.url)).body(Full::default());
    let seen: u64 = send(request.expect("a request")).await.text.parse().expect("seconds");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!((now - 1_000_060..=now - 999_940).contains(&seen), "{seen} against {now}");
}

#[test]
fn says_what_is_wrong_and_fails() {
    for (arguments, code, expected) in [
        (&["--manifest", "/nowhere/spin.toml"][..], 1, "error: /nowhere/spin.toml:0: cannot read the manifest"),
        (&["--listen", "nonsense"][..], 2, "--listen wants an address"),
        (&["--frob"][..], 2, "--frob"),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_ringback-host")).args(arguments).output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}
