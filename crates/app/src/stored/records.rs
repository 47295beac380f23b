//! The stored form of an answer, its case, and what was sent.

use super::plain::OTHER;
use super::{Stored, Unreadable, stored};
use crate::dossier::{Dossier, Message, Report};
use ringback_core::alert::{Delivery, DeliveryState, Occasion};
use ringback_core::calendar::Calendar;
use ringback_core::case::{Allotment, Case, HistoryEntry, Later, State, Task, Waiting};
use ringback_core::consent::{ContactChannel, Purpose, Statement, Vouched};
use ringback_core::deadline::{ClockKind, DeadlineClock, Escalation, Pause, Policy};
use ringback_core::feedback::{Account, Answer, Assumed, Customer, Feedback};
use ringback_core::id::{ChannelId, PolicyId, QueueId, RouteId, RuleId, SourceId, SurveyId, TouchpointId};
use ringback_core::message::{MessageKind, ReportEvent};
use ringback_core::names::Named;
use ringback_core::rule::{Advocacy, Priority, Track};
use ringback_core::survey::{Band, Metric, Score};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Names: stored as their text.
macro_rules! ids {
    ($($kind:ident),+ $(,)?) => {$(
        impl Stored for $kind {
            fn store(&self) -> Value {
                Value::from(self.as_str())
            }

            fn restore(value: &Value) -> Result<Self, Unreadable> {
                value.as_str().and_then(|text| Self::new(text).ok()).ok_or(OTHER)
            }
        }
    )+};
}

ids!(ChannelId, PolicyId, QueueId, RouteId, RuleId, SourceId, SurveyId, TouchpointId);

/// Written only where nobody vouches: what was stored before the difference was made came through the company.
impl Stored for Vouched {
    fn store(&self) -> Value {
        if *self == Self::Company { Value::Null } else { Value::from(self.name()) }
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_str().and_then(Self::from_name).ok_or(OTHER)
    }

    fn absent() -> Option<Self> {
        Some(Self::Company)
    }
}

/// What there is a fixed set of: stored by name.
macro_rules! named {
    ($($kind:ident),+ $(,)?) => {$(
        impl Stored for $kind {
            fn store(&self) -> Value {
                Value::from(self.name())
            }

            fn restore(value: &Value) -> Result<Self, Unreadable> {
                value.as_str().and_then(Self::from_name).ok_or(OTHER)
            }
        }
    )+};
}

named!(
    Advocacy,
    Assumed,
    Band,
    ClockKind,
    ContactChannel,
    DeliveryState,
    MessageKind,
    Metric,
    Priority,
    Purpose,
    ReportEvent,
    State,
    Track
);

stored!(Dossier { v, feedback, case, alerts, messages, looked_back_at, earlier, carried_over_at });
stored!(Message { delivery, channel, purpose, subject, text, html, kind, words, survey, since, asked_at, reports });
stored!(Report { event, at, id });
stored!(Feedback {
    source,
    survey,
    metric,
    score,
    band,
    comment,
    locale,
    country,
    assumed,
    channel,
    touchpoint,
    segment,
    customer,
    account,
    consent,
    answers,
    occurred_at,
    received_at,
    updated_at,
});
stored!(Customer { id, name, email, phone, tier } or default);
stored!(Account { id, name, role, level });
stored!(Statement { channel, purpose, granted, wording, language, source, at, expires_at, vouched });
stored!(Case {
    version,
    state,
    track,
    priority,
    queue,
    owner,
    allotment,
    advocacy,
    rule,
    configuration,
    opened_at,
    policy_id,
    policy,
    first_contact,
    closure,
    closure_missed_at,
    root_cause,
    remedy,
    closed_without_informing,
    goodwill,
    waiting,
    unreached,
    tasks,
    ended_at,
    merged_into,
    merged,
    later,
    recovered_at,
    survey_due_at,
    account_key,
    history,
});
stored!(Waiting { since, until, reason, from });
stored!(Task { number, department, what, opened_at, done_at });
stored!(Later { id, score, band, at });
stored!(Allotment { worth, track, decided_at, to, why });
stored!(HistoryEntry { at, who, event, detail, note });
stored!(Policy { first_contact_s, closure_s, warn_at, warn, escalations, calendar });
stored!(Escalation { after_s, route });
stored!(DeadlineClock { due_at, warn_at, met_at, warned_at, breached_at, level, started_at, pauses });
stored!(Pause { from, to, used_s });
stored!(Delivery { id, occasion, channel, state, attempts, not_before, last_error, delivered_at, provider_id, group });

