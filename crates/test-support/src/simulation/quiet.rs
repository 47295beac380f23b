//! After the turmoil: nothing fails any more, everybody finishes, and time passes until all is done.

use super::facts::Facts;
use super::scheduler::Scheduler;
use super::tasks::Task;
use futures::task::noop_waker_ref;
use std::task::Context;

/// Steps after which a process that does not end is a violation.
const ENDLESS: u64 = 20_000;
/// Minutes for everything to drain.
const MINUTES: u32 = 45;

impl Scheduler {
    /// The faults end. Clients repeat, paused processes resume, and time passes.
    pub(super) fn quiet(&mut self) {
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
