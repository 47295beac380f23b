//! `GET /v1/cases`, and the desk's lists: cases in the order of what is due next, a page at a time, from the index.
//!
//! The index narrows by one condition; the others are checked on the records. What one request looks at is bounded: where
//! few cases fit, a page may have fewer than asked for, and its `Link` goes on from there.

use super::mark::{self, Kind, NOBODY};
use crate::App;
use crate::access::Action;
use crate::dossier::Dossier;
use crate::fields::Mistakes;
use crate::problem::{FieldError, Problem, Reply, json};
use crate::view;
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderValue, Request, StatusCode, header};
use ringback_core::case::{Case, State};
use ringback_core::names::Named as _;
use ringback_core::rule::{Advocacy, Track};
use ringback_ledger::{Clock, Entropy, Record, Store, is_name};
use serde_json::{Value, json as value};

/// Cases on a page, when nothing else is asked for.
const USUAL: usize = 50;
/// Cases on a page at most.
const MOST: usize = 100;
/// How often the index is asked for more names, when those before did not fit.
const ROUNDS: usize = 4;

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub queue: Option<String>,
    /// `none` is nobody.
    pub owner: Option<String>,
    pub state: Option<State>,
    pub track: Option<Track>,
    pub advocacy: Option<Advocacy>,
    pub account: Option<String>,
    /// The account's name in the index.
    pub account_key: Option<String>,
    pub due_before: Option<DateTime<Utc>>,
    pub limit: Option<usize>,
    /// Where the page before ended: order and id.
    pub cursor: Option<String>,
}

