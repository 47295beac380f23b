//! Alerts beside Debian's prometheus-alertmanager: how long from the POST to the receiver's socket, and what is left of
//! 200 acknowledged alerts when both are killed while these wait in a group.
//!
//! Alertmanager answers before anything is on disk, Ringback afterwards: a ratio of what both promise, not of the same
//! work. One receiver takes both; they take turns.

mod alertmanager;
mod arrivals;
mod crash;
mod pace;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest, Sha256};

use self::alertmanager::Alertmanager;
use self::arrivals::Arrivals;
use super::figures::{Figure, Sample, Target};
use super::{Options, layout};
use crate::application::{Application, Launch, Runner};
use crate::client::Client;
use crate::environment::Variables;
use crate::inbox::now_ms;
use crate::signals::Ending;
use crate::{artifacts, packages, ports, terminal, workspace};

/// Answers a second, and how many of them a round makes.
const RATES: [(u32, u32); 3] = [(1, 15), (50, 500), (200, 1_000)];
/// How long the last alert of a round may take.
const LATEST: Duration = Duration::from_secs(60);
const TOKEN: &str = "bench-alert";
/// What signs events; any key will do, as the receiver believes everything.
const EVENTS_SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Measures and returns the figures.
pub fn run(options: &Options) -> Result<Vec<Figure>> {
    ensure!(options.rounds > 0, "--rounds is above 0");
    let (rates, crash) = parts(options.part.as_deref())?;
    let program = packages::ensure_alertmanager()?;
    artifacts::build_components()?;
    let runner = match &options.spin {
        Some(spin) => Runner::Spin(spin.canonicalize().with_context(|| format!("there is no {}", spin.display()))?),
        None => Runner::LocalHost(artifacts::build_host()?),
    };
    let work = tempfile::Builder::new().prefix("ringback-bench-").tempdir()?;
    let ending = Ending::watch()?;
    let bench = Bench { runner, program, work: work.path(), arrivals: Arrivals::start()?, ending };
    let mut figures = Vec::new();
    if !rates.is_empty() {
        figures.extend(bench.speed(&rates, options.rounds.min(3))?);
    }
    if crash {
        figures.extend(bench.crash()?);
    }
    Ok(figures)
}

/// What is measured: the rates, and whether the crash.
fn parts(wanted: Option<&str>) -> Result<(Vec<(u32, u32)>, bool)> {
    let wants = |part: &str| wanted.is_none_or(|wanted| wanted == part);
    let rates: Vec<_> = RATES.into_iter().filter(|(rate, _)| wants(&rate.to_string())).collect();
    let crash = wants("crash");
    ensure!(crash || !rates.is_empty(), "--part is 1, 50, 200 (answers a second) or crash");
    Ok((rates, crash))
}

/// What both stages need.
struct Bench<'a> {
    runner: Runner,
    program: std::path::PathBuf,
    work: &'a Path,
    arrivals: Arrivals,
    ending: Ending,
}

/// One round's outcome.
struct Round {
    sample: Sample,
    lost: usize,
}

