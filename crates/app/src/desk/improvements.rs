//! Improvements on the desk: what is to be changed because many customers report the same, by when and by whom; what it has
//! brought; and telling the customers whom it concerns.

use super::case::Notice;
use super::frame::{Door, Frame, Guest, Place, see_other};
use super::lang::{Lang, When};
use super::refusal::said;
use crate::App;
use crate::access::Action;
use crate::case::Worked;
use crate::deliver::text::one_line;
use crate::improvements::{Effect, Row};
use crate::insights::{Measured, day, known_as, number};
use crate::problem::{Problem, Reply};
use crate::web::{desk_page, field};
use askama::Template;
use chrono::{Days, NaiveDate};
use http::{Request, StatusCode};
use ringback_core::figures::Estimate;
use ringback_core::improvement::{ChangeKind, Entry, Improvement, State, Told};
use ringback_ledger::{Clock, Due, Entropy, Store};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The list's address.
const HERE: &str = "/desk/improvements";
/// Days of cases that speak for an improvement, on the page that lists them.
const DAYS: u64 = 365;
/// The longest period that the page shows.
const LONGEST_DAYS: u64 = 730;

/// A line of the list.
struct Line {
    href: String,
    title: String,
    cause: String,
    owner: String,
    due: String,
    overdue: bool,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "desk/improvements.html")]
struct ListPage {
    f: Frame,
    notice: Option<Notice>,
    lines: Vec<Line>,
    may_improve: bool,
    surveys: Vec<String>,
    typed: Vec<(String, String)>,
}

/// A figure before and after.
struct Compared {
    what: String,
    before: String,
    after: String,
    change: String,
    /// `good`, `bad`, or nothing where chance alone may have done it.
    mark: &'static str,
}

struct Happened {
    when: When,
    who: String,
    what: String,
    note: String,
}

#[derive(Template)]
#[template(path = "desk/improvement.html")]
struct OnePage {
    f: Frame,
    notice: Option<Notice>,
    href: String,
    version: u64,
    title: String,
    state: &'static str,
    overdue: bool,
    facts: Vec<(&'static str, String)>,
    cases: String,
    compared: Vec<Compared>,
    measured: bool,
    history: Vec<Happened>,
    /// What may be done to it.
    acts: Vec<(&'static str, &'static str)>,
    may_tell: bool,
    /// How far customers are told; empty where that has not begun.
    told: String,
    /// What the button says that goes on with it.
    tell: &'static str,
    typed: Vec<(String, String)>,
}

/// What somebody has typed, to stand there again.
fn typed<'a>(typed: &'a [(String, String)], name: &str) -> &'a str {
    typed.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

impl ListPage {
    fn typed(&self, name: &str) -> &str {
        typed(&self.typed, name)
    }
}

