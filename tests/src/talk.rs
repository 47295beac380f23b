//! What scenarios say to the application: posts, readings, work on cases, and waiting for what follows from them.

use serde_json::Value;

use http::Method;

use crate::call::{Answer, Call};
use crate::cases::Shown;
use crate::variables::{ADMIN, AGENT, INTAKE};
use crate::wait::eventually;
use crate::world::World;

impl World {
    /// Has due work done, deliveries included.
    pub async fn tick(&self) {
        let _ = self.post("/v1/tick").token(ADMIN).send().await.expect(204);
    }

    /// Waits until every answer that was taken is sealed, with all that follows from it, whoever's tick does it.
    pub async fn sealed(&self) {
        eventually("everything is sealed and no tick is at work", async || {
            self.tick().await;
            let ready = self.ready().await;
            let shards = ready["shards"].as_array().cloned().unwrap_or_default();
            ready["lag"] == 0 && shards.iter().all(|shard| shard["lease_until"].is_null())
        })
        .await;
    }

    /// The answer of `GET /readyz`.
    pub async fn ready(&self) -> Value {
        self.get("/readyz").send().await.expect(200).json()
    }

    /// How many slots of the log are taken.
    pub async fn head(&self) -> u64 {
        let ready = self.ready().await;
        ready["shards"][0]["head"].as_u64().unwrap_or_else(|| panic!("no head: {ready}"))
    }

    /// A POST to a path.
    #[must_use]
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// A GET of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A post of feedback, not sent yet.
    #[must_use]
    pub fn feedback(&self, answer: &Value) -> Call {
        self.post("/v1/feedback").token(INTAKE).json(answer)
    }

    /// Posts feedback and returns its id.
    pub async fn take(&self, answer: &Value) -> String {
        location_id(&self.feedback(answer).send().await)
    }

    /// Posts feedback, waits until it is sealed and returns its id.
    pub async fn take_and_seal(&self, answer: &Value) -> String {
        let id = self.take(answer).await;
        self.sealed().await;
        id
    }

    /// Posts feedback and waits until each of its alerts has arrived, and that is written down: only then may the clock
    /// be moved, or an attempt under way would look overdue.
    pub async fn take_and_alert(&self, answer: &Value) -> String {
        let id = self.take_and_seal(answer).await;
        self.alerted(&id).await;
        id
    }

    /// Waits until every alert and message of a case has arrived or is given up.
    pub async fn alerted(&self, id: &str) {
        eventually("nothing is pending", async || self.case(id).await.nothing_pending()).await;
    }

    /// Waits until every alert and message of a case has arrived or has failed at least once.
    pub async fn attempted(&self, id: &str) {
        eventually("everything was tried", async || self.case(id).await.all_attempted()).await;
    }

    /// The answer as stored.
    pub async fn stored(&self, id: &str) -> Value {
        self.get(&format!("/v1/feedback/{id}")).token(AGENT).send().await.expect(200).json()
    }

    /// The case.
    pub async fn case(&self, id: &str) -> Shown {
        let answer = self.get(&format!("/v1/cases/{id}")).token(AGENT).send().await;
        Shown::new(answer.expect(200))
    }

    /// Works the case from its present version.
    pub async fn work(&self, id: &str, event: &Value) -> Answer {
        let mut version = self.case(id).await.etag;
        let mut answer = self.work_from(id, &version, event).await;
        // A tick may be at work beside, and write into the case between looking and working.
        for _ in 0..5 {
            let now = self.case(id).await.etag;
            if answer.status != 412 || now == version {
                break;
            }
            version = now;
            answer = self.work_from(id, &version, event).await;
        }
        answer
    }

    /// Works the case from a version that was seen before.
    pub async fn work_from(&self, id: &str, etag: &str, event: &Value) -> Answer {
        self.post(&format!("/v1/cases/{id}/events")).token(AGENT).header("if-match", etag).json(event).send().await
    }
}

/// The id in the `Location` of feedback that was taken.
///
/// # Panics
/// When it was not.
#[track_caller]
pub fn location_id(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text());
    let location = answer.header("location");
    let id = location.strip_prefix("/v1/feedback/").unwrap_or_else(|| panic!("no location: {answer:?}"));
    id.to_owned()
}
