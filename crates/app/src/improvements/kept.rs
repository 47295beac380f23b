//! Where improvements are kept: each in a sheet of its own, and a line of each in one list.
//!
//! A sheet is the truth. The list follows it, by versions, and is mended when its improvement is looked at; a new one stands
//! in the list first, which decides whether there is room for it. The list is bounded: of those that ended the newest stand in it.

use crate::App;
use crate::problem::Problem;
use crate::stored::{Stored, Unreadable, put, stored};
use chrono::{DateTime, NaiveDate, Utc};
use http::StatusCode;
use ringback_core::improvement::{Entry, Improvement, MOST_OPEN, State, Told, is_overdue};
use ringback_core::names::Named as _;
use ringback_ledger::{Clock, Entropy, LedgerError, Store, is_name};
use serde_json::{Map, Value};

/// The list's sheet.
const LIST: &str = "improvements";
/// The largest list, in bytes, with room to what the smallest store takes for a value (400 kB).
const LARGEST: usize = 250_000;

/// An improvement's line in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub id: String,
    pub version: u64,
    pub title: String,
    pub root_cause: String,
    pub owner: String,
    pub due: NaiveDate,
    pub state: State,
    pub ended_at: Option<DateTime<Utc>>,
}

impl Row {
    fn of(improvement: &Improvement) -> Self {
        Self {
            id: improvement.id.clone(),
            version: improvement.version,
            title: improvement.title.clone(),
            root_cause: improvement.root_cause.clone(),
            owner: improvement.owner.clone(),
            due: improvement.due,
            state: improvement.state,
            ended_at: improvement.ended_at,
        }
    }

    /// Whether it should be done by now.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        is_overdue(self.state, self.due, today)
    }
}

impl Stored for State {
    fn store(&self) -> Value {
        Value::from(self.name())
    }

    fn restore(value: &Value) -> Result<Self, Unreadable> {
        value.as_str().and_then(Self::from_name).ok_or(Unreadable("state"))
    }
}

stored!(Row { id, version, title, root_cause, owner, due, state, ended_at });
stored!(Entry { at, who, event, detail, note });
stored!(Told { at, who, text, texts, after, cases, messages, over });
stored!(Improvement {
    id,
    version,
    title,
    root_cause,
    survey,
    touchpoint,
    country,
    owner,
    due,
    state,
    opened_at,
    ended_at,
    told,
    history,
});

fn sheet(id: &str) -> String {
    format!("improvement.{id}")
}

