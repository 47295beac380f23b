//! The simulation as a command: many seeds, or all mutants.

use super::{Mutant, Outcome, simulate};
use ringback_ledger::StoreKind;
use std::io::{self, Write};
use std::time::Instant;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How many seeds a store; for mutants, how many at most until each is caught.
    pub seeds: u64,
    /// The first seed.
    pub from: u64,
    /// One store, or all four.
    pub store: Option<StoreKind>,
    /// Run the mutants instead of the ledger as it is.
    pub mutants: bool,
}

/// All stores.
const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];

/// Runs what is asked, and reports to `out`. True: every invariant held, or every mutant was caught.
///
/// # Errors
/// Only when `out` fails.
pub fn run(request: &Request, out: &mut impl Write) -> io::Result<bool> {
    match request.mutants {
        true => run_mutants(request, out),
        false => run_seeds(request, out),
    }
}

fn run_seeds(request: &Request, out: &mut impl Write) -> io::Result<bool> {
    let mut good = true;
    for kind in STORES.into_iter().filter(|kind| request.store.is_none_or(|s| s == *kind)) {
        let start = Instant::now();
        let mut total = Outcome::default();
        let mut bad = 0;
        for seed in request.from..request.from + request.seeds {
            let outcome = simulate(kind, seed, None);
            if !outcome.violations.is_empty() {
                bad += 1;
                report(out, kind, seed, &outcome)?;
            }
            total.crashes += outcome.crashes;
            total.pauses += outcome.pauses;
            total.acknowledged += outcome.acknowledged;
            total.jobs.0 += outcome.jobs.0;
            total.jobs.1 += outcome.jobs.1;
        }
        let rate = request.seeds as f64 / start.elapsed().as_secs_f64().max(f64::EPSILON);
        writeln!(
            out,
            "{}: {} seeds, {bad} bad; {} crashes, {} pauses, {} acknowledgements, {} jobs ({} repeated); {rate:.0} seeds/s",
            kind.name(),
            request.seeds,
            total.crashes,
            total.pauses,
            total.acknowledged,
            total.jobs.0,
            total.jobs.1
        )?;
        good &= bad == 0;
    }
    Ok(good)
}

fn report(out: &mut impl Write, kind: StoreKind, seed: u64, outcome: &Outcome) -> io::Result<()> {
    for violation in &outcome.violations {
        writeln!(out, "{} seed {seed}: {violation}", kind.name())?;
    }
    writeln!(out, "replay with: cargo xtask simulate --seeds 1 --store {} --from {seed}", kind.name())
}

fn run_mutants(request: &Request, out: &mut impl Write) -> io::Result<bool> {
    let mut survivors = 0;
    for (mutant, kind) in Mutant::all() {
        let kind = request.store.unwrap_or(kind);
        match killer(mutant, kind, request) {
            Some((seeds, violation)) => {
                writeln!(out, "{} on {}: caught after {seeds} seeds: {violation}", mutant.name(), kind.name())?;
            }
            None => {
                survivors += 1;
                writeln!(out, "{} on {}: SURVIVED {} seeds", mutant.name(), kind.name(), request.seeds)?;
            }
        }
    }
    Ok(survivors == 0)
}

/// How many seeds it takes to notice a mutant, and what is noticed.
fn killer(mutant: Mutant, kind: StoreKind, request: &Request) -> Option<(u64, String)> {
    (0..request.seeds).find_map(|i| {
        let outcome = simulate(kind, request.from + i, Some(mutant));
        outcome.violations.into_iter().next().map(|violation| (i + 1, violation))
    })
}
