//! Where a case may stand, and what may be done from there.

use super::{Case, EventKind};
use crate::names::named;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Opened, nobody has taken it.
    New,
    /// Somebody has taken it.
    Acknowledged,
    /// The customer has been reached, or has a message.
    Contacted,
    /// Nothing can be done before somebody else has done something; the clocks pause.
    Waiting,
    /// Every attempt to reach the customer was in vain.
    Unreachable,
    /// The cause is known and remedied.
    Resolved,
    /// The customer knows what was done.
    Informed,
    /// Done.
    Closed,
    /// Was done, and is to be worked again.
    Reopened,
    /// Goes on in another case.
    Merged,
}

named!(State {
    New = "new",
    Acknowledged = "acknowledged",
    Contacted = "contacted",
    Waiting = "waiting",
    Unreachable = "unreachable",
    Resolved = "resolved",
    Informed = "informed",
    Closed = "closed",
    Reopened = "reopened",
    Merged = "merged",
});

impl State {
    /// Whether there is nothing left to do.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Merged)
    }

    /// What may be done from this state, as far as the state alone decides it.
    #[must_use]
    pub const fn events(self) -> &'static [EventKind] {
        use EventKind::{
            Acknowledge, Assign, ChangePolicy, Close, Contact, FinishTask, Inform, Merge, Reopen, Resolve, Resume,
            Split, Wait,
        };
        match self {
            Self::New => &[Acknowledge, Assign, Contact, Split, FinishTask, Merge, ChangePolicy],
            Self::Acknowledged | Self::Contacted | Self::Reopened => {
                &[Assign, Contact, Wait, Resolve, Split, FinishTask, Merge, ChangePolicy]
            }
            Self::Waiting => &[Assign, Contact, Resume, Resolve, Split, FinishTask, Merge, ChangePolicy],
            Self::Unreachable => &[Assign, Contact, Wait, Resolve, Close, Split, FinishTask, Merge, ChangePolicy],
            Self::Resolved => &[Assign, Contact, Inform, Close, Reopen, Merge, ChangePolicy],
            Self::Informed => &[Assign, Contact, Close, Reopen, Merge, ChangePolicy],
            Self::Closed => &[Reopen],
            Self::Merged => &[],
        }
    }
}

impl Case {
    /// What may be done to the case now.
    #[must_use]
    pub fn allowed(&self) -> Vec<EventKind> {
        let open = self.tasks.iter().any(|task| task.done_at.is_none());
        let fits = |kind: &EventKind| match kind {
            EventKind::FinishTask => open,
            EventKind::Resolve => !open,
            _ => true,
        };
        self.state.events().iter().copied().filter(fits).collect()
    }
}
