//! Business time: the weekly windows of a time zone in which people work, without the holidays.
//!
//! An instant is working time when the clock on the wall of the zone shows a time within one of its day's windows and
//! the day is no holiday. So an hour that daylight saving leaves out is not worked, and one that it repeats is worked
//! twice. Counts in whole seconds. Deadlines are `deadline`'s.

mod text;
mod zone;

pub use text::{BadHours, WEEKDAYS, hours};
pub use zone::{UnknownZone, Zone};

use crate::id::CalendarId;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeSet;

/// Seconds of a day.
const DAY_S: i64 = 86_400;
/// How far working time is looked for: a good ten years.
const HORIZON_DAYS: u16 = 3_700;
/// Most holidays of a calendar. Less than the days that are looked at, so that working time is always found.
pub const MAX_HOLIDAYS: usize = 1_000;
/// How long a case remembers holidays ahead of its opening, in days: three years.
const REMEMBERED_DAYS: i64 = 3 * 366;

/// A window of the local day, in minutes after midnight: `from` belongs to it, `to` does not. At most 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// First minute.
    pub from: u16,
    /// The minute after the last one; greater than `from`.
    pub to: u16,
}

/// The windows of each day, Monday first; in order, and apart from each other.
pub type Week = [Vec<Window>; 7];

/// When people work. Stored as one line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Its name.
    pub id: CalendarId,
    /// Whose wall clock the windows mean.
    pub zone: Zone,
    week: Week,
    holidays: BTreeSet<NaiveDate>,
}

/// Why something is no calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCalendar {
    /// No window at all: no deadline would ever come.
    #[error("calendar `{0}` has no working time: a deadline in it would never come")]
    NeverOpen(CalendarId),
    /// More than [`MAX_HOLIDAYS`].
    #[error("calendar `{0}` has {1} holidays; {MAX_HOLIDAYS} are the most")]
    TooManyHolidays(CalendarId, usize),
}

impl Calendar {
    /// A calendar with working time in it.
    ///
    /// # Errors
    /// When there is no window in the week, or there are too many holidays.
    pub fn new(id: CalendarId, zone: Zone, week: Week, holidays: BTreeSet<NaiveDate>) -> Result<Self, BadCalendar> {
        if week.iter().all(Vec::is_empty) {
            return Err(BadCalendar::NeverOpen(id));
        }
        if holidays.len() > MAX_HOLIDAYS {
            return Err(BadCalendar::TooManyHolidays(id, holidays.len()));
        }
        Ok(Self { id, zone, week, holidays })
    }

    /// Working time of a week without holidays, in seconds.
    #[must_use]
    pub fn week_s(&self) -> u32 {
        self.week.iter().flatten().map(|window| u32::from(window.to - window.from) * 60).sum()
    }

    /// The local date and time of an instant.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> chrono::NaiveDateTime {
        at.naive_utc() + TimeDelta::seconds(self.zone.offset_s(at.timestamp()))
    }

    /// The first instant by which so many seconds of working time have passed. With none to pass it is `from` itself;
    /// otherwise it lies in working time or at its end. Beyond ten years: the end of those.
    #[must_use]
    pub fn after(&self, from: DateTime<Utc>, seconds: u32) -> DateTime<Utc> {
        let (start, mut left) = (from.timestamp(), i64::from(seconds));
        if left == 0 {
            return from;
        }
        let mut date = self.first_date(from);
        for _ in 0..HORIZON_DAYS {
            for (begin, end) in self.spans(date) {
                let begin = begin.max(start);
                if begin + left <= end {
                    return DateTime::from_timestamp(begin + left, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
                }
                left -= (end - begin).max(0);
            }
            date = date.succ_opt().unwrap_or(NaiveDate::MAX);
        }
        date.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// Seconds of working time between two instants; none when `to` is not after `from`.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
        let (start, stop) = (from.timestamp(), to.timestamp());
        let mut sum = 0;
        for date in self.first_date(from).iter_days() {
            if midnight(date) - DAY_S > stop {
                break;
            }
            sum += self.spans(date).iter().map(|(a, b)| ((*b).min(stop) - (*a).max(start)).max(0)).sum::<i64>();
        }
        u32::try_from(sum).unwrap_or(u32::MAX)
    }

    /// A day before the local date: where a clock is put back over midnight, a date is met twice.
    fn first_date(&self, at: DateTime<Utc>) -> NaiveDate {
        let date = self.local(at).date();
        date.pred_opt().unwrap_or(date)
    }

    /// The working time of a local date, in Unix seconds and in order.
    fn spans(&self, date: NaiveDate) -> Vec<(i64, i64)> {
        let windows = &self.week[date.weekday().num_days_from_monday() as usize];
        if windows.is_empty() || self.holidays.contains(&date) {
            return Vec::new();
        }
        let midnight = midnight(date);
        let mut spans = Vec::with_capacity(windows.len());
        // No zone is a whole day away from UTC.
        for (begin, end, offset) in self.zone.stretches(midnight - DAY_S, midnight + 2 * DAY_S) {
            for window in windows {
                let from = (midnight + i64::from(window.from) * 60 - offset).max(begin);
                let to = (midnight + i64::from(window.to) * 60 - offset).min(end);
                if from < to {
                    spans.push((from, to));
                }
            }
        }
        spans
    }

    /// Holidays that would have been worked, from one instant's date to another's.
    pub fn holidays_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
        let (first, last) = (self.local(from).date(), self.local(to).date());
        let worked = |date: &&NaiveDate| !self.week[date.weekday().num_days_from_monday() as usize].is_empty();
        self.holidays.range(first..=last.max(first)).filter(worked).copied()
    }

    /// The same calendar as a case remembers it that opens at an instant: without the holidays before and long after.
    #[must_use]
    pub fn as_of(&self, at: DateTime<Utc>) -> Self {
        let today = self.first_date(at);
        let until = today.checked_add_signed(TimeDelta::days(REMEMBERED_DAYS)).unwrap_or(NaiveDate::MAX);
        Self { holidays: self.holidays.range(today..=until).copied().collect(), ..self.clone() }
    }
}

/// Midnight of a date in UTC, in Unix seconds.
fn midnight(date: NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
}

#[cfg(test)]
pub(crate) mod tests;