impl Bench<'_> {
    fn launch<'l>(&'l self, folder: &'l Path, state: &'l Path, variables: &'l Variables, port: u16) -> Launch<'l> {
        Launch { runner: &self.runner, folder, state, port, variables, shown: false }
    }

    /// The time from the POST to the receiver, at several rates.
    fn speed(&self, rates: &[(u32, u32)], rounds: u32) -> Result<Vec<Figure>> {
        let folder = self.work.join("speed");
        layout::copy_application(&folder, &layout::manifest()?)?;
        write(&folder, "ringback.toml", &to_webhook(&programme()?)?)?;
        let (state, variables, port) = (folder.join("state"), self.variables(), ports::any_free()?);
        let launch = self.launch(&folder, &state, &variables, port);
        let _app = terminal::step("starting the application", || Application::start(&launch, &self.ending))?;
        let managed = Alertmanager::start(&self.program, &folder, &self.arrivals.url("/alertmanager"), "0s", "[...]")?;
        let mut figures = Vec::new();
        for (rate, count) in rates.iter().copied() {
            let what = format!("{rate} answers a second, {rounds} rounds of 2 × {count}");
            let rounds = terminal::step(&what, || {
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                for round in 0..rounds {
                    ensure!(!self.ending.wished(), "interrupted");
                    let run = now_ms() + u64::from(round);
                    ours.push(self.round(rate, count, &|n| feedback(port, run, n))?);
                    theirs.push(self.round(rate, count, &|n| managed.alert(&format!("{run}-{n}")))?);
                }
                Ok((ours, theirs))
            })?;
            figures.extend(compare(rate, &rounds.0, &rounds.1));
        }
        Ok(figures)
    }

    /// Posts at a rate, and waits for what comes of it. `post` gives the name under which its alert arrives.
    fn round(&self, rate: u32, count: u32, post: &(impl Fn(u32) -> Result<String> + Sync)) -> Result<Round> {
        let begun = std::time::Instant::now();
        let posted = pace::posts(rate, count, post)?;
        let (latencies, lost) = self.arrivals.latencies(&posted, LATEST);
        Ok(Round { sample: Sample::new(latencies, begun.elapsed()), lost })
    }

    /// Every outlet but the receiver empty, so that a detractor's answer makes one alert.
    fn variables(&self) -> Variables {
        let receiver = self.arrivals.url("");
        let given = [
            ("pepper", "0123456789abcdef".repeat(4)),
            ("intake_token_sha256", HEXLOWER.encode(&Sha256::digest(TOKEN))),
            ("slack_webhook_url", format!("{receiver}/ringback")),
            ("slack_origin", receiver.clone()),
            ("resend_api_key", String::new()),
            ("events_webhook_url", format!("{receiver}/ringback")),
            ("events_webhook_origin", receiver),
            ("events_webhook_secret", EVENTS_SECRET.to_owned()),
        ];
        given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Posts a detractor's answer; the alert names its case.
fn feedback(port: u16, run: u64, number: u32) -> Result<String> {
    thread_local! {
        static CLIENTS: std::cell::RefCell<std::collections::BTreeMap<u16, Client>> = const {
            std::cell::RefCell::new(std::collections::BTreeMap::new())
        };
    }
    let client = CLIENTS.with_borrow_mut(|clients| {
        clients.entry(port).or_insert_with(|| Client::new(&format!("http://127.0.0.1:{port}"))).clone()
    });
    let body = json!({
        "survey": "checkout-nps", "score": 2, "response_id": format!("bench-alert-{run:x}-{number}"), "country": "DE",
        "comment": "The parcel came a day late and the box was open; two of the five items were missing.",
    });
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let answer = client.post("/v1/feedback", &headers, body.to_string().as_bytes())?;
    ensure!(answer.status == 202, "POST /v1/feedback answered {}: {}", answer.status, answer.text());
    let location = answer.header("location").context("an answer without Location")?;
    Ok(location.rsplit('/').next().unwrap_or_default().to_owned())
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench fit")]
fn compare(rate: u32, ours: &[Round], theirs: &[Round]) -> Vec<Figure> {
    let joined = |rounds: &[Round]| {
        let mut all = Sample::default();
        rounds.iter().for_each(|round| all.add(round.sample.clone()));
        all
    };
    let lost = |rounds: &[Round]| rounds.iter().map(|round| round.lost).sum::<usize>() as f64;
    let (alert, beside) = (joined(ours), joined(theirs));
    let held = |at: bool, target| if at { target } else { Target::None };
    let figure = |who: &str, what: &str, value, target| Figure::new(format!("{who}.{rate}.{what}"), value, target);
    vec![
        figure("alert", "p50_ms", alert.quantile_ms(0.5), Target::None),
        figure("alert", "p99_ms", alert.quantile_ms(0.99), held(rate == 50, Target::AtMost(100.0))),
        figure("alert", "lost", lost(ours), Target::AtMost(0.0)),
        figure("alertmanager", "p50_ms", beside.quantile_ms(0.5), Target::None),
        figure("alertmanager", "p99_ms", beside.quantile_ms(0.99), Target::None),
        figure("alertmanager", "lost", lost(theirs), Target::None),
        figure(
            "alert_to_alertmanager",
            "p50",
            alert.quantile_ms(0.5) / beside.quantile_ms(0.5),
            held(rate == 50, Target::AtMost(8.0)),
        ),
    ]
}

/// The programme as shipped.
fn programme() -> Result<String> {
    fs::read_to_string(workspace::root().join("ringback.toml")).context("cannot read ringback.toml")
}

/// A programme whose detractors' alerts go where Alertmanager's do: to a webhook, which has no vendor whose rate is kept.
fn to_webhook(programme: &str) -> Result<String> {
    let route = "[[routes]]\nid = \"care\"\nchannels = [\"care-chat\", \"care-mail\"]";
    ensure!(programme.contains(route), "ringback.toml is not the one this was made for");
    Ok(programme.replacen(route, "[[routes]]\nid = \"care\"\nchannels = [\"events\"]", 1))
}

/// The same, where alerts wait in a group for as long as Alertmanager's do.
fn grouped(programme: &str, wait: &str) -> Result<String> {
    let channel = "url_variable = \"events_webhook_url\"";
    ensure!(programme.contains(channel), "ringback.toml is not the one this was made for");
    let group = format!("{channel}\ngroup = {{ by = [\"touchpoint\"], wait = \"{wait}\", interval = \"1m\" }}");
    Ok(to_webhook(programme)?.replacen(channel, &group, 1))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    fs::write(folder.join(name), text).with_context(|| format!("cannot write {name} in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(ms: u64, lost: usize) -> Vec<Round> {
        vec![Round { sample: Sample::new(vec![Duration::from_millis(ms); 10], Duration::from_secs(1)), lost }]
    }

    #[test]
    fn one_part_alone_can_be_measured() {
        assert_eq!(parts(None).expect("all"), (RATES.to_vec(), true));
        assert_eq!(parts(Some("50")).expect("one rate"), (vec![RATES[1]], false));
        assert_eq!(parts(Some("crash")).expect("the crash"), (Vec::new(), true));
        assert!(parts(Some("51")).is_err());
    }

    #[test]
    fn fifty_a_second_is_held_to_eight_times_and_a_hundred_milliseconds() {
        let missed = |rate, ours: u64, theirs: u64, lost| -> Vec<String> {
            let figures = compare(rate, &rounds(ours, lost), &rounds(theirs, 0));
            figures.into_iter().filter(Figure::is_missed).map(|figure| figure.name).collect()
        };
        assert_eq!(missed(50, 16, 2, 0), [""; 0]);
        assert_eq!(missed(50, 17, 2, 0), ["alert_to_alertmanager.50.p50"]);
        assert_eq!(missed(50, 101, 20, 0), ["alert.50.p99_ms"]);
        assert_eq!(missed(200, 500, 2, 1), ["alert.200.lost"]);
    }

    #[test]
    fn the_shipped_programme_can_be_grouped() {
        let programme = fs::read_to_string(crate::workspace::root().join("ringback.toml")).expect("the programme");
        let grouped = grouped(&programme, "5s").expect("a programme");
        assert!(grouped.contains("wait = \"5s\"") && grouped.contains("channels = [\"events\"]"));
    }
}
