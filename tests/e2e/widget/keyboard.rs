//! The widget without a mouse, in other languages, and seen.

use super::asking::{flawless, happened, head, stage, taken};
use ringback_tests::eventually;
use serde_json::Value;

#[tokio::test]
async fn every_type_is_answered_by_keyboard_and_passing_over_a_score_is_no_answer() {
    let Some((world, browser, pages)) = stage().await else { return };
    for (survey, keys, score) in [
        ("checkout-nps", vec!["ArrowRight", "ArrowRight", "ArrowLeft", "Space"], 1),
        ("delivery-csat", vec!["End", "Enter"], 5),
        ("support-ces", vec!["4", "ArrowDown", "Enter"], 5),
        ("product-stars", vec!["End", "ArrowUp", "Space"], 4),
        ("help-thumbs", vec!["ArrowRight", "Enter"], 1),
    ] {
        pages.put(&format!("/{survey}"), &head(&world, ""), &format!("<div data-ringback=\"{survey}\"></div>"));
        browser.open(&pages.url(&format!("/{survey}"))).await;
        browser.run("localStorage.clear()").await;
        browser.reload().await;
        browser.shown("[role=radiogroup]").await;
        browser.tab_to("[role=radio]").await;
        browser.press(&keys[..keys.len() - 1]).await;
        assert!(!happened(&browser).await.contains(&"answered".to_owned()), "{survey}: moving is not choosing");
        browser.press(&keys[keys.len() - 1..]).await;
        let id = taken(&browser, 1).await;
        assert_eq!(world.stored(&id).await["score"], score, "{survey}");
        browser.tab_to("textarea").await;
        browser.write("By keyboard.").await;
        browser.tab_to(".act").await;
        browser.press(&["Enter"]).await;
        browser.says("Thank you!").await;
        browser.until("the thanks have the focus", "deep('h2') === deep('h2').getRootNode().activeElement").await;
        assert_eq!(taken(&browser, 2).await, id);
        eventually("the comment is there", async || world.stored(&id).await["comment"] == "By keyboard.").await;
        assert_eq!(browser.console().await, [""; 0], "{survey}");
    }
}

#[tokio::test]
async fn a_popover_is_opened_and_left_without_a_mouse_and_not_now_is_respected() {
    let Some((world, browser, pages)) = stage().await else { return };
    let opener = "<p><button id=\"ask\">Feedback</button></p><script>document.querySelector('#ask').addEventListener('click', () => window.ringback.open({ survey: 'checkout-nps' }))</script>";
    pages.put("/shop", &head(&world, ""), opener);
    browser.open(&pages.url("/shop")).await;
    browser.until("the widget is ready", "window.ringback?.version === 1").await;
    browser.tab_to("#ask").await;
    browser.press(&["Enter"]).await;
    browser.shown("[role=dialog]").await;
    browser
        .until(
            "the first score has the focus",
            "deep('[role=radio]') === deep('[role=radio]').getRootNode().activeElement",
        )
        .await;
    flawless(&browser, "an open popover").await;
    browser.press(&["Escape"]).await;
    browser.until("the focus is back", "!deep('[role=dialog]') && document.activeElement.id === 'ask'").await;

    browser.run("localStorage.clear()").await;
    browser.press(&["Enter"]).await;
    browser.shown("[role=dialog]").await;
    browser.click(".plain").await;
    browser.until("it is gone", "!deep('[role=dialog]')").await;
    for again in ["at once", "after a reload"] {
        browser.click("#ask").await;
        browser
            .until(&format!("{again}: skipped"), "happened.some((e) => e.name === 'skipped' && e.reason === 'later')")
            .await;
        browser.reload().await;
        browser.until("the widget is ready", "window.ringback?.version === 1").await;
    }
    browser.run("window.ringback.open({ survey: 'checkout-nps', force: true })").await;
    browser.shown("[role=dialog]").await;
    assert_eq!(world.head().await, 0, "asking stores nothing");
}

#[tokio::test]
async fn every_language_is_spoken_and_arabic_runs_from_right_to_left() {
    let Some((world, browser, pages)) = stage().await else { return };
    for (language, question) in [
        ("de", "Wie bewerten Sie Example Shop?"),
        ("fr", "Quelle note donnez-vous à Example Shop"),
        ("it", "Come valuta Example Shop?"),
        ("es", "¿Cómo valora Example Shop?"),
        ("ar", "كيف تقيّم"),
    ] {
        let lang = format!("data-lang=\"{language}\"");
        pages.put("/page", &head(&world, &lang), "<div data-ringback=\"product-stars\"></div>");
        browser.open(&pages.url("/page")).await;
        browser.says(question).await;
        assert_eq!(browser.run("return deep('section').lang").await, language);
        flawless(&browser, language).await;
    }
    assert_eq!(browser.run("return getComputedStyle(deep('section')).direction").await, "rtl");
    let right_of = "return deep('[role=radio]').getBoundingClientRect().left > all('[role=radio]')[1].getBoundingClientRect().left";
    assert_eq!(browser.run(right_of).await, true, "the first star is the rightmost");
    browser.tab_to("[role=radio]").await;
    browser.press(&["ArrowLeft", "ArrowLeft", "Enter"]).await;
    let id = taken(&browser, 1).await;
    assert_eq!(world.stored(&id).await["score"], 3, "left goes up");
    assert_eq!(world.stored(&id).await["locale"], "ar");
}

