//! An improvement: what is changed in the process or the product because many customers report the same. The outer loop's
//! unit of work, as a case is the inner loop's: it has an owner, a day by which it is to be done, and a history.
//!
//! Decides which change may follow which. Which cases speak for it, and what it has brought, is counted elsewhere.

use crate::id::{SurveyId, TouchpointId};
use crate::names::named;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// Most entries of a history: it is stored as a whole.
pub const MOST_ENTRIES: usize = 100;
/// Most improvements that are open at once: more is no plan.
pub const MOST_OPEN: usize = 100;

/// Whether something that is due on a day should be done by now.
#[must_use]
pub fn is_overdue(state: State, due: NaiveDate, today: NaiveDate) -> bool {
    state.is_open() && due < today
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is to be done.
    Planned,
    /// Somebody is at it.
    Started,
    /// It is done: from now on it should show.
    Done,
    /// It is not done after all.
    Dropped,
}

named!(State { Planned = "planned", Started = "started", Done = "done", Dropped = "dropped" });

impl State {
    /// Whether there is something left to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Started)
    }
}

/// The name of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Somebody begins.
    Start,
    /// It is done.
    Finish,
    /// It is not done after all.
    Drop,
    /// It was not done, or has to be after all.
    Reopen,
    /// Somebody else sees to it.
    Assign,
    /// It is to be done by another day.
    Postpone,
    /// Something is written down.
    Note,
}

named!(ChangeKind {
    Start = "start",
    Finish = "finish",
    Drop = "drop",
    Reopen = "reopen",
    Assign = "assign",
    Postpone = "postpone",
    Note = "note",
});

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Somebody begins.
    Start,
    /// It is done.
    Finish,
    /// It is not done after all.
    Drop,
    /// It was not done, or has to be after all.
    Reopen,
    /// Somebody else sees to it.
    Assign(String),
    /// It is to be done by another day.
    Postpone(NaiveDate),
    /// Something is written down.
    Note,
}

impl Change {
    /// Its name.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        match self {
            Self::Start => ChangeKind::Start,
            Self::Finish => ChangeKind::Finish,
            Self::Drop => ChangeKind::Drop,
            Self::Reopen => ChangeKind::Reopen,
            Self::Assign(_) => ChangeKind::Assign,
            Self::Postpone(_) => ChangeKind::Postpone,
            Self::Note => ChangeKind::Note,
        }
    }

    /// To whom or what it was changed.
    fn detail(&self) -> Option<String> {
        match self {
            Self::Assign(owner) => Some(owner.clone()),
            Self::Postpone(due) => Some(due.to_string()),
            _ => None,
        }
    }
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its state does not allow it.
    #[error("this does not follow from how the improvement stands: it is {}", .0.as_str())]
    State(State),
    /// Its history is full.
    #[error("its history has {MOST_ENTRIES} entries: finish or drop it")]
    Full,
}

/// What happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose token did it.
    pub who: String,
    /// What: `created`, the name of a [`ChangeKind`], or `told`.
    pub event: String,
    /// To whom or what it was changed.
    pub detail: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// How far the customers whom it concerns are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When that began.
    pub at: DateTime<Utc>,
    /// Whose token wants it.
    pub who: String,
    /// What they are told, unless it is said in their language.
    pub text: String,
    /// The same by language (the first part of a BCP 47 tag).
    pub texts: BTreeMap<String, String>,
    /// Where in the list of cases to go on.
    pub after: String,
    /// How many cases were looked at since the list was begun.
    pub cases: u64,
    /// How many messages were begun altogether.
    pub messages: u64,
    /// Whether the end of the list was reached.
    pub over: bool,
}

/// An improvement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Improvement {
    /// Its name.
    pub id: String,
    /// How often it has changed; what its tag says.
    pub version: u64,
    /// What is to be better, in a line.
    pub title: String,
    /// The root cause that is to go, as the cases it concerns name it.
    pub root_cause: String,
    /// Cases of this survey alone.
    pub survey: Option<SurveyId>,
    /// Cases of this touchpoint alone.
    pub touchpoint: Option<TouchpointId>,
    /// Cases of this country alone (ISO 3166 alpha-2).
    pub country: Option<String>,
    /// Who sees to it.
    pub owner: String,
    /// By when it is to be done.
    pub due: NaiveDate,
    /// How it stands.
    pub state: State,
    /// When it was written down.
    pub opened_at: DateTime<Utc>,
    /// When it was done or dropped.
    pub ended_at: Option<DateTime<Utc>>,
    /// How far the customers whom it concerns are told.
    pub told: Option<Told>,
    /// What happened to it, the oldest first.
    pub history: Vec<Entry>,
}

