//! The wish to end: Ctrl-C, a polite kill, a closed terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Becomes true once somebody wants the command to end.
pub struct Ending(Arc<AtomicBool>);

impl Ending {
    /// From now on such a signal sets the flag instead of killing the process. A second one kills it.
    pub fn watch() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))
                .context("cannot watch for signals")?;
            signal_hook::flag::register(signal, Arc::clone(&flag)).context("cannot watch for signals")?;
        }
        Ok(Self(flag))
    }

    /// One that is wished for already.
    #[cfg(test)]
    pub fn wished_for() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Whether the end is wished for.
    pub fn wished(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sleeps until then.
    pub fn wait(&self) {
        while !self.wished() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
