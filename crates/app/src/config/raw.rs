//! `ringback.toml` as it is written, before anything is checked beyond its shape.

use super::{Role, SourceKind};
use ringback_core::id::{ChannelId, PolicyId, RouteId, SourceId, SurveyId, TouchpointId};
use ringback_core::rule::Rule;
use ringback_core::survey::{Metric, Thresholds};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub programme: RawProgramme,
    pub surveys: Vec<Spanned<RawSurvey>>,
    #[serde(default)]
    pub sources: Vec<Spanned<RawSource>>,
    #[serde(default)]
    pub rules: Vec<Spanned<Rule>>,
    #[serde(default)]
    pub deadlines: Vec<Spanned<RawPolicy>>,
    #[serde(default)]
    pub routes: Vec<Spanned<RawRoute>>,
    #[serde(default)]
    pub channels: Vec<Spanned<RawChannel>>,
    pub messages: Option<RawMessages>,
    #[serde(default)]
    pub access: Vec<Spanned<RawAccess>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProgramme {
    pub name: String,
    pub public_url: Spanned<String>,
    pub default_country: Option<Spanned<String>>,
    pub default_locale: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSurvey {
    pub id: SurveyId,
    pub metric: Metric,
    pub touchpoint: TouchpointId,
    pub journey: Option<String>,
    pub thresholds: Option<Spanned<Thresholds>>,
    #[serde(default)]
    pub countries: BTreeMap<Spanned<String>, RawCountry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCountry {
    pub thresholds: Spanned<Thresholds>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSource {
    pub id: SourceId,
    pub kind: SourceKind,
    pub secret_variable: Spanned<String>,
    /// Signed sources: pointer to the sender's name of the survey, where it sends several.
    pub survey_at: Option<Spanned<String>>,
    #[serde(default)]
    pub surveys: Vec<Spanned<RawMapping>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMapping {
    pub vendor_survey: Option<String>,
    pub survey: Spanned<SurveyId>,
    pub response: Option<Spanned<String>>,
    pub score: Spanned<String>,
    pub comment: Option<Spanned<String>>,
    pub consent: Option<RawConsent>,
    pub identity: Option<RawIdentity>,
    pub locale: Option<Spanned<String>>,
    pub country: Option<Spanned<String>>,
    pub segment: Option<Spanned<String>>,
    pub tier: Option<Spanned<String>>,
    pub occurred_at: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsent {
    pub question: Spanned<String>,
    pub accepted: Vec<RawAccepted>,
    pub channel: ringback_core::consent::ContactChannel,
    pub purpose: ringback_core::consent::Purpose,
    pub wording: Option<String>,
}

/// An answer that means yes.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawAccepted {
    Bool(bool),
    Number(i64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentity {
    pub customer: Option<Spanned<String>>,
    pub name: Option<Spanned<String>>,
    pub email: Option<Spanned<String>>,
    pub phone: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    pub id: PolicyId,
    pub first_contact: Option<Spanned<String>>,
    pub closure: Option<Spanned<String>>,
    pub warn_at: Option<Spanned<f64>>,
    pub warn: Option<Spanned<RouteId>>,
    #[serde(default)]
    pub escalations: Vec<Spanned<RawEscalation>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEscalation {
    pub after: Spanned<String>,
    pub route: Spanned<RouteId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    pub id: RouteId,
    pub channels: Spanned<Vec<Spanned<ChannelId>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChannel {
    pub id: ChannelId,
    pub kind: RawChannelKind,
    pub url_variable: Option<Spanned<String>>,
    pub secret_variable: Option<Spanned<String>>,
    pub key_variable: Option<Spanned<String>>,
    pub origin_variable: Option<Spanned<String>>,
    pub from: Option<String>,
    #[serde(default)]
    pub to: Vec<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawChannelKind {
    Slack,
    Resend,
    Webhook,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMessages {
    pub channel: Spanned<ChannelId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAccess {
    pub id: String,
    pub role: Role,
    pub token_sha256_variable: Spanned<String>,
}
