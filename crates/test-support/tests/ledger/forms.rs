//! Names in the index that another version of the application gives otherwise: a record remembers under which it is known.

use futures::executor::block_on;
use ringback_ledger::{Changed, Draft, Ledger, OnDifferent, Options, Plan, Program, Record, Step, StoreKind};
use ringback_test_support::{ManualClock, MemoryStore, Nobody, SeededEntropy};

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];

/// An application whose records are numbers: known by whether they are even, and from form 1 on by the number as well.
struct Numbers<const FORM: u8>;
type First = Numbers<0>;
type Second = Numbers<1>;

fn parity(eid: &str, number: u32) -> String {
    format!("{}|{eid}", if number.is_multiple_of(2) { "even" } else { "odd" })
}

fn plain(record: &Record<u32>) -> Step<u32> {
    Step { body: record.body, timers: Vec::new(), now: Vec::new(), counts: Vec::new() }
}

impl<const FORM: u8> Program for Numbers<FORM> {
    type Body = u32;

    fn merge(&self, record: &Record<u32>, _: u32, _: u64) -> Step<u32> {
        plain(record)
    }

    fn redact(&self, _: &mut u32) {}

    fn fire(&self, _: &Record<u32>, _: &str, _: u64) -> Option<Step<u32>> {
        None
    }

    const MARKS: u8 = FORM;

    fn marks(&self, eid: &str, number: &u32, form: u8) -> Vec<String> {
        let own = (form >= 1).then(|| format!("number {number}|{eid}"));
        std::iter::once(parity(eid, *number)).chain(own).collect()
    }
}

type Opened<P> = Ledger<MemoryStore, ManualClock, SeededEntropy, P>;

fn open<P: Program>(store: &MemoryStore, clock: &ManualClock, program: P, seed: u64) -> Opened<P> {
    let entropy = SeededEntropy::new(seed);
    block_on(Ledger::open(store.clone(), clock.clone(), entropy, program, Options::default())).expect("opens")
}

fn append<P: Program<Body = u32>>(ledger: &Opened<P>, eid: &str, number: u32) {
    let draft = Draft {
        eid: eid.to_owned(),
        fingerprint: "f".to_owned(),
        at: 0,
        people: Vec::new(),
        plan: Plan::default(),
        body: number,
    };
    block_on(ledger.append(draft, OnDifferent::Update)).expect("appends");
    block_on(ledger.tick(&Nobody)).expect("ticks");
}

fn change<P: Program<Body = u32>>(ledger: &Opened<P>, clock: &ManualClock, eid: &str, number: u32) {
    let changed = ledger.change(eid, |record| Ok::<_, ()>(Step { body: number, ..plain(record) }));
    assert!(matches!(block_on(changed), Ok(Changed::Done { .. })));
    clock.advance(120);
    block_on(ledger.tick(&Nobody)).expect("ticks");
}

fn names<P: Program<Body = u32>>(ledger: &Opened<P>) -> Vec<String> {
    block_on(ledger.scan("", "~", 100)).expect("an index")
}

#[test]
fn a_record_of_before_comes_into_a_new_list_with_its_next_change_and_leaves_nothing_behind() {
    for kind in STORES {
        let (store, clock) = (MemoryStore::new(kind), ManualClock::at(1_000_000_020));
        let first = open::<First>(&store, &clock, Numbers, 1);
        append(&first, "a", 1);
        append(&first, "b", 2);
        assert_eq!(names(&first), ["even|b", "odd|a"], "{kind:?}");
        let second = open::<Second>(&store, &clock, Numbers, 2);
        change(&second, &clock, "a", 1);
        assert_eq!(names(&second), ["even|b", "number 1|a", "odd|a"], "{kind:?}: changed and as it was");
        change(&second, &clock, "a", 4);
        change(&second, &clock, "b", 3);
        assert_eq!(names(&second), ["even|a", "number 3|b", "number 4|a", "odd|b"], "{kind:?}");
        append(&second, "c", 5);
        change(&second, &clock, "c", 7);
        change(&second, &clock, "a", 1);
        let now = ["number 1|a", "number 3|b", "number 7|c", "odd|a", "odd|b", "odd|c"];
        assert_eq!(names(&second), now, "{kind:?}: nothing of before is left");
    }
}
