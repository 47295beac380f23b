//! Another consent provider in consent-check's place: the example that asks a service over HTTP (examples/consent-over-http).

use crate::answers::detractor;
use ringback_tests::{CONSENT_TOKEN, Options, Reply, World};
use serde_json::json;

fn with_the_example(manifest: String) -> String {
    let ours = "\"ringback:consent/gate@0.1.0\" = { path = \"target/wasm32-wasip2/release/consent_check.wasm\" }";
    assert_eq!(manifest.matches(ours).count(), 3, "one line for each component that asks");
    manifest.replace(ours, &ours.replace("consent_check", "consent_over_http"))
}

/// Answers of the consent service, by what it is asked.
fn service(world: &World, allows: bool) {
    world.events.behave(move |request| {
        let asked = request.json();
        if asked["channel"].is_null() {
            return None;
        }
        if request.header("authorization") != format!("Bearer {CONSENT_TOKEN}") {
            return Some(Reply::status(401));
        }
        let ada = asked["person"]["email"] == "ada@example.com";
        let answer = match allows && ada && asked["channel"] == "email" && asked["purpose"] == "follow_up" {
            true => json!({ "allowed": true, "source": "crm", "wording": "2026-01", "given_at": 1_795_339_800 }),
            false => json!({ "allowed": false, "reason": "withdrawn" }),
        };
        Some(Reply::status(200).header("content-type", "application/json").body(answer.to_string()))
    });
}

#[tokio::test]
async fn a_company_asks_its_own_consent_service_by_one_line_of_the_manifest() {
    let world = World::with(Options { application: Some(with_the_example), ..Options::default() }).await;
    service(&world, true);
    let id = world.take_and_seal(&detractor()).await;
    let case = world.case(&id).await;
    let email = case.contact("email").clone();
    assert_eq!((&email["allowed"], &email["consent"]["source"]), (&json!(true), &json!("crm")), "{email}");
    assert_eq!(case.contact("phone")["reason"], "withdrawn", "whatever Ringback's own journals say");

    service(&world, false);
    let _ = world.work(&id, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
    let call = json!({ "type": "contact", "note": "wrote", "channel": "email", "outcome": "message_left" });
    assert_eq!(world.work(&id, &call).await.status, 403);

    // A service that is ill says no.
    world.events.always(Reply::status(500));
    assert_eq!(world.case(&id).await.contact("email")["reason"], "unavailable");
    assert_eq!(world.work(&id, &call).await.status, 503);
}
