//! What the demo prints. Reads the application's answers; decides nothing.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::observe::{Outcome, alerts};
use super::story::Story;
use crate::terminal::{Paint, paint};
use crate::up::Running;

/// The first lines.
pub fn opening(running: &Running, count: usize) {
    say!(
        "{count} answers to {}; alerts are read from {}\n",
        running.application,
        running.inbox.as_deref().unwrap_or("the cases alone (your own receivers are set)")
    );
}

/// One answer and what it did.
pub fn answer(number: usize, story: &Story, outcome: &Outcome) {
    let score = format!("{} of {}", story.score, story.best);
    let head = format!("{number:>3}  {score:<8}  {:<14}  {:<6}  {:<24}", story.survey, story.place, story.who);
    say!("{}  {}", paint(Paint::Strong, head), band(outcome));
    if let Some(shows) = story.shows {
        line("shows", &paint(Paint::Dim, shows));
    }
    if let Some(problem) = &outcome.problem {
        line("refused", &paint(Paint::Bad, problem));
    }
    if outcome.case.is_object() {
        case(outcome);
    } else if outcome.problem.is_none() {
        line("case", "none");
    }
    line("answered", &paint(Paint::Dim, format!("{} in {:.1} ms", outcome.status, outcome.answered_ms)));
    say!();
}

fn case(outcome: &Outcome) {
    let case = &outcome.case;
    let text = |name: &str| case[name].as_str().unwrap_or("?");
    let known = if outcome.case_known { paint(Paint::Dim, "  the one of before") } else { String::new() };
    line(
        "case",
        &format!(
            "{} priority, queue {}, track {}, rule {}{known}",
            priority(text("priority")),
            text("queue"),
            text("track"),
            text("rule")
        ),
    );
    line("", &paint(Paint::Dim, format!("/v1/cases/{}", outcome.id)));
    line("deadline", &format!("first contact by {}, closure by {}", due(case, "first_contact"), due(case, "closure")));
    line("consent", &consent(case));
    if alerts(case).is_empty() {
        line("alert", "none");
        return;
    }
    let states: Vec<String> = alerts(case)
        .iter()
        .map(|alert| format!("{} {}", alert["channel"].as_str().unwrap_or("?"), state(alert)))
        .collect();
    let after = outcome
        .alert_ms
        .map(|ms| format!("  {}", paint(Paint::Strong, format!("{ms} ms after the POST"))))
        .unwrap_or_default();
    line("alert", &format!("{}{after}", states.join(", ")));
    for text in outcome.chat_text.iter().flat_map(|text| text.lines()) {
        say!("               {} {text}", paint(Paint::Dim, "│"));
    }
}

fn line(label: &str, text: &str) {
    say!("     {}  {text}", paint(Paint::Dim, format!("{label:<8}")));
}

fn band(outcome: &Outcome) -> String {
    let feedback = if outcome.case["feedback"].is_object() { &outcome.case["feedback"] } else { &outcome.feedback };
    let band = feedback["band"].as_str().unwrap_or_default();
    let colour = match band {
        "detractor" | "dissatisfied" | "low" => Paint::Bad,
        "promoter" | "satisfied" | "high" => Paint::Good,
        _ => Paint::Warn,
    };
    paint(colour, band)
}

fn priority(priority: &str) -> String {
    match priority {
        "critical" => paint(Paint::Bad, priority),
        "high" => paint(Paint::Warn, priority),
        _ => priority.to_owned(),
    }
}

/// `Sun 09:30 UTC (24 h)`: when, and how long after the case was opened.
fn due(case: &Value, clock: &str) -> String {
    let time = |value: &Value| {
        value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|time| time.with_timezone(&Utc))
    };
    let received = time(&case["feedback"]["received_at"]).or_else(|| time(&case["opened_at"]));
    match (time(&case["deadlines"][clock]["due_at"]), received) {
        (Some(due), Some(received)) => format!("{} ({} h)", due.format("%a %H:%M UTC"), (due - received).num_hours()),
        (Some(due), None) => due.format("%a %H:%M UTC").to_string(),
        (None, _) => "none".to_owned(),
    }
}

