//! Everything that is wrong with a post is said at once, field by field, and nothing of it is stored.

use crate::answers::{anonymous, with};
use ringback_tests::{Answer, INTAKE, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let Some(world) = World::with_clock().await else { return };
    let address = world.url().trim_start_matches("http://").to_owned();
    let mut socket = tokio::net::TcpStream::connect(&address).await.expect("connects");
    let head = format!(
        "POST /v1/feedback HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {INTAKE}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
    );
    socket.write_all(head.as_bytes()).await.expect("sends");
    let mut answer = vec![0; 4_096];
    let read = tokio::time::timeout(std::time::Duration::from_secs(45), socket.read(&mut answer)).await;
    let read = read.expect("an answer").expect("reads");
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("incomplete-body"), "{answer}");
}

/// What is put over a good answer, and the fields that must be named.
fn wrong_fields() -> Vec<(Value, Vec<&'static str>)> {
    let long = |n: usize| "x".repeat(n);
    vec![
        (json!({ "survey": null, "score": null }), vec!["/score", "/survey"]),
        (json!({ "survey": "" }), vec!["/survey"]),
        (json!({ "survey": "no-such-survey" }), vec!["/survey"]),
        (json!({ "survey": 5 }), vec!["/survey"]),
        (json!({ "score": 11 }), vec!["/score"]),
        (json!({ "score": -1 }), vec!["/score"]),
        (json!({ "score": 7.5 }), vec!["/score"]),
        (json!({ "score": 1e300 }), vec!["/score"]),
        (json!({ "score": "7" }), vec!["/score"]),
        (json!({ "score": true }), vec!["/score"]),
        (json!({ "survey": "delivery-csat", "score": 0 }), vec!["/score"]),
        (json!({ "survey": "delivery-csat", "score": 6 }), vec!["/score"]),
        (json!({ "survey": "support-ces", "score": 0 }), vec!["/score"]),
        (json!({ "survey": "support-ces", "score": 8 }), vec!["/score"]),
        (json!({ "scroe": 7 }), vec!["/scroe"]),
        (json!({ "a/b~c": 7 }), vec!["/a~1b~0c"]),
        (json!({ "comment": 5 }), vec!["/comment"]),
        (json!({ "comment": long(10_001) }), vec!["/comment"]),
        (json!({ "response_id": long(129) }), vec!["/response_id"]),
        (json!({ "occurred_at": "2999-01-01T00:00:00Z" }), vec!["/occurred_at"]),
        (json!({ "occurred_at": "0000-01-01T00:00:00+01:00" }), vec!["/occurred_at"]),
        (
            json!({ "consent": [{ "channel": "email", "purpose": "marketing", "granted": true, "expires_at": "9999-12-31T23:59:59-05:00" }] }),
            vec!["/consent/0/expires_at"],
        ),
        (json!({ "occurred_at": "yesterday" }), vec!["/occurred_at"]),
        (json!({ "occurred_at": "2026-11-22 09:30" }), vec!["/occurred_at"]),
        (json!({ "locale": "de_DE!" }), vec!["/locale"]),
        (json!({ "country": "Germany" }), vec!["/country"]),
        (json!({ "country": "D1" }), vec!["/country"]),
        (json!({ "touchpoint": "not a name" }), vec!["/touchpoint"]),
        (json!({ "customer": "Ada" }), vec!["/customer"]),
        (json!({ "customer": { "mail": "a@example.com" } }), vec!["/customer/mail"]),
        (json!({ "customer": { "email": "ada" } }), vec!["/customer/email"]),
        (json!({ "customer": { "email": "ada@" } }), vec!["/customer/email"]),
        (json!({ "customer": { "email": "@example.com" } }), vec!["/customer/email"]),
        (json!({ "customer": { "email": "a@b@example.com" } }), vec!["/customer/email"]),
        (json!({ "customer": { "email": "a@example.com, b@example.com" } }), vec!["/customer/email"]),
        (json!({ "customer": { "email": "Ada <ada@example.com>" } }), vec!["/customer/email"]),
        (json!({ "customer": { "email": "a@example.com\r\nbcc:b@example.com" } }), vec!["/customer/email"]),
        (json!({ "account": [] }), vec!["/account"]),
        (json!({ "account": { "size": 5 } }), vec!["/account/size"]),
        (json!({ "consent": {} }), vec!["/consent"]),
        (json!({ "consent": ["yes"] }), vec!["/consent/0"]),
        (json!({ "consent": [{}] }), vec!["/consent/0/channel", "/consent/0/granted", "/consent/0/purpose"]),
        (
            json!({ "consent": [
                { "channel": "email", "purpose": "follow_up", "granted": true },
                { "channel": "pigeon", "purpose": "follow_up", "granted": "yes" },
            ] }),
            vec!["/consent/1/channel", "/consent/1/granted"],
        ),
        (json!({ "answers": [] }), vec!["/answers"]),
        (json!({ "answers": { "good": 1, "deep": { "er": 1 } } }), vec!["/answers/deep"]),
        (
            json!({ "survey": "delivery-csat", "score": 9, "comment": [], "country": "XYZ", "nmae": "Ada",
                    "customer": { "email": "nowhere", "shoe": 42 } }),
            vec!["/comment", "/country", "/customer/email", "/customer/shoe", "/nmae", "/score"],
        ),
    ]
}

