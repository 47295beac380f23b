//! Intake beside the least that durability costs: a bare component that does one `increment` and one `set-many` of the
//! same bytes on the same store, in the same process, in rounds that take turns.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::figures::{Figure, Sample, Target};
use super::load::{self, Load};
use super::{Options, layout, payload};
use crate::application::{Application, Launch, Runner};
use crate::client::Client;
use crate::environment::Variables;
use crate::inbox::now_ms;
use crate::signals::Ending;
use crate::{artifacts, ports, terminal};

/// Numbers of kept-alive connections.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// More requests a second than either side answers on two cores; they are made before the clock starts.
const MOST_A_SECOND: f64 = 15_000.0;
/// What the manifest gets for the bench.
const BARE: &str = "
[[trigger.http]]
route = \"/bare\"
component = \"bare\"

[component.bare]
source = \"bare.wasm\"
key_value_stores = [\"default\"]
";
const TOKEN: &str = "bench-intake";
const ADMIN: &str = "bench-admin";

/// Measures and returns the figures.
pub fn run(options: &Options) -> Result<Vec<Figure>> {
    ensure!(options.rounds > 0 && options.seconds > 0.0, "--rounds and --seconds are above 0");
    artifacts::build_components()?;
    let bare = terminal::step("building the bare component", artifacts::build_bare)?;
    let runner = match &options.spin {
        Some(spin) => Runner::Spin(spin.canonicalize().with_context(|| format!("there is no {}", spin.display()))?),
        None => Runner::LocalHost(artifacts::build_host()?),
    };
    let work = tempfile::Builder::new().prefix("ringback-bench-").tempdir()?;
    let (shipped, alone) = (work.path().join("shipped"), work.path().join("alone"));
    let manifest = layout::manifest()?;
    lay_out(&shipped, &bare, &manifest)?;
    lay_out(&alone, &bare, &without_wakes(&manifest)?)?;
    let ending = Ending::watch()?;
    let variables = variables();
    let start = |folder: &Path, port| {
        let state = folder.join("state");
        let launch = Launch { runner: &runner, folder, state: &state, port, variables: &variables, shown: false };
        Application::start(&launch, &ending)
    };
    let ports = [ports::any_free()?, ports::any_free()?];
    let _shipped = terminal::step("starting the application as shipped", || start(&shipped, ports[0]))?;
    let _alone = terminal::step("starting it once more, without wake-ups", || start(&alone, ports[1]))?;
    let bench = Bench::new(options.seconds, ports);

    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        let what = format!("{connections} connections, {} rounds of 3 × {} s", options.rounds, options.seconds);
        let samples = terminal::step(&what, || bench.rounds(connections, options.rounds, &ending))?;
        figures.extend(compare(connections, &samples));
    }
    Ok(figures)
}

/// The manifest with intake cut off from the scheduler and no ticker: intake without the work that follows it.
pub fn without_wakes(manifest: &str) -> Result<String> {
    let mut table = "";
    let mut cut = false;
    let mut lines = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            table = line.trim();
        }
        if table == "[component.score-intake]" && line.starts_with("allowed_outbound_hosts") {
            lines.push("allowed_outbound_hosts = []");
            cut = true;
        } else if !line.starts_with("ticker") {
            lines.push(line);
        }
    }
    ensure!(cut, "spin.toml does not say whom score-intake may call");
    Ok(lines.join("\n") + "\n")
}

/// The application with the bare component beside it.
fn lay_out(folder: &Path, bare: &Path, manifest: &str) -> Result<()> {
    layout::copy_application(folder, &format!("{manifest}{BARE}"))?;
    fs::copy(bare, folder.join("bare.wasm")).map(drop).context("cannot copy the bare component")
}

/// Tokens of the bench's own; every outlet empty, so that no alert leaves.
fn variables() -> Variables {
    let hash = |token: &str| HEXLOWER.encode(&Sha256::digest(token));
    let given = [
        ("pepper", "0123456789abcdef".repeat(4)),
        ("intake_token_sha256", hash(TOKEN)),
        ("admin_token_sha256", hash(ADMIN)),
    ];
    let outlets = ["slack_webhook_url", "resend_api_key", "events_webhook_url"].map(|name| (name, String::new()));
    given.into_iter().chain(outlets).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What is measured beside each other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Contestant {
    /// Intake as shipped: every answer wakes the tick, which seals, opens cases and sets timers meanwhile.
    Intake,
    /// Intake alone: what the sender waits for, and nothing that follows.
    Alone,
    /// The bare component.
    Bare,
}

impl Contestant {
    const ALL: [Self; 3] = [Self::Intake, Self::Alone, Self::Bare];

    fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Alone => "intake_alone",
            Self::Bare => "bare",
        }
    }
}

struct Bench {
    /// As shipped, and without wake-ups.
    ports: [u16; 2],
    clients: [Client; 2],
    seconds: f64,
    run: u64,
}

impl Bench {
    fn new(seconds: f64, ports: [u16; 2]) -> Self {
        Self {
            ports,
            clients: ports.map(|port| Client::new(&format!("http://127.0.0.1:{port}"))),
            seconds,
            run: now_ms(),
        }
    }

