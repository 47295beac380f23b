//! Business time against a minute hand: for every minute, another reading of the time zones says whether it is worked.

use super::*;
use proptest::prelude::*;

pub(crate) fn calendar(zone: &str, lines: &[&str], holidays: &[&str]) -> Calendar {
    let mut week = Week::default();
    for line in lines {
        hours(&mut week, line).unwrap();
    }
    let holidays = holidays.iter().map(|date| date.parse().unwrap()).collect();
    Calendar::new(CalendarId::new("care").unwrap(), Zone::named(zone).unwrap(), week, holidays).unwrap()
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Whether the minute that begins at an instant is worked, as jiff reads the wall clock.
pub(crate) fn worked(calendar: &Calendar, zone: &jiff::tz::TimeZone, minute: DateTime<Utc>) -> bool {
    let local = zone.to_datetime(jiff::Timestamp::from_second(minute.timestamp()).unwrap());
    let of_day = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
    let windows = &calendar.week[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
    let date = local.date().to_string().parse().unwrap();
    windows.iter().any(|w| w.from <= of_day && of_day < w.to) && !calendar.holidays.contains(&date)
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);

#[test]
fn hours_of_a_week_are_counted_and_the_rest_is_not() {
    let care = calendar("Europe/Berlin", &["Mon-Fri 09:00-12:30 13:30-17:00"], &["2026-12-25"]);
    assert_eq!(care.week_s(), 35 * 3600);
    for (from, hours, due) in [
        ("2026-11-23T08:00:00Z", 2, "2026-11-23T10:00:00Z"), // Monday 09:00 in Berlin
        ("2026-11-22T09:30:00Z", 1, "2026-11-23T09:00:00Z"), // Sunday: from Monday's opening on
        ("2026-11-23T11:00:00Z", 1, "2026-11-23T13:00:00Z"), // over the midday break
        ("2026-11-27T15:00:00Z", 1, "2026-11-27T16:00:00Z"), // ends with Friday, not with Monday's opening
        ("2026-11-27T15:00:00Z", 2, "2026-11-30T09:00:00Z"), // over the weekend
        ("2026-12-24T15:30:00Z", 1, "2026-12-28T08:30:00Z"), // over Christmas, a Friday
        ("2026-11-23T02:00:00Z", 0, "2026-11-23T02:00:00Z"),
    ] {
        assert_eq!(care.after(at(from), hours * 3600), at(due), "{from} + {hours} h");
        if hours > 0 {
            assert_eq!(care.between(at(from), at(due)), hours * 3600);
        }
    }
    assert_eq!(care.between(at("2026-11-23T00:00:00Z"), at("2026-11-22T00:00:00Z")), 0);
}

#[test]
fn daylight_saving_leaves_an_hour_out_and_repeats_one() {
    let night = calendar("Europe/Berlin", &["Sun 01:00-05:00"], &[]);
    // 2026-03-29: 02:00 is followed by 03:00; three hours are worked.
    assert_eq!(night.between(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")), 3 * 3600);
    assert_eq!(night.after(at("2026-03-28T12:00:00Z"), 90 * 60), at("2026-03-29T01:30:00Z"));
    // 2026-10-25: 03:00 is followed by 02:00; five hours are worked.
    assert_eq!(night.between(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), 5 * 3600);
    // A window that begins within the repeated hour is worked twice up to its end, with a hole between.
    let late = calendar("Europe/Berlin", &["Sun 02:30-03:00"], &[]);
    assert_eq!(late.spans("2026-10-25".parse().unwrap()), {
        let minute = |text: &str| at(text).timestamp();
        [
            (minute("2026-10-25T00:30:00Z"), minute("2026-10-25T01:00:00Z")),
            (minute("2026-10-25T01:30:00Z"), minute("2026-10-25T02:00:00Z")),
        ]
    });
    // And one that lies in the missing hour is not worked at all.
    assert_eq!(late.spans("2026-03-29".parse().unwrap()), []);
}

#[test]
fn what_is_no_calendar_is_refused_with_its_reason() {
    for (line, reason) in [
        ("Mon-Fri", "days without hours"),
        ("", "names no days"),
        ("Montag 09:00-17:00", "names no days"),
        ("Mon 9-17", "is no window"),
        ("Mon 09:00-24:01", "is no window"),
        ("Mon 09:60-17:00", "is no window"),
        ("Mon 17:00-09:00", "is empty"),
        ("Mon 09:00-09:00", "is empty"),
        ("Mon 09:00-12:00 11:59-13:00", "overlaps with another one of Mon"),
        ("Mon-Wed,Tue 09:00-12:00", "overlaps with another one of Tue"),
    ] {
        let error = hours(&mut Week::default(), line).unwrap_err().to_string();
        assert!(error.contains(reason), "{line}: {error}");
    }
    let id = CalendarId::new("never").unwrap();
    let never = Calendar::new(id, Zone::named("UTC").unwrap(), Week::default(), BTreeSet::new());
    assert!(matches!(never, Err(BadCalendar::NeverOpen(_))));
}

#[test]
fn a_calendar_is_remembered_in_one_line() {
    let care = calendar("Europe/Berlin", &["Mon-Thu 09:00-12:30 13:30-17:00", "Fri,Sun 09:00-24:00"], &["2026-12-25"]);
    let line = String::from(care.clone());
    assert_eq!(line, "care|Europe/Berlin|Mon-Thu 09:00-12:30 13:30-17:00, Fri 09:00-24:00, Sun 09:00-24:00|2026-12-25");
    assert_eq!(Calendar::try_from(line).unwrap(), care);
    for broken in ["", "a|b", "care|Europe/Berlin||", "care|Mars|Mon 09:00-10:00|", "care|UTC|Mon 09:00-10:00|x"] {
        assert!(Calendar::try_from(broken.to_owned()).is_err(), "{broken}");
    }
    assert_eq!(care.as_of(at("2026-12-27T12:00:00Z")).holidays.len(), 0);
    assert_eq!(care.as_of(at("2026-12-24T12:00:00Z")), care);
}

#[test]
fn a_calendar_that_is_worked_a_minute_a_week_is_counted_to_an_end() {
    let rare = calendar("America/New_York", &["Sat 00:00-00:01"], &[]);
    let from = at("2026-01-01T00:00:00Z");
    assert_eq!(rare.after(from, 60 * 52), at("2026-12-26T05:01:00Z"));
    assert!(rare.after(from, u32::MAX) > at("2036-01-01T00:00:00Z"));
}

/// Zones with every kind of change: whole hours, half hours, over midnight, other hemispheres, dated ones, none.
const ZONES: [&str; 12] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Havana",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "America/Nuuk",
    "Pacific/Chatham",
    "America/Santiago",
    "Asia/Gaza",
    "UTC",
];

prop_compose! {
    fn any_window()(from in 0u16..1440, minutes in 1u16..900) -> Window {
        Window { from, to: (from + minutes).min(1440) }
    }
}

prop_compose! {
    /// Any calendar, with holidays in the years of the trials, leap days among them.
    pub(crate) fn any_calendar()(
        zone in prop::sample::select(ZONES.to_vec()),
        days in prop::collection::vec(prop::collection::vec(any_window(), 0..4), 7),
        holidays in prop::collection::btree_set(0i64..366 * 5, 0..40),
    ) -> (Calendar, jiff::tz::TimeZone) {
        let mut week = Week::default();
        for (day, windows) in days.into_iter().enumerate() {
            for window in windows {
                // Those that overlap are left out.
                let _ = hours(&mut week, &format!("{} {window}", WEEKDAYS[day]));
            }
        }
        if week.iter().all(Vec::is_empty) {
            hours(&mut week, "Wed 10:00-16:00").unwrap();
        }
        let first: NaiveDate = "2027-06-01".parse().unwrap();
        let leap: NaiveDate = "2028-02-29".parse().unwrap();
        let holidays = holidays.into_iter().map(|n| first + TimeDelta::days(n)).chain([leap]).collect();
        let id = CalendarId::new("any").unwrap();
        (Calendar::new(id, Zone::named(zone).unwrap(), week, holidays).unwrap(), jiff::tz::TimeZone::get(zone).unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn business_time_is_what_a_minute_hand_counts(
        (calendar, zone) in any_calendar(),
        start in 0i64..(4 * 365 * 24 * 60),
        minutes in 1u32..6_000,
    ) {
        let from = at("2027-06-01T00:00:00Z") + MINUTE * i32::try_from(start).unwrap();
        let (mut hand, mut counted) = (from, 0);
        while counted < minutes && hand < from + TimeDelta::days(400) {
            counted += u32::from(worked(&calendar, &zone, hand));
            hand += MINUTE;
        }
        prop_assert_eq!(calendar.between(from, hand), counted * 60, "{} to {}", from, hand);
        if counted == minutes {
            prop_assert_eq!(calendar.after(from, minutes * 60), hand, "{} + {} min", from, minutes);
        }
    }

    #[test]
    fn passing_time_in_two_pieces_is_passing_it_in_one(
        (calendar, _) in any_calendar(),
        start in 0i64..(4 * 365 * 86_400),
        first in 0u32..400_000,
        second in 1u32..400_000,
    ) {
        let from = at("2027-06-01T00:00:00Z") + TimeDelta::seconds(start);
        let (halfway, end) = (calendar.after(from, first), calendar.after(from, first + second));
        prop_assert_eq!(calendar.after(halfway, second), end);
        prop_assert_eq!(calendar.between(from, end), first + second);
        prop_assert_eq!(calendar.between(from, halfway), first);
    }
}
