//! Timers and journal entries: what is filed under the numbers of a counter.

use super::Ringed;
use crate::timers::minute;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `b:` timers that were filed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSlot {
    /// Random: whose write this is.
    pub u: String,
    /// The timers.
    pub es: Vec<Entry>,
}

/// One timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The record's slot.
    #[serde(default)]
    pub n: u64,
    /// What to do.
    pub j: Job,
    /// The revision that the change which set this timer makes. A record that is older than that
    /// may be about to get it: the timer is filed again rather than dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub r: u64,
    /// How often it was filed again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub a: u64,
}

impl Entry {
    /// A timer that depends on no change in flight.
    pub fn new(n: u64, j: Job) -> Self {
        Self { n, j, r: 0, a: 0 }
    }

    /// What was to be moved to a minute that is closed already (`closed` is the last) is due now.
    pub fn arrived(mut self, closed: u64) -> Self {
        match self.j {
            Job::Later { d, j } if minute(d) <= closed => self.j = Job::App(j),
            j => self.j = j,
        }
        self
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What a timer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// Asks the application.
    #[serde(rename = "a")]
    App(String),
    /// Asks the application at a later time: filed here because others of its batch were, and moved to its own minute from
    /// here.
    #[serde(rename = "lt")]
    Later {
        /// When it is due, unix seconds.
        d: u64,
        /// The application's job.
        j: String,
    },
    /// Redacts the person's records up to slot `h`, once all of them are sealed.
    #[serde(rename = "er")]
    Erase {
        /// Person.
        p: String,
        /// Slot.
        h: u64,
        /// Entries of the journal that are done.
        #[serde(default)]
        d: u64,
        /// The same of those that the sealer has filed.
        #[serde(default)]
        g: u64,
        /// Entries that the journal had when it began: their notes go, whatever brought them.
        #[serde(default)]
        j: u64,
        /// Whether this is the late look.
        #[serde(default)]
        z: bool,
    },
    /// Redacts the record of an id, once everything up to slot `h` is sealed.
    #[serde(rename = "eo")]
    EraseOne {
        /// Event id.
        e: String,
        /// Slot.
        h: u64,
        /// Whether this is the late look.
        #[serde(default)]
        z: bool,
    },
    /// Asks whether the record may be deleted.
    #[serde(rename = "rt")]
    Retire,
    /// Sees that the counts of a change are appended.
    #[serde(rename = "st")]
    Settle,
}

/// `d:` a job that did not reach its receiver. It counts while its record names its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterSlot {
    /// Random: whose write this is.
    pub u: String,
    /// The record's slot.
    pub n: u64,
    /// The job.
    pub j: String,
    /// When it was listed, unix seconds.
    pub t: u64,
}

/// `u:` and `f:` entries of a person's journal that were written together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalSlot {
    /// Random: whose write this is.
    pub u: String,
    /// The entries.
    pub es: Vec<JournalItem>,
    /// Filed: how many numbers the journal's counter had given when these came.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub a: u64,
    /// Write ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub w: Vec<String>,
}

impl Ringed for JournalSlot {
    fn ring(&mut self) -> &mut Vec<String> {
        &mut self.w
    }
}

/// One entry of a person's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalItem {
    /// Shard.
    #[serde(default)]
    pub s: u8,
    /// The record's slot; 0: a note without a record.
    #[serde(default)]
    pub n: u64,
    /// The slot of the event that brought it (an update has another slot than its record).
    #[serde(default)]
    pub by: u64,
    /// The record's event id.
    #[serde(default)]
    pub e: String,
    /// The note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o: Option<Value>,
}
