//! `[[targets]]`: what share of their deadlines teams are to keep. A team is a queue.

use super::Config;
use super::table::{Checked, Table};
use ringback_core::id::QueueId;

/// A team's targets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Target {
    /// Share of first contacts within their deadline, above 0 and up to 1.
    pub first_contact: Option<f64>,
    /// Share of closures within their deadline, above 0 and up to 1.
    pub closure: Option<f64>,
}

pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<(QueueId, Target)> {
    let queue = table.required_parsed("queue", QueueId::new)?;
    let used = config.rules.iter().any(|rule| rule.then.queue.as_ref() == Some(&queue.value));
    if !used && !config.queues.contains_key(&queue.value) {
        return table.fail(queue.at, format!("no rule gives cases to queue `{}`", queue.value));
    }
    let target = Target { first_contact: share(table, "first_contact")?, closure: share(table, "closure")? };
    table.done()?;
    if target == Target::default() {
        return table.fail(table.at, "a target needs `first_contact`, `closure` or both, as in `closure = 0.9`");
    }
    Ok((queue.value, target))
}

fn share(table: &Table<'_>, key: &'static str) -> Checked<Option<f64>> {
    let Some(share) = table.share(key)? else { return Ok(None) };
    if share.value > 0.0 && share.value <= 1.0 {
        return Ok(Some(share.value));
    }
    table.fail(share.at, format!("`{key}` is a share above 0 and up to 1.0"))
}
