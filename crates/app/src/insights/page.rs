//! `GET /desk/insights`: the figures as a page, on which every number leads to its cases.
//!
//! Complete without script: the period and the filters stand in the address. What is shown is made here from the same
//! tables that the API gives out; how it is drawn is in `charts`.

use super::figures::Figures;
use super::graphs::{self, Card};
use super::query::{Countries, Selection};
use super::table::{Table, Value};
use super::tables::{self, BLENDED, csv_address};
use super::words;
use crate::App;
use crate::access::Action;
use crate::desk::{Door, Frame, Lang, Place};
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use crate::web::desk_page;
use askama::Template;
use http::{Request, StatusCode};
use ringback_core::names::Named as _;
use ringback_core::survey::Metric;
use ringback_ledger::{Clock, Entropy, REST, Store};
use std::collections::BTreeSet;

/// The page's address.
pub(super) const HERE: &str = "/desk/insights";
/// The list of cases behind a number.
pub(super) const CASES: &str = "/desk/insights/cases";
/// Choices of a filter at most.
const CHOICES: usize = 60;
/// Countries that are drawn; all are in the tables.
const DRAWN: usize = 6;
/// Root causes that are shown; all are in the CSV.
const CAUSES: usize = 10;
/// Rows of a table on the page; all are in the CSV.
const ROWS: usize = 40;

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

/// A number that stands for itself.
pub(super) struct Tile {
    pub label: &'static str,
    pub value: String,
    pub detail: String,
    pub href: String,
}

/// A part of the bar that shows how cases stand.
pub(super) struct Legend {
    pub class: &'static str,
    pub label: &'static str,
    pub count: String,
    pub href: String,
}

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

#[derive(Template)]
#[template(path = "insights/page.html")]
struct InsightsPage {
    f: Frame,
    period: String,
    notes: Vec<String>,
    mistakes: Vec<String>,
    periods: Vec<Choice>,
    filters: Vec<Filter>,
    from: String,
    to: String,
    metrics: Vec<Choice>,
    unit: String,
    cards: Vec<Card>,
    tiles: Vec<Tile>,
    split: String,
    legend: Vec<Legend>,
    attainment: String,
    causes: String,
    load: String,
    tables: Tables,
    /// Whether countries are blended.
    blended: bool,
    empty: bool,
}

