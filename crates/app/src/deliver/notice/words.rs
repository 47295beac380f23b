//! The words of an alert: its headline, its tone, and the facts that its reader needs.
//!
//! Texts of customers are cut and tamed here, but not escaped: each channel does that for itself.

use super::Tone;
use crate::deliver::text;
use chrono::{DateTime, Utc};
use ringback_core::alert::Occasion;
use ringback_core::case::Case;
use ringback_core::consent::{ContactChannel, Decision};
use ringback_core::deadline::ClockKind;
use ringback_core::feedback::Feedback;
use ringback_core::id::ChannelId;
use ringback_core::survey::Band;

/// `Detractor 3/10 at checkout`
pub(crate) fn summary(f: &Feedback) -> String {
    let (_, top) = f.metric.scale();
    let band = f.band.as_str();
    let band = band[..1].to_ascii_uppercase() + &band[1..];
    format!("{band} {}/{top} at {}", f.score.get(), f.touchpoint)
}

pub(super) fn headline(
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
        Occasion::Taken => (format!("Taken: {summary}"), None, now),
        Occasion::Resolved => (format!("Resolved: {summary}"), None, now),
        Occasion::PersonAsked => (format!("The customer asks for a person: {summary}"), None, now),
        Occasion::ChannelOff(channel) => (no_longer_reached(channel), Some(channel.as_str().to_owned()), now),
        Occasion::Untaken(_) => {
            let since = text::duration(now - case.opened_at);
            (format!("Nobody has taken it for {since}: {summary}"), None, now)
        }
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

pub(super) fn tone(occasion: &Occasion, f: &Feedback) -> Tone {
    match (occasion, f.band) {
        (Occasion::Taken | Occasion::Resolved, _) => Tone::Good,
        (Occasion::Breached(..) | Occasion::ChannelOff(_) | Occasion::PersonAsked, _) => Tone::Bad,
        (Occasion::Warning(_), _) => Tone::Warn,
        (_, Band::Detractor | Band::Dissatisfied) => Tone::Bad,
        (_, Band::Passive | Band::Neutral) => Tone::Warn,
        (_, Band::Promoter | Band::Satisfied) => Tone::Good,
    }
}

pub(super) fn facts(
    case: &Case,
    f: &Feedback,
    personal: bool,
    contact: &[(ContactChannel, Option<Decision>)],
    now: DateTime<Utc>,
) -> Vec<(&'static str, String)> {
    let short = |t: &str| text::shorten(&text::one_line(t), 120);
    let mut facts = vec![("Customer", customer(f, personal))];
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

fn customer(f: &Feedback, personal: bool) -> String {
    let c = &f.customer;
    let known = [c.name.as_deref(), c.email.as_deref(), c.phone.as_deref()];
    let mut parts: Vec<String> = known.into_iter().flatten().map(|t| text::shorten(&text::one_line(t), 120)).collect();
    if parts.is_empty() {
        parts.extend(c.id.as_deref().map(|id| format!("no. {}", text::shorten(&text::one_line(id), 120))));
    }
    if parts.is_empty() {
        parts.push(if personal { "anonymous" } else { "not shown here" }.to_owned());
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

pub(super) fn no_longer_reached(channel: &ChannelId) -> String {
    format!("Nothing reaches {channel} any more")
}
