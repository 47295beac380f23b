//! The 48-hour story: alert, warning, breach, escalation, each at its instant and once; and silence when work is done in time.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::{Received, World};
use serde_json::{Value, json};

/// What the chat was told since the last time it was asked: the headlines.
fn told(world: &World) -> Vec<String> {
    let headline = |r: &Received| r.json()["blocks"][0]["text"]["text"].as_str().unwrap_or_default().to_owned();
    let mut told: Vec<String> = world.chat.drain().iter().map(headline).collect();
    told.sort();
    told
}

/// Subjects of the mails since the last time, with their receiver.
fn mailed(world: &World) -> Vec<String> {
    let shown = |r: &Received| {
        let mail = r.json();
        format!("{}: {}", mail["to"][0].as_str().unwrap_or_default(), mail["subject"].as_str().unwrap_or_default())
    };
    let mut mailed: Vec<String> = world.mail.drain().iter().map(shown).collect();
    mailed.sort();
    mailed
}

/// Types of the events since the last time, with what they are about.
fn emitted(world: &World) -> Vec<String> {
    let shown = |r: &Received| {
        let event = r.json();
        format!("{} {}", event["type"].as_str().unwrap_or_default(), event["data"]["about"].as_str().unwrap_or("-"))
    };
    let mut emitted: Vec<String> = world.events.drain().iter().map(shown).collect();
    emitted.sort();
    emitted
}

/// Goes to an instant, has two ticks at once do what is due, and another one afterwards.
async fn at(world: &World, time: TimeDelta) {
    world.set_clock(World::beginning() + time).await;
    futures::join!(world.tick(), world.tick());
    world.tick().await;
}

const SECOND: TimeDelta = TimeDelta::seconds(1);

const fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

#[tokio::test]
async fn nobody_forgets_a_detractor_for_forty_eight_hours() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    at(&world, TimeDelta::zero()).await;
    assert_eq!(told(&world), ["Detractor 3/10 at checkout"]);
    assert_eq!(mailed(&world), ["care@example.com: Detractor 3/10 at checkout"]);

    let case = world.case(&id).await;
    let begun = World::beginning();
    for (clock, warn, due) in [("first_contact", 18, 24), ("closure", 36, 48)] {
        assert_eq!(case.instant(clock, "warn_at"), Some(begun + hours(warn)), "{clock}");
        assert_eq!(case.instant(clock, "due_at"), Some(begun + hours(due)), "{clock}");
    }

    let overdue = |clock: &str| format!("Overdue, {clock} missed: Detractor 3/10 at checkout");
    let left = |clock: &str, time: &str| format!("{time} left for {clock}: Detractor 3/10 at checkout");
    let (contact, closure) = ("first contact", "closure");
    // When; the chat; whom the mails go to; the signed events.
    let story: Vec<(i64, Vec<String>, &str, Vec<&str>)> = vec![
        (18, vec![left(contact, "6 h")], "care", vec![]),
        (24, vec![overdue(contact)], "lead", vec!["com.ringback.deadline.breached first contact, level 1"]),
        (36, vec![left(closure, "12 h")], "care", vec![]),
        (
            48,
            vec![overdue(closure), overdue(contact)],
            "lead",
            vec![
                "com.ringback.deadline.breached closure, level 1",
                "com.ringback.deadline.breached first contact, level 2",
            ],
        ),
        (72, vec![overdue(closure)], "lead", vec!["com.ringback.deadline.breached closure, level 2"]),
    ];
    for (hour, chat, whom, events) in story {
        at(&world, hours(hour) - SECOND).await;
        assert_eq!(told(&world), Vec::<String>::new(), "a second before {hour} h");
        at(&world, hours(hour)).await;
        assert_eq!(told(&world), chat, "{hour} h");
        let mails: Vec<String> = chat.iter().map(|headline| format!("{whom}@example.com: {headline}")).collect();
        assert_eq!(mailed(&world), mails, "{hour} h");
        assert_eq!(emitted(&world), events, "{hour} h");
    }
    at(&world, hours(24 * 30)).await;
    assert_eq!((told(&world), mailed(&world), emitted(&world)), (vec![], vec![], vec![]), "a month later");
    written_down(&world, &id).await;
}

/// The case says afterwards what happened when.
async fn written_down(world: &World, id: &str) {
    let (case, begun) = (world.case(id).await, World::beginning());
    for (clock, warned, breached, level) in [("first_contact", 18, 24, 2), ("closure", 36, 48, 2)] {
        assert_eq!(case.instant(clock, "warned_at"), Some(begun + hours(warned)), "{clock}");
        assert_eq!(case.instant(clock, "breached_at"), Some(begun + hours(breached)), "{clock}");
        assert_eq!(case.clock(clock)["level"], level, "{clock}");
        assert_eq!(case.clock(clock)["met_at"], Value::Null, "{clock}");
    }
    let history: Vec<(i64, String)> = case.json["history"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| {
            let hours = (ringback_tests::instant(&entry["at"]).expect("an instant") - begun).num_hours();
            (hours, format!("{} {}", entry["event"], entry["detail"]).replace('"', ""))
        })
        .collect();
    let expected = [
        (0, "opened rule detractor"),
        (18, "deadline.warning first contact"),
        (24, "deadline.breached first contact, level 1"),
        (36, "deadline.warning closure"),
        (48, "deadline.breached first contact, level 2"),
        (48, "deadline.breached closure, level 1"),
        (72, "deadline.breached closure, level 2"),
    ];
    assert_eq!(history, expected.map(|(hour, text)| (hour, text.to_owned())));
    assert_eq!(case.alerts("case.opened"), ["care-chat: delivered", "care-mail: delivered"]);
    assert_eq!(case.alerts("deadline.warning").len(), 4);
    assert_eq!(case.alerts("deadline.breached").len(), 12);
    assert!(case.nothing_pending());
}

