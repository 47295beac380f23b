//! Working a case: versions, transitions, the mandatory note, and the message that tells the customer.

use crate::answers::{detractor, with};
use chrono::TimeDelta;
use ringback_tests::{AGENT, RESEND_KEY, World};
use serde_json::{Value, json};

fn acknowledge() -> Value {
    json!({ "type": "acknowledge", "note": "mine" })
}

fn contact() -> Value {
    json!({ "type": "contact", "note": "wrote", "channel": "email", "outcome": "reached" })
}

fn resolve() -> Value {
    json!({ "type": "resolve", "note": "found", "root_cause": "carrier changed", "remedy": "new parcel" })
}

fn inform() -> Value {
    json!({ "type": "inform", "note": "told her on the phone", "channel": "email" })
}

fn close() -> Value {
    json!({ "type": "close", "note": "done" })
}

#[tokio::test]
async fn a_version_is_required_and_must_be_the_present_one() {
    let world = World::start().await;
    // Alerts that arrive meanwhile would change what is shown, though not the version.
    let id = world.take_and_alert(&detractor()).await;
    let path = format!("/v1/cases/{id}");
    let seen = world.case(&id).await;
    assert_eq!(seen.etag, format!("\"{}\"", seen.json["version"]));

    let without = world.post(&format!("{path}/events")).token(AGENT).json(&acknowledge()).send().await;
    assert_eq!((without.status, without.problem().as_str()), (428, "version-required"));
    let done = world.work_from(&id, &seen.etag, &acknowledge()).await.expect(200);
    assert_eq!((done.json()["state"].as_str(), done.header("etag") == seen.etag), (Some("acknowledged"), false));

    for etag in [seen.etag.as_str(), "\"999\"", "nonsense"] {
        let stale = world.work_from(&id, etag, &contact()).await;
        assert_eq!((stale.status, stale.problem().as_str()), (412, "stale-version"), "{etag}");
        assert_eq!(
            stale.json()["current"],
            world.case(&id).await.json,
            "{etag}: the answer shows the case as it stands"
        );
    }
    let known = |tags: String| world.get(&path).token(AGENT).header("if-none-match", tags).send();
    let now = done.header("etag").to_owned();
    for tags in [now.clone(), format!("\"0\", {now}")] {
        let unchanged = known(tags.clone()).await;
        assert_eq!(
            (unchanged.status, unchanged.body.len(), unchanged.header("etag")),
            (304, 0, now.as_str()),
            "{tags}"
        );
    }
    assert_eq!(known(seen.etag).await.status, 200);
}

#[tokio::test]
async fn of_two_people_who_take_a_case_at_once_one_does() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let seen = world.case(&id).await;
    let event = acknowledge();
    let all = futures::future::join_all((0..8).map(|_| world.work_from(&id, &seen.etag, &event))).await;
    let mut statuses: Vec<u16> = all.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(world.case(&id).await.happened(), ["opened", "acknowledge"]);
}

#[tokio::test]
async fn an_answer_that_is_updated_makes_the_version_stale_that_a_person_saw() {
    let world = World::start().await;
    let answer = with(detractor(), &json!({ "response_id": "r-1" }));
    let id = world.take_and_seal(&answer).await;
    let seen = world.case(&id).await;
    let _ = world.take_and_seal(&with(answer, &json!({ "comment": "And nobody answers the phone." }))).await;
    let stale = world.work_from(&id, &seen.etag, &acknowledge()).await.expect(412);
    assert_eq!(stale.json()["current"]["feedback"]["comment"], "And nobody answers the phone.");
    let _ = world.work(&id, &acknowledge()).await.expect(200);
}

