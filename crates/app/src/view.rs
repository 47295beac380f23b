//! What the API shows of an answer and its case. A format of its own, apart from what is stored.

use crate::dossier::Dossier;
use ringback_core::alert::Delivery;
use ringback_core::case::Case;
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::deadline::DeadlineClock;
use ringback_core::feedback::Feedback;
use serde_json::{Map, Value, json};

/// An answer.
pub(crate) fn feedback(id: &str, f: &Feedback) -> Value {
    json!({
        "id": id,
        "source": f.source,
        "survey": f.survey,
        "metric": f.metric,
        "score": f.score.get(),
        "band": f.band,
        "comment": f.comment,
        "locale": f.locale,
        "country": f.country,
        "channel": f.channel,
        "touchpoint": f.touchpoint,
        "segment": f.segment,
        "customer": f.customer,
        "account": f.account,
        "answers": f.answers,
        "occurred_at": f.occurred_at,
        "received_at": f.received_at,
        "updated_at": f.updated_at,
    })
}

/// What the gate said about reaching the customer.
pub(crate) struct Permission {
    pub channel: ContactChannel,
    pub purpose: Purpose,
    /// None: the gate did not answer, which means no.
    pub decision: Option<Decision>,
}

impl Permission {
    fn shown(&self) -> Value {
        let (channel, purpose) = (self.channel, self.purpose);
        let mut shown = json!({ "channel": channel, "purpose": purpose, "allowed": false });
        match &self.decision {
            Some(Decision::Allowed(proof)) => {
                shown["allowed"] = true.into();
                shown["consent"] =
                    json!({ "wording": proof.wording, "source": proof.source, "given_at": proof.given_at });
            }
            Some(Decision::Blocked(why)) => {
                shown["reason"] = json!(why);
                shown["detail"] = format!("{} for {channel}, {purpose}", why.explain()).into();
            }
            None => {
                shown["reason"] = "unavailable".into();
                shown["detail"] = "the consent gate did not answer, which counts as no".into();
            }
        }
        shown
    }
}

fn clock(c: &DeadlineClock) -> Value {
    json!({
        "due_at": c.due_at,
        "warn_at": c.warn_at,
        "met_at": c.met_at,
        "warned_at": c.warned_at,
        "breached_at": c.breached_at,
        "level": c.level,
    })
}

fn delivery(d: &Delivery) -> Value {
    json!({
        "id": d.id,
        "event": d.occasion.event_name(),
        "occasion": d.occasion.slug(),
        "channel": d.channel,
        "state": d.state,
        "attempts": d.attempts,
        "not_before": d.not_before,
        "last_error": d.last_error,
        "delivered_at": d.delivered_at,
        "provider_id": d.provider_id,
    })
}

/// A case with all that belongs to it.
pub(crate) fn case(id: &str, dossier: &Dossier, case: &Case, permissions: &[Permission]) -> Value {
    let messages = dossier.messages.iter().map(|m| {
        let mut shown = delivery(&m.delivery);
        shown["customer_channel"] = json!(m.channel);
        shown["purpose"] = json!(m.purpose);
        shown["subject"] = m.subject.as_str().into();
        shown["text"] = m.text.as_str().into();
        shown
    });
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("id", id.into());
    put("version", case.version.into());
    put("state", json!(case.state));
    put("track", json!(case.track));
    put("priority", json!(case.priority));
    put("queue", json!(case.queue));
    put("owner", json!(case.owner));
    put("rule", json!(case.rule));
    put("configuration", case.configuration.as_str().into());
    put("opened_at", json!(case.opened_at));
    put("root_cause", json!(case.root_cause));
    put("remedy", json!(case.remedy));
    put("closed_without_informing", json!(case.closed_without_informing));
    put("feedback", feedback(id, &dossier.feedback));
    let deadlines = json!({
        "policy": case.policy_id,
        "first_contact": clock(&case.first_contact),
        "closure": clock(&case.closure),
    });
    put("deadlines", deadlines);
    put("contact", permissions.iter().map(Permission::shown).collect());
    put("alerts", dossier.alerts.iter().map(delivery).collect());
    put("messages", messages.collect());
    put("history", json!(case.history));
    put("allowed_events", json!(case.state.allowed()));
    Value::Object(shown)
}
