//! What arrived, newest last, and who is told to misbehave. Knows no HTTP.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many messages are kept; older ones go.
const KEPT: usize = 500;

/// The receivers the inbox stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A chat with an incoming webhook, as Slack has it.
    Slack,
    /// A mail provider, as Resend is one.
    Email,
    /// A receiver of signed CloudEvents.
    Event,
}

/// One request that arrived, taken or refused.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Counts from 1.
    pub id: u64,
    /// Who would have received it.
    pub kind: Kind,
    /// When it arrived, in milliseconds since 1970.
    pub received_ms: u64,
    /// The status it was answered with.
    pub status: u16,
    /// Why it was refused; absent when it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// The key that makes a repeat recognisable: `Idempotency-Key` or `webhook-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What its reader reads, as plain text.
    pub text: String,
    /// The body as it arrived; a string if it is not JSON.
    pub payload: Value,
}

/// What a receiver says to a message before it is kept.
pub struct Verdict {
    /// The status to answer with.
    pub status: u16,
    /// The reason, in the words of the real receiver.
    pub refusal: Option<String>,
    /// See [`Message::key`].
    pub key: Option<String>,
    /// See [`Message::text`].
    pub text: String,
}

impl Verdict {
    /// Taken with 200.
    pub fn taken(key: Option<String>, text: String) -> Self {
        Self { status: 200, refusal: None, key, text }
    }

    /// Refused with a status and the receiver's own words.
    pub fn refused(status: u16, reason: impl Into<String>) -> Self {
        Self { status, refusal: Some(reason.into()), key: None, text: String::new() }
    }
}

/// How a receiver misbehaves; all zero means it does not.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mood {
    /// Answers everything with this status instead of taking it.
    pub status: Option<u16>,
    /// Seconds for the `Retry-After` header that goes with it.
    pub retry_after: Option<u32>,
    /// Milliseconds before any answer.
    pub delay_ms: u64,
    /// After this many requests it behaves again; absent: until told otherwise.
    pub times: Option<u32>,
}

/// The moods of all receivers, as `POST /control` sets them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moods {
    slack: Mood,
    email: Mood,
    event: Mood,
}

/// The store of messages and moods, shared by all connections.
#[derive(Default)]
pub struct Messages {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    last_id: u64,
    kept: VecDeque<Message>,
    moods: Moods,
}

impl Messages {
    /// Keeps a message and returns its id. A message whose key was taken before is not kept again: the first id returns.
    pub fn keep(&self, kind: Kind, verdict: Verdict, payload: Value) -> u64 {
        let mut inner = self.lock();
        let same = |message: &&Message| message.kind == kind && message.refusal.is_none() && message.key == verdict.key;
        if let (Some(_), None, Some(first)) = (&verdict.key, &verdict.refusal, inner.kept.iter().find(same)) {
            return first.id;
        }
        inner.last_id += 1;
        let id = inner.last_id;
        let Verdict { status, refusal, key, text } = verdict;
        inner.kept.push_back(Message { id, kind, received_ms: now_ms(), status, refusal, key, text, payload });
        if inner.kept.len() > KEPT {
            inner.kept.pop_front();
        }
        id
    }

    /// Messages with an id above `after`, oldest first.
    pub fn after(&self, after: u64) -> Vec<Message> {
        self.lock().kept.iter().filter(|message| message.id > after).cloned().collect()
    }

    /// One message.
    pub fn get(&self, id: u64) -> Option<Message> {
        self.lock().kept.iter().find(|message| message.id == id).cloned()
    }

    /// Forgets all messages; ids go on counting.
    pub fn clear(&self) {
        self.lock().kept.clear();
    }

    /// Replaces all moods.
    pub fn set_moods(&self, moods: Moods) {
        self.lock().moods = moods;
    }

    /// All moods.
    pub fn moods(&self) -> Moods {
        self.lock().moods.clone()
    }

    /// The mood a receiver is in for the request at hand; counts it.
    pub fn mood(&self, kind: Kind) -> Mood {
        let mut inner = self.lock();
        let mood = match kind {
            Kind::Slack => &mut inner.moods.slack,
            Kind::Email => &mut inner.moods.email,
            Kind::Event => &mut inner.moods.event,
        };
        let now = mood.clone();
        match &mut mood.times {
            Some(0 | 1) => *mood = Mood::default(),
            Some(times) => *times -= 1,
            None => {}
        }
        now
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_kept_once_and_only_within_its_kind() {
        let messages = Messages::default();
        let taken = |key: &str| Verdict::taken(Some(key.to_owned()), String::new());
        let first = messages.keep(Kind::Email, taken("k"), Value::Null);
        assert_eq!(messages.keep(Kind::Email, taken("k"), Value::Null), first);
        assert_ne!(messages.keep(Kind::Event, taken("k"), Value::Null), first);
        assert_ne!(
            messages.keep(Kind::Slack, Verdict::taken(None, String::new()), Value::Null),
            messages.keep(Kind::Slack, Verdict::taken(None, String::new()), Value::Null)
        );
        assert_eq!(messages.after(0).len(), 4);
    }

    #[test]
    fn a_refused_message_does_not_stand_for_its_repeat() {
        let messages = Messages::default();
        let refused =
            messages.keep(Kind::Email, Verdict { key: Some("k".into()), ..Verdict::refused(503, "down") }, Value::Null);
        assert_ne!(messages.keep(Kind::Email, Verdict::taken(Some("k".into()), String::new()), Value::Null), refused);
    }

    #[test]
    fn a_mood_with_times_passes() {
        let messages = Messages::default();
        messages.set_moods(serde_json::from_str(r#"{"slack": {"status": 503, "times": 2}}"#).expect("moods"));
        let statuses: Vec<_> = (0..3).map(|_| messages.mood(Kind::Slack).status).collect();
        assert_eq!(statuses, [Some(503), Some(503), None]);
        assert_eq!(messages.mood(Kind::Email), Mood::default());
    }

    #[test]
    fn the_oldest_go_first() {
        let messages = Messages::default();
        for _ in 0..KEPT + 2 {
            messages.keep(Kind::Slack, Verdict::taken(None, String::new()), Value::Null);
        }
        assert_eq!(messages.after(0).first().map(|message| message.id), Some(3));
        assert!(messages.get(2).is_none());
    }
}
