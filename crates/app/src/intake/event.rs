//! Events of survey platforms, read by the mapping of their source.
//!
//! Which field means what is the programme's; nothing here knows a vendor's questions. What an event says beyond its
//! mapping is not looked at. An event that carries no score of a mapped survey yet is no mistake: the next one will.

use super::native::{answer, assumed};
use super::value::{self, MAX_COMMENT, MAX_EMAIL, MAX_PHONE, MAX_RESPONSE_ID, MAX_SHORT};
use crate::config::{AccountMapping, Config, ConsentMapping, IdentityMapping, Mapping, Source, SourceKind};
use crate::digest::sha256_hex;
use crate::fields::{Mistakes, escape, instant};
use crate::problem::Problem;
use crate::stored::Stored;
use chrono::{DateTime, Utc};
use ringback_core::consent::{Statement, Vouched};
use ringback_core::feedback::{Account, Answer, Customer, Feedback};
use ringback_core::id::TouchpointId;
use ringback_core::survey::{Score, Survey};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event that carries an answer.
pub(super) struct Event {
    /// The response's identity at its source.
    pub response: String,
    /// What decides whether a repeat is the same.
    pub content: Vec<u8>,
    pub feedback: Feedback,
}

/// Reads an authentic event. None when it carries no score of a mapped survey.
pub(super) fn read(
    config: &Config,
    source: &Source,
    value: &Value,
    webhook_id: &str,
    now: DateTime<Utc>,
) -> Result<Option<Event>, Problem> {
    let Some(mapping) = source.mappings.iter().find(|m| concerns(m, value)) else { return Ok(None) };
    let Some(survey) = config.surveys.get(&mapping.survey) else { return Ok(None) };
    let Some(given) = present(value, &mapping.score) else { return Ok(None) };
    let mistakes = Mistakes::default();
    let reader = Reader { value, mistakes: &mistakes };
    let score = reader.score(given, mapping, survey);
    let response = match &mapping.response {
        Some(path) => reader.response(path, mapping),
        None => Some(format!("webhook:{webhook_id}")),
    };
    let feedback = score.map(|score| reader.feedback(config, source, mapping, survey, score, now));
    let (feedback, response) = mistakes.or(feedback.zip(response))?;
    Ok(Some(Event { response, content: answered(&feedback), feedback }))
}

/// Platforms put counters and times of their own into every event; what was answered decides whether it is the same.
pub(crate) fn answered(feedback: &Feedback) -> Vec<u8> {
    let mut answered = feedback.clone();
    answered.received_at = DateTime::UNIX_EPOCH;
    answered.assumed.clear();
    for statement in &mut answered.consent {
        statement.at = DateTime::UNIX_EPOCH;
    }
    answered.store().to_string().into_bytes()
}

fn concerns(mapping: &Mapping, value: &Value) -> bool {
    match (&mapping.vendor_survey, &mapping.vendor_survey_at) {
        (Some(wanted), Some(at)) => value.pointer(at).and_then(Value::as_str) == Some(wanted.as_str()),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// A value that was really given: null and the empty text are what platforms send for a question that was skipped.
fn present<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    value.pointer(pointer).filter(|v| !v.is_null() && v.as_str() != Some(""))
}

struct Reader<'a> {
    value: &'a Value,
    mistakes: &'a Mistakes,
}

