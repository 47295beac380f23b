//! `kill -9` at any moment: what was acknowledged is there, once, with its alert and its deadline.

use crate::answers::detractor;
use chrono::TimeDelta;
use ringback_tests::chaos::{self, Plan};
use ringback_tests::{Options, World, eventually, soon};
use serde_json::json;

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
async fn kills_at_random_lose_nothing_and_double_nothing() {
    chaos::run(Plan::of(4, false)).await;
}

#[tokio::test]
async fn kills_at_random_lose_nothing_and_double_nothing_on_redis() {
    chaos::run(Plan::of(2, true)).await;
}
