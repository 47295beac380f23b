//! A detractor's day: from the alert's link to the closed case.

use super::{fill, open, reachable, sign_in, stage, stands};
use ringback_tests::{AGENT, LEAD, soon};
use serde_json::json;

fn link(text: &str) -> String {
    let from = text.find("/desk/cases/").expect("a link");
    text[from..].chars().take("/desk/cases/".len() + 26).collect()
}

#[tokio::test]
async fn a_detractor_is_called_written_to_and_closed_by_clicks() {
    let Some((world, browser)) = stage().await else { return };
    let id = world.take_and_alert(&reachable()).await;
    let alert = world.chat.received()[0].text();
    open(&world, &browser, &link(&alert)).await;
    sign_in(&browser, AGENT).await;
    browser.says("Parcel was opened.").await;
    browser.says("Thank them for the answer, and say what you have understood.").await;
    browser.click("#act-acknowledge form button").await;
    stands(&world, &id, "acknowledged").await;
    browser.says("Saved: Taken").await;
    browser.click("#act-contact input[value=reached]").await;
    fill(&browser, "#contact-note", "She was friendly.").await;
    browser.click("#act-contact form button").await;
    stands(&world, &id, "contacted").await;
    browser.shown("#resolve-cause").await;
    fill(&browser, "#resolve-cause", "weak parcel tape").await;
    fill(&browser, "#resolve-goodwill", "12,50").await;
    fill(&browser, "#resolve-note", "A new one is on its way.").await;
    browser.click("#act-resolve form button").await;
    stands(&world, &id, "resolved").await;
    browser.shown("#message-subject").await;
    fill(&browser, "#message-subject", "Your parcel").await;
    fill(&browser, "#message-text", "We are sorry. A new one is on its way.").await;
    browser.click("#act-message form button").await;
    browser.says("This is what the customer gets").await;
    assert_eq!(world.mail.received().iter().filter(|mail| mail.text().contains("Your parcel")).count(), 0);
    browser.click("#preview button").await;
    stands(&world, &id, "informed").await;
    soon("the message leaves at once", || world.mail.received().iter().any(|mail| mail.text().contains("Your parcel")))
        .await;
    browser.shown("#close-note").await;
    fill(&browser, "#close-note", "All is well again.").await;
    browser.click("#act-close form button").await;
    stands(&world, &id, "closed").await;
    let case = world.case(&id).await.json;
    assert_eq!((&case["goodwill"], &case["root_cause"]), (&json!(12.5), &json!("weak parcel tape")));
    assert!(
        case["history"].as_array().is_some_and(|h| h.iter().any(|e| e["who"] == "care-desk")),
        "by the name of the token"
    );
    assert_eq!(browser.console().await.iter().filter(|line| !line.contains("status of 401")).count(), 0);
}

#[tokio::test]
async fn the_same_goes_without_a_mouse_and_the_next_case_is_one_key_away() {
    let Some((world, browser)) = stage().await else { return };
    let first = world.take_and_seal(&reachable()).await;
    // Due a minute later, and so the second of the list.
    world.pass_asleep(chrono::TimeDelta::minutes(1)).await;
    let second = world.take_and_seal(&json!({ "survey": "checkout-nps", "score": 1 })).await;
    open(&world, &browser, "/desk?view=nobody").await;
    browser.tab_to("#token").await;
    browser.write(AGENT).await;
    browser.press(&["Enter"]).await;
    browser.shown("[data-cases]").await;
    browser.press(&["j"]).await;
    browser.press(&["Enter"]).await;
    browser.shown("[data-case]").await;
    browser.press(&["?"]).await;
    browser.shown("dialog[open]").await;
    browser.says("Keyboard shortcuts").await;
    super::flawless(&browser, "the help").await;
    browser.press(&["Escape"]).await;
    browser.until("the help is gone", "!document.querySelector('dialog[open]')").await;
    let focused = |css: &str| format!("document.activeElement === document.querySelector({css:?})");
    browser.press(&["a"]).await;
    browser.until("the note has the focus", &focused("#acknowledge-note")).await;
    browser.press(&["Tab", "Enter"]).await;
    stands(&world, &first, "acknowledged").await;
    browser.says("Saved: Taken").await;
    browser.press(&["c"]).await;
    browser.until("the channel has the focus", &focused("#contact-channel")).await;
    browser.press(&["Tab", "Space", "Tab"]).await;
    browser.until("the note has the focus", &focused("#contact-note")).await;
    browser.write("Reached, by keyboard.").await;
    browser.press(&["Tab", "Enter"]).await;
    stands(&world, &first, "contacted").await;
    browser.says("Saved: Contact").await;
    browser.press(&["r"]).await;
    browser.until("the cause has the focus", &focused("#resolve-cause")).await;
    browser.write("weak tape").await;
    browser.press(&["Tab", "Tab", "Tab"]).await;
    browser.write("Done.").await;
    browser.press(&["Tab", "Enter"]).await;
    stands(&world, &first, "resolved").await;
    browser.says("Saved: Resolved").await;
    browser.press(&["i"]).await;
    browser.until("the channel has the focus", &focused("#inform-channel")).await;
    browser.press(&["Tab"]).await;
    browser.write("Told her.").await;
    browser.press(&["Tab", "Enter"]).await;
    stands(&world, &first, "informed").await;
    browser.says("Saved: Customer informed").await;
    browser.press(&["x", "Tab"]).await;
    browser.write("All is well.").await;
    browser.press(&["Tab", "Enter"]).await;
    stands(&world, &first, "closed").await;
    browser.says("Saved: Closed").await;
    world.sealed().await;
    browser.press(&["n"]).await;
    browser.until("the next case", &format!("location.pathname === '/desk/cases/{second}'")).await;
}

#[tokio::test]
async fn two_people_on_one_case_see_both_and_lose_nothing() {
    let Some((world, browser)) = stage().await else { return };
    let id = world.take_and_seal(&reachable()).await;
    super::enter(&world, &browser, AGENT, &format!("/desk/cases/{id}")).await;
    browser.press(&["c"]).await;
    browser.click("#act-contact input[value=message_left]").await;
    fill(&browser, "#contact-note", "I have left a message.").await;
    let order = json!({ "type": "acknowledge", "note": "I already work on it." });
    let etag = world.case(&id).await.etag;
    let events = format!("/v1/cases/{id}/events");
    let _ = world.post(&events).token(LEAD).header("if-match", etag).json(&order).send().await.expect(200);
    browser.click("#act-contact form button").await;
    browser.says("Somebody else has changed this case while you were writing.").await;
    browser.says("I already work on it.").await;
    assert_eq!(browser.run("return document.querySelector('#contact-note').value").await, "I have left a message.");
    assert_eq!(browser.run("return document.querySelector('#act-contact input:checked').value").await, "message_left");
    super::flawless(&browser, "both are shown").await;
    browser.screenshot("desk-conflict").await;
    browser.click("#act-contact form button").await;
    stands(&world, &id, "contacted").await;
    let happened = world.case(&id).await.happened();
    assert_eq!(happened, ["opened", "acknowledge", "contact"]);
}
