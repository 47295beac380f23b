//! What the API shows of an answer and its case. A format of its own, apart from what is stored.

use crate::dossier::{Dossier, Message};
use crate::stored::Stored;
use ringback_core::alert::Delivery;
use ringback_core::case::{Allotment, Case, EventKind, Task};
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::deadline::ClockKind;
use ringback_core::feedback::Feedback;
use serde_json::{Map, Value, json};

/// An object that is shown even when nothing is in it.
fn shown(part: &impl Stored) -> Value {
    let value = part.store();
    if value.is_null() { Value::Object(Map::new()) } else { value }
}

/// An answer.
pub(crate) fn feedback(id: &str, f: &Feedback) -> Value {
    json!({
        "id": id,
        "source": f.source.as_str(),
        "survey": f.survey.as_str(),
        "metric": f.metric.as_str(),
        "score": f.score.get(),
        "band": f.band.as_str(),
        "comment": f.comment,
        "locale": f.locale,
        "country": f.country,
        "channel": f.channel,
        "touchpoint": f.touchpoint.as_str(),
        "segment": f.segment,
        "customer": shown(&f.customer),
        "account": f.account.store(),
        "answers": shown(&f.answers),
        "occurred_at": f.occurred_at.store(),
        "received_at": f.received_at.store(),
        "updated_at": f.updated_at.store(),
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
        let mut shown = json!({ "channel": channel.as_str(), "purpose": purpose.as_str(), "allowed": false });
        match &self.decision {
            Some(Decision::Allowed(proof)) => {
                shown["allowed"] = true.into();
                shown["consent"] =
                    json!({ "wording": proof.wording, "source": proof.source, "given_at": proof.given_at.store() });
            }
            Some(Decision::Blocked(why)) => {
                shown["reason"] = why.as_str().into();
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

fn clock(case: &Case, kind: ClockKind) -> Value {
    let c = case.clock(kind);
    let pauses: Vec<Value> =
        c.pauses.iter().map(|pause| json!({ "from": pause.from.store(), "to": pause.to.store() })).collect();
    json!({
        "due_at": c.due_at.store(),
        "warn_at": c.warn_at.store(),
        "met_at": c.met_at.store(),
        "warned_at": c.warned_at.store(),
        "breached_at": c.breached_at.store(),
        "level": c.level,
        "pauses": pauses,
        "why": case.why_due(kind),
    })
}

/// What was decided about who works a case.
fn assignment(a: &Allotment) -> Value {
    json!({
        "worth": a.worth,
        "track": a.track.as_str(),
        "to": a.to,
        "why": a.why,
        "decided_at": a.decided_at.store(),
    })
}

fn delivery(d: &Delivery) -> Value {
    json!({
        "id": d.id,
        "event": d.occasion.event_name(),
        "occasion": d.occasion.slug(),
        "channel": d.channel.as_str(),
        "state": d.state.as_str(),
        "attempts": d.attempts,
        "not_before": d.not_before.store(),
        "last_error": d.last_error,
        "delivered_at": d.delivered_at.store(),
        "provider_id": d.provider_id,
    })
}

/// A message to the customer.
pub(crate) fn message(m: &Message) -> Value {
    let mut shown = delivery(&m.delivery);
    shown["customer_channel"] = m.channel.as_str().into();
    shown["purpose"] = m.purpose.as_str().into();
    shown["kind"] = m.kind.store();
    shown["survey"] = m.survey.store();
    shown["subject"] = m.subject.as_str().into();
    shown["text"] = m.text.as_str().into();
    shown["reports"] = m.reports.iter().map(|r| json!({ "event": r.event.as_str(), "at": r.at.store() })).collect();
    shown
}

/// In the programme's currency.
fn goodwill(case: &Case) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "amounts are at most 1e10 hundredths")]
    case.goodwill.map_or(Value::Null, |hundredths| (hundredths as f64 / 100.0).into())
}

fn waiting(case: &Case) -> Value {
    case.waiting.as_ref().map_or(
        Value::Null,
        |w| json!({ "since": w.since.store(), "until": w.until.store(), "reason": w.reason, "from": w.from.as_str() }),
    )
}

fn task(t: &Task) -> Value {
    json!({
        "task": t.number,
        "department": t.department.as_str(),
        "what": t.what,
        "opened_at": t.opened_at.store(),
        "done_at": t.done_at.store(),
    })
}

/// A case in a list.
pub(crate) fn listed(id: &str, dossier: &Dossier, case: &Case) -> Value {
    let f = &dossier.feedback;
    json!({
        "id": id,
        "version": case.version,
        "state": case.state.as_str(),
        "track": case.track.as_str(),
        "priority": case.priority.as_str(),
        "queue": case.queue.as_str(),
        "owner": case.owner,
        "opened_at": case.opened_at.store(),
        "due_at": case.due_next().store(),
        "ended_at": case.ended().store(),
        "survey": f.survey.as_str(),
        "touchpoint": f.touchpoint.as_str(),
        "score": f.score.get(),
        "band": f.band.as_str(),
        "customer": f.customer.name,
        "account": f.account.as_ref().and_then(|account| account.id.as_deref()),
    })
}

/// What may be done to a case.
pub(crate) fn events(kinds: &[EventKind]) -> Value {
    kinds.iter().map(|kind| kind.as_str()).collect()
}

/// A case with all that belongs to it.
pub(crate) fn case(id: &str, dossier: &Dossier, case: &Case, permissions: &[Permission]) -> Value {
    let messages = dossier.messages.iter().map(message);
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("id", id.into());
    put("version", case.version.into());
    put("state", case.state.store());
    put("track", case.track.store());
    put("priority", case.priority.store());
    put("queue", case.queue.store());
    put("owner", case.owner.store());
    put("assignment", case.allotment.as_ref().map_or(Value::Null, assignment));
    put("advocacy", case.advocacy.store());
    put("rule", case.rule.store());
    put("configuration", case.configuration.as_str().into());
    put("opened_at", case.opened_at.store());
    put("root_cause", case.root_cause.store());
    put("remedy", case.remedy.store());
    put("closed_without_informing", case.closed_without_informing.store());
    put("goodwill", goodwill(case));
    put("waiting", waiting(case));
    put("unreached", case.unreached.len().into());
    put("tasks", case.tasks.iter().map(task).collect());
    put("due_at", case.due_next().store());
    put("ended_at", case.ended().store());
    put("merged_into", case.merged_into.store());
    put("merged", case.merged.iter().map(String::as_str).collect());
    put("earlier", dossier.earlier.store());
    put("later", case.later.iter().map(Stored::store).collect());
    put("recovered_at", case.recovered_at.store());
    put("survey_due_at", case.survey_due_at.store());
    put("feedback", feedback(id, &dossier.feedback));
    let deadlines = json!({
        "policy": case.policy_id.as_str(),
        "calendar": case.policy.calendar.as_ref().map(|calendar| calendar.id.as_str()),
        "first_contact": clock(case, ClockKind::FirstContact),
        "closure": clock(case, ClockKind::Closure),
    });
    put("deadlines", deadlines);
    put("contact", permissions.iter().map(Permission::shown).collect());
    put("alerts", dossier.alerts.iter().map(delivery).collect());
    put("messages", messages.collect());
    put("history", case.history.store());
    put("allowed_events", events(&case.allowed()));
    Value::Object(shown)
}