/// Stored as its number; whether it fits its survey's scale was checked at the door.
impl Stored for Score {
    fn store(&self) -> Value {
        Value::from(self.get())
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_f64().and_then(|n| Self::new(n, Metric::Nps).ok()).ok_or(OTHER)
    }
}

/// One line of text.
impl Stored for Calendar {
    fn store(&self) -> Value {
        Value::String(self.clone().into())
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        Self::try_from(String::restore(value)?).map_err(|_| OTHER)
    }
}

impl Stored for Answer {
    fn store(&self) -> Value {
        match self {
            Self::Bool(yes) => yes.store(),
            Self::Number(number) => number.store(),
            Self::Text(text) => text.store(),
            Self::Choices(texts) => Value::Array(texts.iter().map(String::store).collect()),
        }
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        match value {
            Value::Bool(yes) => Ok(Self::Bool(*yes)),
            Value::String(text) => Ok(Self::Text(text.clone())),
            Value::Array(_) => Vec::restore(value).map(Self::Choices),
            other => f64::restore(other).map(Self::Number),
        }
    }
}

/// A name alone, or a list of it and what belongs to it: a clock, a clock and a level, a link of a chain, a channel.
impl Stored for Occasion {
    fn store(&self) -> Value {
        match self {
            Self::Opened => "opened".into(),
            Self::SurveyDue => "survey_due".into(),
            Self::Message => "message".into(),
            Self::Warning(clock) => vec![Value::from("warning"), clock.store()].into(),
            Self::Breached(clock, level) => vec![Value::from("breached"), clock.store(), level.store()].into(),
            Self::Untaken(link) => vec![Value::from("untaken"), link.store()].into(),
            Self::Taken => "taken".into(),
            Self::Resolved => "resolved".into(),
            Self::PersonAsked => "person_asked".into(),
            Self::ChannelOff(channel) => vec![Value::from("channel_off"), channel.store()].into(),
        }
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        if let Some(name) = value.as_str() {
            return match name {
                "opened" => Ok(Self::Opened),
                "survey_due" => Ok(Self::SurveyDue),
                "message" => Ok(Self::Message),
                "taken" => Ok(Self::Taken),
                "resolved" => Ok(Self::Resolved),
                "person_asked" => Ok(Self::PersonAsked),
                _ => Err(OTHER),
            };
        }
        let parts = value.as_array().ok_or(OTHER)?;
        let part = |i: usize| parts.get(i).ok_or(OTHER);
        let clock = || ClockKind::restore(part(1)?);
        match part(0)?.as_str() {
            Some("warning") => Ok(Self::Warning(clock()?)),
            Some("breached") => Ok(Self::Breached(clock()?, u8::restore(part(2)?)?)),
            Some("untaken") => Ok(Self::Untaken(u8::restore(part(1)?)?)),
            Some("channel_off") => Ok(Self::ChannelOff(ChannelId::restore(part(1)?)?)),
            _ => Err(OTHER),
        }
    }
}

