//! Lists of cases: mine in the order of what is due next, those of nobody, of a queue, of a state; a page at a time.

use super::case::Notice;
use super::frame::{Door, Frame, Place, see_other};
use super::lang::{Due, Lang, When};
use crate::App;
use crate::case::{Query, cursor, order, place};
use crate::deliver::text::{one_line, shorten};
use crate::dossier::Dossier;
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use crate::web::{desk_page, field};
use askama::Template;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};
use ringback_core::case::{Case, State};
use ringback_core::deadline::ClockKind;
use ringback_core::feedback::Feedback;
use ringback_core::survey::Band;
use ringback_ledger::{Clock, Entropy, Record, Store};

/// Cases on a page.
const ON_A_PAGE: usize = 25;
/// Characters of a comment in a list.
const EXCERPT: usize = 160;

/// What is listed of whose.
const VIEWS: [&str; 5] = ["mine", "nobody", "all", "waiting", "closed"];

/// A case in a list.
pub(super) struct Row {
    pub id: String,
    pub score: u8,
    /// `low`, `middle` or `high`.
    pub mark: &'static str,
    pub band: &'static str,
    pub title: String,
    pub excerpt: String,
    pub touchpoint: String,
    pub country: String,
    pub state: &'static str,
    pub priority: &'static str,
    /// The priority's name, as a class.
    pub urgency: &'static str,
    pub queue: String,
    pub owner: String,
    pub due: Option<Due>,
    pub ended: Option<When>,
}

/// Which part of its scale a band is.
pub(super) const fn band_mark(band: Band) -> &'static str {
    match band {
        Band::Detractor | Band::Dissatisfied => "low",
        Band::Passive | Band::Neutral => "middle",
        Band::Promoter | Band::Satisfied => "high",
    }
}

