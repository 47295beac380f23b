//! People whom an identity provider knows: its tokens open what their groups' roles open, and nothing else does.

use crate::answers::detractor;
use chrono::TimeDelta;
use ringback_tests::{Answer, Options, Reply, World};
use serde_json::{Value, json};

pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/identity.json")).expect("vectors")
}

fn provided(mut programme: String) -> String {
    programme.push_str(
        "
[identity_provider]
issuer = 'https://id.example/realms/acme'
audience = 'ringback'
origin_variable = 'identity_origin'
keys_path = '/realms/acme/certs'
sign_out = '/oauth2/sign_out'
roles = { care = 'agent', care-leads = 'lead', board = 'executive', operations = 'admin' }
",
    );
    programme
}

/// A world with a provider, for which the receiver of events stands in.
pub async fn world() -> Option<World> {
    let world = World::with_clock_and(Options { programme: Some(provided), ..Options::default() }).await?;
    publish(&world, "keys");
    Some(world)
}

fn publish(world: &World, keys: &str) {
    let keys = vectors()[keys].to_string();
    let certs = move |path: &str| (path == "/realms/acme/certs").then(|| Reply::status(200).body(keys.clone()));
    world.events.behave(move |asked| certs(&asked.path));
}

/// How often the keys were asked for.
fn fetched(world: &World) -> usize {
    world.events.received().iter().filter(|asked| asked.path == "/realms/acme/certs").count()
}

async fn cases(world: &World, name: &str) -> Answer {
    world.get("/v1/cases").token(vectors()[name].as_str().expect("a token")).send().await
}

#[tokio::test]
async fn a_token_of_the_provider_opens_what_its_groups_may_in_every_component() {
    let Some(world) = world().await else { return };
    let id = world.take_and_seal(&detractor()).await;
    let vectors = vectors();
    let status = async |path: &str, name: &str| {
        world.get(path).token(vectors[name].as_str().expect("a token")).send().await.status
    };
    let case = format!("/v1/cases/{id}");
    let feedback = format!("/v1/feedback/{id}");
    for (path, may) in [
        // follow-up-scheduler, score-intake, alert-trigger, loop-insights
        (case.as_str(), [200, 200, 403, 200]),
        (feedback.as_str(), [200, 200, 403, 200]),
        ("/v1/silences", [200, 200, 403, 200]),
        ("/v1/insights/scores", [200, 200, 200, 200]),
        ("/v1/dead-letters", [403, 200, 403, 200]),
        // case-desk, and the desk's page of loop-insights
        ("/desk?view=all", [200, 200, 403, 200]),
        ("/desk/team", [403, 200, 403, 200]),
        ("/desk/insights", [200, 200, 200, 200]),
        ("/desk/admin", [403, 403, 403, 200]),
    ] {
        for (name, expected) in ["agent", "lead", "board", "admin"].into_iter().zip(may) {
            assert_eq!(status(path, name).await, expected, "{path} as {name}");
        }
    }
    // consent-check
    let statement = json!({ "channel": "email", "purpose": "follow_up", "granted": false, "wording": "2026-01" });
    let consent = json!({ "customer": { "email": "ada@example.com" }, "consent": [statement] });
    let post = world.post("/v1/consents").token(vectors["agent"].as_str().expect("a token")).json(&consent);
    let said = post.send().await;
    assert!(said.status < 300, "{}", said.text());
    assert_eq!(fetched(&world), 1, "the keys are asked for once");
    // What somebody does carries their name.
    let etag = world.case(&id).await.etag;
    let step = world.post(&format!("{case}/events")).header("if-match", etag);
    let step =
        step.token(vectors["agent"].as_str().expect("a token")).json(&json!({ "type": "acknowledge", "note": "mine" }));
    let _ = step.send().await.expect(200);
    let entry = world.case(&id).await.entry("acknowledge").expect("an entry").clone();
    assert_eq!(entry["who"], "ada@care.example");
}

