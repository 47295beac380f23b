//! Figures of the outer loop, from the ledger's projections: bounded by what is shown, never by what is stored.
//!
//! What is counted is in `count`, how it is read back in `tally` and `figures`, what is made of it in `tables`; the formulas
//! are the core's. Reads only: figures change by nothing but the records they count.

mod cases;
mod choices;
mod count;
mod day;
mod effect;
mod figures;
mod graphs;
mod grids;
mod page;
mod period;
mod query;
mod table;
mod tables;
mod tally;
mod words;

pub(crate) use count::{counts, known_as};
pub(crate) use effect::{Measured, Scope};
pub(crate) use words::{day, number};

use crate::App;
use crate::access::{Action, Caller};
use crate::problem::{Problem, Reply, json};
use crate::time::from_unix;
use crate::web::{Referrer, guard};
use http::{HeaderValue, Request, StatusCode, header};
use query::{Countries, Selection};
use ringback_ledger::{Clock, Entropy, Store};
use serde_json::json as value;
use table::Table;

/// What the pages of figures need beyond the desk's style sheet.
const STYLE: &str = include_str!("../../templates/insights/style.css");

/// `GET /desk/insights/style.css`
#[must_use]
pub fn style() -> Reply {
    crate::web::style(STYLE)
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /v1/insights/{table}`, and with `format=csv` the same for spreadsheets.
    ///
    /// # Errors
    /// 400 for a query that is none, 401, 403, 404, 503.
    pub async fn get_figures(&self, name: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let caller = self.admit(request.headers(), Action::ReadInsights).await?;
        let selection = self.selection(request)?;
        if selection.csv {
            return self.csv(name, &selection, &caller).await;
        }
        let (figures, table) = self.table(name, &selection, &caller).await?;
        let period = selection.period;
        let countries = match &selection.countries {
            Countries::Each => "each",
            Countries::Blended => "blended",
            Countries::One(country) => country,
        };
        let body = value!({
            "from": period.from.to_string(), "to": period.to.to_string(), "grain": period.grain().as_str(),
            "countries": countries, "not_broken_down": figures.total.rest, "rows": table.json(),
        });
        Ok(json(StatusCode::OK, &body))
    }

    fn selection(&self, request: &Request<Vec<u8>>) -> Result<Selection, Problem> {
        let today = from_unix(self.clock.now()).date_naive();
        Selection::parse(request.uri().query().unwrap_or_default(), today)
    }

    async fn table(
        &self,
        name: &str,
        selection: &Selection,
        caller: &Caller,
    ) -> Result<(figures::Figures, Table), Problem> {
        if !tables::TABLES.contains(&name) {
            return Err(Problem::not_found("table"));
        }
        if name == "load" && !caller.role.may(Action::Reassign) {
            let detail = "who has how much to do is for those who lead them";
            return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
        }
        let figures = self.figures(selection).await?;
        let table = tables::table(name, &figures, &self.config).ok_or_else(|| Problem::not_found("table"))?;
        Ok((figures, table))
    }

    async fn csv(&self, name: &str, selection: &Selection, caller: &Caller) -> Result<Reply, Problem> {
        let (_, table) = self.table(name, selection, caller).await?;
        let mut reply = Reply::new(table.csv());
        let period = selection.period;
        let file = format!("attachment; filename=\"{name}-{}-{}.csv\"", period.from, period.to);
        let headers = reply.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
        if let Ok(file) = HeaderValue::from_str(&file) {
            headers.insert(header::CONTENT_DISPOSITION, file);
        }
        guard(&mut reply, "no-store", Referrer::Own);
        Ok(reply)
    }
}
