//! Time zones of the IANA database, from 2025 on: how far local time is from UTC at an instant.
//!
//! The names and rules are compiled in (`build.rs`); nothing is read at run time.

use tz::timezone::{AlternateTime, LocalTimeType, MonthWeekDay, RuleDay, TimeZoneRef, Transition, TransitionRule};

include!(concat!(env!("OUT_DIR"), "/zones.rs"));

const fn local(offset_s: i32, dst: bool) -> LocalTimeType {
    match LocalTimeType::new(offset_s, dst, None) {
        Ok(kind) => kind,
        Err(_) => panic!("an offset out of range"),
    }
}

const fn day(month: u8, week: u8, week_day: u8) -> RuleDay {
    match MonthWeekDay::new(month, week, week_day) {
        Ok(day) => RuleDay::MonthWeekDay(day),
        Err(_) => panic!("no such day"),
    }
}

const fn alternate(
    std: LocalTimeType,
    dst: LocalTimeType,
    start: RuleDay,
    start_s: i32,
    end: RuleDay,
    end_s: i32,
) -> AlternateTime {
    match AlternateTime::new(std, dst, start, start_s, end, end_s) {
        Ok(rule) => rule,
        Err(_) => panic!("an inconsistent rule"),
    }
}

const fn zone(
    transitions: &'static [Transition],
    kinds: &'static [LocalTimeType],
    rule: &'static Option<TransitionRule>,
) -> TimeZoneRef<'static> {
    match TimeZoneRef::new(transitions, kinds, &[], rule) {
        Ok(zone) => zone,
        Err(_) => panic!("inconsistent rules"),
    }
}

/// A time zone.
#[derive(Clone, Copy)]
pub struct Zone {
    name: &'static str,
    rules: &'static TimeZoneRef<'static>,
}

/// A name that the IANA database does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time zone: use a name of the IANA database, as in `Europe/Berlin`")]
pub struct UnknownZone(pub String);

impl Zone {
    /// The zone of an IANA name, in its own spelling.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let found = NAMES.lines().filter_map(|line| line.split_once(' ')).find(|(known, _)| *known == name);
        let rules = found.and_then(|(name, number)| Some((name, RULES.get(number.parse::<usize>().ok()?)?)));
        let (name, rules) = rules.ok_or_else(|| UnknownZone(name.chars().take(64).collect()))?;
        Ok(Self { name, rules })
    }

    /// The zone's IANA name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Seconds that local time is ahead of UTC at an instant, given in Unix seconds. Before 2025: as at its beginning.
    #[must_use]
    pub fn offset_s(self, at: i64) -> i64 {
        // The rules hold for every instant of the next billions of years.
        self.rules.find_local_time_type(at).map_or(0, |kind| i64::from(kind.ut_offset()))
    }

    /// The stretches of constant offset between two instants, in order: (from, to, offset), all in seconds.
    /// Takes for granted that an offset which changes twice within the range does not change back to what it was;
    /// over a few days no zone does that.
    pub(super) fn stretches(self, from: i64, to: i64) -> Vec<(i64, i64, i64)> {
        let mut stretches = Vec::with_capacity(1);
        let (mut begin, last) = (from, self.offset_s(to));
        loop {
            let offset = self.offset_s(begin);
            if offset == last {
                stretches.push((begin, to, offset));
                return stretches;
            }
            let (mut before, mut after) = (begin, to);
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if self.offset_s(middle) == offset { before = middle } else { after = middle }
            }
            stretches.push((begin, after, offset));
            begin = after;
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_agrees_with_another_reading_of_the_database() {
        for line in NAMES.lines() {
            let name = line.split(' ').next().unwrap();
            let (ours, theirs) = (Zone::named(name).unwrap(), jiff::tz::TimeZone::get(name).unwrap());
            // Every 7 h 13 min for a dozen years: no zone keeps a rule for less than a day.
            for step in 0..14_000 {
                let at = 1_735_689_600 + step * (7 * 3600 + 13 * 60);
                let expected = i64::from(theirs.to_offset(jiff::Timestamp::from_second(at).unwrap()).seconds());
                assert_eq!(ours.offset_s(at), expected, "{name} at {at}");
            }
        }
        assert!(NAMES.lines().count() > 590);
    }

    #[test]
    fn a_change_of_offset_is_found_to_the_second() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let change = 1_792_890_000; // 2026-10-25T01:00:00Z
        let stretches = berlin.stretches(change - 86_400, change + 86_400);
        assert_eq!(stretches, [(change - 86_400, change, 7200), (change, change + 86_400, 3600)]);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for name in ["Europe/Atlantis", "", "Europe/Berlin 0", "berlin", "CET\n"] {
            assert!(Zone::named(name).is_err(), "{name}");
        }
    }
}
