//! Values encrypted at rest, on every store: what is encrypted, what it costs, turning it on, exchanging keys, and what is said
//! when a key is wrong.

use futures::executor::block_on;
use ringback_ledger::{
    Clock, Ledger, LedgerError, OnDifferent, OpenError, Options, Record, Step, StorageKeys, StoreKind,
};
use ringback_test_support::simulation::program::{self, Body, Rules};
use ringback_test_support::{ManualClock, MemoryStore, Nobody, Operations, SeededEntropy};
use serde_json::json;
use std::cell::Cell;

type TestLedger = Ledger<MemoryStore, ManualClock, SeededEntropy, Rules>;

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];
/// A full minute.
const START: u64 = 1_000_000_020;

/// A store, and who opens it: every time as another process would.
struct World {
    store: MemoryStore,
    clock: ManualClock,
    opened: Cell<u64>,
}

/// Keys of these names, each its own; what follows a `!` is another key of that name.
fn keys(names: &[&str]) -> StorageKeys {
    let key = |name: &&str| {
        let (name, other) = name.strip_prefix('!').map_or((*name, 0), |name| (name, 128));
        (name.to_owned(), [name.as_bytes()[0] ^ other; 32])
    };
    StorageKeys::new(names.iter().map(key).collect()).expect("names")
}

fn world(kind: StoreKind) -> World {
    World { store: MemoryStore::new(kind), clock: ManualClock::at(START), opened: Cell::new(0) }
}

impl World {
    fn try_open(&self, names: &[&str]) -> Result<TestLedger, OpenError> {
        self.opened.set(self.opened.get() + 1);
        let options = Options { storage_keys: keys(names), ..Options::default() };
        let entropy = SeededEntropy::new(self.opened.get());
        block_on(Ledger::open(self.store.clone(), self.clock.clone(), entropy, Rules, options))
    }

    fn open(&self, names: &[&str]) -> TestLedger {
        self.try_open(names).expect("opens")
    }

    fn append(&self, ledger: &TestLedger, eid: &str) -> Result<(), LedgerError> {
        let draft = program::draft(eid, 0, "p1", self.clock.now());
        block_on(ledger.append(draft, OnDifferent::Update)).map(|_| ())
    }

    /// Takes an event and lets its first escalation pass.
    fn work(&self, ledger: &TestLedger, eid: &str) {
        self.append(ledger, eid).expect("appends");
        for _ in 0..8 {
            block_on(ledger.tick(&Nobody)).expect("ticks");
            self.clock.advance(60);
        }
    }

    /// Keys under which a text can be read.
    fn readable(&self, text: &str) -> Vec<String> {
        let stands = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        let mut keys = self.store.keys();
        keys.retain(|key| self.store.peek(key).is_some_and(|bytes| stands(&bytes)));
        keys
    }

    fn encrypted_keys(&self) -> Vec<String> {
        let mut keys = self.store.keys();
        keys.retain(|key| self.store.peek(key).is_some_and(|bytes| bytes.starts_with(b"\0rb1")));
        keys
    }
}

fn read(ledger: &TestLedger, eid: &str) -> Record<Body> {
    block_on(ledger.read(eid)).expect("reads").expect("is there")
}

fn note(ledger: &TestLedger, eid: &str, name: &str) {
    let step = |record: &Record<Body>| Ok::<Step<Body>, ()>(program::note(record, name));
    block_on(ledger.change(eid, step)).expect("changes");
}

/// Everything that can be asked.
fn all(world: &World, ledger: &TestLedger) -> String {
    let days = program::day(START)..=program::day(world.clock.now());
    let counts: Vec<_> = days.map(|day| block_on(ledger.counts(day)).expect("counts")).collect();
    let names = block_on(ledger.scan("", "~", 100)).expect("scans");
    let person = block_on(ledger.person("p1")).expect("a journal");
    let letters = block_on(ledger.letters(ringback_ledger::LetterPlace::default(), 10)).expect("letters");
    format!("{:?} {:?} {counts:?} {names:?} {person:?} {letters:?}", read(ledger, "a"), read(ledger, "b"))
}

