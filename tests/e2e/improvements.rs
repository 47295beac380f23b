//! The outer loop through real HTTP: what many report is planned as an improvement, done, and told to those who reported it.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::{AGENT, EXECUTIVE, LEAD, Reply, World, eventually, soon};
use serde_json::{Value, json};

const CAUSE: &str = "broken in transit";

/// Solves a case, whose root cause it was.
async fn solve(world: &World, id: &str) {
    let _ = world.work(id, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
    let resolve = json!({ "type": "resolve", "note": "found", "root_cause": "Broken in transit" });
    let _ = world.work(id, &resolve).await.expect(200);
}

fn mails(world: &World, to: &str) -> Vec<Value> {
    world.mail.received().iter().map(ringback_tests::Received::json).filter(|mail| mail["to"][0] == to).collect()
}

#[tokio::test]
async fn who_reported_it_is_told_what_was_changed_if_they_allow_it() {
    let Some(world) = World::with_clock().await else { return };
    let ada = world.take_and_seal(&with(detractor(), &json!({ "locale": "de-DE" }))).await;
    let refuses = json!({
        "customer": { "email": "grace@example.com" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": false }],
    });
    let grace = world.take_and_seal(&with(detractor(), &refuses)).await;
    let unknown = world.take_and_seal(&anonymous(1)).await;
    for id in [&ada, &grace, &unknown] {
        solve(&world, id).await;
    }
    let plan = json!({ "title": "Sturdier boxes", "root_cause": CAUSE, "owner": "Packing", "due": "2027-01-31" });
    let planned = world.post("/v1/improvements").token(LEAD).json(&plan).send().await.expect(201);
    let place = planned.header("location").to_owned();
    let id = planned.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(place, format!("/v1/improvements/{id}"));
    eventually("all three speak for it", async || {
        let shown = world.get(&place).token(AGENT).send().await.expect(200).json();
        shown["effect"]["before"]["cases"] == 3
    })
    .await;

    let tell = async |body: Value| world.post(&format!("{place}/tell")).token(EXECUTIVE).json(&body).send().await;
    assert_eq!(tell(json!({ "text": "New boxes." })).await.problem(), "not-done");
    let finish = json!({ "type": "finish", "note": "In use since Monday" });
    let events = || world.post(&format!("{place}/events")).token(LEAD).json(&finish);
    assert_eq!(events().send().await.status, 428);
    world.pass(TimeDelta::days(1)).await;
    let done = events().header("if-match", planned.header("etag")).send().await.expect(200);
    assert_eq!((&done.json()["state"], done.header("etag")), (&json!("done"), "\"2\""));

    let told = tell(json!({ "text": "New boxes.", "texts": { "de": "Neue <Kartons>." } })).await.expect(200).json();
    assert_eq!((&told["told"], &told["cases"], &told["more"]), (&json!(2), &json!(3), &json!(false)), "{told}");
    let changed = |mail: &Value| mail["subject"] == "Sie haben es gesagt, wir haben es geändert";
    soon("the mail", || mails(&world, "ada@example.com").iter().any(changed)).await;
    let mail = mails(&world, "ada@example.com").into_iter().find(changed).expect("the mail");
    assert!(mail["text"].as_str().is_some_and(|text| text.contains("Neue <Kartons>.")), "{mail}");
    assert!(
        mail["html"].as_str().is_some_and(|html| html.contains("Kartons") && !html.contains("<Kartons>")),
        "{mail}"
    );
    eventually("her no holds", async || {
        let case = world.case(&grace).await;
        case.json["messages"]
            .as_array()
            .is_some_and(|all| all.iter().any(|m| m["kind"] == "changed" && m["state"] == "blocked"))
    })
    .await;
    assert!(mails(&world, "grace@example.com").is_empty());
    assert_eq!(tell(json!({})).await.expect(200).json()["told"], 0);
    let list = world.get("/v1/improvements").token(AGENT).send().await.expect(200).json();
    assert_eq!((&list["improvements"][0]["state"], &list["improvements"][0]["id"]), (&json!("done"), &json!(id)));
}

/// What is planned is not lost when the host dies, and what was begun is told by whoever comes after.
#[tokio::test]
async fn what_was_begun_survives_a_crash() {
    let Some(mut world) = World::with_clock().await else { return };
    let id = world.take_and_seal(&detractor()).await;
    solve(&world, &id).await;
    let plan = json!({ "title": "Sturdier boxes", "root_cause": CAUSE, "owner": "Packing", "due": "2027-01-31" });
    let planned = world.post("/v1/improvements").token(LEAD).json(&plan).send().await.expect(201);
    let place = planned.header("location").to_owned();
    world.pass(TimeDelta::days(1)).await;
    let finish = world.post(&format!("{place}/events")).token(LEAD).header("if-match", planned.header("etag"));
    let _ = finish.json(&json!({ "type": "finish", "note": "Done" })).send().await.expect(200);
    world.mail.always(Reply::status(503));
    let told = world.post(&format!("{place}/tell")).token(LEAD).json(&json!({ "text": "New boxes." })).send().await;
    assert_eq!(told.expect(200).json()["told"], 1);
    world.stop_and_restart().await;
    world.mail.recover();
    world.pass(TimeDelta::minutes(10)).await;
    soon("the mail", || {
        mails(&world, "ada@example.com").iter().any(|mail| mail["subject"] == "You said it, we changed it")
    })
    .await;
    let shown = world.get(&place).token(AGENT).send().await.expect(200).json();
    assert_eq!((&shown["state"], &shown["told"]["messages"]), (&json!("done"), &json!(1)));
}
