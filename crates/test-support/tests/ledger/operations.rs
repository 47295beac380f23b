//! What calls cost, in reads and write transactions of SQLite, whatever the store holds.

use futures::executor::block_on;
use ringback_ledger::{Clock, Ledger, OnDifferent, Options, StoreKind};
use ringback_test_support::simulation::program::{self, Rules};
use ringback_test_support::{ManualClock, MemoryStore, Nobody, Operations, SeededEntropy};

type TestLedger = Ledger<MemoryStore, ManualClock, SeededEntropy, Rules>;

struct World {
    store: MemoryStore,
    clock: ManualClock,
    ledger: TestLedger,
}

fn open(store: &MemoryStore, clock: &ManualClock) -> TestLedger {
    let entropy = SeededEntropy::new(7);
    let opened = Ledger::open(store.clone(), clock.clone(), entropy, Rules, Options::default());
    block_on(opened).expect("opens")
}

/// A store that holds `size` events, at rest.
fn world(size: u32) -> World {
    let store = MemoryStore::new(StoreKind::Sqlite);
    let clock = ManualClock::at(1_000_000_020);
    let ledger = open(&store, &clock);
    let world = World { store, clock, ledger };
    for i in 0..size {
        world.append(&format!("old{i}"), 0);
        if i % 50 == 0 {
            world.tick();
        }
    }
    world.rest();
    world
}

impl World {
    fn append(&self, eid: &str, variant: u32) {
        let draft = program::draft(eid, variant, "p1", self.clock.now());
        block_on(self.ledger.append(draft, OnDifferent::Update)).expect("appends");
    }

    fn tick(&self) {
        block_on(self.ledger.tick(&Nobody)).expect("ticks");
    }

    /// Closes everything and lets the time pass until no timer is left.
    fn rest(&self) {
        self.tick();
        let mut eids: Vec<String> = self.store.keys();
        eids.retain(|key| key.starts_with("i:old"));
        for key in eids {
            let close = |record: &ringback_ledger::Record<program::Body>| {
                let mut body = record.body.clone();
                body.closed = Some("x".to_owned());
                body.confirmed = vec!["alert".to_owned()];
                Ok::<_, ()>(ringback_ledger::Step { body, timers: vec![], now: vec![], counts: vec![] })
            };
            block_on(self.ledger.change(&key[2..], close)).expect("changes");
        }
        for _ in 0..20 {
            self.clock.advance(60);
            self.tick();
        }
        // Empty minutes are stepped over, and garbage is removed, now and then.
        for _ in 0..3 {
            self.clock.advance(1_200);
            self.tick();
        }
    }

    fn cost(&self, what: impl FnOnce(&Self)) -> Operations {
        self.store.reset();
        what(self);
        self.store.operations()
    }
}

fn operations(reads: u64, writes: u64) -> Operations {
    Operations { reads, writes }
}

/// Checks a cost in stores of several sizes.
fn check(expected: Operations, prepare: impl Fn(&World), what: impl Fn(&World)) {
    for size in [0, 10, 400] {
        let world = world(size);
        prepare(&world);
        assert_eq!(world.cost(&what), expected, "with {size} events");
    }
}

#[test]
fn idle_tick_costs_two_reads_and_no_write() {
    check(operations(2, 0), |_| {}, World::tick);
}

#[test]
fn idle_tick_of_an_unswept_minute_costs_one_read_more() {
    check(operations(3, 0), |world| world.clock.advance(60), World::tick);
}

#[test]
fn idle_tick_after_days_of_standstill_is_bounded() {
    let world = world(10);
    world.clock.advance(3 * 86_400);
    let cost = world.cost(World::tick);
    // 4,320 minutes in pieces of 64, each committed.
    assert!(cost.reads <= 68 * 6 && cost.writes <= 68 * 2, "{cost:?}");
    assert_eq!(world.cost(World::tick), operations(2, 0));
}

#[test]
fn intake_costs_two_reads_and_two_writes() {
    check(operations(2, 2), |_| {}, |world| world.append("new", 0));
}

