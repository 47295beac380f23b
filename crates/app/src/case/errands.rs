//! What one case has to tell another: that it goes on there, or that its customer has answered again.
//!
//! An errand is a job of the ledger: handed over after the change that calls for it, and by a timer until the record says
//! that it is done. The other record is changed first and in a way that a repeat does not change again.

use crate::App;
use crate::dossier::{Dossier, Job};
use crate::follow_up::follow_clocks;
use crate::time::from_unix;
use futures::StreamExt as _;
use futures::stream;
use ringback_core::feedback::Feedback;
use ringback_ledger::{Changed, Clock, Due, Entropy, HandOver, LedgerError, Record, Step, Store};
use std::cell::Cell;

/// Errands run at once.
const AT_ONCE: usize = 8;
/// How many entries of a person's journal are looked at.
const ENTRIES: u64 = 64;
/// How many earlier answers are looked at.
const EARLIER: usize = 16;

/// Runs errands here, decides of cases that ask for a person, and passes everything else on.
pub(crate) struct Errands<'a, S, C, E, H> {
    pub app: &'a App<S, C, E>,
    pub out: &'a H,
    /// Whether there was any.
    pub ran: Cell<bool>,
}

/// Why the case in which another goes on is not told.
enum Other {
    /// It knows.
    Knows,
    /// It has ended.
    Over,
}

impl<S: Store, C: Clock, E: Entropy, H: HandOver> HandOver for Errands<'_, S, C, E, H> {
    async fn hand_over(&self, jobs: Vec<Due>) {
        let (errands, rest): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|due| is_errand(&due.job));
        let (asking, rest): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|due| Job::from_text(&due.job) == Some(Job::Allot));
        if !errands.is_empty() || !asking.is_empty() {
            self.ran.set(true);
        }
        let asking = self.app.allot_all(asking, self.out);
        let running = stream::iter(errands).for_each_concurrent(AT_ONCE, |due| self.app.run(due));
        let passing = async {
            if !rest.is_empty() {
                self.out.hand_over(rest).await;
            }
        };
        futures::future::join3(running, asking, passing).await;
    }

    async fn gather(&self) {
        self.out.gather().await;
    }
}

/// Whether an update has changed neither whose answer it is nor what it says of them.
fn of_the_same(now: &Feedback, then: &Feedback) -> bool {
    now.score == then.score && now.customer == then.customer
}

fn is_errand(job: &str) -> bool {
    matches!(Job::from_text(job), Some(Job::LookBack | Job::CarryOver))
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    async fn run(&self, due: Due) {
        let done = match Job::from_text(&due.job) {
            Some(Job::LookBack) => self.look_back(&due.eid).await,
            Some(Job::CarryOver) => self.carry_over(&due.eid).await,
            _ => Ok(()),
        };
        // Not lost: its timer comes back to it.
        if let Err(error) = done {
            self.log(&format!("ledger: {error}"));
        }
    }

    /// Tells the customer's latest earlier case that there is a new answer.
    async fn look_back(&self, id: &str) -> Result<(), LedgerError> {
        let Some(record) = self.ledger.read(id).await?.filter(|r| r.sealed && r.body.looked_back_at.is_none()) else {
            return Ok(());
        };
        let now = from_unix(self.clock.now());
        let earlier = self.latest_case_before(&record).await?;
        if let Some(earlier) = &earlier {
            let told = self.ledger.change(&earlier.eid, |before| {
                let mut body = before.body.clone();
                let feedback = &before.body.feedback;
                let case = body.case.as_mut().ok_or(())?;
                match case.follow_up_answer(id, feedback, &record.body.feedback, now) {
                    true => Ok(Step::of(body)),
                    false => Err(()),
                }
            });
            told.await?;
        }
        let done = self.ledger.change(id, |mine| {
            if mine.body.looked_back_at.is_some() || !of_the_same(&mine.body.feedback, &record.body.feedback) {
                return Err(());
            }
            let earlier = earlier.as_ref().map(|r| r.eid.clone()).or_else(|| mine.body.earlier.clone());
            Ok(Step::of(Dossier { looked_back_at: Some(now), earlier, ..mine.body.clone() }))
        });
        done.await.map(drop)
    }

    async fn latest_case_before(&self, record: &Record<Dossier>) -> Result<Option<Record<Dossier>>, LedgerError> {
        let mut ids: Vec<String> = Vec::new();
        for person in &record.people {
            for entry in self.ledger.latest_of(person, ENTRIES).await? {
                if entry.eid != record.eid && !ids.contains(&entry.eid) && ids.len() < EARLIER {
                    ids.push(entry.eid);
                }
            }
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        // One that is damaged can be told nothing, and keeps no other from it.
        let (known, _) = self.ledger.read_each(&ids).await?;
        let before = |r: &Record<Dossier>| (r.received, r.n) < (record.received, record.n) && r.body.case.is_some();
        Ok(known.into_iter().filter(before).max_by_key(|r| (r.received, r.n)))
    }

    /// Tells the other case that this one goes on in it.
    async fn carry_over(&self, id: &str) -> Result<(), LedgerError> {
        let Some(record) = self.ledger.read(id).await?.filter(|r| r.body.carried_over_at.is_none()) else {
            return Ok(());
        };
        let Some(case) = &record.body.case else { return Ok(()) };
        let Some(into) = &case.merged_into else { return Ok(()) };
        let entry = case.history.iter().rev().find(|entry| entry.event == "merge");
        let (who, note) = entry.map(|e| (e.who.as_str(), e.note.as_deref().unwrap_or_default())).unwrap_or_default();
        let now = from_unix(self.clock.now());
        let told = self.ledger.change(into, |other| {
            let mut body = other.body.clone();
            let case = body.case.as_mut().filter(|case| !case.state.is_over() || case.merged.iter().any(|c| c == id));
            let case = case.ok_or(Other::Over)?;
            if case.merged.iter().any(|known| known == id) {
                return Err(Other::Knows);
            }
            case.absorb(id, who, note, now);
            Ok(Step::of(body))
        });
        let over = matches!(told.await?, Changed::Refused(Other::Over) | Changed::Absent);
        let done = self.ledger.change(id, |mine| {
            let still = mine.body.case.as_ref().is_some_and(|case| case.merged_into.as_ref() == Some(into));
            if mine.body.carried_over_at.is_some() || !still {
                return Err(());
            }
            let mut step = Step::of(Dossier { carried_over_at: Some(now), ..mine.body.clone() });
            if let (true, Some(case), Some(before)) = (over, &mut step.body.case, &mine.body.case) {
                case.undo_merge(now);
                follow_clocks(&mut step, Some(before));
            }
            Ok(step)
        });
        done.await.map(drop)
    }
}
