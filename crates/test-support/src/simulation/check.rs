//! The invariants, checked when everything is drained.
//!
//! What must hold: every acknowledged event has one record, with its text, merged once; counts say
//! what records say; jobs reached their receiver; deadlines escalated; changes are there once;
//! erased texts are gone; nothing is left to do.

use super::facts::Change;
use super::program::{self, Body, LEVELS, Rules};
use super::tasks::{Sim, World, mode, person};
use futures::executor::block_on;
use ringback_ledger::{Clock, Counts, LetterPlace, OnDifferent, Program as _, Record};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Compares the ledger with the facts; what differs becomes a violation.
pub fn check(world: &Rc<World>, wanted: &[(String, u32)], calm: bool) {
    let Some(ledger) = world.ledgers.borrow().first().cloned() else {
        world.facts.borrow_mut().violation("the ledger cannot be opened".to_owned());
        return;
    };
    let mut found = Vec::new();
    let mut eids: Vec<String> = wanted.iter().map(|(eid, _)| eid.clone()).collect();
    eids.sort();
    eids.dedup();
    let mut checker = Checker { world, ledger: &ledger, counts: Counts::new(), calm, eids, found: &mut found };
    checker.drained();
    checker.sum_up();
    for eid in checker.eids.clone() {
        checker.event(&eid);
    }
    checker.letters();
    checker.index(wanted);
    checker.journals();
    checker.erasures();
    checker.encrypted();
    let mut facts = world.facts.borrow_mut();
    for violation in found {
        facts.violation(violation);
    }
}

struct Checker<'a> {
    world: &'a World,
    ledger: &'a Sim,
    /// All days together.
    counts: Counts,
    calm: bool,
    eids: Vec<String>,
    found: &'a mut Vec<String>,
}

