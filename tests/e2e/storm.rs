//! Many at once: copies of one answer make one case and one alert a channel, and different answers do not get in each
//! other's way.

use crate::answers::{detractor, with};
use ringback_tests::{World, location_id, soon};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const COPIES: usize = 100;

async fn storm(world: &World, post: impl AsyncFn() -> String) -> String {
    let copies = futures::future::join_all((0..COPIES).map(|_| post())).await;
    let distinct: BTreeSet<&String> = copies.iter().collect();
    assert_eq!(distinct.len(), 1, "all copies get the same answer");
    world.sealed().await;
    copies[0].clone()
}

async fn one_case_one_alert(world: &World, id: &str) {
    world.alerted(id).await;
    for _ in 0..3 {
        world.tick().await;
    }
    assert_eq!((world.chat.received().len(), world.mail.received().len()), (1, 1));
    let case = world.case(id).await;
    assert_eq!(case.happened(), ["opened"]);
    assert_eq!(case.alerts("case.opened"), ["care-chat: delivered", "care-mail: delivered"]);
}

#[tokio::test]
async fn a_hundred_copies_of_one_response_are_one_case_and_one_alert() {
    let world = World::start().await;
    let answer = with(detractor(), &json!({ "response_id": "r-1" }));
    let id = storm(&world, async || world.take(&answer).await).await;
    one_case_one_alert(&world, &id).await;
}

#[tokio::test]
async fn a_hundred_copies_under_one_key_are_one_case_and_one_alert() {
    let world = World::start().await;
    let answer = detractor();
    let post = async || location_id(&world.feedback(&answer).header("idempotency-key", "k-1").send().await);
    let id = storm(&world, post).await;
    one_case_one_alert(&world, &id).await;
}

#[tokio::test]
async fn a_hundred_updates_of_one_response_at_once_leave_one_whole_answer() {
    let world = World::start().await;
    let post = |n: usize| json!({ "survey": "checkout-nps", "score": n % 7, "response_id": "r-2", "comment": format!("take {n}") });
    let answers: Vec<Value> = (0..COPIES).map(post).collect();
    let ids = futures::future::join_all(answers.iter().map(|answer| world.take(answer))).await;
    world.sealed().await;
    let stored = world.stored(&ids[0]).await;
    let one_of_them =
        answers.iter().any(|a| a["comment"] == stored["comment"] && a["score"].as_f64() == stored["score"].as_f64());
    assert!(one_of_them, "score and comment are from one post: {stored}");
    soon("the alert", || world.chat.count() >= 1).await;
    world.tick().await;
    assert_eq!(world.chat.received().len(), 1);
    let happened = world.case(&ids[0]).await.happened();
    assert_eq!(happened.iter().filter(|event| *event == "opened").count(), 1);
}

#[tokio::test]
async fn different_answers_at_once_are_all_taken_and_all_alerted_once() {
    let world = World::start().await;
    let answers: Vec<Value> =
        (0..COPIES).map(|n| with(detractor(), &json!({ "response_id": format!("r-{n}") }))).collect();
    let ids = futures::future::join_all(answers.iter().map(|answer| world.take(answer))).await;
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), COPIES);
    world.sealed().await;
    soon("all alerts", || world.chat.count() >= COPIES && world.mail.count() >= COPIES).await;
    world.tick().await;
    assert_eq!((world.chat.received().len(), world.mail.received().len()), (COPIES, COPIES));
    for id in &ids {
        let case = world.case(id).await;
        // They are one customer's: what came later is known in what came before.
        let opened = case.happened().iter().filter(|event| *event == "opened").count();
        assert_eq!((opened, case.alerts("case.opened").len()), (1, 2), "{:?}", case.happened());
    }
}
