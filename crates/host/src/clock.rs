//! The wall clock guests see. Only the wall clock: waiting and measuring stay in real time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Tells guests what time it is.
pub trait Clock: Send + Sync + 'static {
    /// The time now. Before 1970 counts as 1970.
    fn now(&self) -> SystemTime;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        self.as_ref().now()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The machine's clock moved by a fixed number of seconds.
#[derive(Debug, Clone, Copy)]
pub struct OffsetClock {
    /// Seconds added to the machine's time; negative for the past.
    pub seconds: i64,
}

impl Clock for OffsetClock {
    fn now(&self) -> SystemTime {
        let by = Duration::from_secs(self.seconds.unsigned_abs());
        let now = SystemTime::now();
        let moved = if self.seconds < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        moved.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A clock that stands still until it is moved. Clones share the time.
#[derive(Debug, Clone)]
pub struct MovableClock(Arc<Mutex<SystemTime>>);

impl MovableClock {
    /// Starts at a time.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    /// Moves to a time, backwards too.
    pub fn set(&self, time: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// Moves forward.
    pub fn advance(&self, by: Duration) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *time += by;
    }
}

impl Clock for MovableClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Clock`] as the WASI implementation wants it.
pub(crate) struct GuestClock(pub Arc<dyn Clock>);

impl wasmtime_wasi::HostWallClock for GuestClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

impl fmt::Debug for GuestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GuestClock").field(&self.0.now()).finish()
    }
}