#[test]
fn work_on_an_encrypted_store_comes_to_the_same_and_can_be_read_by_nobody() {
    for kind in STORES {
        let come_to = |names: &[&str]| {
            let world = world(kind);
            let ledger = world.open(names);
            world.work(&ledger, "a");
            world.work(&ledger, "b");
            for name in ["x1", "x2"] {
                note(&ledger, "a", name);
            }
            block_on(ledger.sheet("care", |sheet| {
                *sheet = json!({ "ada": "text-sheet" });
                true
            }))
            .expect("a sheet");
            block_on(ledger.note_person("p2", json!("text-note"))).expect("noted");
            block_on(ledger.tick(&Nobody)).expect("ticks");
            let told = all(&world, &world.open(names));
            (told, world)
        };
        let (plain, open) = come_to(&[]);
        let (told, encrypted) = come_to(&["k"]);
        assert_eq!(told, plain, "{kind:?}");
        assert!(open.readable("text-").len() >= 4 && open.encrypted_keys().is_empty(), "{kind:?}");
        assert_eq!(encrypted.readable("text-"), Vec::<String>::new(), "{kind:?}");
        // Of every sort of value there is one, and all are encrypted.
        let sorts: std::collections::BTreeSet<char> =
            encrypted.encrypted_keys().iter().filter_map(|key| key.chars().next()).collect();
        let expected = if kind == StoreKind::Sqlite { "bdfikpqrux" } else { "bdikpqrux" };
        assert_eq!(sorts.into_iter().collect::<String>(), expected, "{kind:?}");
    }
}

#[test]
fn opening_reads_twice_and_once_more_where_values_are_encrypted_and_nothing_else_costs_more() {
    let world = world(StoreKind::Sqlite);
    let cost = |what: &mut dyn FnMut()| {
        world.store.reset();
        what();
        let Operations { reads, writes } = world.store.operations();
        (reads, writes)
    };
    world.work(&world.open(&[]), "old");
    assert_eq!(cost(&mut || drop(world.open(&[]))), (2, 0));
    world.work(&world.open(&["k"]), "a");
    assert_eq!(cost(&mut || drop(world.open(&["k"]))), (3, 0));
    let ledger = world.open(&["k"]);
    block_on(ledger.tick(&Nobody)).expect("ticks");
    assert_eq!(cost(&mut || drop(block_on(ledger.tick(&Nobody)).expect("ticks"))), (2, 0));
    assert_eq!(cost(&mut || world.append(&ledger, "b").expect("appends")), (2, 2));
    // A rotation: the ring read, read to be swapped, swapped, and read again.
    assert_eq!(cost(&mut || drop(world.open(&["l", "k"]))), (5, 1));
    assert_eq!(cost(&mut || drop(world.open(&["l"]))), (3, 0));
}

#[test]
fn a_wrong_or_missing_key_is_refused_before_anything_is_read_or_written() {
    for kind in STORES {
        let world = world(kind);
        world.work(&world.open(&["key-1"]), "a");
        let before = world.store.keys();
        let refused = |names: &[&str]| world.try_open(names).err().map(|error| error.to_string()).unwrap_or_default();
        let missing = "what is stored is encrypted under the key `key-1`, which is missing: add it to storage_keys";
        assert_eq!(refused(&[]), missing, "{kind:?}");
        assert_eq!(refused(&["other"]), missing, "{kind:?}");
        assert!(refused(&["!key-1"]).starts_with("the key `key-1` in storage_keys is not the one"), "{kind:?}");
        assert!(refused(&["other", "!key-1"]).starts_with("the key `key-1`"), "{kind:?}");
        assert_eq!(world.store.keys(), before, "{kind:?}");
        assert_eq!(read(&world.open(&["key-1"]), "a").body.text, "text-a-0.");
    }
}

#[test]
fn encryption_may_begin_later_and_every_write_encrypts() {
    for kind in STORES {
        let world = world(kind);
        let plain = world.open(&[]);
        world.work(&plain, "a");
        world.append(&plain, "b").expect("appends");
        let ledger = world.open(&["k"]);
        assert!(!world.readable("text-a").is_empty());
        // What was plain is read, put in its order, changed, and encrypted by that.
        world.work(&ledger, "c");
        assert_eq!(read(&ledger, "b").body.text, "text-b-0.", "{kind:?}");
        note(&ledger, "a", "x1");
        assert_eq!(read(&ledger, "a").body.notes, ["x1"], "{kind:?}");
        assert!(
            world.readable("text-a").iter().all(|key| key.starts_with("u:") || key.starts_with("f:")),
            "{:?}",
            world.readable("text-a")
        );
        assert_eq!(world.readable("text-c"), Vec::<String>::new());
        assert!(world.try_open(&[]).is_err(), "{kind:?}");
        // A process from before neither understands what is encrypted nor takes it for damage.
        let failed = block_on(plain.read("c"));
        assert!(matches!(failed, Err(LedgerError::Locked { .. })), "{kind:?}: {failed:?}");
        block_on(plain.tick(&Nobody)).ok();
        assert!(block_on(ledger.status()).expect("a status").shards[0].quarantined.is_empty(), "{kind:?}");
    }
}

