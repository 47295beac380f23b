//! Ringback's own feedback format (docs/api.md): strict, so that a misspelt field is heard of at once.

use super::API_SOURCE;
use super::value::{self, MAX_COMMENT, MAX_EMAIL, MAX_PHONE, MAX_RESPONSE_ID, MAX_SHORT};
use crate::config::Config;
use crate::fields::{Fields, Mistakes};
use crate::problem::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use ringback_core::consent::{Statement, Vouched};
use ringback_core::feedback::{Account, Answer, Assumed, Customer, Feedback};
use ringback_core::id::{SourceId, SurveyId, TouchpointId};
use ringback_core::survey::{Score, Survey};
use serde_json::Value;
use std::collections::BTreeMap;

/// How far ahead of our clock a sender's clock may be, in minutes.
const MAX_AHEAD_MIN: i64 = 5;
/// Most further answers in one post.
const MAX_ANSWERS: usize = 100;
/// Most consent statements in one post.
const MAX_STATEMENTS: usize = 20;

/// A post, checked.
pub(super) struct Post {
    pub feedback: Feedback,
    pub response_id: Option<String>,
}

/// Reads a post; every wrong field is named.
pub(super) fn parse(config: &Config, value: &Value, now: DateTime<Utc>) -> Result<Post, Problem> {
    let mistakes = Mistakes::default();
    let post = Fields::of(value, "", &mistakes).and_then(|fields| {
        let post = read(config, &fields, now);
        fields.refuse_unknown();
        post
    });
    mistakes.or(post)
}

fn read(config: &Config, f: &Fields<'_>, now: DateTime<Utc>) -> Option<Post> {
    let response_id = f.text("response_id", MAX_RESPONSE_ID);
    let survey = survey(config, f);
    let score = score(f, survey);
    let comment = f.text("comment", MAX_COMMENT);
    let occurred_at = f.instant("occurred_at");
    if occurred_at.is_some_and(|at| at > now + TimeDelta::minutes(MAX_AHEAD_MIN)) {
        f.wrong("occurred_at", "lies in the future");
    }
    let locale = f.parsed("locale", 35, value::locale);
    let country = f.parsed("country", 8, value::country);
    let channel = f.text("channel", MAX_SHORT);
    let touchpoint = f.parsed("touchpoint", 64, |text| {
        // The error must not repeat what was sent.
        TouchpointId::new(text).map_err(|_| "must be 1 to 64 of a–z, A–Z, 0–9, -, _ and .")
    });
    let segment = f.text("segment", MAX_SHORT);
    let customer = f.object("customer").map(|c| customer(&c)).unwrap_or_default();
    let account = f.object("account").map(|a| account(&a));
    let consent = consent(f, occurred_at, now);
    let answers = answers(f);
    let (survey, score) = (survey?, score?);
    let assumed = assumed(country.is_some(), locale.is_some(), touchpoint.is_some());
    let country = country.or_else(|| config.default_country.clone());
    let feedback = Feedback {
        source: SourceId::new(API_SOURCE).ok()?,
        survey: survey.id.clone(),
        metric: survey.metric,
        score,
        band: survey.band(score, country.as_deref()),
        comment,
        locale: locale.or_else(|| Some(config.default_locale.clone())),
        country,
        assumed,
        channel,
        touchpoint: touchpoint.unwrap_or_else(|| survey.touchpoint.clone()),
        segment,
        customer,
        account,
        consent,
        answers,
        occurred_at,
        received_at: now,
        updated_at: None,
    };
    Some(Post { feedback, response_id })
}

/// What nobody said, and the programme has a default for.
pub(crate) fn assumed(country: bool, locale: bool, touchpoint: bool) -> Vec<Assumed> {
    let said = [(country, Assumed::Country), (locale, Assumed::Locale), (touchpoint, Assumed::Touchpoint)];
    said.into_iter().filter(|(said, _)| !said).map(|(_, what)| what).collect()
}

fn survey<'c>(config: &'c Config, f: &Fields<'_>) -> Option<&'c Survey> {
    let name = f.required_text("survey", 64)?;
    let survey = SurveyId::new(name).ok().and_then(|id| config.surveys.get(&id));
    if survey.is_none() {
        f.wrong("survey", "is no survey of this programme");
    }
    survey
}

