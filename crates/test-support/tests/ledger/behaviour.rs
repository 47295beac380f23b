//! How the ledger behaves, one behaviour a test, on every store where stores differ.

use futures::executor::block_on;
use ringback_ledger::{
    Appended, Changed, Clock, Due, HandOver, Ledger, LetterPlace, OnDifferent, OpenError, Options, Record, Step,
    StoreKind, TickReport, Timer,
};
use ringback_test_support::simulation::program::{self, Body, Rules};
use ringback_test_support::{ManualClock, MemoryStore, SeededEntropy};
use serde_json::json;
use std::cell::RefCell;

type TestLedger = Ledger<MemoryStore, ManualClock, SeededEntropy, Rules>;

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];
/// A full minute.
const START: u64 = 1_000_000_020;

#[derive(Default)]
struct Receiver(RefCell<Vec<String>>);

impl HandOver for Receiver {
    async fn hand_over(&self, jobs: Vec<Due>) {
        self.0.borrow_mut().extend(jobs.into_iter().map(|due| format!("{} {}", due.eid, due.job)));
    }
}

struct World {
    store: MemoryStore,
    clock: ManualClock,
    ledger: TestLedger,
    receiver: Receiver,
}

fn try_open(store: &MemoryStore, clock: &ManualClock, options: Options) -> Result<TestLedger, OpenError> {
    let entropy = SeededEntropy::new(clock.now());
    block_on(Ledger::open(store.clone(), clock.clone(), entropy, Rules, options))
}

fn world_with(kind: StoreKind, options: Options) -> World {
    let (store, clock) = (MemoryStore::new(kind), ManualClock::at(START));
    let ledger = try_open(&store, &clock, options).expect("opens");
    World { store, clock, ledger, receiver: Receiver::default() }
}

fn world(kind: StoreKind) -> World {
    world_with(kind, Options::default())
}

impl World {
    fn append(&self, eid: &str, variant: u32, mode: OnDifferent) -> Appended {
        let draft = program::draft(eid, variant, "p1", self.clock.now());
        block_on(self.ledger.append(draft, mode)).expect("appends")
    }

    fn tick(&self) -> TickReport {
        block_on(self.ledger.tick(&self.receiver)).expect("ticks")
    }

    fn read(&self, eid: &str) -> Option<Record<Body>> {
        block_on(self.ledger.read(eid)).expect("reads")
    }

    fn change(&self, eid: &str, step: impl Fn(&Record<Body>) -> Step<Body>) -> Changed<Body, ()> {
        block_on(self.ledger.change(eid, |record| Ok(step(record)))).expect("changes")
    }

    fn jobs(&self) -> Vec<String> {
        std::mem::take(&mut *self.receiver.0.borrow_mut())
    }

    fn count(&self, eid: &str, field: &str) -> i64 {
        (program::day(START)..=program::day(self.clock.now()))
            .map(|day| block_on(self.ledger.counts(day)).expect("counts"))
            .filter_map(|counts| counts.get(eid)?.get(field).copied())
            .sum()
    }
}

fn event_key(n: u64) -> String {
    format!("k:00:{n:012}")
}

#[test]
fn an_event_is_readable_before_and_after_it_is_sealed() {
    for kind in STORES {
        let world = world(kind);
        assert_eq!(world.append("e", 0, OnDifferent::Update), Appended::New { n: 1, tick_running: false, first: true });
        assert!(world.read("e").is_some_and(|record| !record.sealed));
        assert_eq!(world.tick().sealed, 1, "{kind:?}");
        assert!(world.read("e").is_some_and(|record| record.sealed && record.body.text == "text-e-0."));
        assert_eq!(world.jobs(), ["e alert"]);
        assert_eq!(world.count("e", "sealed"), 1);
        assert_eq!(world.read("other"), None);
    }
}

#[test]
fn an_equal_repeat_is_a_replay_before_and_after_sealing() {
    for kind in STORES {
        let world = world(kind);
        world.append("e", 0, OnDifferent::Conflict);
        assert_eq!(world.append("e", 0, OnDifferent::Conflict), Appended::Replay { n: 1 });
        world.tick();
        assert_eq!(world.append("e", 0, OnDifferent::Conflict), Appended::Replay { n: 1 });
        assert_eq!(world.tick().sealed, 0);
    }
}

#[test]
fn a_different_repeat_is_a_conflict_before_and_after_sealing() {
    for kind in STORES {
        let world = world(kind);
        world.append("e", 0, OnDifferent::Conflict);
        assert_eq!(world.append("e", 1, OnDifferent::Conflict), Appended::Conflict);
        world.tick();
        assert_eq!(world.append("e", 1, OnDifferent::Conflict), Appended::Conflict);
    }
}

#[test]
fn updates_are_merged_once_and_in_order() {
    for kind in STORES {
        let world = world(kind);
        for variant in [0, 1, 2, 1] {
            world.append("e", variant, OnDifferent::Update);
        }
        world.tick();
        assert_eq!(world.append("e", 2, OnDifferent::Update), Appended::Replay { n: 1 });
        world.append("e", 3, OnDifferent::Update);
        world.tick();
        let record = world.read("e").expect("is there");
        assert_eq!(record.body.text, "text-e-0.");
        assert_eq!(record.body.updates, ["text-e-1.", "text-e-2.", "text-e-3."], "{kind:?}");
        assert_eq!((world.count("e", "merged-e-1."), world.count("e", "sealed")), (1, 1));
        assert_eq!(world.jobs(), ["e alert"]);
    }
}

