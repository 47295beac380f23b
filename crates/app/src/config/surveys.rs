//! `[[surveys]]`: what is asked, and where its bands lie.

use super::table::{Checked, Placed, Table, named};
use ringback_core::id::{SurveyId, TouchpointId};
use ringback_core::survey::{Metric, Survey, Thresholds};
use std::collections::BTreeMap;

pub(super) fn read(table: &Table<'_>) -> Checked<(SurveyId, Survey)> {
    let id = table.required_parsed("id", SurveyId::new)?.value;
    let metric: Metric = table.required_choice("metric", &named())?;
    let mut countries = BTreeMap::new();
    if let Some(all) = table.table("countries")? {
        for (code, value) in all.names() {
            let country = all.of(code.value, value)?;
            let cut = thresholds(&country.required_table("thresholds")?, metric)?;
            country.done()?;
            countries.insert(self::country(&all, Placed { value: code.value.to_owned(), at: code.at })?, cut);
        }
    }
    let survey = Survey {
        id: id.clone(),
        metric,
        touchpoint: table.required_parsed("touchpoint", TouchpointId::new)?.value,
        journey: table.text("journey")?.map(|journey| journey.value),
        thresholds: match table.table("thresholds")? {
            Some(given) => thresholds(&given, metric)?,
            None => metric.default_thresholds(),
        },
        countries,
    };
    // How a browser asks is read where browsers are answered: config::ask.
    let _ = table.value("ask");
    table.done()?;
    Ok((id, survey))
}

/// A country code (ISO 3166 alpha-2).
pub(super) fn country(table: &Table<'_>, code: Placed<String>) -> Checked<String> {
    let text = code.value;
    if country_code(&text) {
        return Ok(text);
    }
    let capitals = text.to_ascii_uppercase();
    let meant = if country_code(&capitals) { capitals.as_str() } else { "DE" };
    table.fail(code.at, format!("`{text}` is no country code: two capital letters, as in `{meant}`"))
}

/// Whether a text is a country as answers name it: two capital letters (ISO 3166).
pub(crate) fn country_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn thresholds(table: &Table<'_>, metric: Metric) -> Checked<Thresholds> {
    let default = metric.default_thresholds();
    let cut = Thresholds {
        low: table.small("low")?.unwrap_or(default.low),
        high: table.small("high")?.unwrap_or(default.high),
    };
    table.done()?;
    if cut.fit(metric) {
        return Ok(cut);
    }
    let (min, max) = metric.scale();
    let message = format!(
        "thresholds low = {}, high = {} do not cut the {} scale {min}–{max}: low must be less than high",
        cut.low,
        cut.high,
        metric.label()
    );
    table.fail(table.at, message)
}
