//! Gives cases to the members of their queue, or to automation when more arrives than can be worked.
//!
//! A case of a queue with members asks for a person when it is sealed; it is decided here, right after, and its alerts
//! leave only then. Who has got what stands on the queue's roster, a sheet of the ledger: a place is taken there by one
//! compare-and-swap before the case is told. A crash in between repeats the question, and the roster gives the same
//! answer. Who is chosen is the core's decision.

use crate::App;
use crate::dossier::Dossier;
use crate::follow_up::{follow_clocks, send};
use crate::stored::{Stored as _, stored};
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, DeliveryState, Occasion, Outcome};
use ringback_core::case::Case;
use ringback_core::queue::{Applicant, Decision, Loser, Place, Queue, Roster};
use ringback_ledger::{Changed, Clock, Due, Entropy, HandOver, LedgerError, Record, Step, Store};
use serde_json::Value;

/// Cases found to be worked already, and so not to be replaced, before a case goes to automation.
const ROUNDS: usize = 16;

stored!(Roster { day, places, losers, turn } or default);
stored!(Place { case, member, worth, firm, why });
stored!(Loser { case, why });

/// What is to be written into the case.
enum Told<'a> {
    Person(&'a str, &'a str),
    Automation(&'a str),
    Open(&'a str),
    /// Somebody was faster.
    Taken,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Decides of cases that ask for a person, one after the other in the order in which they were sealed, and hands over
    /// the deliveries that may leave then.
    pub(crate) async fn allot_all(&self, asking: Vec<Due>, out: &impl HandOver) {
        let mut then = Vec::new();
        for due in asking {
            match self.allot(&due.eid).await {
                Ok(jobs) => then.extend(jobs),
                // Not lost: its timer asks again.
                Err(error) => self.log(&format!("case {}: not given to anybody yet: {error}", due.eid)),
            }
        }
        if !then.is_empty() {
            out.hand_over(then).await;
        }
    }

    /// Decides of a case that asks for a person, and tells it. Gives the deliveries that may leave now.
    async fn allot(&self, eid: &str) -> Result<Vec<Due>, LedgerError> {
        let Some(record) = self.ledger.read(eid).await? else { return Ok(Vec::new()) };
        let Some(case) = record.body.case.as_ref().filter(|case| case.awaits_person()) else { return Ok(Vec::new()) };
        if case.is_taken() {
            return self.tell(eid, &Told::Taken).await;
        }
        let Some(queue) = self.config.queues.get(&case.queue) else {
            return self.tell(eid, &Told::Open("the programme no longer gives this queue's cases to anybody")).await;
        };
        match self.decide(queue, &applicant(&record, case)).await? {
            Decision::Person { member, why } => self.tell(eid, &Told::Person(&member, &why)).await,
            Decision::Automation { why } => self.tell(eid, &Told::Automation(&why)).await,
            Decision::InsteadOf(_) => {
                self.tell(eid, &Told::Automation("all cases that it might have replaced are being worked")).await
            }
        }
    }

    async fn decide(&self, queue: &Queue, applicant: &Applicant) -> Result<Decision, LedgerError> {
        let day = queue.day(from_unix(self.clock.now()));
        let first = self.roster(queue, |roster| {
            roster.turn_to(day);
            roster.decide(queue, applicant)
        });
        let (mut decision, mut losers) = first.await?;
        for _ in 0..ROUNDS {
            let Decision::InsteadOf(loser) = decision else { break };
            let untouched = match self.ledger.read(&loser).await {
                Ok(Some(record)) => {
                    record.body.case.as_ref().is_some_and(|c| c.queue != queue.id || c.may_lose_place())
                }
                Ok(None) => true,
                // One damaged record must not keep a whole queue from being given away.
                Err(error @ LedgerError::Corrupt { .. }) => {
                    self.log(&format!("queue {}: a case keeps its place: {error}", queue.id));
                    false
                }
                Err(error) => return Err(error),
            };
            let round = self.roster(queue, |roster| {
                if !untouched {
                    roster.make_firm(&loser);
                }
                // Another case may have replaced it meanwhile: then it is decided anew.
                roster.replace(&loser, applicant).unwrap_or_else(|| roster.decide(queue, applicant))
            });
            (decision, losers) = round.await?;
        }
        self.dismiss(queue, &losers).await?;
        Ok(decision)
    }

    /// A queue's roster as it stands: 2 reads.
    pub(crate) async fn roster_of(&self, queue: &Queue) -> Result<Roster, LedgerError> {
        Ok(self.roster(queue, |roster| roster.clone()).await?.0)
    }

    /// Changes a queue's roster; gives what `f` says, and the cases that are to be told of their loss.
    async fn roster<T>(
        &self,
        queue: &Queue,
        mut f: impl FnMut(&mut Roster) -> T,
    ) -> Result<(T, Vec<Loser>), LedgerError> {
        let name = format!("queue.{}", queue.id);
        let mut answer = None;
        let change = |sheet: &mut Value| {
            let before = if sheet.is_null() { Ok(Roster::default()) } else { Roster::restore(sheet) };
            let Ok(before) = before else {
                answer = None;
                return false;
            };
            let mut roster = before.clone();
            answer = Some((f(&mut roster), roster.losers.clone()));
            *sheet = roster.store();
            roster != before
        };
        self.ledger.sheet(&name, change).await?;
        answer.ok_or_else(|| LedgerError::Corrupt { key: name, reason: "not a roster".to_owned() })
    }

    /// Tells cases that they have lost their person, and strikes them off the roster. One that somebody has begun to work
    /// in this moment keeps its person, and the day has one case more.
    async fn dismiss(&self, queue: &Queue, losers: &[Loser]) -> Result<(), LedgerError> {
        let now = from_unix(self.clock.now());
        for loser in losers {
            let told = self.ledger.change(&loser.case, |record| {
                let mut step = Step::of(record.body.clone());
                // One that has left the queue had its place for nothing.
                let here = |case: &&mut Case| case.queue == queue.id && case.may_lose_place();
                let case = step.body.case.as_mut().filter(here).ok_or(())?;
                case.automate(&loser.why, now);
                skip_alerts(&mut step.body, now);
                self.follow_up.end_incidents(&mut step, now);
                self.help(&mut step, now);
                Ok::<_, ()>(step)
            });
            match told.await {
                Err(error @ LedgerError::Corrupt { .. }) => {
                    self.log(&format!("queue {}: a case was not told of its loss: {error}", queue.id));
                }
                told => drop(told?),
            }
        }
        if !losers.is_empty() {
            self.roster(queue, |roster| roster.forget(losers)).await?;
        }
        Ok(())
    }

    /// Sends the customer for whom nobody has room what helps without a person, once.
    fn help(&self, step: &mut Step<Dossier>, now: DateTime<Utc>) {
        let Some(kind) = self.config.messages.automation else { return };
        if step.body.messages.iter().all(|message| message.kind != Some(kind)) {
            self.follow_up.write(step, kind, now);
        }
    }

    /// Writes the decision into the case; its alerts leave, or never will.
    async fn tell(&self, eid: &str, told: &Told<'_>) -> Result<Vec<Due>, LedgerError> {
        let now = from_unix(self.clock.now());
        let written = self.ledger.change(eid, |record: &Record<Dossier>| {
            let mut step = Step::of(record.body.clone());
            let case = step.body.case.as_mut().filter(|case| case.awaits_person()).ok_or(())?;
            // Taken between the decision and now: its place was taken for nothing, and the day has one case more.
            let told = if case.is_taken() { &Told::Taken } else { told };
            match told {
                Told::Person(member, why) => case.give_to(member, why, now),
                Told::Open(why) => case.leave_open(why, now),
                Told::Automation(why) => case.automate(why, now),
                Told::Taken => case.leave_with_owner(now),
            }
            match told {
                Told::Automation(_) => {
                    skip_alerts(&mut step.body, now);
                    self.follow_up.end_incidents(&mut step, now);
                    self.help(&mut step, now);
                }
                _ => {
                    send_alerts(&mut step, now);
                    let chain = self.follow_up.first_link(&step.body, now);
                    step.timers.extend(chain);
                }
            }
            follow_clocks(&mut step, record.body.case.as_ref());
            Ok::<_, ()>(step)
        });
        match written.await? {
            Changed::Done { now, .. } => Ok(now),
            // Decided meanwhile, or erased.
            _ => Ok(Vec::new()),
        }
    }
}

fn applicant(record: &Record<Dossier>, case: &Case) -> Applicant {
    let account = record.body.feedback.account.as_ref().and_then(|account| account.id.clone());
    let worth = case.allotment.as_ref().map_or(0, |allotment| allotment.worth);
    Applicant { case: record.eid.clone(), worth, account }
}

/// The alerts of the opening that have waited for the decision leave now.
fn send_alerts(step: &mut Step<Dossier>, now: DateTime<Utc>) {
    for delivery in step.body.alerts.clone() {
        if delivery.occasion == Occasion::Opened && delivery.state == DeliveryState::Pending {
            send(step, &delivery, now);
        }
    }
}

fn skip_alerts(dossier: &mut Dossier, now: DateTime<Utc>) {
    // That a channel is off is no news of the case.
    let of_the_case = |d: &&mut Delivery| !matches!(d.occasion, Occasion::ChannelOff(_));
    for delivery in dossier.alerts.iter_mut().filter(|d| d.state == DeliveryState::Pending).filter(of_the_case) {
        delivery.settle(Outcome::Skipped("nobody has room: the case is for automation".to_owned()), now);
    }
}
