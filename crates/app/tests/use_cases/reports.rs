//! What Amazon and SendGrid tell, by their own signatures: genuine, tampered with, stale, somebody else's. The messages in
//! `tests/vectors/sns.json` were signed by OpenSSL, with certificates of its making.

use crate::stage::{self, Setting, Stage};
use futures::executor::block_on;
use http::{Request, Response, StatusCode, header};
use ringback_app::{Outbound, OutboundError};
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use ringback_test_support::Nobody;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::sync::LazyLock;
use std::time::Duration;

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../tests/vectors/sns.json")).expect("vectors"));
const ORIGIN: &str = "https://sns.eu-central-1.amazonaws.com";
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:ringback";
const CHANNELS: &str = "
[[channels]]
id = 'amazon'
kind = 'ses'
origin_variable = 'ses_origin'
key_variable = 'ses_access_key_id'
secret_variable = 'ses_secret_access_key'
topic_variable = 'ses_topic_arn'
notifications_origin_variable = 'sns_origin'
region = 'eu-central-1'
from = 'care@example.com'

[[channels]]
id = 'grid'
kind = 'sendgrid'
origin_variable = 'sendgrid_origin'
key_variable = 'sendgrid_api_key'
webhook_key_variable = 'sendgrid_webhook_key'
webhook_variable = 'sendgrid_webhook_secret'
from = 'care@example.com'
";

/// SNS: serves a certificate, and remembers what it was asked for.
struct Amazon {
    certificate: RefCell<String>,
    asked: RefCell<Vec<String>>,
    down: Cell<bool>,
}

impl Outbound for Amazon {
    async fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, OutboundError> {
        self.asked.borrow_mut().push(request.uri().to_string());
        if self.down.get() {
            return Err(OutboundError::Timeout);
        }
        Ok(Response::new(self.certificate.borrow().clone().into_bytes()))
    }
}

struct World {
    stage: Stage,
    amazon: Amazon,
}

/// A customer who may be written to, and who serves which certificate.
fn world(certificate: &str) -> World {
    let programme = format!("{}{CHANNELS}", include_str!("../../../../ringback.toml"));
    let variables = [
        ("sns_origin", ORIGIN),
        ("ses_topic_arn", TOPIC),
        ("sendgrid_webhook_secret", "a-public-secret-of-32-characters"),
    ];
    let stage = stage::open(&Setting { programme: &programme, variables: &variables, ..Setting::default() });
    let answer = json!({ "survey": "checkout-nps", "score": 3, "customer": { "email": "ada@example.com" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true }] });
    let request = Request::post("/v1/feedback").header(header::AUTHORIZATION, "Bearer intake");
    let request = request.header(header::CONTENT_TYPE, "application/json").body(answer.to_string().into_bytes());
    let _ = block_on(stage.app.post_feedback(request.expect("a request"))).expect("taken");
    block_on(stage.app.ledger.tick(&Nobody)).expect("ticks");
    let certificate = VECTORS[certificate].as_str().expect("a certificate").to_owned();
    let amazon = Amazon { certificate: RefCell::new(certificate), asked: RefCell::default(), down: Cell::new(false) };
    World { stage, amazon }
}

impl World {
    /// As SNS posts: JSON that is called plain text.
    fn post(&self, message: &Value) -> StatusCode {
        let request = Request::post("/").header(header::CONTENT_TYPE, "text/plain; charset=UTF-8");
        let request = request.body(message.to_string().into_bytes()).expect("a request");
        match block_on(self.stage.app.post_reports("amazon", request, &self.amazon)) {
            Ok(reply) => reply.status(),
            Err(problem) => problem.status,
        }
    }

    fn reachable(&self) -> bool {
        let who = Customer { email: Some("ada@example.com".into()), ..Customer::default() };
        let gate = self.stage.app.may_contact(&who, ContactChannel::Email, Purpose::FollowUp);
        match block_on(gate).expect("decides") {
            Decision::Allowed(_) => true,
            Decision::Blocked(why) => {
                assert_eq!(why, Blocked::Undeliverable);
                false
            }
        }
    }

    fn asked(&self) -> Vec<String> {
        self.amazon.asked.borrow().clone()
    }
}

/// A message with another member.
fn with(name: &str, member: &str, value: &str) -> Value {
    let mut message = VECTORS[name].clone();
    message[member] = value.into();
    message
}