impl Checker<'_> {
    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.found.push(what());
        }
    }

    fn drained(&mut self) {
        let status = match block_on(self.ledger.status()) {
            Ok(status) => status,
            Err(error) => return self.found.push(format!("no status: {error}")),
        };
        for shard in status.shards {
            self.expect(shard.unfinished == 0, || format!("a batch is unfinished: {shard:?}"));
            self.expect(shard.lease_until.is_none(), || format!("the lease is held: {shard:?}"));
            self.expect(shard.quarantined_total == 0, || format!("values were quarantined: {shard:?}"));
            for n in shard.sealed + 1..=shard.head {
                let key = format!("k:{:02x}:{n:012}", shard.shard);
                self.expect(self.world.store.peek(&key).is_none(), || format!("{key} is not sealed"));
            }
        }
    }

    fn sum_up(&mut self) {
        let last = program::day(self.world.clock.now());
        for day in program::day(1_000_000_000)..=last {
            match block_on(self.ledger.counts(day)) {
                Ok(counts) => {
                    for (row, fields) in counts {
                        let row = self.counts.entry(row).or_default();
                        for (field, n) in fields {
                            *row.entry(field).or_default() += n;
                        }
                    }
                }
                Err(error) => self.found.push(format!("no counts of {day}: {error}")),
            }
        }
    }

    fn count(&self, eid: &str, field: &str) -> i64 {
        self.counts.get(eid).and_then(|row| row.get(field)).copied().unwrap_or(0)
    }

    fn event(&mut self, eid: &str) {
        let record = match block_on(self.ledger.read(eid)) {
            Ok(record) => record,
            Err(error) => return self.found.push(format!("{eid} cannot be read: {error}")),
        };
        self.kept_or_retired(eid, record.as_ref().map(|record| &record.body));
        let Some(record) = record else {
            // Only retention takes a record away, and only one that was closed.
            let may = self.world.options.retention.is_some() && self.closing(eid);
            return self.expect(may, || format!("{eid} is lost"));
        };
        let sealed = self.count(eid, "sealed");
        let again = self.world.options.retention.is_some() && self.closing(eid);
        self.expect(sealed == 1 || (again && sealed > 1), || format!("{eid} is counted {sealed} times"));
        if again {
            return;
        }
        self.variants(&record);
        self.changes(&record);
        self.jobs(&record);
    }

    /// What was acknowledged is in the record, or was in one that retention has deleted when it was named as garbage.
    fn kept_or_retired(&mut self, eid: &str, body: Option<&Body>) {
        let facts = self.world.facts.clone();
        let facts = facts.borrow();
        let updates = mode(eid) == OnDifferent::Update;
        if !updates || self.world.options.retention.is_none() || facts.erasing.contains(&person(eid)) {
            return;
        }
        for a in facts.acknowledged.iter().filter(|a| a.eid == eid) {
            let text = program::text(eid, a.variant);
            let kept = body.is_some_and(|body| body.text == text || body.updates.contains(&text));
            self.expect(kept || facts.retired(&text), || {
                format!("{text} of slot {:?} went with nothing that was old", a.n)
            });
        }
    }

    fn closing(&self, eid: &str) -> bool {
        let facts = self.world.facts.borrow();
        facts.changes.iter().any(|((e, _), (change, _))| e == eid && *change == Change::Close)
    }

    /// Every acknowledged variant is in the record once, as its text or as an update.
    fn variants(&mut self, record: &Record<Body>) {
        let eid = &record.eid;
        if self.world.facts.borrow().erasing.contains(&person(eid)) {
            return;
        }
        let acknowledged = self.world.facts.borrow().acknowledged.clone();
        let updates = mode(eid) == OnDifferent::Update;
        let mut texts = BTreeMap::new();
        for a in acknowledged.iter().filter(|a| a.eid == *eid) {
            texts.insert(a.variant, program::text(eid, a.variant));
        }
        for text in texts.into_values() {
            let own = u32::from(record.body.text == text);
            let merged = record.body.updates.iter().filter(|u| **u == text).count() as u32;
            let counted = self.count(eid, &program::merged(&text));
            if updates {
                self.expect(own + merged == 1, || format!("{text} is there {} times: {record:?}", own + merged));
            }
            self.expect(counted == i64::from(merged), || format!("{text} is counted {counted} times"));
        }
        self.expect(!record.body.text.is_empty(), || format!("{eid} has lost its text"));
        let merged = record.body.updates.len();
        self.expect(updates || merged == 0, || format!("{eid} was updated in spite of its conflicts"));
    }

    /// Every confirmed change is there once; timers that changes set have come.
    fn changes(&mut self, record: &Record<Body>) {
        let (eid, body) = (&record.eid, &record.body);
        let changes = self.world.facts.borrow().changes.clone();
        for ((_, name), (change, confirmed)) in changes.into_iter().filter(|((e, _), _)| e == eid) {
            let there = match change {
                Change::Note => body.notes.iter().filter(|n| **n == name).count(),
                Change::Snooze => body.snoozes.iter().filter(|(n, _)| *n == name).count(),
                Change::Close => usize::from(body.closed.as_deref() == Some(&name)),
            };
            let fits = if confirmed { there == 1 } else { there <= 1 };
            self.expect(fits, || format!("{change:?} {name} of {eid} is there {there} times"));
            if change == Change::Close {
                let counted = self.count(eid, &format!("closed {name}"));
                self.expect(counted == there as i64, || format!("closing {name} of {eid} is counted {counted} times"));
            }
        }
        for (name, done) in &body.snoozes {
            self.expect(*done, || format!("timer {name} of {eid} never came"));
        }
    }

    /// Jobs reached their receiver; what is open has escalated to the end.
    fn jobs(&mut self, record: &Record<Body>) {
        let eid = &record.eid;
        let jobs = self.world.facts.borrow().jobs.clone();
        let reached = |job: &str| jobs.get(&(eid.clone(), job.to_owned())).copied().unwrap_or(0);
        let alerts = reached("alert");
        self.expect(alerts >= 1, || format!("{eid} was never alerted"));
        self.expect(alerts == 1 || !self.calm, || format!("{eid} was alerted {alerts} times though nothing failed"));
        for level in 1..=LEVELS {
            let job = format!("escalate {level}");
            let due = record.body.closed.is_none() || record.body.level >= level;
            let times = reached(&job);
            self.expect(!due || times >= 1, || format!("{eid} never escalated to {level}: {record:?}"));
            let counted = self.count(eid, &job);
            let expected = i64::from(record.body.level >= level);
            self.expect(counted == expected, || format!("{job} of {eid} is counted {counted} times"));
        }
    }

    /// What records say is undelivered is listed, once, and nothing else is.
    fn letters(&mut self) {
        let mut listed: BTreeMap<(String, String), u32> = BTreeMap::new();
        let mut from = Some(LetterPlace::default());
        while let Some(place) = from {
            let page = match block_on(self.ledger.letters(place, 2)) {
                Ok(page) => page,
                Err(error) => return self.found.push(format!("no letters: {error}")),
            };
            for letter in page.letters {
                let undelivered = program::undelivered(&letter.record.body);
                self.expect(undelivered.contains(&letter.job), || format!("settled, but listed: {letter:?}"));
                *listed.entry((letter.record.eid, letter.job)).or_default() += 1;
            }
            from = page.next;
        }
        for eid in self.eids.clone() {
            let Ok(Some(record)) = block_on(self.ledger.read(&eid)) else { continue };
            for job in program::undelivered(&record.body) {
                let times = listed.get(&(eid.clone(), job.clone())).copied().unwrap_or(0);
                self.expect(times == 1, || format!("{job} of {eid} is listed {times} times"));
            }
        }
    }

    /// The journal has every acknowledged variant's note once.
    fn journals(&mut self) {
        let acknowledged = self.world.facts.borrow().acknowledged.clone();
        let mut noted: BTreeMap<String, u32> = BTreeMap::new();
        for person in ["p0", "p1", "p2"] {
            match block_on(self.ledger.person(person)) {
                Ok(entries) => {
                    for note in entries.into_iter().filter_map(|entry| entry.note) {
                        *noted.entry(note["by"].as_str().unwrap_or("?").to_owned()).or_default() += 1;
                    }
                }
                Err(error) => self.found.push(format!("no journal of {person}: {error}")),
            }
        }
        for (by, times) in &noted {
            let eid = by.split('/').next().unwrap_or("?");
            let again = self.world.options.retention.is_some() && self.closing(eid);
            let again = again || self.world.facts.borrow().erasing.contains(&person(eid));
            self.expect(*times == 1 || again, || format!("the note of {by} is there {times} times"));
        }
        for a in acknowledged.iter().filter(|a| mode(&a.eid) == OnDifferent::Update) {
            let by = format!("{}/{}", a.eid, a.variant);
            let erased = self.world.facts.borrow().erasing.contains(&person(&a.eid));
            self.expect(erased || noted.contains_key(&by), || format!("the note of {by} is lost"));
        }
    }

    /// The index names every record as it is, and nothing else.
    fn index(&mut self, wanted: &[(String, u32)]) {
        let mut expected = std::collections::BTreeSet::new();
        for (eid, _) in wanted {
            // A new record may have its id.
            if self.world.options.retention.is_some() && self.closing(eid) {
                continue;
            }
            if let Ok(Some(record)) = block_on(self.ledger.read(eid)) {
                expected.extend(Rules.marks(eid, &record.body, Rules::MARKS));
            }
        }
        let names = match block_on(self.ledger.scan("", "~", 1_000_000)) {
            Ok(names) => names,
            Err(error) => return self.found.push(format!("no index: {error}")),
        };
        let retained = |name: &str| {
            let eid = name.rsplit('|').next().unwrap_or_default();
            !(self.world.options.retention.is_some() && self.closing(eid))
        };
        let found: std::collections::BTreeSet<String> = names.into_iter().filter(|name| retained(name)).collect();
        let differing: Vec<&String> = expected.symmetric_difference(&found).collect();
        let what = format!("the index differs at {differing:?}");
        self.expect(differing.is_empty(), || what);
    }

    /// What an erased person sent before is nowhere any more.
    fn erasures(&mut self) {
        let facts = self.world.facts.borrow();
        let mut gone = Vec::new();
        for erased in &facts.erased {
            for a in facts.acknowledged.iter().filter(|a| person(&a.eid) == erased.person) {
                let head = erased.heads[usize::from(self.world.shard(&a.eid))];
                // What retention has deleted may be sent again after the erasure, by a late copy.
                let again = self.world.options.retention.is_some() && self.closing(&a.eid);
                if a.n.is_some_and(|n| n <= head) && !again {
                    gone.push(program::text(&a.eid, a.variant));
                }
            }
        }
        drop(facts);
        if gone.is_empty() {
            return;
        }
        let voided = self.voided();
        for key in self.world.store.keys() {
            // A writer that died after it wrote a voided slot leaves what nothing refers to.
            if voided.contains(&key) {
                continue;
            }
            let bytes = self.world.store.peek(&key).unwrap_or_default();
            let value = String::from_utf8_lossy(&bytes).into_owned();
            for text in &gone {
                self.expect(!value.contains(text), || format!("{key} still has {text}"));
            }
        }
    }

    /// Where values are encrypted, nothing that anybody wrote can be read in the store.
    fn encrypted(&mut self) {
        if !self.world.encrypts() {
            return;
        }
        for key in self.world.store.keys() {
            let bytes = self.world.store.peek(&key).unwrap_or_default();
            let readable = bytes.windows(5).any(|part| part == b"text-");
            self.expect(!readable, || format!("{key} can be read by anybody"));
        }
    }

    fn voided(&self) -> Vec<String> {
        let status = block_on(self.ledger.status());
        let shards = status.map(|status| status.shards).unwrap_or_default();
        let keys = |s: ringback_ledger::ShardStatus| {
            let key = move |n: u64| format!("k:{:02x}:{n:012}", s.shard);
            s.voided.into_iter().map(key).collect::<Vec<_>>()
        };
        shards.into_iter().flat_map(keys).collect()
    }
}
