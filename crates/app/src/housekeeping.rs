//! What administrators look at that belongs to no case: one small document of the ledger with a part for each of them, so
//! that looking costs the same however many there are. Holds no personal data.

use crate::App;
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use serde_json::{Map, Value};

/// The ledger's sheet.
const SHEET: &str = "housekeeping";

/// The document, as it was read.
pub(crate) struct Housekeeping(Value);

impl Housekeeping {
    /// One part of it; null when nobody has written it yet.
    pub fn part(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// The error for a part that is not understood.
    pub fn corrupt(part: &str) -> LedgerError {
        LedgerError::Corrupt { key: format!("{SHEET}/{part}"), reason: "not what was written there".to_owned() }
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Reads it: 2 reads.
    pub(crate) async fn housekeeping(&self) -> Result<Housekeeping, LedgerError> {
        Ok(Housekeeping(self.ledger.look_at_sheet(SHEET).await?))
    }

    /// Changes a part of it, null at first, if `change` says so. What is noted here follows from something that is done:
    /// a failure goes to the log and undoes nothing.
    pub(crate) async fn keep_house(&self, part: &str, mut change: impl FnMut(&mut Value) -> bool) {
        let written = self.ledger.sheet(SHEET, |sheet| {
            if !sheet.is_object() {
                *sheet = Value::Object(Map::new());
            }
            change(&mut sheet[part])
        });
        if let Err(error) = written.await {
            self.log(&format!("ledger: {error}"));
        }
    }
}
