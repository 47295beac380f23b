//! Reads what a person wants done to a case.

use crate::fields::{Fields, Mistakes};
use crate::problem::Problem;
use ringback_core::case::{CaseEvent, EventKind};
use ringback_core::consent::ContactChannel;
use ringback_core::deadline::Policy;
use ringback_core::id::{PolicyId, QueueId};
use ringback_core::message::MessageKind;
use ringback_core::names::Named as _;
use ringback_ledger::is_name;
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest note, message, remedy, task or reason, in characters.
pub(super) const MAX_TEXT: usize = 4_000;
/// Longest root cause or subject, in characters.
const MAX_LINE: usize = 200;
/// Longest name of a person or a queue, in characters.
pub(crate) const MAX_NAME: usize = 128;
/// Most goodwill that can be written down: a hundred million.
const MOST_GOODWILL: f64 = 1e8;

/// A text that has room in every case, in characters.
pub(super) const SHORT: usize = 200;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Order {
    pub event: CaseEvent,
    pub note: String,
    /// What Ringback is to write to the customer.
    pub message: Option<Draft>,
}

impl Order {
    /// Whether it leaves a long text in the case.
    pub fn is_long(&self) -> bool {
        let task = match &self.event {
            CaseEvent::Split { task, .. } => task.as_str(),
            _ => "",
        };
        [self.note.as_str(), task].iter().any(|text| text.chars().count() > SHORT)
    }
}

/// A message to the customer.
#[derive(Debug)]
pub(super) enum Draft {
    /// As a person wrote it.
    Own { subject: String, text: String },
    /// By a template, with what a person wants it to say.
    Template { kind: MessageKind, words: Option<String> },
}

/// Reads an order; every wrong field is named.
pub(super) fn parse(value: &Value, policies: &BTreeMap<PolicyId, Policy>) -> Result<Order, Problem> {
    let mistakes = Mistakes::default();
    let order = Fields::of(value, "", &mistakes).and_then(|fields| {
        let kind = fields.required_choice::<EventKind>("type")?;
        let note = fields.required_text("note", MAX_TEXT);
        let message = match kind {
            EventKind::Inform => fields.object("message").and_then(|m| draft(&m)),
            _ => None,
        };
        let event = match kind {
            EventKind::ChangePolicy => change_policy(&fields, policies),
            _ => read(&fields, kind),
        };
        if message.is_some() && event.as_ref().is_some_and(|e| e.contacts_on() != Some(ContactChannel::Email)) {
            fields.wrong(
                "message",
                "Ringback writes e-mail only: for another channel leave it out and tell the customer yourself",
            );
        }
        // Without a known type nobody can say which fields belong to it.
        fields.refuse_unknown();
        Some(Order { event: event?, note: note?, message })
    });
    mistakes.or(order)
}

fn read(f: &Fields<'_>, kind: EventKind) -> Option<CaseEvent> {
    match kind {
        EventKind::Acknowledge => Some(CaseEvent::Acknowledge),
        EventKind::Assign => assign(f).map(|(owner, queue)| CaseEvent::Assign { owner, queue }),
        EventKind::Contact => contact(f),
        EventKind::Wait => {
            let reason = f.required_text("reason", MAX_TEXT);
            let until = f.instant("until");
            if f.value("until").is_none() {
                f.wrong("until", "is required");
            }
            Some(CaseEvent::Wait { reason: reason?, until: until? })
        }
        EventKind::Resume => Some(CaseEvent::Resume),
        EventKind::Resolve => {
            let root_cause = f.required_text("root_cause", MAX_LINE);
            let remedy = f.text("remedy", MAX_TEXT);
            let goodwill = goodwill(f);
            Some(CaseEvent::Resolve { root_cause: root_cause?, remedy, goodwill })
        }
        EventKind::Inform => Some(CaseEvent::Inform { channel: f.required_choice("channel")? }),
        EventKind::Close => Some(CaseEvent::Close { without_informing: f.text("without_informing", MAX_TEXT) }),
        EventKind::Reopen => Some(CaseEvent::Reopen),
        EventKind::Merge => {
            let into = f.required_text("into", MAX_NAME)?;
            if !is_name(&into) {
                f.wrong("into", "is no case's id");
                return None;
            }
            Some(CaseEvent::Merge { into })
        }
        EventKind::Split => {
            let department = queue(f, "department");
            if department.is_none() {
                let _ = f.required_text("department", MAX_NAME);
            }
            let task = f.required_text("task", MAX_TEXT);
            Some(CaseEvent::Split { department: department?, task: task? })
        }
        EventKind::FinishTask => Some(CaseEvent::FinishTask { task: task(f)? }),
        EventKind::ChangePolicy => None,
    }
}