#[test]
fn a_record_stands_in_so_many_journals_and_no_more() {
    for kind in STORES {
        let world = world(kind);
        for variant in 0..40 {
            let draft = program::draft("e", variant, &format!("p{variant}"), world.clock.now());
            let taken = block_on(world.ledger.append(draft, OnDifferent::Update)).expect("appends");
            assert!(matches!(taken, Appended::New { .. }));
            world.tick();
        }
        let record = world.read("e").expect("is there");
        assert_eq!(
            (record.people.len(), record.body.updates.len()),
            (24, 39),
            "{kind:?}: the updates themselves count"
        );
        for (person, entries) in [("p0", 1), ("p23", 1), ("p24", 0), ("p39", 0)] {
            let journal = block_on(world.ledger.person(person)).expect("reads");
            assert_eq!(journal.len(), entries, "{kind:?} {person}: what no record names, no erasure would find");
        }
    }
}

#[test]
fn a_change_is_refused_before_sealing_and_numbered_after() {
    let world = world(StoreKind::Sqlite);
    let note = |record: &Record<Body>| program::note(record, "x");
    assert!(matches!(world.change("e", note), Changed::Absent));
    world.append("e", 0, OnDifferent::Update);
    assert!(matches!(world.change("e", note), Changed::NotSealed));
    world.tick();
    let Changed::Done { record, .. } = world.change("e", note) else {
        panic!("not changed");
    };
    assert_eq!((record.revision, record.body.notes.len()), (1, 1));
    let stale = block_on(world.ledger.change("e", |record| match record.revision {
        0 => Ok(program::note(record, "y")),
        current => Err(current),
    }));
    assert!(matches!(stale, Ok(Changed::Refused(1))));
}

#[test]
fn a_timer_fires_in_its_minute_and_never_before() {
    for kind in STORES {
        let world = world(kind);
        world.append("e", 0, OnDifferent::Update);
        world.tick();
        let due = START + 120;
        world.change("e", |record| program::snooze(record, "on the minute", due));
        world.change("e", |record| program::snooze(record, "a second later", due + 1));
        let done = |world: &World| world.read("e").map(|r| r.body.snoozes.iter().map(|s| s.1).collect::<Vec<_>>());
        world.clock.set(due - 1);
        world.tick();
        assert_eq!(done(&world), Some(vec![false, false]), "{kind:?}");
        world.clock.set(due);
        world.tick();
        assert_eq!(done(&world), Some(vec![true, false]));
        world.clock.set(due + 59);
        world.tick();
        assert_eq!(done(&world), Some(vec![true, false]));
        world.clock.set(due + 60);
        world.tick();
        assert_eq!(done(&world), Some(vec![true, true]));
    }
}

#[test]
fn deadlines_escalate_level_by_level_and_are_counted_once() {
    let world = world(StoreKind::Sqlite);
    world.append("e", 0, OnDifferent::Update);
    for _ in 0..20 {
        world.tick();
        world.tick();
        world.change("e", |record| {
            let mut body = record.body.clone();
            body.confirmed = vec!["alert".to_owned(), "escalate 1".to_owned(), "escalate 2".to_owned()];
            Step { body, timers: vec![], now: vec![], counts: vec![] }
        });
        world.clock.advance(60);
    }
    assert_eq!(world.jobs(), ["e alert", "e escalate 1", "e escalate 2"]);
    assert_eq!((world.count("e", "escalate 1"), world.count("e", "escalate 2")), (1, 1));
}

#[test]
fn ten_thousand_timers_of_one_minute_are_fired_in_committed_pieces() {
    let world = world(StoreKind::Sqlite);
    world.append("e", 0, OnDifferent::Update);
    world.tick();
    let due = START + 600;
    for part in 0..100 {
        world.change("e", |record| {
            let timer = |i| Timer { due, job: format!("snooze {part}-{i}") };
            let timers = (0..100).map(timer).collect();
            Step { body: record.body.clone(), timers, now: vec![], counts: vec![] }
        });
    }
    world.clock.set(due);
    world.store.reset();
    let report = world.tick();
    assert!(report.fired >= 10_000, "{report:?}");
    // 50 to 100 pieces, each a few operations.
    let operations = world.store.operations();
    assert!((100..=400).contains(&operations.writes), "{operations:?}");
}

#[test]
fn a_hole_blocks_for_half_a_minute_and_is_then_given_up() {
    for kind in STORES {
        let world = world(kind);
        world.append("a", 0, OnDifferent::Update);
        // A writer that dies between its two writes.
        block_on(ringback_ledger::Store::increment(&world.store, "n:00", 1)).expect("increments");
        world.append("b", 0, OnDifferent::Update);
        assert_eq!(world.tick().sealed, 1, "{kind:?}");
        world.clock.advance(31);
        let report = world.tick();
        assert_eq!((report.sealed, report.voided), (1, 1), "{kind:?}");
        assert!(world.read("b").is_some_and(|record| record.sealed));
        let status = block_on(world.ledger.status()).expect("status");
        assert_eq!((status.lag(), &status.shards[0].voided), (0, &vec![2]));
    }
}

