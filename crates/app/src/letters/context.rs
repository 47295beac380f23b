//! What a message may know. Each purpose has a list of its own, and is made from nothing but what stands in it: an offer
//! sees neither score nor comment, because its maker is never given them.
//!
//! An absent value is an empty text, so that `{% if comment %}` asks for it; a name that is on no list is a mistake.

use super::Brand;
use chrono::{DateTime, Utc};
use ringback_core::consent::Purpose;
use ringback_core::feedback::Feedback;
use ringback_core::message::MessageKind;

/// What every message may know.
pub(crate) const ALWAYS: [&str; 4] = ["company", "customer", "preferences", "reply_to"];
/// What a message about the answer may know, besides.
const FOLLOW_UP: [&str; 8] = ["score", "band", "touchpoint", "comment", "answered_on", "remedy", "words", "person"];
/// What a message that asks for an answer may know, besides.
const SURVEY: [&str; 2] = ["link", "touchpoint"];
/// What a message that sells may know, besides.
const MARKETING: [&str; 2] = ["link", "code"];

/// What the question for a confirmation may know: nothing that somebody typed, for it goes to an address that anybody could
/// have typed.
const CONFIRMATION: [&str; 4] = ["company", "preferences", "reply_to", "link"];

/// The names that a message of a kind may use.
pub fn known(kind: MessageKind) -> impl Iterator<Item = &'static str> {
    let own: &[&str] = match kind.purpose() {
        _ if kind == MessageKind::Confirmation => return CONFIRMATION.iter().chain(&[]).copied(),
        Purpose::FollowUp => &FOLLOW_UP,
        Purpose::Survey => &SURVEY,
        Purpose::Marketing => &MARKETING,
    };
    ALWAYS.iter().chain(own).copied()
}

/// Where the links of a message lead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    /// The page where the customer sees and changes what may be sent to them.
    pub preferences: String,
    /// Where a person can be asked for.
    pub person: String,
    /// The survey's page, for this customer alone.
    pub survey: String,
    /// The code by which the customer recommends us.
    pub code: String,
}

/// Everything that a message could be about; which of it a template sees is decided by [`values`].
pub(crate) struct Facts<'a> {
    pub company: &'a str,
    pub feedback: &'a Feedback,
    pub remedy: Option<&'a str>,
    /// What a person of the company wants to say in it.
    pub words: Option<&'a str>,
    /// Where the survey that is asked for is about.
    pub touchpoint: Option<&'a str>,
    pub links: &'a Links,
}

/// What a template sees.
pub(super) fn values(
    kind: MessageKind,
    facts: &Facts<'_>,
    brand: &Brand,
    language: &str,
) -> Vec<(&'static str, String)> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    if kind == MessageKind::Confirmation {
        return vec![
            ("company", facts.company.to_owned()),
            ("preferences", facts.links.preferences.clone()),
            ("reply_to", text(brand.reply_to.as_deref())),
            ("link", format!("{}/confirm", facts.links.preferences)),
        ];
    }
    let mut values = vec![
        ("company", facts.company.to_owned()),
        ("customer", text(facts.feedback.customer.name.as_deref())),
        ("preferences", facts.links.preferences.clone()),
        ("reply_to", text(brand.reply_to.as_deref())),
    ];
    match kind.purpose() {
        Purpose::FollowUp => values.extend(follow_up(facts, language)),
        Purpose::Survey => {
            values.extend([("link", facts.links.survey.clone()), ("touchpoint", text(facts.touchpoint))]);
        }
        Purpose::Marketing => values.extend(marketing(kind, brand, &facts.links.code)),
    }
    values
}

fn follow_up(facts: &Facts<'_>, language: &str) -> Vec<(&'static str, String)> {
    let feedback = facts.feedback;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    vec![
        ("score", feedback.score.get().to_string()),
        ("band", feedback.band.as_str().to_owned()),
        ("touchpoint", feedback.touchpoint.as_str().to_owned()),
        ("comment", text(feedback.comment.as_deref())),
        ("answered_on", day(feedback.occurred_at.unwrap_or(feedback.received_at), language)),
        ("remedy", text(facts.remedy)),
        ("words", text(facts.words)),
        ("person", facts.links.person.clone()),
    ]
}

/// Not from the answer: neither its score nor its comment comes here.
fn marketing(kind: MessageKind, brand: &Brand, code: &str) -> Vec<(&'static str, String)> {
    let link = match kind {
        MessageKind::Review => brand.review_url.clone(),
        _ => brand.referral_url.as_ref().map(|url| url.replace("{code}", code)),
    };
    vec![("link", link.unwrap_or_default()), ("code", code.to_owned())]
}

/// A day as it is written in a language.
fn day(at: DateTime<Utc>, language: &str) -> String {
    let form = match crate::web::primary(language).as_str() {
        "de" => "%-d.%-m.%Y",
        "fr" | "es" | "it" => "%d/%m/%Y",
        "en" => "%-d %b %Y",
        _ => "%Y-%m-%d",
    };
    at.format(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringback_core::names::Named as _;

    /// The lists and what is put in are the same, so that no check lets a name pass that is missing later.
    #[test]
    fn every_kind_sees_what_its_list_says_and_nothing_else() {
        let (feedback, _) = super::super::preview::samples();
        let links = Links::default();
        for kind in MessageKind::ALL {
            let facts = Facts {
                company: "Example",
                feedback: &feedback,
                remedy: Some("r"),
                words: Some("w"),
                touchpoint: None,
                links: &links,
            };
            let seen: Vec<&str> =
                values(*kind, &facts, &Brand::default(), "en").into_iter().map(|(name, _)| name).collect();
            assert_eq!(seen, known(*kind).collect::<Vec<_>>(), "{kind:?}");
        }
    }

    #[test]
    fn what_sells_sees_neither_score_nor_comment() {
        for kind in [MessageKind::Offer, MessageKind::Referral, MessageKind::Review, MessageKind::Ambassador] {
            assert!(
                !known(kind).any(|name| matches!(name, "score" | "band" | "comment" | "words" | "remedy")),
                "{kind:?}"
            );
        }
    }
}
