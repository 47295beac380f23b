//! Decides, from the seed, who takes the next step, who is paused and who crashes.

use super::facts::{Change, Facts};
use super::tasks::{Task, World};
use super::{Mutant, Outcome, check};
use crate::memory::{Faults, Step};
use crate::{ManualClock, MemoryStore, SeededEntropy};
use futures::task::noop_waker_ref;
use ringback_ledger::{Options, StoreKind};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Context;

/// Steps of the turmoil.
const STEPS: u64 = 1_200;
/// Different events.
const EVENTS: u32 = 6;
/// Steps after which a process that does not end is a violation.
const ENDLESS: u64 = 20_000;
/// Age in seconds at which closed records go, in runs that have retention.
const RETENTION: u64 = 1_800;
/// Minutes for everything to drain.
const MINUTES: u32 = 45;

/// Steps before which a long pause is likely to matter.
const LONG: [(Step, u8); 8] = [
    (Step::Set, b'k'),
    (Step::Set, b'b'),
    (Step::Set, b'i'),
    (Step::Get, b'c'),
    (Step::Swap, b'c'),
    (Step::Swap, b'k'),
    (Step::Increment, b'b'),
    (Step::Increment, b'n'),
];
/// Steps before which it is likely to matter that somebody else comes in between.
const BRIEF: [(Step, u8); 5] =
    [(Step::CasRead, b'c'), (Step::Swap, b'c'), (Step::Swap, b'k'), (Step::Set, b'i'), (Step::Get, b'c')];

/// Steps that are known to be delicate together: a slot is written while it is fenced, a timer is
/// filed while its minute is closed, a change lands after its timer has fired.
const PAIRS: [[(Step, u8); 2]; 4] = [
    [(Step::Set, b'k'), (Step::CasRead, b'c')],
    [(Step::Increment, b'b'), (Step::CasRead, b'c')],
    [(Step::Set, b'b'), (Step::Swap, b'c')],
    [(Step::Swap, b'k'), (Step::Set, b'i')],
];

struct Process {
    task: Task,
    /// What it is about to do.
    next: Option<(Step, u8)>,
    /// Paused until this step.
    until: u64,
}

/// An event in one of its variants.
type Variant = (String, u32);

/// A run of one seed.
pub struct Scheduler {
    world: Rc<World>,
    random: fastrand::Rng,
    processes: Vec<Process>,
    todo: Vec<Variant>,
    /// Variants that some client sends.
    wanted: Vec<Variant>,
    calm: bool,
    /// Steps before which processes are often paused in this run: for long, and briefly.
    focus: [(Step, u8); 2],
    /// Somebody is to come back while another is paused briefly.
    woken: bool,
    step: u64,
    changes: u32,
    outcome: Outcome,
}

