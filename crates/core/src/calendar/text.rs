//! A calendar's hours as people write them (`Mon-Fri 09:00-12:30 13:30-17:00`), and a whole calendar as one line, which
//! is how a case remembers it.

use super::{BadCalendar, Calendar, UnknownZone, Week, Window, Zone};
use crate::id::{CalendarId, InvalidId};
use chrono::NaiveDate;
use std::fmt::{self, Write as _};

/// The days' names, Monday first.
pub const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Why a text says no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHours {
    /// The days are not understood.
    #[error("`{0}` names no days: write `Mon`, `Mon-Fri` or `Mon,Wed,Fri`")]
    Days(String),
    /// A window is not understood.
    #[error("`{0}` is no window: write it as `09:00-17:30`, at most to `24:00`")]
    Window(String),
    /// Days without hours.
    #[error("days without hours: write them as in `Mon-Fri 09:00-12:30 13:30-17:00`")]
    NoWindow,
    /// A window without a minute in it.
    #[error(
        "window `{0}` is empty: it must end after it begins (over midnight: to `24:00`, and the next day from `00:00`)"
    )]
    Empty(String),
    /// Two windows of a day share a minute.
    #[error("window `{0}` overlaps with another one of {1}")]
    Overlap(String, &'static str),
}

/// Adds one line of hours to a week.
///
/// # Errors
/// When the text is not understood, or its windows do not fit those that are there.
pub fn hours(week: &mut Week, line: &str) -> Result<(), BadHours> {
    let mut words = line.split_whitespace();
    let days = days(words.next().unwrap_or_default())?;
    let mut any = false;
    for word in words {
        any = true;
        let window = window(word)?;
        for &day in &days {
            let windows = &mut week[day];
            if windows.iter().any(|other| window.from < other.to && other.from < window.to) {
                return Err(BadHours::Overlap(word.to_owned(), WEEKDAYS[day]));
            }
            windows.push(window);
            windows.sort_unstable();
        }
    }
    if any { Ok(()) } else { Err(BadHours::NoWindow) }
}

fn days(text: &str) -> Result<Vec<usize>, BadHours> {
    let bad = || BadHours::Days(text.chars().take(32).collect());
    let day = |name: &str| WEEKDAYS.iter().position(|known| *known == name).ok_or_else(bad);
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // `Sat-Mon` goes on over the end of the week.
        days.extend((0..=(last + 7 - first) % 7).map(|step| (first + step) % 7));
    }
    Ok(days)
}

fn window(text: &str) -> Result<Window, BadHours> {
    let shown = || text.chars().take(32).collect();
    let minutes = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        let number = |digits: &str| digits.parse::<u16>().ok().filter(|_| digits.len() == 2);
        let (hour, minute) = (number(hour)?, number(minute)?);
        Some(hour * 60 + minute).filter(|sum| minute < 60 && *sum <= 24 * 60)
    };
    let parsed = text.split_once('-').and_then(|(from, to)| Some(Window { from: minutes(from)?, to: minutes(to)? }));
    let window = parsed.ok_or_else(|| BadHours::Window(shown()))?;
    if window.from < window.to { Ok(window) } else { Err(BadHours::Empty(shown())) }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}-{:02}:{:02}", self.from / 60, self.from % 60, self.to / 60, self.to % 60)
    }
}

impl Calendar {
    /// The week's hours, days with the same ones together: `Mon-Thu 09:00-17:00, Fri 09:00-15:00`.
    #[must_use]
    pub fn hours(&self) -> String {
        let mut text = String::new();
        let mut day = 0;
        while day < 7 {
            let windows = &self.week[day];
            let last = (day..7).take_while(|d| self.week[*d] == *windows).last().unwrap_or(day);
            if !windows.is_empty() {
                let separator = if text.is_empty() { "" } else { ", " };
                let _ = write!(text, "{separator}{}", WEEKDAYS[day]);
                if last > day {
                    let _ = write!(text, "-{}", WEEKDAYS[last]);
                }
                for window in windows {
                    let _ = write!(text, " {window}");
                }
            }
            day = last + 1;
        }
        text
    }
}

impl From<Calendar> for String {
    fn from(calendar: Calendar) -> Self {
        let holidays: Vec<String> = calendar.holidays.iter().map(NaiveDate::to_string).collect();
        format!("{}|{}|{}|{}", calendar.id, calendar.zone.name(), calendar.hours(), holidays.join(" "))
    }
}

/// Why a line is no calendar.
#[derive(Debug, thiserror::Error)]
pub enum BadLine {
    /// Not four parts.
    #[error("a calendar is `name|zone|hours|holidays`")]
    Form,
    /// The name.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// The zone.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// The hours.
    #[error(transparent)]
    Hours(#[from] BadHours),
    /// A holiday.
    #[error("`{0}` is no date as in 2026-12-25")]
    Holiday(String),
    /// The whole.
    #[error(transparent)]
    Whole(#[from] BadCalendar),
}

impl TryFrom<String> for Calendar {
    type Error = BadLine;

    fn try_from(line: String) -> Result<Self, BadLine> {
        let mut parts = line.splitn(4, '|');
        let mut part = || parts.next().ok_or(BadLine::Form);
        let id = CalendarId::new(part()?)?;
        let zone = Zone::named(part()?)?;
        let mut week = Week::default();
        for line in part()?.split(", ") {
            hours(&mut week, line)?;
        }
        let date = |text: &str| text.parse().map_err(|_| BadLine::Holiday(text.to_owned()));
        let holidays = part()?.split_whitespace().map(date).collect::<Result<_, _>>()?;
        Ok(Self::new(id, zone, week, holidays)?)
    }
}
