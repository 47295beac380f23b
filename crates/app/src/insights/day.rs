//! Figures of a day, from the ledger's projections: bounded by what is shown, never by what is stored.

use crate::App;
use crate::access::Action;
use crate::problem::{Problem, Reply, json};
use crate::time::{day_of, from_unix};
use chrono::NaiveDate;
use http::{Request, StatusCode};
use ringback_ledger::{Clock, Entropy, Store};
use serde_json::{Map, Value};

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /v1/insights/scores?day=2026-11-22`: how many answers per band and score, by survey, touchpoint, country and
    /// segment; never blended over them. Without `day`, today (UTC).
    ///
    /// # Errors
    /// 400 for a day that is none, 401, 403, 503.
    pub async fn get_scores(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        self.admit(request.headers(), Action::ReadInsights).await?;
        let wrong = || Problem::new(StatusCode::BAD_REQUEST, "invalid-query", "day must be a date as in 2026-11-22");
        let asked = request.uri().query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("day="));
        let day = match asked {
            None => from_unix(self.clock.now()).date_naive(),
            Some(text) => NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| wrong())?,
        };
        let at = day.and_hms_opt(0, 0, 0).ok_or_else(wrong)?.and_utc();
        let counts = self.ledger.counts(day_of(at)).await.map_err(|error| self.store_failed(&error))?;
        let rows: Vec<Value> =
            counts.iter().filter(|(row, _)| is_of_answers(row)).map(|(row, fields)| show(row, fields.iter())).collect();
        Ok(json(StatusCode::OK, &serde_json::json!({ "day": day.to_string(), "rows": rows })))
    }
}

/// Others are about cases.
fn is_of_answers(row: &str) -> bool {
    row.split('|').count() == 5
}

fn show<'a>(row: &str, fields: impl Iterator<Item = (&'a String, &'a i64)>) -> Value {
    let mut names = row.split('|').map(|part| if part == "-" { Value::Null } else { part.into() });
    let mut shown = Map::new();
    for dimension in ["survey", "touchpoint", "country", "segment"] {
        shown.insert(dimension.to_owned(), names.next().unwrap_or_default());
    }
    let (mut bands, mut scores) = (Map::new(), Map::new());
    for (field, count) in fields {
        match field.strip_prefix('s').filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())) {
            Some(score) => scores.insert(score.to_owned(), (*count).into()),
            None => bands.insert(field.clone(), (*count).into()),
        };
    }
    let total: i64 = bands.values().filter_map(Value::as_i64).sum();
    shown.insert("answers".to_owned(), total.into());
    let share = |band: &str| bands.get(band).and_then(Value::as_i64).unwrap_or(0);
    if total > 0 && bands.keys().any(|b| matches!(b.as_str(), "detractor" | "passive" | "promoter")) {
        #[expect(clippy::cast_precision_loss, reason = "counts of a day are far below 2^52")]
        let nps = (share("promoter") - share("detractor")) as f64 * 100.0 / total as f64;
        shown.insert("nps".to_owned(), ((nps * 10.0).round() / 10.0).into());
    }
    shown.insert("bands".to_owned(), Value::Object(bands));
    shown.insert("scores".to_owned(), Value::Object(scores));
    Value::Object(shown)
}
