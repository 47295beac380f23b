//! What the widget needs to know to ask: the survey in one language, as JSON that may be cached.

use super::{Front, direction, language, origin, parameter};
use crate::App;
use crate::config::Ask;
use crate::digest::sha256_hex;
use crate::problem::{Problem, Reply, json};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ringback_core::survey::Survey;
use ringback_ledger::{Clock, Entropy, Store};
use serde_json::{Map, Value};

/// The texts that the widget shows; the page has some more.
const SHOWN: [&str; 30] = [
    "region",
    "question",
    "low",
    "high",
    "of",
    "follow_low",
    "follow_middle",
    "follow_high",
    "optional",
    "contact",
    "yes",
    "no",
    "email",
    "email_wrong",
    "phone",
    "phone_wrong",
    "send",
    "later",
    "close",
    "thanks",
    "thanks_low",
    "thanks_middle",
    "thanks_high",
    "next",
    "taken",
    "kept",
    "refused",
    "again",
    "privacy",
    "own",
];

/// A quarter of an hour: a changed programme reaches every visitor by then.
const CACHE: &str = "public, max-age=900";

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /v1/surveys/{id}?key=…&lang=…&country=…`: how to ask. Reads no store.
    #[must_use]
    pub fn get_survey(&self, front: &Front, id: &str, query: &str, headers: &HeaderMap) -> Reply {
        let from = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        origin::readable(self.survey_document(front, id, query, headers), from)
    }

    fn survey_document(&self, front: &Front, id: &str, query: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let query = query.as_bytes();
        let site = front.site(parameter(query, "key").as_deref())?;
        origin::admit(site, &self.config, headers, false)?;
        let (survey, ask) = front.survey(&self.config, site, id)?;
        let language = language(&parameter(query, "lang").unwrap_or_default(), &self.config);
        let country = parameter(query, "country").and_then(|country| crate::intake::country(&country).ok());
        let country = country.or_else(|| self.config.default_country.clone());
        let document = self.asked(front, survey, ask, language, country.as_deref());
        let etag = format!("\"{}\"", &sha256_hex(document.to_string().as_bytes())[..20]);
        let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains(&etag));
        let mut reply = json(StatusCode::OK, &document);
        if known {
            *reply.status_mut() = StatusCode::NOT_MODIFIED;
            reply.body_mut().clear();
        }
        reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            reply.headers_mut().insert(header::ETAG, etag);
        }
        Ok(reply)
    }

    fn asked(&self, front: &Front, survey: &Survey, ask: &Ask, language: &str, country: Option<&str>) -> Value {
        let (min, max) = survey.metric.scale();
        let cut = survey.cut(country);
        let texts: Map<String, Value> = SHOWN
            .iter()
            .map(|name| ((*name).to_owned(), front.text(&self.config, survey, ask, name, language).into()))
            .collect();
        let contact = ask.contact.as_ref().map(|contact| {
            serde_json::json!({ "bands": contact.bands, "channel": contact.channel.to_string(), "wording": contact.wording })
        });
        serde_json::json!({
            "survey": survey.id.as_str(),
            "metric": survey.metric.as_str(),
            "min": min, "max": max, "low": cut.low, "high": cut.high,
            "language": language, "direction": direction(language), "texts": texts,
            "contact": contact, "next_url": ask.next_url, "privacy_url": front.sites.privacy_url,
            "sample": ask.sample, "quarantine_s": ask.quarantine_s, "snooze_s": ask.snooze_s, "minimum_ms": ask.minimum_ms,
        })
    }
}
