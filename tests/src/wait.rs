//! Waiting for what happens after an answer: by looking again, never by sleeping for a guessed time.

use std::time::{Duration, Instant};

/// How long a scenario waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long work makes no progress before it counts as hanging.
const HANGS: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits until something is so.
///
/// # Panics
/// When it is not so after 20 s; `what` says what was waited for.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Waits until a plain condition holds.
///
/// # Panics
/// When it does not after 20 s.
pub async fn soon(what: &str, holds: impl Fn() -> bool) {
    eventually(what, async || holds()).await;
}

/// Waits until work has ended, or has made no progress for 2 s: it waits for something that hangs then.
pub async fn settled(ended: impl Fn() -> bool, progress: impl Fn() -> u64) {
    let (mut since, mut seen) = (Instant::now(), progress());
    while !ended() && since.elapsed() < HANGS {
        tokio::time::sleep(LOOK_AGAIN).await;
        let now = progress();
        if now != seen {
            (since, seen) = (Instant::now(), now);
        }
    }
}