impl OnePage {
    fn typed(&self, name: &str) -> &str {
        typed(&self.typed, name)
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/improvements`
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_desk_improvements(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Improvements).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        // The cases of a cause lead here, to be written down.
        let cause = field(request.uri().query().unwrap_or_default().as_bytes(), "root_cause");
        let typed = cause.map(|cause| ("root_cause".to_owned(), cause)).into_iter().collect();
        self.improvements_page(guest, StatusCode::OK, None, typed).await
    }

    /// `POST /desk/improvements`: writes one down.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_desk_improvements(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Improvements).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let form = request.body();
        let typed: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().take(20).collect();
        if !guest.sent(form) || field(form, "resume").is_some() {
            return self.improvements_page(guest, StatusCode::OK, None, typed).await;
        }
        let names = ["title", "root_cause", "survey", "touchpoint", "country", "owner", "due", "note"];
        let done = match guest.caller.role.may(Action::Improve) {
            true => self.plan_improvement(&order(form, &names), &guest.caller).await,
            false => Err(not_yours()),
        };
        match done {
            Ok(improvement) => Ok(see_other(&format!("{HERE}/{}", improvement.id))),
            Err(problem) => {
                let (status, notice) = (problem.status, said(guest.frame.l, problem));
                self.improvements_page(guest, status, Some(notice), typed).await
            }
        }
    }

    async fn improvements_page(
        &self,
        guest: Guest,
        status: StatusCode,
        notice: Option<Notice>,
        typed: Vec<(String, String)>,
    ) -> Result<Reply, Problem> {
        let (l, today) = (guest.frame.l, self.today());
        let rows = self.improvement_rows().await.map_err(|error| self.store_failed(&error))?;
        let line = |row: &Row| Line {
            href: format!("{HERE}/{}", row.id),
            title: one_line(&row.title),
            cause: one_line(&row.root_cause),
            owner: one_line(&row.owner),
            due: day(l, row.due),
            overdue: row.is_overdue(today),
            state: l.improvement(row.state),
        };
        let page = ListPage {
            lines: rows.iter().map(line).collect(),
            may_improve: guest.caller.role.may(Action::Improve),
            surveys: self.config.surveys.keys().map(ToString::to_string).collect(),
            notice,
            typed,
            f: guest.frame,
        };
        desk_page(status, &page)
    }

    /// `GET /desk/improvements/{id}`
    ///
    /// # Errors
    /// 404, 503.
    pub async fn get_desk_improvement(&self, id: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Improvements).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let improvement = self.seen_improvement(id).await?;
        self.improvement_page(guest, improvement, StatusCode::OK, None, Vec::new()).await
    }

    /// `POST /desk/improvements/{id}`: does what `act` says, `tell` included.
    ///
    /// # Errors
    /// 404, 503.
    pub async fn post_desk_improvement(&self, id: &str, request: &Request<Vec<u8>>) -> Result<Worked, Problem> {
        let idle = |reply| Worked { reply, now: Vec::new() };
        let guest = match self.door(request, Place::Improvements).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(idle(reply)),
        };
        let form = request.body();
        let typed: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().take(20).collect();
        if !guest.sent(form) || field(form, "resume").is_some() {
            let improvement = self.known_improvement(id).await?;
            return Ok(idle(self.improvement_page(guest, improvement, StatusCode::OK, None, typed).await?));
        }
        match self.act_on_improvement(id, form, &guest).await {
            Ok(now) => Ok(Worked { reply: see_other(&format!("{HERE}/{id}")), now }),
            Err(problem) => {
                let improvement = self.known_improvement(id).await?;
                let (status, notice) = (problem.status, said(guest.frame.l, problem));
                Ok(idle(self.improvement_page(guest, improvement, status, Some(notice), typed).await?))
            }
        }
    }

    async fn act_on_improvement(&self, id: &str, form: &[u8], guest: &Guest) -> Result<Vec<Due>, Problem> {
        if !guest.caller.role.may(Action::Improve) {
            return Err(not_yours());
        }
        let act = field(form, "act").unwrap_or_default();
        if act == "tell" {
            return Ok(self.tell_customers(id, &order(form, &["text"]), &guest.caller).await?.now);
        }
        let seen = field(form, "version").and_then(|text| text.parse().ok()).unwrap_or(u64::MAX);
        let mut names = vec!["note"];
        names.extend(match act.as_str() {
            "assign" => Some("owner"),
            "postpone" => Some("due"),
            _ => None,
        });
        let mut body = order(form, &names);
        body["type"] = act.into();
        self.change_improvement(id, seen, &body, &guest.caller).await.map(|_| Vec::new())
    }

    async fn improvement_page(
        &self,
        guest: Guest,
        improvement: Improvement,
        status: StatusCode,
        notice: Option<Notice>,
        typed: Vec<(String, String)>,
    ) -> Result<Reply, Problem> {
        let l = guest.frame.l;
        let effect = self.effect_of(&improvement).await?;
        let may = guest.caller.role.may(Action::Improve);
        let told = improvement.told.as_ref();
        let page = OnePage {
            href: format!("{HERE}/{}", improvement.id),
            version: improvement.version,
            title: one_line(&improvement.title),
            state: l.improvement(improvement.state),
            overdue: improvement.is_overdue(self.today()),
            facts: facts(l, &improvement),
            cases: cases(&improvement, self.today()),
            compared: compared(l, &effect),
            measured: effect.after.is_some(),
            history: improvement.history.iter().rev().map(|entry| happened(l, entry)).collect(),
            acts: if may { acts(l, improvement.state) } else { Vec::new() },
            may_tell: may && improvement.state == State::Done,
            told: told.map(|told| told_so_far(l, told)).unwrap_or_default(),
            tell: match told {
                None => l.say("Tell them", "Bescheid geben"),
                Some(told) if told.over => l.say("Look for further ones", "Nach weiteren sehen"),
                Some(_) => l.say("Go on", "Weiter"),
            },
            notice,
            typed: if typed.is_empty() {
                told.map(|told| ("text".to_owned(), told.text.clone())).into_iter().collect()
            } else {
                typed
            },
            f: guest.frame,
        };
        desk_page(status, &page)
    }
}

fn not_yours() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", "the role of this token may not do that")
}

/// What a form says, as the API would get it: fields that were left empty are not said.
fn order(form: &[u8], names: &[&str]) -> Value {
    let mut order = json!({});
    for name in names {
        if let Some(text) = field(form, name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
            order[*name] = text.into();
        }
    }
    order
}

fn facts(l: Lang, improvement: &Improvement) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        (l.say("Root cause", "Ursache"), one_line(&improvement.root_cause)),
        (l.say("Who", "Wer"), one_line(&improvement.owner)),
        (l.say("By", "Bis"), day(l, improvement.due)),
    ];
    let scope = [
        (l.say("Survey", "Umfrage"), improvement.survey.as_ref().map(ToString::to_string)),
        (l.say("Touchpoint", "Kontaktpunkt"), improvement.touchpoint.as_ref().map(ToString::to_string)),
        (l.say("Country", "Land"), improvement.country.clone()),
    ];
    facts.extend(scope.into_iter().filter_map(|(label, value)| Some((label, value?))));
    facts
}

/// The list of the cases that speak for it.
fn cases(improvement: &Improvement, today: NaiveDate) -> String {
    let from = improvement.opened_at.date_naive().checked_sub_days(Days::new(DAYS)).unwrap_or(today);
    let longest = from.checked_add_days(Days::new(LONGEST_DAYS)).unwrap_or(today);
    let to = improvement.ended_at.map_or(today, |at| at.date_naive()).min(longest);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("from", &from.to_string()).append_pair("to", &to.to_string());
    query.append_pair("fact", &format!("why:{}", known_as(&improvement.root_cause)));
    let scope = [
        ("survey", improvement.survey.as_ref().map(ToString::to_string)),
        ("touchpoint", improvement.touchpoint.as_ref().map(ToString::to_string)),
        ("country", improvement.country.clone()),
    ];
    query.extend_pairs(scope.into_iter().filter_map(|(name, value)| Some((name, value?))));
    format!("/desk/insights/cases?{}", query.finish())
}

fn compared(l: Lang, effect: &Effect) -> Vec<Compared> {
    let share = |measured: &Measured| measured.cause.percent();
    let after = effect.after.as_ref();
    let cause = l.say("Share of this root cause, percent of cases", "Anteil dieser Ursache, Prozent der Fälle");
    let mut rows = vec![row(l, cause.to_owned(), share(&effect.before), after.and_then(share), false)];
    let empty = BTreeMap::new();
    let (before, now) = (&effect.before.scores, after.map_or(&empty, |after| &after.scores));
    let keys: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    for key in keys {
        let what = format!("{} · {}", key.0.to_uppercase(), key.1);
        rows.push(row(l, what, before.get(key).copied(), now.get(key).copied(), true));
    }
    rows
}

/// A figure before and after; `up`: more of it is better.
fn row(l: Lang, what: String, before: Option<Estimate>, after: Option<Estimate>, up: bool) -> Compared {
    let n = |n: f64| number(l, n, 1);
    let signed = |value: f64| format!("{}{}", if value > 0.0 { "+" } else { "" }, n(value));
    let none = || "–".to_owned();
    let shown = |e: Option<Estimate>| {
        e.map_or_else(none, |e| format!("{} ({} – {}), n = {}", n(e.value), n(e.low), n(e.high), e.n))
    };
    let since = after.zip(before).map(|(after, before)| after.since(&before));
    let mark = match since.filter(Estimate::excludes_zero) {
        Some(since) if (since.value > 0.0) == up => "good",
        Some(_) => "bad",
        None => "",
    };
    let change = since.map_or_else(none, |e| format!("{} ({} – {})", signed(e.value), signed(e.low), signed(e.high)));
    Compared { what, before: shown(before), after: shown(after), change, mark }
}

fn happened(l: Lang, entry: &Entry) -> Happened {
    let what = match entry.event.as_str() {
        "created" => l.say("Written down", "Aufgeschrieben"),
        "start" => l.say("Begun", "Begonnen"),
        "finish" => l.say("Done", "Erledigt"),
        "drop" => l.say("Dropped", "Verworfen"),
        "reopen" => l.say("Reopened", "Wieder geöffnet"),
        "assign" => l.say("Given to", "Weitergegeben an"),
        "postpone" => l.say("To be done by", "Zu erledigen bis"),
        "told" => l.say("Customers are told", "Kunden wird Bescheid gegeben"),
        _ => l.say("Note", "Notiz"),
    };
    let detail = entry.detail.as_deref().map(|detail| format!(" {}", one_line(detail))).unwrap_or_default();
    Happened {
        when: When::new(l, entry.at),
        who: entry.who.clone(),
        what: format!("{what}{detail}"),
        note: entry.note.clone().unwrap_or_default(),
    }
}

/// What may be done to one that stands so, and what a button says.
fn acts(l: Lang, state: State) -> Vec<(&'static str, &'static str)> {
    let word = |kind: ChangeKind| match kind {
        ChangeKind::Start => l.say("Begin", "Beginnen"),
        ChangeKind::Finish => l.say("It is done", "Es ist erledigt"),
        ChangeKind::Drop => l.say("Drop it", "Verwerfen"),
        ChangeKind::Reopen => l.say("Reopen", "Wieder öffnen"),
        ChangeKind::Assign => l.say("Give to somebody", "Weitergeben"),
        ChangeKind::Postpone => l.say("Another day", "Anderer Tag"),
        ChangeKind::Note => l.say("Note", "Notiz"),
    };
    let kinds: &[ChangeKind] = match state {
        State::Planned => {
            use ChangeKind::{Assign, Drop, Finish, Note, Postpone, Start};
            &[Start, Finish, Assign, Postpone, Note, Drop]
        }
        State::Started => {
            use ChangeKind::{Assign, Drop, Finish, Note, Postpone};
            &[Finish, Assign, Postpone, Note, Drop]
        }
        State::Done | State::Dropped => &[ChangeKind::Note, ChangeKind::Reopen],
    };
    kinds.iter().map(|kind| (kind.as_str(), word(*kind))).collect()
}

fn told_so_far(l: Lang, told: &Told) -> String {
    let Told { messages, cases, over, .. } = told;
    let end = if *over { "." } else { l.say(", and there are more.", ", und es gibt weitere.") };
    match l.code() {
        "de" => format!("Begonnene Nachrichten: {messages}; angesehene Fälle: {cases}{end}"),
        _ => format!("Messages begun: {messages}; cases looked at: {cases}{end}"),
    }
}
