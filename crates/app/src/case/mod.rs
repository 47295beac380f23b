//! Reads and works cases: who may, from which version, and only where consent allows it.

mod errands;
mod event;
mod list;
mod mark;
mod reassign;

pub(crate) use errands::Errands;
pub(crate) use event::MAX_NAME;
pub(crate) use list::{Query, cursor, place};
pub(crate) use mark::{MARKS, marks, of_cause_at, opened, opened_at, order};

use crate::access::{Action, Caller};
use crate::dossier::{Dossier, Job, Message};
use crate::follow_up::{see_to, send};
use crate::ports::{ConsentGate, GateError};
use crate::problem::{Problem, Reply, empty, json};
use crate::time::from_unix;
use crate::view::{self, Permission};
use crate::{App, intake};
use event::{Draft, Order};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use ringback_core::case::{Case, CaseEvent, Refused, State};
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::message::MessageKind;
use ringback_ledger::{Changed, Clock, Due, Entropy, Record, Step, Store};

/// Why a change was not made.
enum Refusal {
    NoCase,
    Stale,
    Case(Refused),
    NoAddress,
    Full,
}

/// A change that was made: the answer, and what is to be handed over now.
pub struct Worked {
    /// The answer.
    pub reply: Reply,
    /// Deliveries whose first attempt is to be made now.
    pub now: Vec<Due>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    async fn dossier(&self, id: &str) -> Result<Record<Dossier>, Problem> {
        let record = self.record_of(id).await?.filter(|record| record.body.case.is_some());
        record.ok_or_else(|| Problem::not_found("case"))
    }

    /// `GET /v1/cases/{id}`
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn get_case(&self, id: &str, headers: &HeaderMap, gate: &impl ConsentGate) -> Result<Reply, Problem> {
        self.admit(headers, Action::ReadCase).await?;
        let record = self.dossier(id).await?;
        let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
        let tag = record.body.case.as_ref().map(etag).unwrap_or_default();
        if known.is_some_and(|tags| tags.split(',').any(|t| t.trim() == tag)) {
            return Ok(with_etag(empty(StatusCode::NOT_MODIFIED), &tag));
        }
        self.show(&record, gate).await
    }

    async fn show(&self, record: &Record<Dossier>, gate: &impl ConsentGate) -> Result<Reply, Problem> {
        let case = record.body.case.as_ref().ok_or_else(|| Problem::not_found("case"))?;
        let shown = self.case_json(record, case, gate).await;
        Ok(with_etag(json(StatusCode::OK, &shown), &etag(case)))
    }

    async fn case_json(&self, record: &Record<Dossier>, case: &Case, gate: &impl ConsentGate) -> serde_json::Value {
        let mut permissions = Vec::new();
        for channel in [ContactChannel::Email, ContactChannel::Phone] {
            let purpose = Purpose::FollowUp;
            let decision = self.ask(gate, &record.body, channel, purpose).await.ok();
            permissions.push(Permission { channel, purpose, decision });
        }
        let mut shown = view::case(&record.eid, &record.body, case, &permissions);
        shown["script"] = self.config.cases.script(case.track).into();
        shown
    }

    async fn ask(
        &self,
        gate: &impl ConsentGate,
        dossier: &Dossier,
        channel: ContactChannel,
        purpose: Purpose,
    ) -> Result<Decision, GateError> {
        let decision = gate.may_contact(&dossier.feedback.customer, channel, purpose).await;
        if let Err(error) = &decision {
            self.log(&error.to_string());
        }
        decision
    }

    /// `POST /v1/cases/{id}/events`
    ///
    /// # Errors
    /// 400, 401, 403 (the role, or the customer's consent), 404, 409, 412, 422, 428, 503.
    pub async fn post_case_event(
        &self,
        id: &str,
        request: Request<Vec<u8>>,
        gate: &impl ConsentGate,
    ) -> Result<Worked, Problem> {
        let caller = self.admit(request.headers(), Action::WorkCase).await?;
        let version = expected_version(request.headers())?;
        let (record, now) = self.work(id, version, &intake::json_body(&request)?, &caller, gate).await?;
        Ok(Worked { reply: self.show(&record, gate).await?, now })
    }

