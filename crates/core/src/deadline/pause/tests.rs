//! Clocks that stand still, against a minute hand that stands still with them; and what a change of policy may not do.

use super::*;
use crate::calendar::Calendar;
use crate::calendar::tests::{any_calendar, at, calendar, worked};
use crate::deadline::{Escalation, Step};
use crate::id::{PolicyId, RouteId};
use proptest::prelude::*;

const KIND: ClockKind = ClockKind::Closure;
const MINUTE: TimeDelta = TimeDelta::minutes(1);

fn policy(closure_s: u32, calendar: Option<Calendar>) -> Policy {
    let lead = RouteId::new("lead").unwrap();
    let levels = [0, 3600].map(|after_s| Escalation { after_s, route: lead.clone() });
    Policy {
        first_contact_s: closure_s,
        closure_s,
        warn_at: 0.75,
        warn: Some(lead),
        escalations: levels.into(),
        calendar,
    }
}

fn office() -> Calendar {
    calendar("Europe/Berlin", &["Mon-Fri 09:00-12:30 13:30-17:00"], &["2026-11-25"])
}

/// Every step of a clock with its instant, if nothing happens any more.
fn steps(clock: &DeadlineClock, policy: &Policy) -> Vec<(DateTime<Utc>, Step)> {
    let (mut clock, mut steps) = (clock.clone(), Vec::new());
    while let Some(at) = clock.next_at(policy, KIND) {
        steps.extend(clock.advance(policy, KIND, at).into_iter().map(|step| (at, step)));
    }
    steps
}

#[test]
fn a_clock_stands_still_while_its_case_waits_and_goes_on_at_the_limit() {
    let policy = policy(8 * 3600, None);
    let begun = at("2026-11-23T08:00:00Z");
    let hour = |h: i64| begun + TimeDelta::hours(h);
    let mut clock = DeadlineClock::start(begun, &policy, KIND);
    assert_eq!((clock.warn_at, clock.due_at), (hour(6), hour(8)));
    clock.pause(&policy, KIND, hour(2), hour(100));
    assert!(clock.is_paused(hour(99)) && !clock.is_paused(hour(100)));
    assert_eq!((clock.warn_at, clock.due_at), (hour(104), hour(106)), "it goes on at the limit by itself");
    assert_eq!(clock.clone().advance(&policy, KIND, hour(103)), []);
    clock.pause(&policy, KIND, hour(3), hour(200));
    clock.resume(&policy, KIND, hour(12));
    assert_eq!((clock.warn_at, clock.due_at), (hour(16), hour(18)), "ten hours later than without");
    clock.resume(&policy, KIND, hour(13));
    assert_eq!(
        steps(&clock, &policy),
        [(hour(16), Step::Warn), (hour(18), Step::Escalate(1)), (hour(19), Step::Escalate(2)),]
    );
}

#[test]
fn a_breach_is_not_undone_by_waiting_but_the_levels_to_come_wait() {
    let policy = policy(8 * 3600, None);
    let begun = at("2026-11-23T08:00:00Z");
    let hour = |h: i64| begun + TimeDelta::minutes(h * 60);
    let mut clock = DeadlineClock::start(begun, &policy, KIND);
    // Nobody has looked yet when the wait begins, half an hour after the breach.
    let half_past = hour(8) + TimeDelta::minutes(30);
    clock.pause(&policy, KIND, half_past, hour(20));
    assert_eq!(clock.due_at, hour(8));
    assert_eq!(clock.advance(&policy, KIND, hour(9)), [Step::Escalate(1)]);
    assert_eq!(clock.breached_at, Some(hour(8)));
    assert_eq!(clock.next_at(&policy, KIND), Some(hour(20) + TimeDelta::minutes(30)));
}

#[test]
fn another_policy_keeps_the_pauses_and_dates_no_breach_back() {
    let (old, stricter, longer) = (policy(48 * 3600, None), policy(8 * 3600, None), policy(96 * 3600, None));
    let begun = at("2026-11-23T08:00:00Z");
    let hour = |h: i64| begun + TimeDelta::hours(h);
    let mut clock = DeadlineClock::start(begun, &old, KIND);
    clock.pause(&old, KIND, hour(2), hour(50));
    clock.resume(&old, KIND, hour(12));

    let mut relaxed = clock.clone();
    relaxed.follow(&old, &longer, KIND, hour(20));
    assert_eq!((relaxed.warn_at, relaxed.due_at), (hour(72 + 10), hour(96 + 10)), "the ten hours of waiting stay");

    let mut early = clock.clone();
    early.follow(&old, &stricter, KIND, hour(13));
    assert_eq!((early.warn_at, early.due_at), (hour(6 + 10), hour(8 + 10)), "three hours were used up");

    let mut late = clock.clone();
    late.follow(&old, &stricter, KIND, hour(20));
    assert_eq!((late.warn_at, late.due_at), (hour(20), hour(22)), "the quarter after the warning is left");
    assert_eq!(late.clone().advance(&stricter, KIND, hour(20)), [Step::Warn]);

    clock.advance(&old, KIND, hour(58));
    assert_eq!((clock.breached_at, clock.level), (Some(hour(58)), 1));
    clock.follow(&old, &longer, KIND, hour(58));
    assert_eq!((clock.due_at, clock.breached_at), (hour(58), Some(hour(58))), "what is breached stays breached");
    assert_eq!(clock.next_at(&longer, KIND), Some(hour(59)));
}

