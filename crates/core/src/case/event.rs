//! What people do to a case.

use super::State;
use crate::consent::ContactChannel;
use crate::deadline::Policy;
use crate::id::{PolicyId, QueueId};
use crate::names::named;
use chrono::{DateTime, Utc};

/// How a contact attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactOutcome {
    /// Spoken with, or answered.
    Reached,
    /// Nobody there.
    NotReached,
    /// The customer has a message.
    MessageLeft,
}

named!(ContactOutcome { Reached = "reached", NotReached = "not_reached", MessageLeft = "message_left" });

/// Something a person does to a case.
#[derive(Debug, Clone, PartialEq)]
pub enum CaseEvent {
    /// Takes the case.
    Acknowledge,
    /// Gives the case to somebody, or back to a queue.
    Assign {
        /// Who works it from now on; nobody when it only changes its queue.
        owner: Option<String>,
        /// The queue it waits in from now on; the same when absent.
        queue: Option<QueueId>,
    },
    /// Tried to reach the customer.
    Contact {
        /// How; none for a way that has no consent of its own (a visit, a meeting).
        channel: Option<ContactChannel>,
        /// With what outcome.
        outcome: ContactOutcome,
    },
    /// Waits for somebody else; the clocks pause.
    Wait {
        /// For what.
        reason: String,
        /// No longer than this.
        until: DateTime<Utc>,
    },
    /// What was waited for has come.
    Resume,
    /// Found and remedied the cause.
    Resolve {
        /// Why the customer was unhappy.
        root_cause: String,
        /// What was done.
        remedy: Option<String>,
        /// What this remedy costs in goodwill, beside what earlier ones of the case did, in hundredths of the
        /// programme's currency.
        goodwill: Option<u64>,
    },
    /// Told the customer what was done.
    Inform {
        /// How.
        channel: ContactChannel,
    },
    /// Closes the case.
    Close {
        /// Why the customer was not told; required when they were not.
        without_informing: Option<String>,
    },
    /// Takes up what was done before.
    Reopen,
    /// Goes on in another case.
    Merge {
        /// The other case.
        into: String,
    },
    /// Asks a department to do a part, while the clocks run.
    Split {
        /// Which department.
        department: QueueId,
        /// What it is to do.
        task: String,
    },
    /// A department has done its part.
    FinishTask {
        /// Which task: the first is 1.
        task: u32,
    },
    /// Puts both clocks under another deadline policy.
    ChangePolicy {
        /// Its name.
        id: PolicyId,
        /// What it says.
        policy: Box<Policy>,
    },
}

/// The kinds of [`CaseEvent`], as the API names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// [`CaseEvent::Acknowledge`]
    Acknowledge,
    /// [`CaseEvent::Assign`]
    Assign,
    /// [`CaseEvent::Contact`]
    Contact,
    /// [`CaseEvent::Wait`]
    Wait,
    /// [`CaseEvent::Resume`]
    Resume,
    /// [`CaseEvent::Resolve`]
    Resolve,
    /// [`CaseEvent::Inform`]
    Inform,
    /// [`CaseEvent::Close`]
    Close,
    /// [`CaseEvent::Reopen`]
    Reopen,
    /// [`CaseEvent::Merge`]
    Merge,
    /// [`CaseEvent::Split`]
    Split,
    /// [`CaseEvent::FinishTask`]
    FinishTask,
    /// [`CaseEvent::ChangePolicy`]
    ChangePolicy,
}

named!(EventKind {
    Acknowledge = "acknowledge",
    Assign = "assign",
    Contact = "contact",
    Wait = "wait",
    Resume = "resume",
    Resolve = "resolve",
    Inform = "inform",
    Close = "close",
    Reopen = "reopen",
    Merge = "merge",
    Split = "split",
    FinishTask = "finish_task",
    ChangePolicy = "change_policy",
});

impl CaseEvent {
    /// The event's kind.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Acknowledge => EventKind::Acknowledge,
            Self::Assign { .. } => EventKind::Assign,
            Self::Contact { .. } => EventKind::Contact,
            Self::Wait { .. } => EventKind::Wait,
            Self::Resume => EventKind::Resume,
            Self::Resolve { .. } => EventKind::Resolve,
            Self::Inform { .. } => EventKind::Inform,
            Self::Close { .. } => EventKind::Close,
            Self::Reopen => EventKind::Reopen,
            Self::Merge { .. } => EventKind::Merge,
            Self::Split { .. } => EventKind::Split,
            Self::FinishTask { .. } => EventKind::FinishTask,
            Self::ChangePolicy { .. } => EventKind::ChangePolicy,
        }
    }

    /// The channel on which the event reaches the customer, which consent must allow.
    #[must_use]
    pub const fn contacts_on(&self) -> Option<ContactChannel> {
        match self {
            Self::Contact { channel, .. } => *channel,
            Self::Inform { channel } => Some(*channel),
            _ => None,
        }
    }
}

/// What a programme allows people to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// After how many attempts in a row that reached nobody a customer counts as unreachable; at least 1.
    pub unreachable_after: u8,
    /// How long a case may wait, in seconds.
    pub longest_wait_s: u32,
    /// Whether the caller may take a case back from automation, and put it under another deadline policy.
    pub may_overrule: bool,
    /// How much goodwill the caller may grant a case, all its remedies together, in hundredths; none: as much as
    /// they see fit.
    pub goodwill_limit: Option<u64>,
    /// How long after closing the customer is asked again, in seconds; none: not at all.
    pub survey_after_s: Option<u32>,
}

/// A change that a case does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The state does not allow it.
    #[error("a case that is {} does not allow `{}`", .state.as_str(), .event.as_str())]
    NotFromHere {
        /// Where the case stands.
        state: State,
        /// What was asked for.
        event: EventKind,
    },
    /// Closing a case whose customer was not told needs a reason.
    #[error("the customer has not been informed: inform them first, or give the reason in `without_informing`")]
    NotInformed,
    /// A department has not done its part.
    #[error("task {task} of {department} is not finished: finish it first")]
    OpenTask {
        /// Which.
        task: u32,
        /// Whose.
        department: QueueId,
    },
    /// There is no such task, or it is finished.
    #[error("names no task that is open")]
    NoSuchTask,
    /// A case cannot wait into the past, nor for ever.
    #[error("must be later than now and at most {longest_s} s ahead")]
    WaitOutOfBounds {
        /// How long a case may wait, in seconds.
        longest_s: u32,
    },
    /// Nobody has room for the case; who works it all the same is a lead's decision.
    #[error("nobody has room for the case, so it is for automation: taking it back needs a lead")]
    ForAutomation,
    /// How long a customer may wait is a lead's decision.
    #[error("another deadline policy needs a lead")]
    PolicyIsALeads,
    /// With this remedy the case costs more than the caller may grant.
    #[error("goodwill above {}{} needs a lead", money(*.limit), granted(*.before))]
    GoodwillAbove {
        /// What the caller may grant a case, in hundredths.
        limit: u64,
        /// What the case has cost before, in hundredths.
        before: u64,
    },
}

/// An amount of hundredths of a currency, in its whole units.
pub fn money(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn granted(before: u64) -> String {
    if before == 0 { String::new() } else { format!(" ({} was granted before)", money(before)) }
}
