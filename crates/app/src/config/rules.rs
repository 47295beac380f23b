//! `[[rules]]`: what an answer sets in motion.
//!
//! Conditions that no answer can meet are refused: such a rule would be believed to work, and say nothing. Whether a rule
//! is reached past those above it is not looked at here: `cargo xtask check-config` does.

use super::surveys::country;
use super::table::{Checked, Placed, Table, named};
use super::{Config, messages};
use crate::access;
use crate::intake::MAX_SHORT;
use ringback_core::id::{PolicyId, QueueId, RouteId, RuleId, SurveyId, TouchpointId};
use ringback_core::rule::{Action, Advocacy, Conditions, Priority, Rule, Track, never_reached};
use ringback_core::survey::{Band, Score, Survey};
use std::collections::BTreeSet;

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

impl Config {
    /// Rules that no answer comes to, each with the one above it that takes them all.
    #[must_use]
    pub fn never_reached(&self) -> Vec<(&Rule, &Rule)> {
        never_reached(&self.rules)
    }
}

fn conditions(table: &Table<'_>, config: &Config) -> Checked<Conditions> {
    table.check_lists(&[
        "survey",
        "band",
        "touchpoint",
        "tier",
        "segment",
        "country",
        "channel",
        "account",
        "keyword",
    ])?;
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
        tier: said(table, "tier")?,
        segment: said(table, "segment")?,
        country: table.texts("country")?.into_iter().map(|code| country(table, code)).collect::<Checked<_>>()?,
        channel: said(table, "channel")?,
        account: said(table, "account")?,
        comment: table.yes("comment")?,
        keyword: keywords(table)?,
    };
    table.done()?;
    can_hold(table, &conditions, config)?;
    Ok(conditions)
}

/// Texts that must be what an answer says, letter by letter: what it never says is a mistake.
pub(super) fn said(table: &Table<'_>, key: &'static str) -> Checked<Vec<String>> {
    let said = |text: Placed<String>| {
        let plain = text.value.trim() == text.value && (1..=MAX_SHORT).contains(&text.value.chars().count());
        if plain {
            return Ok(text.value);
        }
        let wanted = format!("has 1 to {MAX_SHORT} characters and no blanks around it");
        table.fail(text.at, format!("no answer can say this: `{key}` {wanted}"))
    };
    table.texts(key)?.into_iter().map(said).collect()
}

fn keywords(table: &Table<'_>) -> Checked<Vec<String>> {
    let words = table.texts("keyword")?.into_iter();
    let word = |word: Placed<String>| match word.value.trim() {
        "" => table.fail(word.at, "a keyword without letters would be found in any comment"),
        _ => Ok(word.value),
    };
    words.map(word).collect()
}

/// Refuses conditions that no answer can meet all at once.
fn can_hold(table: &Table<'_>, when: &Conditions, config: &Config) -> Checked<()> {
    if when.comment == Some(false) && !when.keyword.is_empty() {
        return table
            .fail(table.place("keyword"), "a `keyword` is looked for in the comment; `comment = false` wants none");
    }
    let asked = |survey: &&Survey| when.survey.is_empty() || when.survey.contains(&survey.id);
    let surveys: Vec<&Survey> = config.surveys.values().filter(asked).collect();
    let scales = || surveys.iter().map(|survey| scale(survey)).collect::<Vec<_>>().join(", ");
    let meets = |meets: &dyn Fn(u8, u8) -> bool| {
        surveys.iter().map(|survey| survey.metric.scale()).any(|(min, max)| meets(min, max))
    };
    if let Some(from) = when.score_from.filter(|from| !meets(&|_, max| *from <= max)) {
        let message = format!("no score is at least {from}: what is asked has {}", scales());
        return table.fail(table.place("score_from"), message);
    }
    if let Some(to) = when.score_to.filter(|to| !meets(&|min, _| *to >= min)) {
        let message = format!("no score is at most {to}: what is asked has {}", scales());
        return table.fail(table.place("score_to"), message);
    }
    if let (Some(from), Some(to)) = (when.score_from, when.score_to)
        && from > to
    {
        let message = format!("no score is at least {from} and at most {to}: exchange `score_from` and `score_to`");
        return table.fail(table.place("score_from"), message);
    }
    let bands = bands(&surveys, when);
    if !when.band.is_empty() && !when.band.iter().any(|band| bands.contains(band)) {
        let possible: Vec<&str> = bands.iter().map(|band| band.as_str()).collect();
        let message =
            format!("no answer is in such a `band`: with this survey, score and country it is {}", possible.join(", "));
        return table.fail(table.place("band"), message);
    }
    Ok(())
}

fn scale(survey: &Survey) -> String {
    let (min, max) = survey.metric.scale();
    format!("{} {min}–{max}", survey.id)
}

/// The bands that answers to these surveys can be in, with a score and of a country that are asked for.
fn bands(surveys: &[&Survey], when: &Conditions) -> BTreeSet<Band> {
    let mut bands = BTreeSet::new();
    for survey in surveys {
        let (min, max) = survey.metric.scale();
        let countries: Vec<Option<&str>> = match when.country.as_slice() {
            [] => survey.countries.keys().map(|code| Some(code.as_str())).chain([None]).collect(),
            named => named.iter().map(|code| Some(code.as_str())).collect(),
        };
        for score in min.max(when.score_from.unwrap_or(min))..=max.min(when.score_to.unwrap_or(max)) {
            let Ok(score) = Score::new(f64::from(score), survey.metric) else { continue };
            bands.extend(countries.iter().map(|country| survey.band(score, *country)));
        }
    }
    bands
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
    let owner = owner(table, config)?;
    let priority = table.choice("priority", &named())?;
    let of_case = [queue.is_some(), deadlines.is_some(), alert.is_some(), owner.is_some(), priority.is_some()];
    if track == Track::None && of_case.contains(&true) {
        return table
            .fail(table.at, "track `none` opens no case, so it takes no queue, deadlines, alert, owner or priority");
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
        priority: priority.unwrap_or(Priority::Normal),
        queue: queue.map(|placed| placed.value),
        deadlines: deadlines.map(|placed| placed.value),
        alert: alert.map(|placed| placed.value),
        owner,
        message: messages::sent_at_once(table, "message")?,
    };
    if action.message.is_some() && config.messages.channel.is_none() {
        return table.fail(table.at, "`message` writes to the customer: [messages] must name a `channel`");
    }
    table.done()?;
    Ok(action)
}

/// Whose case it is from the start. Who is let in is known at run time only; whose token may not work cases, here.
fn owner(table: &Table<'_>, config: &Config) -> Checked<Option<String>> {
    let Some(owner) = table.person("owner")? else { return Ok(None) };
    match config.access.iter().find(|token| token.id == owner.value) {
        Some(token) if !token.role.may(access::Action::WorkCase) => {
            let message = format!("`{}` has the role {}, which works no cases", owner.value, token.role.name());
            table.fail(owner.at, message)
        }
        _ => Ok(Some(owner.value)),
    }
}