#[test]
fn erasure_reaches_sealed_and_unsealed_events_and_leaves_the_rest() {
    for kind in STORES {
        let world = world(kind);
        world.append("sealed", 0, OnDifferent::Update);
        world.tick();
        world.append("on-its-way", 0, OnDifferent::Update);
        block_on(world.ledger.erase("p1")).expect("erases");
        assert!(world.read("sealed").is_some_and(|record| record.redacted && record.body.text.is_empty()));
        world.append("later", 0, OnDifferent::Update);
        for _ in 0..3 {
            world.clock.advance(60);
            world.tick();
        }
        assert!(world.read("on-its-way").is_some_and(|record| record.redacted), "{kind:?}");
        assert!(world.read("later").is_some_and(|record| !record.redacted && !record.body.text.is_empty()));
        // It looks once more, late; then nothing of it is left to do.
        for minutes in [2, 30, 1, 1] {
            world.clock.advance(minutes * 60);
            world.tick();
        }
        world.clock.advance(61);
        world.tick();
        let texts: Vec<String> = ["sealed", "on-its-way"].map(|eid| program::text(eid, 0)).to_vec();
        for key in world.store.keys() {
            let value = String::from_utf8_lossy(&world.store.peek(&key).unwrap_or_default()).into_owned();
            assert!(texts.iter().all(|text| !value.contains(text)), "{kind:?}: {key} still has {value}");
        }
        let notes: Vec<_> = block_on(world.ledger.person("p1")).expect("reads");
        assert_eq!(notes.iter().filter(|entry| entry.note.is_some()).count(), 1, "the later one's");
        world.store.reset();
        world.tick();
        assert_eq!(world.store.operations().writes, if kind == StoreKind::Cosmos { 1 } else { 0 });
    }
}

#[test]
fn erasing_one_record_reaches_its_updates_and_leaves_the_person() {
    for kind in STORES {
        let world = world(kind);
        assert_eq!(block_on(world.ledger.erase_record("e")), Ok(false));
        world.append("e", 0, OnDifferent::Update);
        world.append("other", 0, OnDifferent::Update);
        world.tick();
        world.append("e", 1, OnDifferent::Update);
        assert_eq!(block_on(world.ledger.erase_record("e")), Ok(true));
        assert!(world.read("e").is_some_and(|record| record.redacted && record.body.text.is_empty()));
        for _ in 0..4 {
            world.clock.advance(61);
            world.tick();
        }
        assert!(world.read("e").is_some_and(|record| record.redacted && record.body.updates.is_empty()), "{kind:?}");
        assert!(world.read("other").is_some_and(|record| !record.redacted));
    }
}

#[test]
fn what_is_undelivered_is_listed_until_it_is_settled() {
    for kind in STORES {
        let world = world(kind);
        for eid in ["a", "b"] {
            world.append(eid, 0, OnDifferent::Update);
        }
        world.tick();
        let list = |limit| block_on(world.ledger.letters(LetterPlace::default(), limit)).expect("reads");
        assert_eq!(list(10).letters.len(), 0);
        for (eid, name) in [("a", "x1"), ("b", "x3"), ("a", "x2"), ("a", "x5")] {
            world.change(eid, |record| program::note(record, name));
        }
        let jobs: Vec<_> = list(10).letters.iter().map(|l| format!("{} {}", l.record.eid, l.job)).collect();
        assert_eq!(jobs, ["a letter x1", "b letter x3", "a letter x5"], "{kind:?}");
        let first = list(1);
        let (one, next) = (&first.letters[0], first.next.expect("there is more"));
        let again = block_on(world.ledger.letter(LetterPlace { shard: 0, number: one.number })).expect("reads");
        assert_eq!(again.as_ref(), Some(one));
        assert_eq!(block_on(world.ledger.letters(next, 9)).expect("reads").letters.len(), 2);
        world.change("a", |record| program::close(record, "c", START).expect("was open"));
        assert_eq!(list(10).letters.len(), 1);
        assert_eq!(block_on(world.ledger.letter(LetterPlace { shard: 7, number: 1 })), Ok(None));
    }
}

#[test]
fn the_list_of_letters_begins_after_what_is_settled() {
    let world = world(StoreKind::Sqlite);
    world.append("a", 0, OnDifferent::Update);
    world.append("z", 0, OnDifferent::Update);
    world.tick();
    for i in 0..200 {
        let name = format!("x{i}1");
        world.change("a", |record| program::note(record, &name));
    }
    world.change("z", |record| program::note(record, "x7"));
    world.change("a", |record| program::close(record, "c", START).expect("was open"));
    let read = || block_on(world.ledger.letters(LetterPlace::default(), 64)).expect("reads");
    assert_eq!((read().letters.len(), read().next.is_some()), (0, true), "the end of the list is out of sight");
    // Timers of `z` fire: with each of them the list begins later, once its first letters are old.
    for _ in 0..6 {
        world.clock.advance(7_300);
        world.change("z", |record| program::snooze(record, "again", world.clock.now()));
        world.clock.advance(120);
        world.tick();
    }
    let letters = read().letters;
    assert_eq!((letters.len(), letters[0].job.as_str()), (1, "letter x7"));
}

