//! Dead letters: alerts and messages that were given up. Who leads may list them, look at one, send it again, or put it
//! away.
//!
//! The ledger lists whatever did not arrive; a record that says so is the truth. Reads are bounded: a page looks at so
//! many numbers and says where to go on, so that it can be shorter than was asked for and still not be the last.

use crate::access::{Action, Caller};
use crate::dossier::{Dossier, Job, reaches_customer};
use crate::follow_up::send;
use crate::problem::{Problem, Reply, empty, json};
use crate::stored::Stored as _;
use crate::time::from_unix;
use crate::{App, Worked};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, StatusCode};
use ringback_core::alert::{Delivery, DeliveryState};
use ringback_ledger::{Changed, Clock, Due, Entropy, Letter, LetterPlace, Step, Store};
use serde_json::Value;

/// Letters in a page, unless the caller asks for fewer.
const PAGE: usize = 50;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /v1/dead-letters?state=failed&limit=50&cursor=…`, the oldest first. `state=pending` shows what is still tried.
    ///
    /// # Errors
    /// 400 for a query that is not understood, 401, 403, 503.
    pub async fn get_dead_letters(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        self.admit(request.headers(), Action::MendDeliveries).await?;
        let query = Query::read(request.uri().query().unwrap_or_default())?;
        let page = self.ledger.letters(query.from, query.limit).await.map_err(|error| self.store_failed(&error))?;
        let of_state = |letter: &&Letter<Dossier>| delivery_of(letter).is_some_and(|d| d.state == query.state);
        let letters: Vec<Value> = page.letters.iter().filter(of_state).map(|letter| self.letter_json(letter)).collect();
        let next = page.next.map(|place| name(&place));
        Ok(json(StatusCode::OK, &serde_json::json!({ "dead_letters": letters, "next": next })))
    }

    /// `GET /v1/dead-letters/{id}`
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn get_dead_letter(&self, id: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        self.admit(headers, Action::MendDeliveries).await?;
        let letter = self.letter(id).await?;
        Ok(json(StatusCode::OK, &self.letter_json(&letter)))
    }

    /// `POST /v1/dead-letters/{id}/replay`: all attempts anew, under the same name. A message to a customer passes the
    /// consent gate again.
    ///
    /// # Errors
    /// 401, 403, 404, 409 when it is not given up (any more), 503.
    pub async fn post_replay(&self, id: &str, headers: &HeaderMap) -> Result<Worked, Problem> {
        let caller = self.admit(headers, Action::MendDeliveries).await?;
        Ok(Worked { now: self.replay(id, &caller).await?, reply: empty(StatusCode::ACCEPTED) })
    }

    /// `POST /v1/dead-letters/{id}/discard`: it need not arrive any more. It is no dead letter from then on; its case says who
    /// has put it away.
    ///
    /// # Errors
    /// As for [`Self::post_replay`].
    pub async fn post_discard(&self, id: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let caller = self.admit(headers, Action::MendDeliveries).await?;
        self.discard(id, &caller).await?;
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Sends a letter again, for whoever is known already, and may: the API's caller, or a form of the desk. Gives what is to
    /// be handed over now.
    pub(crate) async fn replay(&self, id: &str, caller: &Caller) -> Result<Vec<Due>, Problem> {
        self.settle_letter(id, caller, "delivery.replayed", |step, delivery, now| {
            let revived = step.body.delivery_mut(delivery).and_then(|d| d.revive().then(|| d.clone()));
            revived.map(|revived| send(step, &revived, now)).is_some()
        })
        .await
    }

    /// Puts a letter away, for the same.
    pub(crate) async fn discard(&self, id: &str, caller: &Caller) -> Result<(), Problem> {
        let discard = |step: &mut Step<Dossier>, delivery: &str, _| {
            step.body.delivery_mut(delivery).is_some_and(Delivery::discard)
        };
        self.settle_letter(id, caller, "delivery.discarded", discard).await.map(drop)
    }

    /// Has something be done to a letter's delivery, if it still is given up, and writes into its case who did it.
    async fn settle_letter(
        &self,
        id: &str,
        caller: &Caller,
        kind: &'static str,
        settle: impl Fn(&mut Step<Dossier>, &str, DateTime<Utc>) -> bool,
    ) -> Result<Vec<Due>, Problem> {
        let letter = self.letter(id).await?;
        let delivery = delivery_of(&letter).map(|d| d.id.clone()).unwrap_or_default();
        let now = from_unix(self.clock.now());
        let change = |record: &ringback_ledger::Record<Dossier>| {
            let mut step = Step::of(record.body.clone());
            if !settle(&mut step, &delivery, now) {
                return Err(());
            }
            if let Some(case) = &mut step.body.case {
                case.record(now, &caller.id, kind, Some(delivery.clone()), None);
            }
            Ok(step)
        };
        match self.ledger.change(&letter.record.eid, change).await {
            Ok(Changed::Done { now, .. }) => Ok(now),
            Ok(Changed::Refused(())) => {
                let detail = "it is not given up any more: somebody has replayed it already, or put it away";
                Err(Problem::new(StatusCode::CONFLICT, "not-dead", detail))
            }
            Ok(Changed::Absent) => Err(Problem::not_found("dead letter")),
            Ok(Changed::NotSealed) => Err(Problem::unavailable()),
            Err(error) => Err(self.store_failed(&error)),
        }
    }

    async fn letter(&self, id: &str) -> Result<Letter<Dossier>, Problem> {
        let place = place(id).ok_or_else(|| Problem::not_found("dead letter"))?;
        let letter = self.ledger.letter(place).await.map_err(|error| self.store_failed(&error))?;
        letter.filter(|letter| delivery_of(letter).is_some()).ok_or_else(|| Problem::not_found("dead letter"))
    }

    fn letter_json(&self, letter: &Letter<Dossier>) -> Value {
        let mut shown = serde_json::json!({
            "id": name(&LetterPlace { shard: letter.shard, number: letter.number }),
            "case": letter.record.eid,
            "url": format!("{}/desk/cases/{}", self.config.public_url, letter.record.eid),
            "since": from_unix(letter.since).store(),
        });
        if let Some(delivery) = delivery_of(letter) {
            shown["delivery"] = delivery.id.as_str().into();
            shown["event"] = delivery.occasion.event_name().into();
            shown["channel"] = delivery.channel.as_str().into();
            shown["to_customer"] = reaches_customer(delivery).into();
            shown["state"] = delivery.state.as_str().into();
            shown["attempts"] = delivery.attempts.into();
            shown["last_error"] = serde_json::json!(delivery.last_error);
        }
        shown
    }
}

/// The delivery that a letter is about.
pub(crate) fn delivery_of(letter: &Letter<Dossier>) -> Option<&Delivery> {
    match Job::from_text(&letter.job)? {
        Job::Delivery(id) => letter.record.body.delivery(&id),
        _ => None,
    }
}

/// What is asked for.
struct Query {
    state: DeliveryState,
    limit: usize,
    from: LetterPlace,
}

impl Query {
    fn read(text: &str) -> Result<Self, Problem> {
        let wrong = |what: &str| Problem::new(StatusCode::BAD_REQUEST, "invalid-query", what);
        let mut query = Self { state: DeliveryState::Failed, limit: PAGE, from: LetterPlace::default() };
        for (key, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            match (key, value) {
                ("state", "failed") => query.state = DeliveryState::Failed,
                ("state", "pending") => query.state = DeliveryState::Pending,
                ("state", _) => return Err(wrong("state must be failed or pending")),
                ("limit", limit) => {
                    let limit = limit.parse().ok().filter(|limit| (1..=PAGE).contains(limit));
                    query.limit = limit.ok_or_else(|| wrong("limit must be 1 to 50"))?;
                }
                ("cursor", cursor) => {
                    query.from = place(cursor).ok_or_else(|| wrong("cursor must be the `next` of a page"))?;
                }
                _ => return Err(wrong("the query may have state, limit and cursor")),
            }
        }
        Ok(query)
    }
}

/// A place as text: `shard-number`.
pub(crate) fn name(place: &LetterPlace) -> String {
    format!("{}-{}", place.shard, place.number)
}

/// Reads it.
pub(crate) fn place(text: &str) -> Option<LetterPlace> {
    let (shard, number) = text.split_once('-')?;
    Some(LetterPlace { shard: shard.parse().ok()?, number: number.parse().ok()? })
}
