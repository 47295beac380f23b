//! The host's clock and randomness.

use ringback_ledger::{Clock, Entropy};
use spin_sdk::wasip3::clocks::system_clock;
use spin_sdk::wasip3::random::random;

/// The host's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        u64::try_from(system_clock::now().seconds).unwrap_or(0)
    }
}

/// The host's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut filled = 0;
        while filled < bytes.len() {
            let wanted = u64::try_from(bytes.len() - filled).unwrap_or(u64::MAX);
            let random = random::get_random_bytes(wanted);
            let take = random.len().min(bytes.len() - filled);
            bytes[filled..filled + take].copy_from_slice(&random[..take]);
            filled += take;
        }
    }
}
