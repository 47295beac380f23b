//! Who hears of an alert: routes with conditions, and chains that go on until somebody has taken the case.
//!
//! Decides; sends nothing.

use crate::calendar::Calendar;
use crate::case::Case;
use crate::feedback::Feedback;
use crate::id::{ChannelId, QueueId, RouteId};
use crate::rule::{Priority, Track};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// How often a chain alerts at most: one that leads back to itself ends here.
pub const LONGEST_CHAIN: u8 = 20;

/// The channels an alert goes to, and what comes after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub id: RouteId,
    /// Where alerts go.
    pub channels: Vec<ChannelId>,
    /// When it is the right one, and which is the right one otherwise; always when absent.
    pub when: Option<(When, RouteId)>,
    /// Who hears of it if nobody has taken the case.
    pub next: Option<Next>,
}

/// The next link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// After how many seconds.
    pub after_s: u32,
    /// Who hears of it then.
    pub route: RouteId,
}

/// When a route is the right one. A condition that is empty or absent holds always; all others must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// One of these queues.
    pub queue: Vec<QueueId>,
    /// One of these tracks.
    pub track: Vec<Track>,
    /// One of these priorities.
    pub priority: Vec<Priority>,
    /// One of these customer tiers.
    pub tier: Vec<String>,
    /// One of these countries (ISO 3166 alpha-2).
    pub country: Vec<String>,
    /// In these hours.
    pub hours: Option<Calendar>,
}

fn among<T: PartialEq>(list: &[T], value: Option<&T>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.contains(value))
}

impl When {
    /// Whether all conditions hold for a case, now.
    #[must_use]
    pub fn holds(&self, case: &Case, f: &Feedback, now: DateTime<Utc>) -> bool {
        among(&self.queue, Some(&case.queue))
            && among(&self.track, Some(&case.track))
            && among(&self.priority, Some(&case.priority))
            && among(&self.tier, f.customer.tier.as_ref())
            && among(&self.country, f.country.as_ref())
            && self.hours.as_ref().is_none_or(|hours| hours.between(now, now + TimeDelta::seconds(1)) > 0)
    }
}

/// The route that is the right one for a case, now, beginning with the one that is asked for.
#[must_use]
pub fn choose<'a>(
    routes: &'a BTreeMap<RouteId, Route>,
    first: &RouteId,
    case: &Case,
    f: &Feedback,
    now: DateTime<Utc>,
) -> Option<&'a Route> {
    let mut route = routes.get(first)?;
    // Each is asked once at most: a programme that goes in circles is refused, and would end here.
    for _ in 0..routes.len() {
        match &route.when {
            Some((when, otherwise)) if !when.holds(case, f, now) => route = routes.get(otherwise)?,
            _ => return Some(route),
        }
    }
    None
}
