//! What is stored is encrypted under a key of the operator's: nobody reads it in the raw file, a wrong key is refused at
//! once and said clearly, and keys can be exchanged. So is another pepper, under which nothing would be found.

use crate::answers::{detractor, with};
use ringback_tests::{ADMIN, Options, PEPPER, Reply, STORAGE_KEY, STORAGE_KEY_NEXT, World, soon};
use serde_json::{Value, json};

/// What occurs nowhere else.
const NAME: &str = "Xanthippe Quorlak";
const COMMENT: &str = "The zwiebelfisch was upside down";
const NOTE: &str = "Spoke to her about the gallimaufry";
const REMEDY: &str = "Sent a replacement flumadiddle";
const PLANTED: [&str; 7] =
    ["Quorlak", "quorlak", "@atrest.example", "zwiebelfisch", "gallimaufry", "flumadiddle", "5550199"];

fn first() -> String {
    format!("2026-01:{STORAGE_KEY}")
}

fn next() -> String {
    format!("2026-11:{STORAGE_KEY_NEXT}")
}

async fn world(storage_keys: String) -> Option<World> {
    World::with_clock_and(Options { storage_keys: storage_keys.leak(), ..Options::default() }).await
}

/// An answer of somebody of their own for each response.
fn answer(response: &str) -> Value {
    let mut customer = json!({ "id": format!("C-QUORLAK-{response}"), "name": NAME, "email": format!("quorlak.{response}@atrest.example") });
    if response == "q" {
        customer["phone"] = json!("+49 30 5550199");
    }
    let consent = json!([{ "channel": "email", "purpose": "follow_up", "granted": true }]);
    let more = json!({ "response_id": response, "customer": customer, "comment": COMMENT, "consent": consent });
    with(detractor(), &more)
}

/// An answer is refused and the application is not ready; the log names what to change, and never a key.
async fn is_refused(world: &World, says: &[&str]) {
    let told = world.get("/readyz").send().await;
    assert_eq!(told.status, 503, "{}", told.text());
    let refused = world.feedback(&answer("refused")).send().await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"));
    let log = world.log();
    for part in says {
        assert!(log.contains(part), "{part} is not in the log: {log}");
    }
    for text in [log.as_str(), &told.text(), &refused.text()] {
        for key in [STORAGE_KEY, STORAGE_KEY_NEXT] {
            assert!(!text.contains(&key[..12]), "a key is shown: {text}");
        }
    }
}

#[tokio::test]
async fn nothing_that_anybody_said_or_is_called_can_be_read_in_the_raw_file() {
    for keys in [String::new(), first()] {
        let encrypted = !keys.is_empty();
        let Some(world) = world(keys).await else { return };
        if world.store() != "sqlite" {
            return;
        }
        world.mail.always(Reply::status(503));
        let id = world.take_and_seal(&answer("q")).await;
        world.attempted(&id).await;
        let step = async |event: Value| drop(world.work(&id, &event).await.expect(200));
        step(json!({ "type": "acknowledge", "note": NOTE })).await;
        step(json!({ "type": "resolve", "note": NOTE, "root_cause": "carrier", "remedy": REMEDY })).await;
        step(json!({ "type": "inform", "note": NOTE, "channel": "email", "message": { "template": "result", "text": NOTE } }))
            .await;
        soon("an attempt", || {
            world.mail.received().iter().any(|mail| mail.text().contains("quorlak.q@atrest.example"))
        })
        .await;
        world.attempted(&id).await;
        world.sealed().await;
        assert_eq!(world.stored(&id).await["comment"], COMMENT);
        let found = world.found_in_file(&PLANTED);
        let expected = if encrypted { Vec::new() } else { PLANTED.to_vec() };
        assert_eq!(found, expected, "encrypted: {encrypted}");
        assert_eq!(world.ready().await["encrypted"], json!(encrypted));
    }
}

