//! The life of a case beyond the straight way: hands it passes through, waiting, departments, goodwill, merging, reopening.

use crate::answers::{detractor, with};
use chrono::TimeDelta;
use ringback_tests::{AGENT, Answer, LEAD, Shown, World, eventually, instant};
use serde_json::{Value, json};

const fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

/// An event with a note.
fn event(kind: &str, more: &Value) -> Value {
    with(json!({ "type": kind, "note": "because" }), more)
}

async fn work(world: &World, id: &str, kind: &str, more: &Value) -> Shown {
    let _ = world.work(id, &event(kind, more)).await.expect(200);
    world.case(id).await
}

/// Works a case with another token than the agent's.
async fn work_as(world: &World, token: &str, id: &str, event: &Value) -> Answer {
    let etag = world.case(id).await.etag;
    world.post(&format!("/v1/cases/{id}/events")).token(token).header("if-match", etag).json(event).send().await
}

#[tokio::test]
async fn a_case_changes_hands_and_only_to_people_who_exist() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let case = work(&world, &id, "assign", &json!({ "owner": "care-lead" })).await;
    assert_eq!((case.state(), &case.json["owner"]), ("new", &json!("care-lead")));
    let case = work(&world, &id, "assign", &json!({ "queue": "back-office" })).await;
    assert_eq!((&case.json["owner"], &case.json["queue"]), (&Value::Null, &json!("back-office")));
    let entry = case.entry("assign").expect("an entry");
    assert_eq!(entry["detail"], "care-lead → nobody, queue care → back-office");
    for (more, pointer) in [
        (json!({}), "/owner"),
        (json!({ "owner": "shop-backend" }), "/owner"),
        (json!({ "owner": "nobody-we-know" }), "/owner"),
        (json!({ "queue": "No Queue" }), "/queue"),
    ] {
        let refused = world.work(&id, &event("assign", &more)).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec![pointer.to_owned()]), "{more}");
    }
}

#[tokio::test]
async fn three_attempts_that_reach_nobody_make_a_customer_unreachable() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let miss = json!({ "channel": "email", "outcome": "not_reached" });
    for (state, unreached) in [("acknowledged", 1), ("acknowledged", 2), ("unreachable", 3)] {
        let case = work(&world, &id, "contact", &miss).await;
        assert_eq!((case.state(), &case.json["unreached"]), (state, &json!(unreached)));
    }
    let refused = world.work(&id, &event("close", &json!({}))).await;
    assert_eq!((refused.status, refused.problem().as_str()), (409, "transition-not-allowed"));
    // Somebody who comes by needs no consent: they have come by themselves.
    let case = work(&world, &id, "contact", &json!({ "channel": "other", "outcome": "reached" })).await;
    assert_eq!((case.state(), &case.json["unreached"]), ("contacted", &json!(0)));
    assert!(case.entry("contact").is_some_and(|entry| entry["detail"] == "other, reached"));
}

#[tokio::test]
async fn waiting_stops_the_clocks_until_it_is_over() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let _ = world.chat.drain();
    let _ = work(&world, &id, "acknowledge", &json!({})).await;
    world.at(hours(6)).await;
    let until = World::beginning() + hours(6 + 100);
    let case =
        work(&world, &id, "wait", &json!({ "reason": "the carrier searches", "until": until.to_rfc3339() })).await;
    assert_eq!((case.state(), instant(&case.json["waiting"]["until"])), ("waiting", Some(until)));
    assert_eq!(instant(&case.json["due_at"]), Some(until));
    for hour in [18, 24, 36, 48, 72] {
        world.at(hours(hour)).await;
    }
    assert_eq!(world.chat.count(), 0, "nobody is told while the case waits");
    let case = work(&world, &id, "resume", &json!({})).await;
    assert_eq!((case.state(), &case.json["waiting"]), ("acknowledged", &Value::Null));
    assert_eq!(case.instant("first_contact", "due_at"), Some(World::beginning() + hours(24 + 66)));
    assert_eq!(case.instant("closure", "due_at"), Some(World::beginning() + hours(48 + 66)));
    world.at(hours(18 + 66)).await;
    world.alerted(&id).await;
    assert_eq!(world.chat.count(), 1, "the warning comes as much later as the case has waited");
}

