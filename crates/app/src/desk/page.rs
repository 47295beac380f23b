//! What the desk's pages show.

use crate::deliver::text::{deadline, instant, one_line};
use crate::dossier::Dossier;
use crate::ports::ConsentGate;
use askama::Template;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, DeliveryState};
use ringback_core::case::{Case, HistoryEntry};
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::deadline::{ClockKind, DeadlineClock};
use ringback_core::feedback::Customer;
use ringback_core::rule::Advocacy;
use ringback_ledger::Record;

/// Asks for an access token.
#[derive(Template)]
#[template(path = "desk/sign_in.html")]
pub(super) struct SignInPage<'a> {
    /// The case to go to afterwards.
    pub next: &'a str,
    /// Whether a token was refused just now.
    pub refused: bool,
    /// The company's name.
    pub company: &'a str,
}

/// Says one thing.
#[derive(Template)]
#[template(path = "desk/message.html")]
pub(super) struct MessagePage<'a> {
    pub title: &'a str,
    pub text: &'a str,
}

/// Asks who takes a case.
#[derive(Template)]
#[template(path = "desk/take.html")]
pub(super) struct TakePage<'a> {
    /// What it is about; empty when that was said before.
    pub summary: &'a str,
    /// The case's page.
    pub case: &'a str,
    /// Whether no name was given just now.
    pub refused: bool,
}

/// A fact with a mark for what deserves attention.
pub(super) struct Fact {
    pub label: &'static str,
    pub text: String,
    /// `good`, `bad` or nothing.
    pub mark: &'static str,
}

/// A case.
#[derive(Template)]
#[template(path = "desk/case.html")]
pub(super) struct CasePage<'a> {
    company: &'a str,
    who: &'a str,
    title: String,
    state: &'static str,
    priority: &'static str,
    comment: Option<&'a str>,
    sections: Vec<(&'static str, Vec<Fact>)>,
    script: &'a [String],
    history: &'a [HistoryEntry],
}

/// What the gate says of each way to reach the customer.
pub(super) async fn contact(customer: &Customer, gate: &impl ConsentGate) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (channel, label) in [(ContactChannel::Email, "E-mail"), (ContactChannel::Phone, "Phone")] {
        let (text, mark) = match gate.may_contact(customer, channel, Purpose::FollowUp).await {
            Ok(Decision::Allowed(proof)) => {
                (format!("yes, said {} ({})", instant(proof.given_at), proof.source), "good")
            }
            Ok(Decision::Blocked(why)) => (format!("no ({})", why.explain()), "bad"),
            Err(_) => ("no (consent could not be checked)".to_owned(), "bad"),
        };
        facts.push(Fact { label, text, mark });
    }
    facts
}

impl<'a> CasePage<'a> {
    pub fn new(
        company: &'a str,
        record: &'a Record<Dossier>,
        script: &'a [String],
        contact: Vec<Fact>,
        who: &'a str,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let case = record.body.case.as_ref()?;
        let feedback = &record.body.feedback;
        let why = |kind| Fact { label: "Why then?", text: case.why_due(kind), mark: "" };
        let clocks = vec![
            clock("First contact", &case.first_contact, now),
            why(ClockKind::FirstContact),
            clock("Closure", &case.closure, now),
            why(ClockKind::Closure),
        ];
        Some(Self {
            company,
            who,
            title: crate::deliver::summary(feedback),
            state: case.state.as_str(),
            priority: case.priority.as_str(),
            comment: feedback.comment.as_deref(),
            sections: vec![
                ("Who works it", work(case)),
                ("Deadlines", clocks),
                ("May we contact the customer?", contact),
                ("How it stands", standing(case)),
                ("Customer", customer(&record.body)),
                ("Alerts and messages", deliveries(&record.body)),
            ],
            script,
            history: &case.history,
        })
    }
}