/// A page of cases.
pub(crate) struct Page {
    /// In the order of the list, each with a case.
    pub records: Vec<Record<Dossier>>,
    /// The ids of cases of the list that cannot be read.
    pub unreadable: Vec<String>,
    /// Where the next begins; none at the end.
    pub next: Option<String>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /v1/cases`
    ///
    /// # Errors
    /// 400 for a query that is none, 401, 403, 503.
    pub async fn get_cases(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        self.admit(request.headers(), Action::ReadCase).await?;
        let mut query = parse(request.uri().query().unwrap_or_default())?;
        query.account_key = query.account.as_deref().map(|id| self.namer.account(id));
        let page = self.cases_page(&query, ROUNDS).await?;
        let listed = |record: &Record<Dossier>| {
            record.body.case.as_ref().map(|case| view::listed(&record.eid, &record.body, case))
        };
        let cases: Vec<Value> = page.records.iter().filter_map(listed).collect();
        let mut reply = json(StatusCode::OK, &value!({ "cases": cases, "unreadable": page.unreadable }));
        if let Some(next) = page.next {
            let link = format!("<{}>; rel=\"next\"", address(&query, &next));
            if let Ok(link) = HeaderValue::from_str(&link) {
                reply.headers_mut().insert(header::LINK, link);
            }
        }
        Ok(reply)
    }

    /// A page of what is asked for. Names are asked for in so many rounds at most.
    pub(crate) async fn cases_page(&self, query: &Query, rounds: usize) -> Result<Page, Problem> {
        let limit = query.limit.unwrap_or(USUAL);
        let prefix = query.list();
        let (mut from, to) = query.range(&prefix);
        let mut page = Page { records: Vec::new(), unreadable: Vec::new(), next: None };
        for round in 0..rounds {
            // One more than is read: whether the list goes on.
            let names = self.ledger.scan(&from, &to, limit + 1).await.map_err(|error| self.store_failed(&error))?;
            let ids: Vec<&str> = names.iter().take(limit).filter_map(|name| name.rsplit('|').next()).collect();
            let (mut records, unreadable) = self.records_of(&ids).await?;
            page.unreadable.extend(unreadable);
            for name in names.iter().take(limit) {
                if page.records.len() == limit {
                    return Ok(page);
                }
                let id = name.rsplit('|').next().unwrap_or_default();
                let found = records.iter().position(|record| record.eid == id).map(|i| records.swap_remove(i));
                page.records
                    .extend(found.filter(|r| r.body.case.as_ref().is_some_and(|case| query.fits(&r.body, case))));
                page.next = name.get(prefix.len()..).map(str::to_owned);
            }
            if names.len() <= limit {
                page.next = None;
                return Ok(page);
            }
            let last = page.next.as_deref().unwrap_or_default();
            from = format!("{prefix}{last}\0");
            if round + 1 < rounds && page.records.len() < limit {
                continue;
            }
            break;
        }
        Ok(page)
    }
}

impl Query {
    /// The list of the index that narrows most.
    fn list(&self) -> String {
        let owner = self.owner.as_deref().map(|owner| if owner == "none" { NOBODY } else { owner });
        let lists = [
            owner.map(|owner| (Kind::Owner, owner)),
            self.account_key.as_deref().map(|account| (Kind::Account, account)),
            self.advocacy.map(|asked| (Kind::Advocacy, asked.as_str())),
            self.state.map(|state| (Kind::State, state.as_str())),
            self.queue.as_deref().map(|queue| (Kind::Queue, queue)),
            self.track.map(|track| (Kind::Track, track.as_str())),
        ];
        let (kind, value) = lists.into_iter().flatten().next().unwrap_or((Kind::All, ""));
        kind.prefix(value)
    }

    /// From where to where the list is read: what is open, unless what is over is asked for.
    fn range(&self, prefix: &str) -> (String, String) {
        let over = self.state.is_some_and(State::is_over);
        let from = match &self.cursor {
            Some(cursor) => format!("{prefix}{cursor}\0"),
            None => format!("{prefix}{}", u8::from(over)),
        };
        let to = match (over, self.due_before) {
            (true, _) => format!("{prefix}2"),
            (false, Some(at)) => format!("{prefix}{}", mark::due(at)),
            (false, None) => format!("{prefix}1"),
        };
        (from, to)
    }

    /// Whether a case is asked for, as it stands now: the index may be a moment behind.
    fn fits(&self, dossier: &Dossier, case: &Case) -> bool {
        let account = || dossier.feedback.account.as_ref().and_then(|account| account.id.as_deref());
        self.queue.as_deref().is_none_or(|queue| case.queue.as_str() == queue)
            && self.owner.as_deref().is_none_or(|owner| case.owner.as_deref().unwrap_or("none") == owner)
            && self.state.map_or(!case.state.is_over(), |state| case.state == state)
            && self.track.is_none_or(|track| case.track == track)
            && self.advocacy.is_none_or(|asked| case.advocacy == Some(asked))
            && self.account.as_deref().is_none_or(|id| account() == Some(id))
            && self.due_before.is_none_or(|at| case.due_next().is_some_and(|due| due < at))
    }
}

fn parse(text: &str) -> Result<Query, Problem> {
    let mut query = Query::default();
    let mistakes = Mistakes::default();
    for (name, given) in form_urlencoded::parse(text.as_bytes()) {
        let at = format!("/{}", crate::fields::escape(&name.chars().take(64).collect::<String>()));
        let wrong = |what: &str| mistakes.add(at.clone(), what);
        let given = given.into_owned();
        if given.is_empty() || given.chars().count() > 256 {
            wrong("must have 1 to 256 characters");
            continue;
        }
        match name.as_ref() {
            "queue" => query.queue = Some(given),
            "owner" => query.owner = Some(given),
            "account" => query.account = Some(given),
            "state" => {
                query.state = State::from_name(&given);
                if query.state.is_none() {
                    wrong(&format!(
                        "must be one of {}",
                        State::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")
                    ));
                }
            }
            "track" => {
                query.track = Track::from_name(&given);
                if query.track.is_none() {
                    wrong("must be one of recovery, passive, advocacy, automation");
                }
            }
            "advocacy" => {
                query.advocacy = Advocacy::from_name(&given);
                if query.advocacy.is_none() {
                    wrong("must be one of thank_you, referral, ambassador, review");
                }
            }
            "due_before" => {
                query.due_before = DateTime::parse_from_rfc3339(&given).map(|at| at.with_timezone(&Utc)).ok();
                if query.due_before.is_none() {
                    wrong("must be a time as in 2026-11-22T09:30:00Z");
                }
            }
            "limit" => {
                query.limit = given.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                if query.limit.is_none() {
                    wrong("must be a whole number from 1 to 100");
                }
            }
            "cursor" => {
                query.cursor = place(&given);
                if query.cursor.is_none() {
                    wrong("is none of ours: take it from the Link of the page before");
                }
            }
            _ => wrong("is not known here"),
        }
    }
    match mistakes.or(Some(query)) {
        Ok(query) => Ok(query),
        Err(problem) => Err(invalid(problem.errors)),
    }
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    let names: Vec<&str> = errors.iter().map(|e| e.pointer.trim_start_matches('/')).collect();
    let detail = format!("wrong in the query: {}", names.join(", "));
    Problem { errors, ..Problem::new(StatusCode::BAD_REQUEST, "invalid-query", detail) }
}

/// Where a page ended: `order|id`.
pub(crate) fn place(cursor: &str) -> Option<String> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
    let (order, id) = text.split_once('|')?;
    let whole = order.len() == 11 && order.bytes().all(|b| b.is_ascii_digit()) && is_name(id);
    whole.then_some(text)
}

/// A place as an address carries it.
pub(crate) fn cursor(place: &str) -> String {
    BASE64URL_NOPAD.encode(place.as_bytes())
}

/// The address of the next page.
fn address(query: &Query, next: &str) -> String {
    let mut parts = form_urlencoded::Serializer::new(String::new());
    let mut add = |name: &str, given: Option<&str>| {
        if let Some(given) = given {
            parts.append_pair(name, given);
        }
    };
    add("queue", query.queue.as_deref());
    add("owner", query.owner.as_deref());
    add("state", query.state.map(State::as_str));
    add("track", query.track.map(Track::as_str));
    add("advocacy", query.advocacy.map(Advocacy::as_str));
    add("account", query.account.as_deref());
    add("due_before", query.due_before.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).as_deref());
    add("limit", query.limit.map(|limit| limit.to_string()).as_deref());
    add("cursor", Some(&cursor(next)));
    format!("/v1/cases?{}", parts.finish())
}
