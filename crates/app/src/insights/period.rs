//! Which days figures are of, and in which of the ledger's documents those are counted.
//!
//! What is counted stands in a document for its day, its week (Monday to Sunday) and its month, all in UTC. A period is read
//! from the coarsest documents that fill it, so that what it costs follows neither its length nor what is stored.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

/// How finely a period is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    Day,
    Week,
    Month,
}

impl Grain {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The first day of the day, week or month that a day lies in.
    fn begin(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => day.week(Weekday::Mon).first_day(),
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// The first day of the next one.
    fn next(self, day: NaiveDate) -> NaiveDate {
        let begin = self.begin(day);
        let next = match self {
            Self::Day => begin.checked_add_days(Days::new(1)),
            Self::Week => begin.checked_add_days(Days::new(7)),
            Self::Month => begin.checked_add_months(Months::new(1)),
        };
        next.unwrap_or(NaiveDate::MAX)
    }
}

/// The document that counts a day's facts at a grain: the day itself as yyyymmdd, the month as yyyymm00, and the week as its
/// Monday with 60 added to the day, which no calendar has.
pub(super) fn doc(grain: Grain, day: NaiveDate) -> u32 {
    let begin = grain.begin(day);
    let month = u32::try_from(begin.year()).unwrap_or(0) * 10_000 + begin.month() * 100;
    match grain {
        Grain::Day => month + begin.day(),
        Grain::Week => month + begin.day() + 60,
        Grain::Month => month,
    }
}

/// Days from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// A point of a trend: some days, and the documents that count them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub docs: Vec<u32>,
}

/// Longest period: two years.
const LONGEST_DAYS: i64 = 731;

impl Period {
    /// Reads `2026`, `2026-Q4`, `2026-11`, `2026-W47`, `2026-11-22` or `last-30`.
    pub fn named(name: &str, today: NaiveDate) -> Option<Self> {
        if let Some(days) = name.strip_prefix("last-") {
            let days: u64 = days.parse().ok().filter(|days| (1..=731).contains(days))?;
            return Some(Self { from: today.checked_sub_days(Days::new(days - 1))?, to: today });
        }
        if let Ok(day) = NaiveDate::parse_from_str(name, "%Y-%m-%d") {
            return within(day, day);
        }
        let (year, rest) = name.split_at_checked(4)?;
        let year: i32 = year.parse().ok()?;
        let month = |month: u32| NaiveDate::from_ymd_opt(year, month, 1);
        match rest.strip_prefix('-') {
            None if rest.is_empty() => within(month(1)?, NaiveDate::from_ymd_opt(year, 12, 31)?),
            None => None,
            Some(rest) => match rest.split_at_checked(1)? {
                ("Q", quarter) => {
                    let quarter: u32 = quarter.parse().ok().filter(|q| (1..=4).contains(q))?;
                    let from = month(quarter * 3 - 2)?;
                    within(from, from.checked_add_months(Months::new(3))?.pred_opt()?)
                }
                ("W", week) => {
                    let from = NaiveDate::from_isoywd_opt(year, week.parse().ok()?, Weekday::Mon)?;
                    within(from, from.checked_add_days(Days::new(6))?)
                }
                _ => {
                    let from = month(rest.parse().ok().filter(|_| rest.len() == 2)?)?;
                    within(from, from.checked_add_months(Months::new(1))?.pred_opt()?)
                }
            },
        }
    }

    /// The days from one to another.
    pub fn between(from: NaiveDate, to: NaiveDate) -> Option<Self> {
        within(from, to)
    }

