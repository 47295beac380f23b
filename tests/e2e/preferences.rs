//! The customer's own page: reached by the link in a message, without an account; what is chosen there holds at once.

use crate::answers::{detractor, with};
use crate::desk::{flawless, open};
use chrono::TimeDelta;
use ringback_tests::{ADMIN, Browser, Options, World, instead, soon};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// A case whose customer was written to, and the path of the page that the message leads to.
async fn written_to(world: &World) -> (String, String) {
    let id = world.take_and_seal(&detractor()).await;
    soon("the alert", || world.mail.count() == 1).await;
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier" }),
        json!({ "type": "inform", "note": "told", "channel": "email", "message": { "subject": "Sorry", "text": "We found it." } }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    soon("the message", || world.mail.count() == 2).await;
    let mail = world.mail.received().pop().expect("the message").json();
    let header = mail["headers"]["List-Unsubscribe"].as_str().expect("a way out").to_owned();
    assert_eq!(mail["headers"]["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    let url = header.trim_matches(['<', '>']).trim_end_matches("/unsubscribe").to_owned();
    assert!(mail["text"].as_str().is_some_and(|text| text.contains(&url)), "{mail}");
    assert!(mail["html"].as_str().is_some_and(|html| html.contains(&format!("href=\"{url}\""))), "{mail}");
    let path = url.split_once("/preferences/").expect("the page").1;
    (id, format!("/preferences/{path}"))
}

#[tokio::test]
async fn a_customer_withdraws_by_the_link_in_a_message_and_it_holds_at_once() {
    let world = World::start().await;
    let (id, page) = written_to(&world).await;
    let shown = world.get(&page).send().await.expect(200);
    assert!(shown.header("content-security-policy").starts_with("default-src 'none'"), "{shown:?}");
    assert_eq!((shown.header("cache-control"), shown.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(shown.text().contains("name=\"email.follow_up\" value=\"yes\" checked"), "{}", shown.text());
    assert!(world.get(&format!("{page}?lang=fr")).send().await.expect(200).text().contains("lang=\"fr\""));

    // Scanners open every address in a mail.
    for path in [page.clone(), format!("{page}/unsubscribe"), format!("{page}/erase"), format!("{page}/data")] {
        let _ = world.get(&path).send().await.expect(200);
    }
    assert_eq!(world.case(&id).await.contact("email")["allowed"], true);

    let form = world.post(&page).header("content-type", FORM).bytes("lang=en&shown=email.follow_up");
    let saved = form.send().await.expect(303);
    let next = saved.header("location").to_owned();
    assert!(world.get(&next).send().await.expect(200).text().contains("Saved."));
    let case = world.case(&id).await;
    assert_eq!(case.contact("email")["allowed"], false, "{}", case.contact("email"));
}

#[tokio::test]
async fn one_click_stops_a_message_that_already_waits() {
    let Some(world) = World::with_clock().await else { return };
    let (first, page) = written_to(&world).await;
    let second = world.take_and_seal(&with(detractor(), &json!({ "response_id": "another" }))).await;
    assert_ne!(first, second);
    soon("the second alert", || world.mail.count() == 3).await;
    world.mail.always(ringback_tests::Reply::status(503));
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier" }),
        json!({ "type": "inform", "note": "told", "channel": "email", "message": { "subject": "Again", "text": "x" } }),
    ] {
        let _ = world.work(&second, &step).await.expect(200);
    }
    soon("a first attempt", || world.mail.received().len() == 4).await;
    let click = world.post(&format!("{page}/unsubscribe")).header("content-type", FORM);
    let _ = click.bytes("List-Unsubscribe=One-Click").send().await.expect(200);
    world.mail.recover();
    world.pass(TimeDelta::hours(1)).await;
    let case = world.case(&second).await;
    assert_eq!(case.messages(), ["blocked"], "{:?}", case.happened());
    assert_eq!(world.mail.received().len(), 4, "nothing was sent after the click");
}

#[tokio::test]
async fn a_customer_takes_everything_along_and_has_it_erased() {
    let world = World::start().await;
    let (id, page) = written_to(&world).await;
    let held: Value = world.get(&format!("{page}/data")).send().await.expect(200).json();
    assert_eq!(held["answers"][0]["id"], json!(id));
    assert_eq!(held["answers"][0]["messages"][0]["subject"], "Sorry");
    assert_eq!(held["consent"][0]["granted"], true);

    let erase = format!("{page}/erase");
    let by_accident = world.post(&erase).header("content-type", FORM).bytes("lang=en").send().await;
    assert_eq!(by_accident.status, 422);
    let _ = world.post(&erase).header("content-type", FORM).bytes("lang=en&confirm=yes").send().await.expect(200);
    world.tick().await;
    let case = world.case(&id).await;
    assert_eq!(case.json["feedback"]["customer"].as_object().map(|c| c.contains_key("email")), Some(false));
    let held = world.get(&format!("{page}/data")).send().await.expect(200).text();
    assert!(!held.contains("@") && !held.contains("Sorry"), "{held}");
}

#[tokio::test]
async fn a_made_up_link_opens_nothing() {
    let world = World::start().await;
    let (_, page) = written_to(&world).await;
    for forged in [format!("{page}x"), "/preferences/x".to_owned(), "/preferences/a.99999999999.b".to_owned()] {
        assert!(world.get(&forged).send().await.expect(404).text().contains("This link does not work"));
        let _ = world.post(&forged).header("content-type", FORM).bytes("none=yes").send().await.expect(404);
        let _ = world
            .post(&format!("{forged}/erase"))
            .header("content-type", FORM)
            .bytes("confirm=yes")
            .send()
            .await
            .expect(404);
    }
}

/// With the link to what was answered handed out at once.
fn linking(programme: String) -> String {
    instead(&programme, &[("default_locale = \"en\"", "default_locale = \"en\"\nlink_after_answer = true")])
}

#[tokio::test]
async fn whoever_answers_sees_and_deletes_that_answer_and_nothing_else() {
    let Some(world) = World::with_clock_and(Options { programme: Some(linking), ..Options::default() }).await else {
        return;
    };
    let mine = with(detractor(), &json!({ "response_id": "mine", "comment": "Written by me" }));
    let taken = world.feedback(&mine).send().await.expect(202);
    let own = taken.header("link").split(['<', '>']).nth(1).expect("a link").to_owned();
    let own = format!("/preferences/{}", own.split_once("/preferences/").expect("the page").1);
    let id = taken.header("location").rsplit('/').next().expect("an id").to_owned();
    let updated = with(mine, &json!({ "comment": "Written by whom?" }));
    assert_eq!(world.feedback(&updated).send().await.expect(202).header("link"), "", "only the first post");
    let other = world.take_and_seal(&with(detractor(), &json!({ "response_id": "other", "comment": "Another" }))).await;
    for path in [own.clone(), format!("{own}/data")] {
        let shown = world.get(&path).send().await.expect(200);
        assert!(shown.text().contains("Written by"), "{}", shown.text());
        assert!(!shown.text().contains("ada@example.com") && !shown.text().contains("Another"), "{}", shown.text());
        assert_eq!(shown.header("cache-control"), "no-store");
    }
    let post = async |path: &str, form: &str| {
        world.post(&format!("{own}{path}")).header("content-type", FORM).bytes(form.to_owned()).send().await.status
    };
    for path in ["", "/unsubscribe", "/confirm", "/person"] {
        assert_eq!(post(path, "none=yes").await, 404, "{path}");
    }
    assert_eq!(post("/erase", "").await, 422);
    assert_eq!(post("/erase", "confirm=yes").await, 200);
    world.pass(TimeDelta::minutes(2)).await;
    let left = async |id: &str| world.get(&format!("/v1/feedback/{id}")).token(ADMIN).send().await.expect(200).json();
    assert_eq!((&left(&id).await["comment"], &left(&other).await["comment"]), (&Value::Null, &json!("Another")));
}

#[tokio::test]
async fn no_link_is_handed_out_unless_the_programme_says_so() {
    let world = World::start().await;
    assert_eq!(world.feedback(&detractor()).send().await.expect(202).header("link"), "");
}

#[tokio::test]
async fn the_page_is_flawless_in_every_language_and_works_without_javascript() {
    let Some(browser) = Browser::start().await else { return };
    let options = Options { programme: Some(linking), ..Options::default() };
    let Some(world) = World::with_clock_and(options).await else { return };
    let (id, page) = written_to(&world).await;
    for lang in ["en", "de", "fr"] {
        for (scheme, width, kind) in [("light", 1280, "wide"), ("dark", 390, "phone")] {
            browser.prefer(&[("prefers-color-scheme", scheme)]).await;
            browser.size(width, 900, width < 500).await;
            open(&world, &browser, &format!("{page}?lang={lang}")).await;
            browser.shown(&format!("html[lang={lang}] main h1")).await;
            flawless(&browser, &format!("preferences, {lang}, {kind}")).await;
            browser.screenshot(&format!("preferences-{lang}-{kind}")).await;
        }
    }
    browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    open(&world, &browser, &format!("{page}?lang=en")).await;
    browser.click("label[for='email.follow_up']").await;
    browser.click("fieldset ~ button").await;
    browser.says("Saved.").await;
    assert_eq!(world.case(&id).await.contact("email")["allowed"], false);
    browser.click("label[for=confirm]").await;
    browser.click("button.danger").await;
    browser.says("is being erased").await;
    browser.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
    flawless(&browser, "erased").await;
    browser.screenshot("preferences-erased").await;
    open(&world, &browser, "/preferences/nobody").await;
    flawless(&browser, "a bad link").await;
    let just_now = world.feedback(&with(detractor(), &json!({ "response_id": "just now" }))).send().await.expect(202);
    let link = just_now.header("link").split(['<', '>']).nth(1).expect("a link").to_owned();
    let own = format!("/preferences/{}", link.split_once("/preferences/").expect("the page").1);
    open(&world, &browser, &own).await;
    browser.says("Your answer").await;
    flawless(&browser, "one's own answer").await;
    browser.screenshot("preferences-own").await;
}
