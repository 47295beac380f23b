//! Sends an answer and watches what comes of it: the case, its deadlines, the alert as it arrives.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::story::{Story, Way};
use crate::client::{Answer, Client};
use crate::environment::Variables;
use crate::inbox::now_ms;
use crate::standard_webhooks;

/// How long an alert may take before the demo goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to look for a case that may never be: most answers open none.
const CASE_PATIENCE: Duration = Duration::from_millis(600);
const PAUSE: Duration = Duration::from_millis(10);

/// Sends and looks.
pub struct Observer {
    /// The application.
    pub client: Client,
    /// The local inbox, unless the user's own receivers are set.
    pub inbox: Option<Client>,
    /// `Bearer …` of the admin.
    pub admin: String,
    /// `Bearer …` of a sender.
    pub intake: String,
    /// Where the webhook secrets are.
    pub variables: Variables,
    /// The answers that were sent before, by their ids: a repeat comes to one of them.
    pub told: BTreeSet<String>,
}

/// What one answer did.
#[derive(Default)]
pub struct Outcome {
    /// The status of the POST.
    pub status: u16,
    /// Milliseconds until that status.
    pub answered_ms: f64,
    /// What the application said against it.
    pub problem: Option<String>,
    /// The id in `Location`.
    pub id: String,
    /// The answer as stored.
    pub feedback: Value,
    /// The case, or null.
    pub case: Value,
    /// Whether the case was there before.
    pub case_known: bool,
    /// The alert as the chat's reader reads it.
    pub chat_text: Option<String>,
    /// Milliseconds from the POST to the first alert's arrival.
    pub alert_ms: Option<u64>,
}

impl Observer {
    /// Sends the answer and waits for what it causes.
    pub fn tell(&mut self, story: &Story) -> Result<Outcome> {
        let last_message = self.messages_after(0)?.last().map_or(0, |message| message["id"].as_u64().unwrap_or(0));
        let (sent_ms, started) = (now_ms(), Instant::now());
        let answer = self.send(&story.way)?;
        let mut outcome = Outcome {
            status: answer.status,
            answered_ms: started.elapsed().as_secs_f64() * 1000.0,
            ..Outcome::default()
        };
        if answer.status >= 300 {
            outcome.problem = Some(problem(&answer));
            return Ok(outcome);
        }
        let Some(id) = answer.header("location").and_then(|location| location.rsplit('/').next()) else {
            return Ok(outcome);
        };
        id.clone_into(&mut outcome.id);
        outcome.feedback = self.look(&format!("/v1/feedback/{id}"))?.unwrap_or_default();
        outcome.case = self.case(id)?;
        outcome.case_known = !self.told.insert(id.to_owned());
        if !outcome.case_known && has_alerts(&outcome.case) {
            self.wait_for_alert(&mut outcome, last_message, sent_ms)?;
        }
        Ok(outcome)
    }

    fn send(&self, way: &Way) -> Result<Answer> {
        match way {
            Way::Feedback { key, body } => {
                let mut headers = vec![("Authorization", self.intake.as_str()), ("Content-Type", "application/json")];
                headers.extend(key.as_deref().map(|key| ("Idempotency-Key", key)));
                self.client.post("/v1/feedback", &headers, body.to_string().as_bytes())
            }
            Way::Webhook { source, secret, id, body } => {
                let secret =
                    self.variables.get(*secret).with_context(|| format!("the variable {secret} is not set"))?;
                let (body, seconds) = (body.to_string(), now_ms() / 1000);
                let signature = standard_webhooks::sign(secret, id, seconds, body.as_bytes())?;
                let seconds = seconds.to_string();
                let headers = [
                    ("Content-Type", "application/json"),
                    ("webhook-id", id),
                    ("webhook-timestamp", &seconds),
                    ("webhook-signature", &signature),
                ];
                self.client.post(&format!("/v1/webhooks/{source}"), &headers, body.as_bytes())
            }
        }
    }

    /// A JSON document, or nothing where there is none.
    fn look(&self, path: &str) -> Result<Option<Value>> {
        let answer = self.client.get(path, &[("Authorization", &self.admin)])?;
        if answer.status == 200 { answer.json().map(Some) } else { Ok(None) }
    }

    /// The case of an answer once it is there; null when none comes.
    fn case(&self, id: &str) -> Result<Value> {
        let started = Instant::now();
        loop {
            if let Some(case) = self.look(&format!("/v1/cases/{id}"))? {
                return Ok(case);
            }
            if started.elapsed() > CASE_PATIENCE {
                return Ok(Value::Null);
            }
            thread::sleep(PAUSE);
        }
    }

    fn wait_for_alert(&self, outcome: &mut Outcome, last_message: u64, sent_ms: u64) -> Result<()> {
        let started = Instant::now();
        loop {
            let arrived: Vec<Value> = self
                .messages_after(last_message)?
                .into_iter()
                .filter(|message| is_about(message, &outcome.id))
                .collect();
            outcome.alert_ms = arrived
                .iter()
                .filter_map(|message| message["received_ms"].as_u64())
                .min()
                .map(|ms| ms.saturating_sub(sent_ms));
            outcome.chat_text = arrived
                .iter()
                .find(|message| message["kind"] == "slack")
                .and_then(|message| message["text"].as_str())
                .map(str::to_owned);
            outcome.case = self.look(&format!("/v1/cases/{}", outcome.id))?.unwrap_or_default();
            let pending = alerts(&outcome.case).iter().any(|alert| alert["state"] == "pending");
            if !pending || started.elapsed() > PATIENCE {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }

    fn messages_after(&self, last: u64) -> Result<Vec<Value>> {
        let Some(inbox) = &self.inbox else { return Ok(Vec::new()) };
        let listed = inbox.get(&format!("/api/messages?after={last}"), &[])?.json()?;
        Ok(listed["messages"].as_array().cloned().unwrap_or_default())
    }
}

/// The alerts of a case.
pub fn alerts(case: &Value) -> &[Value] {
    case["alerts"].as_array().map_or(&[], Vec::as_slice)
}

fn has_alerts(case: &Value) -> bool {
    !alerts(case).is_empty()
}

/// Whether a message of the inbox speaks of this case: it links to it or carries its id.
fn is_about(message: &Value, id: &str) -> bool {
    message["refusal"].is_null() && message["payload"].to_string().contains(id)
}

/// `422 survey: unknown`: the status, and the fields or the detail of an RFC 9457 body.
fn problem(answer: &Answer) -> String {
    let body = answer.json().unwrap_or_default();
    let fields: Vec<String> = body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| {
            format!(
                "{} {}",
                error["pointer"].as_str().unwrap_or_default(),
                error["detail"].as_str().unwrap_or_default()
            )
        })
        .collect();
    let said = if fields.is_empty() {
        body["detail"].as_str().or(body["title"].as_str()).unwrap_or_default().to_owned()
    } else {
        fields.join("; ")
    };
    format!("{} {said}", answer.status)
}
