//! Dead letters: what was given up is listed, looked at and sent again; and what `GET /readyz` says of all that.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::{ADMIN, AGENT, Answer, LEAD, Options, Reply, World};
use serde_json::{Value, json};

async fn page(world: &World, query: &str) -> Value {
    world.get(&format!("/v1/dead-letters{query}")).token(LEAD).send().await.expect(200).json()
}

fn list(page: &Value) -> Vec<Value> {
    page["dead_letters"].as_array().cloned().expect("a list")
}

async fn replay(world: &World, id: &str) -> Answer {
    world.post(&format!("/v1/dead-letters/{id}/replay")).token(ADMIN).send().await
}

/// An answer whose chat alert the receiver refuses for good.
async fn refused(world: &World, response: usize) -> String {
    let answer = with(anonymous(1), &json!({ "response_id": format!("dead-{response}") }));
    let id = world.take_and_seal(&answer).await;
    world.alerted(&id).await;
    id
}

#[tokio::test]
async fn what_was_given_up_is_listed_looked_at_and_sent_again_once() {
    let world = World::start().await;
    assert_eq!(list(&page(&world, "").await), Vec::<Value>::new());
    world.chat.always(Reply::status(422));
    let id = refused(&world, 0).await;

    let letters = list(&page(&world, "").await);
    assert_eq!(letters.len(), 1, "{letters:?}");
    let letter = &letters[0];
    assert_eq!(
        (&letter["case"], &letter["event"], &letter["channel"], &letter["state"], &letter["attempts"]),
        (&json!(id), &json!("case.opened"), &json!("care-chat"), &json!("failed"), &json!(1))
    );
    assert!(letter["last_error"].as_str().is_some_and(|why| why.contains("422")), "{letter}");
    let name = letter["id"].as_str().expect("an id").to_owned();
    let one = world.get(&format!("/v1/dead-letters/{name}")).token(ADMIN).send().await.expect(200).json();
    assert_eq!(one, *letter);
    assert_eq!(world.ready().await["dead_letters"], json!({ "count": 1, "more": false }));

    // Refused again: the same letter. Then taken.
    let _ = replay(&world, &name).await.expect(202);
    world.alerted(&id).await;
    assert_eq!(list(&page(&world, "").await)[0]["id"], json!(name));
    world.chat.recover();
    let _ = replay(&world, &name).await.expect(202);
    world.alerted(&id).await;
    assert_eq!(world.case(&id).await.alerts("case.opened"), ["care-chat: delivered", "care-mail: delivered"]);
    assert_eq!(list(&page(&world, "").await), Vec::<Value>::new());
    assert_eq!(replay(&world, &name).await.status, 404, "what has arrived is no dead letter");
    assert_eq!(world.ready().await["dead_letters"]["count"], 0);
    assert_eq!((world.chat.received().len(), world.mail.received().len()), (3, 1));
    let replays = world.case(&id).await.happened().iter().filter(|e| *e == "delivery.replayed").count();
    assert_eq!(replays, 2, "the case says who sent it again");
}

#[tokio::test]
async fn what_need_not_arrive_any_more_is_put_away_and_the_case_says_by_whom() {
    let world = World::start().await;
    world.chat.always(Reply::status(422));
    let id = refused(&world, 0).await;
    let name = list(&page(&world, "").await)[0]["id"].as_str().expect("an id").to_owned();
    let discard = async |name: &str| world.post(&format!("/v1/dead-letters/{name}/discard")).token(LEAD).send().await;
    let _ = discard(&name).await.expect(204);
    assert_eq!(list(&page(&world, "").await), Vec::<Value>::new());
    assert_eq!(world.ready().await["dead_letters"], json!({ "count": 0, "more": false }));
    assert_eq!((discard(&name).await.status, replay(&world, &name).await.status), (404, 404), "it is none any more");
    let case = world.case(&id).await;
    assert_eq!(case.alerts("case.opened"), ["care-chat: discarded", "care-mail: delivered"]);
    assert!(case.happened().contains(&"delivery.discarded".to_owned()), "{:?}", case.happened());
    assert_eq!(world.chat.received().len(), 1, "nothing is sent");
}

#[tokio::test]
async fn only_who_leads_may_and_what_is_not_understood_is_refused() {
    let world = World::start().await;
    for (path, post) in [
        ("/v1/dead-letters", false),
        ("/v1/dead-letters/0-1", false),
        ("/v1/dead-letters/0-1/replay", true),
        ("/v1/dead-letters/0-1/discard", true),
    ] {
        let call = || if post { world.post(path) } else { world.get(path) };
        assert_eq!(call().send().await.status, 401, "{path}");
        assert_eq!(call().token(AGENT).send().await.status, 403, "{path}");
    }
    for query in ["?state=lost", "?limit=0", "?limit=51", "?limit=x", "?cursor=7", "?cursor=a-b", "?other=1"] {
        let answer = world.get(&format!("/v1/dead-letters{query}")).token(ADMIN).send().await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid-query"), "{query}");
    }
    for id in ["0-1", "9-1", "0-0", "nonsense", "0-18446744073709551616"] {
        let answer = world.get(&format!("/v1/dead-letters/{id}")).token(ADMIN).send().await;
        assert_eq!(answer.status, 404, "{id}");
        assert_eq!(replay(&world, id).await.status, 404, "{id}");
    }
    assert_eq!(world.post("/v1/dead-letters").token(ADMIN).send().await.status, 405);
}

