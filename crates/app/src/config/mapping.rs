//! Which field of a survey platform's event means what.

use super::SourceKind;
use super::raw::{RawAccepted, RawConsent, RawIdentity, RawMapping};
use ringback_core::consent::{ContactChannel, Purpose};
use ringback_core::id::SurveyId;
use serde_json::Value;
use toml::Spanned;

/// What the fields of one survey's events mean. Paths are JSON pointers (RFC 6901) into the event.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The sender's name of the survey; none takes every event of the source.
    pub vendor_survey: Option<String>,
    /// Where the event names its survey.
    pub vendor_survey_at: Option<String>,
    /// Our survey.
    pub survey: SurveyId,
    /// Where the response's identity is; without it the webhook's own id is used.
    pub response: Option<String>,
    /// Where the score is.
    pub score: String,
    /// Where the comment is.
    pub comment: Option<String>,
    /// Where the consent is.
    pub consent: Option<ConsentMapping>,
    /// Who answered.
    pub identity: IdentityMapping,
    /// Language.
    pub locale: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Segment.
    pub segment: Option<String>,
    /// Value tier.
    pub tier: Option<String>,
    /// When it was answered.
    pub occurred_at: Option<String>,
}

/// The question that asks for consent.
#[derive(Debug, Clone)]
pub struct ConsentMapping {
    /// Where the answer is.
    pub question: String,
    /// Answers that mean yes; every other answer means no, and no answer says nothing.
    pub accepted: Vec<Value>,
    /// The channel it is about.
    pub channel: ContactChannel,
    /// The purpose it is about.
    pub purpose: Purpose,
    /// Version of its wording.
    pub wording: Option<String>,
}

/// Where the identity is.
#[derive(Debug, Clone, Default)]
pub struct IdentityMapping {
    /// The company's number for the customer.
    pub customer: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

/// A path that is written wrongly: its text, its place and what is wrong.
pub(super) struct BadPath {
    pub at: usize,
    pub message: String,
}

/// Turns what stands in the file into a pointer. Signed sources write pointers; Formbricks' question ids are
/// pointers into `data.data`, and `contact:`, `attribute:` and `meta:` lead to what it knows of the person and the visit.
fn pointer(kind: SourceKind, path: &Spanned<String>) -> Result<String, BadPath> {
    let text = path.get_ref();
    let escape = |name: &str| name.replace('~', "~0").replace('/', "~1");
    if text.starts_with('/') {
        return Ok(text.clone());
    }
    if kind == SourceKind::Signed || text.is_empty() {
        let message = format!("`{text}` is no JSON pointer: it starts with a slash, as in `/answers/score`");
        return Err(BadPath { at: path.span().start, message });
    }
    Ok(match text.split_once(':') {
        Some(("contact", name)) => format!("/data/contact/{}", escape(name)),
        Some(("attribute", name)) => format!("/data/contactAttributes/{}", escape(name)),
        Some(("meta", name)) => format!("/data/meta/{}", escape(name)),
        _ => format!("/data/data/{}", escape(text)),
    })
}

fn optional(kind: SourceKind, path: Option<&Spanned<String>>) -> Result<Option<String>, BadPath> {
    path.map(|p| pointer(kind, p)).transpose()
}

fn vendor_default(kind: SourceKind, path: &str) -> Option<String> {
    (kind == SourceKind::Formbricks).then(|| path.to_owned())
}

impl Mapping {
    pub(super) fn from_raw(
        kind: SourceKind,
        raw: &RawMapping,
        survey_at: Option<&Spanned<String>>,
    ) -> Result<Self, BadPath> {
        let survey_at = optional(kind, survey_at)?;
        Ok(Self {
            vendor_survey: raw.vendor_survey.clone(),
            vendor_survey_at: survey_at.or_else(|| vendor_default(kind, "/data/surveyId")),
            survey: raw.survey.get_ref().clone(),
            response: optional(kind, raw.response.as_ref())?.or_else(|| vendor_default(kind, "/data/id")),
            score: pointer(kind, &raw.score)?,
            comment: optional(kind, raw.comment.as_ref())?,
            consent: raw.consent.as_ref().map(|c| ConsentMapping::from_raw(kind, c)).transpose()?,
            identity: match &raw.identity {
                Some(identity) => IdentityMapping::from_raw(kind, identity)?,
                None => IdentityMapping::default(),
            },
            locale: optional(kind, raw.locale.as_ref())?.or_else(|| vendor_default(kind, "/data/language")),
            country: optional(kind, raw.country.as_ref())?,
            segment: optional(kind, raw.segment.as_ref())?,
            tier: optional(kind, raw.tier.as_ref())?,
            occurred_at: optional(kind, raw.occurred_at.as_ref())?.or_else(|| vendor_default(kind, "/data/createdAt")),
        })
    }
}

impl ConsentMapping {
    fn from_raw(kind: SourceKind, raw: &RawConsent) -> Result<Self, BadPath> {
        let accepted = raw.accepted.iter().map(|answer| match answer {
            RawAccepted::Bool(b) => Value::from(*b),
            RawAccepted::Number(n) => Value::from(*n),
            RawAccepted::Text(t) => Value::from(t.as_str()),
        });
        Ok(Self {
            question: pointer(kind, &raw.question)?,
            accepted: accepted.collect(),
            channel: raw.channel,
            purpose: raw.purpose,
            wording: raw.wording.clone(),
        })
    }
}

impl IdentityMapping {
    fn from_raw(kind: SourceKind, raw: &RawIdentity) -> Result<Self, BadPath> {
        Ok(Self {
            customer: optional(kind, raw.customer.as_ref())?,
            name: optional(kind, raw.name.as_ref())?,
            email: optional(kind, raw.email.as_ref())?,
            phone: optional(kind, raw.phone.as_ref())?,
        })
    }
}
