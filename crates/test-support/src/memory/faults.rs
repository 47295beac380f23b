//! Faults that a store may have, drawn from a seed.

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Injected {
    None,
    /// It fails and is not applied.
    Before,
    /// It is applied and reported as failed.
    After,
}

/// Draws faults. Shares of operations are chosen so that a run of some hundred steps sees several.
#[derive(Clone, Debug)]
pub struct Faults {
    random: fastrand::Rng,
    eventual: bool,
}

impl Faults {
    /// The faults of a seed.
    pub fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), eventual: false }
    }

    /// With reads that may see the past: a store that is wrongly configured.
    pub fn eventually_consistent(mut self) -> Self {
        self.eventual = true;
        self
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.random.u32(..n) == 0
    }

    pub(super) fn read_fails(&mut self) -> bool {
        self.one_in(100)
    }

    pub(super) fn write(&mut self) -> Injected {
        match self.random.u32(..100) {
            0 => Injected::Before,
            1 => Injected::After,
            _ => Injected::None,
        }
    }

    /// Cosmos: a read of an existing key finds nothing.
    pub(super) fn misses(&mut self) -> bool {
        self.one_in(20)
    }

    /// Cosmos: a counter is created by two at once.
    pub(super) fn creates_twice(&mut self) -> bool {
        self.one_in(3)
    }

    /// DynamoDB: an increment is refused for contention.
    pub(super) fn contends(&mut self) -> bool {
        self.one_in(20)
    }

    pub(super) fn stale(&mut self) -> bool {
        self.eventual && self.one_in(4)
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.random.shuffle(items);
    }
}
