//! Intake beside the least that durability costs: a bare component that does one `increment` and one `set-many` of the
//! same bytes on the same store, in the same process, in rounds that take turns.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::figures::{Figure, Sample, Target};
use super::load::{self, Load};
use super::{Options, payload};
use crate::application::{Application, Launch, Runner};
use crate::client::Client;
use crate::environment::Variables;
use crate::inbox::now_ms;
use crate::signals::Ending;
use crate::{artifacts, ports, terminal, workspace};

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
    lay_out(work.path(), &bare)?;
    let ending = Ending::watch()?;
    let variables = variables();
    let port = ports::any_free()?;
    let launch = Launch {
        runner: &runner,
        folder: work.path(),
        state: &work.path().join("state"),
        port,
        variables: &variables,
        shown: false,
    };
    let _application = terminal::step("starting", || Application::start(&launch, &ending))?;
    let bench = Bench {
        address: ports::local(port),
        client: Client::new(&format!("http://127.0.0.1:{port}")),
        seconds: options.seconds,
        run: now_ms(),
    };

    let mut figures = Vec::new();
    for connections in CONNECTIONS {
        let what = format!("{connections} connections, {} rounds of {} s each", options.rounds, options.seconds);
        let (intake, bare) = terminal::step(&what, || bench.rounds(connections, options.rounds, &ending))?;
        figures.extend(compare(connections, &intake, &bare));
    }
    Ok(figures)
}

/// A folder that looks like the repository to whatever runs spin.toml, with the bare component in it.
fn lay_out(folder: &Path, bare: &Path) -> Result<()> {
    let root = workspace::root();
    std::os::unix::fs::symlink(root.join("target"), folder.join("target"))?;
    fs::copy(root.join("ringback.toml"), folder.join("ringback.toml"))?;
    fs::copy(bare, folder.join("bare.wasm"))?;
    let manifest = fs::read_to_string(root.join("spin.toml"))?;
    fs::write(folder.join("spin.toml"), manifest + BARE)?;
    Ok(())
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

struct Bench {
    address: SocketAddr,
    client: Client,
    seconds: f64,
    run: u64,
}

impl Bench {
    /// Rounds that take turns, after one of each that does not count.
    fn rounds(&self, connections: usize, rounds: u32, ending: &Ending) -> Result<(Sample, Sample)> {
        let (mut intake, mut bare) = (Sample::default(), Sample::default());
        for round in 0..=rounds {
            let salt = self.run + (connections as u64) * 1_000 + u64::from(round);
            // Who goes first changes, so that neither always finds the warmer machine.
            let mut order = ["/v1/feedback", "/bare"];
            order.rotate_left(usize::from(round % 2 == 1));
            for path in order {
                if ending.wished() {
                    bail!("interrupted");
                }
                let sample = self.round(path, connections, salt)?;
                match path {
                    _ if round == 0 => {}
                    "/bare" => bare.add(sample),
                    _ => intake.add(sample),
                }
            }
        }
        Ok((intake, bare))
    }

    fn round(&self, path: &str, connections: usize, salt: u64) -> Result<Sample> {
        let bearer = format!("Bearer {TOKEN}");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
        let count = (self.seconds * MOST_A_SECOND) as u64;
        let requests: Vec<Vec<u8>> = (0..count)
            .map(|number| load::post(path, &[("authorization", &bearer)], &payload::body(salt, number)))
            .collect();
        let duration = Duration::from_secs_f64(self.seconds);
        let sample =
            load::run(&Load { address: self.address, connections, duration, requests: &requests, expected: 202 })
                .with_context(|| format!("POST {path} over {connections} connections"))?;
        self.drain()?;
        Ok(sample)
    }

    /// Lets the tick finish what the round left, so that it is not charged to the next one.
    fn drain(&self) -> Result<()> {
        let admin = format!("Bearer {ADMIN}");
        let answer = self.client.post("/v1/tick", &[("Authorization", &admin)], b"")?;
        ensure!(answer.status < 300, "POST /v1/tick answered {}: {}", answer.status, answer.text());
        thread::sleep(Duration::from_millis(100));
        Ok(())
    }
}

fn compare(connections: usize, intake: &Sample, bare: &Sample) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, sample) in [("intake", intake), ("bare", bare)] {
        let figure = |what: &str, value| Figure::new(format!("{name}.{connections}.{what}"), value, Target::None);
        figures.push(figure("requests_per_s", sample.rate()));
        figures.push(figure("p50_ms", sample.quantile_ms(0.5)));
        figures.push(figure("p99_ms", sample.quantile_ms(0.99)));
    }
    let rate_target = if connections == 64 { Target::AtLeast(0.8) } else { Target::None };
    let p50_target = if connections == 1 { Target::AtMost(1.5) } else { Target::None };
    let ratio = |what: &str, value, target| Figure::new(format!("ratio.{connections}.{what}"), value, target);
    figures.push(ratio("requests", intake.rate() / bare.rate(), rate_target));
    figures.push(ratio("p50", intake.quantile_ms(0.5) / bare.quantile_ms(0.5), p50_target));
    figures.push(ratio("p99", intake.quantile_ms(0.99) / bare.quantile_ms(0.99), Target::None));
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_compare_like_with_like() {
        let sample = |ms| Sample::new(vec![Duration::from_millis(ms); 10], Duration::from_millis(ms * 10));
        let figures = compare(64, &sample(20), &sample(10));
        let value = |name: &str| figures.iter().find(|figure| figure.name == name).expect("the figure").clone();
        assert!((value("ratio.64.requests").value - 0.5).abs() < 1e-9 && value("ratio.64.requests").is_missed());
        assert!((value("ratio.64.p50").value - 2.0).abs() < 1e-9 && !value("ratio.64.p50").is_missed());
        assert!(
            compare(1, &sample(20), &sample(10))
                .iter()
                .any(|figure| figure.name == "ratio.1.p50" && figure.is_missed())
        );
    }
}
