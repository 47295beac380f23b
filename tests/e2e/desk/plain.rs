//! The desk without JavaScript, with a session that ends, and with customers who mean harm.

use super::{enter, fill, flawless, reachable, sign_in, stage, stands};
use chrono::TimeDelta;
use ringback_tests::AGENT;
use serde_json::{Value, json};

async fn scripts(browser: &ringback_tests::Browser, on: bool) {
    browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await;
}

#[tokio::test]
async fn everything_works_without_javascript() {
    let Some((world, browser)) = stage().await else { return };
    let id = world.take_and_seal(&reachable()).await;
    scripts(&browser, false).await;
    enter(&world, &browser, AGENT, "/desk?view=nobody").await;
    browser.says("Ada Lovelace").await;
    browser.says("1 d left").await;
    browser.click(".case .say a").await;
    browser.says("Parcel was opened.").await;
    browser.click("#act-acknowledge form button").await;
    stands(&world, &id, "acknowledged").await;
    browser.click("#act-wait summary").await;
    fill(&browser, "#wait-reason", "the warehouse").await;
    fill(&browser, "#wait-note", "They look for it.").await;
    browser.click("#act-wait form button").await;
    stands(&world, &id, "waiting").await;
    browser.says("stands still").await;
    browser.click(".menu summary").await;
    browser.click("button[value=de]").await;
    browser.says("steht still").await;
    browser.click(".menu summary").await;
    browser.click("button[value=dark]").await;
    browser.shown("html[data-theme=dark]").await;
    scripts(&browser, true).await;
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_of_a_form_loses_no_text() {
    let Some((world, browser)) = stage().await else { return };
    let id = world.take_and_seal(&reachable()).await;
    enter(&world, &browser, AGENT, &format!("/desk/cases/{id}")).await;
    let note = "She said: <b>\"late\"</b> & wet.";
    fill(&browser, "#acknowledge-note", note).await;
    world.pass_asleep(TimeDelta::hours(9)).await;
    browser.click("#act-acknowledge form button").await;
    browser.says("Your session has ended.").await;
    flawless(&browser, "asked to sign in again").await;
    sign_in(&browser, AGENT).await;
    browser.says("Nothing is lost, and nothing was sent yet.").await;
    flawless(&browser, "signed in again").await;
    browser.click("main button").await;
    browser.shown("#acknowledge-note").await;
    assert_eq!(browser.run("return document.querySelector('#acknowledge-note').value").await, note);
    assert_eq!(world.case(&id).await.state(), "new", "only the person sends it");
    browser.click("#act-acknowledge form button").await;
    stands(&world, &id, "acknowledged").await;
    assert_eq!(world.case(&id).await.entry("acknowledge").map(|e| e["note"].clone()), Some(Value::from(note)));
}

#[tokio::test]
async fn hostile_text_is_harmless_and_readable() {
    let Some((world, browser)) = stage().await else { return };
    let hostile = "</textarea></script><script>window.owned = 1</script><img src=x onerror=\"window.owned = 1\"> \u{202E}txt.exe \u{05E9}\u{05DC}\u{05D5}\u{05DD} & javascript:alert(1)";
    let id = world
        .take_and_seal(&json!({
            "survey": "checkout-nps", "score": 0, "comment": hostile, "segment": "\"><svg onload=window.owned=1>",
            "customer": { "id": "C-9", "name": "<script>window.owned = 1</script>", "email": "x@example.com" },
            "answers": { "why": hostile },
        }))
        .await;
    for path in ["/desk?view=all".to_owned(), format!("/desk/cases/{id}")] {
        enter(&world, &browser, AGENT, &path).await;
        browser.says("<script>window.owned = 1</script>").await;
        flawless(&browser, &path).await;
        assert_eq!(browser.run("return window.owned ?? null").await, Value::Null);
        let shown = browser.run("return document.body.innerText").await;
        let shown = shown.as_str().unwrap_or_default();
        assert!(!shown.contains('\u{202E}') && shown.contains("txt.exe") && shown.contains("שלום"), "{shown}");
    }
    browser.screenshot("desk-hostile").await;
}