/// What an answer is called in a list: whose it is, as far as that is known.
pub(super) fn title(l: Lang, f: &Feedback) -> String {
    let account = f.account.as_ref().and_then(|a| a.name.as_deref());
    let who = match (f.customer.name.as_deref(), account) {
        (Some(name), Some(account)) => format!("{name}, {account}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => f.customer.id.clone().unwrap_or_else(|| l.say("Anonymous", "Anonym").to_owned()),
    };
    shorten(&one_line(&who), 80)
}

impl Row {
    pub fn new(l: Lang, record: &Record<Dossier>, now: DateTime<Utc>) -> Option<Self> {
        let (case, f) = (record.body.case.as_ref()?, &record.body.feedback);
        Some(Self {
            id: record.eid.clone(),
            score: f.score.get(),
            mark: band_mark(f.band),
            band: l.band(f.band),
            title: title(l, f),
            excerpt: shorten(&one_line(f.comment.as_deref().unwrap_or_default()), EXCERPT),
            touchpoint: f.touchpoint.to_string(),
            country: f.country.as_deref().map(one_line).unwrap_or_default(),
            state: l.state(case.state),
            priority: l.priority(case.priority),
            urgency: case.priority.as_str(),
            queue: case.queue.to_string(),
            owner: case.owner.as_deref().map(one_line).unwrap_or_default(),
            due: due(l, case, now),
            ended: case.ended().map(|at| When::new(l, at)),
        })
    }
}

/// What is due next, and whether it has begun to be urgent.
pub(super) fn due(l: Lang, case: &Case, now: DateTime<Utc>) -> Option<Due> {
    let at = case.due_next()?;
    let clocks = [ClockKind::FirstContact, ClockKind::Closure].map(|kind| case.clock(kind));
    let clock = clocks.into_iter().find(|clock| clock.met_at.is_none() && clock.due_at == at);
    Some(Due::new(l, at, clock.map(|clock| clock.warn_at), now))
}

/// That cases of a list cannot be read: whoever works it must know that it is not all of it.
pub(super) fn unreadable(l: Lang, ids: Vec<String>) -> Option<Notice> {
    let text = l.say(
        "These cases are stored and cannot be read. Tell your administrator:",
        "Diese Fälle sind gespeichert und nicht lesbar. Bitte sagen Sie es Ihrer Administration:",
    );
    (!ids.is_empty()).then(|| Notice { mark: "bad", text: text.to_owned(), more: ids, ..Notice::default() })
}

/// A way to look at the list.
struct Tab {
    path: String,
    label: &'static str,
    current: bool,
}

/// A list.
#[derive(Template)]
#[template(path = "desk/list.html")]
struct ListPage {
    f: Frame,
    tabs: Vec<Tab>,
    view: &'static str,
    queues: Vec<String>,
    queue: String,
    notice: Option<Notice>,
    rows: Vec<Row>,
    /// The first page; none when this is it.
    first: Option<String>,
    next: Option<String>,
    now: When,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk`: my cases, unless another view is asked for.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_desk(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Cases).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let f = guest.frame;
        let l = f.l;
        let asked = |name: &str| field(request.uri().query().unwrap_or_default().as_bytes(), name).unwrap_or_default();
        let view = VIEWS.into_iter().find(|view| *view == asked("view")).unwrap_or("mine");
        let queue: String = asked("queue").chars().take(128).collect();
        let from = place(&asked("cursor"));
        let query = Query {
            owner: match view {
                "mine" => Some(guest.caller.id.clone()),
                "nobody" => Some("none".to_owned()),
                _ => None,
            },
            state: match view {
                "waiting" => Some(State::Waiting),
                "closed" => Some(State::Closed),
                _ => None,
            },
            queue: (!queue.is_empty()).then(|| queue.clone()),
            limit: Some(ON_A_PAGE),
            cursor: from.clone(),
            ..Query::default()
        };
        let page = self.cases_page(&query, 1).await?;
        let now = from_unix(self.clock.now());
        let rows = page.records.iter().filter_map(|record| Row::new(l, record, now)).collect();
        let shown = ListPage {
            tabs: tabs(l, view, &queue),
            view,
            queues: self.queue_names(),
            notice: unreadable(l, page.unreadable),
            rows,
            first: from.map(|_| address(view, &queue, None)),
            next: page.next.map(|next| address(view, &queue, Some(&cursor(&next)))),
            queue,
            now: When::new(l, now),
            f,
        };
        desk_page(StatusCode::OK, &shown)
    }

    /// `GET /desk/next?after={id}`: goes to the case of mine that is due after that one, or to the first that nobody has.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_next_case(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Cases).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let after = field(request.uri().query().unwrap_or_default().as_bytes(), "after").unwrap_or_default();
        let record = self.record_of(&after).await?;
        let case = record.as_ref().and_then(|record| record.body.case.as_ref());
        let from = case.filter(|case| !case.state.is_over()).map(|case| format!("{}|{after}", order(case)));
        let mine = Some(guest.caller.id.clone());
        let mut tries = vec![(mine.clone(), from.clone())];
        // Round about: what is due before it, and then what nobody has.
        tries.extend(from.map(|_| (mine, None)));
        tries.push((Some("none".to_owned()), None));
        for (owner, cursor) in tries {
            let query = Query { owner, cursor, limit: Some(2), ..Query::default() };
            let page = self.cases_page(&query, 1).await?;
            if let Some(next) = page.records.iter().find(|record| record.eid != after) {
                return Ok(see_other(&format!("/desk/cases/{}", next.eid)));
            }
        }
        Ok(see_other("/desk"))
    }

    /// Every queue that the programme names, sorted.
    pub(super) fn queue_names(&self) -> Vec<String> {
        let named = self.config.rules.iter().filter_map(|rule| rule.then.queue.as_ref());
        let mut names: Vec<String> = named.chain(self.config.queues.keys()).map(ToString::to_string).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Everybody of whom it is known that they may work cases, by name.
    pub(super) fn workers(&self) -> Vec<String> {
        let members = self.config.queues.values().flat_map(|queue| &queue.members).map(|member| &member.name);
        let known = self.config.access.iter().map(|token| &token.id).chain(members);
        let mut names: Vec<String> = known.filter(|name| self.config.works_cases(name)).cloned().collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn address(view: &str, queue: &str, cursor: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("view", view);
    if !queue.is_empty() {
        query.append_pair("queue", queue);
    }
    if let Some(cursor) = cursor {
        query.append_pair("cursor", cursor);
    }
    format!("/desk?{}", query.finish())
}

fn tabs(l: Lang, current: &str, queue: &str) -> Vec<Tab> {
    let label = |view| match view {
        "mine" => l.say("Mine", "Meine"),
        "nobody" => l.say("Nobody’s", "Ohne Person"),
        "all" => l.say("All open", "Alle offenen"),
        "waiting" => l.say("Waiting", "Wartend"),
        _ => l.say("Closed", "Geschlossen"),
    };
    let tab =
        |view: &'static str| Tab { path: address(view, queue, None), label: label(view), current: view == current };
    VIEWS.into_iter().map(tab).collect()
}
