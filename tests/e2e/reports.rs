//! What the mail provider tells later: bounces, complaints and unsubscriptions, signed, back into the case and before the
//! gate.

use crate::answers::detractor;
use ringback_tests::{MAIL_SECRET, Signer, World, soon};
use serde_json::{Value, json};

/// A case whose customer was written to, and what the provider calls the message.
async fn written_to(world: &World) -> (String, String) {
    let id = world.take_and_seal(&detractor()).await;
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier" }),
        json!({ "type": "inform", "note": "told", "channel": "email", "message": { "template": "result" } }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    let mails = || world.mail.received().into_iter().map(|m| m.json()).filter(|m| m["to"][0] == "ada@example.com");
    soon("the message", || mails().count() == 1).await;
    world.attempted(&id).await;
    let mail = mails().next().expect("a mail");
    let tags = mail["tags"].as_array().cloned().unwrap_or_default();
    let tag = tags.iter().find(|tag| tag["name"] == "ringback").expect("a reference").clone();
    (id, tag["value"].as_str().unwrap_or_default().to_owned())
}

async fn report(world: &World, secret: &str, event: &Value) -> u16 {
    let body = event.to_string();
    let call = world.post("/v1/channels/customer-mail/reports").header("content-type", "application/json");
    let at = world.now().timestamp();
    let signature = Signer::new(secret).sign("msg_report", at, body.as_bytes());
    let call = call.header("svix-id", "msg_report").header("svix-timestamp", at.to_string());
    call.header("svix-signature", signature).bytes(body).send().await.status
}

#[tokio::test]
async fn a_bounce_reopens_what_it_was_to_tell_and_blocks_the_address() {
    let world = World::start().await;
    let (id, reference) = written_to(&world).await;
    assert_eq!(world.case(&id).await.state(), "informed");
    let event = json!({ "type": "email.bounced", "data": {
        "to": ["ada@example.com"], "tags": { "ringback": reference }, "bounce": { "type": "Permanent" } } });
    let forged = "whsec_bm90LXRoZS1zZWNyZXQtb2YtdGhlLW1haWw=";
    assert_eq!(report(&world, forged, &event).await, 401);
    assert_eq!(world.case(&id).await.state(), "informed");
    assert_eq!(report(&world, MAIL_SECRET, &event).await, 204);
    let case = world.case(&id).await;
    assert_eq!((case.state(), &case.contact("email")["reason"]), ("resolved", &json!("undeliverable")));
    assert_eq!(case.json["messages"][0]["reports"][0]["event"], "bounced");
}

#[tokio::test]
async fn a_complaint_withdraws_and_the_next_message_is_not_sent() {
    let world = World::start().await;
    let (id, reference) = written_to(&world).await;
    let event =
        json!({ "type": "email.complained", "data": { "to": ["ada@example.com"], "tags": { "ringback": reference } } });
    assert_eq!(report(&world, MAIL_SECRET, &event).await, 204);
    let case = world.case(&id).await;
    assert_eq!(case.contact("email")["reason"], "withdrawn");
    assert!(case.happened().contains(&"message.complained".to_owned()), "{:?}", case.happened());
}