    pub fn days(self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// As many days, right before.
    pub fn before(self) -> Option<Self> {
        let to = self.from.pred_opt()?;
        if self.is_months() {
            let months = (self.to.year() - self.from.year()) * 12 + i32::try_from(self.to.month()).ok()?
                - i32::try_from(self.from.month()).ok()?
                + 1;
            return Some(Self { from: self.from.checked_sub_months(Months::new(u32::try_from(months).ok()?))?, to });
        }
        let from = self.from.checked_sub_days(Days::new(u64::try_from(self.days()).ok()?))?;
        Some(Self { from, to })
    }

    pub fn grain(self) -> Grain {
        match self.days() {
            ..=31 => Grain::Day,
            32..=184 => Grain::Week,
            _ => Grain::Month,
        }
    }

    /// The points of a trend over the period: each of its days is counted in exactly one document of one point.
    pub fn points(self) -> Vec<Point> {
        self.points_at(self.grain())
    }

    /// The documents that count the period, as few as there can be.
    pub fn docs(self) -> Vec<u32> {
        let grain = match self.grain() {
            _ if self.is_months() => Grain::Month,
            Grain::Day => Grain::Week,
            grain => grain,
        };
        self.points_at(grain).into_iter().flat_map(|point| point.docs).collect()
    }

    fn is_months(self) -> bool {
        let next = Grain::Day.next(self.to);
        Grain::Month.begin(self.from) == self.from && Grain::Month.begin(next) == next
    }

    fn points_at(self, grain: Grain) -> Vec<Point> {
        let mut points = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let (begin, next) = (grain.begin(from), grain.next(from));
            let to = next.pred_opt().unwrap_or(next).min(self.to);
            let whole = begin == from && Grain::Day.next(to) == next;
            let docs = match whole {
                true => vec![doc(grain, from)],
                false => from.iter_days().take_while(|day| *day <= to).map(|day| doc(Grain::Day, day)).collect(),
            };
            points.push(Point { from, to, docs });
            from = next;
        }
        points
    }
}

fn within(from: NaiveDate, to: NaiveDate) -> Option<Period> {
    let years = 2000..=2200;
    let period = Period { from, to };
    let fits =
        from <= to && period.days() <= LONGEST_DAYS && years.contains(&from.year()) && years.contains(&to.year());
    fits.then_some(period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn named(name: &str) -> Option<(String, String)> {
        let period = Period::named(name, day("2026-11-22"))?;
        Some((period.from.to_string(), period.to.to_string()))
    }

    #[test]
    fn periods_have_the_names_people_use() {
        for (name, from, to) in [
            ("2026", "2026-01-01", "2026-12-31"),
            ("2026-Q4", "2026-10-01", "2026-12-31"),
            ("2026-02", "2026-02-01", "2026-02-28"),
            ("2026-W01", "2025-12-29", "2026-01-04"),
            ("2026-11-22", "2026-11-22", "2026-11-22"),
            ("last-30", "2026-10-24", "2026-11-22"),
        ] {
            assert_eq!(named(name), Some((from.to_owned(), to.to_owned())), "{name}");
        }
        for wrong in
            ["", "20", "2026-", "2026-13", "2026-1", "2026-Q5", "2026-W54", "last-0", "last-9999", "äöüß", "1999"]
        {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_day_is_counted_once_and_few_documents_are_read() {
        let first = day("2025-01-01");
        for (skip, length) in
            (0..400_u64).flat_map(|skip| [1, 6, 30, 31, 32, 90, 92, 184, 185, 365, 731].map(|l| (skip, l)))
        {
            let from = first + Days::new(skip);
            let period = Period { from, to: from + Days::new(length - 1) };
            for docs in [period.docs(), period.points().into_iter().flat_map(|p| p.docs).collect()] {
                let mut days = BTreeSet::new();
                for doc in &docs {
                    let (month, rest) = (doc / 100, doc % 100);
                    let date =
                        |d| NaiveDate::from_ymd_opt(i32::try_from(month / 100).unwrap(), month % 100, d).unwrap();
                    let counted: Vec<NaiveDate> = match rest {
                        0 => date(1).iter_days().take_while(|d| d.month() == month % 100).collect(),
                        61.. => date(rest - 60).iter_days().take(7).collect(),
                        day => vec![date(day)],
                    };
                    assert!(counted.into_iter().all(|day| days.insert(day)), "{period:?}: a day twice");
                }
                assert_eq!(days, from.iter_days().take(usize::try_from(length).unwrap()).collect(), "{period:?}");
                assert!(docs.len() <= 84, "{period:?}: {}", docs.len());
            }
        }
    }

    #[test]
    fn the_period_before_is_as_long_and_whole_months_come_before_whole_months() {
        let before = |name: &str| Period::named(name, day("2026-11-22")).unwrap().before().unwrap();
        assert_eq!(before("2026-Q4"), Period { from: day("2026-07-01"), to: day("2026-09-30") });
        assert_eq!(before("2026-03"), Period { from: day("2026-02-01"), to: day("2026-02-28") });
        assert_eq!(before("last-7"), Period { from: day("2026-11-09"), to: day("2026-11-15") });
    }
}
