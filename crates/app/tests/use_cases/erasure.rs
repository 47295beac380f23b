//! Erasure by criteria over the use cases alone, on every kind of store, with a store that fails: fast, and without Wasm.

use crate::stage::{self, Setting, Stage};
use futures::executor::block_on;
use http::{HeaderMap, Request, StatusCode, header};
use ringback_app::problem::Problem;
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use ringback_ledger::StoreKind;
use ringback_test_support::Nobody;
use ringback_test_support::memory::Faults;
use serde_json::{Value, json};

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];

fn open(kind: StoreKind) -> Stage {
    stage::open(&Setting { kind, ..Setting::default() })
}

fn headers(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"));
    headers.insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    headers
}

fn request(token: &str, body: &Value) -> Request<Vec<u8>> {
    let mut request = Request::new(body.to_string().into_bytes());
    *request.headers_mut() = headers(token);
    request
}

fn body(reply: &http::Response<Vec<u8>>) -> Value {
    serde_json::from_slice(reply.body()).expect("JSON")
}

fn answer(stage: &Stage, survey: &str, country: &str, more: &Value) -> String {
    let mut answer = json!({ "survey": survey, "score": 3, "country": country, "comment": "A secret" });
    answer.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let taken = block_on(stage.app.post_feedback(request("intake", &answer))).expect("taken");
    let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
    location.rsplit('/').next().expect("an id").to_owned()
}

/// Time for one tick, and for what a pass of an order needs.
fn pass(stage: &Stage, seconds: u64) {
    stage.clock.advance(seconds);
    // A store that fails is asked again by the next tick.
    let _ = block_on(stage.app.ledger.tick(&Nobody));
}

fn order(stage: &Stage, body: &Value) -> Result<String, Problem> {
    let worked = block_on(stage.app.post_erasure(request("admin", body)))?;
    assert_eq!(worked.reply.status(), StatusCode::ACCEPTED);
    let receipt = self::body(&worked.reply);
    assert_eq!((&receipt["scope"], &receipt["by"]), (&json!("criteria"), &json!("operations")));
    let name = receipt["erasure"].as_str().expect("a name").to_owned();
    assert_eq!(worked.reply.headers()[header::LOCATION], format!("/v1/erasures/{name}"));
    Ok(name)
}

fn state(stage: &Stage, name: &str) -> Value {
    body(&block_on(stage.app.get_erasure(name, &headers("admin"))).expect("an order"))
}

fn comment(stage: &Stage, id: &str) -> Option<String> {
    block_on(stage.app.ledger.read(id)).expect("reads").expect("a record").body.feedback.comment
}

#[test]
fn what_the_criteria_name_is_erased_and_the_rest_stays_though_the_store_fails() {
    for (kind, seed) in STORES.into_iter().flat_map(|kind| (0..3).map(move |seed| (kind, seed))) {
        let stage = open(kind);
        let mut ids = Vec::new();
        for (survey, country) in [("checkout-nps", "DE"), ("checkout-nps", "AT"), ("delivery-csat", "DE")] {
            ids.extend((0..25).map(|_| (survey, country, answer(&stage, survey, country, &json!({})))));
        }
        pass(&stage, 1);
        let criteria = json!({ "survey": "checkout-nps", "country": "de" });
        let name = order(&stage, &json!({ "criteria": criteria })).expect("taken");
        assert_eq!(state(&stage, &name)["state"], "running", "nothing ticked yet");
        let later = answer(&stage, "checkout-nps", "DE", &json!({}));
        stage.store.set_faults(Some(Faults::new(seed)));
        (0..20).for_each(|_| pass(&stage, 50));
        stage.store.set_faults(None);
        (0..4).for_each(|_| pass(&stage, 60));
        let state = state(&stage, &name);
        assert_eq!((&state["state"], &state["records"]), (&json!("done"), &json!(25)), "{kind:?} {seed}: {state}");
        assert_eq!(state["criteria"], json!({ "survey": "checkout-nps", "country": "DE" }));
        assert!(!state.to_string().contains("secret"));
        for (survey, country, id) in &ids {
            let concerned = (*survey, *country) == ("checkout-nps", "DE");
            assert_eq!(comment(&stage, id).is_none(), concerned, "{kind:?} {seed}: {survey} {country}");
        }
        assert!(comment(&stage, &later).is_some(), "{kind:?} {seed}: a new answer is not concerned");
    }
}

