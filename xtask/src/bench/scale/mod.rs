//! What calls cost on stores of several sizes: filled by the application itself in this process, measured in this process
//! and over HTTP on the components, as ratios to the smallest store. All stores are there at once and take turns, so that
//! a busy machine is busy for all of them.

mod desk;
mod served;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, ensure};
use data_encoding::HEXLOWER;
use ringback_test_support::scale::{Cost, Filled};
use sha2::{Digest, Sha256};

use super::Options;
use super::figures::{Figure, Sample, Target};
use crate::environment::Variables;
use crate::{artifacts, terminal, workspace};

/// At most this much more on a larger store.
const FLAT: f64 = 1.2;
/// Calls of a kind in a round.
const CALLS: usize = 40;
/// Busy ticks in a round: each needs 64 answers.
const BUSY: usize = 12;
/// The bench's administrator.
const TOKEN: &str = "bench-scale";

/// The kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// An answer is taken.
    Intake,
    /// A tick finds nothing to do.
    IdleTick,
    /// A tick seals 64 answers.
    BusyTick,
    /// A case is read.
    CaseRead,
    /// The figures of a day are read.
    Dashboard,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Intake, Self::IdleTick, Self::BusyTick, Self::CaseRead, Self::Dashboard];

    fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::IdleTick => "idle_tick",
            Self::BusyTick => "busy_tick",
            Self::CaseRead => "case_read",
            Self::Dashboard => "dashboard",
        }
    }

    /// How many in a round.
    pub fn times(self) -> usize {
        if self == Self::BusyTick { BUSY } else { CALLS }
    }

    fn of(self, filled: &mut Filled) -> Cost {
        match self {
            Self::Intake => filled.intake(),
            Self::IdleTick => filled.idle_tick(),
            Self::BusyTick => filled.busy_tick(),
            Self::CaseRead => filled.case_read(),
            Self::Dashboard => filled.dashboard(),
        }
    }
}

/// Times by kind of call.
pub type Samples = BTreeMap<Call, Sample>;

/// Fills, measures, and returns the figures.
pub fn run(options: &Options) -> Result<Vec<Figure>> {
    ensure!(
        options.rounds > 0 && options.sizes.iter().all(|size| *size >= 100),
        "sizes are 100 or more, rounds above 0"
    );
    artifacts::build_components()?;
    let host = artifacts::build_host()?;
    let work = tempfile::Builder::new().prefix("ringback-scale-").tempdir_in(workspace::root().join("target"))?;
    let mut figures = Vec::new();
    let mut stores = Vec::new();
    for size in &options.sizes {
        let folder = options.keep.as_deref().unwrap_or(work.path()).join(size.to_string());
        served::lay_out(&folder, &programme()?)?;
        let mut filled = terminal::step(&format!("filling a store with {size} answers"), || fill(&folder, *size))?;
        let (bytes, keys) = filled.size().map_err(|error| anyhow!(error))?;
        figures.push(Figure::new(format!("store.{size}.bytes_an_answer"), ratio(bytes, *size), Target::None));
        figures.push(Figure::new(format!("store.{size}.keys_an_answer"), ratio(keys, *size), Target::None));
        // The first ones are the same in every run: the bench works some of them.
        let first = filled.first_cases(60);
        let places: Vec<_> =
            (0..200).map(|n| (first.get(n).cloned().unwrap_or_else(|| filled.case()), filled.day())).collect();
        stores.push((*size, folder, filled, places));
    }
    if options.name == "desk" {
        let folders: Vec<_> = stores.into_iter().map(|(size, folder, _, places)| (size, folder, places)).collect();
        figures.extend(desk::measure(&host, &folders, &variables(), options.rounds)?);
        return Ok(figures);
    }
    let mut native: Vec<Samples> = vec![Samples::new(); stores.len()];
    let mut operations = vec![BTreeMap::new(); stores.len()];
    terminal::step("measuring in this process", || {
        for round in 0..=options.rounds {
            for call in Call::ALL {
                for (index, (_, _, filled, _)) in stores.iter_mut().enumerate() {
                    for _ in 0..call.times() {
                        let cost = call.of(filled);
                        if round > 0 {
                            add(&mut native[index], call, cost.time);
                            let both = cost.operations.reads + cost.operations.writes;
                            let least: &mut u64 = operations[index].entry(call).or_insert(u64::MAX);
                            *least = both.min(*least);
                        }
                    }
                }
            }
        }
        Ok(())
    })?;
    let folders: Vec<_> = stores.into_iter().map(|(size, folder, _, places)| (size, folder, places)).collect();
    let served = served::measure(&host, &folders, &variables(), TOKEN, options.rounds)?;
    for call in Call::ALL {
        for (index, (size, ..)) in folders.iter().enumerate() {
            let name = format!("{}.{size}", call.name());
            figures.push(Figure::new(format!("{name}.operations"), ratio(operations[index][&call], 1), Target::None));
            figures.push(Figure::new(
                format!("{name}.native_p50_ms"),
                native[index][&call].quantile_ms(0.5),
                Target::None,
            ));
            figures.push(Figure::new(
                format!("{name}.http_p50_ms"),
                served[index][&call].quantile_ms(0.5),
                Target::None,
            ));
        }
        for (index, (size, ..)) in folders.iter().enumerate().skip(1) {
            let name = format!("{}.{size}_to_{}", call.name(), folders[0].0);
            let p50 = |samples: &[Samples]| samples[index][&call].quantile_ms(0.5) / samples[0][&call].quantile_ms(0.5);
            let counted = ratio(operations[index][&call], operations[0][&call]);
            figures.push(Figure::new(format!("{name}.operations"), counted, Target::None));
            figures.push(Figure::new(format!("{name}.native"), p50(&native), Target::None));
            figures.push(Figure::new(format!("{name}.http"), p50(&served), Target::AtMost(FLAT)));
        }
    }
    Ok(figures)
}

/// Adds a time.
pub fn add(samples: &mut Samples, call: Call, time: std::time::Duration) {
    samples.entry(call).or_default().add(Sample::new(vec![time], time));
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench fit")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

fn fill(folder: &Path, size: u64) -> Result<Filled> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs();
    let filled = Filled::fill(folder, variables(), TOKEN, size, now);
    filled.map_err(|error| anyhow!("the store could not be filled: {error}"))
}

/// The shipped programme, which keeps everything: retention would take away what is to be measured.
fn programme() -> Result<String> {
    let shipped = std::fs::read_to_string(workspace::root().join("ringback.toml"))?;
    let (before, rest) = shipped.split_once("[retention]").context("ringback.toml has no [retention]")?;
    let (_, after) = rest.split_once("\n# ---").context("ringback.toml ends with [retention]")?;
    Ok(format!("{before}\n# ---{after}"))
}

/// A token of the bench's own; every outlet empty, so that no alert leaves.
fn variables() -> Variables {
    let given =
        [("pepper", "0123456789abcdef".repeat(4)), ("admin_token_sha256", HEXLOWER.encode(&Sha256::digest(TOKEN)))];
    let outlets = ["slack_webhook_url", "resend_api_key", "events_webhook_url"].map(|name| (name, String::new()));
    given.into_iter().chain(outlets).map(|(name, value)| (name.to_owned(), value)).collect()
}