impl Improvement {
    /// Whether it should be done by now.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        is_overdue(self.state, self.due, today)
    }

    /// The improvement with a change that somebody has made.
    ///
    /// # Errors
    /// When the change does not follow from how it stands, or its history is full.
    pub fn apply(&self, change: &Change, who: &str, note: &str, now: DateTime<Utc>) -> Result<Self, Refused> {
        let mut changed = self.clone();
        match change {
            Change::Start if self.state == State::Planned => changed.state = State::Started,
            Change::Finish if self.state.is_open() => changed.state = State::Done,
            Change::Drop if self.state.is_open() => changed.state = State::Dropped,
            Change::Reopen if !self.state.is_open() => changed.state = State::Started,
            Change::Assign(owner) if self.state.is_open() => changed.owner.clone_from(owner),
            Change::Postpone(due) if self.state.is_open() => changed.due = *due,
            Change::Note => {}
            _ => return Err(Refused::State(self.state)),
        }
        changed.ended_at = match (changed.state.is_open(), self.state == changed.state) {
            (true, _) => None,
            (false, true) => self.ended_at,
            (false, false) => Some(now),
        };
        // Done once more, there is something else to tell, and somebody else to tell it to.
        if *change == Change::Finish {
            changed.told = None;
        }
        let ends = !changed.state.is_open() && self.state.is_open();
        if self.history.len() >= MOST_ENTRIES && !ends {
            return Err(Refused::Full);
        }
        changed.record(now, who, change.kind().as_str(), change.detail(), Some(note.to_owned()));
        Ok(changed)
    }

    /// Writes down what happened.
    pub fn record(&mut self, at: DateTime<Utc>, who: &str, event: &str, detail: Option<String>, note: Option<String>) {
        self.version += 1;
        self.history.push(Entry { at, who: who.to_owned(), event: event.to_owned(), detail, note });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Named as _;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn planned() -> Improvement {
        Improvement {
            id: "i".into(),
            version: 1,
            title: "Sturdier boxes".into(),
            root_cause: "broken in transit".into(),
            survey: None,
            touchpoint: None,
            country: None,
            owner: "grace".into(),
            due: day("2027-02-01"),
            state: State::Planned,
            opened_at: at(0),
            ended_at: None,
            told: None,
            history: Vec::new(),
        }
    }

    fn change(kind: ChangeKind) -> Change {
        match kind {
            ChangeKind::Start => Change::Start,
            ChangeKind::Finish => Change::Finish,
            ChangeKind::Drop => Change::Drop,
            ChangeKind::Reopen => Change::Reopen,
            ChangeKind::Assign => Change::Assign("ada".into()),
            ChangeKind::Postpone => Change::Postpone(day("2027-03-01")),
            ChangeKind::Note => Change::Note,
        }
    }

    #[test]
    fn each_state_allows_what_follows_from_it() {
        let allowed = |state: State| -> Vec<&str> {
            let before = Improvement { state, ..planned() };
            let all = ChangeKind::ALL.iter().filter(|kind| before.apply(&change(**kind), "a", "n", at(1)).is_ok());
            all.map(|kind| kind.as_str()).collect()
        };
        assert_eq!(allowed(State::Planned), ["start", "finish", "drop", "assign", "postpone", "note"]);
        assert_eq!(allowed(State::Started), ["finish", "drop", "assign", "postpone", "note"]);
        assert_eq!(allowed(State::Done), ["reopen", "note"]);
        assert_eq!(allowed(State::Dropped), ["reopen", "note"]);
    }

    #[test]
    fn when_it_ended_is_kept_until_it_is_reopened() {
        let done = planned().apply(&Change::Finish, "ada", "New boxes since Monday", at(5)).unwrap();
        assert_eq!((done.state, done.ended_at, done.version), (State::Done, Some(at(5)), 2));
        let noted = done.apply(&Change::Note, "ada", "Two more suppliers", at(9)).unwrap();
        assert_eq!(noted.ended_at, Some(at(5)));
        let again = noted.apply(&Change::Reopen, "ada", "They still break", at(10)).unwrap();
        assert_eq!((again.state, again.ended_at), (State::Started, None));
        let events: Vec<&str> = again.history.iter().map(|entry| entry.event.as_str()).collect();
        assert_eq!(events, ["finish", "note", "reopen"]);
    }

    #[test]
    fn what_is_done_is_never_overdue() {
        let due = planned();
        assert!(!due.is_overdue(day("2027-02-01")) && due.is_overdue(day("2027-02-02")));
        let done = due.apply(&Change::Finish, "ada", "n", at(1)).unwrap();
        assert!(!done.is_overdue(day("2028-01-01")));
    }

    #[test]
    fn a_full_history_takes_its_end_and_nothing_else() {
        let mut full = planned();
        (0..MOST_ENTRIES).for_each(|_| full.record(at(0), "a", "note", None, None));
        assert_eq!(full.apply(&Change::Note, "a", "n", at(1)), Err(Refused::Full));
        assert!(full.apply(&Change::Finish, "a", "n", at(1)).is_ok());
    }
}
