//! What a link to a survey page, or the page's form, carries from one step to the next.
//!
//! Whatever has not the right form is left out: a link that was cut short is still a question. Nothing here is believed
//! about who answers; that is asked when a form is taken.

use super::{language, parameter};
use crate::App;
use crate::intake;
use http::{HeaderMap, header};
use ringback_core::id::TouchpointId;
use ringback_core::survey::{Score, Survey};
use ringback_ledger::{Clock, Entropy, Store};

/// The longest form that a person can send, in bytes: a comment of three bytes a character, each written as `%E0`.
pub const MAX_FORM: usize = 128 * 1024;
/// Longest signed identity in a link, in characters.
const LONGEST_TOKEN: usize = 2_048;
/// Longest invitation, in characters.
const LONGEST_INVITATION: usize = 256;

/// Where the visitor stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The score is asked for, or shown to be confirmed.
    Score,
    /// It is taken; the comment is asked for.
    Comment,
    /// All is taken.
    Done,
}

/// What a link or a form carries.
pub(super) struct Carried {
    pub language: &'static str,
    pub token: Option<String>,
    /// An invitation of ours.
    pub invitation: Option<String>,
    pub touchpoint: Option<String>,
    pub channel: String,
    /// The country that the link says.
    pub country: Option<String>,
    /// The country of whoever answers, once they are known.
    pub known_country: Option<String>,
    pub score: Option<u8>,
    pub comment: Option<String>,
    pub granted: Option<bool>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// The address as it was typed.
    pub typed: String,
    /// The response this page began, when, and the proof of that.
    pub response: String,
    pub at: u64,
    pub proof: String,
    /// The page that was sent.
    pub sent: Step,
    pub hidden: bool,
    /// The token of the link to this answer alone.
    pub own: Option<String>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The language of a page: what its link or form says, or else the browser.
    pub(super) fn spoken(&self, form: &[u8], headers: &HeaderMap) -> &'static str {
        let accepted =
            || headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let said = parameter(form, "lang").filter(|value| value.chars().count() <= 35);
        language(&said.unwrap_or_else(accepted), &self.config)
    }

    /// Reads a link's query, or a form.
    pub(super) fn carried(&self, survey: &Survey, form: &[u8], headers: &HeaderMap) -> Carried {
        let short = |name, max| parameter(form, name).filter(|value| value.chars().count() <= max);
        let score = short("score", 3).and_then(|text| Score::new(text.parse().ok()?, survey.metric).ok());
        let comment = parameter(form, "comment").map(|text| text.chars().take(intake::MAX_COMMENT).collect::<String>());
        Carried {
            language: self.spoken(form, headers),
            token: short("t", LONGEST_TOKEN),
            invitation: short("i", LONGEST_INVITATION),
            touchpoint: short("touchpoint", 64).filter(|text| TouchpointId::new(text.as_str()).is_ok()),
            channel: short("channel", 32)
                .filter(|text| ringback_ledger::is_name(text))
                .unwrap_or_else(|| "link".to_owned()),
            country: short("country", 8).and_then(|text| intake::country(&text).ok()),
            known_country: None,
            score: score.map(Score::get),
            comment: comment.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
            granted: short("contact", 3).and_then(|text| match text.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            }),
            email: short("email", intake::MAX_EMAIL).and_then(|text| intake::email(text.trim()).ok()),
            phone: short("phone", intake::MAX_PHONE).and_then(|text| intake::phone(text.trim()).ok()),
            typed: short("email", intake::MAX_EMAIL).or_else(|| short("phone", intake::MAX_EMAIL)).unwrap_or_default(),
            response: short("r", 64).filter(|text| ringback_ledger::is_name(text)).unwrap_or_default(),
            at: short("at", 20).and_then(|text| text.parse().ok()).unwrap_or(u64::MAX),
            proof: short("proof", 64).unwrap_or_default(),
            sent: if short("step", 1).as_deref() == Some("2") { Step::Comment } else { Step::Score },
            hidden: parameter(form, "website").is_some(),
            // Only a link of ours is shown, whatever the form says.
            own: short("own", LONGEST_INVITATION).filter(|token| self.is_own_token(token)),
        }
    }
}
