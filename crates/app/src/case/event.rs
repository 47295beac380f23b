//! Reads what a person wants done to a case.

use crate::fields::{Fields, Mistakes};
use crate::problem::Problem;
use ringback_core::case::CaseEvent;
use ringback_core::consent::ContactChannel;
use serde_json::Value;

/// Longest note, message or remedy, in characters.
const MAX_TEXT: usize = 4_000;
/// Longest root cause or subject, in characters.
const MAX_LINE: usize = 200;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Order {
    pub event: CaseEvent,
    pub note: String,
    /// What Ringback is to write to the customer.
    pub message: Option<Draft>,
}

/// A message to the customer, as a person wrote it.
#[derive(Debug)]
pub(super) struct Draft {
    pub subject: String,
    pub text: String,
}

/// Reads an order; every wrong field is named.
pub(super) fn parse(value: &Value) -> Result<Order, Problem> {
    let mistakes = Mistakes::default();
    let order = Fields::of(value, "", &mistakes).and_then(|fields| {
        let order = read(&fields);
        // Without a known type nobody can say which fields belong to it.
        if order.is_some() {
            fields.refuse_unknown();
        }
        order
    });
    mistakes.or(order)
}

fn read(f: &Fields<'_>) -> Option<Order> {
    let kind = f.required_text("type", 32)?;
    let note = f.required_text("note", MAX_TEXT);
    let mut message = None;
    let event = match kind.as_str() {
        "acknowledge" => Some(CaseEvent::Acknowledge),
        "contact" => contact(f),
        "resolve" => {
            let root_cause = f.required_text("root_cause", MAX_LINE);
            let remedy = f.text("remedy", MAX_TEXT);
            root_cause.map(|root_cause| CaseEvent::Resolve { root_cause, remedy })
        }
        "inform" => {
            let channel = f.required_choice("channel");
            message = f.object("message").and_then(|m| draft(&m));
            if message.is_some() && channel.is_some_and(|c| c != ContactChannel::Email) {
                f.wrong(
                    "message",
                    "Ringback writes e-mail only: for another channel leave it out and tell the customer yourself",
                );
            }
            channel.map(|channel| CaseEvent::Inform { channel })
        }
        "close" => Some(CaseEvent::Close { without_informing: f.text("without_informing", MAX_TEXT) }),
        _ => {
            f.wrong("type", "must be one of acknowledge, contact, resolve, inform, close");
            None
        }
    };
    Some(Order { event: event?, note: note?, message })
}

fn contact(f: &Fields<'_>) -> Option<CaseEvent> {
    let channel = f.required_choice("channel");
    let outcome = f.required_choice("outcome");
    Some(CaseEvent::Contact { channel: channel?, outcome: outcome? })
}

fn draft(f: &Fields<'_>) -> Option<Draft> {
    let subject = f.required_text("subject", MAX_LINE);
    let text = f.required_text("text", MAX_TEXT);
    f.refuse_unknown();
    if subject.as_ref().is_some_and(|s| s.chars().any(char::is_control)) {
        f.wrong("subject", "is one line");
    }
    Some(Draft { subject: subject?, text: text? })
}