impl Scheduler {
    pub fn new(kind: StoreKind, seed: u64, mutant: Option<Mutant>) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let calm = seed % 16 == 7;
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
        store.watch(Box::new(move |key, before, after| watching.borrow_mut().watch(key, before, after)));
        let options = Options {
            shards: if seed % 8 == 3 { 3 } else { 1 },
            kind: None,
            retention: (seed % 8 == 5).then_some(RETENTION),
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
        });
        let focus = match random.bool() {
            true => PAIRS[random.usize(..PAIRS.len())],
            false => [LONG[random.usize(..LONG.len())], BRIEF[random.usize(..BRIEF.len())]],
        };
        let (todo, wanted) = draw_events(&mut random, seed);
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
        match self.random.u32(..1_000) {
            0..30 => {
                if let Some((eid, variant)) = self.todo.pop() {
                    self.start(self.world.append(eid, variant));
                }
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
            }
            80..105 => {
                let jumps: &[u64] = if self.calm { &[1, 2] } else { &[1, 5, 20, 50, 100] };
                let jump = jumps[self.random.usize(..jumps.len())];
                self.world.clock.advance(jump);
            }
            _ => {}
        }
    }

    fn start(&mut self, task: Option<Task>) {
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

    /// For how many steps a process is paused, if it is: long enough to outlast leases, or just
    /// long enough to let others slip in between two steps.
    fn pause(&mut self, chosen: usize) -> Option<u64> {
        let next = self.processes[chosen].next;
        let (long, brief) = (self.random.u64(30..400), self.random.u64(2..40));
        // Everybody reads and swaps roots: too many pauses there, and nobody gets anywhere.
        let share = if self.focus[0].1 == b'c' { 100 } else { 400 };
        match self.random.u32(..1_000) {
            0..10 => Some(long),
            10..30 => Some(brief),
            dice if next == Some(self.focus[0]) && dice < share => Some(long),
            500..800 if next == Some(self.focus[1]) => {
                self.woken = true;
                Some(brief)
            }
            _ => None,
        }
    }

    /// One that was paused comes back just now, and does a few steps.
    fn wake_one(&mut self, but: usize) {
        let paused: Vec<usize> =
            (0..self.processes.len()).filter(|&i| i != but && self.processes[i].until > self.step).collect();
        let telling = paused.iter().copied().find(|&i| self.processes[i].next == Some(self.focus[0]));
        let Some(woken) = telling.or_else(|| self.random.choice(&paused).copied()) else {
            return;
        };
        self.processes[woken].until = 0;
        let running = self.processes.len();
        for _ in 0..self.random.u32(1..7) {
            if self.processes.len() == running {
                self.poll(woken);
            }
        }
    }

    fn poll(&mut self, index: usize) {
        let mut context = Context::from_waker(noop_waker_ref());
        self.world.store.take_waiting();
        if self.processes[index].task.as_mut().poll(&mut context).is_ready() {
            self.processes.remove(index);
        } else {
            self.processes[index].next = self.world.store.take_waiting();
        }
    }

    /// The faults end. Clients repeat, paused processes resume, and time passes.
    fn quiet(&mut self) {
        self.world.store.set_faults(None);
        *self.world.faulty.borrow_mut() = false;
        if self.world.ledgers.borrow().is_empty() {
            let open = self.world.open();
            self.finish(open);
        }
        for (eid, variant) in self.wanted.clone() {
            let settled =
                |facts: &Facts| facts.knows(&eid, variant) || facts.conflicts.contains(&(eid.clone(), variant));
            if !settled(&self.world.facts.borrow()) {
                self.finish_some(self.world.append(eid.clone(), variant));
            }
            if !settled(&self.world.facts.borrow()) {
                let what = format!("{eid} is not accepted although nothing fails");
                self.world.facts.borrow_mut().violation(what);
            }
        }
        for _ in 0..150 {
            if self.processes.is_empty() {
                break;
            }
            let chosen = self.random.usize(..self.processes.len());
            for _ in 0..self.random.u32(1..12) {
                if chosen < self.processes.len() {
                    self.poll(chosen);
                }
            }
            if self.random.u32(..6) == 0 {
                let jump = [5, 20, 60][self.random.usize(..3)];
                self.world.clock.advance(if self.calm { 1 } else { jump });
                self.start(self.world.tick());
            }
        }
        for process in std::mem::take(&mut self.processes) {
            self.finish(process.task);
        }
        self.world.store.set_stepped(false);
        for minute in 0..MINUTES {
            self.world.clock.advance(60);
            self.finish_some(self.world.tick());
            // The first may find a lease of a crashed tick.
            if minute > 3 && self.at_rest() {
                break;
            }
        }
        // Removes the garbage.
        self.world.clock.advance(61);
        self.finish_some(self.world.tick());
    }

    /// Whether no timer is left that anything depends on: those of changes that were never made
    /// are filed again for hours.
    fn at_rest(&self) -> bool {
        let waits = |key: &String| {
            let bytes = self.world.store.peek(key).unwrap_or_default();
            let value = String::from_utf8_lossy(&bytes);
            let timers = key.starts_with("b:") && key.matches(':').count() == 3;
            timers && value.matches("\"j\":").count() > value.matches(",\"a\":").count()
        };
        self.world.options.retention.is_none() && !self.world.store.keys().iter().any(waits)
    }

    fn finish_some(&self, task: Option<Task>) {
        if let Some(task) = task {
            self.finish(task);
        }
    }

    /// Runs a process to its end.
    fn finish(&self, mut task: Task) {
        let mut context = Context::from_waker(noop_waker_ref());
        for _ in 0..ENDLESS {
            if task.as_mut().poll(&mut context).is_ready() {
                return;
            }
        }
        self.world.facts.borrow_mut().violation("a process does not end".to_owned());
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
