//! What the application tells the ledger, and what the ledger asks the application.
//!
//! A [`Program`] is pure: no I/O, no clock, no randomness. The ledger may call it several times
//! for the same occasion (after a crash, after a lost race), and only one of the answers counts.

use crate::record::Record;
use crate::stored::grouped;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The rules of the application, as far as the ledger has to call them.
pub trait Program {
    /// What the application keeps for one event: the event itself and what became of it.
    type Body: Serialize + DeserializeOwned + Clone;

    /// A later event of the same id with another fingerprint arrived (an upsert). The step is
    /// applied exactly once for each such event, in the order of their slots. The plan of the
    /// update is ignored; its notes go to the journals.
    fn merge(&self, record: &Record<Self::Body>, update: Self::Body, now: u64) -> Step<Self::Body>;

    /// Whose journals a merged update goes into, with which notes, where `named` is what came with it: by default all of
    /// these. `merged` is the record's body after [`merge`](Self::merge). Pure: it is asked again after a crash.
    fn told(&self, merged: &Self::Body, update: &Self::Body, named: &[PersonNote]) -> Vec<PersonNote> {
        let _ = (merged, update);
        named.to_vec()
    }

    /// Takes personal data out; what statistics need stays. Must be safe to repeat.
    fn redact(&self, body: &mut Self::Body);

    /// A timer came due. `None`: there is nothing to do any more.
    ///
    /// Must be safe to repeat: the same timer is fired again when the process dies on the way,
    /// and it sees the body that the first firing left.
    fn fire(&self, record: &Record<Self::Body>, job: &str, now: u64) -> Option<Step<Self::Body>>;

    /// The form of the names that [`marks`](Self::marks) gives. It goes up by one whenever a body comes to others than before:
    /// a record remembers the form under which the index knows it, and its next change moves it to this one.
    const MARKS: u8 = 0;

    /// The names under which a record stands in the index (see [`Ledger::scan`](crate::Ledger::scan)) in a form, this one or
    /// an earlier one; none by default. They must depend only on what [`redact`](Self::redact) leaves, and carry no personal
    /// data.
    fn marks(&self, eid: &str, body: &Self::Body, form: u8) -> Vec<String> {
        let _ = (eid, body, form);
        Vec::new()
    }

    /// What a record adds to the projections, none by default. The ledger counts what this becomes when a record is
    /// changed, so that the projections are always the sum over all records. (An event's own are in its
    /// [`Plan::counts`].) They must depend only on what [`redact`](Self::redact) leaves, and carry no personal data.
    fn counts(&self, body: &Self::Body) -> Vec<Count> {
        let _ = body;
        Vec::new()
    }

    /// The jobs that did not reach their receiver, whether they are tried again or given up. The ledger lists them
    /// ([`Ledger::letters`](crate::Ledger::letters)) for as long as they are named here. Pure: it depends on the body.
    fn undelivered(&self, body: &Self::Body) -> Vec<String> {
        let _ = body;
        Vec::new()
    }

    /// What stays of a note in people's journals when the record that it came with is erased, and not the person; nothing
    /// by default. For what must not cease to hold: somebody's no.
    fn outlives(&self, note: serde_json::Value) -> Option<serde_json::Value> {
        let _ = note;
        None
    }

    /// Whether an order to erase by these criteria ([`Ledger::order_erasure`](crate::Ledger::order_erasure)) concerns a
    /// record; none by default. It must depend only on what [`redact`](Self::redact) leaves.
    fn concerns(&self, record: &Record<Self::Body>, criteria: &serde_json::Value) -> bool {
        let _ = (record, criteria);
        false
    }

    /// Asked once a record is older than [`Options::retention`](crate::Options::retention): when
    /// (unix seconds) may it be deleted? A time that has passed deletes it now; a later time asks
    /// again then; `None` (an open case) asks again after [`RETENTION_RECHECK`].
    fn expires(&self, record: &Record<Self::Body>, now: u64) -> Option<u64> {
        let _ = (record, now);
        None
    }
}

/// After how many seconds a record that could not be deleted is looked at again: 7 days.
pub const RETENTION_RECHECK: u64 = 7 * 86_400;

