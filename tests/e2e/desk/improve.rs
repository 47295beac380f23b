//! What leads and executives do on the desk about what many customers report: plan an improvement, finish it, tell them.

use super::{enter, fill, flawless, reachable, stage};
use chrono::TimeDelta;
use ringback_tests::{AGENT, EXECUTIVE, eventually};
use serde_json::json;

#[tokio::test]
async fn an_improvement_is_planned_done_and_told_on_the_desk() {
    let Some((world, browser)) = stage().await else { return };
    let id = world.take_and_seal(&reachable()).await;
    let _ = world.work(&id, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
    let resolve = json!({ "type": "resolve", "note": "found", "root_cause": "Broken in transit" });
    let _ = world.work(&id, &resolve).await.expect(200);
    world.sealed().await;

    enter(&world, &browser, EXECUTIVE, "/desk/insights/cases?fact=why:broken+in+transit").await;
    browser.click("main a.button").await;
    browser.says("Nothing is written down yet").await;
    flawless(&browser, "no improvements").await;
    fill(&browser, "#title", "Sturdier boxes").await;
    fill(&browser, "#owner", "Packing").await;
    browser.run("document.querySelector('#due').value = '2026-11-01'").await;
    browser.click("main form button").await;
    browser.says("must not be in the past").await;
    assert_eq!(
        browser.run("return document.querySelector('#title').value").await,
        "Sturdier boxes",
        "it still stands there"
    );
    browser.run("document.querySelector('#due').value = '2027-01-31'").await;
    browser.click("main form button").await;
    browser.says("What it has brought").await;
    flawless(&browser, "an improvement").await;
    browser.screenshot("desk-improvement-wide").await;

    world.pass(TimeDelta::days(1)).await;
    let planned = world.get("/v1/improvements").token(EXECUTIVE).send().await.expect(200).json();
    let page = format!("/desk/improvements/{}", planned["improvements"][0]["id"].as_str().expect("an id"));
    enter(&world, &browser, EXECUTIVE, &page).await;
    browser.run("document.querySelector('#act').value = 'finish'").await;
    fill(&browser, "#note", "In use since Monday").await;
    browser.click("form:has(#act) button").await;
    browser.says("Tell the customers").await;
    fill(&browser, "#text", "We have new boxes.").await;
    browser.click("form:has(#text) button").await;
    browser.says("Messages begun: 1; cases looked at: 1.").await;
    flawless(&browser, "an improvement that is told").await;
    browser.screenshot("desk-improvement-told-wide").await;
    eventually("the customer hears of it", async || {
        let case = world.case(&id).await;
        let messages = case.json["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().any(|message| message["kind"] == "changed" && message["state"] == "delivered")
    })
    .await;
    browser.click("nav a[href='/desk/improvements']").await;
    browser.says("Done").await;
    flawless(&browser, "improvements").await;
    browser.screenshot("desk-improvements-wide").await;
}

#[tokio::test]
async fn who_works_cases_reads_them_and_changes_none() {
    let Some((world, browser)) = stage().await else { return };
    let plan = json!({ "title": "Sturdier boxes", "root_cause": "broken", "owner": "Packing", "due": "2027-01-31" });
    let planned = world.post("/v1/improvements").token(EXECUTIVE).json(&plan).send().await.expect(201);
    enter(&world, &browser, AGENT, "/desk/improvements").await;
    browser.says("Sturdier boxes").await;
    assert_eq!(browser.run("return document.querySelectorAll('main form').length").await, 0);
    let id = planned.json()["id"].as_str().expect("an id").to_owned();
    super::open(&world, &browser, &format!("/desk/improvements/{id}")).await;
    browser.says("What happened").await;
    assert_eq!(browser.run("return document.querySelectorAll('main form').length").await, 0);
}
