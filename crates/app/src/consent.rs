//! What people said about being contacted: recorded in their journals, and asked for by the gate.
//!
//! The default consent provider. Everybody else asks through the gate (`wit/consent.wit`), never here.

use crate::App;
use crate::access::Action;
use crate::deliver::suppressed_note;
use crate::fields::{Fields, Mistakes};
use crate::intake;
use crate::ports::GateError;
use crate::problem::{Problem, Reply, empty};
use crate::stored::{Stored, Unreadable};
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose, Statement, decide};
use ringback_core::feedback::Customer;
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use serde_json::Value;

/// What the journals say about reaching a person.
pub(crate) struct Known {
    pub said: Vec<Statement>,
    /// When mail to the address last came back for good.
    bounced_at: Option<DateTime<Utc>>,
}

impl Known {
    /// Whether they may be contacted now.
    pub fn decide(&self, channel: ContactChannel, purpose: Purpose, now: DateTime<Utc>) -> Decision {
        match decide(&self.said, channel, purpose, now) {
            // Whoever gives the address anew has looked at it again.
            Decision::Allowed(proof)
                if channel == ContactChannel::Email && self.bounced_at.is_some_and(|at| at >= proof.given_at) =>
            {
                Decision::Blocked(Blocked::Undeliverable)
            }
            decision => decision,
        }
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// May this person be contacted? Everything they ever said, under any of the identities that are given, counts.
    ///
    /// # Errors
    /// When a journal could not be read: no answer, which the caller must treat as no.
    pub async fn may_contact(
        &self,
        who: &Customer,
        channel: ContactChannel,
        purpose: Purpose,
    ) -> Result<Decision, GateError> {
        let journals = self.namer.people(who);
        if journals.is_empty() {
            return Ok(Decision::Blocked(Blocked::Unidentified));
        }
        let unread = |error: LedgerError| {
            self.log(&format!("ledger: {error}"));
            GateError("the consent journal could not be read".to_owned())
        };
        let known = self.known_of(&journals).await.map_err(unread)?;
        Ok(known.decide(channel, purpose, from_unix(self.clock.now())))
    }

    /// Everything that was ever said in some journals, each statement once.
    pub(crate) async fn said(&self, journals: &[String]) -> Result<Vec<Statement>, LedgerError> {
        Ok(self.known_of(journals).await?.said)
    }

    pub(crate) async fn known_of(&self, journals: &[String]) -> Result<Known, LedgerError> {
        let (mut said, mut bounced_at): (Vec<Statement>, _) = (Vec::new(), None);
        let journals: Vec<&str> = journals.iter().map(String::as_str).collect();
        for journal in self.ledger.journals(&journals).await? {
            let notes = journal.into_iter().filter_map(|entry| entry.note);
            for note in notes {
                // An object is a note of another kind: what was sent, for example.
                if note.is_object() {
                    bounced_at = bounced_at.max(suppressed_note(&note));
                    continue;
                }
                let statements: Vec<Statement> = Stored::restore(&note).map_err(|unreadable: Unreadable| {
                    LedgerError::Corrupt { key: "a person's journal".to_owned(), reason: unreadable.to_string() }
                })?;
                let new: Vec<Statement> = statements.into_iter().filter(|new| !said.contains(new)).collect();
                said.extend(new);
            }
        }
        Ok(Known { said, bounced_at })
    }

    /// `POST /v1/consents`: records a consent, a refusal or a withdrawal; effective at once.
    ///
    /// # Errors
    /// 400, 401, 403, 413, 415, 422, 503.
    pub async fn post_consent(&self, request: Request<Vec<u8>>) -> Result<Reply, Problem> {
        let caller = self.admit(request.headers(), Action::WriteConsent).await?;
        let value = intake::json_body(&request)?;
        let now = from_unix(self.clock.now());
        let mistakes = Mistakes::default();
        let parsed = Fields::of(&value, "", &mistakes).and_then(|fields| {
            let person = fields.object("customer").map(|c| intake::customer(&c));
            if fields.value("customer").is_none() {
                fields.wrong("customer", "is required");
            }
            let statements = fields.objects("consent", 20);
            if statements.is_empty() {
                fields.wrong("consent", "is required: at least one statement");
            }
            let said: Vec<Statement> =
                statements.iter().filter_map(|s| intake::statement(s, &caller.id, None, now)).collect();
            fields.refuse_unknown();
            Some((person?, said))
        });
        let (person, said) = mistakes.or(parsed)?;
        let journals = self.namer.people(&person);
        if journals.is_empty() {
            return Err(Problem::field("/customer", "needs an email, a phone or an id"));
        }
        let note = said.store();
        for journal in journals {
            self.ledger.note_person(&journal, note.clone()).await.map_err(|error| self.store_failed(&error))?;
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// What stays of the statements of an answer that is erased: each no, without how it was said. A withdrawal must not cease
/// to hold because the answer goes that it came with.
pub(crate) fn refusals(note: &Value) -> Option<Value> {
    let statements: Vec<Statement> = Stored::restore(note).ok()?;
    let bare = |said: Statement| Statement { wording: None, language: None, source: "erased".to_owned(), ..said };
    let refusals: Vec<Statement> = statements.into_iter().filter(|said| !said.granted).map(bare).collect();
    Some(refusals.store()).filter(|left| !left.is_null())
}
