//! What a lead looks at: what is due and late, who has how much, what just came in; and many cases given away at once.

use super::case::Notice;
use super::frame::{Door, Frame, Guest, Place};
use super::lang::{Lang, When};
use super::list::{Row, band_mark, title, unreadable};
use super::refusal::said;
use crate::App;
use crate::case::{Query, Worked, cursor, place};
use crate::deliver::text::{one_line, shorten};
use crate::dossier::Dossier;
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use crate::web::{desk_page, field, fields};
use askama::Template;
use http::{Request, StatusCode};
use ringback_core::rule::Track;
use ringback_ledger::{Clock, Entropy, Record, Store};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Cases on a page.
const ON_A_PAGE: usize = 50;
/// Answers in the stream.
const IN_STREAM: usize = 20;
/// Queues whose day is shown: each costs two reads.
const QUEUES: usize = 5;

/// How much somebody has, of what is shown.
#[derive(Default)]
struct Load {
    open: u32,
    late: u32,
    soon: u32,
}

/// One of the three looks at a team.
struct Tab {
    path: &'static str,
    label: &'static str,
    current: bool,
}

fn tabs(l: Lang, current: &str) -> Vec<Tab> {
    let all = [
        ("/desk/team", l.say("What is due", "Was fällig ist")),
        ("/desk/team/today", l.say("Load today", "Auslastung heute")),
        ("/desk/team/feed", l.say("Latest answers", "Neueste Antworten")),
    ];
    all.into_iter().map(|(path, label)| Tab { path, label, current: path == current }).collect()
}

#[derive(Template)]
#[template(path = "desk/team.html")]
struct TeamPage {
    f: Frame,
    tabs: Vec<Tab>,
    notice: Option<Notice>,
    queue: String,
    owner: String,
    automation: bool,
    queues: Vec<String>,
    people: Vec<String>,
    rows: Vec<Row>,
    loads: Vec<(String, Load)>,
    late: u32,
    soon: u32,
    next: Option<String>,
    now: When,
    note: String,
}

/// Somebody's day in a queue.
struct Day {
    member: String,
    taken: u32,
    per_day: u32,
    worth: u32,
}

#[derive(Template)]
#[template(path = "desk/today.html")]
struct TodayPage {
    f: Frame,
    tabs: Vec<Tab>,
    queues: Vec<(String, String, Vec<Day>)>,
}

/// An answer in the stream.
struct Heard {
    path: Option<String>,
    score: u8,
    mark: &'static str,
    band: &'static str,
    title: String,
    touchpoint: String,
    at: When,
    excerpt: String,
}

