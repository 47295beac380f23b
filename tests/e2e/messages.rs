//! Messages to customers: by the programme's templates, with their consent, not too often, and logged in the case.

use crate::answers::{detractor, with};
use chrono::TimeDelta;
use ringback_tests::{AGENT, INTAKE, LEAD, Options, World, eventually, soon};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// What went to the customer, oldest first.
fn to_customer(world: &World) -> Vec<Value> {
    let mails = world.mail.received();
    mails.iter().map(ringback_tests::Received::json).filter(|mail| mail["to"][0] == "ada@example.com").collect()
}

fn may(purposes: &[&str]) -> Value {
    let one = |purpose: &&str| json!({ "channel": "email", "purpose": purpose, "granted": true });
    purposes.iter().map(one).collect()
}

#[tokio::test]
async fn a_customer_is_told_what_was_done_by_a_template_and_the_case_keeps_the_providers_name_for_it() {
    let world = World::start().await;
    let id = world.take_and_seal(&with(detractor(), &json!({ "locale": "fr-FR" }))).await;
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier", "remedy": "Un nouvel <envoi>." }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    let early = world.work(&id, &json!({ "type": "close", "note": "done" })).await;
    assert_eq!(early.status, 409, "nobody has told the customer");
    let wrong = json!({ "type": "inform", "note": "told", "channel": "email", "message": { "template": "referral" } });
    assert_eq!(world.work(&id, &wrong).await.status, 422);
    let inform = json!({ "type": "inform", "note": "told", "channel": "email",
        "message": { "template": "result", "text": "Merci de votre patience." } });
    let _ = world.work(&id, &inform).await.expect(200);
    soon("the message", || to_customer(&world).len() == 1).await;
    let mail = to_customer(&world).remove(0);
    assert_eq!(mail["subject"], "Les suites données à votre avis");
    let text = mail["text"].as_str().unwrap_or_default();
    assert!(text.starts_with("Bonjour Ada Lovelace,") && text.contains("Merci de votre patience."), "{text}");
    let html = mail["html"].as_str().unwrap_or_default();
    assert!(!html.contains("<envoi>") && html.contains("#0a6b50") && html.contains("Musterstraße"), "{html}");
    assert_eq!(mail["reply_to"], "Example Shop <care@example.com>");
    world.attempted(&id).await;
    let case = world.case(&id).await;
    let message = &case.json["messages"][0];
    assert_eq!((&message["kind"], &message["provider_id"]), (&json!("result"), &json!("mail-1")), "{message}");
    assert!(message["text"].as_str().is_some_and(|text| text.contains("Un nouvel <envoi>.")), "{message}");
    let _ = world.work(&id, &json!({ "type": "close", "note": "done" })).await.expect(200);
}

#[tokio::test]
async fn a_preview_shows_a_message_with_sample_and_with_real_data() {
    let world = World::start().await;
    let id = world.take_and_seal(&with(detractor(), &json!({ "locale": "de" }))).await;
    let preview = |wish: Value| world.post("/v1/messages/preview").token(AGENT).json(&wish).send();
    let sample: Value = preview(json!({ "kind": "apology", "language": "de" })).await.expect(200).json();
    assert_eq!((&sample["sample"], &sample["language"]), (&json!(true), &json!("de")));
    assert!(sample["html"].as_str().is_some_and(|html| html.contains("Ada Sample")), "{sample}");
    let real: Value = preview(json!({ "kind": "apology", "case": id })).await.expect(200).json();
    assert!(real["text"].as_str().is_some_and(|text| text.contains("Guten Tag Ada Lovelace,")), "{real}");
    let _ = preview(json!({ "kind": "offer" })).await.expect(404);
    let _ = preview(json!({ "kind": "joke" })).await.expect(422);
    let by = world.post("/v1/messages/preview").token(INTAKE).json(&json!({ "kind": "apology" })).send().await;
    assert_eq!(by.status, 403);
    assert!(to_customer(&world).is_empty());
}

/// Cases of some customers are for nobody, and every promoter is thanked.
fn automated(programme: String) -> String {
    let rule = "[[rules]]\nid = \"free\"\nwhen = { band = [\"detractor\"], tier = [\"free\"] }\n\
                then = { track = \"automation\", queue = \"care\", deadlines = \"relaxed\", alert = \"care\", message = \"help\" }\n\n\
                [[rules]]\nid = \"key-account-detractor\"";
    let thanks = "then = { track = \"advocacy\", kind = \"thank-you\", queue = \"care\", deadlines = \"relaxed\", message = \"thank_you\" }";
    programme
        .replacen("[[rules]]\nid = \"key-account-detractor\"", rule, 1)
        .replace("then = { track = \"none\" }", thanks)
}

#[tokio::test]
async fn automation_helps_at_once_and_a_click_leads_to_a_person() {
    let world = World::with(Options { programme: Some(automated), ..Options::default() }).await;
    let customer = json!({ "id": "C-7", "name": "Ada Lovelace", "email": "ada@example.com", "tier": "free" });
    let id = world.take_and_seal(&with(detractor(), &json!({ "customer": customer, "locale": "en" }))).await;
    soon("help", || to_customer(&world).len() == 1).await;
    let mail = to_customer(&world).remove(0);
    let text = mail["text"].as_str().unwrap_or_default().to_owned();
    let link = text.lines().find(|line| line.ends_with("/person")).expect("a way to a person");
    let path = format!("/preferences/{}", link.split_once("/preferences/").expect("the page").1);
    assert_eq!(world.case(&id).await.json["track"], "automation");
    let shown = world.get(&path).send().await.expect(200);
    assert!(shown.text().contains("Talk to a person"), "{}", shown.text());
    assert_eq!(world.case(&id).await.json["track"], "automation", "a GET changes nothing");
    let clicked = world.post(&path).header("content-type", FORM).bytes("lang=en").send().await.expect(200);
    assert!(clicked.text().contains("Somebody will get back to you"), "{}", clicked.text());
    let case = world.case(&id).await;
    assert_eq!(case.json["track"], "recovery");
    assert_eq!(case.entry("person.asked").map(|entry| &entry["who"]), Some(&json!("customer")));
    assert!(!case.alerts("person.asked").is_empty());
}