/// What is waited for, who does a part, and what belongs to other cases.
fn standing(case: &Case) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |label, text, mark| facts.push(Fact { label, text, mark });
    add("Owner", case.owner.clone().unwrap_or_else(|| "nobody".to_owned()), "");
    if let Some(waiting) = &case.waiting {
        add("Waiting", format!("{}, until {} at most", one_line(&waiting.reason), instant(waiting.until)), "");
    }
    for task in &case.tasks {
        let state = task.done_at.map_or_else(|| "open".to_owned(), |at| format!("done {}", instant(at)));
        let mark = if task.done_at.is_some() { "good" } else { "" };
        add("Task", format!("{} for {}: {} ({state})", task.number, task.department, one_line(&task.what)), mark);
    }
    if let Some(into) = &case.merged_into {
        add("Merged", format!("goes on in case {into}"), "");
    }
    if let Some(at) = case.recovered_at {
        add("Won back", format!("answered again {}", instant(at)), "good");
    }
    facts
}

fn customer(dossier: &Dossier) -> Vec<Fact> {
    let f = &dossier.feedback;
    let account = f.account.as_ref().and_then(|a| a.name.as_deref().or(a.id.as_deref()));
    let touchpoint = format!("{} ({})", f.touchpoint, f.metric.label());
    let known = [
        ("Name", f.customer.name.as_deref()),
        ("E-mail", f.customer.email.as_deref()),
        ("Phone", f.customer.phone.as_deref()),
        ("Number", f.customer.id.as_deref()),
        ("Tier", f.customer.tier.as_deref()),
        ("Account", account),
        ("Segment", f.segment.as_deref()),
        ("Country", f.country.as_deref()),
        ("Language", f.locale.as_deref()),
        ("Asked at", Some(touchpoint.as_str())),
    ];
    let facts = known.into_iter().filter_map(|(label, text)| Some(Fact { label, text: one_line(text?), mark: "" }));
    facts.collect()
}

fn work(case: &Case) -> Vec<Fact> {
    let fact = |label, text: Option<&str>| Some(Fact { label, text: one_line(text?), mark: "" });
    let asks = case.advocacy.map(Advocacy::as_str);
    let why = case.allotment.as_ref().and_then(|allotment| allotment.why.as_deref());
    let facts = [
        fact("Owner", case.owner.as_deref()),
        fact("Why them", why.filter(|_| case.owner.is_some())),
        fact("Nobody, because", why.filter(|_| case.owner.is_none())),
        fact("Track", Some(case.track.as_str())),
        fact("We ask for", asks),
    ];
    facts.into_iter().flatten().collect()
}

fn clock(label: &'static str, c: &DeadlineClock, now: DateTime<Utc>) -> Fact {
    let (text, mark) = match (c.met_at, c.breached_at) {
        (Some(met), None) => (format!("done {}", instant(met)), "good"),
        (Some(met), Some(due)) => (format!("done {}, late: it was due {}", instant(met), instant(due)), "bad"),
        (None, Some(_)) => (format!("overdue, was due {}", deadline(c.due_at, now)), "bad"),
        (None, None) => (format!("due {}", deadline(c.due_at, now)), ""),
    };
    Fact { label, text, mark }
}

fn deliveries(dossier: &Dossier) -> Vec<Fact> {
    let messages = dossier.messages.iter().map(|m| &m.delivery);
    dossier.alerts.iter().chain(messages).map(delivery).collect()
}

fn delivery(d: &Delivery) -> Fact {
    let (state, mark) = match d.state {
        DeliveryState::Delivered => ("delivered", "good"),
        DeliveryState::Pending => ("on its way", ""),
        DeliveryState::Failed => ("failed", "bad"),
        DeliveryState::Skipped => ("skipped", "bad"),
        DeliveryState::Blocked => ("blocked", "bad"),
    };
    let label = match d.occasion.event_name() {
        "case.opened" => "Case opened",
        "deadline.warning" => "Deadline warning",
        "deadline.breached" => "Deadline missed",
        _ => "Message to the customer",
    };
    let when = d.delivered_at.map(|at| format!(" {}", instant(at))).unwrap_or_default();
    let why = d.last_error.as_deref().map(|e| format!(": {e}")).unwrap_or_default();
    Fact { label, text: format!("{}: {state}{when}{why}", d.channel), mark }
}