#[test]
fn a_slot_that_nobody_wrote_is_no_lag() {
    let world = world(StoreKind::Sqlite);
    world.append("e", 0, OnDifferent::Update);
    world.tick();
    block_on(ringback_ledger::Store::increment(&world.store, "n:00", 1)).expect("counts");
    let shard = block_on(world.ledger.status()).expect("status").shards.remove(0);
    assert_eq!((shard.head, shard.sealed, shard.lag, shard.lag_seconds), (2, 1, 0, 0));
    world.append("late", 0, OnDifferent::Update);
    world.clock.advance(10);
    let shard = block_on(world.ledger.status()).expect("status").shards.remove(0);
    assert_eq!((shard.head, shard.lag, shard.lag_seconds), (3, 1, 10));
}

#[test]
fn a_journal_has_notes_of_events_and_of_people_in_order() {
    for kind in STORES {
        let world = world(kind);
        block_on(world.ledger.note_person("p1", json!("first"))).expect("notes");
        world.append("e", 0, OnDifferent::Update);
        world.append("e", 0, OnDifferent::Update);
        world.append("e", 1, OnDifferent::Update);
        world.tick();
        block_on(world.ledger.note_person("p1", json!("last"))).expect("notes");
        let journal = block_on(world.ledger.person("p1")).expect("reads");
        let notes: Vec<_> = journal.iter().filter_map(|entry| entry.note.clone()).collect();
        let said = |variant| json!({"by": format!("e/{variant}"), "said": program::text("e", variant)});
        assert_eq!(notes, [json!("first"), said(0), said(1), json!("last")], "{kind:?}");
        let records: Vec<_> = journal.iter().filter_map(|entry| entry.record.as_ref().map(|r| r.n)).collect();
        assert_eq!(records, [1, 1]);
    }
}

#[test]
fn a_journal_is_read_and_continued_where_a_late_writer_has_set_its_length_back() {
    let world = world(StoreKind::Sqlite);
    let seal = |eid: &str| {
        world.append(eid, 0, OnDifferent::Update);
        world.tick();
    };
    let eids = |entries: Vec<ringback_ledger::PersonEntry>| -> Vec<String> {
        entries.into_iter().filter_map(|entry| Some(entry.record?.eid)).collect()
    };
    for i in 0..70 {
        seal(&format!("e{i}"));
    }
    for length in ["3", "69", "70"] {
        world.store.plant("f:p1", length.as_bytes());
        let journal = eids(block_on(world.ledger.person("p1")).expect("reads"));
        assert_eq!((journal.len(), journal[0].as_str(), journal[69].as_str()), (70, "e0", "e69"), "{length}");
        let latest = block_on(world.ledger.latest_of("p1", 2)).expect("reads");
        assert_eq!(latest[0].eid, "e69", "{length}");
    }
    world.store.plant("f:p1", b"3");
    seal("e70");
    assert_eq!(world.store.peek("f:p1"), Some(b"71".to_vec()));
    assert_eq!(eids(block_on(world.ledger.person("p1")).expect("reads")).len(), 71);
    world.store.plant("f:p1", b"3");
    let erased = block_on(world.ledger.erase("p1")).expect("erases");
    assert_eq!(erased.records, 71);
    // What is no length, or too long, is reported and found anew; a read before that is refused, and never one of a part.
    for (wrong, eid, length) in [("not a number", "e71", "72"), ("999", "e72", "73")] {
        world.store.plant("f:p1", wrong.as_bytes());
        assert_eq!(block_on(world.ledger.person("p1")).is_err(), wrong.len() > 3, "{wrong}");
        world.append(eid, 0, OnDifferent::Update);
        assert_eq!(world.tick().quarantined, vec!["f:p1".to_owned()]);
        assert_eq!(world.store.peek("f:p1"), Some(length.as_bytes().to_vec()));
        assert_eq!(eids(block_on(world.ledger.person("p1")).expect("reads")).pop(), Some(eid.to_owned()));
    }
    assert_eq!(block_on(world.ledger.erase("p1")).map(|erased| erased.records), Ok(2));
}

#[test]
fn retention_deletes_what_may_go_and_asks_again_for_the_rest() {
    let world = world_with(StoreKind::Sqlite, Options { retention: Some(86_400), ..Options::default() });
    world.append("open", 0, OnDifferent::Update);
    world.append("closed", 0, OnDifferent::Update);
    world.tick();
    let close = |record: &Record<Body>| program::close(record, "x", START).expect("was open");
    world.change("closed", close);
    world.clock.advance(86_400 + 120);
    assert_eq!(world.tick().retired, 1);
    world.clock.advance(61);
    world.tick();
    assert!(world.read("closed").is_none() && world.read("open").is_some());
    assert_eq!(world.store.peek("i:closed"), None);
    world.change("open", close);
    world.clock.advance(ringback_ledger::RETENTION_RECHECK + 60);
    assert_eq!(world.tick().retired, 1);
    assert_eq!(world.count("closed", "sealed"), 1, "counts stay");
}

