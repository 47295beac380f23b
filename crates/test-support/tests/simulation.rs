//! The ledger under simulated faults, on every store; and the simulation under mutants.

use ringback_ledger::StoreKind;
use ringback_test_support::simulation::{Request, run, simulate};

/// A simulation is made of small documents that come and go: a third of its time was the allocator's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds a store, in the normal run.
const SEEDS: u64 = 2_000;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs, with more seeds or other seeds if `RINGBACK_SEEDS` or `RINGBACK_FROM` say so.
fn holds(store: Option<StoreKind>, mutants: bool, seeds: u64) {
    let (seeds, from) = (number("RINGBACK_SEEDS", seeds), number("RINGBACK_FROM", 0));
    let request = Request { seeds, from, store, mutants };
    let mut report = Vec::new();
    let good = run(&request, &mut report).expect("a vector can be written");
    let report = String::from_utf8_lossy(&report);
    println!("{report}");
    assert!(good, "{report}");
}

#[test]
fn invariants_hold_on_sqlite() {
    holds(Some(StoreKind::Sqlite), false, SEEDS);
}

#[test]
fn invariants_hold_on_redis() {
    holds(Some(StoreKind::Redis), false, SEEDS);
}

#[test]
fn invariants_hold_on_dynamo() {
    holds(Some(StoreKind::Dynamo), false, SEEDS);
}

#[test]
fn invariants_hold_on_cosmos() {
    holds(Some(StoreKind::Cosmos), false, SEEDS);
}

#[test]
fn every_mutant_is_caught() {
    holds(None, true, 5_000);
}

#[test]
fn a_seed_repeats_exactly() {
    for seed in 0..20 {
        assert_eq!(simulate(StoreKind::Redis, seed, None), simulate(StoreKind::Redis, seed, None));
    }
}