#[test]
fn a_policy_that_changes_while_a_case_waits_keeps_the_wait() {
    let (old, new) = (policy(48 * 3600, None), policy(8 * 3600, Some(office())));
    let begun = at("2026-11-23T08:00:00Z"); // Monday 09:00 in Berlin
    let mut clock = DeadlineClock::start(begun, &old, KIND);
    clock.pause(&old, KIND, at("2026-11-23T10:00:00Z"), at("2026-11-27T08:00:00Z"));
    clock.follow(&old, &new, KIND, at("2026-11-24T09:00:00Z"));
    assert!(clock.is_paused(at("2026-11-26T00:00:00Z")));
    // Two of eight hours were used up when the wait began; the other six are worked on Friday from 09:00 on.
    assert_eq!(clock.due_at, at("2026-11-27T15:00:00Z"));
    clock.resume(&new, KIND, at("2026-11-24T10:30:00Z"));
    // Tuesday 11:30 to 17:00 are 4:30 h with the break taken out; Wednesday is a holiday.
    assert_eq!(clock.due_at, at("2026-11-26T09:30:00Z"));
}

#[test]
fn every_deadline_says_why_it_is_due_then() {
    let (id, begun) = (PolicyId::new("office").unwrap(), at("2026-11-24T13:00:00Z"));
    let policy = policy(8 * 3600, Some(office()));
    let mut clock = DeadlineClock::start(begun, &policy, KIND);
    clock.pause(&policy, KIND, at("2026-11-24T15:00:00Z"), at("2026-11-26T08:30:00Z"));
    assert_eq!(
        clock.explain(&policy, &id, KIND),
        "Closure is due on Thu 2026-11-26 16:30: 8 h of working time after Tue 2026-11-24 14:00, as policy `office` says. \
         Calendar `care` counts Mon-Fri 09:00-12:30 13:30-17:00 (Europe/Berlin), but not the holiday 2026-11-25. \
         The clock stands still from Tue 2026-11-24 16:00 to Thu 2026-11-26 09:30 while the case waits."
    );
    let policy = super::super::Policy { calendar: None, ..policy };
    let mut clock = DeadlineClock::start(begun, &policy, ClockKind::FirstContact);
    clock.started_at = None;
    assert_eq!(
        clock.explain(&policy, &id, ClockKind::FirstContact),
        "First contact is due on Tue 2026-11-24 21:00 UTC: 8 h after it began, as policy `office` says."
    );
}

/// What happens to a clock: (minute, minutes of waiting; none: it is resumed).
fn any_waits() -> impl Strategy<Value = Vec<(u16, Option<u16>)>> {
    let wait = (0u16..20_000, prop::option::weighted(0.6, 1u16..9_000));
    prop::collection::vec(wait, 0..6).prop_map(|mut waits| {
        waits.sort_unstable();
        waits
    })
}

/// How far the minute hand goes.
const MINUTES: u32 = 60 * 24 * 60;

/// When the minute hand has counted so much, with the same waits.
struct Hand {
    paused_until: u32,
    used: u32,
    reached: Vec<(u32, u32)>,
}

impl Hand {
    fn run(works: impl Fn(u32) -> bool, waits: &[(u16, Option<u16>)], wanted: &[u32]) -> Vec<Option<u32>> {
        let mut hand = Self { paused_until: 0, used: 0, reached: Vec::new() };
        for minute in 0..MINUTES {
            for (_, wait) in waits.iter().filter(|(when, _)| u32::from(*when) == minute) {
                match wait {
                    Some(length) if hand.paused_until <= minute => hand.paused_until = minute + u32::from(*length),
                    Some(_) => {}
                    None => hand.paused_until = hand.paused_until.min(minute),
                }
            }
            if hand.paused_until <= minute && works(minute) {
                hand.used += 1;
                hand.reached.push((hand.used, minute + 1));
            }
        }
        let when = |used: &u32| hand.reached.iter().find(|(n, _)| n == used).map(|(_, minute)| *minute);
        wanted.iter().map(when).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clock_with_pauses_is_due_when_a_minute_hand_says_so(
        (calendar, zone) in any_calendar(),
        wall in prop::bool::weighted(0.2),
        start in 0i32..(4 * 365 * 24 * 60),
        quarters in 1u32..500,
        waits in any_waits(),
    ) {
        let begun = at("2027-06-01T00:00:00Z") + MINUTE * start;
        let minute = |n: u32| begun + MINUTE * i32::try_from(n).unwrap();
        let policy = policy(quarters * 4 * 60, (!wall).then(|| calendar.clone()));
        let mut clock = DeadlineClock::start(begun, &policy, KIND);
        for (when, wait) in &waits {
            let now = minute(u32::from(*when));
            match wait {
                Some(length) => clock.pause(&policy, KIND, now, now + MINUTE * i32::from(*length)),
                None => clock.resume(&policy, KIND, now),
            }
        }
        let works = |n: u32| wall || worked(&calendar, &zone, minute(n));
        let hand = Hand::run(works, &waits, &[quarters * 3, quarters * 4, quarters * 4 + 60]);
        let horizon = minute(MINUTES);
        let check = |ours: DateTime<Utc>, theirs: Option<u32>| match theirs.map(minute) {
            Some(theirs) => ours == theirs,
            None => ours > horizon,
        };
        prop_assert!(check(clock.warn_at, hand[0]), "warning at {}, not {:?}", clock.warn_at, hand[0].map(minute));
        prop_assert!(check(clock.due_at, hand[1]), "due at {}, not {:?}", clock.due_at, hand[1].map(minute));
        let level = clock.reached_at(&policy, KIND, (quarters * 4 + 60) * 60);
        match (clock.pauses.last().map(|pause| pause.from), hand[2].map(minute)) {
            // What had been reached before the last pause is known to lie in the past, and no more.
            (Some(paused), Some(theirs)) if theirs <= paused => prop_assert!(level <= paused),
            (_, theirs) => prop_assert!(check(level, hand[2]), "level at {level}, not {theirs:?}"),
        }
    }
}