    /// Rounds that take turns, after one of each that does not count. In the order of [`Contestant::ALL`].
    fn rounds(&self, connections: usize, rounds: u32, ending: &Ending) -> Result<[Sample; 3]> {
        let mut samples = [const { Sample::new(Vec::new(), Duration::ZERO) }; 3];
        for round in 0..=rounds {
            let salt = self.run + (connections as u64) * 1_000 + u64::from(round);
            for turn in 0..samples.len() {
                ensure!(!ending.wished(), "interrupted");
                // Who goes first changes, so that none always finds the warmer machine.
                let which = (turn + round as usize) % samples.len();
                let sample = self.round(Contestant::ALL[which], connections, salt)?;
                if round > 0 {
                    samples[which].add(sample);
                }
            }
        }
        Ok(samples)
    }

    fn round(&self, contestant: Contestant, connections: usize, salt: u64) -> Result<Sample> {
        let (path, side) = match contestant {
            Contestant::Intake => ("/v1/feedback", 0),
            Contestant::Alone => ("/v1/feedback", 1),
            Contestant::Bare => ("/bare", 0),
        };
        let bearer = format!("Bearer {TOKEN}");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
        let count = (self.seconds * MOST_A_SECOND) as u64;
        let requests: Vec<Vec<u8>> = (0..count)
            .map(|number| load::post(path, &[("authorization", &bearer)], &payload::body(salt, number)))
            .collect();
        let duration = Duration::from_secs_f64(self.seconds);
        let address = ports::local(self.ports[side]);
        let sample = load::run(&Load { address, connections, duration, requests: &requests, expected: 202 })
            .with_context(|| format!("POST {path} over {connections} connections"))?;
        self.drain(side)?;
        Ok(sample)
    }

    /// Lets the tick finish what the round left, so that it is not charged to the next one.
    fn drain(&self, side: usize) -> Result<()> {
        let admin = format!("Bearer {ADMIN}");
        loop {
            let answer = self.clients[side].post("/v1/tick", &[("Authorization", &admin)], b"")?;
            ensure!(answer.status < 300, "POST /v1/tick answered {}: {}", answer.status, answer.text());
            let ready = self.clients[side].get("/readyz", &[])?.json()?;
            let shards = ready["shards"].as_array().context("/readyz names no shards")?;
            if shards.iter().all(|shard| shard["lag"] == 0) {
                return Ok(());
            }
        }
    }
}

fn compare(connections: usize, samples: &[Sample; 3]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (contestant, sample) in Contestant::ALL.iter().zip(samples) {
        let name = contestant.name();
        let figure = |what: &str, value| Figure::new(format!("{name}.{connections}.{what}"), value, Target::None);
        figures.push(figure("requests_per_s", sample.rate()));
        figures.push(figure("p50_ms", sample.quantile_ms(0.5)));
        figures.push(figure("p99_ms", sample.quantile_ms(0.99)));
    }
    let [intake, alone, bare] = samples;
    for (contestant, sample) in [(Contestant::Intake, intake), (Contestant::Alone, alone)] {
        let held = contestant == Contestant::Intake;
        let rate_target = if held && connections == 64 { Target::AtLeast(0.8) } else { Target::None };
        let p50_target = if held && connections == 1 { Target::AtMost(1.5) } else { Target::None };
        let name = format!("{}_to_bare.{connections}", contestant.name());
        figures.push(Figure::new(format!("{name}.requests"), sample.rate() / bare.rate(), rate_target));
        figures.push(Figure::new(format!("{name}.p50"), sample.quantile_ms(0.5) / bare.quantile_ms(0.5), p50_target));
        figures.push(Figure::new(
            format!("{name}.p99"),
            sample.quantile_ms(0.99) / bare.quantile_ms(0.99),
            Target::None,
        ));
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_compare_like_with_like() {
        let sample = |ms| Sample::new(vec![Duration::from_millis(ms); 10], Duration::from_millis(ms * 10));
        let samples = [sample(20), sample(12), sample(10)];
        let figure = |connections, name: &str| {
            compare(connections, &samples).into_iter().find(|figure| figure.name == name).expect("the figure")
        };
        let rate = figure(64, "intake_to_bare.64.requests");
        assert!((rate.value - 0.5).abs() < 1e-9 && rate.is_missed());
        assert!((figure(64, "intake_alone_to_bare.64.p50").value - 1.2).abs() < 1e-9);
        assert!(!figure(64, "intake_to_bare.64.p50").is_missed());
        assert!(figure(1, "intake_to_bare.1.p50").is_missed());
    }

    #[test]
    fn the_second_application_is_the_first_without_wakes() {
        let manifest = layout::manifest().expect("the manifest");
        let cut = without_wakes(&manifest).expect("a manifest");
        assert_eq!(cut.lines().count() + 1, manifest.lines().count(), "one line is gone, the ticker's");
        let changed: Vec<&str> = cut.lines().filter(|line| !manifest.lines().any(|before| before == *line)).collect();
        assert!(changed.is_empty() || changed == ["allowed_outbound_hosts = []"], "{changed:?}");
        let intake = cut.split("[component.score-intake]").nth(1).expect("intake");
        assert!(intake.split("\n[").next().is_some_and(|table| table.contains("allowed_outbound_hosts = []")));
    }
}
