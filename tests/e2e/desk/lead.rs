//! What a lead does on the desk: sends again what was given up, gives many cases away at once, holds alerts back.

use super::{enter, fill, flawless, reachable, stage};
use crate::answers::with;
use ringback_tests::{LEAD, Reply, eventually};
use serde_json::json;

#[tokio::test]
async fn what_was_given_up_is_sent_again_by_one_click() {
    let Some((world, browser)) = stage().await else { return };
    world.chat.always(Reply::status(422));
    let id = world.take_and_alert(&reachable()).await;
    enter(&world, &browser, LEAD, "/desk/letters").await;
    browser.says("care-chat").await;
    flawless(&browser, "undelivered").await;
    browser.screenshot("desk-letters-wide").await;
    world.chat.recover();
    browser.click("button[name=letter]").await;
    browser.says("It is on its way once more.").await;
    world.alerted(&id).await;
    assert_eq!(world.case(&id).await.alerts("case.opened"), ["care-chat: delivered", "care-mail: delivered"]);
    browser.click("nav a[href='/desk/letters']").await;
    browser.says("Everything has arrived").await;
}

#[tokio::test]
async fn many_cases_are_given_to_somebody_else_at_once() {
    let Some((world, browser)) = stage().await else { return };
    let mut ids = Vec::new();
    for i in 0..3 {
        ids.push(world.take_and_seal(&with(reachable(), &json!({ "response_id": format!("many-{i}") }))).await);
    }
    enter(&world, &browser, LEAD, "/desk/team").await;
    for id in &ids[..2] {
        browser.click(&format!("input[name=case][value='{id}']")).await;
    }
    fill(&browser, "#give-note", "Holidays.").await;
    browser.run("document.querySelector('#give-owner').value = 'care-desk'").await;
    browser.click("#reassign button").await;
    eventually("two cases have changed hands", async || {
        world.case(&ids[0]).await.json["owner"] == "care-desk" && world.case(&ids[1]).await.json["owner"] == "care-desk"
    })
    .await;
    assert!(world.case(&ids[2]).await.json["owner"].is_null(), "it was not chosen");
    flawless(&browser, "given away").await;
}
