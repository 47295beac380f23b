//! A detractor's alert leaves within a second of the answer, without a ticker and without anybody's tick.
//!
//! Measured in real time, with the machine to itself.

use std::time::{Duration, Instant};

use crate::answers::anonymous;
use ringback_tests::{Options, Reply, World, soon};
use serde_json::json;

const WITHIN: Duration = Duration::from_secs(1);

async fn world() -> World {
    World::with(Options { alone: true, ..Options::default() }).await
}

/// Posts a detractor's answer and returns how long after the 202 its alert had reached the chat.
async fn time_to_alert(world: &World, marker: &str) -> Duration {
    let mut answer = anonymous(1);
    answer["comment"] = json!(marker);
    let _ = world.take(&answer).await;
    let answered = Instant::now();
    let arrival = || world.chat.received().iter().find(|r| r.text().contains(marker)).map(|r| r.arrived);
    soon("the alert", || arrival().is_some()).await;
    arrival().map_or(Duration::MAX, |at| at.saturating_duration_since(answered))
}

#[tokio::test]
async fn an_alert_arrives_within_a_second_without_a_tick() {
    let world = world().await;
    let mut times = Vec::new();
    for round in 0..10 {
        times.push(time_to_alert(&world, &format!("round {round}.")).await);
    }
    // A pause that lets every instance go: the next alert starts from cold.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    times.push(time_to_alert(&world, "after a pause").await);
    assert!(times.iter().all(|time| *time < WITHIN), "{times:?}");
}

#[tokio::test]
async fn a_receiver_that_hangs_does_not_hold_up_the_next_alert() {
    let world = world().await;
    world.chat.behave(|r| r.text().contains("slow one").then(|| Reply::status(200).after(Duration::from_secs(5))));
    for round in 0..3 {
        let slow = time_to_alert(&world, &format!("slow one {round}")).await;
        let fast = time_to_alert(&world, &format!("fast one {round}")).await;
        assert!(slow < WITHIN && fast < WITHIN, "round {round}: {slow:?}, then {fast:?} beside it");
    }
}

#[tokio::test]
async fn a_burst_leaves_no_alert_behind() {
    let world = world().await;
    let answers: Vec<_> = (0..40).map(|_| anonymous(2)).collect();
    futures::future::join_all(answers.iter().map(|answer| world.take(answer))).await;
    let answered = Instant::now();
    soon("every alert", || world.chat.count() == answers.len()).await;
    let last = world.chat.received().iter().map(|r| r.arrived).max().expect("alerts");
    let time = last.saturating_duration_since(answered);
    assert!(time < WITHIN, "the last of {} alerts took {time:?}", answers.len());
}

#[tokio::test]
async fn no_wake_up_is_lost_in_a_tick_that_is_just_ending() {
    let world = world().await;
    let mut told = 0;
    for round in 0..60 {
        // The second and third answer come in some phase or other of the tick that the first one woke. Nobody comes after
        // them: had the last one's wake-up been lost, its alert would wait for ever.
        for _ in 0..3 {
            let _ = world.take(&anonymous(3)).await;
            tokio::time::sleep(Duration::from_micros(fastrand::u64(0..25_000))).await;
        }
        let answered = Instant::now();
        told += 3;
        soon("every alert", || world.chat.count() >= told).await;
        assert!(answered.elapsed() < WITHIN, "round {round}: {:?}", answered.elapsed());
    }
    assert_eq!(world.chat.received().len(), told);
}
