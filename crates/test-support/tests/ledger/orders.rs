//! Erasure by criteria: what an order reaches, and that neither a failing store nor a crash makes it count or erase
//! anything twice, or miss anything.

use futures::executor::block_on;
use ringback_ledger::{Clock as _, Ledger, OnDifferent, Options, OrderStatus, StoreKind};
use ringback_test_support::memory::Faults;
use ringback_test_support::simulation::program::{self, Rules};
use ringback_test_support::{ManualClock, MemoryStore, Nobody, Operations, SeededEntropy};
use serde_json::json;

type TestLedger = Ledger<MemoryStore, ManualClock, SeededEntropy, Rules>;

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];

struct World {
    store: MemoryStore,
    clock: ManualClock,
    ledger: TestLedger,
}

/// A ledger with `size` events of `old` and as many of `other`, sealed.
fn world(kind: StoreKind, size: usize) -> World {
    let (store, clock) = (MemoryStore::new(kind), ManualClock::at(1_000_000_020));
    let shards = if kind == StoreKind::Sqlite { 1 } else { 2 };
    let options = Options { shards, ..Options::default() };
    let opened = Ledger::open(store.clone(), clock.clone(), SeededEntropy::new(3), Rules, options);
    let world = World { ledger: block_on(opened).expect("opens"), store, clock };
    for i in 0..size {
        world.append(&format!("old{i}"));
        world.append(&format!("other{i}"));
    }
    world.tick();
    world
}

impl World {
    fn append(&self, eid: &str) {
        let draft = program::draft(eid, 0, &format!("p-{eid}"), self.clock.now());
        block_on(self.ledger.append(draft, OnDifferent::Update)).expect("appends");
    }

    fn tick(&self) {
        block_on(self.ledger.tick(&Nobody)).expect("ticks");
    }

    fn order(&self, name: &str, start: &str, dry: bool) -> bool {
        block_on(self.ledger.order_erasure(name, &json!(start), dry, json!("who"))).expect("is taken")
    }

    fn status(&self, name: &str) -> OrderStatus {
        block_on(self.ledger.erasure_order(name)).expect("reads").expect("an order")
    }

    fn erased(&self, eid: &str) -> bool {
        let record = block_on(self.ledger.read(eid)).expect("reads").expect("a record");
        assert_eq!(record.redacted, record.body.text.is_empty());
        record.redacted
    }

    /// Whether anything under a key holds the texts of events whose id begins so.
    fn holds(&self, start: &str) -> bool {
        let text = format!("text-{start}");
        let says = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains(&text);
        self.store.keys().iter().filter_map(|key| self.store.peek(key)).any(says)
    }
}

#[test]
fn an_order_erases_what_it_concerns_and_nothing_else_and_nothing_later() {
    for kind in STORES {
        let world = world(kind, 70);
        world.append("old-unsealed");
        assert!(world.order("first", "old", false));
        assert!(world.order("counted", "other", true));
        world.append("old-later");
        world.tick();
        for _ in 0..4 {
            world.clock.advance(60);
            world.tick();
        }
        for i in 0..70 {
            assert!(world.erased(&format!("old{i}")), "{kind:?}: old{i}");
            assert!(!world.erased(&format!("other{i}")), "{kind:?}: other{i}");
        }
        assert!(world.erased("old-unsealed"), "{kind:?}: what was on its way");
        assert!(!world.erased("old-later"), "{kind:?}: what came later");
        let (first, counted) = (world.status("first"), world.status("counted"));
        assert_eq!((first.records, counted.records), (71, 70), "{kind:?}");
        assert!(first.finished.is_some() && counted.finished.is_some() && first.looked_at == first.slots, "{first:?}");
        assert_eq!((first.note, counted.dry), (json!("who"), true));
        world.clock.advance(3_600);
        world.tick();
        world.clock.advance(3_600);
        world.tick();
        assert!(!world.erased("old-later") && !world.erased("other1"), "{kind:?}: after the late look");
        assert_eq!(world.status("first").records, 71, "{kind:?}: counted once");
        assert!(!world.holds("old1") && world.holds("old-later") && world.holds("other1"), "{kind:?}");
    }
}

#[test]
fn a_store_that_fails_in_between_loses_nothing_and_counts_nothing_twice() {
    for (kind, seed) in STORES.into_iter().flat_map(|kind| (0..12).map(move |seed| (kind, seed))) {
        let world = world(kind, 40);
        assert!(world.order("order", "old", false));
        assert!(world.order("dry", "other", true));
        world.store.set_faults(Some(Faults::new(seed)));
        for _ in 0..30 {
            // Most of them fail somewhere: in the middle of a window, or between it and its commit.
            let _ = block_on(world.ledger.tick(&Nobody));
            world.clock.advance(50);
        }
        world.store.set_faults(None);
        for _ in 0..4 {
            world.clock.advance(60);
            world.tick();
        }
        let (status, dry) = (world.status("order"), world.status("dry"));
        assert!(status.finished.is_some() && dry.finished.is_some(), "{kind:?} {seed}: {status:?}");
        assert_eq!((status.records, dry.records), (40, 40), "{kind:?} {seed}");
        assert!(
            (0..40).all(|i| world.erased(&format!("old{i}")) && !world.erased(&format!("other{i}"))),
            "{kind:?} {seed}"
        );
    }
}

#[test]
fn what_was_erased_before_is_not_counted_again() {
    let world = world(StoreKind::Sqlite, 5);
    let _ = block_on(world.ledger.erase("p-old3")).expect("erases");
    for (name, dry, records) in [("dry", true, 4), ("first", false, 4), ("second", false, 0)] {
        assert!(world.order(name, "old", dry));
        world.tick();
        assert_eq!(world.status(name).records, records, "{name}");
    }
}

#[test]
fn open_orders_cost_nothing_until_they_are_due_and_their_number_is_bounded() {
    let world = world(StoreKind::Sqlite, 20);
    for i in 0..8 {
        assert!(world.order(&format!("order{i}"), "old", false));
    }
    assert!(!world.order("ninth", "old", false), "too many at once");
    assert!(block_on(world.ledger.erasure_order("ninth")).expect("reads").is_none(), "and nothing is left of it");
    for _ in 0..20 {
        world.clock.advance(60);
        world.tick();
    }
    world.store.reset();
    world.tick();
    assert_eq!(world.store.operations(), Operations { reads: 2, writes: 0 }, "while late looks wait");
    for _ in 0..60 {
        world.clock.advance(60);
        world.tick();
    }
    assert!(world.order("ninth", "old", false), "those that are done make room");
}
