//! Sheets: whoever changes one at the same time, on whatever store, every change counts once.

use futures::executor::block_on;
use futures::future::join_all;
use ringback_ledger::{Ledger, Options, StoreKind};
use ringback_test_support::simulation::program::Rules;
use ringback_test_support::{ManualClock, MemoryStore, SeededEntropy};
use serde_json::{Value, json};

const KINDS: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];

type TestLedger = Ledger<MemoryStore, ManualClock, SeededEntropy, Rules>;

fn open(store: &MemoryStore, seed: u64) -> TestLedger {
    let clock = ManualClock::at(1_000_000_020);
    block_on(Ledger::open(store.clone(), clock, SeededEntropy::new(seed), Rules, Options::default())).expect("opens")
}

fn count(value: &mut Value) -> bool {
    *value = json!(value.as_u64().unwrap_or(0) + 1);
    true
}

#[test]
fn changes_of_a_sheet_all_count_from_its_first_on() {
    for kind in KINDS {
        let store = MemoryStore::new(kind);
        let ledgers: Vec<TestLedger> = (1..5).map(|seed| open(&store, seed)).collect();
        assert_eq!(block_on(ledgers[0].look_at_sheet("care")), Ok(Value::Null), "{kind:?}");
        let changes = ledgers.iter().flat_map(|ledger| (0..10).map(|_| ledger.sheet("care", count)));
        for done in block_on(join_all(changes)) {
            done.expect("changes");
        }
        let now = block_on(ledgers[0].sheet("care", |_| false)).expect("reads");
        assert_eq!(now, json!(40), "{kind:?}");
        assert_eq!(block_on(ledgers[3].look_at_sheet("care")), Ok(json!(40)), "{kind:?}");
        let other = block_on(ledgers[0].sheet("other", |_| false)).expect("reads");
        assert_eq!(other, Value::Null, "{kind:?}");
    }
}

#[test]
fn a_change_costs_the_same_however_often_it_is_made() {
    let store = MemoryStore::new(StoreKind::Sqlite);
    let ledger = open(&store, 1);
    block_on(ledger.sheet("care", count)).expect("changes");
    for _ in 0..3 {
        store.reset();
        block_on(ledger.sheet("care", count)).expect("changes");
        let cost = store.operations();
        assert_eq!((cost.reads, cost.writes), (2, 1));
    }
}

#[test]
fn what_is_no_name_is_no_sheet() {
    let ledger = open(&MemoryStore::new(StoreKind::Sqlite), 1);
    assert!(block_on(ledger.sheet("a:b", |_| true)).is_err());
}
