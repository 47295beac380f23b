//! What people do to a case on its page: forms that carry the version their reader has seen, and pass through the same
//! code as the API. Nothing that was typed is lost: not by a colleague's change, not by a mistake, not by a session that
//! has ended meanwhile.

use super::case::{Notice, Shown, line};
use super::frame::{Door, Frame, Guest, MessagePage, Place, see_other};
use super::lang::Lang;
use super::refusal::said;
use crate::App;
use crate::access::Action;
use crate::case::Worked;
use crate::config::Config;
use crate::deliver::text::tame;
use crate::dossier::Dossier;
use crate::ports::ConsentGate;
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use crate::web::{desk_page, field};
use chrono::{SecondsFormat, TimeDelta};
use http::{Request, StatusCode};
use ringback_core::case::{Case, EventKind, State};
use ringback_core::names::Named as _;
use ringback_ledger::{Clock, Entropy, Record, Store};
use serde_json::{Map, Value, json};

/// What a form carries beside an order's fields.
const CARRIED: [&str; 6] = ["csrf", "version", "step", "resume", "act", "wait_s"];
/// Longest fields that are kept, in characters: the longest text and some room.
const KEPT: usize = 5_000;

/// A form for what may be done now.
pub(super) struct Act {
    /// What it does: an event's name, or `message`.
    pub kind: &'static str,
    pub label: &'static str,
    /// The key that opens it.
    pub key: &'static str,
    pub open: bool,
    /// What its note begins with: what was typed, or what it nearly always is.
    pub note: String,
}

/// What somebody has typed into a form.
#[derive(Default)]
pub(super) struct Draft {
    /// The form: an event's name, or `message`; empty when there is none.
    pub act: String,
    fields: Vec<(String, String)>,
}

/// A message as its reader will see it.
pub(super) struct Preview {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Draft {
    fn of(form: &[u8]) -> Self {
        let short = |text: &str| text.chars().take(KEPT).collect::<String>();
        let fields =
            form_urlencoded::parse(form).map(|(name, value)| (short(&name), short(&value).replace("\r\n", "\n")));
        let mut draft = Self { act: String::new(), fields: fields.collect() };
        draft.act = draft.any("act").to_owned();
        draft
    }