#[test]
fn a_bounce_that_sns_has_signed_blocks_the_address_in_both_versions() {
    for version in ["notification_1", "notification_2"] {
        let world = world("certificate");
        assert!(world.reachable());
        for _ in 0..3 {
            assert_eq!(world.post(&VECTORS[version]), StatusCode::OK, "{version}");
        }
        assert!(!world.reachable(), "{version}");
        assert_eq!(world.asked().len(), 1, "the certificate is kept");
    }
}

#[test]
fn what_is_not_snss_or_not_ours_changes_nothing() {
    for certificate in ["foreign_certificate", "expired_certificate"] {
        let world = world(certificate);
        assert_eq!(world.post(&VECTORS["notification_2"]), StatusCode::UNAUTHORIZED, "{certificate}");
        assert!(world.reachable(), "{certificate}");
    }
    let world = world("certificate");
    world.stage.store.reset();
    let message = VECTORS["notification_2"]["Message"].as_str().expect("a text");
    for tampered in [
        with("notification_2", "Message", &message.replace("ada@", "eve@")),
        with("notification_2", "Subject", "another"),
        with("notification_2", "SignatureVersion", "1"),
        with("notification_2", "SignatureVersion", "3"),
        with("notification_2", "Signature", "AAAA"),
        with("notification_2", "Type", "SubscriptionConfirmation"),
        with("notification_2", "Timestamp", "2026-11-22T09:31:00.000Z"),
    ] {
        assert_eq!(world.post(&tampered), StatusCode::UNAUTHORIZED, "{tampered}");
    }
    assert_eq!(world.stage.store.operations().writes, 0);
    assert!(world.reachable());
    assert!(world.asked().len() <= 1);
}

#[test]
fn a_stale_message_another_topic_and_another_host_cost_no_request() {
    let world = world("certificate");
    for url in [
        "https://evil.example/SimpleNotificationService-0123.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/x.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/x.pem",
        "http://sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com/../x.pem",
        "https://sns.eu-central-1.amazonaws.com/x.pem?y=.pem",
        "https://sns.eu-central-1.amazonaws.com/x",
    ] {
        let message = with("notification_2", "SigningCertURL", url);
        assert_eq!(world.post(&message), StatusCode::UNAUTHORIZED, "{url}");
    }
    for name in ["stale", "other_topic"] {
        assert_eq!(world.post(&VECTORS[name]), StatusCode::UNAUTHORIZED, "{name}");
    }
    world.stage.clock.advance(301);
    assert_eq!(world.post(&VECTORS["notification_2"]), StatusCode::UNAUTHORIZED, "a replay");
    assert_eq!(world.asked(), Vec::<String>::new());
    assert!(world.reachable());
}

#[test]
fn a_topic_is_joined_by_an_address_of_the_same_host_only() {
    let world = world("certificate");
    assert_eq!(world.post(&VECTORS["subscription"]), StatusCode::OK);
    let asked = world.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[1], VECTORS["subscription"]["SubscribeURL"].as_str().expect("an address"));
    assert_eq!(world.post(&VECTORS["subscription_elsewhere"]), StatusCode::UNAUTHORIZED, "though it is signed");
    assert_eq!(world.asked().len(), 2);
    assert!(world.reachable());
}

#[test]
fn what_could_not_be_checked_is_to_be_sent_again() {
    let world = world("certificate");
    world.amazon.down.set(true);
    assert_eq!(world.post(&VECTORS["notification_2"]), StatusCode::SERVICE_UNAVAILABLE);
    world.amazon.down.set(false);
    assert_eq!(world.post(&VECTORS["notification_2"]), StatusCode::OK);
    assert!(!world.reachable());
}

/// Where a public key is named, nothing but a signature counts: the key itself is no secret, nor is another one left over.
#[test]
fn a_secret_does_not_stand_in_for_a_signature() {
    let world = world("certificate");
    let body = json!([{ "event": "bounce", "type": "bounce", "email": "ada@example.com" }]).to_string();
    let request = Request::post("/").header(header::CONTENT_TYPE, "application/json");
    let request = request.header(header::AUTHORIZATION, "Bearer a-public-secret-of-32-characters");
    let request = request.body(body.into_bytes()).expect("a request");
    let refused = block_on(world.stage.app.post_reports("grid", request, &world.amazon)).expect_err("refused");
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(world.reachable());
}
