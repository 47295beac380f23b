//! The tables on the page of figures: some columns of some rows, and where the cases behind each number are.
//!
//! The tables themselves, which the API and the CSV give out whole, are made in `tables`.

use super::page::{HERE, Maker};
use super::table::{Table, Value};
use super::tables::{BLENDED, csv_address};
use super::words;
use ringback_ledger::{Clock, Entropy, REST, Store};

/// Rows of a table on the page; all are in the CSV.
const ROWS: usize = 40;

/// A cell of a table.
pub(super) struct Shown {
    pub text: String,
    pub number: bool,
    pub href: String,
}

/// A table on the page.
pub(super) struct Grid {
    pub caption: String,
    pub head: Vec<(&'static str, bool)>,
    pub rows: Vec<Vec<Shown>>,
    /// Where all of it can be had.
    pub csv: String,
    /// How many rows are only there.
    pub more: usize,
}

/// The tables of the page.
pub(super) struct Tables {
    pub metrics: Grid,
    pub trend: Grid,
    pub distribution: Grid,
    pub touchpoints: Grid,
    pub segments: Grid,
    pub closing: Grid,
    pub teams: Grid,
    pub causes: Grid,
    pub load: Option<Grid>,
}

impl<S: Store, C: Clock, E: Entropy> Maker<'_, S, C, E> {
    pub(super) fn tables(&self, metric: &str) -> Tables {
        let of_metric = |row: &[Value]| row.first() == Some(&Value::text(metric));
        let every = |_: &[Value]| true;
        let l = self.l;
        let scores = ["country", "value", "low", "high", "answers", "small_sample"];
        let with = |first: &[&'static str]| [first, &scores[1..]].concat();
        Tables {
            metrics: self.grid(
                "metrics",
                l.say("All scores", "Alle Noten"),
                &["metric", "country", "value", "low", "high", "change", "mean", "answers", "small_sample"],
                every,
            ),
            trend: self.grid("trend", l.say("Trend", "Verlauf"), &with(&["country", "from", "to"]), of_metric),
            distribution: self.grid(
                "distribution",
                l.say("Scores", "Noten"),
                &["country", "score", "answers", "share"],
                of_metric,
            ),
            touchpoints: self.grid(
                "touchpoints",
                l.say("By touchpoint", "Nach Kontaktpunkt"),
                &with(&["country", "touchpoint"]),
                of_metric,
            ),
            segments: self.grid(
                "segments",
                l.say("By segment", "Nach Segment"),
                &with(&["country", "segment"]),
                of_metric,
            ),
            closing: self.grid(
                "loop",
                l.say("By country", "Nach Land"),
                &[
                    "country",
                    "answers",
                    "cases",
                    "worked",
                    "coverage",
                    "closed_within_48h",
                    "closed_within_72h",
                    "closed_over_72h",
                    "open",
                    "automated",
                    "first_contact_median_h",
                    "closure_median_h",
                    "won_back",
                ],
                every,
            ),
            teams: self.grid(
                "teams",
                l.say("Attainment", "Zielerreichung"),
                &["team", "clock", "kept", "missed", "attainment", "low", "high", "target"],
                every,
            ),
            causes: self.grid("causes", l.say("Root causes", "Ursachen"), &["root_cause", "cases", "share"], every),
            load: self.leads.then(|| {
                self.grid("load", l.say("Load", "Auslastung"), &["team", "owner", "open", "not_begun", "late"], every)
            }),
        }
    }

    /// A table of the page: some columns of some rows, with what its numbers lead to.
    fn grid(&self, name: &str, caption: &str, columns: &[&'static str], wanted: impl Fn(&[Value]) -> bool) -> Grid {
        let table = self.table(name).unwrap_or(Table { columns: &[], rows: Vec::new() });
        let places: Vec<(usize, &'static str)> = columns
            .iter()
            .filter_map(|column| Some((table.columns.iter().position(|known| known == column)?, *column)))
            .collect();
        let numeric = |i: usize| {
            table.rows.first().is_some_and(|row| matches!(row[i], Value::Count(_) | Value::Number(_) | Value::Nothing))
        };
        let rows: Vec<&Vec<Value>> = table.rows.iter().filter(|row| wanted(row)).collect();
        let more = rows.len().saturating_sub(ROWS);
        let show = |row: &&Vec<Value>| {
            let cell = |(i, column): &(usize, &'static str)| Shown {
                text: words::value(self.l, column, &row[*i]),
                number: matches!(row[*i], Value::Count(_) | Value::Number(_) | Value::Nothing),
                href: self.behind(name, column, table.columns, row),
            };
            places.iter().map(cell).collect()
        };
        Grid {
            caption: caption.to_owned(),
            head: places.iter().map(|(i, column)| (words::column(self.l, column), numeric(*i))).collect(),
            rows: rows.iter().take(ROWS).map(show).collect(),
            csv: csv_address(self.selection, HERE, name),
            more,
        }
    }

    /// Where the cases behind a count of a table are; empty where there are none, or they cannot be told.
    fn behind(&self, name: &str, column: &str, columns: &[&str], row: &[Value]) -> String {
        let of = |wanted: &str| {
            let at = columns.iter().position(|column| *column == wanted)?;
            match &row[at] {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            }
        };
        let count = columns.iter().position(|known| *known == column).map(|at| &row[at]);
        if !matches!(count, Some(Value::Count(1..))) {
            return String::new();
        }
        let fact = match (name, column) {
            ("loop", "cases") | ("metrics" | "touchpoints" | "segments" | "trend", "answers") => "",
            ("loop", "worked") => "worked",
            ("loop", "closed_within_48h") => "quick",
            ("loop", "closed_within_72h") => "later",
            ("loop", "closed_over_72h") => "slow",
            ("loop", "open") => "open",
            ("loop", "automated") => "automated",
            ("loop", "won_back") => "won",
            ("teams", "kept") => {
                if of("clock") == Some("closure") {
                    "ck"
                } else {
                    "fk"
                }
            }
            ("teams", "missed") => {
                if of("clock") == Some("closure") {
                    "cm"
                } else {
                    "fm"
                }
            }
            ("causes", _) if of("root_cause") == Some(REST) => return String::new(),
            ("causes", "cases") => {
                return self.cases(&[("fact", &format!("why:{}", of("root_cause").unwrap_or_default()))]);
            }
            _ => return String::new(),
        };
        let mut but = vec![("fact", fact), ("metric", "")];
        for (column, parameter) in [
            ("metric", "metric"),
            ("country", "country"),
            ("touchpoint", "touchpoint"),
            ("segment", "segment"),
            ("team", "queue"),
        ] {
            but.extend(of(column).map(|value| (parameter, value)));
        }
        if let (Some(from), Some(to)) = (of("from"), of("to")) {
            but.extend([("from", from), ("to", to), ("period", "")]);
        }
        if name == "loop" && of("country") == Some(BLENDED) {
            but.retain(|(parameter, _)| *parameter != "country");
        }
        self.cases(&but)
    }
}