#[tokio::test]
async fn targets_are_large_texts_can_double_and_dark_is_readable() {
    let Some((world, browser, pages)) = stage().await else { return };
    let all = ["checkout-nps", "delivery-csat", "support-ces", "product-stars", "help-thumbs"];
    let body: String = all.iter().map(|id| format!("<div data-ringback=\"{id}\" data-force></div>")).collect();
    let style = "<style>body{margin:12px;font:16px system-ui}@media(prefers-color-scheme:dark){body{background:#0e1013;color:#eee}}[data-ringback]{margin:12px 0}</style>";
    pages.put("/all", &format!("{style}{}", head(&world, "")), &body);
    // 320 CSS pixels are a window of 1280 at 400 %, and of 640 at 200 %.
    for (scheme, width, phone) in
        [("light", 1100, false), ("dark", 1100, false), ("dark", 320, true), ("light", 320, true)]
    {
        browser.prefer(&[("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]).await;
        browser.size(width, 900, phone).await;
        browser.open(&pages.url("/all")).await;
        browser.until("all five ask", "all('[role=radiogroup]').length === 5").await;
        for (i, nth) in [(0, 4), (1, 2), (3, 4), (4, 1)] {
            browser
                .run(&format!("all('[role=radiogroup]')[{i}].querySelectorAll('[role=radio]')[{}].click()", nth - 1))
                .await;
        }
        browser.until("four are taken", "happened.filter((e) => e.name === 'sent').length === 4").await;
        browser.run("deep('input[value=yes]').click()").await;
        browser.shown("input[type=email]").await;
        flawless(&browser, &format!("{scheme} {width}")).await;
        let small = browser
            .run("return all('button, input[type=radio], a.act, summary').filter(seen).map((e) => [e.className || e.type, e.getBoundingClientRect()]).filter(([, r]) => r.width < 24 || r.height < 24).filter(([n]) => n !== 'radio').map(([n]) => n)")
            .await;
        assert_eq!(small, Value::Array(Vec::new()), "{scheme} {width}: targets under 24 pixels");
        let wide = browser.run("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_i64().is_some_and(|px| px <= 0), "{scheme} {width}: {wide} pixels to the side");
        let moving = browser.run("return all('*').filter((e) => e.getAnimations().length).length").await;
        assert_eq!(moving, 0, "nothing moves for those who do not want it");
        let height =
            browser.run("return Math.ceil(document.documentElement.scrollHeight)").await.as_u64().unwrap_or(900);
        browser.size(width, u32::try_from(height).unwrap_or(900), phone).await;
        browser.screenshot(&format!("widget-types-{scheme}-{width}")).await;
        browser.run("localStorage.clear()").await;
    }
}

#[tokio::test]
async fn a_popover_is_seen_on_a_desk_a_phone_and_from_right_to_left() {
    let Some((world, browser, pages)) = stage().await else { return };
    for (name, language, scheme, width, height, phone) in [
        ("popover-light", "en", "light", 1100, 760, false),
        ("popover-dark", "en", "dark", 1100, 760, false),
        ("popover-phone", "de", "light", 375, 760, true),
        ("popover-rtl", "ar", "light", 1100, 760, false),
        ("popover-phone-rtl-dark", "ar", "dark", 375, 760, true),
    ] {
        let head = head(&world, &format!("data-survey=\"checkout-nps\" data-lang=\"{language}\""));
        pages.put("/shop", &format!("{}{head}", super::shop::STYLE), super::shop::BODY);
        browser.prefer(&[("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]).await;
        browser.size(width, height, phone).await;
        browser.open(&pages.url("/shop")).await;
        browser.run("localStorage.clear()").await;
        browser.reload().await;
        browser.shown("[role=radiogroup]").await;
        assert_eq!(browser.run("return document.activeElement === document.body").await, true, "it takes no focus");
        browser.screenshot(&format!("widget-{name}-asks")).await;
        browser.click("[role=radio]:nth-of-type(4)").await;
        browser.shown("textarea").await;
        let _ = taken(&browser, 1).await;
        browser.screenshot(&format!("widget-{name}-follows-up")).await;
        browser.click(".act").await;
        browser.until("it thanks", "!deep('textarea')").await;
        browser.screenshot(&format!("widget-{name}-thanks")).await;
        flawless(&browser, name).await;
    }
}

#[tokio::test]
async fn the_survey_page_is_answered_by_keyboard_and_looked_at() {
    let Some((world, browser, _)) = stage().await else { return };
    for (name, survey, query, scheme, width, phone) in [
        ("light", "checkout-nps", "score=9&lang=en", "light", 1100, false),
        ("dark-phone-rtl", "product-stars", "lang=ar", "dark", 375, true),
        ("thumbs-phone", "help-thumbs", "lang=fr", "light", 320, true),
    ] {
        browser.prefer(&[("prefers-color-scheme", scheme)]).await;
        browser.size(width, 760, phone).await;
        browser.open(&format!("{}/s/{survey}?{query}", world.url())).await;
        flawless(&browser, name).await;
        let wide = browser.run("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(wide.as_i64().is_some_and(|px| px <= 0), "{name}: {wide} pixels to the side");
        browser.screenshot(&format!("page-{name}")).await;
    }
    browser.open(&format!("{}/s/support-ces?lang=en", world.url())).await;
    browser.tab_to("input[name=score]").await;
    browser.press(&["Space", "ArrowRight"]).await;
    world.pass_asleep(chrono::TimeDelta::seconds(2)).await;
    browser.tab_to("button").await;
    browser.press(&["Enter"]).await;
    browser.shown("textarea").await;
    flawless(&browser, "the page asks for more").await;
    browser.screenshot("page-follows-up").await;
    browser.tab_to("textarea").await;
    browser.write("On the page.").await;
    browser.tab_to("button").await;
    browser.press(&["Enter"]).await;
    browser.until("it thanks", "!deep('form') && deep('h1').textContent === 'Thank you!'").await;
    flawless(&browser, "the page thanks").await;
    assert_eq!(world.head().await, 2, "the score, and the comment as its update");
}
