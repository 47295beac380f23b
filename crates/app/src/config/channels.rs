//! `[[channels]]` and `[alerts]`: where alerts and messages can go.

use super::deadlines::seconds;
use super::kinds::{KINDS, Setting, mailbox};
use super::read::ROLES;
use super::table::{Checked, Placed, Table};
use super::{Channel, Config, Grouping, Role};
use crate::deliver::silence::LABELS;
use ringback_core::id::{ChannelId, RouteId};

pub(super) fn read(table: &Table<'_>) -> Checked<(ChannelId, Channel)> {
    let id = table.required_parsed("id", ChannelId::new)?.value;
    let kind = table.required_choice("kind", &KINDS)?;
    let mut settings = Vec::new();
    for setting in kind.settings() {
        match *setting {
            Setting::Variable(key) => settings.push((key, table.variable(key)?)),
            Setting::OptionalVariable(key) => {
                if table.text(key)?.is_some() {
                    settings.push((key, table.variable(key)?));
                }
            }
            Setting::Text(key, check) => settings.push((key, checked(table, table.required(key)?, key, check)?)),
            Setting::OptionalText(key, check) => {
                if let Some(text) = table.text(key)? {
                    settings.push((key, checked(table, text, key, check)?));
                }
            }
        }
    }
    let mut to = Vec::new();
    if kind.is_mail() {
        for text in table.texts("to")? {
            to.push(checked(table, text, "to", mailbox)?);
        }
    }
    let allow_private = table.yes("allow_private")?.unwrap_or(false);
    let per_minute = match table.whole("per_minute")? {
        Some(count) if !(12..=60_000).contains(&count.value) => {
            return table.fail(count.at, "`per_minute` is how many messages the channel takes: 12 to 60000");
        }
        count => count.map(|count| count.value),
    };
    let audience = table.choice("audience", &ROLES)?.unwrap_or(Role::Agent);
    let group = match table.table("group")? {
        Some(group) if kind.keeps_incidents() => {
            return table.fail(group.at, "this kind keeps an incident for each case: it does the grouping itself");
        }
        group => group.map(|group| grouping(&group)).transpose()?,
    };
    table.done()?;
    Ok((id.clone(), Channel { id, kind, settings, to, allow_private, per_minute, audience, group }))
}

fn grouping(table: &Table<'_>) -> Checked<Grouping> {
    let mut by = Vec::new();
    for label in table.texts("by")? {
        if !LABELS.contains(&label.value.as_str()) {
            return table.fail(label.at, format!("`{}` is no label; labels are {}", label.value, LABELS.join(", ")));
        }
        by.push(label.value);
    }
    let grouping = Grouping {
        by,
        wait_s: seconds(table, "wait", 1)?.unwrap_or(30),
        interval_s: seconds(table, "interval", 60)?.unwrap_or(300),
        repeat_s: seconds(table, "repeat", 0)?.unwrap_or(4 * 3_600),
        alone: table.small("alone")?.unwrap_or(0),
    };
    table.done()?;
    Ok(grouping)
}

fn checked(
    table: &Table<'_>,
    text: Placed<String>,
    key: &str,
    check: fn(&str) -> Result<(), &'static str>,
) -> Checked<String> {
    match check(&text.value) {
        Ok(()) => Ok(text.value),
        Err(why) => table.fail(text.at, format!("`{key}` {why}")),
    }
}

pub(super) fn read_trouble(table: &Table<'_>, config: &Config) -> Checked<Option<RouteId>> {
    let route = table.parsed("trouble", RouteId::new)?;
    table.done()?;
    match route {
        Some(route) if !config.routes.contains_key(&route.value) => {
            table.fail(route.at, format!("no route `{}`", route.value))
        }
        route => Ok(route.map(|placed| placed.value)),
    }
}
