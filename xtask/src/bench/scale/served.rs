//! The same calls over HTTP, on the components, on the same files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};

use super::super::intake::without_wakes;
use super::super::layout;
use super::{Call, Samples, add};
use crate::application::{Application, Launch, Runner};
use crate::client::{Answer, Client};
use crate::environment::Variables;
use crate::inbox::now_ms;
use crate::signals::Ending;
use crate::{ports, terminal};

/// A store of a size: its folder, and some of its cases and days.
pub type Store = (u64, PathBuf, Vec<(String, String)>);

/// A folder that looks like the repository to whatever runs spin.toml, with this programme and without wake-ups. A store
/// that is there stays if it was filled to its end.
pub fn lay_out(folder: &Path, programme: &str) -> Result<()> {
    if folder.join("filled.json").exists() {
        // Laid out anew, as another run's.
        let _ = std::fs::remove_file(folder.join("target"));
    } else if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    layout::copy_application(folder, &without_wakes(&layout::manifest()?)?)?;
    std::fs::write(folder.join("ringback.toml"), programme)?;
    Ok(())
}

/// The application on one of the stores.
pub struct Served<'a> {
    pub client: Client,
    bearer: String,
    places: &'a [(String, String)],
    sent: u64,
    run: u64,
    _application: Application,
}

/// Starts the application on each of the stores.
pub fn start<'a>(
    host: &Path,
    stores: &'a [Store],
    variables: &Variables,
    token: &str,
    ending: &Ending,
) -> Result<Vec<Served<'a>>> {
    let runner = Runner::LocalHost(host.to_owned());
    let mut served = Vec::new();
    for (size, folder, places) in stores {
        let port = ports::any_free()?;
        let state = folder.join("state");
        let launch = Launch { runner: &runner, folder, state: &state, port, variables, shown: false };
        let application = terminal::step(&format!("starting the application on {size} answers"), || {
            Application::start(&launch, ending)
        })?;
        let client = Client::new(&format!("http://127.0.0.1:{port}"));
        let bearer = format!("Bearer {token}");
        served.push(Served { client, bearer, places, sent: 0, run: now_ms(), _application: application });
    }
    Ok(served)
}

/// Measures all stores in rounds that take turns, after one that does not count.
pub fn measure(host: &Path, stores: &[Store], variables: &Variables, token: &str, rounds: u32) -> Result<Vec<Samples>> {
    let ending = Ending::watch()?;
    let mut served = start(host, stores, variables, token, &ending)?;
    let mut samples = vec![Samples::new(); served.len()];
    terminal::step("measuring over HTTP", || {
        for round in 0..=rounds {
            for call in Call::ALL {
                for (index, served) in served.iter_mut().enumerate() {
                    for _ in 0..call.times() {
                        ensure!(!ending.wished(), "interrupted");
                        served.prepare(call)?;
                        let started = Instant::now();
                        served.make(call)?;
                        let time = started.elapsed();
                        if round > 0 {
                            add(&mut samples[index], call, time);
                        }
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok(samples)
}

impl Served<'_> {
    /// One of its cases.
    pub fn case(&self, n: usize) -> &str {
        &self.places[n % self.places.len()].0
    }

    /// What must be so before a call is made.
    fn prepare(&mut self, call: Call) -> Result<()> {
        if matches!(call, Call::IdleTick | Call::BusyTick) {
            self.make(Call::IdleTick)?;
        }
        if call == Call::BusyTick {
            for _ in 0..64 {
                self.make(Call::Intake)?;
            }
        }
        Ok(())
    }

    fn make(&mut self, call: Call) -> Result<()> {
        self.sent += 1;
        let bearer = [("authorization", self.bearer.as_str())];
        let (case, day) = &self.places[usize::try_from(self.sent).unwrap_or(0) % self.places.len()];
        let answer: Answer = match call {
            Call::Intake => {
                let headers = [bearer[0], ("content-type", "application/json")];
                let body = serde_json::json!({
                    "survey": "checkout-nps", "score": 9, "response_id": format!("served-{}-{}", self.run, self.sent),
                    "comment": "The parcel came a day late and the box was open; two of the five items were missing.",
                    // Somebody new in each run, too: who has answered before costs more.
                    "customer": {
                        "id": format!("S-{}-{}", self.run, self.sent),
                        "email": format!("s{}-{}@example.com", self.run, self.sent),
                    },
                });
                self.client.post("/v1/feedback", &headers, body.to_string().as_bytes())?
            }
            Call::IdleTick | Call::BusyTick => self.client.post("/v1/tick", &bearer, b"")?,
            Call::CaseRead => self.client.get(&format!("/v1/cases/{case}"), &bearer)?,
            Call::Dashboard => self.client.get(&format!("/v1/insights/scores?day={day}"), &bearer)?,
        };
        ensure!(answer.status < 300, "{call:?} was answered {}: {}", answer.status, answer.text());
        Ok(())
    }
}
