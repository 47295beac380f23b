//! "You said, we did": the customers whose cases have the root cause are told what was changed.
//!
//! For a case a message is begun at most once: its history says so, by the same write. One request works through a bounded
//! stretch of the list and remembers where to go on; after its end the next request begins anew, for the cases whose cause
//! was found meanwhile. Whether a message may be sent at all is asked when it is sent: consent and the fatigue guard are
//! never passed by here, and what they hold back is not begun again.

use super::order::{Words, words};
use crate::App;
use crate::access::{Action, Caller};
use crate::case::{Worked, is_full, of_cause_at};
use crate::dossier::Dossier;
use crate::follow_up::send;
use crate::insights::known_as;
use crate::intake;
use crate::problem::{Problem, json};
use crate::stored::Stored as _;
use crate::time::from_unix;
use crate::web::primary;
use chrono::{DateTime, Days, Utc};
use http::{Request, StatusCode};
use ringback_core::case::State as CaseState;
use ringback_core::improvement::{Improvement, MOST_ENTRIES, Refused, State, Told};
use ringback_core::message::MessageKind;
use ringback_ledger::{Changed, Clock, Due, Entropy, LedgerError, Record, Step, Store};
use serde_json::{Value, json as value};
use std::collections::BTreeMap;

/// Cases that one request looks at.
const AT_ONCE: usize = 100;
/// Of so many days before it was written down customers are told: who complained longer ago has forgotten.
const DAYS: u64 = 365;
/// How a case's history calls it.
const TOLD: &str = "improvement.told";

/// What a request has come to.
pub(crate) struct Telling {
    pub improvement: Improvement,
    /// Messages that it has begun.
    pub told: u64,
    /// What is to be handed over now.
    pub now: Vec<Due>,
}

/// The cases that one request has worked through.
#[derive(Default)]
struct Stretch {
    /// The name of the last one in the list.
    after: String,
    cases: u64,
    messages: u64,
    more: bool,
    now: Vec<Due>,
}

