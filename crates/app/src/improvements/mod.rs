//! Improvements over HTTP: what many customers report is written down as something to be changed, with an owner and a day;
//! when it is done, what it has brought is measured and the customers whom it concerns are told.
//!
//! What may follow which is the core's; where they are kept is in `kept`. Nothing here names a customer: what speaks for an
//! improvement are the cases with its root cause.

mod kept;
mod order;
mod telling;

pub(crate) use kept::Row;

use crate::App;
use crate::access::{Action, Caller};
use crate::case::{expected_version, with_etag};
use crate::insights::{Measured, Scope};
use crate::intake;
use crate::problem::{Problem, Reply, json};
use crate::stored::Stored as _;
use crate::time::from_unix;
use chrono::{Days, NaiveDate};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use ringback_core::figures::Estimate;
use ringback_core::improvement::{Change, Improvement, State};
use ringback_ledger::{Clock, Entropy, Store, is_name};
use serde_json::{Value, json as value};

/// How many days are looked at before an improvement was written down, and after it was done at most.
const DAYS: u64 = 90;

/// What it has brought: before it was written down, and since it was done.
pub(crate) struct Effect {
    pub before: Measured,
    /// None as long as it is not done, or only since today.
    pub after: Option<Measured>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /v1/improvements`: the open ones by the day they are due, then those that ended, the newest first.
    ///
    /// # Errors
    /// 401, 403, 503.
    pub async fn get_improvements(&self, headers: &HeaderMap) -> Result<Reply, Problem> {
        self.admit(headers, Action::ReadInsights).await?;
        let rows = self.improvement_rows().await.map_err(|error| self.store_failed(&error))?;
        let today = self.today();
        let shown = |row: &Row| {
            let mut shown = row.store();
            shown["overdue"] = row.is_overdue(today).into();
            shown["url"] = self.improvement_address(&row.id).into();
            shown["ended_at"] = row.ended_at.store();
            shown
        };
        Ok(json(StatusCode::OK, &value!({ "improvements": rows.iter().map(shown).collect::<Vec<_>>() })))
    }

    /// `POST /v1/improvements`
    ///
    /// # Errors
    /// 400, 401, 403, 409 when too many are open, 413, 415, 422, 503.
    pub async fn post_improvement(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let caller = self.admit(request.headers(), Action::Improve).await?;
        let improvement = self.plan_improvement(&intake::json_body(request)?, &caller).await?;
        let mut reply = with_etag(json(StatusCode::CREATED, &self.improvement_json(&improvement)), &tag(&improvement));
        if let Ok(place) = HeaderValue::from_str(&format!("/v1/improvements/{}", improvement.id)) {
            reply.headers_mut().insert(header::LOCATION, place);
        }
        Ok(reply)
    }

    /// Writes one down for whoever is known already, and may: the API's caller, or a form of the desk.
    pub(crate) async fn plan_improvement(&self, body: &Value, caller: &Caller) -> Result<Improvement, Problem> {
        let plan = order::plan(body, &self.config, self.today())?;
        let now = from_unix(self.clock.now());
        let mut improvement = Improvement {
            id: self.unique()[..12].to_owned(),
            version: 0,
            title: plan.title,
            root_cause: plan.root_cause,
            survey: plan.survey,
            touchpoint: plan.touchpoint,
            country: plan.country,
            owner: plan.owner,
            due: plan.due,
            state: State::Planned,
            opened_at: now,
            ended_at: None,
            told: None,
            history: Vec::new(),
        };
        improvement.record(now, &caller.id, "created", None, plan.note);
        self.keep_new(&improvement).await?;
        Ok(improvement)
    }

    /// `GET /v1/improvements/{id}`, with what it has brought.
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn get_improvement(&self, id: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        self.admit(headers, Action::ReadInsights).await?;
        let improvement = self.seen_improvement(id).await?;
        let effect = self.effect_of(&improvement).await?;
        let mut shown = self.improvement_json(&improvement);
        shown["effect"] = effect_json(&effect);
        Ok(with_etag(json(StatusCode::OK, &shown), &tag(&improvement)))
    }

    /// `POST /v1/improvements/{id}/events`
    ///
    /// # Errors
    /// 400, 401, 403, 404, 409 when the change does not follow, 412, 413, 415, 422, 428, 503.
    pub async fn post_improvement_event(&self, id: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let caller = self.admit(request.headers(), Action::Improve).await?;
        let seen = expected_version(request.headers())?;
        let improvement = self.change_improvement(id, seen, &intake::json_body(request)?, &caller).await?;
        Ok(with_etag(json(StatusCode::OK, &self.improvement_json(&improvement)), &tag(&improvement)))
    }

    /// Changes one of which somebody has seen a version, for whoever is known already, and may.
    pub(crate) async fn change_improvement(
        &self,
        id: &str,
        seen: u64,
        body: &Value,
        caller: &Caller,
    ) -> Result<Improvement, Problem> {
        let (change, note) = order::change(body, self.today())?;
        let known = self.known_improvement(id).await?;
        if change == Change::Reopen && !known.state.is_open() {
            kept::room_for_one(&self.improvement_rows().await.map_err(|error| self.store_failed(&error))?)?;
        }
        let now = from_unix(self.clock.now());
        let apply = |before: &Improvement| {
            if before.version != seen {
                let detail = "it has changed since you have seen it: look at it again";
                return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "version-changed", detail));
            }
            let changed = before.apply(&change, &caller.id, &note, now);
            changed.map_err(|refused| Problem::new(StatusCode::CONFLICT, "does-not-follow", refused.to_string()))
        };
        self.keep_changed(id, apply).await
    }

    /// One that is there.
    pub(crate) async fn known_improvement(&self, id: &str) -> Result<Improvement, Problem> {
        let known = self.improvement(id).await.map_err(|error| self.store_failed(&error))?;
        known.ok_or_else(|| Problem::not_found("improvement"))
    }

    /// One that somebody looks at: what a crash has left of it in the list is mended.
    pub(crate) async fn seen_improvement(&self, id: &str) -> Result<Improvement, Problem> {
        match self.known_improvement(id).await {
            Ok(improvement) => {
                // That there are too many is told to whoever opens one.
                if let Err(problem) = self.list_improvement(&improvement).await
                    && problem.status.is_server_error()
                {
                    return Err(problem);
                }
                Ok(improvement)
            }
            Err(problem) if problem.status == StatusCode::NOT_FOUND => {
                if is_name(id) {
                    self.unlist_improvement(id).await.map_err(|error| self.store_failed(&error))?;
                }
                Err(problem)
            }
            Err(problem) => Err(problem),
        }
    }

    /// What it has brought: 3 reads, and 3 more once it is done.
    pub(crate) async fn effect_of(&self, improvement: &Improvement) -> Result<Effect, Problem> {
        let scope = Scope {
            survey: improvement.survey.as_ref().map(|survey| survey.as_str()),
            touchpoint: improvement.touchpoint.as_ref().map(|touchpoint| touchpoint.as_str()),
            country: improvement.country.as_deref(),
        };
        let opened = improvement.opened_at.date_naive();
        let first = opened.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(opened);
        let before = self.measured((first, opened), scope, &improvement.root_cause).await?;
        let after = match after(improvement, self.today()) {
            Some(days) => Some(self.measured(days, scope, &improvement.root_cause).await?),
            None => None,
        };
        Ok(Effect { before, after })
    }

    fn improvement_json(&self, improvement: &Improvement) -> Value {
        let mut shown = improvement.store();
        for (name, value) in [
            ("survey", improvement.survey.store()),
            ("touchpoint", improvement.touchpoint.store()),
            ("country", improvement.country.store()),
            ("ended_at", improvement.ended_at.store()),
            ("overdue", improvement.is_overdue(self.today()).into()),
            ("url", self.improvement_address(&improvement.id).into()),
            ("told", improvement.told.as_ref().map_or(Value::Null, telling::shown)),
        ] {
            shown[name] = value;
        }
        shown
    }

    fn improvement_address(&self, id: &str) -> String {
        format!("{}/desk/improvements/{id}", self.config.public_url)
    }

    pub(crate) fn today(&self) -> NaiveDate {
        from_unix(self.clock.now()).date_naive()
    }
}

fn tag(improvement: &Improvement) -> String {
    format!("\"{}\"", improvement.version)
}

/// The days from the one after it was done on.
fn after(improvement: &Improvement, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let done = improvement.ended_at.filter(|_| improvement.state == State::Done)?.date_naive();
    let first = done.checked_add_days(Days::new(1))?;
    let last = done.checked_add_days(Days::new(DAYS))?.min(today);
    (first <= last).then_some((first, last))
}

fn effect_json(effect: &Effect) -> Value {
    let shares = |measured: &Measured| measured.cause.percent();
    let measured = |measured: &Measured| {
        value!({
            "from": measured.from.to_string(), "to": measured.to.to_string(),
            "cases": measured.cause.part, "of": measured.cause.of, "share": estimate_json(shares(measured)),
            "scores": measured.scores.iter().map(|((metric, country), score)| {
                let mut shown = estimate_json(Some(*score));
                (shown["metric"], shown["country"]) = ((*metric).into(), country.as_str().into());
                shown
            }).collect::<Vec<_>>(),
        })
    };
    let changes = effect.after.as_ref().map(|after| {
        let of_cause = change(shares(after), shares(&effect.before));
        let scores = after.scores.iter().filter_map(|(key, now)| {
            let mut shown = change(Some(*now), effect.before.scores.get(key).copied());
            (shown["metric"], shown["country"]) = (key.0.into(), key.1.as_str().into());
            (!shown["value"].is_null()).then_some(shown)
        });
        value!({ "share": of_cause, "scores": scores.collect::<Vec<_>>() })
    });
    value!({ "before": measured(&effect.before), "after": effect.after.as_ref().map(measured), "change": changes })
}

fn estimate_json(estimate: Option<Estimate>) -> Value {
    let rounded = |n: f64| (n * 10.0).round() / 10.0 + 0.0;
    match estimate {
        Some(e) => value!({
            "value": rounded(e.value), "low": rounded(e.low), "high": rounded(e.high), "n": e.n, "small_sample": e.is_small(),
        }),
        None => value!({ "value": null, "low": null, "high": null, "n": 0, "small_sample": true }),
    }
}

/// How much a figure differs from one before, and whether by more than chance would bring about.
fn change(now: Option<Estimate>, before: Option<Estimate>) -> Value {
    let since = now.zip(before).map(|(now, before)| now.since(&before));
    let mut shown = estimate_json(since);
    shown["beyond_chance"] = since.is_some_and(|since| since.excludes_zero()).into();
    shown
}
