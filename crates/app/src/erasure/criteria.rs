//! Erasure by criteria: which answers an order concerns, how it is given, and how it stands. Carried out by the ticks
//! (`ringback_ledger::Ledger::order_erasure`), not here.

use crate::App;
use crate::access::Action;
use crate::dossier::Dossier;
use crate::fields::Fields;
use crate::intake;
use crate::problem::{Problem, Reply, json};
use crate::stored::{Fields as _, Stored, stored};
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ringback_core::id::SurveyId;
use ringback_ledger::{Clock, Entropy, LedgerError, Record, Store};
use serde_json::{Value, json};

/// Which answers are meant: those to which all that is said here applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Criteria {
    survey: Option<SurveyId>,
    country: Option<String>,
    received_before: Option<DateTime<Utc>>,
}

stored!(Criteria { survey, country, received_before });

impl Criteria {
    /// Reads them as they are sent. A survey may be one that the programme has no longer.
    pub fn read(fields: &Fields<'_>, now: DateTime<Utc>) -> Option<Self> {
        let criteria = Self {
            survey: fields.parsed("survey", 64, |text| SurveyId::new(text)),
            country: fields.parsed("country", 8, intake::country),
            received_before: fields.instant("received_before"),
        };
        if criteria.received_before.is_some_and(|before| before > now) {
            fields.wrong("received_before", "must not lie ahead: an order concerns what is there already");
        }
        let blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        if Self::FIELDS.iter().all(|name| fields.value(name).is_none_or(blank)) {
            fields.wrong_here("needs a survey, a country or received_before");
        }
        fields.refuse_unknown();
        Some(criteria)
    }

    /// Whether an answer is meant.
    pub fn concern(&self, record: &Record<Dossier>) -> bool {
        let feedback = &record.body.feedback;
        *self != Self::default()
            && self.survey.as_ref().is_none_or(|survey| *survey == feedback.survey)
            && self.country.as_ref().is_none_or(|country| feedback.country.as_ref() == Some(country))
            && self.received_before.is_none_or(|before| from_unix(record.received) < before)
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Takes an order; ticks carry it out.
    pub(super) async fn order_erasure(&self, who: &str, criteria: &Criteria, dry: bool) -> Result<Reply, Problem> {
        let (name, criteria) = (self.unique(), criteria.store());
        let at = from_unix(self.clock.now()).store();
        let note = json!({ "criteria": criteria, "by": who, "at": at });
        let taken = self.ledger.order_erasure(&name, &criteria, dry, note.clone()).await;
        if !taken.map_err(|error| self.store_failed(&error))? {
            let detail = "too many erasures are under way; wait until one is done";
            return Err(Problem::new(StatusCode::CONFLICT, "too-many-erasures", detail));
        }
        let _ = self.note_erasure(&name, who, if dry { "criteria, only counted" } else { "criteria" }).await;
        let mut reply = json_receipt(StatusCode::ACCEPTED, &name, dry, note);
        if let Ok(location) = HeaderValue::from_str(&format!("/v1/erasures/{name}")) {
            reply.headers_mut().insert(header::LOCATION, location);
        }
        Ok(reply)
    }

    /// `GET /v1/erasures/{id}`: how an erasure by criteria stands.
    ///
    /// # Errors
    /// 401, 403, 404, 503.
    pub async fn get_erasure(&self, name: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        self.admit(headers, Action::Erase).await?;
        let status = match self.ledger.erasure_order(name).await {
            Ok(Some(status)) => status,
            Ok(None) | Err(LedgerError::BadName { .. }) => return Err(Problem::not_found("erasure")),
            Err(error) => return Err(self.store_failed(&error)),
        };
        let mut receipt = status.note;
        receipt["state"] = if status.finished.is_some() { "done" } else { "running" }.into();
        receipt["records"] = status.records.into();
        receipt["looked_at"] = status.looked_at.into();
        receipt["entries"] = status.slots.into();
        receipt["done_at"] = status.finished.map_or(Value::Null, |at| from_unix(at).store());
        Ok(json_receipt(StatusCode::OK, name, status.dry, receipt))
    }
}

fn json_receipt(status: StatusCode, name: &str, dry: bool, mut receipt: Value) -> Reply {
    receipt["erasure"] = name.into();
    receipt["scope"] = "criteria".into();
    receipt["dry_run"] = dry.into();
    json(status, &receipt)
}