#[test]
fn another_rule_of_retention_holds_for_what_was_looked_at_before() {
    let options =
        |days: u64, rule| Options { retention: Some(days * 86_400), retention_rule: rule, ..Options::default() };
    let world = world_with(StoreKind::Sqlite, options(365, 1));
    world.append("e1", 0, OnDifferent::Update);
    world.tick();
    world.change("e1", |record| program::close(record, "x", START).expect("was open"));
    // The walk has seen that it is young, and sleeps until it is old.
    assert_eq!(world.tick().retired, 0);
    world.clock.advance(31 * 86_400);
    assert_eq!(world.tick().retired, 0);
    let reopened = try_open(&world.store, &world.clock, options(1, 2)).expect("opens");
    let world = World { ledger: reopened, ..world };
    assert_eq!(world.tick().retired, 1);
    world.clock.advance(120);
    world.tick();
    assert!(world.read("e1").is_none());
}

/// However late an event is sealed: what is handed over then is under way, and not handed over again at once.
#[test]
fn what_sealing_hands_over_late_is_looked_at_again_after_a_while() {
    let world = world(StoreKind::Sqlite);
    world.append("e1", 0, OnDifferent::Update);
    world.clock.advance(3_600);
    assert_eq!(world.tick().handed_over, 1);
    for _ in 0..5 {
        world.clock.advance(11);
        assert_eq!(world.tick().handed_over, 0);
    }
}

#[test]
fn what_retention_deletes_takes_nothing_with_it_that_comes_later() {
    for kind in [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos] {
        let world = world_with(kind, Options { retention: Some(86_400), ..Options::default() });
        world.append("e1", 0, OnDifferent::Update);
        world.tick();
        world.change("e1", |record| program::close(record, "x", START).expect("was open"));
        world.clock.advance(86_400 + 120);
        assert_eq!(world.tick().retired, 1);
        // It is still stored, and is no record any more: a change is told so, an update is a record of its own.
        assert!(world.store.peek("i:e1").is_some() && world.read("e1").is_none());
        let note = |record: &Record<Body>| Ok::<_, ()>(program::note(record, "late"));
        assert_eq!(block_on(world.ledger.change("e1", note)), Ok(Changed::Absent));
        world.append("e1", 1, OnDifferent::Update);
        world.tick();
        assert_eq!(world.read("e1").expect("is there").body.text, program::text("e1", 1));
        world.clock.advance(61);
        world.tick();
        let record = world.read("e1").expect("is still there");
        assert_eq!((record.body.text, record.sealed), (program::text("e1", 1), true), "{kind:?}");
        world.change("e1", |record| program::note(record, "kept"));
        world.tick();
        let names = block_on(world.ledger.scan("", "~", 100)).expect("scans");
        assert_eq!(names, ["0|1|e1", "all|e1", "open|e1"], "{kind:?}");
        assert_eq!(world.count("e1", "sealed"), 2, "counts stay");
    }
}

#[test]
fn several_shards_share_the_events_and_add_up_their_counts() {
    for kind in [StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos] {
        let world = world_with(kind, Options { shards: 4, ..Options::default() });
        for i in 0..40 {
            world.append(&format!("e{i}"), 0, OnDifferent::Update);
        }
        assert_eq!(world.tick().sealed, 40);
        let status = block_on(world.ledger.status()).expect("status");
        assert!(status.shards.iter().all(|shard| shard.sealed > 0), "{status:?}");
        assert_eq!(block_on(world.ledger.counts(program::day(START))).expect("counts").len(), 40);
    }
}

#[test]
fn the_root_does_not_grow_with_the_days() {
    for kind in [StoreKind::Sqlite, StoreKind::Dynamo] {
        let world = world(kind);
        let size = |world: &World| {
            let root = world.store.keys().into_iter().find(|key| key.starts_with("c:")).expect("a root");
            world.store.peek(&root).map_or(0, |root| root.len())
        };
        let mut early = 0;
        for day in 0..250 {
            let eid = format!("e{day}");
            world.append(&eid, 0, OnDifferent::Update);
            world.tick();
            world.change(&eid, |record| {
                let (closed, confirmed) = (Some("x".to_owned()), vec!["alert".to_owned()]);
                let body = Body { closed, confirmed, ..record.body.clone() };
                Step { body, timers: vec![], now: vec![], counts: vec![] }
            });
            world.clock.advance(600);
            if day == 40 {
                early = size(&world);
            }
        }
        // A late event is counted on a day that left the root long ago.
        let mut late = program::draft("late", 0, "p1", START);
        late.body.text.clear();
        block_on(world.ledger.append(late, OnDifferent::Update)).expect("appends");
        world.tick();
        assert!(size(&world) < early + 1_000, "{early} grew to {}", size(&world));
        let first = block_on(world.ledger.counts(program::day(START))).expect("counts");
        assert_eq!((first["e0"]["sealed"], first["late"]["sealed"]), (1, 1), "{kind:?}");
        let days = program::day(START)..=program::day(world.clock.now());
        let counts = days.map(|day| block_on(world.ledger.counts(day)).expect("counts"));
        let sealed = counts.flatten().filter(|(_, fields)| fields.contains_key("sealed"));
        let rows: Vec<String> = sealed.map(|(row, _)| row).collect();
        for day in 0..250 {
            let times = rows.iter().filter(|row| **row == format!("e{day}")).count();
            assert_eq!(times, 1, "{kind:?}, day {day}");
        }
    }
}

