//! Takes feedback: from our own API and from survey platforms, checked, decided upon and durable before it is answered.

mod body;
mod event;
mod native;
mod refusal;
mod value;

use crate::App;
use crate::access::{Action, Caller};
use crate::config::Source;
use crate::problem::{Problem, Reply, empty, json};
use crate::signature;
use crate::stored::Stored;
use crate::time::from_unix;
use crate::view;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use ringback_core::feedback::Feedback;
use ringback_core::id::SourceId;
use ringback_ledger::{Appended, Clock, Draft, Entropy, OnDifferent, PersonNote, Store};

pub use body::{MAX_BODY, too_large};
pub(crate) use body::{any_json, json as json_body, large_json};
pub(crate) use event::answered;
pub(crate) use native::{account, answers, assumed, customer, statement};
pub(crate) use refusal::Refusal;
pub(crate) use value::{MAX_COMMENT, MAX_EMAIL, MAX_PHONE, MAX_SHORT, country, email, locale, phone};

/// The source of what comes through our own API.
pub const API_SOURCE: &str = "api";
/// The relation of the link to what was answered just now.
const OWN_ANSWER: &str = "urn:ringback:rel:own-answer";

/// What identifies a post, and what to do when the same identity comes with other content.
pub(crate) struct Identity {
    pub source: SourceId,
    pub response: String,
    /// What the sender calls this very post, the same when it is repeated. It tells a repeat from going back to what was said
    /// before; without it equal content is a repeat.
    pub turn: Option<String>,
    pub on_different: OnDifferent,
    /// Whether only whoever gave the answer can know its name, so that the link to it may be handed out.
    pub private: bool,
}

