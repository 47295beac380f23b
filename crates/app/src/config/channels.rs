//! `[[channels]]`, `[[routes]]` and `[messages]`: who hears of it, and how customers are written to.

use super::table::{Checked, Table};
use super::{Channel, ChannelKind, Config};
use ringback_core::id::{ChannelId, RouteId};

#[derive(Clone, Copy)]
enum Kind {
    Slack,
    Resend,
    Webhook,
}

pub(super) fn read(table: &Table<'_>) -> Checked<(ChannelId, Channel)> {
    let id = table.required_parsed("id", ChannelId::new)?.value;
    let kinds = [("slack", Kind::Slack), ("resend", Kind::Resend), ("webhook", Kind::Webhook)];
    let kind = match table.required_choice("kind", &kinds)? {
        Kind::Slack => ChannelKind::Slack { url_variable: table.variable("url_variable")? },
        Kind::Webhook => ChannelKind::Webhook {
            url_variable: table.variable("url_variable")?,
            secret_variable: table.variable("secret_variable")?,
        },
        Kind::Resend => ChannelKind::Resend {
            key_variable: table.variable("key_variable")?,
            origin_variable: table.variable("origin_variable")?,
            from: table.required("from")?.value,
            to: table.texts("to")?.into_iter().map(|to| to.value).collect(),
        },
    };
    table.done()?;
    Ok((id.clone(), Channel { id, kind }))
}

pub(super) fn read_route(table: &Table<'_>, config: &Config) -> Checked<(RouteId, Vec<ChannelId>)> {
    let id = table.required_parsed("id", RouteId::new)?.value;
    let mut reached = Vec::new();
    for name in table.texts("channels")? {
        let channel = ChannelId::new(name.value.as_str()).ok();
        let Some(channel) = channel.and_then(|id| config.channels.get(&id)) else {
            return table.fail(name.at, format!("no channel `{}`", name.value));
        };
        if matches!(&channel.kind, ChannelKind::Resend { to, .. } if to.is_empty()) {
            let message = format!("channel `{}` has no `to`: its alerts would reach nobody", name.value);
            return table.fail(name.at, message);
        }
        reached.push(channel.id.clone());
    }
    if reached.is_empty() {
        return table.fail(table.at, format!("route `{id}` has no channel: its alerts would reach nobody"));
    }
    table.done()?;
    Ok((id, reached))
}

pub(super) fn read_customer_channel(table: &Table<'_>, config: &Config) -> Checked<ChannelId> {
    let id = table.required_parsed("channel", ChannelId::new)?;
    table.done()?;
    match config.channels.get(&id.value).map(|c| &c.kind) {
        Some(ChannelKind::Resend { .. }) => Ok(id.value),
        Some(_) => table.fail(id.at, "messages to customers leave by e-mail: name a channel of kind `resend`"),
        None => table.fail(id.at, format!("no channel `{}`", id.value)),
    }
}
