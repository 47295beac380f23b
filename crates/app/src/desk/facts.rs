//! What a case's page says in short facts: whether the customer may be contacted, who works the case and how it stands, who
//! the customer is, and what was sent.
//!
//! Each is a label and a text; how it looks is the template's.

use super::lang::Lang;
use crate::deliver::text::one_line;
use crate::dossier::Dossier;
use crate::ports::ConsentGate;
use ringback_core::alert::{Delivery, DeliveryState};
use ringback_core::case::Case;
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::rule::Advocacy;
use ringback_ledger::Record;

/// A fact with a mark for what deserves attention.
pub(super) struct Fact {
    pub label: String,
    pub text: String,
    /// `good`, `warn`, `bad` or nothing.
    pub mark: &'static str,
}

/// What the gate says of each way to reach the customer.
pub(super) async fn contact(l: Lang, record: &Record<Dossier>, gate: &impl ConsentGate) -> Vec<Fact> {
    let mut facts = Vec::new();
    let labels =
        [(ContactChannel::Email, l.say("E-mail", "E-Mail")), (ContactChannel::Phone, l.say("Phone", "Telefon"))];
    for (channel, label) in labels {
        let (text, mark) = match gate.may_contact(&record.body.feedback.customer, channel, Purpose::FollowUp).await {
            Ok(Decision::Allowed(proof)) => {
                let said = l.instant(proof.given_at);
                (format!("{}, {said} ({})", l.say("yes", "ja"), one_line(&proof.source)), "good")
            }
            Ok(Decision::Blocked(why)) => (format!("{} ({})", l.say("no", "nein"), why.explain()), "bad"),
            Err(_) => {
                let text = l.say("no (consent could not be checked)", "nein (Einwilligung nicht prüfbar)");
                (text.to_owned(), "bad")
            }
        };
        facts.push(Fact { label: label.to_owned(), text, mark });
    }
    facts
}

/// Who works it, how it stands, and what belongs to it.
pub(super) fn work(l: Lang, case: &Case) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |label: &str, text: String, mark| facts.push(Fact { label: label.to_owned(), text, mark });
    let nobody = l.say("nobody", "niemand");
    add(l.say("Owner", "Person"), case.owner.as_deref().map_or_else(|| nobody.to_owned(), one_line), "");
    if let Some(why) = case.allotment.as_ref().and_then(|allotment| allotment.why.as_deref()) {
        add(l.say("Because", "Weil"), one_line(why), "");
    }
    add(l.say("Queue", "Warteschlange"), case.queue.to_string(), "");
    add(l.say("Track", "Weg"), l.track(case.track).to_owned(), "");
    if let Some(asks) = case.advocacy.map(Advocacy::as_str) {
        add(l.say("We ask for", "Wir bitten um"), asks.to_owned(), "");
    }
    if let Some(waiting) = &case.waiting {
        let until = l.instant(waiting.until);
        add(
            l.say("Waits for", "Wartet auf"),
            format!("{} ({} {until})", one_line(&waiting.reason), l.say("until", "bis")),
            "warn",
        );
    }
    for task in &case.tasks {
        let stands = task.done_at.map_or_else(|| l.say("open", "offen").to_owned(), |at| l.instant(at));
        let text = format!("{} for {}: {} ({stands})", task.number, task.department, one_line(&task.what));
        add(l.say("Task", "Aufgabe"), text, if task.done_at.is_some() { "good" } else { "" });
    }
    if let Some(cause) = &case.root_cause {
        add(l.say("Root cause", "Ursache"), one_line(cause), "");
    }
    if let Some(remedy) = &case.remedy {
        add(l.say("Remedy", "Abhilfe"), one_line(remedy), "");
    }
    if let Some(into) = &case.merged_into {
        add(l.say("Goes on in", "Geht weiter in"), into.clone(), "");
    }
    if let Some(at) = case.recovered_at {
        add(l.say("Won back", "Zurückgewonnen"), l.instant(at), "good");
    }
    facts
}

pub(super) fn customer(l: Lang, dossier: &Dossier) -> Vec<Fact> {
    let f = &dossier.feedback;
    let account = f.account.as_ref().and_then(|a| a.name.as_deref().or(a.id.as_deref()));
    let known = [
        (l.say("Name", "Name"), f.customer.name.as_deref()),
        (l.say("E-mail", "E-Mail"), f.customer.email.as_deref()),
        (l.say("Phone", "Telefon"), f.customer.phone.as_deref()),
        (l.say("Number", "Nummer"), f.customer.id.as_deref()),
        (l.say("Tier", "Stufe"), f.customer.tier.as_deref()),
        (l.say("Account", "Firma"), account),
        (l.say("Segment", "Segment"), f.segment.as_deref()),
        (l.say("Country", "Land"), f.country.as_deref()),
        (l.say("Language", "Sprache"), f.locale.as_deref()),
    ];
    let fact =
        |(label, text): (&str, Option<&str>)| Some(Fact { label: label.to_owned(), text: one_line(text?), mark: "" });
    let mut facts: Vec<Fact> = known.into_iter().filter_map(fact).collect();
    let received =
        Fact { label: l.say("Answered", "Antwort vom").to_owned(), text: l.instant(f.received_at), mark: "" };
    facts.push(received);
    facts
}

pub(super) fn deliveries(l: Lang, dossier: &Dossier) -> Vec<Fact> {
    let messages = dossier.messages.iter().map(|m| &m.delivery);
    dossier.alerts.iter().chain(messages).map(|d| delivery(l, d)).collect()
}

fn delivery(l: Lang, d: &Delivery) -> Fact {
    let (state, mark) = match d.state {
        DeliveryState::Delivered => (l.say("delivered", "zugestellt"), "good"),
        DeliveryState::Pending => (l.say("on its way", "unterwegs"), ""),
        DeliveryState::Failed => (l.say("failed", "gescheitert"), "bad"),
        DeliveryState::Skipped => (l.say("skipped", "ausgelassen"), "warn"),
        DeliveryState::Blocked => (l.say("blocked", "gesperrt"), "bad"),
        DeliveryState::Discarded => (l.say("put away", "abgelegt"), "warn"),
    };
    let label = match d.occasion.event_name() {
        "case.opened" => l.say("Case opened", "Fall eröffnet"),
        "case.untaken" => l.say("Nobody has taken it", "Noch niemand da"),
        "deadline.warning" => l.say("Deadline warning", "Frist wird knapp"),
        "deadline.breached" => l.say("Deadline missed", "Frist verpasst"),
        "customer.message" => l.say("Message to the customer", "Nachricht an den Kunden"),
        other => other,
    };
    let when = d.delivered_at.map(|at| format!(", {}", l.instant(at))).unwrap_or_default();
    let why = d.last_error.as_deref().map(|e| format!(": {}", one_line(e))).unwrap_or_default();
    Fact { label: label.to_owned(), text: format!("{}: {state}{when}{why}", d.channel), mark }
}
