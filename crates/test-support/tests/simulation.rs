//! The ledger under simulated faults, on every store; and the simulation under mutants.

use ringback_ledger::StoreKind;
use ringback_test_support::simulation::{Request, run, simulate};

fn holds(store: StoreKind) {
    let seeds = std::env::var("RINGBACK_SEEDS").ok().and_then(|text| text.parse().ok());
    let from = std::env::var("RINGBACK_FROM").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let request = Request { seeds: seeds.unwrap_or(2_000), from, store: Some(store), mutants: false };
    let mut report = Vec::new();
    let good = run(&request, &mut report).expect("a vector can be written");
    let report = String::from_utf8_lossy(&report);
    println!("{report}");
    assert!(good, "{report}");
}

#[test]
fn invariants_hold_on_sqlite() {
    holds(StoreKind::Sqlite);
}

#[test]
fn invariants_hold_on_redis() {
    holds(StoreKind::Redis);
}

#[test]
fn invariants_hold_on_dynamo() {
    holds(StoreKind::Dynamo);
}

#[test]
fn invariants_hold_on_cosmos() {
    holds(StoreKind::Cosmos);
}

#[test]
fn every_mutant_is_caught() {
    let request = Request { seeds: 4_000, from: 0, store: None, mutants: true };
    let mut report = Vec::new();
    let good = run(&request, &mut report).expect("a vector can be written");
    let report = String::from_utf8_lossy(&report);
    println!("{report}");
    assert!(good, "{report}");
}

#[test]
fn a_seed_repeats_exactly() {
    for seed in 0..20 {
        assert_eq!(simulate(StoreKind::Redis, seed, None), simulate(StoreKind::Redis, seed, None));
    }
}
