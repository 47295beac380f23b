//! `[[deadlines]]`: by when, who is warned, who hears of a breach.

use super::Config;
use super::table::{Checked, Placed, Table};
use ringback_core::deadline::{DEFAULT_SECONDS, DEFAULT_WARN_AT, Escalation, Policy};
use ringback_core::id::{PolicyId, RouteId};

/// Shortest deadline, in seconds: timers look once a minute.
const SHORTEST_S: u32 = 60;

pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<(PolicyId, Policy)> {
    let id = table.required_parsed("id", PolicyId::new)?.value;
    let warn_at = match table.share("warn_at")? {
        Some(share) if !(share.value > 0.0 && share.value < 1.0) => {
            return table.fail(share.at, "warn_at is a share of the time: more than 0 and less than 1");
        }
        Some(share) => share.value,
        None => DEFAULT_WARN_AT,
    };
    let mut escalations: Vec<Escalation> = Vec::new();
    for level in table.tables("escalations")? {
        let after_s = seconds(&level, "after", 0)?.unwrap_or(0);
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
        first_contact_s: seconds(table, "first_contact", SHORTEST_S)?.unwrap_or(DEFAULT_SECONDS),
        closure_s: seconds(table, "closure", SHORTEST_S)?.unwrap_or(DEFAULT_SECONDS),
        warn_at,
        warn: route(table, "warn", config)?,
        escalations,
        calendar: None,
    };
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

pub(super) fn seconds(table: &Table<'_>, key: &'static str, least: u32) -> Checked<Option<u32>> {
    let parsed = table.parsed(key, |text| {
        let seconds = humantime::parse_duration(&text).ok().and_then(|d| u32::try_from(d.as_secs()).ok());
        match seconds {
            Some(seconds) if seconds >= least => Ok(seconds),
            Some(_) => Err(format!("`{text}` is too short: at least {least} s")),
            None => Err(format!("`{text}` is no duration: write `90m`, `48h` or `3d`")),
        }
    })?;
    Ok(parsed.map(|placed| placed.value))
}
