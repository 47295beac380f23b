//! `[[rules]]`: what an answer sets in motion.

use super::Config;
use super::table::{Checked, Table, named};
use ringback_core::id::{PolicyId, QueueId, RouteId, RuleId, SurveyId, TouchpointId};
use ringback_core::rule::{Action, Advocacy, Conditions, Priority, Rule, Track};

/// Reads a rule; everything it names must be there in what of the programme is read already.
pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<Rule> {
    let id = table.required_parsed("id", RuleId::new)?;
    if config.rules.iter().any(|rule| rule.id == id.value) {
        return table.fail(id.at, format!("rule `{}` is defined twice", id.value));
    }
    let when = match table.table("when")? {
        Some(when) => conditions(&when, config)?,
        None => Conditions::default(),
    };
    let then = action(&table.required_table("then")?, config)?;
    table.done()?;
    Ok(Rule { id: id.value, when, then })
}

fn conditions(table: &Table<'_>, config: &Config) -> Checked<Conditions> {
    let texts = |key| Ok(table.texts(key)?.into_iter().map(|text| text.value).collect());
    let mut survey = Vec::new();
    for name in table.texts("survey")? {
        match SurveyId::new(name.value.as_str()).ok().filter(|id| config.surveys.contains_key(id)) {
            Some(id) => survey.push(id),
            None => return table.fail(name.at, format!("no survey `{}`", name.value)),
        }
    }
    let mut touchpoint = Vec::new();
    for name in table.texts("touchpoint")? {
        touchpoint.push(TouchpointId::new(name.value).or_else(|e| table.fail(name.at, e.to_string()))?);
    }
    let conditions = Conditions {
        survey,
        band: table.choices("band", &named())?,
        score_from: table.small("score_from")?,
        score_to: table.small("score_to")?,
        touchpoint,
        tier: texts("tier")?,
        segment: texts("segment")?,
        country: texts("country")?,
        channel: texts("channel")?,
        account: texts("account")?,
        comment: table.yes("comment")?,
        keyword: texts("keyword")?,
    };
    table.done()?;
    Ok(conditions)
}

const KINDS: [(&str, Advocacy); 4] = [
    ("thank-you", Advocacy::ThankYou),
    ("referral", Advocacy::Referral),
    ("ambassador", Advocacy::Ambassador),
    ("review", Advocacy::Review),
];

fn action(table: &Table<'_>, config: &Config) -> Checked<Action> {
    let track = table.required_choice("track", &named())?;
    let queue = table.parsed("queue", QueueId::new)?;
    let deadlines = table.parsed("deadlines", PolicyId::new)?;
    let alert = table.parsed("alert", RouteId::new)?;
    if track == Track::None && (queue.is_some() || deadlines.is_some() || alert.is_some()) {
        return table.fail(table.at, "track `none` opens no case, so it takes no queue, deadlines or alert");
    }
    if track != Track::None && (queue.is_none() || deadlines.is_none()) {
        return table.fail(table.at, "a rule that opens a case needs a `queue` and `deadlines`");
    }
    if let Some(policy) = deadlines.as_ref().filter(|p| !config.policies.contains_key(&p.value)) {
        return table.fail(policy.at, format!("no deadline policy `{}`", policy.value));
    }
    if let Some(route) = alert.as_ref().filter(|r| !config.routes.contains_key(&r.value)) {
        return table.fail(route.at, format!("no route `{}`", route.value));
    }
    let advocacy = table.choice("kind", &KINDS)?;
    if (track == Track::Advocacy) != advocacy.is_some() {
        let message =
            "`kind` says what a promoter is asked for: it belongs to track `advocacy`, and has to stand there";
        return table.fail(table.at, message);
    }
    let action = Action {
        track,
        advocacy,
        priority: table.choice("priority", &named())?.unwrap_or(Priority::Normal),
        queue: queue.map(|placed| placed.value),
        deadlines: deadlines.map(|placed| placed.value),
        alert: alert.map(|placed| placed.value),
        owner: table.text("owner")?.map(|placed| placed.value),
        message: table.choice("message", &named())?,
    };
    if action.message.is_some() && config.messages.channel.is_none() {
        return table.fail(table.at, "`message` writes to the customer: [messages] must name a `channel`");
    }
    if let Some(kind) = action.message.filter(|kind| kind.asks()) {
        return table.fail(table.at, format!("`{}` asks for a survey: use [[sequences]]", kind.as_str()));
    }
    table.done()?;
    Ok(action)
}