#[test]
fn a_key_is_exchanged_by_one_start_and_the_one_before_is_needed_by_nothing_more() {
    for kind in STORES {
        let world = world(kind);
        world.work(&world.open(&["first"]), "a");
        let encryption =
            |ledger: &TestLedger| block_on(ledger.status()).expect("a status").encryption.expect("encrypted");
        // The new key is made known everywhere first; nothing changes yet.
        let behind = world.open(&["first", "second"]);
        assert_eq!((encryption(&behind).key.as_str(), encryption(&behind).retired.len()), ("first", 0), "{kind:?}");
        let ledger = world.open(&["second", "first"]);
        assert_eq!(
            (encryption(&ledger).key.as_str(), encryption(&ledger).retired),
            ("second", vec!["first".to_owned()])
        );
        world.work(&ledger, "b");
        // Who opened before goes on: it finds the new key on the ring. And who starts in the order from before undoes nothing.
        assert_eq!(read(&behind, "b").body.text, "text-b-0.", "{kind:?}");
        world.work(&behind, "c");
        assert_eq!(encryption(&world.open(&["first", "second"])).key, "second", "{kind:?}");

        let alone = world.open(&["second"]);
        for (eid, text) in [("a", "text-a-0."), ("b", "text-b-0."), ("c", "text-c-0.")] {
            assert_eq!(read(&alone, eid).body.text, text, "{kind:?}");
        }
        assert_eq!(world.try_open(&["first"]).err(), Some(OpenError::MissingKey { name: "second".into() }), "{kind:?}");
        // What is written from then on is encrypted by another key than before.
        let by = |key: &str| world.store.peek(key).expect("is there")[5];
        assert_eq!((by("i:a"), by("i:b")), (b'1', b'2'), "{kind:?}");
        assert_eq!(world.readable("text-"), Vec::<String>::new());
    }
}

#[test]
fn two_that_begin_at_once_use_one_ring() {
    for kind in STORES {
        let world = world(kind);
        world.open(&[]);
        // Every operation gives way once: both find no ring, make one, and come to the decision one after the other.
        world.store.set_stepped(true);
        let open = |seed| {
            let options = Options { storage_keys: keys(&["k"]), ..Options::default() };
            Ledger::open(world.store.clone(), world.clock.clone(), SeededEntropy::new(seed), Rules, options)
        };
        let (one, two) = block_on(futures::future::join(open(11), open(12)));
        let (one, two) = (one.expect("opens"), two.expect("opens"));
        world.store.set_stepped(false);
        world.work(&one, "a");
        assert_eq!(read(&two, "a").body.text, "text-a-0.", "{kind:?}");
        assert_eq!(world.store.keys().iter().filter(|key| key.starts_with("r:")).count(), 1, "{kind:?}");
    }
}

#[test]
fn what_was_changed_or_moved_is_set_aside_and_the_rest_goes_on() {
    for kind in STORES {
        let world = world(kind);
        let ledger = world.open(&["k"]);
        for eid in ["a", "b", "c"] {
            world.append(&ledger, eid).expect("appends");
        }
        let key = |n: u64| format!("k:00:{n:012}");
        let mut changed = world.store.peek(&key(1)).expect("is there");
        *changed.last_mut().expect("bytes") ^= 1;
        world.store.plant(&key(1), &changed);
        world.store.plant(&key(2), &world.store.peek(&key(3)).expect("is there"));
        let report = block_on(ledger.tick(&Nobody)).expect("ticks");
        assert_eq!(report.quarantined, [key(1), key(2)], "{kind:?}");
        assert_eq!(read(&ledger, "c").body.text, "text-c-0.", "{kind:?}");
        let told = block_on(ledger.read("a")).expect_err("is damaged").to_string();
        assert!(told.contains("cannot be opened"), "{kind:?}: {told}");
    }
}

#[test]
fn a_ring_that_is_gone_or_damaged_stops_the_start() {
    for kind in STORES {
        let world = world(kind);
        world.open(&["k"]);
        let ring = world.store.keys().into_iter().find(|key| key.starts_with("r:")).expect("a ring");
        let bytes = world.store.peek(&ring).expect("is there");
        world.store.plant(&ring, b"{}");
        assert!(matches!(world.try_open(&["k"]), Err(OpenError::Ledger(LedgerError::Corrupt { .. }))), "{kind:?}");
        let mut changed = bytes.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        world.store.plant(&ring, &changed);
        assert!(matches!(world.try_open(&["k"]), Err(OpenError::WrongKey { .. })), "{kind:?}");
        world.store.plant(&ring, &bytes);
        assert!(world.try_open(&["k"]).is_ok(), "{kind:?}");
    }
}

#[test]
fn a_full_store_is_read_with_the_keys_it_has() {
    let world = world(StoreKind::Sqlite);
    world.work(&world.open(&["first"]), "a");
    world.store.set_full(true);
    let ledger = world.open(&["second", "first"]);
    assert_eq!(read(&ledger, "a").body.text, "text-a-0.");
    assert_eq!(block_on(ledger.status()).expect("a status").encryption.expect("encrypted").key, "first");
    world.store.set_full(false);
    assert!(world.try_open(&["second"]).is_err(), "it was not exchanged");
    world.open(&["second", "first"]);
    assert!(world.try_open(&["second"]).is_ok());
}