fn score(f: &Fields<'_>, survey: Option<&Survey>) -> Option<Score> {
    let Some(value) = f.value("score") else {
        f.wrong("score", "is required");
        return None;
    };
    let Some(number) = value.as_f64() else {
        f.wrong("score", "must be a number");
        return None;
    };
    Score::new(number, survey?.metric).map_err(|e| f.wrong("score", e.to_string())).ok()
}

/// The customer of an answer or a consent.
pub(crate) fn customer(f: &Fields<'_>) -> Customer {
    let customer = Customer {
        id: f.text("id", MAX_SHORT),
        name: f.text("name", MAX_SHORT),
        email: f.parsed("email", MAX_EMAIL, value::email),
        phone: f.text("phone", MAX_PHONE),
        tier: f.text("tier", MAX_SHORT),
    };
    f.refuse_unknown();
    customer
}

/// The account of an answer.
pub(crate) fn account(f: &Fields<'_>) -> Account {
    let account = Account {
        id: f.text("id", MAX_SHORT),
        name: f.text("name", MAX_SHORT),
        role: f.text("role", MAX_SHORT),
        level: f.text("level", MAX_SHORT),
    };
    f.refuse_unknown();
    account
}

fn consent(f: &Fields<'_>, occurred_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Statement> {
    f.objects("consent", MAX_STATEMENTS).iter().filter_map(|s| statement(s, API_SOURCE, occurred_at, now)).collect()
}

/// One statement about being contacted, made with an answer that was given at an instant, where that is known.
pub(crate) fn statement(
    f: &Fields<'_>,
    source: &str,
    occurred_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Statement> {
    let channel = f.required_choice("channel");
    let purpose = f.required_choice("purpose");
    let granted = f.bool("granted");
    if granted.is_none() && f.value("granted").is_none() {
        f.wrong("granted", "is required");
    }
    let wording = f.text("wording", MAX_SHORT);
    let language = f.parsed("language", 35, value::locale);
    let at = f.instant("at").unwrap_or_else(|| super::said_at(granted == Some(true), occurred_at, now));
    if at > now + TimeDelta::minutes(MAX_AHEAD_MIN) {
        f.wrong("at", "lies in the future");
    }
    let expires_at = f.instant("expires_at");
    let unconfirmed = granted == Some(true) && f.bool("confirmed") == Some(false);
    f.refuse_unknown();
    Some(Statement {
        channel: channel?,
        purpose: purpose?,
        granted: granted?,
        wording,
        language,
        source: source.to_owned(),
        at: at.min(now),
        expires_at,
        vouched: if unconfirmed { Vouched::Unconfirmed } else { Vouched::Company },
    })
}

/// Further answers, by question.
pub(crate) fn answers(f: &Fields<'_>) -> BTreeMap<String, Answer> {
    let Some(value) = f.value("answers") else { return BTreeMap::new() };
    let Value::Object(members) = value else {
        f.wrong("answers", "must be an object");
        return BTreeMap::new();
    };
    if members.len() > MAX_ANSWERS {
        f.wrong("answers", format!("more than {MAX_ANSWERS} answers"));
        return BTreeMap::new();
    }
    let read = members.iter().filter_map(|(question, value)| {
        let answer = answer(value);
        if answer.is_none() {
            let shown: String = question.chars().take(MAX_SHORT).collect();
            f.wrong_within("answers", &shown, "must be a text, a number, true, false or a list of texts");
        }
        Some((question.chars().take(MAX_SHORT).collect(), answer?))
    });
    read.collect()
}

/// A further answer, if the value is one.
pub(super) fn answer(value: &Value) -> Option<Answer> {
    let text = |v: &Value| v.as_str().map(|t| t.chars().take(MAX_COMMENT).collect::<String>());
    match value {
        Value::Bool(yes) => Some(Answer::Bool(*yes)),
        Value::Number(number) => number.as_f64().map(Answer::Number),
        Value::String(_) => text(value).map(Answer::Text),
        Value::Array(items) => items.iter().map(text).collect::<Option<Vec<String>>>().map(Answer::Choices),
        _ => None,
    }
}
