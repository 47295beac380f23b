//! The widget in a real browser, on a page of another origin.

use ringback_tests::{Browser, Pages, World, eventually};
use serde_json::Value;

use super::KEY;

/// Writes down every event of the widget.
const WATCH: &str = "<script>window.happened = []; for (const name of ['ready', 'shown', 'answered', 'commented', 'sent', 'kept', 'refused', 'later', 'closed', 'skipped', 'failed']) document.addEventListener('ringback:' + name, (e) => happened.push({ name, ...e.detail }));</script>";

/// The head of a page with the widget.
pub fn head(world: &World, attributes: &str) -> String {
    format!("{WATCH}<script async src=\"{}/widget.js\" data-key=\"{KEY}\" {attributes}></script>", world.url())
}

/// A world, a browser and a website; none where there is no browser.
pub async fn stage() -> Option<(World, Browser, Pages)> {
    let browser = Browser::start().await?;
    Some((World::start().await, browser, Pages::start()))
}

/// The id of the answer that was taken last.
pub async fn taken(browser: &Browser, count: usize) -> String {
    let script = format!(
        "(() => {{ const sent = happened.filter((e) => e.name === 'sent'); return sent.length >= {count} && sent.at(-1).feedback; }})()"
    );
    browser.until(&format!("{count} answers are taken"), &script).await.as_str().expect("an id").to_owned()
}

/// The names of what happened on the page.
pub async fn happened(browser: &Browser) -> Vec<String> {
    let names = browser.run("return happened.map((e) => e.name)").await;
    names.as_array().expect("a list").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Nothing is wrong with the page as it stands.
pub async fn flawless(browser: &Browser, state: &str) {
    let found = browser.axe().await;
    assert!(found.is_empty(), "{state}: {found:#?}");
    let console = browser.console().await;
    assert!(console.is_empty(), "{state}: {console:#?}");
}

#[tokio::test]
async fn every_type_is_answered_by_mouse() {
    let Some((world, browser, pages)) = stage().await else { return };
    for (survey, score, position) in [
        ("checkout-nps", 3, 4),
        ("delivery-csat", 2, 2),
        ("support-ces", 6, 6),
        ("product-stars", 4, 4),
        ("help-thumbs", 0, 1),
    ] {
        pages.put(&format!("/{survey}"), &head(&world, ""), &format!("<div data-ringback=\"{survey}\"></div>"));
        browser.open(&pages.url(&format!("/{survey}"))).await;
        browser.run("localStorage.clear()").await;
        browser.reload().await;
        browser.shown("[role=radiogroup]").await;
        flawless(&browser, &format!("{survey} asks")).await;
        browser.click(&format!("[role=radio]:nth-of-type({position})")).await;
        let id = taken(&browser, 1).await;
        let stored = world.stored(&id).await;
        assert_eq!((&stored["score"], &stored["survey"]), (&Value::from(score), &Value::from(survey)));
        browser.click("textarea").await;
        browser.write("It was broken.").await;
        flawless(&browser, &format!("{survey} asks for more")).await;
        browser.click(".act").await;
        browser.says("Thank you!").await;
        assert_eq!(taken(&browser, 2).await, id, "the same answer");
        eventually("the comment is there", async || world.stored(&id).await["comment"] == "It was broken.").await;
        flawless(&browser, &format!("{survey} thanks")).await;
    }
}
