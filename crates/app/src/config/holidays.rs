//! Holidays of an iCalendar file (RFC 5545): whole-day events, single or every year.
//!
//! What is read must be understood: a recurrence or a time of day that would make a holiday of another length is an
//! error, never left out.

use ical::PropertyParser;
use ical::property::Property;
use ringback_core::calendar::MAX_HOLIDAYS;
use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, TimeDelta};

/// The first and the last year that a yearly event is taken for, however long ago it began (the zones' rules begin with that
/// year, too); a date in a file stands for itself.
const FIRST_YEAR: i32 = 2025;
const LAST_YEAR: i32 = 2060;

/// Reads the holidays.
///
/// # Errors
/// In words, with the event's own where that helps.
pub(super) fn read(text: &str) -> Result<BTreeSet<NaiveDate>, String> {
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with("BEGIN:VCALENDAR") {
        return Err("is no iCalendar file: it does not begin with BEGIN:VCALENDAR".to_owned());
    }
    let mut days = BTreeSet::new();
    let mut event: Option<Event> = None;
    // An event may hold alarms with properties of their own.
    let mut depth = 0u32;
    for property in PropertyParser::from_reader(text.trim_start_matches('\u{feff}').as_bytes()) {
        let property = property.map_err(|e| e.to_string())?;
        let value = property.value.as_deref().unwrap_or_default().trim();
        match (property.name.as_str(), &mut event) {
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => event = Some(Event::default()),
            ("BEGIN", Some(_)) => depth += 1,
            ("END", Some(_)) if depth > 0 => depth -= 1,
            ("END", Some(_)) => event.take().unwrap_or_default().add_to(&mut days)?,
            (_, Some(event)) if depth == 0 => event.take(&property, value)?,
            _ => {}
        }
        if days.len() > MAX_HOLIDAYS {
            return Err(format!("has more than {MAX_HOLIDAYS} holidays"));
        }
    }
    match event {
        Some(_) => Err("breaks off within an event".to_owned()),
        None => Ok(days),
    }
}

/// A `VEVENT` as far as it has been read.
#[derive(Default)]
struct Event {
    name: String,
    start: Option<NaiveDate>,
    /// The day after its last one.
    end: Option<NaiveDate>,
    yearly: bool,
    cancelled: bool,
}

impl Event {
    fn take(&mut self, property: &Property, value: &str) -> Result<(), String> {
        match property.name.as_str() {
            "SUMMARY" => self.name = value.chars().take(80).collect(),
            "DTSTART" => self.start = Some(date(value)?),
            "DTEND" => self.end = Some(date(value)?),
            "DURATION" => {
                return Err(format!(
                    "a DURATION ({value}) is not understood: give the day after the last one as DTEND"
                ));
            }
            "RRULE" if value.eq_ignore_ascii_case("FREQ=YEARLY") => self.yearly = true,
            "RRULE" => {
                return Err(format!(
                    "the recurrence `{value}` is not understood: only FREQ=YEARLY is, list the days one by one"
                ));
            }
            "RDATE" | "EXDATE" | "RECURRENCE-ID" => {
                return Err(format!("{} is not understood: list the days one by one", property.name));
            }
            "STATUS" => self.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
        Ok(())
    }

    fn add_to(self, days: &mut BTreeSet<NaiveDate>) -> Result<(), String> {
        let Some(start) = self.start else { return Err(format!("event `{}` has no DTSTART", self.name)) };
        let end = self.end.or_else(|| start.succ_opt()).unwrap_or(start);
        let length = (end - start).num_days();
        if !(1..=366).contains(&length) {
            return Err(format!("event `{}` ends before it begins, or lasts longer than a year", self.name));
        }
        let (first_year, last_year) = match self.yearly {
            true => (start.year().max(FIRST_YEAR), start.year().max(LAST_YEAR)),
            false => (start.year(), start.year()),
        };
        for year in (first_year..=last_year).filter(|_| !self.cancelled) {
            // The 29th of February recurs in leap years only.
            let Some(first) = start.with_year(year) else { continue };
            days.extend((0..length).filter_map(|day| first.checked_add_signed(TimeDelta::days(day))));
        }
        Ok(())
    }
}

/// `20261225`; midnight of a day counts as the day.
fn date(value: &str) -> Result<NaiveDate, String> {
    let day = value.strip_suffix('Z').unwrap_or(value).trim_end_matches("T000000");
    NaiveDate::parse_from_str(day, "%Y%m%d")
        .map_err(|_| format!("`{value}` is no whole day: holidays are dates as in `DTSTART;VALUE=DATE:20261225`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(lines: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n\
             RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n{}\r\n\
             END:VEVENT\r\nEND:VCALENDAR\r\n",
            lines.replace('\n', "\r\n")
        )
    }

    fn days(lines: &str) -> Vec<String> {
        read(&event(lines)).unwrap().iter().map(NaiveDate::to_string).collect()
    }

    #[test]
    fn whole_days_are_holidays() {
        assert_eq!(days("SUMMARY:Christmas\nDTSTART;VALUE=DATE:20261225"), ["2026-12-25"]);
        assert_eq!(days("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227"), ["2026-12-25", "2026-12-26"]);
        assert_eq!(days("DTSTART:20261225T000000\nDTEND:20261226T000000"), ["2026-12-25"]);
        assert_eq!(days("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED"), Vec::<String>::new());
        let folded = "SUMMARY;LANGUAGE=en:A name that is\n  folded: DTSTART\nDTSTART;VALUE=DA\n TE:20261225";
        assert_eq!(days(folded), ["2026-12-25"]);
        let alarm = "DTSTART;VALUE=DATE:20261225\nBEGIN:VALARM\nTRIGGER:-PT12H\nDURATION:PT5M\nEND:VALARM";
        assert_eq!(days(alarm), ["2026-12-25"]);
    }

    #[test]
    fn a_yearly_event_is_a_holiday_every_year() {
        let christmas = days("DTSTART;VALUE=DATE:20201225\nRRULE:FREQ=YEARLY");
        assert_eq!((christmas[0].as_str(), christmas.len()), ("2025-12-25", 36));
        assert_eq!(days("DTSTART;VALUE=DATE:20300501\nRRULE:FREQ=YEARLY")[0], "2030-05-01", "not before it begins");
        assert_eq!(days("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY").len(), 9);
        // As calendar programmes write them: the holidays of a country, each since 1970.
        let one = |day: u32| {
            format!("BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:197005{day:02}\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\n")
        };
        let many = (1..=20).map(one).collect::<String>();
        assert_eq!(read(&format!("BEGIN:VCALENDAR\r\n{many}END:VCALENDAR\r\n")).map(|days| days.len()), Ok(20 * 36));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (lines, reason) in [
            ("SUMMARY:Party", "`Party` has no DTSTART"),
            ("DTSTART:20261225T090000", "is no whole day"),
            ("DTSTART;VALUE=DATE:20261325", "is no whole day"),
            ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225", "ends before it begins"),
            ("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=WEEKLY", "recurrence `FREQ=WEEKLY`"),
            ("DTSTART;VALUE=DATE:20261224\nRECURRENCE-ID;VALUE=DATE:20261225", "RECURRENCE-ID is not understood"),
            ("DTSTART;VALUE=DATE:20261225\nEXDATE;VALUE=DATE:20271225", "EXDATE is not understood"),
        ] {
            let refusal = read(&event(lines)).unwrap_err();
            assert!(refusal.contains(reason), "{lines}: {refusal}");
        }
        for text in ["", "<html>", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\n"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
