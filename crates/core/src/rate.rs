//! How often somebody may do something: the generic cell rate algorithm (GCRA; ITU-T I.371) on one number.
//!
//! The number is the instant, in milliseconds, at which everything done so far would be paid off if it were paid at the
//! allowed rate. Pure: where the number is kept, and for whom, is the caller's business.

/// Over how long a limit is counted, in seconds.
pub const WINDOW_S: u64 = 60;

/// So many within [`WINDOW_S`], at once if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(u32);

/// What a rate says at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether one more is allowed.
    pub allowed: bool,
    /// How many are left, this one not counted when it is allowed.
    pub left: u64,
    /// Seconds until one more is allowed, where none is; otherwise until everything is paid off.
    pub after_s: u64,
}

impl Rate {
    /// A rate of 1 to 60,000 a minute; anything else becomes the nearest of them.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        Self(count.clamp(1, 60_000))
    }

    /// How many a minute.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0
    }

    /// What one costs, in milliseconds.
    #[must_use]
    pub const fn cost_ms(self) -> u64 {
        WINDOW_S * 1_000 / self.0 as u64
    }

    /// Whether whoever pushed the number to `pushed` was within the rate at `now` (Unix milliseconds): decides among many
    /// who read it at the same moment.
    #[must_use]
    pub const fn took(self, pushed: u64, now: u64) -> bool {
        pushed <= now + WINDOW_S * 1_000
    }

    /// What the rate says when the number stands at `stands` and the clock (Unix milliseconds) at `now`.
    #[must_use]
    pub fn standing(self, stands: u64, now: u64) -> Standing {
        let full = now + WINDOW_S * 1_000;
        let after = stands.max(now) + self.cost_ms();
        let allowed = after <= full;
        let left = full.saturating_sub(if allowed { after } else { stands }) / self.cost_ms();
        let wait_ms = if allowed { after - now } else { after - full };
        Standing { allowed, left, after_s: wait_ms.div_ceil(1_000) }
    }
}

/// One every so often, and a few at once after a pause: what somebody else's limit leaves us. The number is the instant,
/// in milliseconds, at which the next one is due if nobody pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(Rate);

/// Over how long a pause is made up for, in milliseconds: who counts by the minute, and who counts by the second.
const MADE_UP_MS: [u64; 2] = [5_000, 1_000];

impl Pace {
    /// A pace of 1 to 60,000 a minute; anything else becomes the nearest of them.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        Self(Rate::per_minute(count))
    }

    /// What one costs, in milliseconds.
    #[must_use]
    pub const fn cost_ms(self) -> u64 {
        self.0.cost_ms()
    }

    /// Where the number is lifted to before one is counted at `now` (Unix milliseconds).
    #[must_use]
    pub const fn floor(self, now: u64) -> u64 {
        let made_up = MADE_UP_MS[if self.cost_ms() >= 1_000 { 0 } else { 1 }];
        let at_once = made_up / self.cost_ms();
        now.saturating_sub(at_once.saturating_sub(1) * self.cost_ms())
    }

    /// How long whoever pushed the number to `pushed` waits from `now` on, in milliseconds.
    #[must_use]
    pub const fn wait_ms(self, pushed: u64, now: u64) -> u64 {
        pushed.saturating_sub(self.cost_ms()).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_lets_a_few_go_at_once_and_then_one_every_so_often() {
        let waits = |per_minute: u32, count: u64| {
            let (pace, now) = (Pace::per_minute(per_minute), 1_000_000);
            let pushed = (1..=count).map(|n| pace.floor(now) + n * pace.cost_ms());
            pushed.map(|pushed| pace.wait_ms(pushed, now)).collect::<Vec<_>>()
        };
        assert_eq!(waits(60, 7), [0, 0, 0, 0, 0, 1_000, 2_000]);
        assert_eq!(waits(30, 4), [0, 0, 2_000, 4_000]);
        assert_eq!(waits(12, 3), [0, 5_000, 10_000]);
        assert_eq!(waits(1, 3), [0, 60_000, 120_000]);
        assert_eq!(waits(120, 4), [0, 0, 500, 1_000]);
        assert_eq!(waits(60_000, 1_001).last(), Some(&1));
    }

    #[test]
    fn as_many_as_the_limit_go_at_once_and_then_one_for_every_cost() {
        let rate = Rate::per_minute(3);
        let now = 1_000_000;
        let mut stands = 0;
        for left in [2, 1, 0] {
            let standing = rate.standing(stands, now);
            assert_eq!((standing.allowed, standing.left), (true, left));
            stands = stands.max(now) + rate.cost_ms();
        }
        assert!(rate.took(stands, now) && !rate.took(stands + 1, now), "the last of them and whoever came after it");
        assert_eq!(rate.standing(stands, now), Standing { allowed: false, left: 0, after_s: 20 });
        assert!(!rate.standing(stands, now + 19_999).allowed);
        assert!(rate.standing(stands, now + 20_000).allowed);
        assert_eq!(rate.standing(stands, now + 60_000).left, 2, "all is paid off");
    }

    #[test]
    fn what_stands_far_ahead_is_waited_for_and_nothing_overflows() {
        let rate = Rate::per_minute(60);
        assert_eq!(rate.standing(1_000_000 + 3_600_000, 1_000_000).after_s, 3_541);
        assert_eq!(Rate::per_minute(0).count(), 1);
        assert_eq!(Rate::per_minute(u32::MAX).cost_ms(), 1);
    }
}
