//! Every page of the desk as people see it: wide and on a phone, light and dark, empty and full, in both languages.
//! Nothing is wrong with any of them for a screen reader or under the page's own policy; the pictures are in
//! `target/screens/`, to be looked at.

use super::{enter, flawless, open, reachable, stage};
use crate::answers::with;
use futures::{StreamExt as _, stream};
use ringback_tests::{ADMIN, AGENT, Browser, EXECUTIVE, LEAD, World};
use serde_json::{Value, json};

const COMMENTS: [&str; 8] = [
    "Das Paket kam geöffnet an, und niemand ging ans Telefon.",
    "Third time the delivery slot was missed. I took a day off for this.",
    "The new checkout asks for my phone number twice and then forgets the voucher.",
    "Support was friendly but could not help me.",
    "Bon produit, mais la facture est fausse depuis deux mois.",
    "",
    "Wrong size again, and sending it back costs more than the shirt.",
    "It works. Could be faster.",
];
const PEOPLE: [&str; 6] = ["Ada Lovelace", "Jonas Weber", "Marie Dupont", "Lucia Rossi", "Emre Yılmaz", "Grace Hopper"];

fn answer(i: usize) -> Value {
    let surveys = ["checkout-nps", "delivery-csat", "support-ces"];
    let name = PEOPLE[i % PEOPLE.len()];
    let country = ["DE", "FR", "CH"][i % 3];
    let mut answer = with(reachable(), &json!({ "survey": surveys[i % 3], "score": 1 + i % 3, "country": country }));
    answer["customer"]["name"] = name.into();
    answer["customer"]["id"] = format!("C-{}", i % 11).into();
    answer["customer"]["email"] = format!("c{}@example.com", i % 11).into();
    answer["customer"]["tier"] = ["silver", "gold", "basic"][i % 3].into();
    match COMMENTS[i % COMMENTS.len()] {
        "" => drop(answer.as_object_mut().and_then(|a| a.remove("comment"))),
        comment => answer["comment"] = comment.into(),
    }
    answer
}