#[test]
fn age_is_a_criterion_and_a_dry_run_only_counts() {
    let stage = open(StoreKind::Sqlite);
    let old = answer(&stage, "checkout-nps", "DE", &json!({}));
    pass(&stage, 3_600);
    let new = answer(&stage, "checkout-nps", "DE", &json!({}));
    pass(&stage, 3_600);
    let criteria = json!({ "received_before": "2026-11-22T10:00:00Z" });
    for (dry_run, gone) in [(true, false), (false, true)] {
        let name = order(&stage, &json!({ "criteria": criteria, "dry_run": dry_run })).expect("taken");
        pass(&stage, 1);
        let state = state(&stage, &name);
        assert_eq!(
            (&state["dry_run"], &state["records"], &state["state"]),
            (&json!(dry_run), &json!(1), &json!("done"))
        );
        assert_eq!(comment(&stage, &old).is_none(), gone);
        assert!(comment(&stage, &new).is_some());
    }
}

#[test]
fn a_mistake_names_its_field_and_erases_nothing() {
    let stage = open(StoreKind::Sqlite);
    let id = answer(&stage, "checkout-nps", "DE", &json!({}));
    for (wrong, pointers) in [
        (json!({}), vec!["/customer"]),
        (json!({ "criteria": {} }), vec!["/criteria"]),
        (json!({ "criteria": { "survey": " " } }), vec!["/criteria"]),
        (json!({ "criteria": { "country": "Germany" } }), vec!["/criteria/country"]),
        (
            json!({ "criteria": { "country": "Austria" , "survey": "a b" } }),
            vec!["/criteria/survey", "/criteria/country"],
        ),
        (json!({ "criteria": { "survey": "checkout-nps", "touchpoint": "x" } }), vec!["/criteria/touchpoint"]),
        (json!({ "criteria": { "received_before": "2027-01-01T00:00:00Z" } }), vec!["/criteria/received_before"]),
        (json!({ "criteria": { "received_before": "yesterday" } }), vec!["/criteria/received_before", "/criteria"]),
        (json!({ "criteria": { "country": "DE" }, "dry_run": "yes" }), vec!["/dry_run"]),
        (json!({ "criteria": { "country": "DE" }, "customer": { "id": "C" } }), vec!["/criteria"]),
        (json!({ "customer": { "id": "C" }, "dry_run": true }), vec!["/dry_run"]),
    ] {
        let problem = order(&stage, &wrong).expect_err("is wrong");
        let named: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert!(pointers.starts_with(&named) && !named.is_empty(), "{wrong}: {named:?}");
        assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    pass(&stage, 60);
    assert!(comment(&stage, &id).is_some());
    for token in ["intake", "agent", "lead", "executive"] {
        let refused = block_on(stage.app.post_erasure(request(token, &json!({ "criteria": { "country": "DE" } }))));
        assert_eq!(refused.err().map(|problem| problem.status), Some(StatusCode::FORBIDDEN), "{token}");
        let refused = block_on(stage.app.get_erasure("x", &headers(token)));
        assert_eq!(refused.expect_err("refused").status, StatusCode::FORBIDDEN, "{token}");
    }
    for name in ["nonesuch", "no name"] {
        let missing = block_on(stage.app.get_erasure(name, &headers("admin")));
        assert_eq!(missing.expect_err("missing").status, StatusCode::NOT_FOUND);
    }
}

/// A yes on another answer must not come back to life because the answer with the withdrawal is erased.
#[test]
fn a_withdrawal_holds_after_the_answer_that_it_came_with_is_erased() {
    let who = Customer { email: Some("ada@example.com".into()), ..Customer::default() };
    for by_id in [false, true] {
        let stage = open(StoreKind::Sqlite);
        let said = |granted: bool| {
            json!({ "customer": { "email": "ada@example.com" },
                "consent": [{ "channel": "email", "purpose": "follow_up", "granted": granted, "wording": "planted" }] })
        };
        let _ = answer(&stage, "delivery-csat", "DE", &said(true));
        pass(&stage, 10);
        let withdrawn = answer(&stage, "checkout-nps", "DE", &said(false));
        pass(&stage, 10);
        if by_id {
            let _ = block_on(stage.app.delete_feedback(&withdrawn, &headers("admin"))).expect("erased");
        } else {
            let _ = order(&stage, &json!({ "criteria": { "survey": "checkout-nps" } })).expect("taken");
        }
        pass(&stage, 60);
        assert!(comment(&stage, &withdrawn).is_none());
        let gate = block_on(stage.app.may_contact(&who, ContactChannel::Email, Purpose::FollowUp)).expect("decides");
        assert_eq!(gate, Decision::Blocked(Blocked::Withdrawn), "by id: {by_id}");
    }
}
