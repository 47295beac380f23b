//! The desk in a real browser.

mod cost;
mod day;
mod improve;
mod lead;
mod plain;
mod screens;

use ringback_tests::{Browser, World, eventually};
use serde_json::{Value, json};

use super::answers::{detractor, with};

/// A world whose clock can be moved, and a browser; none where either is not to be had.
pub async fn stage() -> Option<(World, Browser)> {
    let browser = Browser::start().await?;
    Some((World::with_clock().await?, browser))
}

/// Goes to an address of the desk.
pub async fn open(world: &World, browser: &Browser, path: &str) {
    browser.open(&format!("{}{path}", world.url())).await;
}

/// Signs in on whatever page asks for it.
pub async fn sign_in(browser: &Browser, token: &str) {
    browser.click("#token").await;
    browser.write(token).await;
    browser.press(&["Enter"]).await;
    browser.until("signed in", "!document.querySelector('#token')").await;
}

/// Signs in and goes to an address.
pub async fn enter(world: &World, browser: &Browser, token: &str, path: &str) {
    open(world, browser, "/desk/sign-in").await;
    sign_in(browser, token).await;
    open(world, browser, path).await;
}

/// A detractor who may be called and written to.
pub fn reachable() -> Value {
    let consent = ["email", "phone"]
        .map(|channel| json!({ "channel": channel, "purpose": "follow_up", "granted": true, "wording": "2026-01" }));
    let mut answer = with(detractor(), &json!({ "consent": consent, "country": "DE" }));
    answer["customer"]["phone"] = "+49 30 1234567".into();
    answer
}

/// Writes into a field, over what is there.
pub async fn fill(browser: &Browser, css: &str, text: &str) {
    browser.click(css).await;
    browser.run(&format!("document.querySelector({css:?}).select?.()")).await;
    browser.write(text).await;
}

/// Waits until a case stands somewhere.
pub async fn stands(world: &World, id: &str, state: &str) {
    eventually(&format!("the case is {state}"), async || world.case(id).await.state() == state).await;
}

/// Nothing is wrong with the page: neither for a screen reader nor under its own rules.
pub async fn flawless(browser: &Browser, what: &str) {
    let found = browser.axe().await;
    assert!(found.is_empty(), "{what}: {found:#?}");
    // That a page was answered with 401 or 412 is meant, and noted by the browser.
    let console = browser.console().await;
    let console: Vec<_> =
        console.iter().filter(|line| !line.contains("the server responded with a status of 4")).collect();
    assert!(console.is_empty(), "{what}: {console:#?}");
    let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    let wide = browser.run(wide).await;
    assert!(wide.as_i64().is_some_and(|wide| wide <= 0), "{what}: {wide} pixels wider than the window");
}