    /// Does to a case what an order says, whoever it comes from: the API, or a form of the desk. Gives the case as it
    /// stands then, and what is to be handed over now. The caller's role must allow [`Action::WorkCase`].
    pub(crate) async fn work(
        &self,
        id: &str,
        version: u64,
        order: &serde_json::Value,
        caller: &Caller,
        gate: &impl ConsentGate,
    ) -> Result<(Record<Dossier>, Vec<Due>), Problem> {
        let order = event::parse(order, &self.config.policies)?;
        self.check_names(id, &order.event).await?;
        let record = self.dossier(id).await?;
        if let Some(channel) = order.event.contacts_on() {
            self.check_first(&record, version, &order, caller, gate).await?;
            self.pass_gate(&record, channel, version, caller, gate).await?;
        }
        let done = self.ledger.change(id, |record| self.apply(&record.body, version, &order, caller)).await;
        match done {
            Ok(Changed::Done { record, now }) => Ok((record, now)),
            Ok(Changed::Refused(refusal)) => Err(self.refused(id, refusal, gate).await),
            Ok(Changed::Absent) => Err(Problem::not_found("case")),
            Ok(Changed::NotSealed) => Err(Problem::unavailable()),
            Err(error) => Err(self.store_failed(&error)),
        }
    }

    /// Whom and what an event names must be there.
    async fn check_names(&self, id: &str, event: &CaseEvent) -> Result<(), Problem> {
        match event {
            CaseEvent::Assign { owner: Some(owner), .. } => self.check_owner(owner),
            CaseEvent::Merge { into } if into == id => Err(Problem::field("/into", "is this case itself")),
            CaseEvent::Merge { into } => {
                let other = self.ledger.read(into).await.map_err(|error| self.store_failed(&error))?;
                match other.and_then(|record| record.body.case) {
                    None => Err(Problem::field("/into", "is no case's id")),
                    Some(case) if case.state == State::Merged => {
                        Err(Problem::field("/into", "is a case that was itself merged into another"))
                    }
                    Some(case) if case.state.is_over() => {
                        Err(Problem::field("/into", "is a case that is closed: reopen it first"))
                    }
                    Some(_) => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// A case that is given to nobody who exists is forgotten.
    fn check_owner(&self, owner: &str) -> Result<(), Problem> {
        if self.config.works_cases(owner) {
            return Ok(());
        }
        Err(Problem::field("/owner", "is nobody who works cases: see [[access]] in the programme"))
    }

    /// What would be refused anyway is refused for that reason, before the gate is asked and a refusal written down.
    async fn check_first(
        &self,
        record: &Record<Dossier>,
        version: u64,
        order: &Order,
        caller: &Caller,
        gate: &impl ConsentGate,
    ) -> Result<(), Problem> {
        match self.apply(&record.body, version, order, caller) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.refused(&record.eid, refusal, gate).await),
        }
    }

    /// Asks the gate; a no is written into the case's history.
    async fn pass_gate(
        &self,
        record: &Record<Dossier>,
        channel: ContactChannel,
        version: u64,
        caller: &Caller,
        gate: &impl ConsentGate,
    ) -> Result<(), Problem> {
        let decision = self.ask(gate, &record.body, channel, Purpose::FollowUp).await;
        let reason = match decision.map_err(|_| Problem::unavailable())? {
            Decision::Allowed(_) => return Ok(()),
            Decision::Blocked(reason) => reason,
        };
        let now = from_unix(self.clock.now());
        let written = self
            .ledger
            .change(&record.eid, |record| {
                let mut body = record.body.clone();
                match &mut body.case {
                    Some(case) if case.version == version => {
                        case.record_blocked_contact(now, &caller.id, channel, reason.explain());
                        Ok(Step::of(body))
                    }
                    _ => Err(()),
                }
            })
            .await;
        if let Err(error) = written {
            return Err(self.store_failed(&error));
        }
        let detail = format!("contact by {channel} is blocked: {}", reason.explain());
        Err(Problem::new(StatusCode::FORBIDDEN, "contact-blocked", detail).with("reason", reason.as_str()))
    }

    fn apply(&self, dossier: &Dossier, version: u64, order: &Order, caller: &Caller) -> Result<Step<Dossier>, Refusal> {
        let case = dossier.case.as_ref().ok_or(Refusal::NoCase)?;
        if case.version != version {
            return Err(Refusal::Stale);
        }
        if order.is_long() && is_full(dossier) {
            return Err(Refusal::Full);
        }
        let now = from_unix(self.clock.now());
        let terms = self.config.cases.terms(caller.role);
        let changed = case.apply(&order.event, &caller.id, &order.note, now, &terms).map_err(Refusal::Case)?;
        let mut step = self.follow_up.step(dossier, changed, now);
        if matches!(order.event, CaseEvent::Merge { .. }) {
            // It may have been merged before, in vain.
            step.body.carried_over_at = None;
            see_to(&mut step, &Job::CarryOver, now);
        }
        if let Some(draft) = &order.message {
            let kind = match draft {
                Draft::Template { kind, .. } => *kind,
                Draft::Own { .. } => MessageKind::Result,
            };
            let message = self.follow_up.message(dossier, kind).ok_or(Refusal::NoAddress)?;
            let message = match draft {
                Draft::Template { words, .. } => Message { words: words.clone(), ..message },
                Draft::Own { subject, text } => {
                    Message { kind: None, subject: subject.clone(), text: text.clone(), ..message }
                }
            };
            send(&mut step, &message.delivery, now);
            step.body.messages.push(message);
        }
        Ok(step)
    }

    async fn refused(&self, id: &str, refusal: Refusal, gate: &impl ConsentGate) -> Problem {
        match refusal {
            Refusal::NoCase => Problem::not_found("case"),
            Refusal::NoAddress => Problem::field(
                "/message",
                "cannot be sent: the customer's e-mail address is not known, or [messages] names no channel",
            ),
            Refusal::Stale => self.stale(id, gate).await,
            Refusal::Full => {
                let short = event::SHORT;
                Problem::field("/note", format!("the case's history is full: at most {short} characters from now on"))
            }
            Refusal::Case(refused @ Refused::NoSuchTask) => Problem::field("/task", refused.to_string()),
            Refusal::Case(refused @ Refused::WaitOutOfBounds { .. }) => Problem::field("/until", refused.to_string()),
            Refusal::Case(refused @ Refused::GoodwillAbove { .. }) => {
                Problem::new(StatusCode::FORBIDDEN, "goodwill-limit", refused.to_string())
            }
            Refusal::Case(refused @ Refused::ForAutomation) => {
                Problem::new(StatusCode::FORBIDDEN, "for-automation", refused.to_string())
            }
            Refusal::Case(refused @ Refused::PolicyIsALeads) => {
                Problem::new(StatusCode::FORBIDDEN, "for-leads", refused.to_string())
            }
            Refusal::Case(refused) => self.not_allowed(id, &refused).await,
        }
    }

    /// Somebody else was faster: the answer shows the case as it stands.
    async fn stale(&self, id: &str, gate: &impl ConsentGate) -> Problem {
        let detail = "the case has changed since that version; nothing was done";
        let problem = Problem::new(StatusCode::PRECONDITION_FAILED, "stale-version", detail);
        let Ok(record) = self.dossier(id).await else { return problem };
        match &record.body.case {
            Some(case) => problem.with("current", self.case_json(&record, case, gate).await),
            None => problem,
        }
    }

    async fn not_allowed(&self, id: &str, refused: &Refused) -> Problem {
        let problem = Problem::new(StatusCode::CONFLICT, "transition-not-allowed", refused.to_string());
        let Ok(record) = self.dossier(id).await else { return problem };
        match &record.body.case {
            Some(case) => problem.with("allowed_events", view::events(&case.allowed())),
            None => problem,
        }
    }
}

/// With so many bytes of what people wrote, a case takes short texts alone: a record must never outgrow what a store takes
/// for a value (400 kB on DynamoDB), or nothing of its shard is carried on.
const MOST_WRITTEN: usize = 200_000;

/// Whether a case has room for short texts alone.
pub(crate) fn is_full(dossier: &Dossier) -> bool {
    written(dossier) > MOST_WRITTEN
}

/// How much people have written about a case, in bytes.
fn written(dossier: &Dossier) -> usize {
    let history = dossier.case.iter().flat_map(|case| &case.history);
    let history = history.map(|h| [&h.note, &h.detail].into_iter().flatten().map(String::len).sum::<usize>());
    let tasks = dossier.case.iter().flat_map(|case| &case.tasks).map(|task| task.what.len());
    history.chain(tasks).chain(dossier.messages.iter().map(|message| message.text.len())).sum()
}

fn etag(case: &Case) -> String {
    format!("\"{}\"", case.version)
}

pub(crate) fn with_etag(mut reply: Reply, tag: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(tag) {
        reply.headers_mut().insert(header::ETAG, value);
    }
    reply
}

/// The version that somebody has seen of what they change, by `If-Match`.
///
/// # Errors
/// 428 when they do not say.
pub(crate) fn expected_version(headers: &HeaderMap) -> Result<u64, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        let detail = "send If-Match with the ETag of what you have seen";
        return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "version-required", detail));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let number = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    // A tag that is none of ours names no version that a case ever has.
    Ok(number.unwrap_or(u64::MAX))
}

/// Whether an order can be read, for the tests of those who say what is wrong with one.
#[cfg(test)]
pub(crate) fn check(order: &serde_json::Value) -> Result<(), Problem> {
    event::parse(order, &std::collections::BTreeMap::new()).map(drop)
}