/// The tables of the page.
struct Tables {
    metrics: Grid,
    trend: Grid,
    distribution: Grid,
    touchpoints: Grid,
    segments: Grid,
    closing: Grid,
    teams: Grid,
    causes: Grid,
    load: Option<Grid>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/insights`, and `GET /desk/insights/{table}.csv`.
    ///
    /// # Errors
    /// 400 and 404 for a table, 503.
    pub async fn get_insights_page(&self, table: Option<&str>, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Figures).await? {
            Door::In(guest) => guest,
            Door::Out(reply) => return Ok(reply),
        };
        if let Some(name) = table {
            let name = name.strip_suffix(".csv").ok_or_else(|| Problem::not_found("page"))?;
            return self.csv(name, &self.selection(request)?, &guest.caller).await;
        }
        let today = from_unix(self.clock.now()).date_naive();
        let (status, mistakes, selection) = match self.selection(request) {
            Ok(selection) => (StatusCode::OK, Vec::new(), selection),
            Err(problem) => {
                let said = problem.errors.into_iter().map(|e| format!("{}: {}", &e.pointer[1..], e.detail));
                (StatusCode::BAD_REQUEST, said.collect(), Selection::parse("", today)?)
            }
        };
        let figures = self.figures(&selection).await?;
        let leads = guest.caller.role.may(Action::Reassign);
        let shown = Maker { l: guest.frame.l, selection: &selection, figures: &figures, app: self, leads };
        desk_page(status, &shown.page(guest.frame, mistakes))
    }
}

/// Makes the page.
struct Maker<'a, S, C, E> {
    l: Lang,
    selection: &'a Selection,
    figures: &'a Figures,
    app: &'a App<S, C, E>,
    leads: bool,
}

impl<S: Store, C: Clock, E: Entropy> Maker<'_, S, C, E> {
    fn page(&self, f: Frame, mistakes: Vec<String>) -> InsightsPage {
        let (l, period) = (self.l, self.selection.period);
        let metric = self.metric();
        let work = self.figures.work();
        let (split, legend) = graphs::split(l, &work, |fact| self.cases(&[("fact", fact)]));
        InsightsPage {
            period: format!("{} – {}", words::day(l, period.from), words::day(l, period.to)),
            notes: self.notes(),
            mistakes,
            periods: self.periods(),
            filters: self.filters(),
            from: period.from.to_string(),
            to: period.to.to_string(),
            metrics: self.metrics(metric),
            unit: format!("{}: {}", words::metric(metric), words::unit(l, metric)),
            cards: graphs::cards(l, self.figures, metric, DRAWN, |country| {
                self.cases(&[("metric", metric), ("country", country), ("fact", "")])
            }),
            tiles: self.tiles(),
            split,
            legend,
            attainment: graphs::attainment(l, self.table("teams").as_ref()),
            causes: graphs::causes(l, self.table("causes").as_ref(), CAUSES),
            load: if self.leads { graphs::load(l, self.table("load").as_ref()) } else { String::new() },
            tables: self.tables(metric),
            blended: self.selection.countries == Countries::Blended,
            empty: self.figures.answers() == 0 && work.cases == 0,
            f,
        }
    }

    /// The address of the cases behind a number.
    fn cases(&self, but: &[(&str, &str)]) -> String {
        self.selection.address(CASES, but)
    }

    fn table(&self, name: &str) -> Option<Table> {
        tables::table(name, self.figures, &self.app.config)
    }

    /// The metric shown at length: the one asked for, or the first of which there are answers.
    fn metric(&self) -> &'static str {
        let answered: BTreeSet<&'static str> = self.figures.total.answers_by(|cell| cell.metric).into_keys().collect();
        let first = Metric::ALL.iter().map(|metric| metric.as_str()).find(|metric| answered.contains(metric));
        self.selection.metric.map(Metric::as_str).or(first).unwrap_or("nps")
    }

    fn metrics(&self, current: &str) -> Vec<Choice> {
        let answered = self.figures.total.answers_by(|cell| cell.metric);
        let known = Metric::ALL.iter().filter(|metric| answered.contains_key(metric.as_str()));
        let choice = |metric: &Metric| Choice {
            label: metric.label().to_owned(),
            value: self.selection.address(HERE, &[("metric", metric.as_str())]),
            current: metric.as_str() == current,
        };
        known.map(choice).collect()
    }

    fn notes(&self) -> Vec<String> {
        let l = self.l;
        let mut notes = Vec::new();
        if self.selection.countries == Countries::Blended {
            notes.push(
                l.say(
                    "All countries are blended, as asked. Cultures score differently: compare within a country.",
                    "Alle Länder sind vermischt, wie gewünscht. Kulturen bewerten verschieden: vergleichen Sie innerhalb eines Landes.",
                )
                .to_owned(),
            );
        }
        if self.figures.total.rest > 0 {
            let n = words::count(l, self.figures.total.rest);
            notes.push(match l.code() {
                "de" => format!("{n} Antworten sind nicht aufgegliedert, weil es zu viele verschiedene Segmente gab."),
                _ => format!("{n} answers are not broken down, because there were too many different segments."),
            });
        }
        notes
    }

    fn periods(&self) -> Vec<Choice> {
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

    fn filters(&self) -> Vec<Filter> {
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

    fn tiles(&self) -> Vec<Tile> {
        let (work, answers) = (self.figures.work(), self.figures.answers());
        graphs::tiles(self.l, &work, answers, |fact| self.cases(&[("fact", fact)]))
    }

    fn tables(&self, metric: &str) -> Tables {
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