impl Reader<'_> {
    fn score(&self, given: &Value, mapping: &Mapping, survey: &Survey) -> Option<Score> {
        let number = given.as_f64().or_else(|| given.as_str().and_then(|t| t.trim().parse().ok()));
        let Some(number) = number else {
            self.mistakes.add(&mapping.score, "must be a number");
            return None;
        };
        Score::new(number, survey.metric).map_err(|e| self.mistakes.add(&mapping.score, e.to_string())).ok()
    }

    fn response(&self, path: &str, mapping: &Mapping) -> Option<String> {
        let id = self.whole(Some(path));
        if id.is_none() {
            self.mistakes.add(path, "names the response and is required");
        }
        // What differs only far behind is another response.
        let id = id.map(|id| if id.chars().count() > MAX_RESPONSE_ID { sha256_hex(id.as_bytes()) } else { id });
        id.map(|id| format!("response:{}:{id}", mapping.survey))
    }

    /// A text, or a number as text, however long it is.
    fn whole(&self, path: Option<&str>) -> Option<String> {
        let text = match present(self.value, path?)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// What stands for somebody: too long, it is left out, as what is left of it might be somebody else's.
    fn identity(&self, path: Option<&str>, max: usize) -> Option<String> {
        self.whole(path).filter(|text| text.chars().count() <= max)
    }

    /// A text, or a number as text; shortened, because a platform's event is not refused for a long answer.
    fn text(&self, path: Option<&str>, max: usize) -> Option<String> {
        self.whole(path).map(|text| text.chars().take(max).collect())
    }

    /// A text that must have a form; one that has not is left out, with the rest of the answer kept.
    fn formed<E>(
        &self,
        path: Option<&str>,
        max: usize,
        check: impl FnOnce(&str) -> Result<String, E>,
    ) -> Option<String> {
        check(&self.text(path, max)?).ok()
    }

    fn feedback(
        &self,
        config: &Config,
        source: &Source,
        mapping: &Mapping,
        survey: &Survey,
        score: Score,
        now: DateTime<Utc>,
    ) -> Feedback {
        let said = self.formed(mapping.country.as_deref(), 8, value::country);
        let occurred_at = self.text(mapping.occurred_at.as_deref(), 40);
        let occurred_at = occurred_at.and_then(|text| instant(&text));
        let locale = self.formed(mapping.locale.as_deref(), 35, value::locale).filter(|l| l != "default");
        let touchpoint = self.touchpoint(mapping.touchpoint.as_deref());
        let assumed = assumed(said.is_some(), locale.is_some(), touchpoint.is_some());
        let country = said.or_else(|| config.default_country.clone());
        Feedback {
            source: source.id.clone(),
            survey: survey.id.clone(),
            metric: survey.metric,
            score,
            band: survey.band(score, country.as_deref()),
            comment: self.text(mapping.comment.as_deref(), MAX_COMMENT),
            locale: locale.or_else(|| Some(config.default_locale.clone())),
            country,
            assumed,
            channel: self.text(mapping.channel.as_deref(), MAX_SHORT),
            touchpoint: touchpoint.unwrap_or_else(|| survey.touchpoint.clone()),
            segment: self.text(mapping.segment.as_deref(), MAX_SHORT),
            customer: self.customer(&mapping.identity, mapping.tier.as_deref()),
            account: self.account(&mapping.account),
            consent: mapping
                .consent
                .as_ref()
                .and_then(|c| self.consent(c, source, now, occurred_at))
                .into_iter()
                .collect(),
            answers: self.answers(source, mapping),
            occurred_at,
            received_at: now,
            updated_at: None,
        }
    }

    /// Shortened it would be another one, so what is none is left out.
    fn touchpoint(&self, path: Option<&str>) -> Option<TouchpointId> {
        self.whole(path).and_then(|text| TouchpointId::new(text).ok())
    }

    fn account(&self, mapping: &AccountMapping) -> Option<Account> {
        let account = Account {
            id: self.identity(mapping.id.as_deref(), MAX_SHORT),
            name: self.text(mapping.name.as_deref(), MAX_SHORT),
            role: self.text(mapping.role.as_deref(), MAX_SHORT),
            level: self.text(mapping.level.as_deref(), MAX_SHORT),
        };
        Some(account).filter(|account| *account != Account::default())
    }

    fn customer(&self, identity: &IdentityMapping, tier: Option<&str>) -> Customer {
        Customer {
            id: self.identity(identity.customer.as_deref(), MAX_SHORT),
            name: self.text(identity.name.as_deref(), MAX_SHORT),
            email: self.identity(identity.email.as_deref(), MAX_EMAIL).and_then(|email| value::email(&email).ok()),
            phone: self.identity(identity.phone.as_deref(), MAX_PHONE),
            tier: self.text(tier, MAX_SHORT),
        }
    }

    /// The consent question's answer: one of the accepted ones is a yes, any other a no, none at all says nothing.
    fn consent(
        &self,
        mapping: &ConsentMapping,
        source: &Source,
        now: DateTime<Utc>,
        occurred_at: Option<DateTime<Utc>>,
    ) -> Option<Statement> {
        let given = present(self.value, &mapping.question)?;
        let accepted = |v: &Value| mapping.accepted.contains(v);
        let granted = accepted(given) || given.as_array().is_some_and(|chosen| chosen.iter().any(accepted));
        Some(Statement {
            channel: mapping.channel,
            purpose: mapping.purpose,
            granted,
            wording: mapping.wording.clone(),
            language: None,
            source: source.id.as_str().to_owned(),
            at: super::said_at(granted, occurred_at, now),
            expires_at: None,
            vouched: Vouched::Company,
        })
    }

    /// Formbricks sends every answer of the survey; those that have no meaning of their own are kept as they are.
    fn answers(&self, source: &Source, mapping: &Mapping) -> BTreeMap<String, Answer> {
        if source.kind != SourceKind::Formbricks {
            return BTreeMap::new();
        }
        let Some(Value::Object(all)) = self.value.pointer("/data/data") else { return BTreeMap::new() };
        let meant = [Some(&mapping.score), mapping.comment.as_ref(), mapping.consent.as_ref().map(|c| &c.question)];
        let further = all.iter().filter(|(id, _)| {
            let pointer = format!("/data/data/{}", escape(id));
            !meant.into_iter().flatten().any(|m| *m == pointer)
        });
        further.take(100).filter_map(|(id, v)| Some((id.chars().take(MAX_SHORT).collect(), answer(v)?))).collect()
    }
}
