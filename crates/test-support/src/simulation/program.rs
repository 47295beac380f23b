//! The application of the simulation: events that are alerted, deadlines that escalate, changes.
//!
//! Every effect leaves a trace that can be checked afterwards: counts are kept a row an event, and
//! texts name the event and the variant that brought them.

use ringback_ledger::{Count, Draft, PersonNote, Plan, Program, Record, Step, Timer};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Seconds from an event to its first escalation, and from one level to the next.
pub const DEADLINE: u64 = 300;
/// Seconds after which a job that was handed over is handed over again, unless it was confirmed.
pub const RETRY: u64 = 120;
/// Levels of escalation.
pub const LEVELS: u8 = 2;

/// An event and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Personal data: the text that came with the event.
    pub text: String,
    /// Personal data: the texts of updates.
    pub updates: Vec<String>,
    /// Changes that left a note.
    pub notes: Vec<String>,
    /// The change that closed it.
    pub closed: Option<String>,
    /// The level it was escalated to.
    pub level: u8,
    /// Jobs whose hand-over was confirmed.
    pub confirmed: Vec<String>,
    /// Timers that changes set, and whether they came.
    pub snoozes: Vec<(String, bool)>,
}

/// The text of a variant of an event.
pub fn text(eid: &str, variant: u32) -> String {
    format!("text-{eid}-{variant}.")
}

/// Under which field the merging of a text is counted; without the text itself, which is personal.
pub fn merged(text: &str) -> String {
    text.replace("text", "merged")
}

/// The day on which something is counted: ten minutes make a day.
pub fn day(now: u64) -> u32 {
    (now / 600) as u32
}

/// A count of one in the row of an event.
pub fn one(now: u64, eid: &str, field: &str) -> Count {
    Count { day: day(now), row: eid.to_owned(), field: field.to_owned(), add: 1 }
}

fn timer(due: u64, job: &str) -> Timer {
    Timer { due, job: job.to_owned() }
}

/// An event of a person.
pub fn draft(eid: &str, variant: u32, person: &str, now: u64) -> Draft<Body> {
    let text = text(eid, variant);
    let note = json!({ "by": format!("{eid}/{variant}"), "said": text });
    Draft {
        eid: eid.to_owned(),
        fingerprint: format!("fp{variant:06}"),
        at: now,
        people: vec![PersonNote { ph: person.to_owned(), note: Some(note) }],
        plan: Plan {
            timers: vec![timer(now + RETRY, "alert"), timer(now + DEADLINE, "deadline 1")],
            counts: vec![one(now, eid, "sealed")],
            now: vec!["alert".to_owned()],
            again: None,
        },
        body: Body { text, ..Body::default() },
    }
}

/// The rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules;

impl Program for Rules {
    type Body = Body;

    fn merge(&self, record: &Record<Body>, update: Body, now: u64) -> Step<Body> {
        let mut body = record.body.clone();
        let count = one(now, &record.eid, &merged(&update.text));
        body.updates.push(update.text);
        Step { body, timers: Vec::new(), now: Vec::new(), counts: vec![count] }
    }

    /// Criteria are how an id begins.
    fn concerns(&self, record: &Record<Body>, criteria: &serde_json::Value) -> bool {
        criteria.as_str().is_some_and(|start| record.eid.starts_with(start))
    }

    fn redact(&self, body: &mut Body) {
        body.text.clear();
        body.updates.clear();
    }

    fn fire(&self, record: &Record<Body>, job: &str, now: u64) -> Option<Step<Body>> {
        let mut body = record.body.clone();
        let confirmed = body.confirmed.iter().any(|c| c == job);
        match job.split_once(' ') {
            Some(("deadline", level)) => {
                let level: u8 = level.parse().ok()?;
                if body.closed.is_some() || body.level >= level {
                    return None;
                }
                body.level = level;
                let escalate = format!("escalate {level}");
                let mut timers = vec![timer(now + RETRY, &escalate)];
                if level < LEVELS {
                    timers.push(timer(now + DEADLINE, &format!("deadline {}", level + 1)));
                }
                let counts = vec![one(now, &record.eid, &escalate)];
                Some(Step { body, timers, now: vec![escalate], counts })
            }
            Some(("snooze", name)) => {
                let snooze = body.snoozes.iter_mut().find(|(n, done)| n == name && !done)?;
                snooze.1 = true;
                Some(Step { body, timers: Vec::new(), now: Vec::new(), counts: Vec::new() })
            }
            _ if confirmed => None,
            _ => Some(Step {
                body,
                timers: vec![timer(now + RETRY, job)],
                now: vec![job.to_owned()],
                counts: Vec::new(),
            }),
        }
    }

    fn marks(&self, eid: &str, body: &Body, _: u8) -> Vec<String> {
        let state = if body.closed.is_some() { "closed" } else { "open" };
        let level = body.level;
        vec![format!("all|{eid}"), format!("{state}|{eid}"), format!("{level}|{}|{eid}", body.notes.len())]
    }

    fn undelivered(&self, body: &Body) -> Vec<String> {
        undelivered(body)
    }

    fn expires(&self, record: &Record<Body>, _now: u64) -> Option<u64> {
        record.body.closed.as_ref().map(|_| record.at)
    }
}

/// What is undelivered: every other change that left a note, until something is closed.
pub fn undelivered(body: &Body) -> Vec<String> {
    let odd = |name: &&String| name.ends_with(['1', '3', '5', '7', '9']);
    match body.closed {
        Some(_) => Vec::new(),
        None => body.notes.iter().filter(odd).map(|name| format!("letter {name}")).collect(),
    }
}

/// A change that leaves a note.
pub fn note(record: &Record<Body>, name: &str) -> Step<Body> {
    let mut body = record.body.clone();
    body.notes.push(name.to_owned());
    Step { body, timers: Vec::new(), now: Vec::new(), counts: Vec::new() }
}

/// A change that closes, and is counted.
pub fn close(record: &Record<Body>, name: &str, now: u64) -> Option<Step<Body>> {
    let mut body = record.body.clone();
    if body.closed.is_some() {
        return None;
    }
    body.closed = Some(name.to_owned());
    let counts = vec![one(now, &record.eid, &format!("closed {name}"))];
    Some(Step { body, timers: Vec::new(), now: Vec::new(), counts })
}

/// A change that sets a timer.
pub fn snooze(record: &Record<Body>, name: &str, due: u64) -> Step<Body> {
    let mut body = record.body.clone();
    body.snoozes.push((name.to_owned(), false));
    let timers = vec![timer(due, &format!("snooze {name}"))];
    Step { body, timers, now: Vec::new(), counts: Vec::new() }
}

/// Confirms that a job was done.
pub fn confirm(record: &Record<Body>, job: &str) -> Option<Step<Body>> {
    let mut body = record.body.clone();
    if body.confirmed.iter().any(|c| c == job) {
        return None;
    }
    body.confirmed.push(job.to_owned());
    Some(Step { body, timers: Vec::new(), now: Vec::new(), counts: Vec::new() })
}
