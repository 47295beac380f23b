//! A programme that is changed while cases are open and answers are kept: what it names no longer reaches somebody all the
//! same, and what it says of keeping holds for what is stored.

use crate::stage::{self, Setting, Stage, yes::Yes};
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use ringback_test_support::{MemoryStore, Nobody};
use serde_json::{Value, json};

const SHIPPED: &str = include_str!("../../../../ringback.toml");

fn headers(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"));
    headers.insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    headers
}

/// The application with this programme, some seconds after the beginning, on a store of before or a new one.
fn at(seconds: u64, programme: &str, store: Option<MemoryStore>) -> Stage {
    let variables = [("resend_api_key", "key"), ("resend_origin", "https://api.resend.com")];
    let stage = stage::open(&Setting { programme, store, variables: &variables, ..Setting::default() });
    stage.clock.advance(seconds);
    stage
}

fn take(stage: &Stage, answer: &Value) -> String {
    let mut request = Request::new(answer.to_string().into_bytes());
    *request.headers_mut() = headers("intake");
    let taken = block_on(stage.app.post_feedback(request)).expect("taken");
    tick(stage);
    let location = taken.reply.headers()[header::LOCATION].to_str().expect("a place").to_owned();
    location.trim_start_matches("/v1/feedback/").to_owned()
}

fn tick(stage: &Stage) {
    block_on(stage.app.tick_logged(&Nobody));
}

fn case(stage: &Stage, id: &str) -> Option<Value> {
    let reply = block_on(stage.app.get_case(id, &headers("agent"), &Yes)).ok()?;
    serde_json::from_slice(reply.body()).ok()
}

/// To which channels something was told.
fn told(stage: &Stage, id: &str, event: &str) -> Vec<String> {
    let case = case(stage, id).expect("a case");
    let alerts = case["alerts"].as_array().cloned().unwrap_or_default();
    let of = alerts.iter().filter(|alert| alert["event"] == event);
    of.filter_map(|alert| alert["channel"].as_str().map(str::to_owned)).collect()
}

fn changed(from: &str, to: &str) -> String {
    assert!(SHIPPED.contains(from), "no {from}");
    SHIPPED.replace(from, to)
}

/// The route `lead` is called `leads` now.
fn without_lead() -> String {
    SHIPPED.replace("\"lead\"", "\"leads\"").replace("role = \"leads\"", "role = \"lead\"")
}

fn unhappy() -> Value {
    json!({ "survey": "checkout-nps", "score": 2, "response_id": "r-1" })
}

const DAY: u64 = 86_400;

#[test]
fn an_escalation_whose_route_is_called_otherwise_today_goes_there() {
    let before = at(0, SHIPPED, None);
    let id = take(&before, &unhappy());
    let renamed = without_lead();
    let after = at(49 * 3_600, &renamed, Some(before.store));
    tick(&after);
    let breached = told(&after, &id, "deadline.breached");
    assert!(breached.contains(&"lead-mail".to_owned()), "{breached:?}");
}

#[test]
fn a_case_whose_policy_is_gone_escalates_to_those_who_look_after_trouble() {
    let before = at(0, SHIPPED, None);
    let id = take(&before, &unhappy());
    // Neither the route nor the policy has its name any more.
    let gone = without_lead().replace("\"standard\"", "\"usual\"");
    let after = at(49 * 3_600, &gone, Some(before.store));
    tick(&after);
    assert!(told(&after, &id, "deadline.breached").contains(&"lead-mail".to_owned()));
}

#[test]
fn a_shorter_time_to_keep_holds_for_what_is_stored_already() {
    let answer = json!({ "survey": "checkout-nps", "score": 9, "response_id": "r-1" });
    let before = at(0, SHIPPED, None);
    let id = take(&before, &answer);
    // The walk has looked at it, and has set when it looks again.
    let later = at(40 * DAY, SHIPPED, Some(before.store));
    tick(&later);
    let there = |stage: &Stage| block_on(stage.app.get_feedback(&id, &headers("agent"))).is_ok();
    assert!(there(&later));
    let shorter = changed("days = 1095", "days = 30");
    let after =
        at(41 * DAY, &shorter.replace("tracks = { recovery = 1825 }", "tracks = { advocacy = 30 }"), Some(later.store));
    tick(&after);
    after.clock.advance(120);
    tick(&after);
    assert!(!there(&after), "it is kept for 30 days now, and is 41 days old");
}

#[test]
fn answers_to_a_survey_that_is_asked_no_more_keep_their_time() {
    let before = at(0, SHIPPED, None);
    let id = take(&before, &json!({ "survey": "delivery-csat", "score": 5, "response_id": "r-1" }));
    let there = |stage: &Stage| block_on(stage.app.get_feedback(&id, &headers("agent"))).is_ok();
    let renamed = SHIPPED.replace("\"delivery-csat\"", "\"arrival-csat\"");
    let after = at(366 * DAY, &renamed, Some(before.store));
    assert!(after.app.config.kept_of_no_survey().iter().any(|id| id.as_str() == "delivery-csat"));
    tick(&after);
    after.clock.advance(120);
    tick(&after);
    assert!(!there(&after), "365 days, as before");
}
