//! What a figure is asked of: the period and the filters, as they stand in the address.

use super::period::Period;
use crate::fields::{Mistakes, escape};
use crate::problem::{FieldError, Problem};
use chrono::NaiveDate;
use http::StatusCode;
use ringback_core::names::Named as _;
use ringback_core::survey::Metric;

/// The period when none is asked for.
const USUAL: &str = "last-90";
/// Longest value, in characters.
const LONGEST: usize = 200;

/// Which countries' answers are looked at. They are never blended unless that is asked for: cultures score differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Countries {
    /// Each on its own.
    Each,
    /// All as if they were one.
    Blended,
    /// One of them.
    One(String),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selection {
    pub period: Period,
    pub countries: Countries,
    pub survey: Option<String>,
    pub touchpoint: Option<String>,
    pub segment: Option<String>,
    /// The metric that is shown at length; what is most important when absent.
    pub metric: Option<Metric>,
    /// Whether a table is wanted for spreadsheets.
    pub csv: bool,
    /// What of cases, in a list of them: see `insights::cases`.
    pub fact: Option<String>,
    /// Whose cases, in a list of them.
    pub queue: Option<String>,
    /// Where the page before ended, in a list of cases.
    pub after: Option<String>,
    /// As they were given, for addresses that differ in one.
    given: Vec<(String, String)>,
}

impl Selection {
    /// Reads an address' query.
    pub fn parse(query: &str, today: NaiveDate) -> Result<Self, Problem> {
        let mistakes = Mistakes::default();
        let given = read(query, &mistakes);
        let value = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let period = period(&value, today, &mistakes);
        let metric = value("metric").and_then(|name| {
            let metric = Metric::from_name(&name);
            if metric.is_none() {
                mistakes.add("/metric", "must be one of nps, csat, ces, stars, thumbs");
            }
            metric
        });
        let csv = value("format").is_some_and(|format| {
            if !matches!(format.as_str(), "csv" | "json") {
                mistakes.add("/format", "must be csv or json");
            }
            format == "csv"
        });
        let countries = match value("country") {
            None => Countries::Each,
            Some(all) if all == "all" => Countries::Blended,
            Some(one) => Countries::One(one),
        };
        let selection = period.map(|period| Self {
            period,
            countries,
            survey: value("survey"),
            touchpoint: value("touchpoint"),
            segment: value("segment"),
            metric,
            csv,
            fact: value("fact"),
            queue: value("queue"),
            after: value("after"),
            given: given.clone(),
        });
        mistakes.or(selection).map_err(|problem| invalid(problem.errors))
    }

    /// The address of another page with the same selection, but for these; an empty value takes a filter away.
    pub fn address(&self, path: &str, but: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let kept = self.given.iter().filter(|(name, _)| but.iter().all(|(other, _)| other != name));
        query.extend_pairs(kept).extend_pairs(but.iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The value of a filter, as it was given.
    pub fn given(&self, name: &str) -> &str {
        self.given.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

const NAMES: [&str; 12] = [
    "period",
    "from",
    "to",
    "country",
    "survey",
    "touchpoint",
    "segment",
    "metric",
    "fact",
    "queue",
    "after",
    "format",
];

/// Fields of a form that were left empty are not asked for.
fn read(query: &str, mistakes: &Mistakes) -> Vec<(String, String)> {
    let mut given: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let at = format!("/{}", escape(&name.chars().take(64).collect::<String>()));
        if !NAMES.contains(&name.as_ref()) {
            mistakes.add(at, "is not known here");
        } else if value.chars().count() > LONGEST {
            mistakes.add(at, "has more than 200 characters");
        } else if given.iter().any(|(known, _)| *known == name) {
            mistakes.add(at, "is given twice");
        } else if !value.is_empty() {
            given.push((name.into_owned(), value.into_owned()));
        }
    }
    given
}

fn period(value: &impl Fn(&str) -> Option<String>, today: NaiveDate, mistakes: &Mistakes) -> Option<Period> {
    let day = |name: &str| {
        let text = value(name)?;
        let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
        if day.is_none() {
            mistakes.add(format!("/{name}"), "must be a date as in 2026-11-22");
        }
        day
    };
    match (value("from"), value("to")) {
        (None, None) => {
            let name = value("period").unwrap_or_else(|| USUAL.to_owned());
            let period = Period::named(&name, today);
            if period.is_none() {
                mistakes.add("/period", "must be as in 2026, 2026-Q4, 2026-11, 2026-W47, 2026-11-22 or last-90");
            }
            period
        }
        (from, _) => {
            let to = day("to").or_else(|| value("to").is_none().then_some(today));
            let first = from.as_ref().and_then(|_| day("from"));
            if from.is_none() {
                mistakes.add("/from", "is missing");
            }
            let period = Period::between(first?, to?);
            if period.is_none() {
                mistakes.add("/to", "must not be before `from`, nor more than two years after it");
            }
            period
        }
    }
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    let names: Vec<&str> = errors.iter().map(|e| e.pointer.trim_start_matches('/')).collect();
    let detail = format!("wrong in the query: {}", names.join(", "));
    Problem { errors, ..Problem::new(StatusCode::BAD_REQUEST, "invalid-query", detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Selection, Vec<String>> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        Selection::parse(query, today).map_err(|p| p.errors.into_iter().map(|e| e.pointer).collect())
    }

    #[test]
    fn an_address_keeps_what_is_not_changed() {
        let selection = parse("period=2026-Q4&country=DE&segment=a%26b&touchpoint=").unwrap();
        assert_eq!(selection.countries, Countries::One("DE".to_owned()));
        assert_eq!(selection.touchpoint, None);
        assert_eq!(selection.address("/x", &[("country", "")]), "/x?period=2026-Q4&segment=a%26b");
        assert_eq!(selection.address("/x", &[("country", "all")]), "/x?period=2026-Q4&segment=a%26b&country=all");
        assert_eq!(parse("").unwrap().address("/x", &[]), "/x");
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(parse("period=soon&metric=fun&colour=red").unwrap_err(), ["/colour", "/period", "/metric"]);
        assert_eq!(parse("from=2026-11-01&to=2026-10-01").unwrap_err(), ["/to"]);
        assert_eq!(parse("to=2026-10-01").unwrap_err(), ["/from"]);
        assert_eq!(parse("from=1&to=2026-10-01").unwrap_err(), ["/from"]);
        assert_eq!(parse("country=DE&country=AT").unwrap_err(), ["/country"]);
    }
}