/// Looks at a page in every way, and keeps pictures.
async fn look(world: &World, browser: &Browser, path: &str, name: &str) {
    for (scheme, width, phone, kind) in
        [("light", 1280, false, "wide"), ("dark", 1280, false, "dark"), ("light", 390, true, "phone")]
    {
        browser.prefer(&[("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]).await;
        browser.size(width, if phone { 844 } else { 900 }, phone).await;
        open(world, browser, path).await;
        browser.shown("main").await;
        flawless(browser, &format!("{name}, {kind}")).await;
        browser.screenshot(&format!("desk-{name}-{kind}")).await;
    }
}

/// Two improvements, one of them begun; gives its page.
async fn improvement(world: &World) -> String {
    let plan = async |title: &str, due: &str| {
        let plan =
            json!({ "title": title, "root_cause": "carrier", "owner": "Logistics", "due": due, "country": "DE" });
        world.post("/v1/improvements").token(LEAD).json(&plan).send().await.expect(201)
    };
    let _ = plan("A slot that can be moved by the customer until the evening before", "2027-03-31").await;
    let begun = plan("Another carrier for the last mile", "2026-12-24").await;
    let id = begun.json()["id"].as_str().expect("an id").to_owned();
    let start = json!({ "type": "start", "note": "Three offers are in; we test the first of them in Berlin." });
    let events =
        world.post(&format!("/v1/improvements/{id}/events")).token(LEAD).header("if-match", begun.header("etag"));
    let _ = events.json(&start).send().await.expect(200);
    format!("/desk/improvements/{id}")
}

/// A passive customer's answer, whose case nobody is alerted of.
fn lukewarm(i: usize) -> Value {
    let mut answer = answer(i);
    answer["score"] = [7, 3, 4][i % 3].into();
    answer["customer"]["id"] = format!("L-{i}").into();
    answer["customer"]["email"] = format!("l{i}@example.com").into();
    answer["customer"]["phone"] = format!("+49 30 {}", 1_000_000 + i).into();
    answer["comment"] = format!("{} ({i})", COMMENTS[i % 5]).into();
    answer
}

#[tokio::test]
async fn ten_thousand_cases_are_as_readable_as_ten() {
    let Some((world, browser)) = stage().await else { return };
    for thousand in 0..10 {
        let answers = (0..1_000).map(|i| lukewarm(thousand * 1_000 + i));
        let world = &world;
        let taken = stream::iter(answers).map(|answer| async move { world.take(&answer).await });
        let ids: Vec<String> = taken.buffer_unordered(16).collect().await;
        assert_eq!(ids.len(), 1_000);
        world.sealed().await;
    }
    enter(&world, &browser, LEAD, "/desk/team").await;
    for (path, name) in [("/desk?view=all", "all"), ("/desk/team", "team"), ("/desk/team/feed", "feed")] {
        look(&world, &browser, path, &format!("{name}-10000")).await;
    }
    open(&world, &browser, "/desk?view=all").await;
    let first = browser.run("return document.querySelector('.case a').href").await;
    browser.click("a[rel=next]").await;
    browser.until("the next page", &format!("document.querySelector('.case a').href !== {first}")).await;
    enter(&world, &browser, EXECUTIVE, "/desk/insights").await;
    look(&world, &browser, "/desk/insights", "insights-10000").await;
}

#[tokio::test]
async fn every_page_is_flawless_empty_and_full_in_every_way() {
    let Some((world, browser)) = stage().await else { return };
    look(&world, &browser, "/desk/sign-in", "sign-in").await;
    enter(&world, &browser, AGENT, "/desk").await;
    look(&world, &browser, "/desk", "empty").await;
    enter(&world, &browser, LEAD, "/desk/team").await;
    for (path, name) in [
        ("/desk/team", "team"),
        ("/desk/silences", "silences"),
        ("/desk/letters", "letters"),
        ("/desk/team/feed", "feed"),
    ] {
        look(&world, &browser, path, &format!("{name}-empty")).await;
    }
    enter(&world, &browser, EXECUTIVE, "/desk/insights").await;
    look(&world, &browser, "/desk/insights", "insights-empty").await;
    look(&world, &browser, "/desk/improvements", "improvements-empty").await;
    let mut ids = Vec::new();
    for i in 0..45 {
        world.pass_asleep(chrono::TimeDelta::minutes(47)).await;
        ids.push(world.take(&answer(i)).await);
    }
    for i in 0..3 {
        let _ = world
            .take(&with(
                answer(i),
                &json!({ "segment": "key-account", "account": { "id": "A-1", "name": "Analytical Engines" } }),
            ))
            .await;
    }
    world.sealed().await;
    for (i, id) in ids.iter().enumerate().filter(|(i, _)| i % 2 == 0) {
        let _ = world.work(id, &json!({ "type": "acknowledge", "note": "I take care of it." })).await.expect(200);
        if i % 4 == 0 {
            let _ = world.work(id, &json!({ "type": "contact", "channel": "phone", "outcome": "reached", "note": "We spoke for ten minutes. A new parcel is what she wants." })).await;
        }
    }
    let silence = json!({ "match": { "touchpoint": "delivery", "country": ["DE", "AT"] }, "reason": "The carrier's strike", "incident": "INC-7", "ends_at": (world.now() + chrono::TimeDelta::hours(20)).to_rfc3339() });
    let _ = world.post("/v1/silences").token(LEAD).json(&silence).send().await.expect(201);
    world.sealed().await;
    enter(&world, &browser, AGENT, "/desk").await;
    let case = format!("/desk/cases/{}", ids[40]);
    for (path, name) in [
        ("/desk", "mine"),
        ("/desk?view=nobody", "nobody"),
        (case.as_str(), "case"),
        (&format!("/desk/cases/{}", ids[41]), "case-new"),
        ("/desk/cases/nothing-here", "no-case"),
        ("/desk/team", "not-for-you"),
    ] {
        look(&world, &browser, path, name).await;
    }
    enter(&world, &browser, LEAD, "/desk/team").await;
    for (path, name) in [
        ("/desk/team", "team"),
        ("/desk/team/today", "today"),
        ("/desk/team/feed", "feed"),
        ("/desk/silences", "silences"),
    ] {
        look(&world, &browser, path, name).await;
    }
    enter(&world, &browser, EXECUTIVE, "/desk/insights").await;
    let improvement = improvement(&world).await;
    for (path, name) in [
        ("/desk/insights", "insights"),
        ("/desk/insights?survey=delivery-csat&country=FR", "insights-country"),
        ("/desk/insights?period=last-30&country=all", "insights-blended"),
        ("/desk/improvements", "improvements"),
        (improvement.as_str(), "improvement"),
    ] {
        look(&world, &browser, path, name).await;
    }
    enter(&world, &browser, ADMIN, "/desk/admin").await;
    look(&world, &browser, "/desk/admin", "admin").await;
    browser.click(".menu summary").await;
    browser.click("button[value=de]").await;
    for (path, name) in [
        ("/desk/admin", "admin-de"),
        ("/desk", "mine-de"),
        (case.as_str(), "case-de"),
        ("/desk/team", "team-de"),
        ("/desk/insights", "insights-de"),
    ] {
        look(&world, &browser, path, name).await;
    }
}