#[test]
fn a_new_process_continues_and_finds_the_same_store() {
    for kind in STORES {
        let first = world(kind);
        first.append("e", 0, OnDifferent::Update);
        let ledger = try_open(&first.store, &first.clock, Options::default()).expect("opens again");
        assert_eq!(ledger.kind(), kind);
        let second = World { ledger, receiver: Receiver::default(), ..first };
        assert_eq!(second.tick().sealed, 1);
    }
}

#[test]
fn another_number_of_shards_is_refused_with_what_to_set() {
    let world = world(StoreKind::Redis);
    let refused = try_open(&world.store, &world.clock, Options { shards: 2, ..Options::default() });
    let text = refused.err().map(|error| error.to_string());
    assert_eq!(text.as_deref(), Some("installed with 1 shards, configured with 2: set shards = 1"));
}

#[test]
fn several_shards_on_sqlite_are_refused_and_nothing_is_installed() {
    let (store, clock) = (MemoryStore::new(StoreKind::Sqlite), ManualClock::at(START));
    let refused = try_open(&store, &clock, Options { shards: 2, ..Options::default() });
    let text = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("set shards = 1"), "{text}");
    assert!(try_open(&store, &clock, Options::default()).is_ok());
}

#[test]
fn another_kind_of_store_than_configured_is_refused() {
    let world = world(StoreKind::Sqlite);
    let options = Options { kind: Some(StoreKind::Redis), ..Options::default() };
    assert!(matches!(try_open(&world.store, &world.clock, options), Err(OpenError::Kind { .. })));
}

#[test]
fn a_store_of_other_names_or_of_a_newer_version_is_refused() {
    let options = |format, names: &str| Options { format, names: names.to_owned(), ..Options::default() };
    for kind in STORES {
        let world = world_with(kind, options(2, "ours"));
        let open = |format, names| try_open(&world.store, &world.clock, options(format, names)).err();
        assert_eq!(open(2, "theirs"), Some(OpenError::Names), "{kind:?}");
        assert_eq!(open(1, "ours"), Some(OpenError::Newer { stored: 2, known: 1 }), "{kind:?}");
        assert_eq!((open(2, "ours"), open(3, "ours"), open(0, "")), (None, None, None), "{kind:?}");
        // A newer one says so with its first turn.
        let newer = try_open(&world.store, &world.clock, options(3, "ours")).expect("opens");
        world.append("e1", 0, OnDifferent::Update);
        let _ = block_on(newer.tick(&world.receiver)).expect("ticks");
        assert_eq!(open(2, "ours"), Some(OpenError::Newer { stored: 3, known: 2 }), "{kind:?}");
        // What is open already goes on, and does not take it back.
        world.append("e2", 0, OnDifferent::Update);
        world.tick();
        assert_eq!(open(2, "ours"), Some(OpenError::Newer { stored: 3, known: 2 }), "{kind:?}");
    }
}

#[test]
fn a_store_from_before_says_whose_names_it_holds_from_the_first_tick_that_works_on() {
    let options = |names: &str| Options { format: 1, names: names.to_owned(), ..Options::default() };
    for kind in STORES {
        let world = world(kind);
        let later = try_open(&world.store, &world.clock, options("ours")).expect("opens");
        assert!(try_open(&world.store, &world.clock, options("theirs")).is_ok(), "nothing was written yet");
        world.append("e1", 0, OnDifferent::Update);
        let _ = block_on(later.tick(&world.receiver)).expect("ticks");
        let refused = try_open(&world.store, &world.clock, options("theirs"));
        assert_eq!(refused.err(), Some(OpenError::Names), "{kind:?}");
        assert!(try_open(&world.store, &world.clock, options("ours")).is_ok(), "{kind:?}");
    }
}

#[test]
fn a_foreign_store_is_refused() {
    let store = MemoryStore::new(StoreKind::Sqlite);
    store.plant("o", b"something else");
    let refused = try_open(&store, &ManualClock::at(START), Options::default());
    assert!(matches!(refused, Err(OpenError::Unknown(_))));
}

#[test]
fn a_foreign_value_under_a_counters_key_is_reported_and_lets_the_rest_pass() {
    // (SQLite's adapter panics when such a counter is incremented, and so does this store.)
    let first = START / 60 + program::RETRY / 60;
    // On Cosmos nobody can tell: there an increment just fails.
    for kind in [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo] {
        for key in ["u:p1".to_owned(), format!("b:00:{first}"), "d:00".to_owned(), "n:00".to_owned()] {
            let world = world(kind);
            world.append("old", 0, OnDifferent::Update);
            world.store.plant(&key, b"not a number");
            let draft = program::draft("new", 0, "p1", world.clock.now());
            let appended = block_on(world.ledger.append(draft, OnDifferent::Update));
            assert_eq!(appended.is_ok(), key != "n:00", "{kind:?} {key}: {appended:?}");
            let _ = block_on(world.ledger.note_person("p1", json!("note")));
            let mut reported = world.tick().quarantined;
            world.change("old", |record| program::note(record, "x1"));
            for _ in 0..12 {
                world.clock.advance(60);
                reported.extend(world.tick().quarantined);
                let _ = block_on(world.ledger.erase("p1"));
            }
            let record = world.read("old").expect("is there");
            assert_eq!((record.sealed, record.body.level), (true, program::LEVELS), "{kind:?} {key}: {record:?}");
            assert!(world.jobs().contains(&"old alert".to_owned()), "{kind:?} {key}");
            assert!(reported.contains(&key), "{kind:?} {key}: {reported:?}");
        }
    }
}