impl Serialize for Dossier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.store().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dossier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::restore(&value).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Everything that can be there, in the form in which it is stored.
    fn whole() -> Value {
        json!({
            "v": 1,
            "feedback": {
                "source": "crm", "survey": "support-ces", "metric": "ces", "score": 2, "band": "dissatisfied",
                "comment": "slow", "locale": "de", "country": "DE", "channel": "email", "touchpoint": "support",
                "segment": "smb",
                "customer": { "id": "C-1", "name": "A", "email": "a@example.com", "phone": "+49", "tier": "gold" },
                "account": { "id": "A-1", "name": "B", "role": "buyer", "level": "c" },
                "consent": [{
                    "channel": "phone", "purpose": "follow_up", "granted": true, "wording": "w", "language": "de",
                    "source": "crm", "at": "2026-11-22T09:30:00Z", "expires_at": "2027-11-22T09:30:00Z",
                }],
                "answers": { "a": true, "b": 1.5, "c": "text", "d": ["x", "y"] },
                "occurred_at": "2026-11-22T09:29:59.250Z",
                "received_at": "2026-11-22T09:30:00Z",
                "updated_at": "2026-11-22T09:31:00Z",
            },
            "alerts": [
                { "id": "x", "occasion": "opened", "channel": "chat", "state": "pending", "attempts": 1 },
                { "id": "y", "occasion": ["warning", "closure"], "channel": "chat", "state": "failed", "attempts": 9,
                  "not_before": "2026-11-22T10:30:00Z", "last_error": "answered 500" },
                { "id": "z", "occasion": ["breached", "first_contact", 2], "channel": "chat", "state": "delivered",
                  "attempts": 1, "delivered_at": "2026-11-22T10:30:00Z", "provider_id": "p" },
                { "id": "t", "occasion": "taken", "channel": "chat", "state": "pending", "attempts": 1 },
                { "id": "r", "occasion": "resolved", "channel": "chat", "state": "pending", "attempts": 1 },
                { "id": "p", "occasion": "person_asked", "channel": "chat", "state": "pending", "attempts": 1 },
                { "id": "u", "occasion": ["untaken", 2], "channel": "chat", "state": "pending", "attempts": 1 },
                { "id": "o", "occasion": ["channel_off", "mail"], "channel": "chat", "state": "pending", "attempts": 1 },
            ],
            "messages": [{
                "delivery": { "id": "m", "occasion": "message", "channel": "mail", "state": "delivered", "attempts": 1 },
                "channel": "email", "purpose": "survey", "subject": "s", "text": "t", "html": "<p>t</p>",
                "kind": "reminder", "words": "w", "survey": "support-ces", "since": "2026-11-22T09:30:00Z",
                "reports": [{ "event": "bounced", "at": "2026-11-22T09:30:00Z" }],
            }],
        })
    }

    #[test]
    fn what_was_stored_is_read_back_and_stored_the_same() {
        let stored = whole();
        let dossier = Dossier::restore(&stored).unwrap();
        assert_eq!(dossier.store(), stored);
        assert_eq!(serde_json::from_str::<Dossier>(&stored.to_string()).unwrap(), dossier);
    }

    #[test]
    fn what_an_older_writer_left_out_takes_its_default_and_what_is_unknown_is_left_alone() {
        let mut stored = whole();
        stored["of_tomorrow"] = true.into();
        let feedback = stored["feedback"].as_object_mut().unwrap();
        for name in ["comment", "customer", "account", "consent", "answers", "occurred_at", "updated_at"] {
            feedback.remove(name);
        }
        let dossier = Dossier::restore(&stored).unwrap();
        assert_eq!(dossier.feedback.customer, Customer::default());
        assert!(dossier.case.is_none() && dossier.feedback.consent.is_empty());
    }

    #[test]
    fn a_field_that_cannot_be_read_is_named_and_not_quoted() {
        for (pointer, field) in [
            ("/feedback/received_at", "received_at"),
            ("/feedback/score", "score"),
            ("/feedback/customer/email", "email"),
            ("/feedback/consent/0/channel", "channel"),
            ("/alerts/1/occasion", "occasion"),
            ("/alerts", "alerts"),
        ] {
            let mut stored = whole();
            *stored.pointer_mut(pointer).unwrap() = json!({ "secret": 1 });
            assert_eq!(Dossier::restore(&stored).unwrap_err(), Unreadable(field), "{pointer}");
        }
    }
}
