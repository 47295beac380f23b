//! Has due work done: seals answers, opens cases, fires timers, hands deliveries over. Safe at any time, any number of
//! times at once.

use crate::App;
use crate::access::Action;
use crate::case::Errands;
use crate::problem::{Problem, Reply, empty};
use http::{HeaderMap, StatusCode};
use ringback_ledger::{Clock, Due, Entropy, HandOver, LedgerError, Store};
use std::cell::Cell;

/// How often a tick that somebody waits for looks whether another one has come to its end.
const LOOKS: usize = 24;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/tick`: answered when everything that was due is done, by another tick that was at it perhaps; one that does
    /// not come to an end is waited for no longer than a moment.
    ///
    /// # Errors
    /// 401, 403, 503.
    pub async fn post_tick(&self, headers: &HeaderMap, out: &impl HandOver) -> Result<Reply, Problem> {
        self.admit(headers, Action::Tick).await?;
        for _ in 0..LOOKS {
            if self.tick(out).await.map_err(|error| self.store_failed(&error))? {
                break;
            }
            out.gather().await;
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// The tick of a wake-up: nobody waits for its answer. What it could not do, the next one does.
    pub async fn tick_logged(&self, out: &impl HandOver) {
        if let Err(error) = self.tick(out).await {
            self.log(&format!("tick: {error}"));
        }
    }

    /// Ticks until nothing is left: under a steady stream a tick stops after a while, and intake, which saw it at work,
    /// has woken nobody else. False: another tick was at it.
    async fn tick(&self, out: &impl HandOver) -> Result<bool, LedgerError> {
        loop {
            let errands = Errands { app: self, out, ran: Cell::new(false) };
            let report = self.ledger.tick(&errands).await?;
            for key in &report.quarantined {
                self.log(&format!("the value of {key} is not understood and was set aside"));
            }
            if !report.more && !errands.ran.get() {
                return Ok(report.held == 0);
            }
        }
    }

    /// What follows from a change that a person made: deliveries are handed over, other cases told, and lists brought up
    /// to date by a tick.
    pub async fn follow_through(&self, jobs: Vec<Due>, out: &impl HandOver) {
        let errands = Errands { app: self, out, ran: Cell::new(false) };
        let any = !jobs.is_empty();
        let handing = async {
            if any {
                errands.hand_over(jobs).await;
            }
        };
        futures::future::join(handing, self.tick_logged(out)).await;
        // What came of them moves cases in the lists, too.
        if any {
            self.tick_logged(out).await;
        }
    }

    /// Hands over what a change calls for now, without a tick: wake the one whose business it is.
    pub async fn hand_through(&self, jobs: Vec<Due>, out: &impl HandOver) {
        if !jobs.is_empty() {
            Errands { app: self, out, ran: Cell::new(false) }.hand_over(jobs).await;
        }
    }
}
