//! `[[deadlines]]`: by when, in whose working time, who is warned, who hears of a breach.

use super::Config;
use super::table::{Checked, Placed, Table};
use ringback_core::calendar::Calendar;
use ringback_core::deadline::{DEFAULT_SECONDS, DEFAULT_WARN_AT, Escalation, Policy};
use ringback_core::id::{CalendarId, PolicyId, RouteId};

/// Shortest deadline, in seconds: timers look once a minute.
const SHORTEST_S: u32 = 60;
/// Longest deadline, in weeks: two years.
const LONGEST_WEEKS: u32 = 104;
/// Seconds of a week of wall time.
const WEEK_S: u32 = 7 * 86_400;

pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<(PolicyId, Policy)> {
    let id = table.required_parsed("id", PolicyId::new)?.value;
    let warn_at = match table.share("warn_at")? {
        Some(share) if !(share.value > 0.0 && share.value < 1.0) => {
            return table.fail(share.at, "warn_at is a share of the time: more than 0 and less than 1");
        }
        Some(share) => share.value,
        None => DEFAULT_WARN_AT,
    };
    let time = Time::read(table, config)?;
    let mut escalations: Vec<Escalation> = Vec::new();
    for level in table.tables("escalations")? {
        let after_s = time.seconds(&level, "after", 0)?.unwrap_or(0);
        if escalations.last().is_some_and(|before| before.after_s > after_s) {
            return level.fail(level.at, "escalations come in order: a level may not come before the one above it");
        }
        let Some(route) = route(&level, "route", config)? else {
            return level.fail(level.at, "`route` is missing");
        };
        level.done()?;
        escalations.push(Escalation { after_s, route });
    }
    if escalations.is_empty() {
        return table.fail(table.at, format!("deadline policy `{id}` escalates to nobody: a breach would go unheard"));
    }
    let policy = Policy {
        first_contact_s: time.clock(table, "first_contact")?,
        closure_s: time.clock(table, "closure")?,
        warn_at,
        warn: route(table, "warn", config)?,
        escalations,
        calendar: time.calendar.cloned(),
    };
    if policy.first_contact_s > policy.closure_s {
        let message =
            format!("deadline policy `{id}` has its first contact due after its closure, which nobody can meet");
        return table.fail(table.at, message);
    }
    table.done()?;
    Ok((id, policy))
}

pub(super) fn route(table: &Table<'_>, key: &'static str, config: &Config) -> Checked<Option<RouteId>> {
    match table.parsed(key, RouteId::new)? {
        Some(Placed { value, at }) if !config.routes.contains_key(&value) => {
            table.fail(at, format!("no route `{value}`"))
        }
        found => Ok(found.map(|placed| placed.value)),
    }
}

/// A duration of wall time.
pub(super) fn seconds(table: &Table<'_>, key: &'static str, least: u32) -> Checked<Option<u32>> {
    Time { calendar: None }.seconds(table, key, least)
}

/// What the policy's durations are counted in.
struct Time<'a> {
    calendar: Option<&'a Calendar>,
}

impl<'a> Time<'a> {
    fn read(table: &Table<'_>, config: &'a Config) -> Checked<Self> {
        let Some(named) = table.parsed("calendar", CalendarId::new)? else { return Ok(Self { calendar: None }) };
        match config.calendars.get(&named.value) {
            None => table.fail(named.at, format!("no calendar `{}`", named.value)),
            found => Ok(Self { calendar: found }),
        }
    }

    /// The time that a clock gives. Working time has no default: two days of it mean something else everywhere.
    fn clock(&self, table: &Table<'_>, key: &'static str) -> Checked<u32> {
        match (self.seconds(table, key, SHORTEST_S)?, self.calendar) {
            (Some(seconds), _) => Ok(seconds),
            (None, None) => Ok(DEFAULT_SECONDS),
            (None, Some(_)) => table.fail(table.at, format!("`{key}` is missing: a policy with a calendar names both")),
        }
    }

    fn seconds(&self, table: &Table<'_>, key: &'static str, least: u32) -> Checked<Option<u32>> {
        let parsed = table.parsed(key, |text| {
            let seconds = humantime::parse_duration(&text).ok().and_then(|d| u32::try_from(d.as_secs()).ok());
            let Some(seconds) = seconds else {
                return Err(format!("`{text}` is no duration: write `90m`, `48h` or `3d`"));
            };
            // `2d` would be 48 hours of work, which nobody means.
            if self.calendar.is_some() && text.contains(['d', 'w', 'M', 'y']) {
                return Err(format!("`{text}` is no working time: with a calendar, write hours and minutes"));
            }
            if seconds < least {
                return Err(format!("`{text}` is too short: at least {least} s"));
            }
            let week_s = self.calendar.map_or(WEEK_S, Calendar::week_s);
            if seconds / week_s > LONGEST_WEEKS {
                return Err(format!("`{text}` would take {} weeks; {LONGEST_WEEKS} are the most", seconds / week_s));
            }
            Ok(seconds)
        })?;
        Ok(parsed.map(|placed| placed.value))
    }
}
