//! Nobody is contacted without their consent: unknown means no, a withdrawal holds at once, and the case says why.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::{AGENT, INTAKE, Reply, World, soon};
use serde_json::{Value, json};

fn contact(channel: &str) -> Value {
    json!({ "type": "contact", "note": "trying", "channel": channel, "outcome": "reached" })
}

fn says(channel: &str, purpose: &str, granted: bool) -> Value {
    json!({ "channel": channel, "purpose": purpose, "granted": granted, "wording": "2026-01" })
}

async fn record(world: &World, customer: Value, statements: Vec<Value>) {
    let body = json!({ "customer": customer, "consent": statements });
    let answer = world.post("/v1/consents").token(INTAKE).json(&body).send().await;
    assert!(matches!(answer.status, 202 | 204), "{}", answer.text());
}

#[tokio::test]
async fn without_consent_contact_is_refused_and_the_case_says_why() {
    let Some(world) = World::with_clock().await else { return };
    let person = json!({ "id": "C-1", "email": "p@example.com", "phone": "+49 30 99" });
    let yes = |channel, purpose| says(channel, purpose, true);
    let expired =
        with(yes("email", "follow_up"), &json!({ "expires_at": "2026-11-22T09:00:00Z", "at": "2026-01-01T00:00:00Z" }));
    let withdrawn = [
        with(yes("email", "follow_up"), &json!({ "at": "2026-01-01T00:00:00Z" })),
        with(says("email", "follow_up", false), &json!({ "at": "2026-02-01T00:00:00Z" })),
    ];
    let table = [
        ("nothing on record", json!({ "customer": person, "consent": [] }), "unknown"),
        ("nobody known", json!({ "customer": {}, "consent": [yes("email", "follow_up")] }), "unidentified"),
        ("a no", json!({ "customer": person, "consent": [says("email", "follow_up", false)] }), "refused"),
        ("another channel", json!({ "customer": person, "consent": [yes("phone", "follow_up")] }), "unknown"),
        (
            "another purpose",
            json!({ "customer": person, "consent": [yes("email", "marketing"), yes("email", "survey")] }),
            "unknown",
        ),
        ("over", json!({ "customer": person, "consent": [expired] }), "expired"),
        ("withdrawn", json!({ "customer": person, "consent": withdrawn }), "withdrawn"),
    ];
    for (number, (what, answer, reason)) in table.into_iter().enumerate() {
        // Everybody is somebody else.
        let answer = answer.to_string().replace("C-1", &format!("C-{number}")).replace("p@", &format!("p{number}@"));
        let answer: Value = serde_json::from_str(&answer.replace("30 99", &format!("30 99{number}"))).expect("JSON");
        let id = world.take_and_seal(&with(anonymous(1), &answer)).await;
        let shown = world.case(&id).await;
        assert_eq!(
            (&shown.contact("email")["allowed"], &shown.contact("email")["reason"]),
            (&json!(false), &json!(reason)),
            "{what}"
        );
        let refused = world.work(&id, &contact("email")).await;
        assert_eq!(
            (refused.status, refused.problem().as_str(), &refused.json()["reason"]),
            (403, "contact-blocked", &json!(reason)),
            "{what}"
        );
        let case = world.case(&id).await;
        assert_eq!(
            (case.state(), case.happened()),
            ("new", vec!["opened".to_owned(), "contact.blocked".to_owned()]),
            "{what}"
        );
        assert!(
            case.entry("contact.blocked").expect("an entry")["detail"]
                .as_str()
                .is_some_and(|d| d.starts_with("email: ")),
            "{what}"
        );
        assert_ne!(case.etag, shown.etag, "{what}");
    }
}

#[tokio::test]
async fn informing_without_consent_is_refused_with_and_without_a_message() {
    let world = World::start().await;
    let id = world.take_and_seal(&with(detractor(), &json!({ "consent": [] }))).await;
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier" }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    soon("the alert", || world.mail.count() == 1).await;
    let inform = json!({ "type": "inform", "note": "telling", "channel": "email" });
    let message = json!({ "message": { "subject": "s", "text": "t" } });
    for order in [inform.clone(), with(inform, &message)] {
        let refused = world.work(&id, &order).await;
        assert_eq!((refused.status, refused.problem().as_str()), (403, "contact-blocked"));
    }
    let case = world.case(&id).await;
    assert_eq!((case.state(), case.messages().len()), ("resolved", 0));
    world.tick().await;
    assert_eq!(world.mail.received().len(), 1, "the alert and nothing else");
}

