//! Small documents beside the log, which several records share: changed by compare-and-swap, one at a time, whole.
//!
//! For what must be decided over many records at once, such as who has room for another case. A sheet is read and written
//! as a whole and must stay small. It is never deleted; its name is the application's and carries no personal data.
//!
//! A swap on an absent key is not exact on every store (on SQLite two creators win). So a sheet is created as the ledger
//! itself is (`open`): under a name with a generation of its own, which a counter cell, created by an increment of zero,
//! then decides on by a swap. What the cell holds keeps the form of a counter, so that a late increment of zero is
//! harmless. Cosmos can neither read nor swap counters, but swaps on the absent key correctly.

use crate::key::Key;
use crate::port::{Clock, Entropy, Store, StoreKind};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::{Outcome, Verdict, decode_counter, encode_counter};
use crate::stored::{Ringed, decode, encode};
use crate::{Ledger, check_name};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Attempts at creating a sheet.
const ATTEMPTS: usize = 10;
/// Generations are numbers below this.
const GENERATIONS: u64 = 1 << 48;

/// A sheet as it is stored.
#[derive(Default, Serialize, Deserialize)]
struct Sheet {
    v: Value,
    /// Ids of the last writes.
    #[serde(default)]
    w: Vec<String>,
}

impl Ringed for Sheet {
    fn ring(&mut self) -> &mut Vec<String> {
        &mut self.w
    }
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Changes a sheet: 2 reads and 1 write. `f` gets its content, null at first, and says whether it has changed it; it
    /// may be called several times, and its last call counts. Gives what the sheet holds then.
    ///
    /// # Errors
    /// When the store fails, the sheet is not understood, or the name is none.
    pub async fn sheet(&self, name: &str, mut f: impl FnMut(&mut Value) -> bool) -> Result<Value, LedgerError> {
        check_name("sheet", name)?;
        let key = self.located(name).await?;
        let wid = self.unique();
        let change = async |sheet: &mut Sheet| {
            let changed = f(&mut sheet.v);
            Ok(if changed { Verdict::Write } else { Verdict::Leave })
        };
        match self.kv.cas(&key, &wid, change).await? {
            Outcome::Written(sheet) | Outcome::Left(sheet) => Ok(sheet.v),
            Outcome::Absent => Err(crate::missing(key)),
        }
    }

    /// What a sheet holds; null where nobody has written it yet. 2 reads, and nothing is made.
    ///
    /// # Errors
    /// When the store fails, the sheet is not understood, or the name is none.
    pub async fn look_at_sheet(&self, name: &str) -> Result<Value, LedgerError> {
        check_name("sheet", name)?;
        let generation = match self.kv.kind {
            StoreKind::Cosmos => 0,
            _ => match self.kv.counter(&Key::SheetCell(name).to_string()).await? {
                0 => return Ok(Value::Null),
                generation => generation,
            },
        };
        let key = Key::Sheet { name, generation }.to_string();
        match self.kv.get(&key).await? {
            Some(bytes) => Ok(decode::<Sheet>(&key, &bytes)?.v),
            None => Ok(Value::Null),
        }
    }

    /// The key of a sheet that exists.
    async fn located(&self, name: &str) -> Result<String, LedgerError> {
        if self.kv.kind == StoreKind::Cosmos {
            let key = Key::Sheet { name, generation: 0 }.to_string();
            if self.kv.get(&key).await?.is_none() {
                self.kv.create(&key, &encode(&key, &Sheet::default())?).await?;
            }
            return Ok(key);
        }
        let cell = Key::SheetCell(name).to_string();
        for _ in 0..ATTEMPTS {
            match self.kv.counter(&cell).await? {
                0 => self.decide(name, &cell).await?,
                generation => return Ok(Key::Sheet { name, generation }.to_string()),
            }
        }
        Err(LedgerError::Contended { key: cell })
    }

    /// Makes an empty sheet under a name of its own, and has the cell decide for it unless it has decided already.
    async fn decide(&self, name: &str, cell: &str) -> Result<(), LedgerError> {
        let mut random = [0; 8];
        self.entropy.fill(&mut random);
        let generation = u64::from_le_bytes(random) % (GENERATIONS - 1) + 1;
        let key = Key::Sheet { name, generation }.to_string();
        let empty = encode(&key, &Sheet::default())?;
        self.kv.set_many(&[(key, empty)]).await?;
        self.kv.increment(cell, 0).await?;
        let failed = |source| LedgerError::Store { key: cell.to_owned(), source };
        let (cas, current) = self.kv.store.cas_read(cell).await.map_err(failed)?;
        let undecided = match &current {
            Some(bytes) => decode_counter(self.kv.kind, cell, bytes)? == 0,
            None => false,
        };
        if undecided {
            let value = encode_counter(self.kv.kind, generation);
            // Won, lost or unknown: the caller reads the cell again.
            let _ = self.kv.store.swap(cas, &value).await;
        }
        Ok(())
    }
}