/// From each state: what it is, how to get there from the one before, and what it allows (docs/api.md).
fn life() -> Vec<(&'static str, Option<Value>, &'static [&'static str])> {
    vec![
        ("new", None, &["acknowledge", "assign", "contact", "split", "merge", "change_policy"]),
        (
            "acknowledged",
            Some(acknowledge()),
            &["assign", "contact", "wait", "resolve", "split", "merge", "change_policy"],
        ),
        ("contacted", Some(contact()), &["assign", "contact", "wait", "resolve", "split", "merge", "change_policy"]),
        ("resolved", Some(resolve()), &["assign", "contact", "inform", "close", "reopen", "merge", "change_policy"]),
        ("informed", Some(inform()), &["assign", "contact", "close", "reopen", "merge", "change_policy"]),
        ("closed", Some(close()), &["reopen"]),
    ]
}

#[tokio::test]
async fn each_state_allows_what_the_table_says_and_refuses_the_rest() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let events = [acknowledge(), contact(), resolve(), inform(), close()];
    for (state, step, allowed) in life() {
        if let Some(step) = step {
            let done = world.work(&id, &step).await.expect(200);
            assert_eq!(done.json()["state"], state);
        }
        let case = world.case(&id).await;
        assert_eq!((case.state(), &case.json["allowed_events"]), (state, &json!(allowed)));
        for event in &events {
            let kind = event["type"].as_str().expect("a type");
            if !allowed.contains(&kind) {
                let refused = world.work(&id, event).await;
                assert_eq!(
                    (refused.status, refused.problem().as_str()),
                    (409, "transition-not-allowed"),
                    "{state}: {kind}"
                );
                assert_eq!(refused.json()["allowed_events"], json!(allowed), "{state}: {kind}");
            }
        }
        assert_eq!(world.case(&id).await.etag, case.etag, "{state}: what is refused changes nothing");
    }
    let case = world.case(&id).await;
    assert_eq!(case.happened(), ["opened", "acknowledge", "contact", "resolve", "inform", "close"]);
    assert_eq!((&case.json["root_cause"], &case.json["remedy"]), (&json!("carrier changed"), &json!("new parcel")));
    for (event, note) in [("acknowledge", "mine"), ("close", "done")] {
        let entry = case.entry(event).expect("an entry");
        assert_eq!((&entry["who"], &entry["note"]), (&json!("care-desk"), &json!(note)));
    }
}

#[tokio::test]
async fn closing_without_informing_needs_a_reason() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    for step in [acknowledge(), resolve()] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    for reason in [json!(null), json!(""), json!("  ")] {
        let refused = world.work(&id, &with(close(), &json!({ "without_informing": reason }))).await;
        assert_eq!((refused.status, refused.problem().as_str()), (409, "transition-not-allowed"), "{reason}");
        assert!(refused.json()["allowed_events"].as_array().is_some_and(|events| events.contains(&json!("inform"))));
    }
    let closed = world.work(&id, &with(close(), &json!({ "without_informing": "asked not to be" }))).await.expect(200);
    assert_eq!(closed.json()["state"], "closed");
    assert_eq!(closed.json()["closed_without_informing"], "asked not to be");
}

#[tokio::test]
async fn wrong_orders_name_their_fields() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let seen = world.case(&id).await;
    let mut table = vec![
        (json!({}), vec!["/type"]),
        (json!({ "type": "delete", "note": "x" }), vec!["/type"]),
        (json!({ "type": "contact", "note": "x" }), vec!["/channel", "/outcome"]),
        (json!({ "type": "contact", "note": "x", "channel": "fax", "outcome": "maybe" }), vec!["/channel", "/outcome"]),
        (json!({ "type": "resolve", "note": "x" }), vec!["/root_cause"]),
        (json!({ "type": "resolve", "note": "x", "root_cause": "x".repeat(201) }), vec!["/root_cause"]),
        (json!({ "type": "inform", "note": "x" }), vec!["/channel"]),
        (
            json!({ "type": "inform", "note": "x", "channel": "email", "message": {} }),
            vec!["/message/subject", "/message/text"],
        ),
        (
            json!({ "type": "inform", "note": "x", "channel": "phone", "message": { "subject": "a", "text": "b" } }),
            vec!["/message"],
        ),
        (
            json!({ "type": "inform", "note": "x", "channel": "email", "message": { "subject": "a\nb: c", "text": "b" } }),
            vec!["/message/subject"],
        ),
        (with(acknowledge(), &json!({ "root_cause": "x" })), vec!["/root_cause"]),
        (with(acknowledge(), &json!({ "note": "x".repeat(4_001) })), vec!["/note"]),
    ];
    for event in [acknowledge(), contact(), resolve(), inform(), close()] {
        for note in [json!(null), json!(""), json!("   ")] {
            table.push((with(event.clone(), &json!({ "note": note })), vec!["/note"]));
        }
    }
    for (event, pointers) in table {
        let refused = world.work(&id, &event).await;
        let event: String = event.to_string().chars().take(120).collect();
        assert_eq!(
            (refused.status, refused.pointers()),
            (422, pointers.into_iter().map(str::to_owned).collect()),
            "{event}"
        );
    }
    assert_eq!(world.case(&id).await.etag, seen.etag);
}