fn corrupt(name: &str, unreadable: Unreadable) -> LedgerError {
    LedgerError::Corrupt { key: name.to_owned(), reason: unreadable.to_string() }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The list: open ones first, by the day they are due; then those that ended, the newest first. 2 reads.
    pub(crate) async fn improvement_rows(&self) -> Result<Vec<Row>, LedgerError> {
        let mut rows = rows(&self.ledger.look_at_sheet(LIST).await?)?;
        rows.sort_by_key(|row| (!row.state.is_open(), row.due));
        let ended = rows.iter().position(|row| !row.state.is_open()).unwrap_or(rows.len());
        rows[ended..].sort_by_key(|row| std::cmp::Reverse(row.ended_at));
        Ok(rows)
    }

    /// One of them; none where there is none of that name. 2 reads.
    pub(crate) async fn improvement(&self, id: &str) -> Result<Option<Improvement>, LedgerError> {
        if !is_name(id) || id.len() > 32 {
            return Ok(None);
        }
        match self.ledger.look_at_sheet(&sheet(id)).await? {
            Value::Null => Ok(None),
            kept => Improvement::restore(&kept).map(Some).map_err(|unreadable| corrupt(id, unreadable)),
        }
    }

    /// Keeps a new one.
    ///
    /// # Errors
    /// 409 when too many are open, 503.
    pub(super) async fn keep_new(&self, improvement: &Improvement) -> Result<(), Problem> {
        self.list_improvement(improvement).await?;
        let write = |kept: &mut Value| {
            *kept = improvement.store();
            true
        };
        let kept = self.ledger.sheet(&sheet(&improvement.id), write).await;
        kept.map(drop).map_err(|error| self.store_failed(&error))
    }

    /// Changes one that is known to be there, and gives it as it is then; `change` may be called several times, and its last
    /// call counts.
    ///
    /// # Errors
    /// What `change` refuses it for; 503.
    pub(super) async fn keep_changed(
        &self,
        id: &str,
        change: impl Fn(&Improvement) -> Result<Improvement, Problem>,
    ) -> Result<Improvement, Problem> {
        let mut outcome = Err(Problem::unavailable());
        let write = |kept: &mut Value| {
            let before = Improvement::restore(kept).map_err(|unreadable| self.store_failed(&corrupt(id, unreadable)));
            outcome = before.and_then(|before| change(&before));
            if let Ok(changed) = &outcome {
                *kept = changed.store();
            }
            outcome.is_ok()
        };
        self.ledger.sheet(&sheet(id), write).await.map_err(|error| self.store_failed(&error))?;
        let changed = outcome?;
        self.list_improvement(&changed).await?;
        Ok(changed)
    }

    /// Brings the list up to date with an improvement: 2 reads, and a write where it was not.
    ///
    /// # Errors
    /// 409 when it is open, was not in the list as such, and too many others are; 503.
    pub(super) async fn list_improvement(&self, improvement: &Improvement) -> Result<(), Problem> {
        let row = Row::of(improvement);
        let mut outcome = Ok(());
        let write = |list: &mut Value| {
            let written = rows(list).map_err(|error| self.store_failed(&error)).and_then(|rows| with(rows, &row));
            match written {
                Ok(changed) => {
                    outcome = Ok(());
                    let is_new = changed.is_some();
                    *list = changed.unwrap_or_else(|| list.take());
                    is_new
                }
                Err(problem) => {
                    outcome = Err(problem);
                    false
                }
            }
        };
        self.ledger.sheet(LIST, write).await.map_err(|error| self.store_failed(&error))?;
        outcome
    }

    /// Takes a line out of the list whose improvement was never kept: whoever wrote it down was told that it failed.
    pub(super) async fn unlist_improvement(&self, id: &str) -> Result<(), LedgerError> {
        let write = |list: &mut Value| match rows(list) {
            Ok(mut rows) if rows.iter().any(|row| row.id == id) => {
                rows.retain(|row| row.id != id);
                *list = shortened(rows);
                true
            }
            _ => false,
        };
        self.ledger.sheet(LIST, write).await.map(drop)
    }
}

/// The list with a line in the place of its older one; none where there is nothing to change.
fn with(mut rows: Vec<Row>, row: &Row) -> Result<Option<Value>, Problem> {
    let known = rows.iter().position(|known| known.id == row.id).map(|at| rows.remove(at));
    if known.as_ref().is_some_and(|known| known.version >= row.version) {
        return Ok(None);
    }
    // One that ended so long ago that it has left the list stays out of it.
    if known.is_none() && !row.state.is_open() {
        return Ok(None);
    }
    let opens = row.state.is_open() && !known.is_some_and(|known| known.state.is_open());
    if opens {
        room_for_one(&rows)?;
    }
    rows.push(row.clone());
    Ok(Some(shortened(rows)))
}

/// Whether one more may be open.
///
/// # Errors
/// 409 when it may not.
pub(super) fn room_for_one(rows: &[Row]) -> Result<(), Problem> {
    if rows.iter().filter(|row| row.state.is_open()).count() < MOST_OPEN {
        return Ok(());
    }
    let detail = format!("{MOST_OPEN} improvements are open: finish or drop one first");
    Err(Problem::new(StatusCode::CONFLICT, "too-many-open", detail))
}

fn rows(list: &Value) -> Result<Vec<Row>, LedgerError> {
    let all: Result<Vec<Row>, Unreadable> = list["rows"].as_array().into_iter().flatten().map(Row::restore).collect();
    all.map_err(|unreadable| corrupt(LIST, unreadable))
}

/// The list without so many of the oldest of those that ended that it has room in every store.
fn shortened(mut rows: Vec<Row>) -> Value {
    loop {
        let mut list = Map::new();
        put(&mut list, "rows", rows.store());
        let list = Value::Object(list);
        let ended = rows.iter().enumerate().filter(|(_, row)| !row.state.is_open());
        match ended.min_by_key(|(_, row)| row.ended_at).map(|(oldest, _)| oldest) {
            Some(oldest) if list.to_string().len() > LARGEST => drop(rows.remove(oldest)),
            _ => return list,
        }
    }
}
