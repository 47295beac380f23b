//! What a correction of its answer does to a case: as long as nobody has taken it, it is the case that the answer as it is
//! now calls for.
//!
//! Which rule that is, and who is told, is the caller's.

use super::{Case, SYSTEM, State};
use chrono::{DateTime, Utc};

/// So often a case follows another rule: whoever may answer may do so again and again, and each time people are told.
const MOST: usize = 5;
const FOLLOWED: &str = "rule.followed";

impl Case {
    /// Becomes the case that another rule calls for, with new clocks. What has happened stays. False, and nothing changes,
    /// when somebody has taken the case, when it is that rule's already, or when it has changed [`MOST`] times.
    pub fn follow_rule(&mut self, called_for: &Self, now: DateTime<Utc>) -> bool {
        let before = self.history.iter().filter(|entry| entry.event == FOLLOWED).count();
        if self.state != State::New || self.rule == called_for.rule || before >= MOST {
            return false;
        }
        let Self { track, priority, queue, owner, allotment, advocacy, rule, configuration, .. } = called_for.clone();
        let Self { policy_id, policy, first_contact, closure, .. } = called_for.clone();
        let detail = format!("{} → {rule}", self.rule);
        *self = Self {
            track,
            priority,
            queue,
            owner,
            allotment,
            advocacy,
            rule,
            configuration,
            policy_id,
            policy,
            first_contact,
            closure,
            ..self.clone()
        };
        self.record(now, SYSTEM, FOLLOWED, Some(detail), None);
        true
    }
}
