//! What people do to a case on its page: forms that carry the version their reader has seen, and pass through the same
//! code as the API. Nothing that was typed is lost: not by a colleague's change, not by a mistake, not by a session that
//! has ended meanwhile.

use super::case::{Notice, Shown, line};
use super::draft::{Draft, order};
use super::frame::{Door, Frame, Guest, MessagePage, Place, see_other};
use super::lang::Lang;
use super::refusal::said;
use crate::App;
use crate::access::Action;
use crate::case::Worked;
use crate::config::Config;
use crate::dossier::Dossier;
use crate::ports::ConsentGate;
use crate::problem::{Problem, Reply};
use crate::web::{desk_page, field};
use http::{Request, StatusCode};
use ringback_core::case::{Case, EventKind, State};
use ringback_core::names::Named as _;
use ringback_ledger::{Clock, Entropy, Record, Store};
use serde_json::json;

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

/// A message as its reader will see it.
pub(super) struct Preview {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
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

fn no_case(f: Frame) -> Result<Reply, Problem> {
    let title = f.l.say("No such case", "Diesen Fall gibt es nicht");
    let text = f.l.say("There is no case under this address.", "Unter dieser Adresse gibt es keinen Fall.");
    desk_page(StatusCode::NOT_FOUND, &MessagePage { f, title, text })
}
