//! What an answer sets in motion: ordered rules, the first that matches decides.

use crate::feedback::Feedback;
use crate::id::{PolicyId, QueueId, RouteId, RuleId, SurveyId, TouchpointId};
use crate::message::MessageKind;
use crate::names::named;
use crate::survey::Band;

/// How an answer is followed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Win an unhappy customer back.
    Recovery,
    /// Find out what would make a passive a promoter.
    Passive,
    /// Thank a promoter and ask for a referral.
    Advocacy,
    /// A helpful answer without a person.
    Automation,
    /// Nothing: the answer is counted, no case opens.
    None,
}

named!(Track {
    Recovery = "recovery",
    Passive = "passive",
    Advocacy = "advocacy",
    Automation = "automation",
    None = "none",
});

/// What a promoter is asked for, or given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advocacy {
    /// Thanks, and nothing else.
    ThankYou,
    /// To recommend us to somebody they know.
    Referral,
    /// To speak for us: a reference, a story, a place in a community.
    Ambassador,
    /// To say publicly what they have said to us.
    Review,
}

named!(Advocacy { ThankYou = "thank_you", Referral = "referral", Ambassador = "ambassador", Review = "review" });

/// How soon people should look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// When there is time.
    Low,
    /// In turn.
    Normal,
    /// Before the rest.
    High,
    /// At once.
    Critical,
}

named!(Priority { Low = "low", Normal = "normal", High = "high", Critical = "critical" });

/// When a rule applies. A condition that is empty or absent holds for every answer; all others must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// One of these surveys.
    pub survey: Vec<SurveyId>,
    /// One of these bands.
    pub band: Vec<Band>,
    /// A score of at least this.
    pub score_from: Option<u8>,
    /// A score of at most this.
    pub score_to: Option<u8>,
    /// One of these touchpoints.
    pub touchpoint: Vec<TouchpointId>,
    /// One of these customer tiers.
    pub tier: Vec<String>,
    /// One of these segments.
    pub segment: Vec<String>,
    /// One of these countries (ISO 3166 alpha-2).
    pub country: Vec<String>,
    /// One of these survey channels.
    pub channel: Vec<String>,
    /// One of these account numbers.
    pub account: Vec<String>,
    /// With (true) or without (false) a comment.
    pub comment: Option<bool>,
    /// One of these words occurs in the comment, in any case.
    pub keyword: Vec<String>,
}

fn among<T: PartialEq>(list: &[T], value: Option<&T>) -> bool {
    list.is_empty() || value.is_some_and(|v| list.contains(v))
}

impl Conditions {
    /// Whether all conditions hold for an answer.
    #[must_use]
    pub fn hold(&self, f: &Feedback) -> bool {
        let comment = f.comment.as_deref().unwrap_or_default();
        let score = f.score.get();
        among(&self.survey, Some(&f.survey))
            && among(&self.band, Some(&f.band))
            && self.score_from.is_none_or(|from| score >= from)
            && self.score_to.is_none_or(|to| score <= to)
            && among(&self.touchpoint, Some(&f.touchpoint))
            && among(&self.tier, f.customer.tier.as_ref())
            && among(&self.segment, f.segment.as_ref())
            && among(&self.country, f.country.as_ref())
            && among(&self.channel, f.channel.as_ref())
            && among(&self.account, f.account.as_ref().and_then(|a| a.id.as_ref()))
            && self.comment.is_none_or(|wanted| wanted != comment.trim().is_empty())
            && (self.keyword.is_empty() || mentions(comment, &self.keyword))
    }
}

fn mentions(comment: &str, keywords: &[String]) -> bool {
    let comment = comment.to_lowercase();
    keywords.iter().any(|word| comment.contains(&word.to_lowercase()))
}

/// What a rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// How to follow up.
    pub track: Track,
    /// What a promoter is asked for; required on the advocacy track, and only there.
    pub advocacy: Option<Advocacy>,
    /// How soon.
    pub priority: Priority,
    /// Which queue the case waits in; required unless the track is `none`.
    pub queue: Option<QueueId>,
    /// Which deadlines run; required unless the track is `none`.
    pub deadlines: Option<PolicyId>,
    /// Who is told at once; nobody when absent.
    pub alert: Option<RouteId>,
    /// Who owns the case from the start.
    pub owner: Option<String>,
    /// What the customer is sent at once, consent and fatigue guard permitting; nothing when absent.
    pub message: Option<MessageKind>,
}

/// A rule of the programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, kept in the case.
    pub id: RuleId,
    /// When it applies.
    pub when: Conditions,
    /// What it decides.
    pub then: Action,
}

/// The first rule that applies; none means: count the answer and do nothing else.
#[must_use]
pub fn first_match<'a>(rules: &'a [Rule], feedback: &Feedback) -> Option<&'a Rule> {
    rules.iter().find(|rule| rule.when.hold(feedback))
}
