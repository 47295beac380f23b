//! `GET /desk/insights/cases`: the cases behind a number, in the order in which they opened.
//!
//! Which case is meant by a number is asked of the same function that counted it, so the two cannot differ. It shows nothing
//! personal: who may see cases is led on to them. One request looks at a bounded number of cases, and its link goes on.

use super::count::{answer_row, facts};
use super::page::HERE;
use super::query::Selection;
use super::{tally, words};
use crate::App;
use crate::access::Action;
use crate::case::{opened, opened_at};
use crate::desk::{Door, Frame, Place};
use crate::dossier::Dossier;
use crate::problem::{Problem, Reply};
use crate::web::desk_page;
use askama::Template;
use chrono::{Days, NaiveTime};
use http::{Request, StatusCode};
use ringback_core::case::Case;
use ringback_core::survey::Band;
use ringback_ledger::{Clock, Entropy, Record, Store};

/// Cases that one request looks at.
const LOOKED_AT: usize = 100;

/// A case in the list.
struct Line {
    /// Its page; empty for who may not see it.
    href: String,
    opened: String,
    asked: String,
    country: String,
    segment: String,
    score: u8,
    band: &'static str,
    state: String,
    took: String,
}

#[derive(Template)]
#[template(path = "insights/cases.html")]
struct CasesPage {
    f: Frame,
    title: String,
    period: String,
    filters: Vec<String>,
    back: String,
    lines: Vec<Line>,
    next: String,
    /// Where a root cause is written down as something to be changed; empty for other numbers, and for who may not.
    improve: String,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/insights/cases?fact=slow&country=DE&period=…`
    ///
    /// # Errors
    /// 400 for a query that is none, 503.
    pub async fn get_insights_cases(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Figures).await? {
            Door::In(guest) => guest,
            Door::Out(reply) => return Ok(reply),
        };
        let selection = self.selection(request)?;
        let (l, may_read) = (guest.frame.l, guest.caller.role.may(Action::ReadCase));
        let (records, next) = self.behind(&selection).await?;
        let line = |record: &Record<Dossier>| {
            let (case, feedback) = (record.body.case.as_ref()?, &record.body.feedback);
            let took = case.ended().map(|at| u64::try_from((at - case.opened_at).num_seconds()).unwrap_or(0));
            Some(Line {
                href: if may_read { format!("/desk/cases/{}", record.eid) } else { String::new() },
                opened: words::day(l, case.opened_at.date_naive()),
                asked: format!("{} · {}", feedback.touchpoint, feedback.metric.label()),
                country: words::country(l, feedback.country.as_deref().unwrap_or("-")),
                segment: feedback.segment.clone().unwrap_or_default(),
                score: feedback.score.get(),
                band: match feedback.band {
                    Band::Detractor | Band::Dissatisfied => "low",
                    Band::Passive | Band::Neutral => "middle",
                    Band::Promoter | Band::Satisfied => "high",
                },
                state: l.state(case.state).to_owned(),
                took: took.map_or_else(String::new, |seconds| words::length(l, seconds)),
            })
        };
        let period = selection.period;
        let named = ["metric", "country", "touchpoint", "segment", "survey", "queue"];
        let page = CasesPage {
            title: words::fact(l, selection.given("fact")),
            period: format!("{} – {}", words::day(l, period.from), words::day(l, period.to)),
            filters: named
                .iter()
                .map(|name| selection.given(name))
                .filter(|v| !v.is_empty())
                .map(str::to_owned)
                .collect(),
            back: selection.address(HERE, &[("fact", ""), ("queue", ""), ("after", "")]),
            improve: match selection.given("fact").strip_prefix("why:") {
                Some(cause) if guest.caller.role.may(Action::Improve) => improving(cause),
                _ => String::new(),
            },
            lines: records.iter().filter_map(line).collect(),
            next: next.map_or_else(String::new, |after| selection.address(super::page::CASES, &[("after", &after)])),
            f: guest.frame,
        };
        desk_page(StatusCode::OK, &page)
    }

    /// The cases that are meant, among the next that opened; and where to go on.
    async fn behind(&self, selection: &Selection) -> Result<(Vec<Record<Dossier>>, Option<String>), Problem> {
        let period = selection.period;
        let at = |day: chrono::NaiveDate| opened_at(day.and_time(NaiveTime::MIN).and_utc());
        let from = match selection.after.as_deref().map(place) {
            Some(after) => format!("{}\0", opened(&after.ok_or_else(|| Problem::not_found("page"))?)),
            None => at(period.from),
        };
        let to = at(period.to.checked_add_days(Days::new(1)).unwrap_or(period.to));
        let names = self.ledger.scan(&from, &to, LOOKED_AT + 1).await.map_err(|error| self.store_failed(&error))?;
        let looked_at = &names[..names.len().min(LOOKED_AT)];
        let ids: Vec<&str> = looked_at.iter().filter_map(|name| name.rsplit('|').next()).collect();
        let (mut records, _) = self.records_of(&ids).await?;
        records.retain(|r| r.body.case.as_ref().is_some_and(|case| selection.means(&r.body, case)));
        records.sort_by_key(|record| record.body.case.as_ref().map(|case| case.opened_at));
        let last = looked_at.last().filter(|_| names.len() > LOOKED_AT);
        let next = last.map(|name| data_encoding::BASE64URL_NOPAD.encode(&name.as_bytes()[opened("").len()..]));
        Ok((records, next))
    }
}

impl Selection {
    /// Whether a case is one of those that a number counts.
    fn means(&self, dossier: &Dossier, case: &Case) -> bool {
        let day = case.opened_at.date_naive();
        let Some((cell, _)) = tally::cell(&answer_row(&dossier.feedback)) else { return false };
        (self.period.from..=self.period.to).contains(&day)
            && self.takes(&cell)
            && self.metric.is_none_or(|metric| metric.as_str() == cell.metric)
            && self.queue.as_deref().is_none_or(|queue| queue == case.queue.as_str())
            && self.fact.as_ref().is_none_or(|fact| facts(case, &dossier.feedback).contains(fact))
    }
}

/// The form that writes a root cause down.
fn improving(cause: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    format!("/desk/improvements?{}#new", query.append_pair("root_cause", cause).finish())
}

/// Where a page ended.
fn place(after: &str) -> Option<String> {
    let text = String::from_utf8(data_encoding::BASE64URL_NOPAD.decode(after.as_bytes()).ok()?).ok()?;
    let (order, id) = text.split_once('|')?;
    let whole = order.len() == 11 && order.bytes().all(|b| b.is_ascii_digit()) && ringback_ledger::is_name(id);
    whole.then_some(text)
}
