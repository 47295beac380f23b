//! Says in words why a deadline is when it is: the time allowed, the calendar it is counted in, and the pauses.

use super::{ClockKind, DeadlineClock, Policy};
use crate::calendar::Calendar;
use crate::id::PolicyId;
use chrono::{DateTime, Utc};

/// Holidays that are named; the rest is counted.
const NAMED_HOLIDAYS: usize = 5;

impl DeadlineClock {
    /// Why it is due when it is, in a few sentences without personal data.
    #[must_use]
    pub fn explain(&self, policy: &Policy, policy_id: &PolicyId, kind: ClockKind) -> String {
        let calendar = policy.calendar.as_ref();
        let allowed = duration(policy.allowed_s(kind));
        let mut text = match self.started_at {
            Some(started) => format!(
                "{} is due on {}: {allowed} of {} after {}, as policy `{policy_id}` says",
                capital(kind.label()),
                instant(self.due_at, calendar),
                if calendar.is_some() { "working time" } else { "wall time" },
                instant(started, calendar),
            ),
            None => format!(
                "{} is due on {}: {allowed} after it began, as policy `{policy_id}` says",
                capital(kind.label()),
                instant(self.due_at, calendar)
            ),
        };
        if let Some(calendar) = calendar {
            text += &format!(
                ". Calendar `{}` counts {} ({})",
                calendar.id,
                calendar.hours(),
                calendar.zone.name().replace('_', " ")
            );
            text += &self.holidays(calendar);
        }
        text += &self.stood_still(calendar);
        text.push('.');
        text
    }

    fn holidays(&self, calendar: &Calendar) -> String {
        let from = self.started_at.unwrap_or(self.due_at);
        let all: Vec<String> = calendar.holidays_between(from, self.due_at).map(|date| date.to_string()).collect();
        if all.is_empty() {
            return String::new();
        }
        let more = match all.len().saturating_sub(NAMED_HOLIDAYS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = &all[..all.len().min(NAMED_HOLIDAYS)];
        format!(", but not the {} {}{more}", if all.len() == 1 { "holiday" } else { "holidays" }, named.join(", "))
    }

    fn stood_still(&self, calendar: Option<&Calendar>) -> String {
        let mut text = String::new();
        for pause in &self.pauses {
            text += &match pause.from == pause.to {
                true => format!(
                    ". At {} another policy took hold, by which {} counts as used up",
                    instant(pause.from, calendar),
                    duration(pause.used_s)
                ),
                false => format!(
                    ". The clock stands still from {} to {} while the case waits",
                    instant(pause.from, calendar),
                    instant(pause.to, calendar)
                ),
            };
        }
        text
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// An instant on the wall of the calendar's zone: `Tue 2026-11-24 17:00`; of wall time: in UTC.
fn instant(at: DateTime<Utc>, calendar: Option<&Calendar>) -> String {
    match calendar {
        Some(calendar) => calendar.local(at).format("%a %Y-%m-%d %H:%M").to_string(),
        None => at.format("%a %Y-%m-%d %H:%M UTC").to_string(),
    }
}

/// `90 s`, `30 min`, `1 h 30 min`, `48 h`.
fn duration(seconds: u32) -> String {
    match (seconds / 3600, seconds % 3600 / 60) {
        _ if !seconds.is_multiple_of(60) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