/// How far the customers are told, as it is shown.
pub(super) fn shown(told: &Told) -> Value {
    value!({
        "at": told.at.store(), "who": told.who, "text": told.text, "cases": told.cases, "messages": told.messages,
        "more": !told.over,
    })
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/improvements/{id}/tell`: tells the next customers whom it concerns. What they are told is said with the first
    /// request; while `more` is true, another one goes on.
    ///
    /// # Errors
    /// 400, 401, 403, 404, 409 when it is not done or nothing writes to customers, 413, 415, 422, 503.
    pub async fn post_tell(&self, id: &str, request: &Request<Vec<u8>>) -> Result<Worked, Problem> {
        let caller = self.admit(request.headers(), Action::Improve).await?;
        let telling = self.tell_customers(id, &intake::json_body(request)?, &caller).await?;
        let mut answer = telling.improvement.told.as_ref().map_or(Value::Null, shown);
        answer["told"] = telling.told.into();
        Ok(Worked { reply: json(StatusCode::OK, &answer), now: telling.now })
    }

    /// The same for whoever is known already, and may: the API's caller, or a form of the desk.
    pub(crate) async fn tell_customers(&self, id: &str, body: &Value, caller: &Caller) -> Result<Telling, Problem> {
        let words = words(body)?;
        let improvement = self.begin_telling(id, &words, caller).await?;
        let told = improvement.told.clone().ok_or_else(Problem::unavailable)?;
        let (names, more) = self.next_concerned(&improvement, &told).await?;
        let mut stretch = Stretch { after: told.after.clone(), more, ..Stretch::default() };
        let mut failed = None;
        for name in names {
            match self.tell_customer_of(name.rsplit('|').next().unwrap_or_default(), &improvement, &told, caller).await
            {
                Ok(begun) => {
                    stretch.messages += u64::from(begun.is_some());
                    stretch.now.extend(begun.into_iter().flatten());
                }
                Err(problem) => {
                    (failed, stretch.more) = (Some(problem), true);
                    break;
                }
            }
            (stretch.after, stretch.cases) = (name, stretch.cases + 1);
        }
        // What was done is kept, whatever came after it; its messages have timers of their own.
        let improvement = self.keep_changed(id, |before| Ok(gone_on(before, &stretch))).await?;
        match failed {
            Some(problem) => Err(problem),
            None => Ok(Telling { improvement, told: stretch.messages, now: stretch.now }),
        }
    }

    /// Writes down what they are to be told, unless that is known.
    async fn begin_telling(&self, id: &str, words: &Words, caller: &Caller) -> Result<Improvement, Problem> {
        let known = self.known_improvement(id).await?;
        if known.state != State::Done {
            let detail = "customers are told what was done: finish it first";
            return Err(Problem::new(StatusCode::CONFLICT, "not-done", detail));
        }
        if self.config.messages.channel.is_none() {
            let detail = "the programme names no channel that writes to customers: [messages]";
            return Err(Problem::new(StatusCode::CONFLICT, "no-channel", detail));
        }
        if known.told.is_none() && words.text.is_none() {
            return Err(Problem::field("/text", "is required: what was changed"));
        }
        if words.text.is_none() && words.texts.is_empty() && known.told.as_ref().is_some_and(|told| !told.over) {
            return Ok(known);
        }
        let now = from_unix(self.clock.now());
        let begin = |before: &Improvement| {
            let changed = begun(before, words, &caller.id, now);
            if changed.history.len() > MOST_ENTRIES {
                return Err(Problem::new(StatusCode::CONFLICT, "does-not-follow", Refused::Full.to_string()));
            }
            Ok(changed)
        };
        self.keep_changed(id, begin).await
    }

    /// The next cases of the list, by their names in it, and whether it goes on.
    async fn next_concerned(&self, improvement: &Improvement, told: &Told) -> Result<(Vec<String>, bool), Problem> {
        let from = match told.after.as_str() {
            "" => of_cause_at(&improvement.root_cause, since(improvement)),
            after => format!("{after}\0"),
        };
        let to = of_cause_at(&improvement.root_cause, improvement.ended_at.unwrap_or(told.at));
        let mut names = self.ledger.scan(&from, &to, AT_ONCE + 1).await.map_err(|error| self.store_failed(&error))?;
        let more = names.len() > AT_ONCE;
        names.truncate(AT_ONCE);
        Ok((names, more))
    }

    /// Begins the message to a case's customer; none where it does not concern them, or they know.
    async fn tell_customer_of(
        &self,
        case: &str,
        improvement: &Improvement,
        told: &Told,
        caller: &Caller,
    ) -> Result<Option<Vec<Due>>, Problem> {
        let now = from_unix(self.clock.now());
        let change = |record: &Record<Dossier>| {
            if record.redacted || is_full(&record.body) || !concerns(improvement, &record.body) {
                return Err(());
            }
            let mut message = self.follow_up.message(&record.body, MessageKind::Changed).ok_or(())?;
            message.words = Some(words_for(told, record.body.feedback.locale.as_deref()));
            let mut step = Step::of(record.body.clone());
            send(&mut step, &message.delivery, now);
            step.body.messages.push(message);
            let case = step.body.case.as_mut().ok_or(())?;
            case.record(now, &caller.id, TOLD, Some(improvement.id.clone()), None);
            Ok(step)
        };
        match self.ledger.change(case, change).await {
            Ok(Changed::Done { now, .. }) => Ok(Some(now)),
            Ok(Changed::Refused(()) | Changed::Absent | Changed::NotSealed) => Ok(None),
            // One that is damaged keeps no other customer from being told.
            Err(error @ LedgerError::Corrupt { .. }) => {
                self.log(&format!("ledger: {error}"));
                Ok(None)
            }
            Err(error) => Err(self.store_failed(&error)),
        }
    }
}

/// Whether a case speaks for an improvement, and has not been told of it.
fn concerns(improvement: &Improvement, dossier: &Dossier) -> bool {
    let (feedback, Some(case)) = (&dossier.feedback, &dossier.case) else { return false };
    let is = |wanted: Option<&str>, value: &str| wanted.is_none_or(|wanted| wanted == value);
    // The list may lag.
    case.root_cause.as_deref().map(known_as) == Some(known_as(&improvement.root_cause))
        && is(improvement.survey.as_ref().map(|survey| survey.as_str()), feedback.survey.as_str())
        && is(improvement.touchpoint.as_ref().map(|place| place.as_str()), feedback.touchpoint.as_str())
        && is(improvement.country.as_deref(), feedback.country.as_deref().unwrap_or_default())
        // Its customer is told in the case in which it goes on.
        && case.state != CaseState::Merged
        && !case.history.iter().any(|entry| entry.event == TOLD && entry.detail.as_ref() == Some(&improvement.id))
}

fn words_for(told: &Told, locale: Option<&str>) -> String {
    locale.and_then(|locale| told.texts.get(&primary(locale))).unwrap_or(&told.text).clone()
}

/// The improvement once it is known what is to be told, and with the list at its beginning where it has come to its end.
fn begun(before: &Improvement, words: &Words, who: &str, now: DateTime<Utc>) -> Improvement {
    let mut changed = before.clone();
    let (text, texts) = (words.text.clone(), words.texts.clone());
    let told = changed.told.get_or_insert_with(|| Told {
        at: now,
        who: who.to_owned(),
        text: String::new(),
        texts: BTreeMap::new(),
        after: String::new(),
        cases: 0,
        messages: 0,
        over: false,
    });
    let said = (told.text.clone(), told.texts.clone());
    told.text = text.unwrap_or_else(|| said.0.clone());
    if !texts.is_empty() {
        told.texts = texts;
    }
    if told.over {
        (told.after, told.cases, told.over) = (String::new(), 0, false);
    }
    if (told.text.clone(), told.texts.clone()) == said {
        changed.version += 1;
    } else {
        let note = told.text.chars().take(500).collect();
        changed.record(now, who, "told", None, Some(note));
    }
    changed
}

/// The improvement after a stretch. Somebody else may have gone on meanwhile: the list is gone on with where it is furthest.
fn gone_on(before: &Improvement, stretch: &Stretch) -> Improvement {
    let mut changed = before.clone();
    if let Some(now) = &mut changed.told {
        now.messages += stretch.messages;
        let further = stretch.after > now.after;
        if further {
            now.after.clone_from(&stretch.after);
            now.cases += stretch.cases;
        }
        if further || stretch.after == now.after && stretch.cases == 0 {
            now.over = !stretch.more;
        }
        changed.version += 1;
    }
    changed
}

/// Since when cases speak for it.
fn since(improvement: &Improvement) -> DateTime<Utc> {
    improvement.opened_at.checked_sub_days(Days::new(DAYS)).unwrap_or(improvement.opened_at)
}
