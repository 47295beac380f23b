//! `[[routes]]`: who hears of an alert, under which conditions, and who next.
//!
//! Every way must end at a channel: a condition needs an `otherwise`, and nothing may go in circles.

use super::Config;
use super::deadlines::seconds;
use super::rules::said;
use super::surveys::country;
use super::table::{Checked, Placed, Table, named};

use ringback_core::calendar::{Calendar, Week, Zone, hours};
use ringback_core::id::{CalendarId, ChannelId, QueueId, RouteId};
use ringback_core::route::{Next, Route, When};
use std::collections::BTreeSet;

/// Shortest wait of a chain, in seconds: timers look once a minute.
const SHORTEST_WAIT_S: u32 = 60;

/// Reads all routes.
pub(super) fn read(root: &Table<'_>, config: &mut Config) -> Checked<()> {
    let mut named: Vec<Placed<RouteId>> = Vec::new();
    for table in root.tables("routes")? {
        let route = read_one(&table, config, &mut named)?;
        if config.routes.contains_key(&route.id) {
            return root.fail(table.at, format!("`{}` is defined twice in `routes`", route.id));
        }
        config.routes.insert(route.id.clone(), route);
    }
    for Placed { value, at } in named {
        if !config.routes.contains_key(&value) {
            return root.fail(at, format!("no route `{value}`"));
        }
        if goes_in_circles(config, &value) {
            return root.fail(at, format!("`otherwise` goes in circles from `{value}`: an alert could reach nobody"));
        }
    }
    Ok(())
}

fn goes_in_circles(config: &Config, first: &RouteId) -> bool {
    let (mut seen, mut at) = (BTreeSet::new(), first);
    while let Some((_, otherwise)) = config.routes.get(at).and_then(|route| route.when.as_ref()) {
        if !seen.insert(at) {
            return true;
        }
        at = otherwise;
    }
    false
}

fn read_one(table: &Table<'_>, config: &Config, named: &mut Vec<Placed<RouteId>>) -> Checked<Route> {
    let id = table.required_parsed("id", RouteId::new)?.value;
    let channels = channels(table, config, &id)?;
    let mut name = |table: &Table<'_>, key| -> Checked<Option<RouteId>> {
        let route = table.parsed(key, RouteId::new)?;
        named.extend(route.clone());
        Ok(route.map(|placed| placed.value))
    };
    let when = table.table("when")?.map(|when| conditions(&when, &id)).transpose()?;
    let otherwise = name(table, "otherwise")?;
    let when = match (when, otherwise) {
        (Some(when), Some(otherwise)) => Some((when, otherwise)),
        (None, None) => None,
        (Some(_), None) => {
            let message = format!("route `{id}` has conditions and no `otherwise`: an alert could reach nobody");
            return table.fail(table.at, message);
        }
        (None, Some(_)) => return table.fail(table.at, format!("route `{id}` has an `otherwise` and no `when`")),
    };
    let next = match table.table("next")? {
        None => None,
        Some(next) => {
            let Some(after_s) = seconds(&next, "after", SHORTEST_WAIT_S)? else {
                return next.fail(next.at, "`after` is missing");
            };
            let Some(route) = name(&next, "route")? else { return next.fail(next.at, "`route` is missing") };
            next.done()?;
            Some(Next { after_s, route })
        }
    };
    table.done()?;
    Ok(Route { id, channels, when, next })
}

fn channels(table: &Table<'_>, config: &Config, route: &RouteId) -> Checked<Vec<ChannelId>> {
    let mut reached = Vec::new();
    for name in table.texts("channels")? {
        let channel = ChannelId::new(name.value.as_str()).ok();
        let Some(channel) = channel.and_then(|id| config.channels.get(&id)) else {
            return table.fail(name.at, format!("no channel `{}`", name.value));
        };
        if channel.kind.is_mail() && channel.to.is_empty() {
            let message = format!("channel `{}` has no `to`: its alerts would reach nobody", name.value);
            return table.fail(name.at, message);
        }
        reached.push(channel.id.clone());
    }
    if reached.is_empty() {
        return table.fail(table.at, format!("route `{route}` has no channel: its alerts would reach nobody"));
    }
    Ok(reached)
}

fn conditions(table: &Table<'_>, route: &RouteId) -> Checked<When> {
    table.check_lists(&["queue", "track", "priority", "tier", "country"])?;
    let mut queue = Vec::new();
    for name in table.texts("queue")? {
        queue.push(QueueId::new(name.value).or_else(|error| table.fail(name.at, error.to_string()))?);
    }
    let country = table.texts("country")?.into_iter().map(|code| country(table, code)).collect::<Checked<_>>()?;
    let when = When {
        queue,
        track: table.choices("track", &named())?,
        priority: table.choices("priority", &named())?,
        tier: said(table, "tier")?,
        country,
        hours: working_hours(table, route)?,
    };
    table.done()?;
    Ok(when)
}

fn working_hours(table: &Table<'_>, route: &RouteId) -> Checked<Option<Calendar>> {
    let zone = table.parsed("zone", |name| Zone::named(&name))?;
    let lines = table.texts("hours")?;
    let (Some(first), Some(zone)) = (lines.first(), &zone) else {
        return match (lines.first(), zone) {
            (None, None) => Ok(None),
            (Some(line), _) => table.fail(line.at, "`hours` need a `zone`, as in \"Europe/Berlin\""),
            (None, Some(zone)) => table.fail(zone.at, "a `zone` needs `hours`, as in [\"Mon-Fri 08:00-18:00\"]"),
        };
    };
    let mut week = Week::default();
    for line in &lines {
        hours(&mut week, &line.value).or_else(|error| table.fail(line.at, error.to_string()))?;
    }
    let id = CalendarId::new(route.as_str()).or_else(|error| table.fail(first.at, error.to_string()))?;
    let calendar = Calendar::new(id, zone.value, week, BTreeSet::new());
    calendar.map(Some).or_else(|error| table.fail(first.at, error.to_string()))
}
