//! What can be chosen on the page of figures: metrics, periods, countries, touchpoints and segments.
//!
//! A choice is a link or a value of the form; what a query means is read in `query`.

use super::page::{HERE, Maker};
use super::query::Countries;
use super::table::Value;
use super::tables::BLENDED;
use super::words;
use crate::time::from_unix;
use ringback_core::names::Named as _;
use ringback_core::survey::Metric;
use ringback_ledger::{Clock, Entropy, Store};
use std::collections::BTreeSet;

/// Choices of a filter at most.
const CHOICES: usize = 60;

/// A link, and whether it leads to what is shown.
pub(super) struct Choice {
    pub label: String,
    pub value: String,
    pub current: bool,
}

/// A filter of the form.
pub(super) struct Filter {
    pub name: &'static str,
    pub label: &'static str,
    pub choices: Vec<Choice>,
}

impl<S: Store, C: Clock, E: Entropy> Maker<'_, S, C, E> {
    pub(super) fn metrics(&self, current: &str) -> Vec<Choice> {
        let answered = self.figures.total.answers_by(|cell| cell.metric);
        let known = Metric::ALL.iter().filter(|metric| answered.contains_key(metric.as_str()));
        let choice = |metric: &Metric| Choice {
            label: metric.label().to_owned(),
            value: self.selection.address(HERE, &[("metric", metric.as_str())]),
            current: metric.as_str() == current,
        };
        known.map(choice).collect()
    }

    pub(super) fn periods(&self) -> Vec<Choice> {
        use chrono::Datelike as _;
        let today = from_unix(self.app.clock.now()).date_naive();
        let quarter = today.month0() / 3 + 1;
        let l = self.l;
        let names = [
            ("last-7".to_owned(), l.say("7 days", "7 Tage").to_owned()),
            ("last-30".to_owned(), l.say("30 days", "30 Tage").to_owned()),
            ("last-90".to_owned(), l.say("90 days", "90 Tage").to_owned()),
            (format!("{}-Q{quarter}", today.year()), format!("Q{quarter} {}", today.year())),
            (today.year().to_string(), today.year().to_string()),
        ];
        let given = match (self.selection.given("period"), self.selection.given("from")) {
            ("", "") => "last-90",
            (period, _) => period,
        };
        let choice = |(name, label): (String, String)| Choice {
            label,
            current: name == given,
            value: self.selection.address(HERE, &[("period", &name), ("from", ""), ("to", "")]),
        };
        names.into_iter().map(choice).collect()
    }

    pub(super) fn filters(&self) -> Vec<Filter> {
        let l = self.l;
        let seen = &self.figures.total.seen;
        let each = Choice {
            label: l.say("Each on its own", "Jedes für sich").to_owned(),
            value: String::new(),
            current: self.selection.countries == Countries::Each,
        };
        let blended = Choice {
            label: l.say("All, blended", "Alle vermischt").to_owned(),
            value: BLENDED.to_owned(),
            current: self.selection.countries == Countries::Blended,
        };
        let mut countries = vec![each, blended];
        countries.extend(self.choices("country", &seen.countries, |code| words::country(l, code)));
        let text = |value: &str| words::value(l, "", &Value::text(value));
        let any = || Choice { label: l.say("All", "Alle").to_owned(), value: String::new(), current: false };
        let of = |name, values| std::iter::once(any()).chain(self.choices(name, values, text)).collect();
        vec![
            Filter { name: "country", label: l.say("Countries", "Länder"), choices: countries },
            Filter {
                name: "touchpoint",
                label: words::column(l, "touchpoint"),
                choices: of("touchpoint", &seen.touchpoints),
            },
            Filter { name: "segment", label: words::column(l, "segment"), choices: of("segment", &seen.segments) },
        ]
    }

    fn choices(&self, name: &str, values: &BTreeSet<String>, label: impl Fn(&str) -> String) -> Vec<Choice> {
        let given = self.selection.given(name);
        let mut values: Vec<&str> = values.iter().map(String::as_str).take(CHOICES).collect();
        if !given.is_empty() && given != BLENDED && !values.contains(&given) {
            values.push(given);
        }
        let choice = |value: &str| Choice { label: label(value), value: value.to_owned(), current: value == given };
        values.into_iter().map(choice).collect()
    }
}
