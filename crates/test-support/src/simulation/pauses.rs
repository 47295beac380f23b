//! Who is paused, and when: where it is likely to matter.

use super::scheduler::Scheduler;
use crate::memory::Step;

/// A step and the first letter of the key it is about.
pub type Point = (Step, u8);

/// Steps before which a long pause is likely to matter.
const LONG: [Point; 9] = [
    (Step::Get, b'b'),
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
const BRIEF: [Point; 5] =
    [(Step::CasRead, b'c'), (Step::Swap, b'c'), (Step::Swap, b'k'), (Step::Set, b'i'), (Step::Get, b'c')];

/// Steps that are known to be delicate together: a slot is written while it is fenced, a timer is
/// filed while its minute is closed, a change lands after its timer has fired.
const PAIRS: [[Point; 2]; 4] = [
    [(Step::Set, b'k'), (Step::CasRead, b'c')],
    [(Step::Increment, b'b'), (Step::CasRead, b'c')],
    [(Step::Set, b'b'), (Step::Swap, b'c')],
    [(Step::Swap, b'k'), (Step::Set, b'i')],
];

/// The focus of a run: the step before which processes are often paused for long, and the one
/// before which they are paused briefly.
pub fn focus(random: &mut fastrand::Rng) -> [Point; 2] {
    match random.bool() {
        true => PAIRS[random.usize(..PAIRS.len())],
        false => [LONG[random.usize(..LONG.len())], BRIEF[random.usize(..BRIEF.len())]],
    }
}

impl Scheduler {
    /// For how many steps a process is paused, if it is: long enough to outlast leases, or just
    /// long enough to let others slip in between two steps.
    pub(super) fn pause(&mut self, chosen: usize) -> Option<u64> {
        let next = self.processes[chosen].next;
        let (long, brief) = (self.random.u64(30..400), self.random.u64(2..40));
        // Everybody reads and swaps roots: too many pauses there, and nobody gets anywhere.
        let share = if self.focus[0].1 == b'c' { 100 } else { 400 };
        match self.random.u32(..1_000) {
            0..10 => Some(long),
            10..30 => Some(brief),
            dice if next == Some(self.focus[0]) && dice < share => Some(if dice % 3 == 0 { brief } else { long }),
            500..800 if next == Some(self.focus[1]) => {
                self.woken = true;
                Some(brief)
            }
            _ => None,
        }
    }

    /// One that was paused comes back just now, and does a few steps.
    pub(super) fn wake_one(&mut self, but: usize) {
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
}
