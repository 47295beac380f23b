//! Writers: they post answers, post them again, and work the cases that came of them, and remember what they were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::Report;
use crate::talk::location_id;
use crate::variables::{AGENT, INTAKE};
use crate::world::World;

/// An answer that was posted.
#[derive(Debug, Clone)]
pub(super) struct Posted {
    pub score: u8,
    /// The id it was acknowledged with.
    pub id: Option<String>,
    /// Notes of changes in the order they were sent, and whether they were acknowledged.
    pub notes: Vec<(String, bool)>,
}

/// What was sent and what was said to it.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// By response id.
    pub posted: BTreeMap<String, Posted>,
    pub duplicates: usize,
}

impl Facts {
    /// Everybody sends again what was not acknowledged.
    pub async fn send_again(&mut self, world: &World, report: &mut Report) {
        report.duplicates = self.duplicates;
        for (key, posted) in &mut self.posted {
            match posted.id {
                Some(_) => report.acknowledged += 1,
                None => {
                    report.unanswered += 1;
                    posted.id = Some(world.take(&answer(key, posted.score)).await);
                }
            }
            let acknowledged = posted.notes.iter().filter(|(_, done)| *done).count();
            report.changes += acknowledged;
            report.changes_unanswered += posted.notes.len() - acknowledged;
        }
    }
}

/// One who writes.
pub(super) struct Writer {
    number: usize,
    random: fastrand::Rng,
    sent: usize,
}

impl Writer {
    pub fn new(number: usize, random: fastrand::Rng) -> Self {
        Self { number, random, sent: 0 }
    }

    /// Works until nobody answers any more.
    pub async fn work(&mut self, world: &World, facts: &Mutex<Facts>, dead: &AtomicBool) {
        while !dead.load(Ordering::Relaxed) {
            let answered = match self.random.u32(..10) {
                0..6 => self.post(world, facts).await,
                6..8 => self.repeat(world, facts).await,
                _ => self.change(world, facts).await,
            };
            if !answered {
                return;
            }
        }
    }

    async fn post(&mut self, world: &World, facts: &Mutex<Facts>) -> bool {
        self.sent += 1;
        let key = format!("w{}-{}", self.number, self.sent);
        let score = [1, 9, 9, 10, 10][self.random.usize(..5)];
        lock(facts).posted.insert(key.clone(), Posted { score, id: None, notes: Vec::new() });
        self.send(world, facts, &key, score).await
    }

    async fn repeat(&mut self, world: &World, facts: &Mutex<Facts>) -> bool {
        let Some((key, score, _)) = self.own(facts, |_| true) else { return self.post(world, facts).await };
        lock(facts).duplicates += 1;
        self.send(world, facts, &key, score).await
    }

    async fn send(&self, world: &World, facts: &Mutex<Facts>, key: &str, score: u8) -> bool {
        let call = world.post("/v1/feedback").token(INTAKE).json(&answer(key, score));
        let Some(told) = call.try_send().await else { return false };
        if told.status == 202 {
            let id = location_id(&told);
            let mut facts = lock(facts);
            let known = facts.posted.get_mut(key).and_then(|posted| posted.id.replace(id.clone()));
            assert!(known.as_ref().is_none_or(|known| *known == id), "{key} was {known:?} and is {id}");
        }
        true
    }

    /// Gives a case of one's own back to its queue, with a note.
    async fn change(&mut self, world: &World, facts: &Mutex<Facts>) -> bool {
        let own = self.own(facts, |posted| posted.id.is_some() && posted.score <= 6);
        let Some((key, _, Some(id))) = own else { return self.post(world, facts).await };
        let Some(shown) = world.get(&format!("/v1/cases/{id}")).token(AGENT).try_send().await else { return false };
        if shown.status != 200 {
            return true;
        }
        self.sent += 1;
        let note = format!("note {}-{}", self.number, self.sent);
        lock(facts).posted.get_mut(&key).expect("was posted").notes.push((note.clone(), false));
        let event = json!({ "type": "assign", "queue": "care", "note": note });
        let call = world.post(&format!("/v1/cases/{id}/events")).token(AGENT);
        let told = call.header("if-match", shown.header("etag")).json(&event).try_send().await;
        let mut facts = lock(facts);
        let notes = &mut facts.posted.get_mut(&key).expect("was posted").notes;
        match told.as_ref().map(|told| told.status) {
            Some(200) => notes.last_mut().expect("a note").1 = true,
            // Refused: it is not there. An error of the store, as no answer, may mean either.
            Some(409 | 412) => drop(notes.pop()),
            _ => {}
        }
        told.is_some()
    }

    /// One of the answers of this writer.
    fn own(&mut self, facts: &Mutex<Facts>, fits: impl Fn(&Posted) -> bool) -> Option<(String, u8, Option<String>)> {
        let facts = lock(facts);
        let prefix = format!("w{}-", self.number);
        let range = facts.posted.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        let own: Vec<_> = range.filter(|(_, posted)| fits(posted)).collect();
        let (key, posted) = self.random.choice(own)?;
        Some((key.clone(), posted.score, posted.id.clone()))
    }
}

fn lock(facts: &Mutex<Facts>) -> std::sync::MutexGuard<'_, Facts> {
    facts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer under a response id: of somebody who may be written to.
fn answer(key: &str, score: u8) -> Value {
    json!({
        "survey": "checkout-nps", "score": score, "response_id": key, "comment": key, "country": "DE",
        "customer": { "id": key, "email": format!("{key}@example.com") },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": "2026-01" }],
    })
}
