//! Has due work done: seals answers, opens cases, fires timers, hands deliveries over. Safe at any time, any number of
//! times at once.

use crate::App;
use crate::access::{Action, admit};
use crate::problem::{Problem, Reply, empty};
use http::{HeaderMap, StatusCode};
use ringback_ledger::{Clock, Due, Entropy, HandOver, Store};

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/tick`: answered when everything that was due is done.
    ///
    /// # Errors
    /// 401, 403, 503.
    pub async fn post_tick(&self, headers: &HeaderMap, out: &impl HandOver) -> Result<Reply, Problem> {
        admit(&self.config, &self.secrets, headers, Action::Tick)?;
        let report = self.ledger.tick(out).await.map_err(|error| self.store_failed(&error))?;
        self.report(&report.quarantined);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// The tick of a wake-up: nobody waits for its answer. What it could not do, the next one does.
    pub async fn tick_logged(&self, out: &impl HandOver) {
        match self.ledger.tick(out).await {
            Ok(report) => self.report(&report.quarantined),
            Err(error) => self.log(&format!("tick: {error}")),
        }
    }

    fn report(&self, quarantined: &[String]) {
        for key in quarantined {
            self.log(&format!("the value of {key} is not understood and was set aside"));
        }
    }

    /// Hands deliveries over outside of a tick.
    pub async fn hand_over(&self, jobs: Vec<Due>, out: &impl HandOver) {
        if !jobs.is_empty() {
            out.hand_over(jobs).await;
        }
    }
}
