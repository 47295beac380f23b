//! What an alert says, before a channel puts it into its own form.

use super::text;
use crate::config::Config;
use crate::dossier::Dossier;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, Occasion};
use ringback_core::case::Case;
use ringback_core::consent::{ContactChannel, Decision};
use ringback_core::deadline::ClockKind;
use ringback_core::feedback::Feedback;
use ringback_ledger::Record;

/// An alert, in words. Texts of customers are tamed but not escaped: each channel escapes for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The name under which it is sent, the same over all attempts.
    pub id: String,
    /// `case.opened`, `deadline.warning`, `deadline.breached`, `survey.due`.
    pub event: &'static str,
    /// Which clock and level, where it is about a deadline.
    pub about: Option<String>,
    /// One line: what happened.
    pub headline: String,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// Facts, as label and text.
    pub facts: Vec<(&'static str, String)>,
    /// The page of the case.
    pub link: String,
    /// The company's name.
    pub company: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it is sent.
    pub now: DateTime<Utc>,
}

impl Notice {
    /// Puts an alert into words; none when the answer has no case.
    #[must_use]
    pub fn new(
        config: &Config,
        record: &Record<Dossier>,
        delivery: &Delivery,
        contact: &[(ContactChannel, Option<Decision>)],
        id: String,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let case = record.body.case.as_ref()?;
        let feedback = &record.body.feedback;
        let (headline, about, at) = headline(&delivery.occasion, case, feedback, now);
        Some(Self {
            id,
            event: delivery.occasion.event_name(),
            about,
            headline,
            comment: feedback.comment.as_deref().map(text::tame),
            facts: facts(case, feedback, contact, now),
            link: format!("{}/desk/cases/{}", config.public_url, record.eid),
            company: config.name.clone(),
            at,
            now,
        })
    }
}

/// `Detractor 3/10 at checkout`
pub(crate) fn summary(f: &Feedback) -> String {
    let (_, top) = f.metric.scale();
    let band = f.band.as_str();
    let band = band[..1].to_ascii_uppercase() + &band[1..];
    format!("{band} {}/{top} at {}", f.score.get(), f.touchpoint)
}

fn headline(
    occasion: &Occasion,
    case: &Case,
    f: &Feedback,
    now: DateTime<Utc>,
) -> (String, Option<String>, DateTime<Utc>) {
    let summary = summary(f);
    let clock = |kind: ClockKind| match kind {
        ClockKind::FirstContact => &case.first_contact,
        ClockKind::Closure => &case.closure,
    };
    match occasion {
        Occasion::Opened | Occasion::Message => (summary, None, case.opened_at),
        Occasion::SurveyDue => (format!("Ask again: {summary}"), None, now),
        Occasion::Warning(kind) => {
            let clock = clock(*kind);
            let left = clock.due_at - now;
            let time = if left.num_seconds() > 0 {
                format!("{} left", text::duration(left))
            } else {
                "no time left".to_owned()
            };
            (format!("{time} for {}: {summary}", kind.label()), Some(kind.label().to_owned()), clock.warn_at)
        }
        Occasion::Breached(kind, level) => {
            let clock = clock(*kind);
            let headline = format!("Overdue, {} missed: {summary}", kind.label());
            (headline, Some(format!("{}, level {level}", kind.label())), clock.due_at)
        }
    }
}

fn facts(
    case: &Case,
    f: &Feedback,
    contact: &[(ContactChannel, Option<Decision>)],
    now: DateTime<Utc>,
) -> Vec<(&'static str, String)> {
    let short = |t: &str| text::shorten(&text::one_line(t), 120);
    let mut facts = vec![("Customer", customer(f))];
    if let Some(account) = f.account.as_ref().and_then(|a| a.name.as_deref().or(a.id.as_deref())) {
        facts.push(("Account", short(account)));
    }
    let place =
        [f.segment.as_deref(), f.country.as_deref()].into_iter().flatten().map(short).collect::<Vec<_>>().join(", ");
    let survey = format!("{} ({})", f.touchpoint, f.metric.label());
    facts.push(("Where", if place.is_empty() { survey } else { format!("{survey}, {place}") }));
    facts.push(("Priority", format!("{}, queue {}", case.priority.as_str(), case.queue)));
    for (label, clock) in [("First contact due", &case.first_contact), ("Closure due", &case.closure)] {
        let stands = match clock.met_at {
            Some(met) => format!("done {}", text::instant(met)),
            None => text::deadline(clock.due_at, now),
        };
        facts.push((label, stands));
    }
    facts.push(("May we contact?", contact.iter().map(permission).collect::<Vec<_>>().join("; ")));
    facts
}

fn customer(f: &Feedback) -> String {
    let c = &f.customer;
    let known = [c.name.as_deref(), c.email.as_deref(), c.phone.as_deref()];
    let mut parts: Vec<String> = known.into_iter().flatten().map(|t| text::shorten(&text::one_line(t), 120)).collect();
    if parts.is_empty() {
        parts.extend(c.id.as_deref().map(|id| format!("no. {}", text::shorten(&text::one_line(id), 120))));
    }
    if parts.is_empty() {
        parts.push("anonymous".to_owned());
    }
    parts.extend(c.tier.as_deref().map(|tier| format!("tier {}", text::shorten(&text::one_line(tier), 60))));
    parts.join(", ")
}

fn permission((channel, decision): &(ContactChannel, Option<Decision>)) -> String {
    let way = match channel {
        ContactChannel::Email => "e-mail",
        ContactChannel::Phone => "phone",
        ContactChannel::Sms => "text message",
        ContactChannel::Post => "letter",
    };
    match decision {
        Some(Decision::Allowed(_)) => format!("{way}: yes"),
        Some(Decision::Blocked(why)) => format!("{way}: no ({})", why.explain()),
        None => format!("{way}: no (consent could not be checked)"),
    }
}