    fn any(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// What was typed into a field of a form; empty when that form was not the one.
    pub fn get(&self, act: &str, name: &str) -> &str {
        if self.act == act { self.any(name) } else { "" }
    }

    /// Whether that is what was chosen.
    pub fn is(&self, act: &str, name: &str, value: &str) -> bool {
        self.get(act, name) == value
    }

    /// What was written for a form that is not there any more.
    fn written(&self) -> Vec<String> {
        let texts = self.fields.iter().filter(|(name, _)| !CARRIED.contains(&name.as_str()) && name != "channel");
        texts
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| format!("{name}: {}", tame(value)))
            .collect()
    }
}

/// The forms that a case offers where it stands, what is usually done next first and open.
pub(super) fn acts(l: Lang, case: &Case, leads: bool, can_mail: bool, draft: &Draft) -> Vec<Act> {
    use EventKind::{
        Acknowledge, Assign, ChangePolicy, Close, Contact, FinishTask, Inform, Merge, Reopen, Resolve, Resume, Split,
        Wait,
    };
    let order = [
        Acknowledge,
        Resume,
        Contact,
        Resolve,
        Inform,
        Close,
        Wait,
        FinishTask,
        Split,
        Assign,
        ChangePolicy,
        Reopen,
        Merge,
    ];
    let allowed = case.allowed();
    // Contacting goes on after the case is resolved, but is not what comes next.
    let first = match case.state {
        State::New => Acknowledge,
        State::Acknowledged | State::Reopened | State::Unreachable => Contact,
        State::Contacted => Resolve,
        State::Waiting => Resume,
        State::Resolved => Inform,
        State::Informed => Close,
        State::Closed | State::Merged => Reopen,
    };
    let mut acts: Vec<Act> = Vec::new();
    for kind in order.into_iter().filter(|kind| allowed.contains(kind) && (leads || *kind != ChangePolicy)) {
        if kind == Inform && can_mail {
            acts.push(Act {
                kind: "message",
                label: l.say("Write to the customer", "Dem Kunden schreiben"),
                key: "m",
                open: false,
                note: note(l, "message", draft),
            });
        }
        acts.push(Act {
            kind: kind.as_str(),
            label: l.act(kind),
            key: key(kind),
            open: false,
            note: note(l, kind.as_str(), draft),
        });
    }
    let wanted = match (draft.act.is_empty(), first) {
        (false, _) => draft.act.as_str(),
        (true, Inform) if can_mail => "message",
        // What is over is not opened again by the way.
        (true, Reopen) => "",
        (true, kind) => kind.as_str(),
    };
    if let Some(i) = acts.iter().position(|act| act.kind == wanted) {
        acts[i].open = true;
        if draft.act.is_empty() {
            let first = acts.remove(i);
            acts.insert(0, first);
        }
    }
    acts
}

fn note(l: Lang, act: &str, draft: &Draft) -> String {
    match act {
        _ if draft.act == act => draft.any("note"),
        "acknowledge" => l.say("I take care of it.", "Ich kümmere mich darum."),
        "message" => l.say("Written by e-mail.", "Per E-Mail geschrieben."),
        _ => "",
    }
    .to_owned()
}

const fn key(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Acknowledge => "a",
        EventKind::Assign => "v",
        EventKind::Contact => "c",
        EventKind::Wait => "w",
        EventKind::Resume => "e",
        EventKind::Resolve => "r",
        EventKind::Inform => "i",
        EventKind::Close => "x",
        EventKind::Reopen => "o",
        EventKind::Merge => "u",
        EventKind::Split => "s",
        EventKind::FinishTask => "f",
        EventKind::ChangePolicy => "d",
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/cases/{id}`: the page that an alert leads to. Without a session, the sign-in page.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_desk_case(
        &self,
        id: &str,
        request: &Request<Vec<u8>>,
        gate: &impl ConsentGate,
    ) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Cases).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let l = guest.frame.l;
        let Some(record) = self.record_of(id).await?.filter(|r| r.body.case.is_some()) else {
            return no_case(guest.frame);
        };
        let done = field(request.uri().query().unwrap_or_default().as_bytes(), "done").unwrap_or_default();
        let done = EventKind::from_name(&done).map(|kind| Notice {
            mark: "good",
            text: format!("{}: {}", l.say("Saved", "Gespeichert"), l.happened(kind.as_str())),
            ..Notice::default()
        });
        let page = self.case_page(guest, &record, Shown { notice: done, ..Shown::default() }, gate).await?;
        desk_page(StatusCode::OK, &page)
    }

    /// `GET /desk/cases/{id}/version`: what the page's script asks now and then. 3 reads.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_case_version(&self, id: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        if let Door::Out(reply) = self.door(request, Place::Cases).await? {
            return Ok(reply);
        }
        let case = self.record_of(id).await?.and_then(|record| record.body.case);
        let case = case.ok_or_else(|| Problem::not_found("case"))?;
        Ok(crate::problem::json(StatusCode::OK, &json!({ "version": case.version })))
    }

    /// `POST /desk/cases/{id}`: a form of the case's page.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_desk_case(
        &self,
        id: &str,
        request: &Request<Vec<u8>>,
        gate: &impl ConsentGate,
    ) -> Result<Worked, Problem> {
        let guest = match self.door(request, Place::Cases).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(Worked { reply, now: Vec::new() }),
        };
        let draft = Draft::of(request.body());
        let (l, genuine) = (guest.frame.l, guest.sent(request.body()));
        let resumed = draft.any("resume") == "yes";
        if genuine && !resumed && draft.any("step") != "preview" && guest.caller.role.may(Action::WorkCase) {
            let version = draft.any("version").parse().unwrap_or(u64::MAX);
            let order = order(&draft, self.clock.now());
            match self.work(id, version, &order, &guest.caller, gate).await {
                Ok((_, now)) => {
                    let kind = order["type"].as_str().unwrap_or_default();
                    return Ok(Worked { reply: see_other(&format!("/desk/cases/{id}?done={kind}")), now });
                }
                Err(problem) if problem.status == StatusCode::SERVICE_UNAVAILABLE => {
                    return self.show_again(guest, id, draft, Some(problem), gate).await;
                }
                Err(problem) if problem.status == StatusCode::NOT_FOUND => {
                    return no_case(guest.frame).map(|reply| Worked { reply, now: Vec::new() });
                }
                Err(problem) => return self.show_again(guest, id, draft, Some(problem), gate).await,
            }
        }
        let stale = (!genuine).then(|| {
            let detail = l.say(
                "Please look at it once more and send it again: your session has changed meanwhile.",
                "Bitte prüfen Sie es noch einmal und senden Sie es erneut: Ihre Sitzung hat sich inzwischen geändert.",
            );
            Problem::new(StatusCode::FORBIDDEN, "stale-form", detail)
        });
        self.show_again(guest, id, draft, stale, gate).await
    }

    /// The case as it stands now, with everything that was typed, and what is to be said about it.
    async fn show_again(
        &self,
        guest: Guest,
        id: &str,
        draft: Draft,
        problem: Option<Problem>,
        gate: &impl ConsentGate,
    ) -> Result<Worked, Problem> {
        let l = guest.frame.l;
        let Some(record) = self.record_of(id).await?.filter(|r| r.body.case.is_some()) else {
            return no_case(guest.frame).map(|reply| Worked { reply, now: Vec::new() });
        };
        let seen = draft.any("version").parse::<u64>().ok();
        let case = record.body.case.as_ref();
        let current = case.map(|case| case.version);
        // A refused contact is written down, too: that is nobody else's change.
        let own = problem.as_ref().is_some_and(|problem| problem.kind == "contact-blocked");
        let changed = !own && seen.is_some() && seen < current;
        let preview = (problem.is_none() && draft.any("step") == "preview" && !changed)
            .then(|| preview(&self.config, &record, &draft))
            .flatten();
        let status = problem.as_ref().map_or(StatusCode::OK, |problem| problem.status);
        let mut notice = problem.map(|problem| said(l, problem));
        if changed {
            let notice = notice.get_or_insert_default();
            notice.mark = "warn";
            notice.text = l
                .say(
                    "Somebody else has changed this case while you were writing. Nothing of yours is lost: look at what is new, then send again.",
                    "Jemand hat diesen Fall geändert, während Sie schrieben. Ihr Text ist nicht verloren: Sehen Sie sich das Neue an und senden Sie dann erneut.",
                )
                .to_owned();
            let skip = usize::try_from(seen.unwrap_or(0)).unwrap_or(usize::MAX);
            let history = case.map(|case| case.history.as_slice()).unwrap_or_default();
            notice.meanwhile = history.iter().skip(skip).map(|entry| line(l, entry)).collect();
        }
        let kind = if draft.act == "message" { "inform" } else { &draft.act };
        let offered = case.is_some_and(|case| case.allowed().iter().any(|known| known.as_str() == kind));
        if !offered {
            let notice = notice.get_or_insert_default();
            notice.more.push(
                l.say(
                    "This can no longer be done to the case. You have written:",
                    "Das ist bei diesem Fall nicht mehr möglich. Sie hatten geschrieben:",
                )
                .to_owned(),
            );
            notice.more.extend(draft.written());
        }
        let shown = Shown { notice, draft, preview, seen: seen.filter(|_| changed) };
        let page = self.case_page(guest, &record, shown, gate).await?;
        Ok(Worked { reply: desk_page(status, &page)?, now: Vec::new() })
    }
}

/// A message's preview; none when it is not whole, which the browser says itself.
fn preview(config: &Config, record: &Record<Dossier>, draft: &Draft) -> Option<Preview> {
    let channel = config.channels.get(config.messages.channel.as_ref()?)?;
    let subject = draft.get("message", "subject").trim();
    let text = draft.get("message", "text").trim();
    (!subject.is_empty() && !text.is_empty()).then(|| Preview {
        from: channel.setting("from").unwrap_or_default().to_owned(),
        to: record.body.feedback.customer.email.clone().unwrap_or_default(),
        subject: subject.to_owned(),
        text: text.to_owned(),
    })
}

/// The order that a form gives, as the API would get it. What is not known there is refused there.
fn order(draft: &Draft, now: u64) -> Value {
    let message = draft.act == "message";
    let kind = if message { "inform" } else { draft.act.as_str() };
    let mut order = Map::from_iter([("type".to_owned(), Value::from(kind))]);
    for (name, value) in &draft.fields {
        let value = value.trim();
        if value.is_empty() || CARRIED.contains(&name.as_str()) {
            continue;
        }
        let number = match name.as_str() {
            "goodwill" => amount(value).map(Value::from),
            "task" if kind == "finish_task" => value.parse::<u64>().ok().map(Value::from),
            _ => None,
        };
        order.insert(name.clone(), number.unwrap_or_else(|| value.into()));
    }
    if kind == "wait" {
        let seconds = draft.any("wait_s").parse::<u32>().unwrap_or(0);
        let until = from_unix(now) + TimeDelta::seconds(i64::from(seconds));
        order.insert("until".to_owned(), until.to_rfc3339_opts(SecondsFormat::Secs, true).into());
    }
    if message {
        let [subject, text] = ["subject", "text"].map(|name| order.remove(name).unwrap_or_default());
        order.insert("message".to_owned(), json!({ "subject": subject, "text": text }));
        order.insert("channel".to_owned(), "email".into());
    }
    Value::Object(order)
}

/// An amount as people write it: with a comma or a point before the cents, and nothing between thousands, as nobody could tell
/// the one from the other.
fn amount(text: &str) -> Option<f64> {
    let (whole, cents) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits(whole) && digits(cents) && cents.len() <= 2;
    fits.then(|| format!("{whole}.{cents}").parse().ok()).flatten()
}

fn no_case(f: Frame) -> Result<Reply, Problem> {
    let title = f.l.say("No such case", "Diesen Fall gibt es nicht");
    let text = f.l.say("There is no case under this address.", "Unter dieser Adresse gibt es keinen Fall.");
    desk_page(StatusCode::NOT_FOUND, &MessagePage { f, title, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(form: &str) -> Value {
        order(&Draft::of(form.as_bytes()), 1_795_339_800)
    }

    #[test]
    fn a_form_gives_the_order_that_the_api_would_get() {
        for (form, expected) in [
            ("act=acknowledge&note=mine&csrf=x&version=3", json!({ "type": "acknowledge", "note": "mine" })),
            (
                "act=resolve&root_cause=late&goodwill=12%2C50&remedy=&note=n",
                json!({ "type": "resolve", "root_cause": "late", "goodwill": 12.5, "note": "n" }),
            ),
            (
                "act=wait&wait_s=3600&reason=parts&note=n",
                json!({ "type": "wait", "reason": "parts", "note": "n", "until": "2026-11-22T10:30:00Z" }),
            ),
            (
                "act=message&subject=S&text=T&note=n&step=send",
                json!({ "type": "inform", "channel": "email", "note": "n", "message": { "subject": "S", "text": "T" } }),
            ),
            // Whoever reads it cannot tell thousands from cents: the API refuses it, and names the field.
            (
                "act=resolve&root_cause=late&goodwill=1.500&note=n",
                json!({ "type": "resolve", "root_cause": "late", "goodwill": "1.500", "note": "n" }),
            ),
            (
                "act=resolve&root_cause=late&goodwill=1%2C500&note=n",
                json!({ "type": "resolve", "root_cause": "late", "goodwill": "1,500", "note": "n" }),
            ),
            ("act=finish_task&task=2&note=n", json!({ "type": "finish_task", "task": 2, "note": "n" })),
            (
                "act=split&task=2+boxes&department=depot&note=n",
                json!({ "type": "split", "task": "2 boxes", "department": "depot", "note": "n" }),
            ),
        ] {
            assert_eq!(ordered(form), expected, "{form}");
        }
    }
}
