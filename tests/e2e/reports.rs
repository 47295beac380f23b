//! What the mail provider tells later: bounces, complaints and unsubscriptions, signed, back into the case and before the
//! gate.

use crate::answers::detractor;
use ringback_tests::{MAIL_SECRET, Options, Reply, Signer, World, soon};
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
    assert_eq!(report(&world, MAIL_SECRET, &event).await, 200);
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
    assert_eq!(report(&world, MAIL_SECRET, &event).await, 200);
    let case = world.case(&id).await;
    assert_eq!(case.contact("email")["reason"], "withdrawn");
    assert!(case.happened().contains(&"message.complained".to_owned()), "{:?}", case.happened());
}

/// Channels of SendGrid and SES beside the usual ones. The variables are those of the products' receivers.
fn signing(mut programme: String) -> String {
    programme.push_str(
        "
[[channels]]
id = 'signed-grid'
kind = 'sendgrid'
origin_variable = 'sendgrid_origin'
key_variable = 'sendgrid_api_key'
webhook_key_variable = 'sendgrid_webhook_key'
allow_private = true
from = 'care@example.com'

[[channels]]
id = 'amazon'
kind = 'ses'
origin_variable = 'ses_origin'
key_variable = 'ses_access_key_id'
secret_variable = 'ses_secret_access_key'
topic_variable = 'ses_topic_arn'
notifications_origin_variable = 'sns_origin'
allow_private = true
region = 'eu-central-1'
from = 'care@example.com'
",
    );
    programme
}

async fn signed_world() -> Option<World> {
    World::with_clock_and(Options { programme: Some(signing), ..Options::default() }).await
}

/// Postmark hands on what customers answer, with their pictures.
fn replying(mut programme: String) -> String {
    programme.push_str(
        "
[[channels]]
id = 'postmark'
kind = 'postmark'
origin_variable = 'postmark_origin'
key_variable = 'postmark_server_token'
webhook_variable = 'resend_webhook_secret'
from = 'care@example.com'
",
    );
    programme
}

#[tokio::test]
async fn a_customers_reply_reaches_the_case_once_with_whatever_is_attached() {
    let world = World::with(Options { programme: Some(replying), ..Options::default() }).await;
    let (id, reference) = written_to(&world).await;
    let reply = |message: &str, text: &str| {
        json!({ "MessageID": message, "MailboxHash": reference, "TextBody": text, "StrippedTextReply": text,
            "Attachments": [{ "Name": "box.jpg", "ContentType": "image/jpeg", "Content": "a".repeat(3 << 20) }] })
    };
    let post = async |secret: &str, event: &Value| {
        let call = world.post("/v1/channels/postmark/reports").header("content-type", "application/json");
        call.header("authorization", format!("Bearer {secret}")).bytes(event.to_string()).try_send().await
    };
    // Refused before its body is read: the connection may end while the rest of it is still being sent.
    let guess = post("a-guess-of-sixteen-bytes", &reply("m-1", "No.")).await;
    assert!(guess.is_none_or(|answer| answer.status == 401));
    for (message, text) in
        [("m-1", "The second box is broken, too."), ("m-1", "The second box is broken, too."), ("m-2", "And wet.")]
    {
        let answer = post(MAIL_SECRET, &reply(message, text)).await.expect("an answer");
        assert_eq!(answer.status, 200, "Postmark takes nothing else for a success");
    }
    let history = world.case(&id).await.json["history"].clone();
    let said: Vec<&str> = history
        .as_array()
        .into_iter()
        .flatten()
        .filter(|e| e["event"] == "message.replied")
        .filter_map(|e| e["note"].as_str())
        .collect();
    assert_eq!(said, ["The second box is broken, too.", "And wet."]);
}

/// Made by OpenSSL at the instant at which worlds begin; the key is the one in the world's variables.
const GRID_BODY: &str = r#"[{"event":"bounce","type":"bounce","email":"ada@example.com"}]"#;
const GRID_SIGNATURE: &str =
    "MEYCIQDzg/cBcuu2YRlvdEwYUrXz3Fo4LYRNbNIbww/WIim/OQIhAJE3H+6b9OzEhnkAkQWKkO8aICBrwuIEFMFTHcUpTcrD";

#[tokio::test]
async fn sendgrids_signature_counts_and_nothing_in_its_stead() {
    let Some(world) = signed_world().await else { return };
    let id = world.take_and_seal(&detractor()).await;
    let post = async |body: &str, signature: &str| {
        let call = world.post("/v1/channels/signed-grid/reports").header("content-type", "application/json");
        let call = call.header("x-twilio-email-event-webhook-signature", signature);
        let call = call.header("x-twilio-email-event-webhook-timestamp", World::beginning().timestamp().to_string());
        call.bytes(body.to_owned()).send().await.status
    };
    assert_eq!(post(&GRID_BODY.replace("bounce", "dropped"), GRID_SIGNATURE).await, 401);
    assert_eq!(post(GRID_BODY, "MEYCIQ==").await, 401);
    let bare = world.post("/v1/channels/signed-grid/reports").header("content-type", "application/json");
    assert_eq!(bare.bytes(GRID_BODY).send().await.status, 401);
    assert_eq!(world.case(&id).await.contact("email")["allowed"], true);
    assert_eq!(post(GRID_BODY, GRID_SIGNATURE).await, 200);
    assert_eq!(world.case(&id).await.contact("email")["reason"], "undeliverable");
}

#[tokio::test]
async fn a_bounce_by_amazons_notification_blocks_the_address() {
    let Some(world) = signed_world().await else { return };
    let id = world.take_and_seal(&detractor()).await;
    let vectors: Value = serde_json::from_str(include_str!("../vectors/sns.json")).expect("vectors");
    let certificate = vectors["certificate"].as_str().expect("a certificate").to_owned();
    // The receiver of events stands in for SNS, as far as certificates are asked for.
    world
        .events
        .behave(move |asked| asked.path.ends_with(".pem").then(|| Reply::status(200).body(certificate.clone())));
    let post = async |origin: &str, message: &Value| {
        let mut message = message.clone();
        message["SigningCertURL"] = format!("{origin}/SimpleNotificationService-0123.pem").into();
        let call = world.post("/v1/channels/amazon/reports").header("content-type", "text/plain; charset=UTF-8");
        call.bytes(message.to_string()).send().await.status
    };
    let sns = world.events.origin();
    let genuine = &vectors["notification_2"];
    let mut tampered = genuine.clone();
    tampered["Message"] = tampered["Message"].as_str().expect("a text").replace("ada@", "eve@").into();
    assert_eq!(post(&sns, &tampered).await, 401);
    assert_eq!(post("https://sns.eu-west-1.amazonaws.com", genuine).await, 401, "another origin is not asked");
    assert_eq!(post(&sns, &vectors["other_topic"]).await, 401);
    assert_eq!(post(&sns, &vectors["stale"]).await, 401);
    assert_eq!(world.case(&id).await.contact("email")["allowed"], true);
    assert_eq!(post(&sns, genuine).await, 200);
    assert_eq!(post(&sns, &vectors["notification_1"]).await, 200);
    assert_eq!(world.case(&id).await.contact("email")["reason"], "undeliverable");
}