#[tokio::test]
async fn a_lead_puts_a_case_under_another_policy_and_no_breach_is_dated_back() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let _ = work(&world, &id, "contact", &json!({ "channel": "other", "outcome": "reached" })).await;
    world.at(hours(25)).await;
    let _ = world.chat.drain();
    let order = |policy: &str| event("change_policy", &json!({ "policy": policy }));
    let refused = world.work(&id, &order("fast")).await.expect(403);
    assert_eq!(refused.json()["type"], "urn:ringback:problem:for-leads");
    let unknown = work_as(&world, LEAD, &id, &order("whenever")).await;
    assert_eq!((unknown.status, unknown.pointers()), (422, vec!["/policy".to_owned()]));
    let _ = work_as(&world, LEAD, &id, &order("fast")).await.expect(200);
    let case = world.case(&id).await;
    assert_eq!(case.json["deadlines"]["policy"], "fast");
    assert_eq!(case.entry("change_policy").expect("an entry")["detail"], "standard → fast");
    // After 24 hours it would have been over an hour ago. It is not over now, nor without the time after its warning.
    let due = case.instant("closure", "due_at").expect("a deadline");
    assert!(due > world.now(), "{due}");
    world.at(hours(25) + TimeDelta::minutes(1)).await;
    assert_eq!(world.case(&id).await.instant("closure", "breached_at"), None);
    world.set_clock(due).await;
    world.tick().await;
    assert_eq!(world.case(&id).await.instant("closure", "breached_at"), Some(due));
}

#[tokio::test]
async fn waiting_ends_by_itself_at_its_limit() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let _ = work(&world, &id, "acknowledge", &json!({})).await;
    let until = World::beginning() + hours(10);
    let _ = work(&world, &id, "wait", &json!({ "reason": "the customer writes", "until": until.to_rfc3339() })).await;
    for (until, status) in [(World::beginning() - hours(1), 409), (World::beginning() + hours(24 * 30), 409)] {
        let again = world.work(&id, &event("wait", &json!({ "reason": "x", "until": until.to_rfc3339() }))).await;
        assert_eq!(again.status, status, "it waits already");
    }
    world.at(hours(10)).await;
    let case = world.case(&id).await;
    assert_eq!(case.state(), "acknowledged");
    assert_eq!(case.instant("closure", "due_at"), Some(World::beginning() + hours(58)));
    assert!(case.entry("waiting.ended").is_some());
    for until in [World::beginning() - hours(1), world.now() + hours(24 * 14) + TimeDelta::minutes(1)] {
        let refused = world.work(&id, &event("wait", &json!({ "reason": "x", "until": until.to_rfc3339() }))).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/until".to_owned()]), "{until}");
    }
}

#[tokio::test]
async fn a_department_does_its_part_while_the_clocks_run() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let _ = work(&world, &id, "acknowledge", &json!({})).await;
    let before = world.case(&id).await;
    let task = json!({ "department": "warehouse", "task": "look for the parcel" });
    let case = work(&world, &id, "split", &task).await;
    assert_eq!(case.instant("closure", "due_at"), before.instant("closure", "due_at"));
    let open = &case.json["tasks"][0];
    assert_eq!((&open["task"], &open["department"], &open["done_at"]), (&json!(1), &json!("warehouse"), &Value::Null));
    let resolve = json!({ "root_cause": "lost" });
    let refused = world.work(&id, &event("resolve", &resolve)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (409, "transition-not-allowed"));
    let allowed = refused.json()["allowed_events"].clone();
    assert!(allowed.as_array().is_some_and(|a| a.contains(&json!("finish_task")) && !a.contains(&json!("resolve"))));
    let refused = world.work(&id, &event("finish_task", &json!({ "task": 2 }))).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/task".to_owned()]));
    let _ = work(&world, &id, "finish_task", &json!({ "task": 1 })).await;
    assert_eq!(work(&world, &id, "resolve", &resolve).await.state(), "resolved");
}

#[tokio::test]
async fn goodwill_above_an_agents_limit_is_a_leads() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let _ = work(&world, &id, "acknowledge", &json!({})).await;
    let resolve = |goodwill: Value| event("resolve", &json!({ "root_cause": "late", "goodwill": goodwill }));
    let refused = world.work(&id, &resolve(json!(50.01))).await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "goodwill-limit"));
    for wrong in [json!(-1), json!(0.001), json!("10"), json!(1e12)] {
        let refused = world.work(&id, &resolve(wrong.clone())).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/goodwill".to_owned()]), "{wrong}");
    }
    let refused = work_as(&world, LEAD, &id, &resolve(json!(500.5))).await;
    assert_eq!(refused.status, 403, "a lead has a limit, too");
    let _ = work_as(&world, LEAD, &id, &resolve(json!(50.01))).await.expect(200);
    let case = world.case(&id).await;
    assert_eq!((case.state(), &case.json["goodwill"]), ("resolved", &json!(50.01)));
    assert!(case.entry("resolve").is_some_and(|entry| entry["who"] == "care-lead"));
}