#[tokio::test]
async fn nobody_is_thanked_twice_within_the_quarantine_and_the_case_says_why() {
    let options = Options { programme: Some(automated), ..Options::default() };
    let Some(world) = World::with_clock_and(options).await else { return };
    let happy = |response: &str| {
        with(
            detractor(),
            &json!({ "survey": "delivery-csat", "score": 5, "comment": "Fine.", "response_id": response }),
        )
    };
    let first = world.take_and_seal(&happy("one")).await;
    soon("thanks", || to_customer(&world).len() == 1).await;
    world.attempted(&first).await;
    world.pass(TimeDelta::days(29)).await;
    let second = world.take_and_seal(&happy("two")).await;
    world.attempted(&second).await;
    let case = world.case(&second).await;
    assert_eq!(case.messages(), ["blocked"]);
    let why = case.json["messages"][0]["last_error"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("fatigue guard: thank_you was sent on 22 Nov 2026"), "{why}");
    world.pass(TimeDelta::days(2)).await;
    let third = world.take_and_seal(&happy("three")).await;
    world.attempted(&third).await;
    assert_eq!(world.case(&third).await.messages(), ["delivered"], "what was held back did not count");
}

#[tokio::test]
async fn a_survey_follows_another_by_a_link_that_answers_once_in_the_customers_name() {
    let Some(world) = World::with_clock().await else { return };
    let passive = json!({ "score": 7, "consent": may(&["follow_up", "survey"]), "locale": "en" });
    let id = world.take_and_seal(&with(detractor(), &passive)).await;
    world.pass(TimeDelta::days(60) + TimeDelta::minutes(2)).await;
    soon("an invitation", || to_customer(&world).len() == 1).await;
    let text = to_customer(&world)[0]["text"].as_str().unwrap_or_default().to_owned();
    let link = text.split_whitespace().find(|word| word.contains("/s/support-ces?i=")).expect("a link").to_owned();
    let path = link.split_once("/s/").map(|(_, rest)| format!("/s/{rest}")).expect("a path");
    let page = world.get(&path).send().await.expect(200).text();
    let value = |name: &str| {
        let start = format!("name=\"{name}\" value=\"");
        page.split_once(&start).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default().to_owned()
    };
    assert!(!page.contains("ada@example.com"), "the page knows nobody");
    world.pass_asleep(TimeDelta::seconds(5)).await;
    let form = ["r", "at", "proof", "lang", "channel", "i"].map(|name| format!("{name}={}", value(name))).join("&");
    let taken = world.post("/s/support-ces").header("content-type", FORM);
    let _ = taken.bytes(format!("{form}&score=2")).send().await.expect(200);
    world.tick().await;
    // It is the same customer's: the earlier answer knows of it.
    eventually("the earlier case knows", async || {
        let case = world.case(&id).await;
        case.happened().contains(&"answered.again".to_owned()) || case.json["later"][0]["score"] == 2
    })
    .await;
    world.pass(TimeDelta::days(8)).await;
    assert_eq!(to_customer(&world).len(), 1, "who has answered is not reminded");

    let forged = path.replace("i=", "i=x");
    let page = world.get(&forged).send().await.expect(200).text();
    assert!(!page.contains("name=\"i\""), "a made-up invitation is nobody's: {page}");
}

#[tokio::test]
async fn a_referral_code_leads_back_to_its_case() {
    let world = World::start().await;
    let gold = json!({ "score": 10, "consent": may(&["marketing"]), "locale": "en",
        "customer": { "id": "C-7", "name": "Ada Lovelace", "email": "ada@example.com", "tier": "gold" } });
    let id = world.take_and_seal(&with(detractor(), &gold)).await;
    soon("a referral", || to_customer(&world).len() == 1).await;
    let text = to_customer(&world)[0]["text"].as_str().unwrap_or_default().to_owned();
    assert!(!text.contains("Parcel was opened"), "what sells sees no comment: {text}");
    let code = text.split("code=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a code").to_owned();
    let path = format!("/v1/referrals/{code}");
    let _ = world.post(&path).token(INTAKE).json(&json!({ "id": "order-1" })).send().await.expect(204);
    let _ = world.post(&path).token(INTAKE).json(&json!({ "id": "order-1" })).send().await.expect(204);
    let shown: Value = world.get(&path).token(LEAD).send().await.expect(200).json();
    assert_eq!((&shown["case"], shown["uses"].as_array().map(Vec::len)), (&json!(id), Some(1)));
    assert!(world.case(&id).await.happened().contains(&"referral.used".to_owned()));
    let _ = world.get("/v1/referrals/aaaaaaaaaa").token(LEAD).send().await.expect(404);
    let list = world.get("/v1/cases?advocacy=referral").token(LEAD).send().await.expect(200).json();
    assert_eq!(list["cases"][0]["id"], json!(id), "{list}");
}