#[tokio::test]
async fn the_customer_is_told_by_a_mail_that_the_provider_takes_once() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    for step in [acknowledge(), resolve()] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    let before = world.mail.drain();
    assert_eq!(before.len(), 1, "nothing was sent to the customer so far");
    // The provider is busy at first.
    world.mail.next([ringback_tests::Reply::status(503)]);
    let message = json!({ "subject": "Your parcel & <you>", "text": "Dear Ada,\n\na <b>new</b> one is on its way." });
    let done = world.work(&id, &with(inform(), &json!({ "message": message }))).await.expect(200);
    assert_eq!(done.json()["messages"][0]["subject"], message["subject"]);
    world.attempted(&id).await;
    assert_eq!((world.mail.received().len(), world.mail.count()), (1, 0));
    world.pass(TimeDelta::minutes(1)).await;
    world.alerted(&id).await;
    for _ in 0..3 {
        world.pass(TimeDelta::minutes(30)).await;
    }

    let attempts = world.mail.received();
    assert_eq!(attempts.len(), 2);
    let key = attempts[0].header("idempotency-key");
    assert!((1..=256).contains(&key.len()) && attempts[1].header("idempotency-key") == key, "{key:?}");
    assert_ne!(key, before[0].header("idempotency-key"), "another message than the alert");
    let sent = &attempts[1];
    assert_eq!(
        (sent.path.as_str(), sent.header("authorization")),
        ("/emails", format!("Bearer {RESEND_KEY}").as_str())
    );
    let mail = sent.json();
    assert_eq!((&mail["to"], &mail["from"]), (&json!(["ada@example.com"]), &json!("Example Shop <hello@example.com>")));
    assert_eq!(mail["subject"], message["subject"]);
    let (sent, written) = (mail["text"].as_str().expect("a text"), message["text"].as_str().expect("a text"));
    assert!(sent.starts_with(&format!("{written}\n\n-- \n")), "{sent}");
    let html = mail["html"].as_str().expect("HTML");
    assert!(!html.contains("<b>new") && html.contains("new"), "{html}");

    let case = world.case(&id).await;
    assert_eq!((case.state(), case.messages()), ("informed", vec!["delivered".to_owned()]));
    assert_eq!(case.json["messages"][0]["provider_id"], "mail-1");
    assert_eq!(case.json["messages"][0]["attempts"], 2);
}

#[tokio::test]
async fn a_message_without_an_address_is_refused() {
    let world = World::start().await;
    // Known by number only: consent exists, an address does not.
    let id = world.take_and_seal(&with(detractor(), &json!({ "customer": { "id": "C-8" } }))).await;
    for step in [acknowledge(), resolve()] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    let order = with(inform(), &json!({ "message": { "subject": "s", "text": "t" } }));
    let refused = world.work(&id, &order).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/message".to_owned()]));
    assert_eq!(world.case(&id).await.state(), "resolved");
}
