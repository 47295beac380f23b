//! More than can be worked: who gets a person, who gets automation, and why. The queue is `key-accounts` of
//! ringback.toml: ada takes two cases a day, grace one, and account A-1 is hers.

use crate::answers::{anonymous, with};
use chrono::TimeDelta;
use ringback_tests::{Shown, World};
use serde_json::{Value, json};

/// A detractor of a key account: worth the tier (gold 3, silver 2, else 1) times three, for high priority.
fn key_account(tier: &str, account: &str) -> Value {
    let more = json!({ "segment": "key-account", "customer": { "tier": tier }, "account": { "id": account } });
    with(anonymous(3), &more)
}

/// Posts a case and waits until it is decided.
async fn take(world: &World, tier: &str, account: &str) -> String {
    let id = world.take_and_seal(&key_account(tier, account)).await;
    decided(world, &id).await;
    id
}

async fn decided(world: &World, id: &str) {
    ringback_tests::eventually("it is decided", async || {
        let case = world.case(id).await;
        case.json["assignment"]["decided_at"].is_string() && case.nothing_pending()
    })
    .await;
}

/// Who has a case: `owner: reason`, or `-: reason` for automation.
fn who(case: &Shown) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    assert_eq!(case.json["owner"].is_null(), case.json["track"] == "automation", "{}", case.json);
    format!("{}: {}", text(&case.json["owner"]), text(&case.json["assignment"]["why"]))
}

#[tokio::test]
async fn when_the_day_is_full_worth_decides_and_the_case_says_so() {
    let Some(world) = World::with_clock().await else { return };
    let owned = take(&world, "basic", "A-1").await;
    let other = take(&world, "silver", "A-1").await;
    let least = take(&world, "basic", "A-2").await;
    let refused = take(&world, "basic", "A-3").await;
    // A Sunday counts for Monday.
    for (id, expected) in [
        (&owned, "grace: owns the account; 1 of 1 on 2026-11-23"),
        (&other, "ada: least loaded, as grace, who owns the account, has no room; 1 of 2 on 2026-11-23"),
        (&least, "ada: least loaded; 2 of 2 on 2026-11-23"),
        (
            &refused,
            "-: 3 cases, all that the queue can work on 2026-11-23, are worth at least its 3 or are being worked",
        ),
    ] {
        assert_eq!(who(&world.case(id).await), expected);
    }
    assert_eq!(world.chat.drain().len(), 3, "nobody is told of what nobody works");
    let case = world.case(&refused).await;
    assert_eq!(case.alerts("case.opened"), ["care-chat: skipped", "care-mail: skipped"]);
    assert_eq!(case.json["assignment"]["track"], "recovery");
    assert!(case.entry("automated").is_some());

    let better = take(&world, "silver", "A-4").await;
    assert_eq!(who(&world.case(&better).await), "ada: worth 6, and so before a case of worth 3; 2026-11-23 is full");
    assert_eq!(
        who(&world.case(&least).await),
        "-: a case of worth 6 came before this one of worth 3; 2026-11-23 is full"
    );

    // Who has begun keeps their case, though it is worth less than the others.
    let _ = world.work(&owned, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
    let best = take(&world, "gold", "A-5").await;
    assert_eq!(who(&world.case(&best).await), "ada: worth 9, and so before a case of worth 6; 2026-11-23 is full");
    assert!(who(&world.case(&owned).await).starts_with("grace: "));
    assert!(who(&world.case(&better).await).starts_with("-: "));

    // On Monday evening the day is over: the next case counts for Tuesday.
    world.pass(TimeDelta::hours(32)).await;
    let next = take(&world, "basic", "A-6").await;
    assert_eq!(who(&world.case(&next).await), "ada: least loaded; 1 of 2 on 2026-11-24");
}

#[tokio::test]
async fn automation_has_no_deadline_that_escalates() {
    let Some(world) = World::with_clock().await else { return };
    let mut ids = Vec::new();
    for account in ["A-1", "A-2", "A-3", "A-4"] {
        ids.push(take(&world, "basic", account).await);
    }
    let automated = world.case(&ids[3]).await;
    assert_eq!(automated.json["track"], "automation");
    world.pass(TimeDelta::hours(24 * 5)).await;
    world.tick().await;
    let automated = world.case(&ids[3]).await;
    assert_eq!(automated.alerts("deadline.breached"), Vec::<String>::new());
    assert_eq!(automated.clock("closure")["breached_at"], Value::Null);
    let why = automated.clock("closure")["why"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("no clock runs"), "{why}");
    assert_ne!(world.case(&ids[0]).await.alerts("deadline.breached"), Vec::<String>::new());
}

#[tokio::test]
async fn a_rush_gives_the_places_to_the_cases_of_most_worth_and_no_more_than_there_are() {
    let Some(world) = World::with_clock().await else { return };
    let tiers =
        ["basic", "silver", "gold", "basic", "silver", "gold", "silver", "basic", "gold", "gold", "silver", "basic"];
    let answers: Vec<Value> = tiers.iter().map(|tier| key_account(tier, "A-9")).collect();
    let ids = futures::future::join_all(answers.iter().map(|answer| world.take(answer))).await;
    futures::join!(world.tick(), world.tick(), world.tick());
    world.sealed().await;
    let mut people = Vec::new();
    for id in &ids {
        decided(&world, id).await;
    }
    for (id, tier) in ids.iter().zip(tiers) {
        let case = world.case(id).await;
        if case.json["owner"].is_string() {
            people.push((case.json["owner"].as_str().unwrap_or_default().to_owned(), tier));
        }
    }
    people.sort();
    let expected = [("ada", "gold"), ("ada", "gold"), ("grace", "gold")];
    assert_eq!(people, expected.map(|(owner, tier)| (owner.to_owned(), tier)));
}
