//! The proof after the chaos: what is there is what was acknowledged, once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::Value;

use super::Report;
use super::writer::{Facts, Posted};
use crate::cases::{Shown, instant};
use crate::receiver::Receiver;
use crate::variables::{ADMIN, AGENT};
use crate::wait::eventually;
use crate::world::World;

/// Answers by day, band and score.
type Figures = BTreeMap<(NaiveDate, String), u64>;

pub(super) async fn prove(world: &mut World, facts: &Facts, first_day: NaiveDate, report: &mut Report) {
    settled(world).await;
    let mut figures = Figures::new();
    for (key, posted) in &facts.posted {
        answer_is_there(world, key, posted, &mut figures).await;
    }
    assert_eq!(shown_figures(world, first_day).await, figures, "the figures equal a recount");
    // Everything falls due that ever will: two weeks, longer than any deadline and its escalations.
    let mut all_due = true;
    for days in [1, 2, 12] {
        all_due &= world.restart_later(TimeDelta::days(days)).await;
        settled(world).await;
    }
    // What was handed over when a process ended comes back with its own timer.
    for _ in 0..2 {
        world.restart_later(TimeDelta::minutes(10)).await;
        settled(world).await;
    }
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for posted in facts.posted.values() {
        case_is_whole(world, posted, all_due, report, &mut ids).await;
    }
    arrived(world, &ids, report).await;
    let ready = world.ready().await;
    assert_eq!(
        (&ready["lag"], &ready["dead_letters"]["count"], &ready["unsent_alerts"]["count"]),
        (&0.into(), &0.into(), &0.into()),
        "{ready}"
    );
    assert_eq!(
        ready["shards"].as_array().map(|s| s.iter().filter(|s| s["quarantined"] != 0).count()),
        Some(0),
        "{ready}"
    );
}

/// Everything is sealed, and nobody has sent anything for a while: a restart cuts no attempt off.
async fn settled(world: &World) {
    world.sealed().await;
    let heard = || world.chat.count() + world.mail.count() + world.events.count();
    for _ in 0..60 {
        let before = heard();
        tokio::time::sleep(Duration::from_secs(2)).await;
        if heard() == before {
            return;
        }
    }
}

/// Acknowledged feedback is there, as it was posted.
async fn answer_is_there(world: &World, key: &str, posted: &Posted, figures: &mut Figures) {
    let id = posted.id.as_deref().expect("acknowledged in the end");
    let stored = world.stored(id).await;
    let seen = (stored["comment"].as_str(), stored["score"].as_f64());
    assert_eq!(seen, (Some(key), Some(f64::from(posted.score))), "acknowledged as {id}");
    let day = instant(&stored["received_at"]).expect("an instant").date_naive();
    for field in [stored["band"].as_str().unwrap_or("?").to_owned(), posted.score.to_string()] {
        *figures.entry((day, field)).or_default() += 1;
    }
}

async fn shown_figures(world: &World, first_day: NaiveDate) -> Figures {
    let mut figures = Figures::new();
    let mut day = first_day;
    while day <= world.now().date_naive() {
        let shown = world.get(&format!("/v1/insights/scores?day={day}")).token(AGENT).send().await.expect(200).json();
        for row in shown["rows"].as_array().into_iter().flatten() {
            for (field, count) in ["bands", "scores"].iter().filter_map(|part| row[part].as_object()).flatten() {
                *figures.entry((day, field.clone())).or_default() += count.as_u64().unwrap_or(u64::MAX);
            }
        }
        day = day + Days::new(1);
    }
    figures
}