#[tokio::test]
async fn work_done_in_time_is_not_escalated() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let _ = (told(&world), mailed(&world));
    let work = [
        (1, json!({ "type": "acknowledge", "note": "mine" })),
        (2, json!({ "type": "contact", "note": "called back", "channel": "email", "outcome": "reached" })),
        (20, json!({ "type": "resolve", "note": "found it", "root_cause": "carrier" })),
        (21, json!({ "type": "inform", "note": "told her", "channel": "email" })),
        (22, json!({ "type": "close", "note": "done" })),
    ];
    for (hour, event) in work {
        at(&world, hours(hour)).await;
        let _ = world.work(&id, &event).await.expect(200);
    }
    for hour in [18, 24, 36, 48, 72, 96] {
        at(&world, hours(hour)).await;
    }
    assert_eq!((told(&world), mailed(&world), emitted(&world)), (vec![], vec![], vec![]));
    let case = world.case(&id).await;
    assert_eq!(case.state(), "closed");
    for (clock, met) in [("first_contact", 2), ("closure", 22)] {
        assert_eq!(case.instant(clock, "met_at"), Some(World::beginning() + hours(met)), "{clock}");
        assert_eq!(
            (&case.clock(clock)["breached_at"], &case.clock(clock)["level"]),
            (&Value::Null, &json!(0)),
            "{clock}"
        );
    }
}

#[tokio::test]
async fn a_contact_stops_the_first_clock_and_not_the_second() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let _ = told(&world);
    let contact = json!({ "type": "contact", "note": "nobody home", "channel": "email", "outcome": "not_reached" });
    let _ = world.work(&id, &contact).await.expect(200);
    at(&world, hours(18)).await;
    assert_eq!(told(&world).len(), 1, "an attempt that reached nobody is no contact");
    let contact = json!({ "type": "contact", "note": "left a note", "channel": "email", "outcome": "message_left" });
    let _ = world.work(&id, &contact).await.expect(200);
    at(&world, hours(24)).await;
    assert_eq!(told(&world), Vec::<String>::new());
    at(&world, hours(36)).await;
    at(&world, hours(48)).await;
    assert_eq!(told(&world).len(), 2, "closure: a warning and a breach");
}

#[tokio::test]
async fn a_gold_customer_has_shorter_clocks_and_the_lead_hears_at_once() {
    let Some(world) = World::with_clock().await else { return };
    let gold = with(detractor(), &json!({ "customer": { "id": "C-1", "tier": "gold" } }));
    let id = world.take_and_alert(&gold).await;
    assert!(mailed(&world)[0].starts_with("lead@example.com"));
    assert_eq!(emitted(&world), ["com.ringback.case.opened -"]);
    let case = world.case(&id).await;
    assert_eq!(case.instant("first_contact", "due_at"), Some(World::beginning() + hours(4)));
    assert_eq!(case.instant("closure", "due_at"), Some(World::beginning() + hours(24)));
    let _ = told(&world);
    for (hour, alerts) in [(2, 0), (3, 1), (4, 1), (12, 1), (18, 1), (24, 1), (32, 1), (64, 0)] {
        at(&world, hours(hour)).await;
        assert_eq!(told(&world).len(), alerts, "{hour} h");
    }
}

#[tokio::test]
async fn after_an_outage_every_level_is_told_once_and_the_stale_warning_is_not() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&anonymous(0)).await;
    let _ = (told(&world), mailed(&world));
    at(&world, hours(24 * 10)).await;
    assert_eq!(told(&world).len(), 4, "two clocks, two levels each");
    assert_eq!(world.case(&id).await.alerts("deadline.warning"), Vec::<String>::new());
    at(&world, hours(24 * 11)).await;
    assert_eq!(told(&world), Vec::<String>::new());
}

#[tokio::test]
async fn a_hundred_cases_due_in_the_same_minute_are_all_told_once() {
    let Some(world) = World::with_clock().await else { return };
    let answer = anonymous(5);
    let ids = futures::future::join_all((0..100).map(|_| world.take(&answer))).await;
    world.sealed().await;
    for id in &ids {
        world.alerted(id).await;
    }
    assert_eq!((world.chat.count(), world.mail.count()), (100, 100));
    let _ = (told(&world), mailed(&world));
    for (hour, each) in [(18, 1), (24, 1), (36, 1), (48, 2), (72, 1), (96, 0)] {
        world.set_clock(World::beginning() + hours(hour)).await;
        futures::future::join_all((0..4).map(|_| world.tick())).await;
        ringback_tests::soon("everybody is told", || world.chat.count() >= 100 * each).await;
        world.tick().await;
        assert_eq!(told(&world).len(), 100 * each, "{hour} h");
    }
    for id in ids {
        assert_eq!(world.case(&id).await.clock("closure")["level"], 2);
    }
}
