//! Why a source's last event was refused, for whoever looks after it: a wrong secret or a changed form is otherwise seen
//! only by the sender. Keeps the kind of problem, the first wrong field and the instant, nothing of what was sent.
//!
//! Strangers can have events refused, so that noting it is bounded: an instance notes one in a minute for each source,
//! and none that another has noted within it.

use crate::App;
use crate::housekeeping::Housekeeping;
use crate::problem::Problem;
use crate::stored::{Stored, Unreadable, stored};
use ringback_core::id::SourceId;
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Within this time, in seconds, one refusal of a source is noted.
const ONE_IN_S: u64 = 60;
/// Where they are noted.
const PART: &str = "refusals";

/// A refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// When, in Unix seconds.
    pub at: u64,
    /// The kind of problem, as in `urn:ringback:problem:{kind}`.
    pub kind: String,
    /// The first wrong field, as a JSON pointer.
    pub field: Option<String>,
}

stored!(Refusal { at, kind, field } or default);

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Notes that a source's event was refused. That it could not be noted is no reason to answer otherwise.
    pub(super) async fn note_refusal(&self, source: &SourceId, problem: &Problem) {
        let now = self.clock.now();
        let noted = self.refused.borrow_mut().insert(source.clone(), now).is_some_and(|at| now < at + ONE_IN_S);
        if noted || problem.status.is_server_error() {
            return;
        }
        let field = problem.errors.first().map(|error| error.pointer.clone());
        let refusal = Refusal { at: now, kind: problem.kind.to_owned(), field };
        self.keep_house(PART, |known| {
            let last = known.get(source.as_str()).and_then(|last| Refusal::restore(last).ok());
            if last.is_some_and(|last| now < last.at + ONE_IN_S) {
                return false;
            }
            if !known.is_object() {
                *known = Value::Object(Map::new());
            }
            known[source.as_str()] = refusal.store();
            true
        })
        .await;
    }
}

impl Housekeeping {
    /// The last refusal of each source that had one.
    pub(crate) fn refusals(&self) -> Result<BTreeMap<String, Refusal>, LedgerError> {
        let restore = |(source, refusal): (&String, &Value)| Ok((source.clone(), Refusal::restore(refusal)?));
        let all: Result<_, Unreadable> = self.part(PART).as_object().into_iter().flatten().map(restore).collect();
        all.map_err(|_| Self::corrupt(PART))
    }
}
