//! The last erasures, for whoever has to show that they are done: by whom they were asked for, when, and how far they
//! reach; never of whom. Older ones are in the log.

use crate::App;
use crate::housekeeping::Housekeeping;
use crate::stored::{Stored as _, Unreadable, stored};
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use serde_json::Value;

/// How many are kept.
const KEPT: usize = 20;
/// Where they are noted.
const PART: &str = "erasures";

/// An erasure that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its name, as on the receipt.
    pub id: String,
    /// The token's name; `customer` when it was asked for on the preference page.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// `person`, `feedback` or `criteria`.
    pub scope: String,
}

stored!(Asked { id, by, at, scope });

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Notes an erasure that was carried out or ordered, and gives when. That it could not be noted does not undo it.
    pub(crate) async fn note_erasure(&self, id: &str, by: &str, scope: &str) -> DateTime<Utc> {
        self.log(&format!("erasure {id} by {}: {scope}", self.known_as(by)));
        let at = from_unix(self.clock.now());
        let asked = Asked { id: id.to_owned(), by: by.to_owned(), at, scope: scope.to_owned() }.store();
        self.keep_house(PART, |known| {
            let kept = known.as_array().into_iter().flatten().filter(|one| one["id"] != asked["id"]);
            *known = std::iter::once(&asked).chain(kept).take(KEPT).cloned().collect();
            true
        })
        .await;
        at
    }
}

impl Housekeeping {
    /// The last erasures, the latest first.
    pub(crate) fn erasures(&self) -> Result<Vec<Asked>, LedgerError> {
        let all: Result<Vec<Asked>, Unreadable> =
            self.part(PART).as_array().into_iter().flatten().map(Asked::restore).collect();
        all.map_err(|_| Self::corrupt(PART))
    }
}

/// Whom the preference page stands for.
pub(crate) const CUSTOMER: &str = "customer";

/// What the receipt says of an erasure.
pub(super) fn receipt(id: &str, by: &str, at: DateTime<Utc>, mut reach: Value) -> Value {
    reach["erasure"] = id.into();
    reach["by"] = by.into();
    reach["at"] = at.store();
    reach
}
