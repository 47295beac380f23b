//! `kill -9` at any moment: what was acknowledged is there, once, with its alert and its deadline.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::answers::{anonymous, detractor};
use chrono::TimeDelta;
use ringback_tests::{AGENT, INTAKE, Options, World, eventually, soon};
use serde_json::{Value, json};

async fn world(closed: bool) -> World {
    World::with(Options { process: true, closed, ..Options::default() }).await
}

#[tokio::test]
async fn a_kill_between_the_answer_and_its_alert_loses_neither_alert_nor_deadline() {
    let mut world = world(true).await;
    let id = world.take(&detractor()).await;
    world.kill();
    if !world.restart_later(TimeDelta::minutes(2)).await {
        return;
    }
    let stored = world.stored(&id).await;
    assert_eq!((&stored["score"], &stored["comment"]), (&json!(3), &json!("Parcel was opened.")));
    world.open_receivers();
    // Whatever had happened before the kill: sealed or not, tried or not, the next attempts are due within minutes.
    for _ in 0..4 {
        world.sealed().await;
        assert!(world.restart_later(TimeDelta::minutes(8)).await);
        world.tick().await;
    }
    soon("the alerts", || world.chat.count() == 1 && world.mail.count() == 1).await;
    let world_now = &world;
    eventually("they are written down", async || world_now.case(&id).await.nothing_pending()).await;
    assert_eq!(world.case(&id).await.alerts("case.opened"), ["care-chat: delivered", "care-mail: delivered"]);

    assert!(world.restart_later(TimeDelta::hours(48)).await);
    world.tick().await;
    let case = world.case(&id).await;
    for clock in ["first_contact", "closure"] {
        assert_eq!(case.instant(clock, "breached_at"), case.instant(clock, "due_at"), "{clock}");
        assert!(case.instant(clock, "due_at").is_some(), "{clock}");
    }
    let breaches = |text: String| text.contains("Overdue");
    soon("the escalations", || world.chat.taken().iter().filter(|r| breaches(r.text())).count() == 3).await;
}

#[tokio::test]
async fn concurrent_writers_and_repeated_kills_lose_nothing_and_double_nothing() {
    const ROUNDS: usize = 4;
    const WRITERS: usize = 6;
    let mut world = world(false).await;
    let first_day = world.now().date_naive();
    // What was posted, by its key; with the id when it was acknowledged.
    let mut posted: BTreeMap<String, Option<String>> = BTreeMap::new();
    for round in 0..ROUNDS {
        let lifetime = Duration::from_millis(fastrand::u64(50..600));
        for (key, id) in write_until_killed(&world, round, WRITERS, lifetime).await {
            posted.insert(key, id);
        }
        world.crash_and_restart().await;
    }
    let acknowledged = posted.values().flatten().count();
    assert!(acknowledged >= ROUNDS, "the writers got somewhere: {acknowledged}");
    world.outlive_the_dead().await;
    world.tick().await;
    for (key, id) in &posted {
        let Some(id) = id else { continue };
        let stored = world.stored(id).await;
        assert_eq!(stored["comment"], json!(key), "acknowledged as {id}");
        assert_eq!(world.case(id).await.happened()[..1], ["opened"]);
    }
    // Everybody sends again what they are not sure of, and for good measure what they are.
    for (key, id) in &posted {
        let repeated = world.feedback(&answer(key)).header("idempotency-key", key).send().await;
        let now = ringback_tests::location_id(&repeated);
        assert!(id.as_ref().is_none_or(|id| *id == now), "{key} was {id:?} and is {now}");
    }
    // One more, so that a slot which the last kill left empty has something behind it and is given up.
    let last = world.take(&answer("the last one")).await;
    posted.insert("the last one".to_owned(), Some(last));
    world.outlive_the_dead().await;
    world.sealed().await;
    let mut counted = 0;
    for day in [first_day, world.now().date_naive()].into_iter().collect::<std::collections::BTreeSet<_>>() {
        let scores = world.get(&format!("/v1/insights/scores?day={day}")).token(AGENT).send().await.expect(200).json();
        let rows = scores["rows"].as_array().cloned().unwrap_or_default();
        counted += rows.iter().filter_map(|row| row["answers"].as_u64()).sum::<u64>();
    }
    assert_eq!(counted, posted.len() as u64, "the day's figures count each answer once");
}

fn answer(key: &str) -> Value {
    let mut answer = anonymous(4);
    answer["comment"] = json!(key);
    answer
}

/// Writers post as fast as they can until the host is killed under them. Keys with the id they were acknowledged with.
async fn write_until_killed(
    world: &World,
    round: usize,
    writers: usize,
    lifetime: Duration,
) -> Vec<(String, Option<String>)> {
    let dead = AtomicBool::new(false);
    let calls = |writer: usize| {
        let dead = &dead;
        async move {
            let mut posted = Vec::new();
            for number in 0.. {
                let key = format!("round-{round}-writer-{writer}-{number}");
                let call = world.post("/v1/feedback").token(INTAKE).header("idempotency-key", key.as_str());
                let answered = call.json(&answer(&key)).try_send().await;
                let id = answered.filter(|a| a.status == 202).map(|a| ringback_tests::location_id(&a));
                let failed = id.is_none();
                posted.push((key, id));
                if failed || dead.load(Ordering::Relaxed) {
                    break;
                }
            }
            posted
        }
    };
    let killer = async {
        tokio::time::sleep(lifetime).await;
        world.kill();
        dead.store(true, Ordering::Relaxed);
    };
    let (posted, ()) = futures::join!(futures::future::join_all((0..writers).map(calls)), killer);
    posted.into_iter().flatten().collect()
}