#[tokio::test]
async fn each_wrong_field_is_named_by_its_pointer_and_nothing_is_stored() {
    let world = World::start().await;
    let _ = world.take_and_seal(&anonymous(10)).await;
    let (head, mut failures) = (world.head().await, Vec::new());
    for (change, pointers) in wrong_fields() {
        let refused = world.feedback(&with(anonymous(7), &change)).send().await;
        let problem = if refused.status == 202 { "(taken)".to_owned() } else { refused.problem() };
        let got = (refused.status, problem.as_str(), refused.pointers());
        if got != (422, "invalid-fields", pointers.iter().map(|p| (*p).to_owned()).collect()) {
            let change: String = change.to_string().chars().take(100).collect();
            failures.push(format!("{change}: expected {pointers:?}, got {got:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let whole = world.feedback(&json!([1, 2])).send().await;
    assert_eq!((whole.status, whole.pointers()), (422, vec![String::new()]));
    world.sealed().await;
    assert_eq!(world.head().await, head);
}

type NoDocument = (&'static str, Option<&'static str>, Vec<u8>, u16, &'static str);

#[tokio::test]
async fn a_body_that_is_no_small_json_document_is_refused() {
    const JSON: &str = "application/json";
    let world = World::start().await;
    let head = world.head().await;
    let good = anonymous(7).to_string();
    let at_limit = |bytes: usize| format!("{good}{}", " ".repeat(bytes - good.len()));
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"survey":"checkout-nps","score":7,"answers":{{"a":{open}{close}}}}}"#)
    };
    // What it is; its content type; its bytes; how it is refused.
    let table: Vec<NoDocument> = vec![
        ("empty", Some(JSON), Vec::new(), 400, "invalid-json"),
        ("cut off", Some(JSON), good[..good.len() - 1].into(), 400, "invalid-json"),
        ("two documents", Some(JSON), format!("{good}{good}").into(), 400, "invalid-json"),
        ("not UTF-8", Some(JSON), b"{\"survey\":\"\xff\"}".to_vec(), 400, "invalid-json"),
        ("no content type", None, good.clone().into(), 415, "not-json"),
        ("another content type", Some("text/plain"), good.clone().into(), 415, "not-json"),
        ("a form", Some("application/x-www-form-urlencoded"), b"score=7".to_vec(), 415, "not-json"),
        ("nested 100 deep", Some(JSON), nested(100).into(), 400, "invalid-json"),
        ("nested 30,000 deep", Some(JSON), nested(30_000).into(), 400, "invalid-json"),
        ("one byte too large", Some(JSON), at_limit(64 * 1024 + 1).into(), 413, "body-too-large"),
        ("much too large", Some(JSON), at_limit(1024 * 1024).into(), 413, "body-too-large"),
    ];
    for (what, content_type, body, status, kind) in table {
        let call = || {
            let call = world.post("/v1/feedback").token(INTAKE);
            match content_type {
                Some(content_type) => call.header("content-type", content_type),
                None => call,
            }
        };
        let check = |how: &str, refused: &Answer| {
            assert_eq!((refused.status, refused.problem().as_str()), (status, kind), "{what}, {how}");
        };
        check("with a length", &call().bytes(body.clone()).send().await);
        check("in chunks", &call().chunked(body).send().await);
    }
    world.sealed().await;
    assert_eq!(world.head().await, head);
    let largest = world.post("/v1/feedback").token(INTAKE).header("content-type", JSON).bytes(at_limit(64 * 1024));
    let _ = largest.send().await.expect(202);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = World::start().await;
    let head = world.head().await;
    let long = "k".repeat(256);
    for key in [long.as_str(), "two words", " ", ""] {
        let refused = world.feedback(&anonymous(7)).header("idempotency-key", key).send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, "invalid-idempotency-key"), "{key:?}");
    }
    world.sealed().await;
    assert_eq!(world.head().await, head);
    let longest = world.feedback(&anonymous(7)).header("idempotency-key", "k".repeat(255)).send().await;
    let _ = longest.expect(202);
}

