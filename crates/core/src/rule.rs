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

    /// Whether these hold wherever the others do, as far as the conditions themselves show: what answers there can be is
    /// not looked at. Where it says no, it may be so all the same.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        let words = !other.keyword.is_empty();
        let comment = if words { Some(true) } else { other.comment };
        includes(&self.survey, &other.survey)
            && includes(&self.band, &other.band)
            && self.score_from.is_none_or(|from| other.score_from.is_some_and(|other| other >= from))
            && self.score_to.is_none_or(|to| other.score_to.is_some_and(|other| other <= to))
            && includes(&self.touchpoint, &other.touchpoint)
            && includes(&self.tier, &other.tier)
            && includes(&self.segment, &other.segment)
            && includes(&self.country, &other.country)
            && includes(&self.channel, &other.channel)
            && includes(&self.account, &other.account)
            && self.comment.is_none_or(|wanted| comment == Some(wanted))
            && (self.keyword.is_empty() || words && other.keyword.iter().all(|word| mentions(word, &self.keyword)))
    }
}

/// Whether a list lets through all that another one does; an empty one lets everything through.
fn includes<T: PartialEq>(list: &[T], other: &[T]) -> bool {
    list.is_empty() || !other.is_empty() && other.iter().all(|value| list.contains(value))
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

/// Rules that are never reached, each with one above it that takes every answer which it would.
#[must_use]
pub fn never_reached(rules: &[Rule]) -> Vec<(&Rule, &Rule)> {
    let above = |i: usize| rules[..i].iter().find(|above| above.when.cover(&rules[i].when));
    rules.iter().enumerate().filter_map(|(i, rule)| Some((rule, above(i)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// Conditions of one line: `band=detractor tier=gold,silver from=1 to=3 comment=yes keyword=refund country=DE`.
    fn when(line: &str) -> Conditions {
        let mut when = Conditions::default();
        for (key, value) in line.split_whitespace().filter_map(|part| part.split_once('=')) {
            let words: Vec<&str> = value.split(',').collect();
            let bands = || words.iter().map(|name| crate::names::Named::from_name(name).unwrap()).collect();
            match key {
                "survey" => when.survey = words.iter().map(|name| SurveyId::new(*name).unwrap()).collect(),
                "touchpoint" => when.touchpoint = words.iter().map(|name| TouchpointId::new(*name).unwrap()).collect(),
                "band" => when.band = bands(),
                "from" => when.score_from = value.parse().ok(),
                "to" => when.score_to = value.parse().ok(),
                "comment" => when.comment = Some(value == "yes"),
                "tier" => when.tier = texts(&words),
                "segment" => when.segment = texts(&words),
                "country" => when.country = texts(&words),
                "channel" => when.channel = texts(&words),
                "account" => when.account = texts(&words),
                "keyword" => when.keyword = texts(&words),
                other => panic!("no condition {other}"),
            }
        }
        when
    }

    #[test]
    fn what_holds_wherever_something_else_does_covers_it() {
        for (covering, covered) in [
            ("", ""),
            ("", "band=detractor tier=gold comment=no"),
            ("band=detractor,dissatisfied", "band=detractor tier=gold"),
            ("from=1 to=6", "from=2 to=6"),
            ("to=6", "from=3 to=3"),
            ("country=DE,AT", "country=AT segment=b2b"),
            ("survey=a touchpoint=b channel=c account=d", "survey=a touchpoint=b channel=c account=d"),
            ("comment=yes", "keyword=refund"),
            ("keyword=REFUND,late", "keyword=refunds,late"),
        ] {
            assert!(when(covering).cover(&when(covered)), "`{covering}` holds wherever `{covered}` does");
        }
    }

    #[test]
    fn what_lets_less_through_covers_nothing() {
        for (other, wider) in [
            ("band=detractor", ""),
            ("tier=gold", "band=detractor"),
            ("tier=gold", "tier=gold,silver"),
            ("from=3", "from=2"),
            ("from=3", ""),
            ("to=6", "from=1"),
            ("to=6", "to=7"),
            ("survey=a", "survey=b"),
            ("touchpoint=a", "touchpoint=b"),
            ("segment=a", "segment=b"),
            ("country=DE", "country=AT"),
            ("channel=a", "channel=b"),
            ("account=a", "account=b"),
            ("comment=yes", ""),
            ("comment=no", "keyword=refund"),
            ("keyword=refunds", "keyword=refund"),
            ("keyword=refund", "keyword=refund,late"),
            ("keyword=refund", "comment=yes"),
        ] {
            assert!(!when(other).cover(&when(wider)), "`{other}` does not hold wherever `{wider}` does");
        }
    }

    #[test]
    fn a_rule_below_one_that_takes_all_of_its_answers_is_never_reached() {
        let rule = |id: &str, line: &str| Rule {
            id: RuleId::new(id).unwrap(),
            when: when(line),
            then: Action {
                track: Track::None,
                advocacy: None,
                priority: Priority::Normal,
                queue: None,
                deadlines: None,
                alert: None,
                owner: None,
                message: None,
            },
        };
        let found = |rules: &[Rule]| -> Vec<String> {
            let found = never_reached(rules).into_iter();
            found.map(|(rule, above)| format!("{} < {}", rule.id, above.id)).collect()
        };
        let ordered = [rule("gold", "band=detractor tier=gold"), rule("unhappy", "band=detractor"), rule("rest", "")];
        assert_eq!(found(&ordered), Vec::<String>::new());
        let [gold, unhappy, rest] = ordered;
        assert_eq!(found(&[unhappy.clone(), gold.clone(), rest.clone()]), ["gold < unhappy"]);
        assert_eq!(found(&[rest, gold, unhappy]), ["gold < rest", "unhappy < rest"]);
    }
}