/// `email yes; phone no (unknown)`, for the follow-up only.
fn consent(case: &Value) -> String {
    let contacts = case["contact"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let follow_up =
        contacts.iter().filter(|contact| contact["purpose"].as_str().is_none_or(|purpose| purpose == "follow_up"));
    let words: Vec<String> = follow_up
        .map(|contact| {
            let channel = contact["channel"].as_str().unwrap_or("?");
            if contact["allowed"] == true {
                paint(Paint::Good, format!("{channel} yes"))
            } else {
                format!("{channel} no ({})", contact["reason"].as_str().unwrap_or("unknown"))
            }
        })
        .collect();
    if words.is_empty() { "not asked".to_owned() } else { words.join(", ") }
}

fn state(alert: &Value) -> String {
    let state = alert["state"].as_str().unwrap_or("?");
    match state {
        "delivered" => paint(Paint::Good, state),
        "pending" => paint(Paint::Warn, format!("{state} ({} attempts)", alert["attempts"])),
        _ => paint(Paint::Bad, format!("{state}: {}", alert["last_error"].as_str().unwrap_or_default())),
    }
}

/// Figures over all answers.
#[derive(Default)]
pub struct Summary {
    answers: usize,
    refused: usize,
    cases: usize,
    repeats: usize,
    alerts: usize,
    undelivered: usize,
    answered_ms: Vec<f64>,
    alert_ms: Vec<f64>,
}

impl Summary {
    /// Counts an answer.
    pub fn add(&mut self, outcome: &Outcome) {
        self.answers += 1;
        self.refused += usize::from(outcome.problem.is_some());
        self.answered_ms.push(outcome.answered_ms);
        if outcome.case_known {
            self.repeats += 1;
            return;
        }
        self.cases += usize::from(outcome.case.is_object());
        let delivered = alerts(&outcome.case).iter().filter(|alert| alert["state"] == "delivered").count();
        self.alerts += delivered;
        self.undelivered += alerts(&outcome.case).len() - delivered;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a demo fit")]
        self.alert_ms.extend(outcome.alert_ms.map(|ms| ms as f64));
    }

    /// Whether every answer was taken and every alert arrived.
    pub fn as_hoped(&self) -> bool {
        self.refused == 0 && self.undelivered == 0
    }
}

/// The last lines.
pub fn closing(summary: &Summary, running: &Running) {
    let Summary { answers, refused, cases, repeats, alerts, undelivered, .. } = summary;
    say!(
        "{}",
        paint(
            Paint::Strong,
            format!(
                "{answers} answers: {cases} cases opened, {repeats} came to a case that was there, {refused} refused"
            )
        )
    );
    say!("alerts    {alerts} delivered, {undelivered} not; first one {}", spread(&summary.alert_ms, "after the POST"));
    say!("answered  {}", spread(&summary.answered_ms, ""));
    if let Some(inbox) = &running.inbox {
        say!("inbox     {inbox}");
    }
}

/// `median 12 ms, slowest 40 ms …`
fn spread(figures: &[f64], of: &str) -> String {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len() / 2), sorted.last()) {
        (Some(median), Some(slowest)) => {
            format!("median {median:.1} ms, slowest {slowest:.1} ms {of}").trim_end().to_owned()
        }
        _ => "not measured".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deadline_names_the_hour_and_the_time_left() {
        let case = json!({"opened_at": "2026-11-22T09:30:05Z", "feedback": {"received_at": "2026-11-22T09:30:00Z"}, "deadlines": {"closure": {"due_at": "2026-11-24T09:30:00Z"}}});
        assert_eq!(due(&case, "closure"), "Tue 09:30 UTC (48 h)");
        assert_eq!(due(&case, "first_contact"), "none");
    }

    #[test]
    fn consent_names_each_channel() {
        let case = json!({"contact": [{"channel": "email", "purpose": "follow_up", "allowed": true}, {"channel": "phone", "purpose": "follow_up", "allowed": false, "reason": "refused"}, {"channel": "sms", "purpose": "marketing", "allowed": true}]});
        assert_eq!(consent(&case), "email yes, phone no (refused)");
    }

    #[test]
    fn an_undelivered_alert_is_not_as_hoped() {
        let outcome = |state: &str| Outcome {
            status: 202,
            case: json!({"alerts": [{"channel": "care-chat", "state": state}]}),
            ..Outcome::default()
        };
        let mut summary = Summary::default();
        summary.add(&outcome("delivered"));
        assert!(summary.as_hoped());
        summary.add(&outcome("pending"));
        assert!(!summary.as_hoped());
    }
}
