//! Events of a survey platform, by the mapping of their source: what rules can ask for can come from there, too.

use super::{SECRET, headers, post};
use crate::stage::{self, Setting, Stage, yes::Yes};
use futures::executor::block_on;
use ringback_test_support::Nobody;
use serde_json::{Value, json};

const SHIPPED: &str = include_str!("../../../../../ringback.toml");
/// Above the shipped rules.
const RULE: &str = "
[[rules]]
id = 'a-counter-of-engines'
when = { account = ['A-1'], channel = ['in person'], touchpoint = ['counter.berlin'] }
then = { track = 'recovery', queue = 'counters', deadlines = 'fast' }

[[rules]]
id = \"key-account-detractor\"";

fn shop() -> Stage {
    let first = "\n[[rules]]\nid = \"key-account-detractor\"";
    assert!(SHIPPED.contains(first), "the first of the shipped rules");
    let programme = SHIPPED.replacen(first, RULE, 1);
    let variables = [("crm_webhook_secret", SECRET)];
    stage::open(&Setting { programme: &programme, variables: &variables, ..Setting::default() })
}

/// A ticket that was closed, as the shipped mapping of `crm` reads it, with what a test is about.
fn ticket(more: &Value) -> Value {
    let mut event = json!({
        "ticket": { "id": "T-100", "channel": "in person", "touchpoint": "counter.berlin" },
        "answers": { "effort": 2 },
        "customer": { "number": 4711, "role": "buyer", "level": "c-suite" },
        "account": { "number": "A-1", "name": "Analytical Engines" },
    });
    for (part, fields) in more.as_object().expect("parts") {
        for (field, value) in fields.as_object().expect("fields") {
            event[part][field] = value.clone();
        }
    }
    event
}

/// Takes an event, and answers what is stored of the answer then.
fn take(stage: &Stage, id: &str, event: &Value) -> Value {
    let id = post(stage, id, event);
    block_on(stage.app.tick_logged(&Nobody));
    let case = block_on(stage.app.get_case(&id, &headers("agent"), &Yes)).expect("a case");
    serde_json::from_slice(case.body()).expect("JSON")
}

#[test]
fn a_rule_can_ask_for_the_account_channel_and_touchpoint_of_an_event() {
    let case = take(&shop(), "m-1", &ticket(&json!({})));
    let feedback = &case["feedback"];
    let account = json!({ "id": "A-1", "name": "Analytical Engines", "role": "buyer", "level": "c-suite" });
    assert_eq!(feedback["account"], account);
    assert_eq!(
        (&feedback["channel"], &feedback["touchpoint"]),
        (&json!("in person"), &json!("counter.berlin")),
        "{feedback}"
    );
    assert_eq!((&case["rule"], &case["queue"]), (&json!("a-counter-of-engines"), &json!("counters")));
}

#[test]
fn an_event_that_says_none_of_it_is_of_the_surveys_touchpoint_and_of_no_account() {
    let none = json!({ "ticket": { "id": "T-100" }, "answers": { "effort": 2 } });
    let case = take(&shop(), "m-1", &none);
    let feedback = &case["feedback"];
    let said = (&feedback["touchpoint"], &feedback["channel"], &feedback["account"]);
    assert_eq!(said, (&json!("support"), &Value::Null, &Value::Null));
    assert_eq!(case["rule"], "detractor");
}

#[test]
fn what_does_not_fit_is_left_out_and_never_becomes_another_account_or_touchpoint() {
    let (long, label) = (format!("A-1{}", "x".repeat(198)), "x".repeat(300));
    for (number, (more, account, touchpoint)) in [
        (json!({ "account": { "number": long } }), Value::Null, "counter.berlin"),
        (json!({ "account": { "number": 815 } }), json!("815"), "counter.berlin"),
        (json!({ "account": { "number": ["A-1"] } }), Value::Null, "counter.berlin"),
        (json!({ "ticket": { "touchpoint": "the counter" } }), json!("A-1"), "support"),
        (json!({ "ticket": { "touchpoint": "c".repeat(65) } }), json!("A-1"), "support"),
        (json!({ "ticket": { "touchpoint": "" } }), json!("A-1"), "support"),
    ]
    .into_iter()
    .enumerate()
    {
        let feedback = take(&shop(), &format!("m-{number}"), &ticket(&more))["feedback"].clone();
        assert_eq!((&feedback["account"]["id"], &feedback["touchpoint"]), (&account, &json!(touchpoint)), "{more}");
        assert_eq!(feedback["account"]["name"], "Analytical Engines", "the rest is kept");
    }
    let shortened = take(&shop(), "m-9", &ticket(&json!({ "ticket": { "channel": label } })));
    assert_eq!(shortened["feedback"]["channel"].as_str().map(str::len), Some(200));
}

/// Platforms send further events of a response, and not all of them say everything.
#[test]
fn a_later_event_that_leaves_them_out_takes_nothing_away() {
    let shop = shop();
    let first = take(&shop, "m-1", &ticket(&json!({})));
    shop.clock.advance(60);
    let later = json!({
        "ticket": { "id": "T-100" }, "answers": { "effort": 1, "comment": "Five calls." }, "account": { "number": "A-1" },
    });
    let case = take(&shop, "m-2", &later);
    assert_eq!(case["id"], first["id"]);
    assert_eq!(case["feedback"]["comment"], "Five calls.");
    for field in ["account", "channel", "touchpoint"] {
        assert_eq!(case["feedback"][field], first["feedback"][field], "{field}");
    }
}