#[tokio::test]
async fn a_wrong_or_missing_key_is_refused_at_once_and_the_right_one_finds_everything() {
    let Some(mut world) = world(first()).await else { return };
    let id = world.take_and_alert(&answer("q")).await;
    world.sealed().await;
    let head = world.head().await;
    let (other, nameless) = (format!("2026-01:{STORAGE_KEY_NEXT}"), STORAGE_KEY.to_owned());
    for (keys, says) in [
        (String::new(), ["cannot start", "`2026-01`, which is missing: add it to storage_keys"]),
        (next(), ["cannot start", "`2026-01`, which is missing: add it to storage_keys"]),
        (other, ["cannot start", "the key `2026-01` in storage_keys is not the one of that name"]),
        (nameless, ["cannot start", "`storage_keys`: entry 1 is not name:key"]),
    ] {
        world.restart_under(&keys).await;
        is_refused(&world, &says).await;
    }
    world.restart_under(&first()).await;
    assert_eq!(world.stored(&id).await["comment"], COMMENT);
    assert_eq!(world.head().await, head, "what was refused was not stored");
}

#[tokio::test]
async fn another_pepper_is_refused_at_once_and_the_right_one_finds_everything() {
    const OTHER: &str = "another-pepper-that-must-never-be-printed";
    let Some(mut world) = world(String::new()).await else { return };
    let id = world.take_and_alert(&answer("q")).await;
    world.sealed().await;
    let head = world.head().await;
    world.restart_with("pepper", OTHER).await;
    is_refused(&world, &["cannot start: the store was begun with another `pepper`"]).await;
    assert!(![PEPPER, OTHER].iter().any(|pepper| world.log().contains(pepper)), "a pepper is shown");
    world.restart_with("pepper", PEPPER).await;
    assert_eq!(world.stored(&id).await["comment"], COMMENT);
    assert_eq!(world.head().await, head, "what was refused was not stored");
    let _ = world.take(&answer("q")).await;
    world.sealed().await;
    assert_eq!(world.head().await, head, "it is known as a repeat");
}

#[tokio::test]
async fn a_key_is_exchanged_by_a_restart_and_the_one_before_can_be_dropped() {
    let Some(mut world) = world(first()).await else { return };
    let before = world.take_and_alert(&answer("before")).await;

    world.restart_under(&format!("{},{}", next(), first())).await;
    let told = world.get("/readyz").token(ADMIN).send().await.expect(200).json();
    assert_eq!((&told["storage_key"], &told["storage_keys_retired"]), (&json!("2026-11"), &json!(["2026-01"])));
    let stranger = world.ready().await;
    assert!(stranger["storage_key"].is_null() && stranger["encrypted"] == true, "{stranger}");
    let since = world.take_and_alert(&answer("since")).await;

    world.restart_under(&next()).await;
    for id in [&before, &since] {
        assert_eq!(world.stored(id).await["comment"], COMMENT);
        let _ = world.work(id, &json!({ "type": "acknowledge", "note": NOTE })).await.expect(200);
    }
    let told = world.get("/readyz").token(ADMIN).send().await.expect(200).json();
    assert_eq!(told["storage_keys_retired"], json!([]));
    assert_eq!(told["shards"][0]["quarantined"], 0);
    if world.store() == "sqlite" {
        assert_eq!(world.found_in_file(&PLANTED), Vec::<&str>::new());
    }

    world.restart_under(&first()).await;
    is_refused(&world, &["cannot start", "`2026-11`, which is missing: add it to storage_keys"]).await;
}

#[tokio::test]
async fn encryption_begins_on_a_store_that_is_in_use_and_does_not_end() {
    let Some(mut world) = world(String::new()).await else { return };
    let plain = world.take_and_alert(&answer("plain")).await;
    world.restart_under(&first()).await;
    assert_eq!(world.stored(&plain).await["comment"], COMMENT);
    let id = world.take_and_alert(&with(answer("later"), &json!({ "comment": "A widdershins delivery" }))).await;
    assert_eq!(world.stored(&id).await["comment"], "A widdershins delivery");
    let _ = world.work(&plain, &json!({ "type": "acknowledge", "note": NOTE })).await.expect(200);
    if world.store() == "sqlite" {
        // The record from before was written since; its customer's journal, from before, was not.
        assert_eq!(world.found_in_file(&["widdershins", "zwiebelfisch", "gallimaufry"]), Vec::<&str>::new());
    }
    world.restart_under("").await;
    is_refused(&world, &["cannot start", "`2026-01`, which is missing"]).await;
}
