//! `GET /desk/insights`: the figures as a page, on which every number leads to its cases.
//!
//! Complete without script: the period and the filters stand in the address. What is shown is made here from the same
//! tables that the API gives out; how it is drawn is in `charts`.

use super::choices::{Choice, Filter};
use super::figures::Figures;
use super::graphs::{self, Card};
use super::grids::Tables;
use super::query::{Countries, Selection};
use super::table::Table;
use super::tables;
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
use ringback_ledger::{Clock, Entropy, Store};
use std::collections::BTreeSet;

/// The page's address.
pub(super) const HERE: &str = "/desk/insights";
/// The list of cases behind a number.
pub(super) const CASES: &str = "/desk/insights/cases";
/// Countries that are drawn; all are in the tables.
const DRAWN: usize = 6;
/// Root causes that are shown; all are in the CSV.
const CAUSES: usize = 10;
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
pub(super) struct Maker<'a, S, C, E> {
    pub l: Lang,
    pub selection: &'a Selection,
    pub figures: &'a Figures,
    pub app: &'a App<S, C, E>,
    pub leads: bool,
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
    pub(super) fn cases(&self, but: &[(&str, &str)]) -> String {
        self.selection.address(CASES, but)
    }

    pub(super) fn table(&self, name: &str) -> Option<Table> {
        tables::table(name, self.figures, &self.app.config)
    }

    /// The metric shown at length: the one asked for, or the first of which there are answers.
    fn metric(&self) -> &'static str {
        let answered: BTreeSet<&'static str> = self.figures.total.answers_by(|cell| cell.metric).into_keys().collect();
        let first = Metric::ALL.iter().map(|metric| metric.as_str()).find(|metric| answered.contains(metric));
        self.selection.metric.map(Metric::as_str).or(first).unwrap_or("nps")
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

    fn tiles(&self) -> Vec<Tile> {
        let (work, answers) = (self.figures.work(), self.figures.answers());
        graphs::tiles(self.l, &work, answers, |fact| self.cases(&[("fact", fact)]))
    }
}