#[test]
fn a_corrupted_event_is_stepped_over_and_reported_with_its_key() {
    let world = world(StoreKind::Sqlite);
    for eid in ["a", "b", "c"] {
        world.append(eid, 0, OnDifferent::Update);
    }
    world.store.plant(&event_key(2), b"{\"half");
    let report = world.tick();
    assert_eq!((report.sealed, report.quarantined), (2, vec![event_key(2)]));
    let status = block_on(world.ledger.status()).expect("status");
    assert_eq!((status.lag(), status.shards[0].quarantined_total), (0, 1));
    let error = block_on(world.ledger.read("b")).expect_err("is corrupted").to_string();
    assert!(error.starts_with(&event_key(2)), "{error}");
}

#[test]
fn a_corrupted_id_keeps_its_event_and_lets_the_rest_pass() {
    let world = world(StoreKind::Sqlite);
    world.append("a", 0, OnDifferent::Update);
    world.append("b", 0, OnDifferent::Update);
    world.store.plant("i:a", b"???");
    let report = world.tick();
    assert_eq!(report.quarantined, vec!["i:a".to_owned(), event_key(1)]);
    assert!(world.read("b").is_some_and(|record| record.sealed));
    assert!(world.store.peek(&event_key(1)).is_some());
}

#[test]
fn corrupted_timers_records_and_projections_do_not_stop_the_others() {
    let world = world(StoreKind::Sqlite);
    for eid in ["a", "b"] {
        world.append(eid, 0, OnDifferent::Update);
        world.tick();
    }
    let keys = world.store.keys();
    let timer = keys.iter().find(|key| key.starts_with("b:") && key.ends_with(":1")).expect("a timer");
    world.store.plant(timer, b"[]");
    let root = keys.iter().find(|key| key.starts_with("c:")).and_then(|key| world.store.peek(key)).expect("a root");
    let root: serde_json::Value = serde_json::from_slice(&root).expect("json");
    let (day, write) = root["d"].as_object().and_then(|days| days.iter().next()).expect("a day");
    let projection = &format!("p:00:{day}:{}", write.as_str().expect("a name"));
    world.store.plant(projection, b"[0]");
    world.store.plant(&event_key(1), b"null");
    world.append("c", 0, OnDifferent::Update);
    world.jobs();
    world.clock.advance(program::RETRY);
    let report = world.tick();
    for key in [timer, projection] {
        assert!(report.quarantined.contains(key), "{key}: {report:?}");
    }
    assert!(world.read("c").is_some_and(|record| record.sealed));
}

#[test]
fn a_corrupted_root_is_named_and_other_shards_go_on() {
    let world = world_with(StoreKind::Redis, Options { shards: 2, ..Options::default() });
    for i in 0..20 {
        world.append(&format!("e{i}"), 0, OnDifferent::Update);
    }
    let root = world.store.keys().into_iter().find(|key| key.starts_with("c:00")).expect("a root");
    let good = world.store.peek(&root).expect("a value");
    world.store.plant(&root, b"{}");
    let error = block_on(world.ledger.tick(&world.receiver)).expect_err("is corrupted").to_string();
    assert!(error.starts_with(&root), "{error}");
    world.store.plant(&root, &good);
    let status = block_on(world.ledger.status()).expect("status");
    assert!(status.shards[1].lag == 0 && status.shards[0].lag > 0, "{status:?}");
}

#[test]
fn a_full_store_is_told_apart_and_loses_nothing() {
    for kind in STORES {
        let world = world(kind);
        world.append("before", 0, OnDifferent::Update);
        world.store.set_full(true);
        let draft = program::draft("during", 0, "p1", world.clock.now());
        let error = block_on(world.ledger.append(draft, OnDifferent::Update)).expect_err("is full");
        assert!(error.is_full(), "{kind:?}: {error}");
        let error = block_on(world.ledger.tick(&world.receiver)).expect_err("is full");
        assert!(error.is_full(), "{kind:?}: {error}");
        world.store.set_full(false);
        world.append("during", 0, OnDifferent::Update);
        world.tick();
        world.clock.advance(60);
        world.tick();
        assert!(world.read("before").is_some_and(|record| record.sealed));
        assert!(world.read("during").is_some_and(|record| record.sealed), "{kind:?}");
    }
}

#[test]
fn names_that_keys_cannot_hold_are_refused() {
    let world = world(StoreKind::Sqlite);
    for (eid, person) in [("a:b", "p"), ("", "p"), ("a", "p/q")] {
        let draft = program::draft(eid, 0, person, START);
        assert!(block_on(world.ledger.append(draft, OnDifferent::Update)).is_err());
    }
}

