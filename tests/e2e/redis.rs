//! The main job on Redis, whose swaps always report failure and whose get-many does not work. (`RINGBACK_STORE=redis` runs
//! every other scenario on it, too.)

use crate::answers::{detractor, with};
use ringback_tests::{Options, World, soon};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn a_detractor_is_alerted_worked_and_closed_on_redis() {
    let world = World::with(Options { redis: true, ..Options::default() }).await;
    assert_eq!(world.ready().await["store"], "redis");
    let said = json!({
        "response_id": "r-1",
        "customer": { "email": "ada@example.com" },
        "consent": [{ "channel": "phone", "purpose": "follow_up", "granted": true }],
    });
    let answer = with(detractor(), &said);
    let id = world.take_and_alert(&answer).await;
    soon("the alert", || world.chat.count() == 1 && world.mail.count() == 1).await;
    for event in [
        json!({ "type": "contact", "channel": "phone", "outcome": "reached", "note": "Spoke with her." }),
        json!({ "type": "resolve", "root_cause": "late parcel", "note": "Sent a new one." }),
        json!({ "type": "inform", "channel": "phone", "note": "Told her." }),
        json!({ "type": "close", "note": "Done." }),
    ] {
        let _ = world.work(&id, &event).await.expect(200);
    }
    let case = world.case(&id).await;
    assert_eq!(case.state(), "closed");
    assert_eq!(case.happened(), ["opened", "contact", "resolve", "inform", "close"]);
}

#[tokio::test]
async fn copies_of_one_answer_are_one_case_on_redis() {
    let world = World::with(Options { redis: true, ..Options::default() }).await;
    let answer = with(detractor(), &json!({ "response_id": "r-2" }));
    let copies = futures::future::join_all((0..30).map(|_| world.take(&answer))).await;
    let distinct: BTreeSet<&String> = copies.iter().collect();
    assert_eq!(distinct.len(), 1);
    world.sealed().await;
    world.alerted(&copies[0]).await;
    world.tick().await;
    assert_eq!((world.chat.count(), world.mail.count()), (1, 1));
    assert_eq!(world.case(&copies[0]).await.happened(), ["opened"]);
}
