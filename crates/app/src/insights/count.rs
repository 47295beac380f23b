//! What an answer and its case add to the projections: a pure function of the record as it stands.
//!
//! The ledger counts the difference whenever a record changes, so each projection is at any time the sum over all records,
//! and a recount gives the same. Everything counts where its answer came in (a case on the day it opened), so shares are of
//! one and the same set of answers. Nothing personal is counted; owners' names stand on the standing document alone.

use super::period::{Grain, doc};
use crate::dossier::Dossier;
use ringback_core::case::{Case, State};
use ringback_core::deadline::{ClockKind, DeadlineClock};
use ringback_core::feedback::Feedback;
use ringback_core::figures::Histogram;
use ringback_core::survey::Band;
use ringback_ledger::Count;

/// The document of how things stand now, whenever they came in.
pub(super) const STANDING: u32 = 99_999_999;
/// Longest root cause that is told apart, in characters.
const LONGEST_CAUSE: usize = 80;
/// Until when closing is quick, and from when it is slow, in seconds (48 h, 72 h).
const QUICK_S: u64 = 48 * 3_600;
const SLOW_S: u64 = 72 * 3_600;

/// Everything that a record adds.
pub(crate) fn counts(dossier: &Dossier) -> Vec<Count> {
    let feedback = &dossier.feedback;
    let mut all = Vec::new();
    let answered = [feedback.band.as_str().to_owned(), format!("s{}", feedback.score.get())];
    place(&mut all, feedback.received_at.date_naive(), &answer_row(feedback), answered);
    if let Some(case) = &dossier.case {
        let row = format!("{}|{}", answer_row(feedback), part(Some(case.queue.as_str())));
        place(&mut all, case.opened_at.date_naive(), &row, facts(case, feedback));
        let row = format!("{}|{}", part(Some(case.queue.as_str())), part(case.owner.as_deref()));
        let standing = standing(case).into_iter();
        all.extend(standing.map(|f| Count { day: STANDING, row: row.clone(), field: f.to_owned(), add: 1 }));
    }
    all
}

/// Adds fields to the documents of a day, its week and its month.
fn place(all: &mut Vec<Count>, day: chrono::NaiveDate, row: &str, fields: impl IntoIterator<Item = String>) {
    for field in fields {
        for grain in [Grain::Day, Grain::Week, Grain::Month] {
            all.push(Count { day: doc(grain, day), row: row.to_owned(), field: field.clone(), add: 1 });
        }
    }
}

fn part(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").replace('|', "/")
}

/// `survey|touchpoint|country|segment|metric`.
pub(super) fn answer_row(feedback: &Feedback) -> String {
    [
        part(Some(feedback.survey.as_str())),
        part(Some(feedback.touchpoint.as_str())),
        part(feedback.country.as_deref()),
        part(feedback.segment.as_deref()),
        feedback.metric.as_str().to_owned(),
    ]
    .join("|")
}

/// What is so of a case.
pub(super) fn facts(case: &Case, feedback: &Feedback) -> Vec<String> {
    let mut facts = Vec::new();
    let mut add = |fact: &str| facts.push(fact.to_owned());
    if case.state != State::New {
        add("worked");
    }
    if case.state == State::Merged {
        add("merged");
        return facts;
    }
    add("case");
    match case.state {
        State::Closed => add(closed_in(case)),
        _ if case.is_automated() => add("automated"),
        _ => add("open"),
    }
    if matches!(feedback.band, Band::Detractor | Band::Dissatisfied) {
        add("low");
        if !case.later.is_empty() {
            add("again");
        }
        if case.recovered_at.is_some() {
            add("won");
        }
    }
    if case.is_automated() {
        return facts;
    }
    for (kind, kept, missed) in [(ClockKind::FirstContact, "fk", "fm"), (ClockKind::Closure, "ck", "cm")] {
        if let Some(in_time) = in_time(case, kind) {
            add(if in_time { kept } else { missed });
        }
    }
    if let Some(at) = case.first_contact.met_at.filter(|_| was_reached(case)) {
        add(&format!("f{}", Histogram::bucket(seconds(case, at))));
    }
    if case.state == State::Closed {
        add(&format!("c{}", Histogram::bucket(case.ended().map_or(0, |at| seconds(case, at)))));
    }
    if let Some(cause) = &case.root_cause {
        add(&format!("why:{}", known_as(cause)));
    }
    facts
}

/// How long closing took: up to 48 hours, up to 72, or longer.
fn closed_in(case: &Case) -> &'static str {
    match case.ended().map_or(0, |at| seconds(case, at)) {
        after if after <= QUICK_S => "quick",
        after if after <= SLOW_S => "later",
        _ => "slow",
    }
}

fn seconds(case: &Case, at: chrono::DateTime<chrono::Utc>) -> u64 {
    u64::try_from((at - case.opened_at).num_seconds()).unwrap_or(0)
}

/// Whether a clock was met by its deadline, and so was every one that reopening has replaced; none while that is open.
fn in_time(case: &Case, kind: ClockKind) -> Option<bool> {
    if kind == ClockKind::Closure && case.closure_missed_at.is_some() {
        return Some(false);
    }
    let clock = case.clock(kind);
    match (clock.met_at, clock.breached_at) {
        (_, Some(_)) => Some(false),
        (Some(met), None) => Some(met <= clock.due_at),
        (None, None) => None,
    }
}

/// Whether the customer was told something. Closing a case stops its clock for the first contact, too; that is none.
fn was_reached(case: &Case) -> bool {
    let told = |detail: &Option<String>| detail.as_deref().is_some_and(|d| !d.contains("not reached"));
    case.history.iter().any(|h| h.event == "inform" || (h.event == "contact" && told(&h.detail)))
}

/// Root causes that differ in capitals and spaces alone are the same.
pub(crate) fn known_as(cause: &str) -> String {
    let words: Vec<&str> = cause.split_whitespace().collect();
    words.join(" ").to_lowercase().chars().take(LONGEST_CAUSE).collect()
}

/// How an open case weighs on whoever has it.
fn standing(case: &Case) -> Vec<&'static str> {
    if case.state.is_over() || case.is_automated() {
        return Vec::new();
    }
    let mut facts = vec!["open"];
    if case.state == State::New {
        facts.push("new");
    }
    let late = |clock: &DeadlineClock| clock.met_at.is_none() && clock.breached_at.is_some();
    if late(&case.first_contact) || late(&case.closure) {
        facts.push("late");
    }
    facts
}