fn change_policy(f: &Fields<'_>, policies: &BTreeMap<PolicyId, Policy>) -> Option<CaseEvent> {
    let id = f.required_text("policy", MAX_NAME)?;
    let Some((id, policy)) = policies.iter().find(|(known, _)| known.as_str() == id) else {
        f.wrong("policy", "is no deadline policy of the programme");
        return None;
    };
    Some(CaseEvent::ChangePolicy { id: id.clone(), policy: Box::new(policy.clone()) })
}

/// Whom the case is given to, and which queue it waits in: at least one of them.
pub(super) fn assign(f: &Fields<'_>) -> Option<(Option<String>, Option<QueueId>)> {
    let owner = f.text("owner", MAX_NAME);
    let queue = queue(f, "queue");
    if owner.is_none() && f.value("owner").is_none() && f.value("queue").is_none() {
        f.wrong("owner", "is required, unless `queue` is given");
        return None;
    }
    Some((owner, queue))
}

fn queue(f: &Fields<'_>, name: &'static str) -> Option<QueueId> {
    f.parsed(name, MAX_NAME, |text| QueueId::new(text))
}

fn contact(f: &Fields<'_>) -> Option<CaseEvent> {
    let channel = match f.value("channel").and_then(Value::as_str) {
        Some("other") => Some(None),
        Some(name) if ContactChannel::from_name(name).is_none() => {
            f.wrong("channel", "must be one of email, phone, sms, post, other");
            None
        }
        _ => f.required_choice("channel").map(Some),
    };
    let outcome = f.required_choice("outcome");
    Some(CaseEvent::Contact { channel: channel?, outcome: outcome? })
}

/// An amount of money with at most two decimals, in hundredths.
fn goodwill(f: &Fields<'_>) -> Option<u64> {
    let value = f.value("goodwill")?;
    let hundredths = value.as_f64().filter(|n| (0.0..=MOST_GOODWILL).contains(n)).map(|n| n * 100.0);
    match hundredths.filter(|n| (n - n.round()).abs() < 1e-6) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1e10, and whole")]
        Some(hundredths) => Some(hundredths.round() as u64),
        None => {
            f.wrong("goodwill", "must be an amount from 0 to 100000000 with at most two decimals");
            None
        }
    }
}

fn task(f: &Fields<'_>) -> Option<u32> {
    let Some(value) = f.value("task") else {
        f.wrong("task", "is required");
        return None;
    };
    let number = value.as_u64().and_then(|n| u32::try_from(n).ok());
    if number.is_none() {
        f.wrong("task", "must be the number of a task");
    }
    number
}

fn draft(f: &Fields<'_>) -> Option<Draft> {
    if f.value("template").is_some() {
        let kind: Option<MessageKind> = f.required_choice("template");
        let words = f.text("text", MAX_TEXT);
        f.refuse_unknown();
        if kind.is_some_and(|kind| !kind.informs()) {
            f.wrong("template", "must be one of apology, remedy, result: others do not tell what was done");
            return None;
        }
        return Some(Draft::Template { kind: kind?, words });
    }
    let subject = f.required_text("subject", MAX_LINE);
    let text = f.required_text("text", MAX_TEXT);
    f.refuse_unknown();
    if subject.as_ref().is_some_and(|s| s.chars().any(char::is_control)) {
        f.wrong("subject", "is one line");
    }
    Some(Draft::Own { subject: subject?, text: text? })
}
