//! Erasure at a customer's request: of everything under an identity, or of one answer. The receipt and the log say that
//! it was done, by whom and when; never of whom.

use crate::App;
use crate::access::{Action, admit};
use crate::fields::{Fields, Mistakes};
use crate::intake;
use crate::problem::{Problem, Reply, json};
use crate::stored::Stored as _;
use crate::time::from_unix;
use http::{HeaderMap, Request, StatusCode};
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use serde_json::Value;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/erasures`: erases everything under the identities given: answers, cases' notes, messages, what was said
    /// about being contacted. What is still on its way follows with the next ticks.
    ///
    /// # Errors
    /// 400, 401, 403, 413, 415, 422, 503.
    pub async fn post_erasure(&self, request: Request<Vec<u8>>) -> Result<Reply, Problem> {
        let caller = admit(&self.config, &self.secrets, request.headers(), Action::Erase)?;
        let value = intake::json_body(&request)?;
        let mistakes = Mistakes::default();
        let parsed = Fields::of(&value, "", &mistakes).and_then(|fields| {
            if fields.value("customer").is_none() {
                fields.wrong("customer", "is required");
            }
            let person = fields.object("customer").map(|c| intake::customer(&c));
            fields.refuse_unknown();
            person
        });
        let person = mistakes.or(parsed)?;
        let journals = self.namer.people(&person);
        if journals.is_empty() {
            return Err(Problem::field("/customer", "needs an email, a phone or an id"));
        }
        let mut records = 0;
        for journal in &journals {
            records += self.ledger.erase(journal).await.map_err(|error| self.store_failed(&error))?.records;
        }
        let reach = serde_json::json!({ "scope": "person", "identities": journals.len(), "records": records });
        Ok(self.receipt(&caller.id, reach))
    }

    /// `DELETE /v1/feedback/{id}`: erases one answer and what was written about it. Its score stays in the figures.
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn delete_feedback(&self, id: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let caller = admit(&self.config, &self.secrets, headers, Action::Erase)?;
        match self.ledger.erase_record(id).await {
            Ok(true) => Ok(self.receipt(&caller.id, serde_json::json!({ "scope": "feedback", "feedback": id }))),
            Ok(false) | Err(LedgerError::BadName { .. }) => Err(Problem::not_found("feedback")),
            Err(error) => Err(self.store_failed(&error)),
        }
    }

    /// What the caller can file as proof.
    fn receipt(&self, who: &str, mut reach: Value) -> Reply {
        let name = self.unique();
        reach["erasure"] = name.as_str().into();
        reach["by"] = who.into();
        reach["at"] = from_unix(self.clock.now()).store();
        self.log(&format!("erasure {name} by {who}: {}", reach["scope"].as_str().unwrap_or_default()));
        json(StatusCode::ACCEPTED, &reach)
    }
}
