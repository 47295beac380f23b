//! Second scores: what a later answer of the same customer says about a case.

use super::{Case, SYSTEM};
use crate::consent::Vouched;
use crate::feedback::Feedback;
use crate::survey::Band;
use chrono::{DateTime, Utc};

/// Later answers that a case remembers: an identity that many people share (a till, a family) must not make it grow for ever.
const MOST: usize = 20;
/// So often their coming and their corrections are written down: nor must one who answers again and again.
const MOST_LINES: usize = 2 * MOST;
const AGAIN: &str = "answered.again";

/// A later answer of the same customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// The answer's id.
    pub id: String,
    /// Its score.
    pub score: u8,
    /// What the score means.
    pub band: Band,
    /// When it was received.
    pub at: DateTime<Utc>,
}

impl Case {
    /// Writes down a later answer. From the lowest band to the highest of the same metric, the customer is won back, if the
    /// answer is known to be theirs: under an address that anybody could have typed nobody is.
    /// Repeating it changes nothing, and nor does what comes after the first 20: false.
    pub fn follow_up_answer(&mut self, id: &str, before: &Feedback, later: &Feedback, now: DateTime<Utc>) -> bool {
        if self.history.iter().filter(|entry| entry.event == AGAIN).count() >= MOST_LINES {
            return false;
        }
        let at = later.received_at;
        let answer = Later { id: id.to_owned(), score: later.score.get(), band: later.band, at };
        match self.later.iter().position(|known| known.id == id) {
            Some(i) if self.later[i] == answer => return false,
            // The answer was corrected.
            Some(i) => self.later[i] = answer,
            None if self.later.len() >= MOST => return false,
            None => self.later.push(answer),
        }
        let theirs = later.consent.iter().all(|statement| statement.vouched == Vouched::Company);
        if theirs {
            // Who has answered again need not be asked again.
            self.survey_due_at = None;
        }
        let detail = format!("{}, score {} after {}", later.band.as_str(), later.score.get(), before.score.get());
        self.record(now, SYSTEM, AGAIN, Some(detail), None);
        let won_back = matches!(
            (before.band, later.band),
            (Band::Detractor, Band::Promoter) | (Band::Dissatisfied, Band::Satisfied)
        );
        if won_back && theirs && self.recovered_at.is_none() {
            self.recovered_at = Some(at);
            self.record(now, SYSTEM, "recovered", None, None);
        }
        true
    }
}