/// The case's history holds what was acknowledged, in order and once; what was not acknowledged at most once.
async fn case_is_whole(
    world: &World,
    posted: &Posted,
    all_due: bool,
    report: &mut Report,
    ids: &mut BTreeMap<&str, usize>,
) {
    let id = posted.id.as_deref().expect("acknowledged in the end");
    if posted.score > 6 {
        let none = world.get(&format!("/v1/cases/{id}")).token(AGENT).send().await;
        assert_eq!(none.status, 404, "a promoter opens no case");
        return;
    }
    eventually("every alert of the case is at an end", async || {
        let done = world.case(id).await.nothing_pending();
        if !done {
            world.tick().await;
        }
        done
    })
    .await;
    let case = world.case(id).await;
    report.cases += 1;
    let history = case.json["history"].as_array().cloned().unwrap_or_default();
    let mut expected = posted.notes.iter();
    for note in history.iter().filter_map(|entry| entry["note"].as_str()) {
        let found = expected.by_ref().find(|(sent, done)| {
            assert!(sent == note || !done, "{id}: {sent} was acknowledged and is not where it belongs: {history:?}");
            sent == note
        });
        assert!(found.is_some(), "{id}: {note} is there twice, or nobody sent it: {history:?}");
    }
    assert!(expected.all(|(_, done)| !done), "{id}: an acknowledged change is lost: {history:?}");
    assert_eq!(history.iter().filter(|entry| entry["event"] == "opened").count(), 1, "{id}: {history:?}");
    if all_due {
        escalated(id, &case, &history);
    }
    for alert in case.json["alerts"].as_array().into_iter().flatten() {
        assert_eq!(alert["state"], "delivered", "{id}: {alert}");
        report.deliveries += 1;
        report.escalations += usize::from(alert["event"] == "deadline.breached");
        let channel = match alert["channel"].as_str() {
            Some("care-chat") => "chat",
            Some("events") => "events",
            _ => "mail",
        };
        *ids.entry(channel).or_default() += 1;
    }
}

/// Both clocks have breached when they were due and escalated to the end, each step written down once.
fn escalated(id: &str, case: &Shown, history: &[Value]) {
    let mut steps = 0;
    for clock in ["first_contact", "closure"] {
        assert!(case.instant(clock, "due_at").is_some(), "{id}: {clock}");
        assert_eq!(case.instant(clock, "breached_at"), case.instant(clock, "due_at"), "{id}: {clock}");
        assert_eq!(case.clock(clock)["level"], 2, "{id}: {clock}");
        steps += 2;
    }
    let breached: Vec<&str> = history
        .iter()
        .filter(|entry| entry["event"] == "deadline.breached")
        .filter_map(|entry| entry["detail"].as_str())
        .collect();
    let distinct: BTreeSet<&&str> = breached.iter().collect();
    assert_eq!((breached.len(), distinct.len()), (steps, steps), "{id}: {breached:?}");
    let alerted: BTreeSet<&str> = case.json["alerts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|alert| alert["event"] == "deadline.breached")
        .filter_map(|alert| alert["occasion"].as_str())
        .collect();
    assert_eq!(alerted.len(), steps, "{id}: {alerted:?}");
}

/// Whatever a case says was delivered has arrived, under a name of its own; repeats have the same name.
async fn arrived(world: &World, expected: &BTreeMap<&str, usize>, report: &mut Report) {
    let names = |receiver: &Receiver, header: &str| {
        let taken = receiver.taken();
        taken.iter().map(|received| received.header(header).to_owned()).collect::<BTreeSet<_>>().len()
    };
    let count = |name: &str| expected.get(name).copied().unwrap_or(0);
    assert_eq!(names(&world.mail, "idempotency-key"), count("mail"), "mails");
    assert_eq!(names(&world.events, "webhook-id"), count("events"), "events");
    assert!(world.chat.count() >= count("chat"), "{} of {} chat messages", world.chat.count(), count("chat"));
    report.arrived = world.mail.count() + world.events.count() + world.chat.count();
    let letters = world.get("/v1/dead-letters").token(ADMIN).send().await.expect(200).json();
    assert_eq!(letters["dead_letters"].as_array().map(Vec::len), Some(0), "{letters}");
}