#[test]
fn replay_of_a_sealed_event_costs_one_read_and_no_write() {
    let prepare = |world: &World| {
        world.append("new", 0);
        world.tick();
    };
    check(operations(1, 0), prepare, |world| world.append("new", 0));
}

#[test]
fn replay_of_an_unsealed_event_costs_no_write() {
    check(operations(3, 0), |world| world.append("new", 0), |world| world.append("new", 0));
}

#[test]
fn change_without_timers_costs_two_reads_and_one_write() {
    let prepare = |world: &World| {
        world.append("new", 0);
        world.tick();
    };
    check(operations(2, 1), prepare, |world| {
        let changed = world.ledger.change("new", |record| program::confirm(record, "x").ok_or(()));
        block_on(changed).expect("changes");
    });
}

#[test]
fn reading_a_record_costs_two_reads() {
    let prepare = |world: &World| {
        world.append("new", 0);
        world.tick();
    };
    check(operations(2, 0), prepare, |world| {
        block_on(world.ledger.read("new")).expect("reads").expect("is there");
    });
}

#[test]
fn opening_an_installed_ledger_costs_two_reads() {
    check(
        operations(2, 0),
        |_| {},
        |world| {
            open(&world.store, &world.clock);
        },
    );
}

#[test]
fn a_due_timer_costs_the_same_in_every_store() {
    let costs: Vec<Operations> = [0, 10, 400]
        .into_iter()
        .map(|size| {
            let world = world(size);
            world.append("new", 0);
            world.tick();
            let confirm = |record: &_| program::confirm(record, "alert").ok_or(());
            block_on(world.ledger.change("new", confirm)).expect("changes");
            // The backing of the alert fires in vain.
            world.clock.advance(program::RETRY);
            world.cost(World::tick)
        })
        .collect();
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    // Turn: c n | c lease | b entries k | c commit; then the idle turn: c n. One of the writes
    // removes the garbage of the sealing a minute ago. The deadline, which sealing has put beside, is moved to its own
    // minute: its counter is looked at and taken, the timer written, the root looked at.
    assert_eq!(costs[0], operations(9 + 2, 3 + 2));
}

#[test]
fn a_busy_tick_costs_a_constant_and_its_minutes() {
    let costs: Vec<Operations> = [1, 16, 64]
        .into_iter()
        .map(|batch| {
            let world = world(100);
            for i in 0..batch {
                world.append(&format!("new{i}"), 0);
            }
            world.cost(World::tick)
        })
        .collect();
    // Lease, effects, commit, and perhaps garbage; 1 minute for up to 128 timers, as here; 8 reads, the idle turn's 2 (3: an
    // unswept minute), and the index's levels, of which there are many here: its nodes are small under simulation.
    for cost in costs {
        assert!(cost.writes <= 4 + 1 && cost.reads <= 11 + 8, "{cost:?}");
    }
}

#[test]
fn a_busy_tick_costs_no_write_more_for_people() {
    let cost = |people: usize| {
        let world = world(100);
        for i in 0..64 {
            let draft = program::draft(&format!("new{i}"), 0, &format!("someone{}", i % people), world.clock.now());
            block_on(world.ledger.append(draft, OnDifferent::Update)).expect("appends");
        }
        world.cost(World::tick)
    };
    assert_eq!(cost(1), cost(64));
}

#[test]
fn a_page_of_the_index_costs_the_height_of_its_tree() {
    for (size, levels) in [(10, 4), (100, 7), (400, 8)] {
        let world = world(size);
        let cost = world.cost(|world| {
            let page = block_on(world.ledger.scan("all|old3", "all~", 10)).expect("scans");
            assert_eq!(page.len(), 10.min(if size == 10 { 7 } else { 10 }));
        });
        // The root, the levels, and a few leaves of at most 4 names.
        assert!(cost.writes == 0 && cost.reads <= 1 + levels + 5, "{size}: {cost:?}");
    }
}