#[derive(Template)]
#[template(path = "desk/feed.html")]
struct FeedPage {
    f: Frame,
    tabs: Vec<Tab>,
    heard: Vec<Heard>,
    now: When,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/team`: open cases of everybody, what is due first.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_team(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        match self.door(request, Place::Team).await? {
            Door::In(guest) => self.team_page(*guest, request, StatusCode::OK, None, String::new()).await,
            Door::Out(reply) => Ok(reply),
        }
    }

    async fn team_page(
        &self,
        guest: Guest,
        request: &Request<Vec<u8>>,
        status: StatusCode,
        notice: Option<Notice>,
        note: String,
    ) -> Result<Reply, Problem> {
        let l = guest.frame.l;
        let asked = |name: &str| {
            let value = field(request.uri().query().unwrap_or_default().as_bytes(), name).unwrap_or_default();
            value.chars().take(128).collect::<String>()
        };
        let (queue, owner, automation) = (asked("queue"), asked("owner"), asked("track") == "automation");
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let query = Query {
            queue: some(&queue),
            owner: some(&owner),
            track: automation.then_some(Track::Automation),
            limit: Some(ON_A_PAGE),
            cursor: place(&asked("cursor")),
            ..Query::default()
        };
        let page = self.cases_page(&query, 1).await?;
        let now = from_unix(self.clock.now());
        let rows: Vec<Row> = page.records.iter().filter_map(|record| Row::new(l, record, now)).collect();
        let mut loads: BTreeMap<&str, Load> = BTreeMap::new();
        let mut all = Load::default();
        for row in &rows {
            let mark = row.due.as_ref().map_or("", |due| due.mark);
            for load in [loads.entry(&row.owner).or_default(), &mut all] {
                load.open += 1;
                load.late += u32::from(mark == "late");
                load.soon += u32::from(mark == "soon");
            }
        }
        let mut loads: Vec<(String, Load)> = loads.into_iter().map(|(name, load)| (name.to_owned(), load)).collect();
        loads.sort_by_key(|(_, load)| std::cmp::Reverse(load.open));
        let shown = TeamPage {
            tabs: tabs(l, "/desk/team"),
            notice: notice.or_else(|| unreadable(l, page.unreadable)),
            queues: self.queue_names(),
            people: self.workers(),
            late: all.late,
            soon: all.soon,
            next: page.next.map(|next| address(&queue, &owner, automation, &cursor(&next))),
            now: When::new(l, now),
            note,
            loads,
            rows,
            queue,
            owner,
            automation,
            f: guest.frame,
        };
        desk_page(status, &shown)
    }

    /// `POST /desk/team`: gives chosen cases, or all of somebody's, to somebody else.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_team(&self, request: &Request<Vec<u8>>) -> Result<Worked, Problem> {
        let guest = match self.door(request, Place::Team).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(Worked { reply, now: Vec::new() }),
        };
        let l = guest.frame.l;
        let note = field(request.body(), "note").unwrap_or_default();
        if !guest.sent(request.body()) || field(request.body(), "resume").is_some() {
            let text = l.say(
                "Nothing was done yet. Choose the cases once more.",
                "Es ist noch nichts geschehen. Wählen Sie die Fälle noch einmal aus.",
            );
            let notice = Notice { mark: "warn", text: text.to_owned(), ..Notice::default() };
            let reply = self.team_page(guest, request, StatusCode::OK, Some(notice), note).await?;
            return Ok(Worked { reply, now: Vec::new() });
        }
        match self.reassign(&order(request.body()), &guest.caller).await {
            Ok((answer, now)) => {
                let notice = became(l, &answer);
                let reply = self.team_page(guest, request, StatusCode::OK, Some(notice), String::new()).await?;
                Ok(Worked { reply, now })
            }
            Err(problem) => {
                let status = problem.status;
                let reply = self.team_page(guest, request, status, Some(said(l, problem)), note).await?;
                Ok(Worked { reply, now: Vec::new() })
            }
        }
    }

    /// `GET /desk/team/today`: who has how many places of the day in the queues that give their cases away.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_team_today(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Team).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let l = guest.frame.l;
        let now = from_unix(self.clock.now());
        let mut queues = Vec::new();
        for queue in self.config.queues.values().take(QUEUES) {
            let roster = self.roster_of(queue).await.map_err(|error| self.store_failed(&error))?;
            let today = roster.day == queue.day(now);
            let day = |member: &ringback_core::queue::Member| {
                let places = roster.places.iter().filter(|place| today && place.member == member.name);
                let (taken, worth) = places.fold((0, 0), |(taken, worth), place| (taken + 1, worth + place.worth));
                Day { member: one_line(&member.name), taken, per_day: u32::from(member.per_day), worth }
            };
            let days = queue.members.iter().map(day).collect();
            queues.push((queue.id.to_string(), queue.day(now).to_string(), days));
        }
        let page = TodayPage { tabs: tabs(l, "/desk/team/today"), queues, f: guest.frame };
        desk_page(StatusCode::OK, &page)
    }

    /// `GET /desk/team/feed`: what came in last.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_team_feed(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Team).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let l = guest.frame.l;
        let records = self.ledger.newest(IN_STREAM).await.map_err(|error| self.store_failed(&error))?;
        let heard = |record: &Record<Dossier>| {
            let feedback = &record.body.feedback;
            Heard {
                path: record.body.case.as_ref().map(|_| format!("/desk/cases/{}", record.eid)),
                score: feedback.score.get(),
                mark: band_mark(feedback.band),
                band: l.band(feedback.band),
                title: title(l, feedback),
                touchpoint: feedback.touchpoint.to_string(),
                at: When::new(l, feedback.received_at),
                excerpt: shorten(&one_line(feedback.comment.as_deref().unwrap_or_default()), 280),
            }
        };
        let now = When::new(l, from_unix(self.clock.now()));
        let heard = records.iter().map(heard).collect();
        desk_page(StatusCode::OK, &FeedPage { tabs: tabs(l, "/desk/team/feed"), heard, now, f: guest.frame })
    }
}

/// What became of the chosen cases.
fn became(l: Lang, answer: &Value) -> Notice {
    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let (done, refused) = (list("reassigned").len(), list("refused"));
    let more = refused.iter().map(|one| {
        format!("{}: {}", one["id"].as_str().unwrap_or_default(), one["detail"].as_str().unwrap_or_default())
    });
    let mut more: Vec<String> = more.collect();
    if answer["more"] == true {
        more.push(l.say("There are more: do it once more.", "Es gibt noch mehr: Wiederholen Sie es.").to_owned());
    }
    let text = match l {
        Lang::En => format!("{done} given away. The list follows in a moment."),
        Lang::De => format!("{done} weitergegeben. Die Liste folgt gleich."),
    };
    Notice { mark: if more.is_empty() { "good" } else { "warn" }, text, more, meanwhile: Vec::new() }
}

/// The order that the form gives, as the API would get it.
fn order(form: &[u8]) -> Value {
    let mut order = Map::new();
    for name in ["owner", "queue", "note", "from_owner"] {
        if let Some(value) = field(form, name).filter(|value| !value.trim().is_empty()) {
            order.insert(name.to_owned(), value.trim().into());
        }
    }
    if !order.contains_key("from_owner") {
        order.insert("cases".to_owned(), fields(form, "case").collect());
    }
    Value::Object(order)
}

fn address(queue: &str, owner: &str, automation: bool, cursor: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("queue", queue), ("owner", owner), ("track", if automation { "automation" } else { "" })] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    query.append_pair("cursor", cursor);
    format!("/desk/team?{}", query.finish())
}
