//! Which field of a survey platform's event means what.

use ringback_core::consent::{ContactChannel, Purpose};
use ringback_core::id::SurveyId;
use serde_json::Value;

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
    /// The company they answer for.
    pub account: AccountMapping,
    /// Language.
    pub locale: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// How the survey reached the customer.
    pub channel: Option<String>,
    /// Where in the journey it was asked; the survey's touchpoint where the event does not say.
    pub touchpoint: Option<String>,
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

/// Where the company is that the customer answers for.
#[derive(Debug, Clone, Default)]
pub struct AccountMapping {
    /// The account's number.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// What the customer does there.
    pub role: Option<String>,
    /// How high the customer stands there.
    pub level: Option<String>,
}
