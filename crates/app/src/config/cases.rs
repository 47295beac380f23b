//! `[cases]`: the terms under which people work cases.

use super::table::{Checked, Table};
use super::{Config, Role, deadlines};
use ringback_core::case::Terms;
use ringback_core::id::{RouteId, SurveyId};
use ringback_core::rule::Track;
use std::collections::BTreeMap;

/// The default number of attempts after which a customer counts as unreachable.
const UNREACHABLE_AFTER: u8 = 3;
/// The default of how long a case may wait: two weeks.
const LONGEST_WAIT_S: u32 = 14 * 86_400;
/// Shortest times that can be set, in seconds: timers look once a minute.
const SHORTEST_S: u32 = 60;

/// How much goodwill a role may grant, in hundredths of the currency; none: as much as it sees fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Goodwill {
    /// The currency's code, for people to read.
    pub currency: Option<String>,
    /// What an agent may grant.
    pub agent: Option<u64>,
    /// What a lead may grant.
    pub lead: Option<u64>,
}

/// How a customer is asked again after their case was closed; at least one of the two happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpSurvey {
    /// How long after closing, in seconds.
    pub after_s: u32,
    /// Who of the company hears of it.
    pub route: Option<RouteId>,
    /// The survey that the customer is invited to.
    pub survey: Option<SurveyId>,
}

/// The terms under which people work cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseWork {
    /// Attempts in a row that reached nobody, after which a customer counts as unreachable.
    pub unreachable_after: u8,
    /// How long a case may wait, in seconds.
    pub longest_wait_s: u32,
    /// What may be granted.
    pub goodwill: Goodwill,
    /// How the customer is asked again after closing.
    pub survey: Option<FollowUpSurvey>,
    /// What to say, by track.
    pub scripts: BTreeMap<&'static str, Vec<String>>,
}

impl Default for CaseWork {
    fn default() -> Self {
        Self {
            unreachable_after: UNREACHABLE_AFTER,
            longest_wait_s: LONGEST_WAIT_S,
            goodwill: Goodwill::default(),
            survey: None,
            scripts: BTreeMap::new(),
        }
    }
}

impl CaseWork {
    /// The terms for a role.
    #[must_use]
    pub fn terms(&self, role: Role) -> Terms {
        Terms {
            unreachable_after: self.unreachable_after,
            longest_wait_s: self.longest_wait_s,
            may_overrule: matches!(role, Role::Lead | Role::Admin),
            goodwill_limit: match role {
                Role::Admin => None,
                Role::Lead => self.goodwill.lead,
                Role::Agent | Role::Executive | Role::Intake | Role::Operator => self.goodwill.agent,
            },
            survey_after_s: self.survey.as_ref().map(|survey| survey.after_s),
        }
    }

    /// What to say on a track; nothing where the programme says nothing.
    #[must_use]
    pub fn script(&self, track: Track) -> &[String] {
        self.scripts.get(track.as_str()).map(Vec::as_slice).unwrap_or_default()
    }
}

pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<CaseWork> {
    let unreachable_after = table.small("unreachable_after")?.unwrap_or(UNREACHABLE_AFTER);
    if unreachable_after == 0 {
        return table.fail(table.at, "`unreachable_after` counts attempts: at least 1");
    }
    let longest_wait_s = deadlines::seconds(table, "longest_wait", SHORTEST_S)?.unwrap_or(LONGEST_WAIT_S);
    let goodwill = table.table("goodwill")?.map(|t| goodwill(&t)).transpose()?.unwrap_or_default();
    let survey = table.table("follow_up_survey")?.map(|t| survey(&t, config)).transpose()?;
    let scripts = table.table("scripts")?.map(|t| scripts(&t)).transpose()?.unwrap_or_default();
    table.done()?;
    Ok(CaseWork { unreachable_after, longest_wait_s, goodwill, survey, scripts })
}

fn goodwill(table: &Table<'_>) -> Checked<Goodwill> {
    let amount = |key| Ok(table.whole(key)?.map(|amount| u64::from(amount.value) * 100));
    let currency = table.text("currency")?.map(|placed| placed.value);
    let goodwill = Goodwill { currency, agent: amount("agent")?, lead: amount("lead")? };
    table.done()?;
    if let (Some(agent), Some(lead)) = (goodwill.agent, goodwill.lead)
        && agent > lead
    {
        return table.fail(table.at, "an agent may not grant more than a lead");
    }
    Ok(goodwill)
}

fn survey(table: &Table<'_>, config: &Config) -> Checked<FollowUpSurvey> {
    let Some(after_s) = deadlines::seconds(table, "after", SHORTEST_S)? else {
        return table.fail(table.at, "`after` is missing");
    };
    let route = deadlines::route(table, "route", config)?;
    let survey = table.parsed("survey", SurveyId::new)?;
    table.done()?;
    match &survey {
        Some(id) if !config.surveys.contains_key(&id.value) => {
            return table.fail(id.at, format!("no survey `{}`", id.value));
        }
        Some(id) if config.messages.channel.is_none() => {
            return table.fail(id.at, "`survey` invites the customer: [messages] must name a `channel`");
        }
        None if route.is_none() => {
            return table
                .fail(table.at, "`route` or `survey` is missing: who hears of it, or what the customer is asked");
        }
        _ => {}
    }
    Ok(FollowUpSurvey { after_s, route, survey: survey.map(|placed| placed.value) })
}

fn scripts(table: &Table<'_>) -> Checked<BTreeMap<&'static str, Vec<String>>> {
    let mut scripts = BTreeMap::new();
    for track in ["recovery", "passive", "advocacy", "automation"] {
        let lines: Vec<String> = table.texts(track)?.into_iter().map(|line| line.value).collect();
        if !lines.is_empty() {
            scripts.insert(track, lines);
        }
    }
    table.done()?;
    Ok(scripts)
}
