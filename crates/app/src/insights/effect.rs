//! What a change has brought: how large a part a root cause had, and what customers scored, in a period.
//!
//! Two periods are compared by whoever asks. Scores stand by country, as cultures score differently; causes are those of all
//! countries, unless one is asked for. A case has a root cause from its resolution on, so that the last days of a period
//! know of fewer.

use super::count::known_as;
use super::figures::Figures;
use super::query::Selection;
use crate::App;
use crate::problem::Problem;
use chrono::NaiveDate;
use ringback_core::figures::{Estimate, Share};
use ringback_ledger::{Clock, Entropy, Store};
use std::collections::BTreeMap;

/// Which answers and cases are meant: of one survey, touchpoint or country, where it is named.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub survey: Option<&'a str>,
    pub touchpoint: Option<&'a str>,
    pub country: Option<&'a str>,
}

/// Figures of a period.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Cases that opened in it with the root cause, of those with any.
    pub cause: Share,
    /// By metric and country.
    pub scores: BTreeMap<(&'static str, String), Estimate>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Measures a period, both days included: 3 reads.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub(crate) async fn measured(
        &self,
        (from, to): (NaiveDate, NaiveDate),
        scope: Scope<'_>,
        cause: &str,
    ) -> Result<Measured, Problem> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("from", &from.to_string()).append_pair("to", &to.to_string());
        let filters = [("survey", scope.survey), ("touchpoint", scope.touchpoint), ("country", scope.country)];
        query.extend_pairs(filters.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let selection = Selection::parse(&query.finish(), to)?;
        let figures = self.figures(&selection).await?;
        Ok(Measured { from, to, cause: share(&figures, cause), scores: scores(&figures) })
    }
}

fn share(figures: &Figures, cause: &str) -> Share {
    let causes = figures.work().causes;
    Share { part: causes.get(&known_as(cause)).copied().unwrap_or(0), of: causes.values().sum() }
}

fn scores(figures: &Figures) -> BTreeMap<(&'static str, String), Estimate> {
    let answered = figures.total.answers_by(|cell| (cell.metric, cell.country.clone())).into_iter();
    answered.filter_map(|((metric, country), answers)| Some(((metric, country), answers.estimate(metric)?))).collect()
}
