//! Second scores: a later answer of the same customer is known in the earlier case; and asking again after closing.

use crate::answers::{detractor, with};
use chrono::TimeDelta;
use ringback_tests::{AGENT, Options, Shown, World, eventually, instant};
use serde_json::{Value, json};

/// Waits until the answer has been carried to the earlier case.
async fn answered_again(world: &World, earlier: &str, times: usize) -> Shown {
    eventually("the earlier case knows", async || {
        world.tick().await;
        world.case(earlier).await.json["later"].as_array().map(Vec::len) == Some(times)
    })
    .await;
    world.case(earlier).await
}

fn promoter() -> Value {
    with(detractor(), &json!({ "score": 10, "comment": "You made it right." }))
}

#[tokio::test]
async fn a_detractor_who_comes_back_as_a_promoter_is_recovered() {
    let world = World::start().await;
    let first = world.take_and_seal(&detractor()).await;
    let _ = world.take_and_seal(&with(detractor(), &json!({ "customer": { "id": "C-9" }, "score": 10 }))).await;
    let second = world.take_and_seal(&promoter()).await;
    let case = answered_again(&world, &first, 1).await;
    let later = &case.json["later"][0];
    assert_eq!((&later["id"], &later["score"], &later["band"]), (&json!(second), &json!(10), &json!("promoter")));
    assert!(case.json["recovered_at"].is_string());
    assert_eq!(case.happened(), ["opened", "answered.again", "recovered"]);
    assert!(case.entry("answered.again").is_some_and(|entry| entry["detail"] == "promoter, score 10 after 3"));
    for _ in 0..3 {
        world.tick().await;
    }
    assert_eq!(world.case(&first).await.etag, case.etag, "it is written down once");
}

#[tokio::test]
async fn a_third_answer_belongs_to_the_latest_case_and_no_recovery_is_made_up() {
    let world = World::start().await;
    let first = world.take_and_seal(&detractor()).await;
    let second = world.take_and_seal(&with(detractor(), &json!({ "score": 5 }))).await;
    let case = answered_again(&world, &first, 1).await;
    assert_eq!((&case.json["recovered_at"], &case.json["later"][0]["band"]), (&Value::Null, &json!("detractor")));
    eventually("it knows where it comes from", async || world.case(&second).await.json["earlier"] == json!(first))
        .await;
    let third = world.take_and_seal(&with(detractor(), &json!({ "score": 9 }))).await;
    let case = answered_again(&world, &second, 1).await;
    assert_eq!((&case.json["later"][0]["id"], case.json["recovered_at"].is_string()), (&json!(third), true));
    assert_eq!(world.case(&first).await.json["later"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_corrected_second_score_corrects_what_the_case_says() {
    let world = World::start().await;
    let first = world.take_and_seal(&detractor()).await;
    let answer = with(promoter(), &json!({ "response_id": "again", "score": 8 }));
    let _ = world.take_and_seal(&answer).await;
    let case = answered_again(&world, &first, 1).await;
    assert_eq!(case.json["recovered_at"], Value::Null);
    let _ = world.take_and_seal(&with(answer, &json!({ "score": 9 }))).await;
    eventually("it is corrected", async || {
        world.tick().await;
        world.case(&first).await.json["recovered_at"].is_string()
    })
    .await;
    assert_eq!(world.case(&first).await.json["later"][0]["score"], 9);
}

#[tokio::test]
async fn the_link_is_made_after_a_crash_before_it() {
    let Some(mut world) = World::with_clock_and(Options::default()).await else { return };
    let first = world.take_and_seal(&detractor()).await;
    let _ = world.take(&promoter()).await;
    // Whatever of it was done, nothing is lost: sealing and the errand are repeated from what is stored.
    world.crash_and_restart().await;
    world.outlive_the_dead().await;
    world.sealed().await;
    world.pass(TimeDelta::minutes(3)).await;
    let case = answered_again(&world, &first, 1).await;
    assert_eq!(case.happened().iter().filter(|what| *what == "answered.again").count(), 1);
}

async fn close(world: &World, id: &str) {
    for event in [
        json!({ "type": "acknowledge", "note": "n" }),
        json!({ "type": "resolve", "note": "n", "root_cause": "late" }),
        json!({ "type": "inform", "note": "n", "channel": "email" }),
        json!({ "type": "close", "note": "n" }),
    ] {
        let _ = world.work(id, &event).await.expect(200);
    }
}

#[tokio::test]
async fn a_month_after_closing_the_customer_is_to_be_asked_again() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    close(&world, &id).await;
    let due = World::beginning() + TimeDelta::days(30);
    assert_eq!(instant(&world.case(&id).await.json["survey_due_at"]), Some(due));
    let _ = world.events.drain();
    world.at(TimeDelta::days(30) - TimeDelta::minutes(1)).await;
    assert_eq!(world.events.count(), 0);
    for _ in 0..3 {
        world.at(TimeDelta::days(30)).await;
        world.alerted(&id).await;
    }
    let events = world.events.drain();
    let types: Vec<String> = events.iter().map(|e| e.json()["type"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(types, ["com.ringback.survey.due"]);
    let case = world.case(&id).await;
    assert_eq!((&case.json["survey_due_at"], case.state()), (&Value::Null, "closed"));
    assert!(case.happened().contains(&"survey.due".to_owned()), "{:?}", case.happened());
}

#[tokio::test]
async fn who_has_answered_again_is_not_asked_again() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    close(&world, &id).await;
    world.pass(TimeDelta::days(3)).await;
    let _ = world.take_and_seal(&promoter()).await;
    let case = answered_again(&world, &id, 1).await;
    assert_eq!(case.json["survey_due_at"], Value::Null);
    let _ = world.events.drain();
    world.at(TimeDelta::days(31)).await;
    world.tick().await;
    assert_eq!(world.events.count(), 0);
    let page = world.get(&format!("/v1/cases/{id}")).token(AGENT).send().await.expect(200);
    assert_eq!(page.json()["state"], "closed");
}