#[tokio::test]
async fn a_reopened_case_has_its_time_again_and_escalates_anew() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let done = [
        ("acknowledge", json!({})),
        ("contact", json!({ "channel": "email", "outcome": "reached" })),
        ("resolve", json!({ "root_cause": "late" })),
        ("inform", json!({ "channel": "email" })),
    ];
    for (kind, more) in &done {
        let _ = work(&world, &id, kind, more).await;
    }
    // Breached before it is closed.
    world.at(hours(48)).await;
    world.alerted(&id).await;
    assert_eq!(work(&world, &id, "close", &json!({})).await.state(), "closed");
    world.at(hours(100)).await;
    let _ = world.chat.drain();
    let case = work(&world, &id, "reopen", &json!({})).await;
    assert_eq!((case.state(), &case.json["ended_at"]), ("reopened", &Value::Null));
    assert_eq!(case.instant("closure", "due_at"), Some(World::beginning() + hours(148)));
    assert_eq!((&case.clock("closure")["level"], &case.clock("closure")["breached_at"]), (&json!(0), &Value::Null));
    world.at(hours(101)).await;
    assert_eq!(world.chat.count(), 0, "nothing is due at once");
    for (hour, told) in [(136, 1), (148, 1)] {
        world.at(hours(hour)).await;
        world.alerted(&id).await;
        assert_eq!(world.chat.drain().len(), told, "{hour} h");
    }
    assert_eq!(world.case(&id).await.happened().iter().filter(|what| *what == "deadline.breached").count(), 2);
}

#[tokio::test]
async fn a_merged_case_goes_on_in_the_other() {
    let world = World::start().await;
    let other = world.take_and_seal(&detractor()).await;
    let id = world.take_and_seal(&with(detractor(), &json!({ "customer": { "id": "C-8" } }))).await;
    for into in [json!(id), json!("nowhere"), json!("a b")] {
        let refused = world.work(&id, &event("merge", &json!({ "into": into }))).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/into".to_owned()]), "{into}");
    }
    let case = work(&world, &id, "merge", &json!({ "into": other })).await;
    assert_eq!((case.state(), &case.json["merged_into"]), ("merged", &json!(other)));
    assert_eq!(case.json["allowed_events"], json!([]));
    eventually("the other case knows it", async || world.case(&other).await.json["merged"] == json!([id])).await;
    world.tick().await;
    let into = world.case(&other).await;
    assert_eq!(into.happened().iter().filter(|what| *what == "merged").count(), 1);
    assert!(into.entry("merged").is_some_and(|entry| entry["note"] == "because" && entry["who"] == "care-desk"));
    let refused = world.work(&other, &event("merge", &json!({ "into": id }))).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/into".to_owned()]));
}

#[tokio::test]
async fn the_script_of_its_track_is_shown_with_the_case() {
    let world = World::start().await;
    let passive = json!({ "survey": "checkout-nps", "score": 8, "comment": "It was fine." });
    let id = world.take_and_seal(&passive).await;
    let case = world.case(&id).await;
    assert_eq!(
        (&case.json["track"], &case.json["script"]),
        (&json!("passive"), &json!(["What would make it a 9 or 10?"]))
    );
}

#[tokio::test]
async fn the_page_of_a_case_shows_what_to_say_and_how_it_stands() {
    let world = World::start().await;
    let passive = json!({ "survey": "checkout-nps", "score": 8, "comment": "It was fine." });
    let id = world.take_and_seal(&passive).await;
    let task = json!({ "department": "warehouse", "task": "<b>count</b>" });
    let _ = work(&world, &id, "split", &task).await;
    let form = format!("token={AGENT}&next={id}");
    let sign_in = world.post("/desk/sign-in").header("content-type", "application/x-www-form-urlencoded").bytes(form);
    let signed_in = sign_in.send().await.expect(303);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let page = world.get(&format!("/desk/cases/{id}")).header("cookie", cookie).send().await.expect(200).text();
    assert!(page.contains("What would make it a 9 or 10?") && page.contains("1 for warehouse"), "{page}");
    assert!(!page.contains("<b>count"), "{page}");
}

#[tokio::test]
async fn wrong_orders_of_every_kind_name_their_fields() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let seen = world.case(&id).await;
    for (kind, more, pointers) in [
        ("wait", json!({}), vec!["/reason", "/until"]),
        ("wait", json!({ "reason": "x", "until": "tomorrow" }), vec!["/until"]),
        ("merge", json!({}), vec!["/into"]),
        ("split", json!({}), vec!["/department", "/task"]),
        ("split", json!({ "department": "A B", "task": "x" }), vec!["/department"]),
        ("finish_task", json!({}), vec!["/task"]),
        ("finish_task", json!({ "task": "one" }), vec!["/task"]),
        ("reopen", json!({ "until": "2026-11-22T09:30:00Z" }), vec!["/until"]),
        ("acknowledge", json!({ "message": { "subject": "a", "text": "b" } }), vec!["/message"]),
        ("contact", json!({ "channel": "pigeon", "outcome": "reached" }), vec!["/channel"]),
    ] {
        let refused = world.work(&id, &event(kind, &more)).await;
        let pointers: Vec<String> = pointers.into_iter().map(str::to_owned).collect();
        assert_eq!((refused.status, refused.pointers()), (422, pointers), "{kind} {more}");
    }
    let without_note = world.work(&id, &json!({ "type": "reopen" })).await;
    assert_eq!((without_note.status, without_note.pointers()), (422, vec!["/note".to_owned()]));
    let agent = world.get(&format!("/v1/cases/{id}")).token(AGENT).send().await.expect(200);
    assert_eq!(agent.header("etag"), seen.etag);
}