/// A change of one record and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<B> {
    /// The new body.
    pub body: B,
    /// Timers to set. They are durable before the body is.
    pub timers: Vec<Timer>,
    /// Jobs to hand over right after the change is durable. Each should be backed by a timer:
    /// after a crash in between nothing is handed over.
    pub now: Vec<String>,
    /// What the projections count beyond [`Program::counts`]. Counted exactly once, by a later tick.
    pub counts: Vec<Count>,
}

impl<B> Step<B> {
    /// A new body, from which nothing follows.
    pub const fn of(body: B) -> Self {
        Self { body, timers: Vec::new(), now: Vec::new(), counts: Vec::new() }
    }
}

/// A deadline of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Unix seconds. Fires at the first tick in or after the minute that starts at or after it,
    /// never before it.
    pub due: u64,
    /// What [`Program::fire`] is told: short text of the application, no personal data.
    pub job: String,
}

/// An addition to a projection: `counts(day)[row][field] += add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The day as yyyymmdd; or another number of the application's, for a document of its own. Those of the highest
    /// numbers are the quickest to find.
    pub day: u32,
    /// For example a touchpoint and a segment.
    pub row: String,
    /// For example a band.
    pub field: String,
    /// May be negative.
    pub add: i64,
}

/// A job that is handed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// The slot of the record within its shard.
    pub n: u64,
    /// The shard of the record.
    pub shard: u8,
    /// The record's event id.
    pub eid: String,
    /// The job, as the application gave it.
    pub job: String,
}

/// What an event wants to happen when it is sealed. Kept with the event, so that a repetition of
/// the sealing does exactly the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Timers to set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<Timer>,
    /// What the projections count.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "c", alias = "counts", with = "grouped")]
    pub counts: Vec<Count>,
    /// Jobs handed over right after the batch is committed; see [`Step::now`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub now: Vec<String>,
    /// A job for when one of the event's people has a journal from before: handed over after the commit, and by a timer
    /// a minute later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
}

/// One identity of the person behind an event, and what its journal gets to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonNote {
    /// The pseudonym (a keyed hash of the identity) under which the person's records are found
    /// for erasure. Same form as [`Draft::eid`].
    pub ph: String,
    /// Goes into the journal beside the event when it is sealed, for example consent statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<serde_json::Value>,
}

/// An event that is to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft<B> {
    /// The event's id: the same for every repeat. 1 to 128 characters of `A-Z a-z 0-9 . _ -`.
    pub eid: String,
    /// Tells equal repeats from different ones: 1 to 16 letters or digits.
    pub fingerprint: String,
    /// When it happened, unix seconds. The application's own; the ledger orders by slot.
    pub at: u64,
    /// The identities of the person behind it, usually 0 to 2, each with a note of its own.
    pub people: Vec<PersonNote>,
    /// What is to happen when the event is sealed.
    pub plan: Plan,
    /// The application's data.
    pub body: B,
}

/// What to do with an event whose id is known and whose fingerprint differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDifferent {
    /// Append it; sealing merges it into the first ([`Program::merge`]).
    Update,
    /// Refuse it. Of two different events that arrive at the same moment both may be accepted;
    /// the first by slot counts and the other is dropped.
    Conflict,
}

/// What became of an appended event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is durable now.
    New {
        /// Its slot.
        n: u64,
        /// A tick held the lease after the event was written. It looks for new slots once more after giving the lease
        /// back, so it will find this one: nobody needs to be woken.
        tick_running: bool,
        /// Nothing was known of its id before. Of two at the same moment both may be told so.
        first: bool,
    },
    /// The same event is durable already.
    Replay {
        /// The slot of the first.
        n: u64,
    },
    /// Another event has this id ([`OnDifferent::Conflict`]).
    Conflict,
}

/// Takes jobs away. Best effort: the ledger neither waits for success nor repeats, so whatever is
/// handed over is backed by a timer of the application.
#[expect(async_fn_in_trait, reason = "the ledger runs single-threaded, so its futures need not be Send")]
pub trait HandOver {
    /// Called with the jobs of one committed batch or several. Runs concurrently with what comes next.
    async fn hand_over(&self, jobs: Vec<Due>);

    /// Called where events come one by one faster than turns pass: waits a moment, so that the next turn seals several of
    /// them. Not at all by default; well below a second, as whoever stores an event meanwhile relies on this tick.
    async fn gather(&self) {}
}
