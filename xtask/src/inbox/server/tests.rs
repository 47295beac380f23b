//! The inbox through real HTTP.

use super::*;
use crate::client::Client;

fn start() -> Client {
    let inbox = Inbox::start(0, Settings { events_secret: Some("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into()) })
        .expect("an inbox");
    Client::new(&inbox.url())
}

#[test]
fn a_chat_message_is_taken_shown_and_listed() {
    let client = start();
    let sent = client.post("/slack", &[], br#"{"text": "*Low* score <b> & co"}"#).expect("an answer");
    assert_eq!((sent.status, sent.text().as_str()), (200, "ok"));
    let listed = client.get("/api/messages", &[]).expect("the list").json().expect("JSON");
    assert_eq!(listed["messages"][0]["text"], "Low score <b> & co");
    let page = client.get("/", &[]).expect("the page");
    assert!(page.text().contains("<strong>Low</strong> score &lt;b&gt; &amp; co"), "{}", page.text());
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    assert_eq!(
        client.get("/api/messages?after=1", &[]).expect("the rest").json().expect("JSON")["messages"],
        json!([])
    );
}

#[test]
fn refusals_are_told_and_shown() {
    let client = start();
    let sent = client.post("/slack", &[], b"not json").expect("an answer");
    assert_eq!((sent.status, sent.text().as_str()), (400, "invalid_payload"));
    assert_eq!(client.post("/slack", &[], b"{}").expect("an answer").text(), "no_text");
    let page = client.get("/", &[]).expect("the page").text();
    assert!(page.contains("refused: 400 no_text"), "{page}");
}

#[test]
fn a_mail_with_the_same_key_gets_the_same_id_and_is_kept_once() {
    let client = start();
    let mail =
        br#"{"from":"a@example.com","to":"b@example.com","subject":"s","html":"<head></head><p onclick=x()>Hi"}"#;
    let send = || {
        client.post("/emails", &[("Authorization", "Bearer re_1"), ("Idempotency-Key", "k1")], mail).expect("an answer")
    };
    let (first, second) = (send(), send());
    assert_eq!(first.status, 200);
    assert_eq!(first.json().expect("JSON"), second.json().expect("JSON"));
    assert_eq!(
        client.get("/api/messages", &[]).expect("the list").json().expect("JSON")["messages"].as_array().map(Vec::len),
        Some(1)
    );
    let html = client.get("/mail/1", &[]).expect("the mail");
    assert!(html.text().starts_with("<head><base target=\"_blank\"></head>"));
    assert!(
        html.header("content-security-policy")
            .is_some_and(|policy| policy.contains("sandbox") && !policy.contains("script"))
    );
    assert_eq!(client.post("/emails", &[], mail).expect("an answer").status, 401);
}

#[test]
fn an_event_needs_its_signature() {
    let client = start();
    let event = br#"{"specversion":"1.0","id":"e1","source":"/ringback","type":"com.ringback.case.opened","data":{}}"#;
    let now = (now_ms() / 1000).to_string();
    let signature =
        crate::standard_webhooks::sign("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "e1", now_ms() / 1000, event)
            .expect("a signature");
    let send = |signature: &str| {
        let headers = [
            ("Content-Type", "application/cloudevents+json"),
            ("webhook-id", "e1"),
            ("webhook-timestamp", now.as_str()),
            ("webhook-signature", signature),
        ];
        client.post("/events", &headers, event).expect("an answer").status
    };
    assert_eq!(send(&signature), 200);
    assert_eq!(send("v1,AAAA"), 401);
}

#[test]
fn a_receiver_misbehaves_as_told_and_recovers() {
    let client = start();
    let json = [("Content-Type", "application/json")];
    let told = client.post("/control", &json, br#"{"slack": {"status": 429, "retry_after": 30}}"#).expect("an answer");
    assert_eq!(told.status, 200);
    let sent = client.post("/slack", &json, br#"{"text": "x"}"#).expect("an answer");
    assert_eq!((sent.status, sent.header("retry-after")), (429, Some("30")));
    assert_eq!(client.post("/control", &json, b"{}").expect("an answer").status, 200);
    assert_eq!(client.post("/slack", &json, br#"{"text": "x"}"#).expect("an answer").status, 200);
    assert_eq!(client.post("/control", &json, br#"{"fax": {}}"#).expect("an answer").status, 400);
}

#[test]
fn a_foreign_host_name_is_turned_away() {
    let client = start();
    assert_eq!(client.get("/", &[("Host", "evil.example")]).expect("an answer").status, 421);
}
