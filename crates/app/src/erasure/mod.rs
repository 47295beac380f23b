//! Erasure: of everything under an identity, of one answer, or by criteria. The receipt and the log say that it was done,
//! by whom and when; never of whom.

mod criteria;
mod journal;

pub(crate) use criteria::Criteria;
pub(crate) use journal::{Asked, CUSTOMER};

use crate::access::Action;
use crate::fields::{Fields, Mistakes};
use crate::intake;
use crate::problem::{Problem, Reply, json};
use crate::time::from_unix;
use crate::{App, Worked};
use http::{HeaderMap, Request, StatusCode};
use ringback_core::feedback::Customer;
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use serde_json::Value;

/// What a request is about.
enum Wanted {
    Person(Customer),
    /// With whether it is only to be counted.
    Matching(Criteria, bool),
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/erasures`: erases everything under the identities given: answers, cases' notes, messages, what was said
    /// about being contacted; what is still on its way follows with the next ticks. Or, by criteria, takes an order that
    /// the ticks carry out.
    ///
    /// # Errors
    /// 400, 401, 403, 409, 413, 415, 422, 503.
    pub async fn post_erasure(&self, request: Request<Vec<u8>>) -> Result<Worked, Problem> {
        let caller = self.admit(request.headers(), Action::Erase).await?;
        let value = intake::json_body(&request)?;
        let reply = match self.erasure_wanted(&value)? {
            Wanted::Person(person) => self.erase_person(&caller.id, &person).await?,
            Wanted::Matching(criteria, dry_run) => self.order_erasure(&caller.id, &criteria, dry_run).await?,
        };
        Ok(Worked { reply, now: Vec::new() })
    }

    fn erasure_wanted(&self, value: &Value) -> Result<Wanted, Problem> {
        let mistakes = Mistakes::default();
        let wanted = Fields::of(value, "", &mistakes).and_then(|fields| {
            let (person, matching) = (fields.value("customer"), fields.value("criteria"));
            let wanted = match (person, matching) {
                (Some(_), None) => fields.object("customer").map(|c| Wanted::Person(intake::customer(&c))),
                (None, Some(_)) => {
                    let dry_run = fields.bool("dry_run").unwrap_or(false);
                    let now = from_unix(self.clock.now());
                    let criteria = fields.object("criteria").and_then(|c| Criteria::read(&c, now));
                    criteria.map(|criteria| Wanted::Matching(criteria, dry_run))
                }
                (Some(_), Some(_)) => {
                    fields.wrong("criteria", "cannot stand beside a customer");
                    None
                }
                (None, None) => {
                    fields.wrong("customer", "is required, or criteria");
                    None
                }
            };
            fields.refuse_unknown();
            wanted
        });
        mistakes.or(wanted)
    }

    async fn erase_person(&self, who: &str, person: &Customer) -> Result<Reply, Problem> {
        let journals = self.namer.people(person);
        if journals.is_empty() {
            return Err(Problem::field("/customer", "needs an email, a phone or an id"));
        }
        let mut records = 0;
        for journal in &journals {
            records += self.ledger.erase(journal).await.map_err(|error| self.store_failed(&error))?.records;
        }
        let reach = serde_json::json!({ "identities": journals.len(), "records": records });
        Ok(self.receipt(who, "person", reach).await)
    }

    /// `DELETE /v1/feedback/{id}`: erases one answer and what was written about it. Its score stays in the figures.
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn delete_feedback(&self, id: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let caller = self.admit(headers, Action::Erase).await?;
        match self.ledger.erase_record(id).await {
            Ok(true) => Ok(self.receipt(&caller.id, "feedback", serde_json::json!({ "feedback": id })).await),
            Ok(false) | Err(LedgerError::BadName { .. }) => Err(Problem::not_found("feedback")),
            Err(error) => Err(self.store_failed(&error)),
        }
    }

    /// What the caller can file as proof.
    async fn receipt(&self, who: &str, scope: &str, mut reach: Value) -> Reply {
        let name = self.unique();
        reach["scope"] = scope.into();
        let at = self.note_erasure(&name, who, scope).await;
        json(StatusCode::ACCEPTED, &journal::receipt(&name, who, at, reach))
    }
}
