//! Decides, from the seed, who takes the next step, who is paused and who crashes.

use super::facts::{Change, Facts};
use super::pauses::{self, Point};
use super::tasks::{Task, World, storage_keys};
use super::{Mutant, Outcome, check};
use crate::memory::Faults;
use crate::{ManualClock, MemoryStore, SeededEntropy};
use futures::task::noop_waker_ref;
use ringback_ledger::{Options, StorageKeys, StoreKind};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Context;

/// Steps of the turmoil.
const STEPS: u64 = 1_200;
/// Different events.
const EVENTS: u32 = 6;
/// The first of the variants that come after a long time only.
const LATE_VARIANTS: u32 = 10;
/// Age in seconds at which closed records go, in runs that have retention.
const RETENTION: u64 = 1_800;

pub(super) struct Process {
    pub(super) task: Task,
    /// What it is about to do.
    pub(super) next: Option<Point>,
    /// Paused until this step.
    pub(super) until: u64,
}

/// An event in one of its variants.
type Variant = (String, u32);

/// A run of one seed.
pub struct Scheduler {
    pub(super) world: Rc<World>,
    pub(super) random: fastrand::Rng,
    pub(super) processes: Vec<Process>,
    pub(super) todo: Vec<Variant>,
    /// Variants that some client sends.
    pub(super) wanted: Vec<Variant>,
    pub(super) calm: bool,
    /// Steps before which processes are often paused in this run: for long, and briefly.
    pub(super) focus: [Point; 2],
    /// Somebody is to come back while another is paused briefly.
    pub(super) woken: bool,
    pub(super) step: u64,
    pub(super) changes: u32,
    pub(super) outcome: Outcome,
}

