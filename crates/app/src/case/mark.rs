//! Under which names a case stands in the index, so that lists find it in the order of what is due next.
//!
//! `kind|value|order|id`: the kind and value say which list, the order is `0` and the due time for what is open, `1` and
//! the time since it ended (newest first) for what is not; two lists are in the order in which cases opened. Values are
//! spelled so that they hold no `|`.

use crate::dossier::Dossier;
use crate::insights::known_as;
use crate::time::unix;
use chrono::{DateTime, Utc};
use ringback_core::case::Case;
use std::fmt::Write as _;

/// Digits of a Unix time.
const LATEST: u64 = 9_999_999_999;

/// A list that the index keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    All,
    Queue,
    Owner,
    State,
    Track,
    Account,
    Advocacy,
    /// All, in the order in which they opened, whatever became of them.
    Opened,
    /// Those of a root cause, in the same order.
    Cause,
}

impl Kind {
    const fn letter(self) -> char {
        match self {
            Self::All => 'a',
            Self::Queue => 'q',
            Self::Owner => 'o',
            Self::State => 's',
            Self::Track => 't',
            Self::Account => 'c',
            Self::Advocacy => 'p',
            Self::Opened => 'd',
            Self::Cause => 'r',
        }
    }

    /// What all names of a list begin with.
    pub fn prefix(self, value: &str) -> String {
        format!("{}|{}|", self.letter(), spelled(value))
    }
}

/// The name under which the cases that opened from an instant on begin.
pub(crate) fn opened_at(at: DateTime<Utc>) -> String {
    opened(&due(at))
}

/// A place in the order in which cases opened.
pub(crate) fn opened(place: &str) -> String {
    format!("{}{place}", Kind::Opened.prefix(""))
}

/// The name under which the cases of a root cause begin that opened from an instant on.
pub(crate) fn of_cause_at(cause: &str, at: DateTime<Utc>) -> String {
    format!("{}{}", Kind::Cause.prefix(&known_as(cause)), due(at))
}

/// Nobody's cases: no name is empty.
pub(crate) const NOBODY: &str = "";

/// Letters, digits and `.`, `_`, `-` as they are, everything else by its bytes.
fn spelled(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b if b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-') => text.push(char::from(b)),
            other => drop(write!(text, "%{other:02x}")),
        }
        text
    })
}

/// Where what is due at an instant stands in the order.
pub(crate) fn due(at: DateTime<Utc>) -> String {
    format!("0{:010}", unix(at).min(LATEST))
}

/// Where a case stands in the order of its lists.
pub(crate) fn order(case: &Case) -> String {
    match case.ended() {
        Some(at) => format!("1{:010}", LATEST - unix(at).min(LATEST)),
        None => case.due_next().map_or_else(|| format!("0{LATEST}"), due),
    }
}

/// The form of these names: 1 since there is a list for each root cause.
pub(crate) const MARKS: u8 = 1;

/// The names of an answer's case in a form.
pub(crate) fn marks(id: &str, dossier: &Dossier, form: u8) -> Vec<String> {
    let Some(case) = &dossier.case else { return Vec::new() };
    let order = order(case);
    let mut lists = vec![
        (Kind::All, ""),
        (Kind::Queue, case.queue.as_str()),
        (Kind::Owner, case.owner.as_deref().unwrap_or(NOBODY)),
        (Kind::State, case.state.as_str()),
        (Kind::Track, case.track.as_str()),
    ];
    lists.extend(case.account_key.as_deref().map(|key| (Kind::Account, key)));
    lists.extend(case.advocacy.map(|asked| (Kind::Advocacy, asked.as_str())));
    let listed = lists.into_iter().map(|(kind, value)| format!("{}{order}|{id}", kind.prefix(value)));
    let opened = [format!("{}|{id}", opened_at(case.opened_at))];
    let cause = case
        .root_cause
        .as_deref()
        .filter(|_| form >= 1)
        .map(|cause| format!("{}|{id}", of_cause_at(cause, case.opened_at)));
    listed.chain(opened).chain(cause).collect()
}
