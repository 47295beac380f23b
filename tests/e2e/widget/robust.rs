//! The widget when things go wrong: no network, a failing store, impatience, strict pages, wrong ones.

use super::asking::{happened, head, stage, taken};
use super::{KEY, signed};
use ringback_host::{Effect, Fault};
use ringback_tests::{Browser, Pages, World, eventually, soon};
use serde_json::json;

const INLINE: &str = "<div data-ringback=\"checkout-nps\"></div>";

#[tokio::test]
async fn an_answer_given_offline_is_sent_when_the_network_is_back() {
    let Some((world, browser, pages)) = stage().await else { return };
    pages.put("/page", &head(&world, ""), INLINE);
    browser.open(&pages.url("/page")).await;
    browser.shown("[role=radio]").await;
    browser.offline(true).await;
    browser.click("[role=radio]:nth-of-type(3)").await;
    browser.says("There is no connection. Your answer is kept here").await;
    browser.click("textarea").await;
    browser.write("Written on a train.").await;
    browser.click(".act").await;
    browser.says("There is no connection. Your answer is kept here").await;
    assert_eq!(world.head().await, 0);
    browser.offline(false).await;
    let id = taken(&browser, 1).await;
    eventually("all of it is there", async || world.stored(&id).await["comment"] == "Written on a train.").await;
    world.sealed().await;
    assert_eq!(world.stored(&id).await["score"], 2);
    assert_eq!(
        browser
            .run(&format!("return Object.keys(JSON.parse(localStorage.getItem('ringback:{KEY}')).queue).length"))
            .await,
        0
    );
}

#[tokio::test]
async fn an_answer_outlives_the_page_that_could_not_send_it_and_stays_one() {
    let Some(world) = World::with_clock().await else { return };
    let Some(browser) = Browser::start().await else { return };
    let pages = Pages::start();
    pages.put("/page", &head(&world, ""), INLINE);
    pages.put("/other", &head(&world, ""), "<p>Another page of the shop.</p>");
    browser.open(&pages.url("/page")).await;
    browser.shown("[role=radio]").await;
    world.faults().add(Fault::store(Effect::FailBefore("down".into()), |_| true));
    browser.click("[role=radio]:nth-of-type(1)").await;
    browser.says("Your answer is kept here").await;
    browser.open(&pages.url("/other")).await;
    browser.until("the widget is ready", "window.ringback?.version === 1").await;
    assert_eq!(
        browser
            .run(&format!("return Object.keys(JSON.parse(localStorage.getItem('ringback:{KEY}')).queue).length"))
            .await,
        1
    );
    world.faults().clear();
    browser.reload().await;
    browser
        .until(
            "it has left",
            &format!("Object.keys(JSON.parse(localStorage.getItem('ringback:{KEY}')).queue).length === 0"),
        )
        .await;
    world.sealed().await;
    soon("the alert", || world.chat.count() == 1).await;
    assert_eq!(world.mail.count(), 1, "one answer, however often it was sent");
}

#[tokio::test]
async fn a_double_click_is_one_answer_and_hits_nothing_else() {
    let Some((world, browser, pages)) = stage().await else { return };
    pages.put("/page", &head(&world, ""), INLINE);
    browser.open(&pages.url("/page")).await;
    browser.slow(300).await;
    browser.double_click("[role=radio]:nth-of-type(2)").await;
    let id = taken(&browser, 1).await;
    browser.double_click(".act").await;
    browser.says("Thank you!").await;
    world.sealed().await;
    assert_eq!(world.stored(&id).await["score"], 1);
    assert_eq!(world.head().await, 1, "one slot, one answer");
    let names = happened(&browser).await;
    assert_eq!(names.iter().filter(|name| *name == "answered").count(), 1, "{names:?}");
}

#[tokio::test]
async fn leaving_at_once_on_a_slow_network_loses_nothing() {
    let Some((world, browser, pages)) = stage().await else { return };
    pages.put("/page", &head(&world, ""), INLINE);
    pages.put("/gone", "", "<p>Gone.</p>");
    browser.open(&pages.url("/page")).await;
    browser.shown("[role=radio]").await;
    browser.slow(1_500).await;
    browser.click("[role=radio]:nth-of-type(4)").await;
    browser.open(&pages.url("/gone")).await;
    soon("the alert of an answer whose page is gone", || world.chat.count() == 1).await;
    world.sealed().await;
    assert_eq!(world.mail.count(), 1);
}