/// What was taken.
pub struct Taken {
    /// The answer.
    pub reply: Reply,
    /// Whether the tick is to be woken once the answer has left.
    pub wake: bool,
    /// The token of the link to this answer alone, for whoever gave it just now, if the programme hands it out.
    pub own: Option<String>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/feedback`
    ///
    /// # Errors
    /// Everything that docs/api.md lists; nothing is stored then.
    pub async fn post_feedback(&self, request: Request<Vec<u8>>) -> Result<Taken, Problem> {
        let caller = self.admit(request.headers(), Action::WriteFeedback).await?;
        let key = body::idempotency_key(request.headers())?;
        let value = body::json(&request)?;
        let now = from_unix(self.clock.now());
        let native::Post { feedback, response_id } = native::parse(&self.config, &value, now)?;
        let source = SourceId::new(API_SOURCE).map_err(|_| Problem::unavailable())?;
        let (response, turn, on_different) = match (response_id, key) {
            (Some(id), key) => (format!("response:{}:{id}", feedback.survey), key, OnDifferent::Update),
            (None, Some(key)) => (format!("key:{}:{key}", caller.id), None, OnDifferent::Conflict),
            (None, None) => (format!("once:{}", self.unique()), None, OnDifferent::Conflict),
        };
        let identity = Identity { source, response, turn, on_different, private: true };
        self.store(identity, &canonical(&value), feedback).await
    }

    /// `POST /v1/webhooks/{source}`
    ///
    /// # Errors
    /// Everything that docs/api.md lists; nothing is stored then.
    pub async fn post_webhook(&self, source: &str, request: Request<Vec<u8>>) -> Result<Taken, Problem> {
        let source = SourceId::new(source).ok().and_then(|id| self.config.sources.get(&id));
        let source = source.ok_or_else(|| Problem::not_found("source"))?;
        let taken = self.take_event(source, &request).await;
        if let Err(problem) = &taken {
            self.note_refusal(&source.id, problem).await;
        }
        taken
    }

    async fn take_event(&self, source: &Source, request: &Request<Vec<u8>>) -> Result<Taken, Problem> {
        let now = self.clock.now();
        let secrets = self.secrets.get(&source.secret_variable);
        let id = signature::verify(secrets, request.headers(), request.body(), now).map_err(|why| {
            self.log(&format!("source {}: event refused: {why}", source.id));
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "not-authentic",
                "the event's signature or timestamp was not accepted",
            )
        })?;
        let value = body::json(request)?;
        let Some(event) = event::read(&self.config, source, &value, &id, from_unix(now))? else {
            return Ok(Taken { reply: empty(StatusCode::NO_CONTENT), wake: false, own: None });
        };
        let (source, response) = (source.id.clone(), event.response);
        let on_different = OnDifferent::Update;
        let identity = Identity { source, response, turn: Some(id), on_different, private: false };
        self.store(identity, &event.content, event.feedback).await
    }

    /// Makes an answer durable.
    pub(crate) async fn store(&self, identity: Identity, content: &[u8], feedback: Feedback) -> Result<Taken, Problem> {
        let eid = self.namer.answer(&identity.source, &identity.response);
        let dossier = self.follow_up.open(feedback);
        let received = crate::time::unix(dossier.feedback.received_at);
        // A yes that was said before is never said anew by a repeat, whatever the sender calls it: it would take back a
        // withdrawal that came in between.
        let turn = identity.turn.as_deref().filter(|_| !dossier.feedback.consent.iter().any(|s| s.granted));
        let fingerprint = self.namer.fingerprint(content, turn);
        let draft = Draft {
            eid: eid.clone(),
            fingerprint,
            at: received,
            people: self.people(&dossier.feedback),
            plan: self.follow_up.plan(&dossier),
            body: dossier,
        };
        match self.ledger.append(draft, identity.on_different).await {
            Ok(Appended::New { tick_running, first, .. }) => {
                // Who only updates an answer, or repeats it, need not be who gave it.
                let shown = first && identity.private && self.config.link_after_answer;
                let own = shown.then(|| self.own_token(&eid, received));
                Ok(Taken { reply: self.accepted_with(&eid, own.as_deref()), wake: !tick_running, own })
            }
            // The first copy's wake-up may have been lost.
            Ok(Appended::Replay { .. }) => Ok(Taken { reply: accepted(&eid), wake: true, own: None }),
            Ok(Appended::Conflict) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "this Idempotency-Key was used before with other content; nothing was stored",
            )),
            Err(error) => Err(self.store_failed(&error)),
        }
    }

    /// The answer to a post, with the link to what was posted.
    fn accepted_with(&self, eid: &str, own: Option<&str>) -> Reply {
        let mut reply = accepted(eid);
        let link = own.map(|token| format!("<{}/preferences/{token}>; rel=\"{OWN_ANSWER}\"", self.config.public_url));
        if let Some(value) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
            reply.headers_mut().insert(header::LINK, value);
        }
        reply
    }

    /// The journals that the answer goes into, with what the person said about being contacted.
    fn people(&self, feedback: &Feedback) -> Vec<PersonNote> {
        let note = Some(feedback.consent.store()).filter(|note| !note.is_null());
        let journals = self.namer.people(&feedback.customer).into_iter();
        journals.map(|ph| PersonNote { ph, note: note.clone() }).collect()
    }

    /// `GET /v1/feedback/{id}`
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn get_feedback(&self, id: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let _: Caller = self.admit(headers, Action::ReadFeedback).await?;
        let record = self.record_of(id).await?.ok_or_else(|| Problem::not_found("feedback"))?;
        Ok(json(StatusCode::OK, &view::feedback(&record.eid, &record.body.feedback)))
    }
}

/// When something was said about being contacted, as it counts. A yes counts from when it was given, however late it
/// arrives: a withdrawal that came meanwhile must hold. A no counts from when it is known.
pub(crate) fn said_at(granted: bool, given_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    given_at.filter(|at| granted && *at < now).unwrap_or(now)
}

/// The content that decides whether a repeat is the same: the document, not its white space.
fn canonical(value: &serde_json::Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn accepted(eid: &str) -> Reply {
    let mut reply = empty(StatusCode::ACCEPTED);
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/feedback/{eid}")) {
        reply.headers_mut().insert(header::LOCATION, location);
    }
    reply
}