/// What load balancers, monitors and scanners of links ask.
#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let world = World::start().await;
    for path in ["/healthz", "/widget.js", "/s/checkout-nps", "/openapi.json", "/v1/cases", "/desk/sign-in", "/readyz"]
    {
        let ask = async |method: http::Method| world.call(method, path).token(ringback_tests::ADMIN).send().await;
        let (get, head) = (ask(http::Method::GET).await, ask(http::Method::HEAD).await);
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_a_wrong_method_is_said_to_be_one() {
    let world = World::start().await;
    let table = [
        ("GET", "/v1/feedback", "POST"),
        ("DELETE", "/v1/feedback", "POST"),
        ("PUT", "/v1/feedback/aaaaaaaaaaaaaaaaaaaaaaaaaa", "DELETE, GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/v1/surveys/checkout-nps", "GET, HEAD, OPTIONS"),
        ("GET", "/v1/surveys/checkout-nps/answers", "OPTIONS, POST"),
        ("DELETE", "/s/checkout-nps", "GET, HEAD, POST"),
        ("GET", "/v1/tick", "POST"),
        ("GET", "/v1/cases/reassign", "POST"),
        ("DELETE", "/v1/cases/aaaaaaaaaaaaaaaaaaaaaaaaaa", "GET, HEAD"),
        ("PUT", "/v1/consents", "POST"),
        ("DELETE", "/preferences/t/data", "GET, HEAD"),
        ("GET", "/v1/messages/preview", "POST"),
        ("PUT", "/v1/silences", "GET, HEAD, POST"),
        ("POST", "/v1/insights/scores", "GET, HEAD"),
        ("DELETE", "/desk", "GET, HEAD, POST"),
    ];
    for (method, path, allow) in table {
        let call = world.call(method.parse().expect("a method"), path).token(ringback_tests::ADMIN);
        let answer = call.send().await;
        assert_eq!((answer.status, answer.problem().as_str()), (405, "method-not-allowed"), "{method} {path}");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
    let table = [
        ("GET", "/v1/feedback/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404, "not-found"),
        ("GET", "/v1/feedback/%00", 404, "not-found"),
        ("GET", "/v1/cases/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404, "not-found"),
        ("GET", "/v1/cases/..%2f..%2fetc", 404, "not-found"),
        ("GET", "/v1/feedback/a/b", 404, "not-found"),
        ("POST", "/v1/webhooks/nobody", 404, "not-found"),
    ];
    for (method, path, status, kind) in table {
        let call = world.call(method.parse().expect("a method"), path).token(ringback_tests::ADMIN);
        let answer = call.send().await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, kind), "{method} {path}");
    }
    for path in ["/internal/wake", "/internal/deliver", "/v1/tick/internal/wake"] {
        let outside = world.post(path).token(ringback_tests::ADMIN).send().await;
        assert_eq!(outside.status, 404, "{path} must not be reached from outside");
    }
}