#[test]
fn the_index_has_every_record_where_it_stands_now_in_order() {
    for kind in STORES {
        for shards in [1, 4] {
            if kind == StoreKind::Sqlite && shards > 1 {
                continue;
            }
            let world = world_with(kind, Options { shards, ..Options::default() });
            for i in 0..150 {
                world.append(&format!("e{i:03}"), 0, OnDifferent::Update);
            }
            world.tick();
            for i in (0..150).step_by(3) {
                world.change(&format!("e{i:03}"), |record| program::close(record, "x", START).expect("open"));
            }
            world.tick();
            let scan = |from: &str, to: &str, limit| block_on(world.ledger.scan(from, to, limit)).expect("scans");
            let named = |prefix: &str, fits: fn(usize) -> bool| -> Vec<String> {
                (0..150).filter(|i| fits(*i)).map(|i| format!("{prefix}|e{i:03}")).collect()
            };
            assert_eq!(scan("all|", "all~", 1_000), named("all", |_| true), "{kind:?}, {shards} shards");
            assert_eq!(scan("closed|", "closed~", 1_000), named("closed", |i| i % 3 == 0));
            assert_eq!(scan("open|", "open~", 1_000), named("open", |i| i % 3 != 0));
            // Page by page, each from after the last of the one before.
            let (mut from, mut all) = ("open|".to_owned(), Vec::new());
            loop {
                let page = scan(&from, "open~", 7);
                let Some(last) = page.last() else { break };
                from = format!("{last}\0");
                all.extend(page);
            }
            assert_eq!(all, named("open", |i| i % 3 != 0));
        }
    }
}

#[test]
fn what_was_known_before_is_asked_about_again() {
    for kind in STORES {
        let world = world(kind);
        let append = |eid: &str, person: &str| {
            let mut draft = program::draft(eid, 0, person, world.clock.now());
            draft.plan.again = Some("again".to_owned());
            block_on(world.ledger.append(draft, OnDifferent::Update)).expect("appends");
        };
        append("first", "p1");
        append("other", "p2");
        world.tick();
        append("second", "p1");
        append("third", "p3");
        append("fourth", "p3");
        world.tick();
        let again: Vec<String> = world.jobs().into_iter().filter(|job| job.ends_with("again")).collect();
        assert_eq!(again, ["second again", "fourth again"], "{kind:?}");
        world.clock.advance(61);
        world.tick();
        let again = world.jobs().into_iter().filter(|job| job.ends_with("again")).count();
        assert_eq!(again, 2, "{kind:?}: a timer makes up for a hand-over that was lost");
    }
}

#[test]
fn a_record_from_before_there_was_an_index_is_put_in_by_its_next_change() {
    let world = world(StoreKind::Sqlite);
    world.append("old", 0, OnDifferent::Update);
    world.tick();
    // As an older version left it: the index knows nothing of it.
    let strip = |key: &str, name: &str| {
        let bytes = world.store.peek(key).expect("is there");
        let mut value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert!(value.as_object_mut().and_then(|fields| fields.remove(name)).is_some(), "{name}");
        world.store.plant(key, value.to_string().as_bytes());
    };
    strip(&event_key(1), "me");
    let root = world.store.keys().into_iter().find(|key| key.starts_with("c:")).expect("a root");
    strip(&root, "ix");
    let scan = || block_on(world.ledger.scan("", "~", 100)).expect("scans");
    assert_eq!(scan(), Vec::<String>::new());
    world.change("old", |record| program::note(record, "x"));
    world.tick();
    assert_eq!(scan(), ["0|1|old", "all|old", "open|old"]);
    world.change("old", |record| program::close(record, "x", START).expect("open"));
    world.tick();
    assert_eq!(scan(), ["0|1|old", "all|old", "closed|old"]);
}

#[test]
fn of_many_who_read_a_meter_at_the_same_moment_no_push_is_lost() {
    for kind in [StoreKind::Sqlite, StoreKind::Redis] {
        let ledger = &world(kind).ledger;
        let push = |seen, floor| block_on(ledger.push_meter("m", seen, floor, 5)).expect("pushes");
        // Ten have read that nobody pushed it yet; then, long after, ten where it stood.
        let first: Vec<u64> = (0..10).map(|_| push(0, 1_000)).collect();
        assert_eq!(first, (1..=10).map(|n| 1_000 + 5 * n).collect::<Vec<_>>(), "{kind:?}");
        let later: Vec<u64> = (0..10).map(|_| push(1_050, 9_000)).collect();
        assert_eq!(later, (1..=10).map(|n| 9_000 + 5 * n).collect::<Vec<_>>(), "{kind:?}");
        block_on(ledger.pull_meter("m", 5)).expect("pulls");
        assert_eq!(block_on(ledger.meters(&["m", "other"])).expect("reads"), [9_045, 0], "{kind:?}");
    }
    for kind in [StoreKind::Dynamo, StoreKind::Cosmos] {
        let ledger = &world(kind).ledger;
        assert_eq!(block_on(ledger.push_meter("m", 0, 1_000, 5)), Ok(1_005), "{kind:?}");
        assert_eq!(block_on(ledger.push_meter("m", 1_005, 2_000, 5)), Ok(2_005), "{kind:?}");
    }
}
