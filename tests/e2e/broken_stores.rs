//! Stores that are damaged, full, or not what the programme says: said with the key or with what to change, and the rest
//! goes on.

use crate::answers::{anonymous, with};
use chrono::TimeDelta;
use ringback_tests::{ADMIN, Answer, Options, World, instead, location_id};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_foreign_value_is_reported_with_its_key_and_the_rest_goes_on() {
    for key in ["k:00:000000000002", "b:00:29923410", "d:00", "n:00"] {
        let Some(world) = World::with_clock().await else { return };
        if world.store() != "sqlite" {
            return;
        }
        let id = world.take_and_alert(&anonymous(1)).await;
        let other = world.take_and_alert(&anonymous(2)).await;
        let due = world.case(&id).await.instant("closure", "due_at").expect("an instant");
        world.plant(key, b"{\"not\":\"ours\"}");
        // (That minute holds both cases' next timers: the first warning, after 18 hours.) 48 hours later both are due; the damaged one, if it is a record, is left out.
        world.set_clock(due + TimeDelta::minutes(3)).await;
        world.tick().await;
        world.pass(TimeDelta::minutes(2)).await;
        world.alerted(&id).await;
        assert_eq!(world.case(&id).await.instant("closure", "breached_at"), Some(due), "{key}");
        let seen = world.get(&format!("/v1/cases/{other}")).token(ADMIN).send().await;
        assert_eq!(seen.status, if key.starts_with("k:") { 503 } else { 200 }, "{key}");
        let posted = world.feedback(&anonymous(3)).send().await;
        assert_eq!(posted.status, if key == "n:00" { 503 } else { 202 }, "{key}: {}", posted.text());
        let reported = world.get("/readyz").token(ADMIN).send().await.expect(200).json();
        let keys = reported["shards"][0]["quarantined_keys"].clone();
        let said = keys.as_array().is_some_and(|keys| keys.contains(&json!(key))) || world.log().contains(key);
        assert!(said, "{key}: {reported}\n{}", world.log());
        assert!(world.ready().await["shards"][0]["quarantined_keys"].is_null(), "a stranger is not told which");
    }
}

#[tokio::test]
async fn a_full_disk_gives_503_and_loses_nothing_that_was_acknowledged() {
    let options = Options { store_limit: Some(400 * 1024), ..Options::default() };
    let Some(mut world) = World::with_clock_and(options).await else { return };
    if world.store() != "sqlite" {
        return;
    }
    let long = "x".repeat(4_000);
    let answer =
        |n: usize| with(anonymous(10), &json!({ "response_id": format!("r-{n}"), "comment": format!("{n} {long}") }));
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for n in 0..200 {
        let told: Answer = world.feedback(&answer(n)).send().await;
        match told.status {
            202 => taken.push((n, location_id(&told))),
            503 => {
                assert_eq!(told.problem(), "unavailable");
                assert!(told.header("retry-after").parse::<u32>().is_ok());
                refused.push(n);
            }
            other => panic!("{other}: {}", told.text()),
        }
    }
    assert!(taken.len() > 20 && refused.len() > 20, "{} taken, {} refused", taken.len(), refused.len());
    let _ = world.post("/v1/tick").token(ADMIN).send().await;
    for (n, id) in &taken {
        assert_eq!(world.stored(id).await["comment"].as_str().map(|c| c.starts_with(&format!("{n} "))), Some(true));
    }
    world.make_room().await;
    world.pass_asleep(TimeDelta::minutes(2)).await;
    for n in &refused {
        taken.push((*n, world.take(&answer(*n)).await));
    }
    world.pass_asleep(TimeDelta::minutes(2)).await;
    world.sealed().await;
    let distinct: BTreeSet<&String> = taken.iter().map(|(_, id)| id).collect();
    assert_eq!(distinct.len(), 200);
    let mut counted = 0;
    for row in world.get("/v1/insights/scores?day=2026-11-22").token(ADMIN).send().await.json()["rows"]
        .as_array()
        .expect("rows")
    {
        counted += row["answers"].as_u64().unwrap_or(0);
    }
    assert_eq!(counted, 200, "each once");
}

#[tokio::test]
async fn several_shards_on_sqlite_are_refused_with_what_to_set() {
    let options =
        Options { programme: Some(|text| instead(&text, &[("shards = 1", "shards = 4")])), ..Options::default() };
    let Some(world) = World::with_clock_and(options).await else { return };
    if world.store() != "sqlite" {
        return;
    }
    let refused = world.feedback(&anonymous(1)).send().await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"));
    assert!(world.log().contains("set shards = 1"), "{}", world.log());
}

#[tokio::test]
async fn several_shards_work_side_by_side_on_redis() {
    let options = Options {
        redis: true,
        programme: Some(|text| instead(&text, &[("shards = 1", "shards = 5")])),
        ..Options::default()
    };
    let world = World::with(options).await;
    let post = |n: usize| with(anonymous([2, 10][n % 2]), &json!({ "response_id": format!("r-{n}") }));
    let answers: Vec<Value> = (0..60).map(post).collect();
    let ids = futures::future::join_all(answers.iter().map(|answer| world.take(answer))).await;
    world.sealed().await;
    let ready = world.ready().await;
    let shards = ready["shards"].as_array().expect("shards");
    assert_eq!((shards.len(), &ready["lag"]), (5, &json!(0)));
    assert!(shards.iter().all(|shard| shard["sealed"].as_u64().is_some_and(|n| n > 0)), "{ready}");
    for id in ids.iter().step_by(2) {
        world.alerted(id).await;
        assert_eq!(world.case(id).await.happened(), ["opened"]);
    }
    let again = futures::future::join_all(answers.iter().map(|answer| world.take(answer))).await;
    assert_eq!(again, ids);
    world.sealed().await;
    let day = world.now().date_naive();
    let mut counted = 0;
    let scores = world.get(&format!("/v1/insights/scores?day={day}")).token(ADMIN).send().await.expect(200).json();
    for row in scores["rows"].as_array().expect("rows") {
        counted += row["answers"].as_u64().unwrap_or(0);
    }
    assert_eq!((counted, world.mail.count()), (60, 30), "all shards add up, and each alert left once");
}