#[tokio::test]
async fn pages_follow_each_other_while_letters_come_and_go() {
    let world = World::start().await;
    world.chat.always(Reply::status(422));
    let mut cases = Vec::new();
    for number in 0..7 {
        cases.push(refused(&world, number).await);
    }
    let first = page(&world, "?limit=3").await;
    let mut seen: Vec<String> = list(&first).iter().map(|l| l["case"].as_str().expect("a case").to_owned()).collect();
    // One that was shown is settled, and one more comes: the next pages are what they were, and end with the new one.
    world.chat.recover();
    let _ = replay(&world, list(&first)[0]["id"].as_str().expect("an id")).await.expect(202);
    world.alerted(&cases[0]).await;
    world.chat.always(Reply::status(422));
    cases.push(refused(&world, 7).await);
    let mut next = first["next"].clone();
    while let Some(cursor) = next.as_str() {
        let later = page(&world, &format!("?limit=3&cursor={cursor}")).await;
        seen.extend(list(&later).iter().map(|l| l["case"].as_str().expect("a case").to_owned()));
        next = later["next"].clone();
    }
    assert_eq!(seen, cases, "the oldest first, each once");
    assert_eq!(list(&page(&world, "").await).len(), 7);
}

#[tokio::test]
async fn readiness_names_what_is_still_tried_and_for_how_long() {
    let Some(world) = World::with_clock_and(Options { closed: true, ..Options::default() }).await else { return };
    let ready = world.ready().await;
    assert_eq!(ready["unsent_alerts"]["oldest_seconds"], Value::Null);
    assert_eq!((&ready["store"], &ready["lag"]), (&json!(world.store()), &json!(0)));
    assert!(ready["probe"].as_str().is_some_and(|signs| signs.contains("counters")), "{ready}");
    let id = world.take_and_seal(&anonymous(1)).await;
    world.attempted(&id).await;
    world.pass(TimeDelta::minutes(10)).await;
    let unsent = &world.ready().await["unsent_alerts"];
    assert_eq!((&unsent["count"], &unsent["oldest_seconds"]), (&json!(2), &json!(600)), "{unsent}");
    let pending = list(&page(&world, "?state=pending").await);
    assert_eq!((pending.len(), list(&page(&world, "").await).len()), (2, 0));
    let name = pending[0]["id"].as_str().expect("an id");
    assert_eq!((replay(&world, name).await.status, replay(&world, name).await.problem().as_str()), (409, "not-dead"));
    world.open_receivers();
    world.pass(TimeDelta::hours(1)).await;
    world.alerted(&id).await;
    assert_eq!(world.ready().await["unsent_alerts"]["count"], 0);
}

#[tokio::test]
async fn a_slot_that_nobody_wrote_is_no_lag() {
    use ringback_host::{Effect, Fault, StoreOperation, StoreOperationKind};
    let Some(world) = World::with_clock().await else { return };
    let _ = world.take_and_seal(&anonymous(10)).await;
    let intakes = |o: &StoreOperation| o.component == "score-intake" && o.kind == StoreOperationKind::SetMany;
    world.faults().add(Fault::store(Effect::FailBefore("gone".to_owned()), intakes));
    assert_eq!(world.feedback(&anonymous(2)).send().await.status, 503);
    world.faults().clear();
    let shard = world.ready().await["shards"][0].clone();
    assert_eq!((&shard["head"], &shard["sealed"], &shard["lag"]), (&json!(2), &json!(1), &json!(0)), "{shard}");
    assert_eq!(world.ready().await["lag"], 0);
}

#[tokio::test]
async fn a_message_that_was_given_up_passes_the_gate_again() {
    let world = World::start().await;
    let id = world.take_and_alert(&detractor()).await;
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier" }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    world.mail.always(Reply::status(400));
    let inform =
        json!({ "type": "inform", "note": "telling", "channel": "email", "message": { "subject": "s", "text": "t" } });
    let _ = world.work(&id, &inform).await.expect(200);
    world.alerted(&id).await;
    let letters = list(&page(&world, "").await);
    assert_eq!((letters.len(), &letters[0]["to_customer"]), (1, &json!(true)));
    let withdrawn = json!({ "customer": { "email": "ada@example.com" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": false }] });
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let _ = world.post("/v1/consents").token(AGENT).json(&withdrawn).send().await.expect(204);
    world.mail.recover();
    let before = world.mail.received().len();
    let _ = replay(&world, letters[0]["id"].as_str().expect("an id")).await.expect(202);
    world.alerted(&id).await;
    assert_eq!((world.case(&id).await.messages(), world.mail.received().len()), (vec!["blocked".to_owned()], before));
    assert_eq!(list(&page(&world, "").await), Vec::<Value>::new(), "what may not be sent is no dead letter");
}
