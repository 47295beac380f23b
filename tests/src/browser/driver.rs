//! chromedriver as a process, spoken to by its protocol (<https://www.w3.org/TR/webdriver2/>): JSON over HTTP.
//!
//! Without a client library: those there are turn on features of shared crates that have the whole Wasm engine compiled
//! again, for the sake of four kinds of requests.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::call::{Call, Caller, caller};

/// A running chromedriver with one session.
pub(crate) struct Driver {
    child: Child,
    caller: Caller,
    session: String,
    _profile: TempDir,
}

impl Driver {
    /// Starts it on a free port; none when it is not installed. `CHROMEDRIVER` names another program.
    pub async fn start() -> Option<Self> {
        let (child, port) = launch()?;
        let profile = TempDir::new().expect("a folder");
        let mut driver =
            Self { child, caller: caller(), session: format!("http://127.0.0.1:{port}/session"), _profile: profile };
        let session = driver.post("", &driver.capabilities()).await;
        let id = session["sessionId"].as_str().expect("a session").to_owned();
        driver.session = format!("{}/{id}", driver.session);
        driver.post("timeouts", &json!({ "script": 120_000, "pageLoad": 120_000, "implicit": 0 })).await;
        Some(driver)
    }

    fn capabilities(&self) -> Value {
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--lang=en",
            &profile,
        ];
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } })
    }

    /// A command of the session.
    ///
    /// # Panics
    /// When it fails, with what the driver says.
    pub async fn post(&self, command: &str, body: &Value) -> Value {
        self.send(Method::POST, command, Some(body)).await
    }

    /// A question to the session.
    pub async fn get(&self, command: &str) -> Value {
        self.send(Method::GET, command, None).await
    }

    async fn send(&self, method: Method, command: &str, body: Option<&Value>) -> Value {
        let url = if command.is_empty() { self.session.clone() } else { format!("{}/{command}", self.session) };
        let call = Call::elsewhere(self.caller.clone(), method, url);
        let answer = match body {
            Some(body) => call.json(body).send().await,
            None => call.send().await,
        };
        let value = answer.json()["value"].clone();
        assert_eq!(answer.status, 200, "{command}: {} {}", value["error"], value["message"]);
        value
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // With its session it ends its browser; killed before that, it would leave it behind. On a thread of its own: the
        // scenario's runtime stands still meanwhile, and so do its connections.
        let session = self.session.clone();
        let end_session = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let end = Call::elsewhere(caller(), Method::DELETE, session).try_send();
            runtime.block_on(async { drop(tokio::time::timeout(Duration::from_secs(10), end).await) });
        };
        let _ = std::thread::spawn(end_session).join();
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(&id).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// How often it is started anew: several that start at once can choose the same free port, and all but one of them end.
const STARTS: usize = 5;

/// Starts the program, and says at which port it listens; none when it is not installed.
fn launch() -> Option<(Child, u16)> {
    let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
    for _ in 0..STARTS {
        let mut command = Command::new(&program);
        command.args(["--port=0"]).stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while said.read_line(&mut line).expect("reads") > 0 {
            let port = line.trim_end_matches(['.', '\n']).rsplit_once("on port ").map(|(_, port)| port.parse::<u16>());
            if let Some(Ok(port)) = port.filter(|_| line.contains("started successfully")) {
                return Some((child, port));
            }
            line.clear();
        }
        let _ = child.wait();
    }
    panic!("chromedriver ended {STARTS} times without naming its port");
}
