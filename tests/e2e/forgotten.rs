//! Nothing of an erased person is left anywhere: not in the raw file of the store, and not in a log.

use crate::answers::{detractor, with};
use chrono::TimeDelta;
use ringback_tests::{ADMIN, Reply, World, eventually, soon};
use serde_json::json;

/// Names that occur nowhere else.
const NAME: &str = "Xanthippe Quorlak";
const EMAIL: &str = "xanthippe.quorlak@forgotten.example";
const COMMENT: &str = "The zwiebelfisch was upside down";
const NOTE: &str = "Spoke to her about the gallimaufry";
const REMEDY: &str = "Sent a replacement flumadiddle";

#[tokio::test]
async fn nothing_of_an_erased_person_is_in_the_raw_file_or_in_a_log() {
    let Some(world) = World::with_clock().await else { return };
    let customer = json!({ "id": "C-QUORLAK-77", "name": NAME, "email": EMAIL, "phone": "+49 30 5550199" });
    let all = json!([{ "channel": "email", "purpose": "follow_up", "granted": true }, { "channel": "email", "purpose": "survey", "granted": true }]);
    let answer =
        with(detractor(), &json!({ "response_id": "q", "customer": customer, "comment": COMMENT, "consent": all }));
    let id = world.take_and_seal(&answer).await;
    // Updated, worked, written to, told of twice, and with an alert and a message that do not arrive.
    let _ = world
        .feedback(&with(answer.clone(), &json!({ "comment": format!("{COMMENT}, twice") })))
        .send()
        .await
        .expect(202);
    world.tick().await;
    eventually("the update is there", async || {
        world.case(&id).await.happened().contains(&"feedback.updated".to_owned())
    })
    .await;
    world.attempted(&id).await;
    let step = async |event: serde_json::Value| world.work(&id, &event).await;
    let _ = step(json!({ "type": "acknowledge", "note": NOTE })).await.expect(200);
    let _ =
        step(json!({ "type": "resolve", "note": NOTE, "root_cause": "carrier", "remedy": REMEDY })).await.expect(200);
    world.mail.always(Reply::status(503));
    let inform = json!({ "type": "inform", "note": NOTE, "channel": "email", "message": { "template": "result", "text": NOTE } });
    let _ = step(inform).await.expect(200);
    soon("an attempt", || world.mail.received().iter().any(|m| m.text().contains(EMAIL))).await;
    world.attempted(&id).await;
    assert_eq!(world.case(&id).await.messages(), ["pending"], "it is queued, and says what it says");
    let second = world.take_and_seal(&with(answer, &json!({ "response_id": "q2", "score": 10 }))).await;
    assert!(!world.found_in_file(&[COMMENT]).is_empty(), "the search finds what is there");

    let erased =
        world.post("/v1/erasures").token(ADMIN).json(&json!({ "customer": customer })).send().await.expect(202);
    assert!(!erased.text().contains("uorlak"), "{}", erased.text());
    for _ in 0..4 {
        world.pass(TimeDelta::minutes(20)).await;
    }
    world.mail.recover();
    world.pass(TimeDelta::days(4)).await;
    let after = world.mail.received().len();
    for id in [&id, &second] {
        let left = world.get(&format!("/v1/feedback/{id}")).token(ADMIN).send().await.text();
        assert!(!left.contains(EMAIL) && !left.contains(COMMENT), "{left}");
    }
    world.pass(TimeDelta::days(61)).await;
    assert_eq!(world.mail.received().iter().skip(after).filter(|m| m.text().contains("uorlak")).count(), 0);

    let planted =
        [NAME, "Quorlak", EMAIL, "quorlak", "zwiebelfisch", "gallimaufry", "flumadiddle", "5550199", "QUORLAK-77"];
    assert_eq!(world.found_in_file(&planted), Vec::<&str>::new());
    let log = world.log();
    for word in planted {
        assert!(!log.contains(word), "the log holds {word}");
    }
    // Counts stay.
    let scores = world.get("/v1/insights/scores?day=2026-11-22").token(ADMIN).send().await.expect(200).text();
    assert!(scores.contains("checkout-nps"), "{scores}");
}
