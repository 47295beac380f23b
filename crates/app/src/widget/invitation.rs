//! The link in an invitation: it names the answer whose giver is asked, the survey they are asked for, and its end; signed
//! for this purpose alone. It carries no personal data: who answers is looked up when the form is sent.

use super::identity::Identity;
use crate::App;
use crate::digest::equal;
use crate::problem::Problem;
use ringback_core::id::SurveyId;
use ringback_ledger::{Clock, Entropy, Store};

/// How long an invitation holds, in seconds: 180 days.
const LASTS_S: u64 = 180 * 86_400;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The address by which the person who gave an answer answers a survey. The same for the same instant (Unix seconds),
    /// so that a message that is sent again is the same message.
    pub(crate) fn invitation_url(&self, answer: &str, survey: &SurveyId, asked_at: u64) -> String {
        let until = asked_at + LASTS_S;
        let signature = self.namer.invitation(answer, survey.as_str(), until);
        format!("{}/s/{survey}?i={answer}.{until}.{signature}", self.config.public_url)
    }

    /// The answer that a genuine invitation to a survey names. A made-up one costs no look into the store.
    pub(super) fn invited<'t>(&self, survey: &SurveyId, token: &'t str) -> Option<(&'t str, u64)> {
        let mut parts = token.splitn(3, '.');
        let (answer, until, signature) = (parts.next()?, parts.next()?.parse::<u64>().ok()?, parts.next()?);
        let genuine = self.namer.invitation(answer, survey.as_str(), until);
        (equal(genuine.as_bytes(), signature.as_bytes()) && self.clock.now() < until).then_some((answer, until))
    }

    /// Who was invited: whoever gave that answer, as far as they are still known. All that comes by one invitation is one
    /// answer.
    pub(super) async fn invited_person(&self, survey: &SurveyId, token: &str) -> Result<Option<Identity>, Problem> {
        let Some((answer, until)) = self.invited(survey, token) else { return Ok(None) };
        let Some(record) = self.record_of(answer).await? else { return Ok(None) };
        let feedback = record.body.feedback;
        Ok(Some(Identity {
            customer: feedback.customer,
            account: feedback.account,
            segment: feedback.segment,
            country: feedback.country,
            answer: Some(format!("invited:{answer}:{until}")),
            expired: false,
            invited: true,
        }))
    }
}
