//! Waiting for what happens after an answer: by looking again, never by sleeping for a guessed time.

use std::time::{Duration, Instant};

/// How long a scenario waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(20);
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
