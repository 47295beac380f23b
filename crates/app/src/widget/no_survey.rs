//! The page for whoever follows a link to a survey that cannot be asked: in words that help them, in their language, with
//! the status that programs go by.
//!
//! What is wrong in detail concerns who made the link; where it is not plain from the status, it is in the log.

use super::page::{STYLE, guarded};
use super::{Front, direction};
use crate::App;
use crate::problem::{Problem, Reply};
use askama::Template;
use http::{HeaderMap, StatusCode};
use ringback_ledger::{Clock, Entropy, Store};

#[derive(Template)]
#[template(path = "widget/notice.html")]
struct NoSurveyPage<'a> {
    style: &'static str,
    company: &'a str,
    language: &'static str,
    direction: &'static str,
    notice: String,
    privacy: Option<&'a str>,
    privacy_label: String,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The page in place of the survey's.
    ///
    /// # Errors
    /// The problem itself where the server is in trouble, 503 when the page cannot be made.
    pub(super) fn no_survey_page(
        &self,
        front: &Front,
        form: &[u8],
        headers: &HeaderMap,
        problem: Problem,
    ) -> Result<Reply, Problem> {
        let name = match problem.status {
            StatusCode::NOT_FOUND => "no_survey",
            status if status.is_server_error() => return Err(problem),
            _ => "link_refused",
        };
        let language = self.spoken(form, headers);
        let page = NoSurveyPage {
            style: STYLE,
            company: &self.config.name,
            language,
            direction: direction(language),
            notice: front.general_text(&self.config, name, language),
            privacy: front.sites.privacy_url.as_deref(),
            privacy_label: front.general_text(&self.config, "privacy", language),
        };
        let mut reply = guarded(problem.status, &page)?;
        problem.tell(&mut reply);
        Ok(reply)
    }
}