impl Scheduler {
    pub fn new(kind: StoreKind, seed: u64, mutant: Option<Mutant>) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        // On Cosmos numbers may be left out, and what comes after such a hole waits for half a minute.
        let lonely = seed % 16 == 15 && kind != StoreKind::Cosmos;
        let calm = seed % 16 == 7 || lonely;
        let store = MemoryStore::new(kind);
        store.set_stepped(true);
        let eventual = mutant == Some(Mutant::EventualReads);
        let faults = Faults::new(random.u64(..));
        if eventual {
            store.set_faults(Some(faults.eventually_consistent()));
        } else if !calm {
            store.set_faults(Some(faults));
        }
        let trace = std::env::var_os("RINGBACK_TRACE").is_some();
        let facts = Rc::new(RefCell::new(Facts { trace, ..Facts::default() }));
        let watching = facts.clone();
        store.watch(Box::new(move |key, after| watching.borrow_mut().watch(key, after)));
        let options = Options {
            shards: if seed % 8 == 3 && kind != StoreKind::Sqlite { 3 } else { 1 },
            kind: None,
            retention: (seed % 8 == 5).then_some(RETENTION),
            retention_rule: 0,
            format: 1,
            names: "simulated".to_owned(),
            storage_keys: if seed % 8 == 6 { storage_keys(false) } else { StorageKeys::default() },
        };
        let world = Rc::new(World {
            kind,
            mutant,
            options,
            store,
            clock: ManualClock::at(1_000_000_000 + random.u64(..60)),
            entropy: SeededEntropy::new(random.u64(..)),
            ledgers: RefCell::default(),
            facts,
            random: RefCell::new(random.fork()),
            faulty: RefCell::new(!calm),
            lonely,
        });
        let focus = pauses::focus(&mut random);
        let (todo, wanted) = draw_events(&mut random, if lonely { 0 } else { seed });
        Self {
            world,
            random,
            processes: Vec::new(),
            todo,
            wanted,
            calm,
            focus,
            woken: false,
            step: 0,
            changes: 0,
            outcome: Outcome::default(),
        }
    }

    pub fn run(mut self) -> Outcome {
        self.turmoil();
        self.quiet();
        let mut outcome = self.outcome;
        check::check(&self.world, &self.wanted, self.calm);
        let facts = self.world.facts.borrow();
        outcome.acknowledged = facts.acknowledged.len() as u64;
        outcome.jobs = (facts.jobs.values().sum(), facts.jobs.values().map(|n| n - 1).sum());
        outcome.violations.extend(facts.violations.iter().cloned());
        outcome
    }

    fn turmoil(&mut self) {
        for _ in 0..3 {
            self.start(Some(self.world.open()));
        }
        while self.step < STEPS {
            self.step += 1;
            self.draw();
            self.advance_one();
        }
        self.outcome.steps = self.step;
    }

    /// Perhaps something begins, or time passes.
    fn draw(&mut self) {
        if self.world.ledgers.borrow().is_empty() {
            if self.processes.is_empty() {
                self.start(Some(self.world.open()));
            }
            return;
        }
        if self.world.lonely {
            return self.draw_lonely();
        }
        match self.random.u32(..1_000) {
            0..30 => {
                self.append_one();
            }
            30..45 => self.start(self.world.tick()),
            45..75 => {
                let eid = format!("e{}", self.random.u32(..EVENTS));
                let change = match self.random.u32(..8) {
                    0..3 => Change::Note,
                    3..7 => Change::Snooze,
                    _ => Change::Close,
                };
                self.changes += 1;
                let name = format!("x{}", self.changes);
                self.start(self.world.change(eid, name, change));
            }
            75..77 => self.start(self.world.erase("p0".to_owned())),
            77 => self.start(Some(self.world.open())),
            78 if self.world.options.retention.is_some() => {
                // The host is down until everything is old. (Retention is far longer than any pause.)
                self.outcome.crashes += self.processes.len() as u64;
                self.processes.clear();
                self.world.clock.advance(RETENTION + 60);
                self.come_late();
            }
            80..105 => {
                let jumps: &[u64] = if self.calm { &[1, 2] } else { &[1, 5, 20, 50, 100] };
                let jump = jumps[self.random.usize(..jumps.len())];
                self.world.clock.advance(jump);
            }
            _ => {}
        }
    }

    /// Answers alone: two or three of them near each other, and then a while for the tick that they have woken.
    fn draw_lonely(&mut self) {
        if self.processes.is_empty() {
            self.all_found();
            for _ in 0..self.random.u32(2..4) {
                self.append_one();
            }
        }
        if self.random.u32(..40) == 0 {
            self.append_one();
        }
    }

    fn append_one(&mut self) {
        if let Some((eid, variant)) = self.todo.pop() {
            self.start(self.world.append(eid, variant));
        }
    }

    /// People have something to add to what is old.
    fn come_late(&mut self) {
        for event in 0..EVENTS {
            let late = (format!("e{event}"), LATE_VARIANTS + self.random.u32(..3));
            self.wanted.push(late.clone());
            self.todo.push(late);
        }
        self.random.shuffle(&mut self.todo);
    }

    pub(super) fn start(&mut self, task: Option<Task>) {
        self.processes.extend(task.map(|task| Process { task, next: None, until: 0 }));
    }

    /// One step of one process, or its pause or crash.
    fn advance_one(&mut self) {
        let awake: Vec<usize> = (0..self.processes.len()).filter(|&i| self.processes[i].until < self.step).collect();
        let Some(&last) = awake.last() else { return };
        let chosen = if self.random.bool() { last } else { awake[self.random.usize(..awake.len())] };
        if !self.calm {
            if self.random.u32(..1_000) < 7 {
                self.processes.remove(chosen);
                self.outcome.crashes += 1;
                return;
            }
            if let Some(steps) = self.pause(chosen) {
                self.outcome.pauses += 1;
                self.processes[chosen].until = self.step + steps;
                if std::mem::take(&mut self.woken) {
                    self.wake_one(chosen);
                }
                return;
            }
        }
        // Now and then a process gets several steps in a row.
        let burst = if self.random.u32(..4) == 0 { self.random.u32(2..6) } else { 1 };
        let running = self.processes.len();
        for _ in 0..burst {
            if self.processes.len() == running {
                self.poll(chosen);
            }
        }
    }

    pub(super) fn poll(&mut self, index: usize) {
        let mut context = Context::from_waker(noop_waker_ref());
        self.world.store.take_waiting();
        if self.processes[index].task.as_mut().poll(&mut context).is_ready() {
            self.processes.remove(index);
        } else {
            self.processes[index].next = self.world.store.take_waiting();
        }
    }
}

/// Which events come, in which variants, and how often each is sent.
fn draw_events(random: &mut fastrand::Rng, seed: u64) -> (Vec<Variant>, Vec<Variant>) {
    let copies = if seed.is_multiple_of(2) { 1 } else { 3 };
    let (mut todo, mut wanted) = (Vec::new(), Vec::new());
    for event in 0..EVENTS {
        let variants = [1, 1, 2, 3][random.usize(..4)];
        for variant in 0..variants {
            let one = (format!("e{event}"), variant);
            todo.extend(std::iter::repeat_n(one.clone(), copies));
            wanted.push(one);
        }
    }
    random.shuffle(&mut todo);
    (todo, wanted)
}
