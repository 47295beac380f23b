//! After the turmoil: nothing fails any more, everybody finishes, and time passes until all is done.

use super::facts::Facts;
use super::scheduler::Scheduler;
use super::tasks::Task;
use futures::executor::block_on;
use futures::task::noop_waker_ref;
use std::task::Context;

/// Steps after which a process that does not end is a violation.
const ENDLESS: u64 = 20_000;
/// Minutes for everything to drain.
const MINUTES: u32 = 45;

impl Scheduler {
    /// Nobody is at work any more, and nobody ticks but whom an answer has woken: what was acknowledged as new is sealed.
    /// (Nothing fails in such a run.)
    pub(super) fn all_found(&mut self) {
        let Some(ledger) = self.world.ledgers.borrow().first().cloned() else { return };
        self.world.store.set_stepped(false);
        let sealed = block_on(ledger.status()).map_or(0, |status| status.shards[0].sealed);
        self.world.store.set_stepped(true);
        let mut facts = self.world.facts.borrow_mut();
        let late = facts.acknowledged.iter().find(|a| a.n.is_some_and(|n| n > sealed)).cloned();
        if let Some(late) = late {
            facts.violation(format!("{} waits in slot {:?} for a tick that nobody has woken", late.eid, late.n));
        }
    }

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
        // The late look of erasures; and then the garbage is removed.
        for seconds in [1_860, 61, 61] {
            self.world.clock.advance(seconds);
            self.finish_some(self.world.tick());
        }
    }

    /// Whether no timer is left that anything depends on: those of changes that were never made
    /// are filed again for hours, erasures look once more half an hour later, and an entry that came into a minute after it
    /// was swept has been filed again by its writer. Where timers are encrypted nobody can tell.
    fn at_rest(&self) -> bool {
        if self.world.encrypts() || self.world.options.retention.is_some() {
            return false;
        }
        let facts = self.world.facts.borrow();
        let waits = |key: &String| {
            let mut parts = key.split(':');
            let (Some("b"), Some(shard), Some(minute), Some(_)) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return false;
            };
            if minute.parse().is_ok_and(|minute: u64| minute < facts.swept(shard)) {
                return false;
            }
            let bytes = self.world.store.peek(key).unwrap_or_default();
            let value = String::from_utf8_lossy(&bytes);
            let late = 2 * value.matches("\"z\":true").count();
            value.matches("\"j\":").count() > value.matches(",\"a\":").count() + late
        };
        !self.world.store.keys().iter().any(waits)
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
