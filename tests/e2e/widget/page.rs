//! The survey page behind links and QR codes, without any script.

use super::signed;
use chrono::TimeDelta;
use ringback_tests::{Answer, World, soon};
use serde_json::json;

/// The value of a hidden field.
fn field(page: &Answer, name: &str) -> String {
    let html = page.text();
    let marker = format!("name=\"{name}\" value=\"");
    let rest = html.split(&marker).nth(1).unwrap_or_else(|| panic!("no {name}: {html}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// The fields that every form of the page carries back.
fn carried(page: &Answer) -> String {
    let fields = ["r", "at", "proof", "lang", "channel"].map(|name| format!("{name}={}", field(page, name)));
    fields.join("&")
}

async fn send(world: &World, survey: &str, form: String) -> Answer {
    let call = world.post(&format!("/s/{survey}")).header("content-type", "application/x-www-form-urlencoded");
    call.bytes(form).send().await
}

#[tokio::test]
async fn a_link_shows_its_score_stores_nothing_and_one_press_confirms_it() {
    let Some(world) = World::with_clock().await else { return };
    let token = signed(&world, json!({ "sub": "C-9", "jti": "mail-1" }));
    let link = format!("/s/checkout-nps?score=2&t={token}&channel=email&lang=de");
    for visit in ["a scanner", "a preview", "the customer"] {
        let page = world.get(&link).send().await.expect(200);
        assert!(page.text().contains("value=\"2\"") && page.text().contains("checked"), "{visit}");
        assert!(page.text().contains("lang=\"de\"") && page.header("cache-control") == "no-store", "{visit}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(world.head().await, 0, "links are opened by machines, too");

    let page = world.get(&link).send().await.expect(200);
    world.pass_asleep(TimeDelta::seconds(3)).await;
    let form = format!("{}&t={token}&score=2", carried(&page));
    let thanks = send(&world, "checkout-nps", form.clone()).await.expect(200);
    assert!(thanks.text().contains("Vielen Dank!") && thanks.text().contains("Was ist schiefgelaufen?"));
    let _ = send(&world, "checkout-nps", form.clone()).await.expect(200);
    let done =
        send(&world, "checkout-nps", format!("{form}&step=2&comment=Zu+sp%C3%A4t.&contact=yes")).await.expect(200);
    assert!(done.text().contains("Wir gehen dem nach."));
    world.sealed().await;
    soon("one alert", || world.chat.count() == 1).await;
    let alert = world.chat.taken()[0].text();
    let id = alert.split("/desk/cases/").nth(1).and_then(|rest| rest.get(..26)).expect("a link").to_owned();
    let stored = world.stored(&id).await;
    assert_eq!((&stored["score"], &stored["comment"]), (&json!(2), &json!("Zu spät.")));
    assert_eq!((&stored["customer"]["id"], &stored["channel"]), (&json!("C-9"), &json!("email")));
    assert_eq!(world.case(&id).await.happened(), ["opened", "feedback.updated"]);
}

#[tokio::test]
async fn what_did_not_come_from_the_page_stores_nothing() {
    let Some(world) = World::with_clock().await else { return };
    let page = world.get("/s/support-ces").send().await.expect(200);
    let form = carried(&page);
    let hasty = send(&world, "support-ces", format!("{form}&score=3")).await;
    assert_eq!(hasty.status, 422, "in the very second the page was made");
    assert!(
        hasty.text().contains("press Send once more") && hasty.text().contains("checked"),
        "nothing chosen is lost"
    );
    world.pass_asleep(TimeDelta::seconds(5)).await;
    for (name, wrong) in [
        ("no proof", "score=3".to_owned()),
        ("another's proof", format!("{}&score=3", form.replace("proof=", "proof=x"))),
        ("another response", format!("{}&score=3", form.replace("r=", "r=x"))),
        ("the field that nobody sees", format!("{form}&score=3&website=x")),
        ("off the scale", format!("{form}&score=8")),
        ("no score", form.clone()),
    ] {
        assert_eq!(send(&world, "support-ces", wrong).await.status, 422, "{name}");
    }
    assert_eq!(send(&world, "checkout-nps", format!("{form}&score=3")).await.status, 422, "begun on another page");
    assert_eq!(world.head().await, 0);
    let _ = send(&world, "support-ces", format!("{form}&score=3")).await.expect(200);
    assert_eq!(world.head().await, 1);
    for path in ["/s/no-such-survey", "/s/", "/s/support-ces/more"] {
        let page = world.get(path).header("accept-language", "de").send().await.expect(404);
        assert!(page.text().contains("Hier gibt es keine Umfrage."), "{path}");
    }
}

#[tokio::test]
async fn a_link_carries_no_names_and_addresses_and_an_old_one_is_still_an_answer() {
    let Some(world) = World::with_clock().await else { return };
    let loose = signed(&world, json!({ "sub": "C-9", "email": "ada@example.com" }));
    let refused = world.get(&format!("/s/checkout-nps?t={loose}")).send().await;
    assert!(refused.expect(422).text().contains("This link does not work."));
    let token = signed(&world, json!({ "sub": "C-9" }));
    world.pass_asleep(TimeDelta::days(40)).await;
    let page = world.get(&format!("/s/checkout-nps?score=9&t={token}")).send().await.expect(200);
    assert!(!page.text().contains(&token), "an expired identity is nobody's");
    let hostile =
        world.get("/s/checkout-nps?lang=%22%3E%3Cscript%3E&touchpoint=%3Cb%3E&channel=%22&score=%22").send().await;
    assert!(!hostile.expect(200).text().contains("<script"));
}