#[tokio::test]
async fn consent_given_with_the_answer_allows_exactly_that() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let case = world.case(&id).await;
    assert_eq!(case.contact("email")["allowed"], true);
    assert_eq!(case.contact("email")["consent"]["wording"], "2026-01");
    for (channel, status) in [("phone", 403), ("sms", 403), ("post", 403), ("email", 200)] {
        let answer = world.work(&id, &contact(channel)).await;
        assert_eq!(answer.status, status, "{channel}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_was_said_under_one_identity_is_found_when_asked_with_several() {
    let Some(world) = World::with_clock().await else { return };
    let customer = json!({ "id": "C-50", "email": "Eve@Example.com", "phone": "+49 (30) 50-50" });
    let answer = with(anonymous(2), &json!({ "customer": customer }));
    let id = world.take_and_seal(&answer).await;
    let allowed = async |channel: &str| world.case(&id).await.contact(channel)["allowed"] == true;
    assert!(!allowed("email").await && !allowed("phone").await);

    record(&world, json!({ "email": " eve@example.COM" }), vec![says("email", "follow_up", true)]).await;
    assert!(allowed("email").await && !allowed("phone").await, "by e-mail address, however it is spelt");
    record(&world, json!({ "phone": "0049 30 5050" }), vec![says("phone", "follow_up", true)]).await;
    assert!(allowed("phone").await, "by phone number");
    world.pass_asleep(TimeDelta::seconds(1)).await;
    record(&world, json!({ "id": "C-50" }), vec![says("email", "follow_up", false)]).await;
    assert!(!allowed("email").await && allowed("phone").await, "a no under any identity is a no");
    record(&world, json!({ "email": "mallory@example.com" }), vec![says("email", "follow_up", true)]).await;
    assert!(!allowed("email").await, "somebody else's yes is not theirs");
}

#[tokio::test]
async fn a_withdrawal_holds_at_the_moment_of_sending() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier" }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    world.mail.drain();
    // The provider is down when the message is written.
    world.mail.always(Reply::status(503));
    let inform =
        json!({ "type": "inform", "note": "telling", "channel": "email", "message": { "subject": "s", "text": "t" } });
    let _ = world.work(&id, &inform).await.expect(200);
    world.attempted(&id).await;
    assert_eq!(world.mail.received().len(), 1);

    world.pass_asleep(TimeDelta::seconds(30)).await;
    record(&world, json!({ "email": "ada@example.com" }), vec![says("email", "follow_up", false)]).await;
    world.mail.recover();
    for _ in 0..10 {
        world.pass(TimeDelta::minutes(1)).await;
    }
    let case = world.case(&id).await;
    assert_eq!(case.messages(), ["blocked"]);
    let why = case.json["messages"][0]["last_error"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("withdrew"), "{why}");
    assert_eq!(world.mail.received().len(), 1, "only the attempt from before the withdrawal");
    // Given again later: what was blocked stays blocked.
    record(&world, json!({ "email": "ada@example.com" }), vec![says("email", "follow_up", true)]).await;
    world.pass(TimeDelta::hours(30)).await;
    assert_eq!((world.case(&id).await.messages(), world.mail.received().len()), (vec!["blocked".to_owned()], 1));
}

#[tokio::test]
async fn a_consent_that_cannot_be_understood_is_refused_by_field() {
    let world = World::start().await;
    let yes = says("email", "follow_up", true);
    let table = [
        (json!({}), vec!["/consent", "/customer"]),
        (json!({ "customer": { "email": "a@example.com" } }), vec!["/consent"]),
        (json!({ "customer": { "email": "a@example.com" }, "consent": [] }), vec!["/consent"]),
        (json!({ "customer": {}, "consent": [yes] }), vec!["/customer"]),
        (json!({ "customer": { "email": "nobody" }, "consent": [yes] }), vec!["/customer/email"]),
        (json!({ "customer": { "id": "C" }, "consent": [yes], "why": 1 }), vec!["/why"]),
        (
            json!({ "customer": { "id": "C" }, "consent": [{ "channel": "email" }] }),
            vec!["/consent/0/granted", "/consent/0/purpose"],
        ),
        (
            json!({ "customer": { "id": "C" }, "consent": [with(says("email", "survey", true), &json!({ "at": "2999-01-01T00:00:00Z" }))] }),
            vec!["/consent/0/at"],
        ),
    ];
    for (body, pointers) in table {
        let refused = world.post("/v1/consents").token(AGENT).json(&body).send().await;
        assert_eq!(
            (refused.status, refused.pointers()),
            (422, pointers.into_iter().map(str::to_owned).collect()),
            "{body}"
        );
    }
}
