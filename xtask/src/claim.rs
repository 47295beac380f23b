//! The right to work on the store in `.spin/`: one `up` at a time, or one `demo --quarter` that fills it.
//!
//! An advisory lock on `.spin/lock`, which ends with whoever holds it, however they end. It keeps out these commands and
//! nobody else: not Spin, and no host that is started by hand.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, FdFlags, fcntl_setfd};

use crate::up::Running;

/// Held as long as the value lives.
pub struct Claim(File);

impl Claim {
    /// Takes it, before anything is deleted, started or written.
    ///
    /// # Errors
    /// When somebody holds it; the text says who, as far as that is known.
    pub fn take(state: &Path) -> Result<Self> {
        fs::create_dir_all(state).with_context(|| format!("cannot make {}", state.display()))?;
        let path = state.join("lock");
        let file = File::options().write(true).create(true).truncate(false).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(Errno::WOULDBLOCK) => bail!("{}", taken(Running::read().as_ref())),
            Err(error) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }

    /// From now on whatever is started holds it, too: the application outlives an `up` that is killed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn pass_on(&self) -> Result<()> {
        fcntl_setfd(&self.0, FdFlags::empty()).context("cannot pass on the lock of .spin")
    }
}

fn taken(running: Option<&Running>) -> String {
    match running {
        Some(Running { application, .. }) => {
            format!("`cargo xtask up` runs already, at {application}; end it before you start another")
        }
        None => "another `cargo xtask up` is starting, or `cargo xtask demo --quarter` fills the store; wait for it, or end it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// Takes it within some seconds: a program that another test starts holds every open file for an instant.
    fn soon_free(state: &Path) -> bool {
        (0..100).any(|_| {
            thread::sleep(Duration::from_millis(50));
            Claim::take(state).is_ok()
        })
    }

    #[test]
    fn a_second_one_is_refused_until_the_first_ends() {
        let state = tempfile::tempdir().expect("a temporary folder");
        let first = Claim::take(state.path()).expect("free");
        let refused = Claim::take(state.path()).err().expect("taken").to_string();
        assert!(refused.contains("cargo xtask up"), "{refused}");
        drop(first);
        assert!(soon_free(state.path()));
    }

    #[test]
    fn the_application_holds_it_after_an_up_that_was_killed() {
        let state = tempfile::tempdir().expect("a temporary folder");
        let first = Claim::take(state.path()).expect("free");
        first.pass_on().expect("passed on");
        let mut application = Command::new("sleep").arg("60").spawn().expect("started");
        drop(first);
        assert!(Claim::take(state.path()).is_err(), "the application runs");
        application.kill().expect("killed");
        application.wait().expect("ended");
        assert!(soon_free(state.path()));
    }

    #[test]
    fn who_is_refused_is_told_what_runs() {
        let running = Running { application: "http://127.0.0.1:8080".to_owned(), inbox: None };
        assert!(taken(Some(&running)).contains("http://127.0.0.1:8080"));
        assert!(taken(None).contains("is starting"));
    }
}
