//! One answer's own page, for whoever has just given it: what was said in it, and its deletion. Nothing of a person: who
//! answers has proven nothing, and may have typed somebody else's address.

use super::words::{self, Words};
use super::{link, shown, spoken};
use crate::App;
use crate::dossier::Dossier;
use crate::problem::{Problem, Reply};
use crate::stored::Stored as _;
use askama::Template;
use http::{HeaderMap, StatusCode};
use ringback_core::feedback::Answer;
use ringback_ledger::{Clock, Entropy, Record, Store};
use serde_json::{Value, json};

/// The page.
#[derive(Template)]
#[template(path = "preferences/own.html")]
struct OwnPage<'a> {
    words: &'static Words,
    languages: &'static [Words],
    company: &'a str,
    base: String,
    /// What was said: under which name.
    said: Vec<(String, String)>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The token of the link to an answer alone, received at an instant (Unix seconds).
    pub(crate) fn own_token(&self, answer: &str, received: u64) -> String {
        link::own_token(&self.namer, answer, received)
    }

    /// Whether a text is such a token, and holds.
    pub(crate) fn is_own_token(&self, token: &str) -> bool {
        link::own_answer(&self.namer, token, self.clock.now()).is_some()
    }

    /// The answer that such a token opens; a made-up one costs no look into the store.
    pub(super) async fn own(&self, token: &str) -> Result<Option<Record<Dossier>>, Problem> {
        match link::own_answer(&self.namer, token, self.clock.now()) {
            Some(answer) => self.record_of(&answer).await,
            None => Ok(None),
        }
    }

    pub(super) fn own_page(
        &self,
        token: &str,
        lang: &str,
        headers: &HeaderMap,
        record: &Record<Dossier>,
    ) -> Result<Reply, Problem> {
        let feedback = &record.body.feedback;
        let words = spoken(lang, headers, feedback.locale.as_deref().unwrap_or(&self.config.default_locale));
        let score = (feedback.survey.to_string(), feedback.score.get().to_string());
        let comment = feedback.comment.iter().map(|comment| (words.own[6].to_owned(), comment.clone()));
        let answers = feedback.answers.iter().map(|(name, answer)| (name.clone(), plain(answer)));
        let said = std::iter::once(score).chain(comment).chain(answers).collect();
        let base = format!("/preferences/{token}");
        shown(StatusCode::OK, &OwnPage { words, languages: &words::ALL, company: &self.config.name, base, said })
    }
}

/// What was said in an answer, and nothing of who is behind it or what became of it.
pub(super) fn held(record: &Record<Dossier>) -> Value {
    let feedback = &record.body.feedback;
    json!({ "answers": [{
        "id": record.eid,
        "survey": feedback.survey.as_str(),
        "score": feedback.score.get(),
        "comment": feedback.comment,
        "answers": feedback.answers.store(),
        "received_at": feedback.received_at.store(),
    }] })
}

fn plain(answer: &Answer) -> String {
    match answer.store() {
        Value::String(text) => text,
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
