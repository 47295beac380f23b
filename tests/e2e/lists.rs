//! Lists of cases: in the order of what is due next, by every condition, page by page; and many that change hands at once.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::{AGENT, Answer, EXECUTIVE, INTAKE, LEAD, World, eventually, instant};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn list(world: &World, query: &str) -> Answer {
    world.get(&format!("/v1/cases{query}")).token(AGENT).send().await.expect(200)
}

fn ids(answer: &Answer) -> Vec<String> {
    let cases = answer.json()["cases"].as_array().cloned().unwrap_or_default();
    cases.iter().map(|case| case["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The path of the next page.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link");
    let (path, rel) = link.split_once("; ")?;
    assert_eq!(rel, "rel=\"next\"");
    Some(path.strip_prefix("</v1/cases")?.strip_suffix('>')?.to_owned())
}

/// Waits until a list is what it is to be: what a change moved is sealed a moment later.
async fn shows(world: &World, query: &str, expected: &[&str]) {
    let expected: Vec<String> = expected.iter().map(|id| (*id).to_owned()).collect();
    let mut seen = Vec::new();
    eventually(&format!("{query} lists {expected:?}"), async || {
        seen = ids(&list(world, query).await);
        seen == expected
    })
    .await;
}

async fn opened(world: &World, more: &Value) -> String {
    world.take_and_seal(&with(detractor(), more)).await
}

#[tokio::test]
async fn cases_are_listed_by_every_condition_in_the_order_of_what_is_due_next() {
    let Some(world) = World::with_clock().await else { return };
    let standard = opened(&world, &json!({ "customer": { "id": "C-1" }, "account": { "id": "A-1" } })).await;
    // Gold is due after four hours, and so before both others.
    world.pass(TimeDelta::minutes(30)).await;
    let gold = opened(&world, &json!({ "customer": { "id": "C-3", "tier": "gold" } })).await;
    world.pass(TimeDelta::minutes(30)).await;
    let later = opened(&world, &json!({ "customer": { "id": "C-2" } })).await;
    let passive = world.take_and_seal(&json!({ "survey": "checkout-nps", "score": 8, "comment": "Fine." })).await;
    let promoter = world.take_and_seal(&anonymous(10)).await;
    let all = list(&world, "").await;
    assert_eq!(ids(&all), [gold.as_str(), &standard, &later, &passive]);
    assert!(!ids(&all).contains(&promoter) && next(&all).is_none());
    let first = &all.json()["cases"][0];
    assert_eq!((&first["state"], &first["priority"], &first["score"]), (&json!("new"), &json!("critical"), &json!(3)));
    assert_eq!(instant(&first["due_at"]), Some(World::beginning() + TimeDelta::minutes(4 * 60 + 30)));

    let _ = world.work(&standard, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
    shows(&world, "?state=acknowledged", &[&standard]).await;
    shows(&world, "?state=new", &[&gold, &later, &passive]).await;
    shows(&world, "?owner=care-desk", &[&standard]).await;
    shows(&world, "?owner=none&track=recovery", &[&gold, &later]).await;
    shows(&world, "?track=passive", &[&passive]).await;
    shows(&world, "?account=A-1", &[&standard]).await;
    shows(&world, "?account=A-2", &[]).await;
    shows(&world, "?queue=care", &[&gold, &standard, &later, &passive]).await;
    shows(&world, "?queue=care&state=new&track=recovery", &[&gold, &later]).await;
    let due = World::beginning() + TimeDelta::hours(25);
    let due = due.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    shows(&world, &format!("?due_before={due}"), &[&gold, &standard]).await;

    // A contact meets the first clock: the closure is what is due next, and the case moves back.
    let contact = json!({ "type": "contact", "note": "came by", "channel": "other", "outcome": "reached" });
    let _ = world.work(&gold, &contact).await.expect(200);
    let _ = world.work(&standard, &contact).await.expect(200);
    shows(&world, "", &[&gold, &later, &standard, &passive]).await;
    assert_eq!(
        instant(&list(&world, "?limit=1").await.json()["cases"][0]["due_at"]),
        Some(World::beginning() + TimeDelta::minutes(24 * 60 + 30))
    );
    shows(&world, "?state=contacted", &[&gold, &standard]).await;
}

#[tokio::test]
async fn what_is_closed_leaves_the_lists_and_is_found_by_its_state_newest_first() {
    let Some(world) = World::with_clock().await else { return };
    let one = opened(&world, &json!({ "customer": { "id": "C-1" } })).await;
    let two = opened(&world, &json!({ "customer": { "id": "C-2" } })).await;
    for id in [&one, &two] {
        world.pass(TimeDelta::hours(1)).await;
        for event in [
            json!({ "type": "acknowledge", "note": "n" }),
            json!({ "type": "resolve", "note": "n", "root_cause": "late" }),
            json!({ "type": "close", "note": "n", "without_informing": "asked not to be" }),
        ] {
            let _ = world.work(id, &event).await.expect(200);
        }
    }
    shows(&world, "", &[]).await;
    shows(&world, "?state=closed", &[&two, &one]).await;
    shows(&world, "?state=closed&owner=care-desk", &[&two, &one]).await;
    let _ = world.work(&one, &json!({ "type": "reopen", "note": "n" })).await.expect(200);
    shows(&world, "", &[&one]).await;
    shows(&world, "?state=closed", &[&two]).await;
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_or_a_repeat_while_cases_come_and_go() {
    let Some(world) = World::with_clock().await else { return };
    let answer = anonymous(2);
    let ids_of_all: BTreeSet<String> =
        futures::future::join_all((0..130).map(|_| world.take(&answer))).await.into_iter().collect();
    world.sealed().await;
    let (mut query, mut seen, mut pages) = ("?limit=40&queue=care".to_owned(), Vec::new(), 0);
    loop {
        let page = list(&world, &query).await;
        seen.extend(ids(&page));
        pages += 1;
        // What comes meanwhile is due later, and is on a later page; nothing before it moves.
        if pages == 1 {
            world.pass(TimeDelta::minutes(5)).await;
            let _ = world.take_and_seal(&answer).await;
        }
        match next(&page) {
            Some(next) => query = next,
            None => break,
        }
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!((seen.len(), distinct.len(), pages), (131, 131, 4));
    assert!(ids_of_all.is_subset(&distinct));
}

#[tokio::test]
async fn a_page_costs_the_same_however_many_cases_there_are() {
    let Some(world) = World::with_clock().await else { return };
    let mut costs = Vec::new();
    for many in [20, 300] {
        let answer = anonymous(2);
        futures::future::join_all((0..many).map(|_| world.take(&answer))).await;
        world.sealed().await;
        world.quiet().await;
        // The cheapest of several: a tick may be at work beside.
        let mut cheapest = (u64::MAX, u64::MAX);
        for _ in 0..8 {
            let before = world.store_operations();
            assert_eq!(ids(&list(&world, "?limit=10").await).len(), 10);
            let cost = world.store_operations().since(&before);
            cheapest = (cheapest.0.min(cost.reads()), cheapest.1.min(cost.write_transactions()));
        }
        costs.push(cheapest);
    }
    // The root, at most three levels of the index, the records with their ids, and what an instance reads at its start.
    assert!(costs.iter().all(|(reads, writes)| *reads <= 8 && *writes == 0), "{costs:?}");
}

#[tokio::test]
async fn wrong_queries_name_what_is_wrong() {
    let world = World::start().await;
    for (query, pointers) in [
        ("?state=lost", vec!["/state"]),
        ("?track=none-such&limit=0", vec!["/limit", "/track"]),
        ("?limit=101", vec!["/limit"]),
        ("?due_before=tomorrow", vec!["/due_before"]),
        ("?cursor=nonsense", vec!["/cursor"]),
        ("?colour=red", vec!["/colour"]),
        ("?owner=", vec!["/owner"]),
    ] {
        let refused = world.get(&format!("/v1/cases{query}")).token(AGENT).send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, "invalid-query"), "{query}");
        assert_eq!(refused.pointers(), pointers.into_iter().map(str::to_owned).collect::<Vec<_>>(), "{query}");
    }
    for (token, status) in [(INTAKE, 403), (EXECUTIVE, 403), ("nobody", 401), (LEAD, 200)] {
        let answer = world.get("/v1/cases").token(token).send().await;
        assert_eq!(answer.status, status, "{token}");
    }
}

#[tokio::test]
async fn a_lead_gives_many_cases_to_somebody_else_at_once() {
    let world = World::start().await;
    let mut cases = Vec::new();
    for i in 0..3 {
        let id = opened(&world, &json!({ "customer": { "id": format!("C-{i}") } })).await;
        let _ = world.work(&id, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
        cases.push(id);
    }
    eventually("they are listed", async || ids(&list(&world, "?owner=care-desk").await).len() == 3).await;
    let reassign = |token: &str, body: Value| world.post("/v1/cases/reassign").token(token).json(&body).send();
    let order = json!({ "from_owner": "care-desk", "owner": "care-lead", "note": "is ill" });
    assert_eq!(reassign(AGENT, order.clone()).await.status, 403);
    let done = reassign(LEAD, order).await.expect(200).json();
    assert_eq!(
        (done["reassigned"].as_array().map(Vec::len), &done["refused"], &done["more"]),
        (Some(3), &json!([]), &json!(false))
    );
    eventually("they moved", async || ids(&list(&world, "?owner=care-lead").await).len() == 3).await;
    shows(&world, "?owner=care-desk", &[]).await;
    let case = world.case(&cases[0]).await;
    let entry = case.entry("assign").expect("an entry");
    assert_eq!((&entry["who"], &entry["note"]), (&json!("care-lead"), &json!("is ill")));

    let order = json!({ "cases": [cases[0], "nowhere"], "queue": "back-office", "note": "theirs" });
    let done = reassign(LEAD, order).await.expect(200).json();
    assert_eq!((&done["reassigned"], &done["refused"][0]["id"]), (&json!([cases[0]]), &json!("nowhere")));
    shows(&world, "?queue=back-office", &[&cases[0]]).await;
    for (body, pointers) in [
        (json!({}), vec!["/cases", "/note", "/owner"]),
        (json!({ "cases": [], "owner": "care-lead", "note": "n" }), vec!["/cases"]),
        (json!({ "cases": ["a b"], "owner": "care-lead", "note": "n" }), vec!["/cases/0"]),
        (json!({ "cases": ["a"], "from_owner": "b", "owner": "care-lead", "note": "n" }), vec!["/cases"]),
        (json!({ "cases": ["a"], "owner": "nobody", "note": "n" }), vec!["/owner"]),
    ] {
        let refused = reassign(LEAD, body.clone()).await;
        let pointers: Vec<String> = pointers.into_iter().map(str::to_owned).collect();
        assert_eq!((refused.status, refused.pointers()), (422, pointers), "{body}");
    }
}
