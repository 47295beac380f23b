//! What a correction of its answer does to a case: as long as nobody has touched it, it is the case that the answer as it is
//! now calls for.
//!
//! Which rule that is, and who is told, is the caller's.

use super::{Case, SYSTEM, State};
use chrono::{DateTime, Utc};

/// So often a case follows another rule: whoever may answer may do so again and again, and each time people are told.
const MOST: usize = 5;
const FOLLOWED: &str = "rule.followed";

impl Case {
    /// Becomes the case that another rule calls for. What has happened stays; its clocks follow the other policy from now on,
    /// and where none has run yet they begin. False, and nothing changes, when anybody has done anything to the case, when it
    /// is that rule's already, or when it has changed [`MOST`] times.
    pub fn follow_rule(&mut self, called_for: &Self, now: DateTime<Utc>) -> bool {
        let before = self.history.iter().filter(|entry| entry.event == FOLLOWED).count();
        let touched = self.state != State::New || self.history.iter().any(|entry| entry.who != SYSTEM);
        if touched || self.rule == called_for.rule || before >= MOST {
            return false;
        }
        if self.is_automated() {
            (self.first_contact, self.closure) = (called_for.first_contact.clone(), called_for.closure.clone());
            (self.policy_id, self.policy) = (called_for.policy_id.clone(), called_for.policy.clone());
        } else {
            self.change_policy(&called_for.policy_id, &called_for.policy, now);
        }
        let Self { track, priority, queue, owner, allotment, advocacy, rule, configuration, .. } = called_for.clone();
        let detail = format!("{} → {rule}", self.rule);
        *self = Self { track, priority, queue, owner, allotment, advocacy, rule, configuration, ..self.clone() };
        self.record(now, SYSTEM, FOLLOWED, Some(detail), None);
        true
    }
}
