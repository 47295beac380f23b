//! Requests at a rate that does not wait for answers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Requests that can be under way at once. Whoever answers so slowly that they do not suffice pays for it: the time of a
/// request counts from when it was to be sent.
const AT_ONCE: usize = 48;

/// Makes `count` requests, `rate` a second. Returns what each gave, and when it was to be sent.
///
/// # Errors
/// The first that a request met.
pub fn posts(rate: u32, count: u32, post: &(impl Fn(u32) -> Result<String> + Sync)) -> Result<Vec<(String, Instant)>> {
    let (next, done) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let begun = Instant::now();
    thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                let due = begun + Duration::from_secs(1) * number / rate;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let name = post(number)?;
                done.lock().ok().context("another request failed")?.push((name, due));
            }
        };
        let workers: Vec<_> = (0..AT_ONCE.min(count as usize)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    done.into_inner().ok().context("a request failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_made_once_and_in_its_time() {
        let begun = Instant::now();
        let mut posted = posts(200, 40, &|number| Ok(number.to_string())).expect("no error");
        assert!(begun.elapsed() >= Duration::from_millis(195));
        posted.sort_by_key(|(_, due)| *due);
        let names: Vec<String> = posted.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_ends_it() {
        let refuse = |number| if number < 5 { Ok(String::new()) } else { Err(anyhow::anyhow!("no")) };
        let refused = posts(1_000, 10, &refuse);
        assert!(refused.is_err());
    }
}
