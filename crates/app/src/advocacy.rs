//! Referrals: whose a code is, and that it was used. The code is a keyed hash of a person's journal, put into the message
//! that asks them to recommend us; what became of it is written into the case that it came from.
//!
//! Where a code leads is the company's own address (`referral_url`): Ringback redirects nobody.

use crate::App;
use crate::access::Action;
use crate::dossier::{Dossier, Message};
use crate::fields::{Fields, Mistakes};
use crate::intake;
use crate::problem::{Problem, Reply, empty, json as reply};
use crate::stored::Stored;
use crate::time::from_unix;
use http::{HeaderMap, Request, StatusCode};
use ringback_core::case::SYSTEM;
use ringback_core::consent::Purpose;
use ringback_ledger::{Clock, Entropy, LedgerError, Record, Step, Store, is_name};
use serde_json::{Value, json};

/// How many characters a code has.
const CODE: usize = 10;
/// How often a code can be used: what is passed on in public must not make a journal grow for ever.
const MOST_USES: usize = 500;

/// What is known of a code.
struct Code {
    case: String,
    /// What it was used for, and when (Unix seconds).
    uses: Vec<(String, u64)>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Writes down whose the code in a message is.
    pub(crate) async fn note_code(&self, record: &Record<Dossier>, message: &Message) -> Result<(), LedgerError> {
        if message.kind.is_none_or(|kind| kind.purpose() != Purpose::Marketing) {
            return Ok(());
        }
        let code = self.links(record, message).code;
        match self.code(&code).await? {
            Some(_) => Ok(()),
            None => self.ledger.note_person(&self.namer.referral_journal(&code), json!({ "case": record.eid })).await,
        }
    }

    async fn code(&self, code: &str) -> Result<Option<Code>, LedgerError> {
        if code.len() != CODE || !is_name(code) {
            return Ok(None);
        }
        let notes = self.ledger.person(&self.namer.referral_journal(code)).await?.into_iter().filter_map(|e| e.note);
        let mut known: Option<Code> = None;
        for note in notes {
            if let (None, Some(case)) = (&known, note["case"].as_str()) {
                known = Some(Code { case: case.to_owned(), uses: Vec::new() });
            }
            if let (Some(code), Some(used), Some(at)) = (&mut known, note["used"].as_str(), note["at"].as_u64()) {
                code.uses.push((used.to_owned(), at));
            }
        }
        Ok(known)
    }

    async fn known_code(&self, code: &str) -> Result<Code, Problem> {
        let known = self.code(&code.to_ascii_lowercase()).await.map_err(|error| self.store_failed(&error))?;
        known.ok_or_else(|| Problem::not_found("code"))
    }

    /// `GET /v1/referrals/{code}`
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn get_referral(&self, code: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        self.admit(headers, Action::ReadCase).await?;
        let known = self.known_code(code).await?;
        let uses = known.uses.iter().map(|(id, at)| json!({ "id": id, "at": from_unix(*at).store() }));
        let shown =
            json!({ "code": code.to_ascii_lowercase(), "case": known.case, "uses": uses.collect::<Vec<Value>>() });
        Ok(reply(StatusCode::OK, &shown))
    }

    /// `POST /v1/referrals/{code}`: somebody came by the code. Repeating it changes nothing.
    ///
    /// # Errors
    /// 400, 401, 403, 404, 409 (used too often), 413, 415, 422, 503.
    pub async fn post_referral(&self, code: &str, request: Request<Vec<u8>>) -> Result<Reply, Problem> {
        self.admit(request.headers(), Action::WriteFeedback).await?;
        let value = intake::json_body(&request)?;
        let mistakes = Mistakes::default();
        let id = Fields::of(&value, "", &mistakes).and_then(|f| {
            let id = f.required_text("id", 64);
            f.refuse_unknown();
            id
        });
        let id = mistakes.or(id)?;
        if !is_name(&id) {
            return Err(Problem::field("/id", "must be made of a–z, A–Z, 0–9, `-`, `_` and `.`"));
        }
        let known = self.known_code(code).await?;
        if known.uses.iter().any(|(used, _)| *used == id) {
            return Ok(empty(StatusCode::NO_CONTENT));
        }
        if known.uses.len() >= MOST_USES {
            let detail = format!("the code was used {MOST_USES} times, which is all that is written down");
            return Err(Problem::new(StatusCode::CONFLICT, "used-up", detail));
        }
        let (now, times) = (from_unix(self.clock.now()), known.uses.len() + 1);
        let journal = self.namer.referral_journal(&code.to_ascii_lowercase());
        let note = json!({ "used": id, "at": self.clock.now() });
        self.ledger.note_person(&journal, note).await.map_err(|error| self.store_failed(&error))?;
        let written = self.ledger.change(&known.case, |record| {
            let mut body = record.body.clone();
            let case = body.case.as_mut().ok_or(())?;
            case.record(now, SYSTEM, "referral.used", Some(format!("{times} in all")), None);
            Ok::<_, ()>(Step::of(body))
        });
        written.await.map_err(|error| self.store_failed(&error))?;
        Ok(empty(StatusCode::NO_CONTENT))
    }
}