#[tokio::test]
async fn a_denied_consent_is_recorded_and_a_typed_address_must_be_one() {
    let Some((world, browser, pages)) = stage().await else { return };
    let token = signed(&world, json!({ "sub": "C-7", "email": "ada@example.com", "name": "Ada Lovelace" }));
    pages.put("/ada", &head(&world, &format!("data-identity=\"{token}\"")), INLINE);
    browser.open(&pages.url("/ada")).await;
    browser.click("[role=radio]:nth-of-type(1)").await;
    let id = taken(&browser, 1).await;
    browser.click("input[value=no]").await;
    browser.click(".act").await;
    assert_eq!(taken(&browser, 2).await, id);
    world.sealed().await;
    let contact = world.case(&id).await.contact("email").clone();
    assert_eq!((&contact["allowed"], &contact["reason"]), (&json!(false), &json!("refused")));
    assert_eq!(world.stored(&id).await["customer"]["email"], "ada@example.com");

    pages.put("/stranger", &head(&world, ""), "<div data-ringback=\"checkout-nps\" data-force></div>");
    browser.open(&pages.url("/stranger")).await;
    browser.click("[role=radio]:nth-of-type(1)").await;
    let id = taken(&browser, 1).await;
    browser.click("input[value=yes]").await;
    browser.click("input[type=email]").await;
    browser.write("grace").await;
    browser.click(".act").await;
    browser.says("Please enter an address").await;
    browser
        .until(
            "the address has the focus",
            "deep('input[type=email]') === deep('input[type=email]').getRootNode().activeElement",
        )
        .await;
    let found = browser.axe().await;
    assert!(found.is_empty(), "{found:#?}");
    browser.write("@example.com").await;
    browser.click(".act").await;
    browser.says("Thank you!").await;
    let _ = taken(&browser, 2).await;
    world.sealed().await;
    assert_eq!(world.case(&id).await.contact("email")["allowed"], true);
    assert_eq!(world.stored(&id).await["customer"]["email"], "grace@example.com");
}

#[tokio::test]
async fn a_strict_policy_is_content_and_the_wrong_origin_is_told_so() {
    let Some((world, browser, pages)) = stage().await else { return };
    let watch = "<script nonce=\"r4nd0m\">window.happened = []; for (const name of ['shown', 'sent', 'failed']) document.addEventListener('ringback:' + name, (e) => happened.push({ name, ...e.detail }));</script>";
    let script =
        format!("<script async nonce=\"r4nd0m\" src=\"{}/widget.js\" data-key=\"{KEY}\"></script>", world.url());
    let policy = format!(
        "default-src 'none'; script-src 'nonce-r4nd0m'; connect-src {}; base-uri 'none'; require-trusted-types-for 'script'",
        world.url()
    );
    pages.put_with_policy("/strict", &policy, &format!("{watch}{script}"), INLINE);
    browser.open(&pages.url("/strict")).await;
    browser.click("[role=radio]:nth-of-type(10)").await;
    let id = taken(&browser, 1).await;
    assert_eq!(world.stored(&id).await["band"], "promoter");
    assert_eq!(browser.run("return getComputedStyle(deep('.scale')).display").await, "grid", "it is dressed");
    assert_eq!(browser.console().await, [""; 0], "the policy has nothing to complain about");

    pages.put("/page", &head(&world, ""), INLINE);
    browser.open(&pages.url_elsewhere("/page")).await;
    browser.until("it says why", "happened.some((e) => e.name === 'failed' && e.reason.includes('origin'))").await;
    assert_eq!(
        browser.run("return document.querySelector('h1').textContent").await,
        "A page",
        "the page itself is whole"
    );
    let forged = format!(
        "const done = arguments[arguments.length - 1]; return fetch('{}/v1/surveys/checkout-nps/answers?key={KEY}', {{ method: 'POST', body: '{{\"id\":\"forged-0001\",\"score\":0}}' }}).then((r) => r.status)",
        world.url()
    );
    assert_eq!(browser.run(&forged).await, 403);
    assert_eq!(world.head().await, 1);
}

#[tokio::test]
async fn an_identity_that_has_expired_costs_the_name_and_not_the_answer() {
    let Some((world, browser, pages)) = stage().await else { return };
    let forged = ringback_tests::identity_token(
        "another-secret-that-is-long-enough-000",
        &json!({ "sub": "C-1", "exp": 4_000_000_000_u64 }),
    );
    pages.put("/page", &head(&world, &format!("data-identity=\"{forged}\"")), INLINE);
    browser.open(&pages.url("/page")).await;
    browser.click("[role=radio]:nth-of-type(3)").await;
    let id = taken(&browser, 1).await;
    let stored = world.stored(&id).await;
    assert_eq!((&stored["score"], &stored["customer"]), (&json!(2), &json!({})));
}