#[tokio::test]
async fn nobody_else_is_let_in() {
    let Some(world) = world().await else { return };
    assert_eq!(cases(&world, "agent").await.status, 200);
    for (name, why) in [
        ("no_group", "none of the token's groups has a role here"),
        ("unverified", "the token's address is not verified"),
        ("other_audience", "the token is for another audience"),
        ("other_issuer", "the token is another issuer's"),
        ("expired", "the token has expired, or does not say when it will"),
        ("forged", "the token's signature does not fit"),
        ("keyed", "the token is not signed by RS256 or ES256"),
    ] {
        let answer = cases(&world, name).await;
        assert_eq!((answer.status, answer.json()["detail"].as_str()), (401, Some(why)), "{name}");
        let page = world.get("/desk").token(vectors()[name].as_str().expect("a token")).send().await;
        assert_eq!(page.status, 401, "{name}: the desk asks to sign in");
    }
    world.pass(TimeDelta::minutes(62)).await;
    assert_eq!(cases(&world, "agent").await.status, 401, "it has expired meanwhile");
}

#[tokio::test]
async fn a_new_key_is_found_and_nobody_can_have_keys_fetched_all_the_time() {
    let Some(world) = world().await else { return };
    assert_eq!(cases(&world, "agent").await.status, 200);
    let unpublished = "the token is signed by a key that its issuer does not publish";
    for _ in 0..5 {
        assert_eq!(cases(&world, "agent_later").await.json()["detail"], unpublished);
    }
    assert_eq!(fetched(&world), 1);
    publish(&world, "keys_later");
    world.pass(TimeDelta::seconds(61)).await;
    assert_eq!(cases(&world, "agent_later").await.status, 200);
    assert_eq!((cases(&world, "agent").await.status, fetched(&world)), (200, 2));
    // A provider that does not answer is lived without.
    world.events.behave(|asked| asked.path.ends_with("/certs").then(|| Reply::status(500)));
    world.pass(TimeDelta::minutes(20)).await;
    assert_eq!((cases(&world, "agent").await.status, fetched(&world)), (200, 3));
    assert_eq!((cases(&world, "lead").await.status, fetched(&world)), (200, 3), "not asked again at once");
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_and_access_tokens_still_are() {
    let Some(world) = world().await else { return };
    for wrong in [Reply::status(500), Reply::status(200).body("<html>"), Reply::breaks_off()] {
        world.events.always(wrong);
        let answer = cases(&world, "agent").await;
        assert_eq!((answer.status, answer.problem().as_str()), (503, "no-identity-keys"));
        assert_eq!(world.get("/v1/cases").token(ringback_tests::AGENT).send().await.status, 200);
        world.pass(TimeDelta::seconds(61)).await;
    }
    publish(&world, "keys");
    assert_eq!(cases(&world, "agent").await.status, 200);
    // Keys that are withdrawn hold no more, even if none is left.
    world.events.always(Reply::status(200).body(r#"{"keys":[]}"#));
    world.pass(TimeDelta::minutes(16)).await;
    assert_eq!(cases(&world, "agent").await.status, 401);
}

#[tokio::test]
async fn another_website_cannot_use_the_token_that_a_proxy_adds() {
    let Some(world) = world().await else { return };
    let token = vectors()["lead"].as_str().expect("a token").to_owned();
    let post = async |token: &str, site: &str| {
        let call = world.post("/v1/channels/events/test?dry-run").token(token).header("sec-fetch-site", site);
        call.send().await.status
    };
    assert_eq!((post(&token, "cross-site").await, post(&token, "same-site").await), (403, 403));
    assert_eq!((post(&token, "same-origin").await, post(&token, "none").await), (200, 200));
    assert_eq!(post(ringback_tests::LEAD, "cross-site").await, 200, "nobody adds an access token by himself");
}

#[tokio::test]
async fn a_form_of_another_website_does_nothing_behind_a_proxy_either() {
    let Some(world) = world().await else { return };
    let id = world.take_and_seal(&json!({ "survey": "checkout-nps", "score": 1 })).await;
    let token = vectors()["agent"].as_str().expect("a token").to_owned();
    let version = world.case(&id).await.json["version"].clone();
    let post = async |csrf: &str| {
        let call = world.post(&format!("/desk/cases/{id}")).token(&token);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let _ = call.bytes(format!("csrf={csrf}&version={version}&act=acknowledge&note=mine")).send().await;
        world.case(&id).await.state().to_owned()
    };
    assert_eq!(post("").await, "new");
    assert_eq!(post("aaaaaaaaaaaaaaaaaaaaaaaaaa").await, "new");
    let page = world.get(&format!("/desk/cases/{id}")).token(&token).send().await.expect(200).text();
    let form = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
    assert!(page.contains("href=\"/oauth2/sign_out\"") && !page.contains("/desk/sign-out"));
    assert!(page.contains("ada@care.example"));
    assert_eq!(post(form).await, "acknowledged");
}
