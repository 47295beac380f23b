//! Shows a message as it would be sent, with sample data or a case's own; sends nothing.

use super::context::{Facts, Links};
use crate::App;
use crate::access::Action;
use crate::dossier::Message;
use crate::fields::{Fields, Mistakes};
use crate::intake;
use crate::problem::{Problem, Reply, json as reply};
use crate::web::primary;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};
use ringback_core::alert::{Delivery, Occasion};
use ringback_core::feedback::{Customer, Feedback};
use ringback_core::id::{ChannelId, SourceId, SurveyId, TouchpointId};
use ringback_core::message::MessageKind;
use ringback_core::survey::{Band, Metric, Score};
use ringback_ledger::{Clock, Entropy, Record, Store, is_name};
use serde_json::json;
use std::collections::BTreeMap;

/// What is to be shown.
struct Wish {
    kind: MessageKind,
    language: Option<String>,
    case: Option<String>,
    words: Option<String>,
    survey: Option<SurveyId>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/messages/preview`
    ///
    /// # Errors
    /// 400, 401, 403, 404 (no such case, or no template of that kind), 413, 415, 422, 503.
    pub async fn post_preview(&self, request: Request<Vec<u8>>) -> Result<Reply, Problem> {
        self.admit(request.headers(), Action::ReadCase).await?;
        let wish = self.wish(&intake::json_body(&request)?)?;
        let letters = self.letters().ok_or_else(Problem::unavailable)?;
        let delivery = ChannelId::new("preview").map_err(|_| Problem::unavailable())?;
        let mut message =
            Message::of_template(wish.kind, Delivery::first_attempt(Occasion::Message, delivery, Some(1)));
        (message.words, message.survey) = (wish.words, wish.survey);
        let record = self.previewed(wish.case.as_deref()).await?;
        let sample = samples().0;
        let (links, feedback) = match &record {
            Some(record) => (self.links(record, &message), &record.body.feedback),
            None => (sample_links(), &sample),
        };
        let language =
            wish.language.or_else(|| feedback.locale.clone()).unwrap_or_else(|| self.config.default_locale.clone());
        let facts = match &record {
            Some(record) => self.facts(&record.body, &message, &links),
            None => Facts {
                company: &self.config.name,
                feedback,
                remedy: Some("We have sent a new one."),
                words: message.words.as_deref(),
                touchpoint: message
                    .survey
                    .as_ref()
                    .and_then(|id| Some(self.config.surveys.get(id)?.touchpoint.as_str())),
                links: &links,
            },
        };
        let written = letters.write(wish.kind, &language, &facts);
        let written = written.map_err(|why| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "template-failed", why))?;
        let written = written.ok_or_else(|| Problem::not_found("template"))?;
        let (subject, text, html) =
            crate::deliver::letter_as_sent(&self.config.name, &written, &letters.brand, &links.preferences)
                .ok_or_else(Problem::unavailable)?;
        let shown = json!({
            "kind": wish.kind.as_str(),
            "purpose": wish.kind.purpose().as_str(),
            "language": written.language,
            "exact_language": primary(&written.language) == primary(&language),
            "sample": record.is_none(),
            "subject": subject,
            "text": text,
            "html": html,
        });
        Ok(reply(StatusCode::OK, &shown))
    }

    async fn previewed(&self, case: Option<&str>) -> Result<Option<Record<crate::dossier::Dossier>>, Problem> {
        let Some(case) = case else { return Ok(None) };
        let record = self.record_of(case).await?;
        record.map(Some).ok_or_else(|| Problem::not_found("case"))
    }

    fn wish(&self, value: &serde_json::Value) -> Result<Wish, Problem> {
        let mistakes = Mistakes::default();
        let wish = Fields::of(value, "", &mistakes).and_then(|f| {
            let kind = f.required_choice("kind");
            let language = f.parsed("language", 35, intake::locale);
            let case = f.parsed("case", 128, |text| match is_name(text) {
                true => Ok(text.to_owned()),
                false => Err("is no case's id"),
            });
            let words = f.text("words", 4_000);
            let survey = f.parsed("survey", 64, |text| {
                let id = SurveyId::new(text).ok().filter(|id| self.config.surveys.contains_key(id));
                id.ok_or("is no survey of the programme")
            });
            f.refuse_unknown();
            Some(Wish { kind: kind?, language, case, words, survey })
        });
        mistakes.or(wish)
    }
}

/// Links that lead nowhere.
pub(super) fn sample_links() -> Links {
    let page = "https://example.com/preferences/sample";
    Links {
        preferences: page.to_owned(),
        person: format!("{page}/person"),
        survey: "https://example.com/s/sample".to_owned(),
        code: "sample22".to_owned(),
    }
}

/// An answer with everything that can be there, and one with nothing that can be absent.
///
/// # Panics
/// Never: the texts are names, and the score is on its scale.
pub(super) fn samples() -> (Feedback, Feedback) {
    let at: DateTime<Utc> = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_779);
    let name = "sample";
    let sparse = Feedback {
        source: SourceId::new(name).expect("a name"),
        survey: SurveyId::new(name).expect("a name"),
        metric: Metric::Nps,
        score: Score::new(3.0, Metric::Nps).expect("on the scale"),
        band: Band::Detractor,
        comment: None,
        locale: None,
        country: None,
        assumed: Vec::new(),
        channel: None,
        touchpoint: TouchpointId::new("checkout").expect("a name"),
        segment: None,
        customer: Customer::default(),
        account: None,
        consent: Vec::new(),
        answers: BTreeMap::new(),
        occurred_at: None,
        received_at: at,
        updated_at: None,
    };
    let full = Feedback {
        comment: Some("The parcel arrived <opened> & late.".to_owned()),
        customer: Customer { name: Some("Ada Sample".to_owned()), ..Customer::default() },
        ..sparse.clone()
    };
    (full, sparse)
}
