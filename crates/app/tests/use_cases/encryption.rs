//! A day of work where stored values are encrypted, over the use cases alone, on every kind of store: it comes to the same as
//! without, and nothing that anybody said or is called can be read in the store.

use crate::stage::trials::Trials;
use crate::stage::yes::Yes;
use crate::stage::{Setting, Stage, open, try_open};
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use ringback_app::problem::{Problem, Reply};
use ringback_ledger::StoreKind;
use ringback_test_support::{MemoryStore, Nobody};
use serde_json::{Value, json};

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];
/// 32 bytes of 1, and of 2, in base64.
const ONE: &str = "2026-01:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const TWO: &str = "2026-11:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
/// What nobody may read in the store.
const PLANTED: [&str; 5] = ["Xanthippe", "quorlak@", "zwiebelfisch", "gallimaufry", "5550199"];

/// The application under these keys, on a new store or a given one.
fn stage(kind: StoreKind, keys: &str, store: Option<&MemoryStore>) -> Result<Stage, String> {
    let variables = [("storage_keys", keys)];
    try_open(&Setting { kind, variables: &variables, store: store.cloned(), ..Setting::default() })
}

fn request(token: &str, body: &Value) -> Request<Vec<u8>> {
    let request = Request::post("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
    request.header(header::CONTENT_TYPE, "application/json").body(body.to_string().into_bytes()).expect("a request")
}

fn read(reply: Result<Reply, Problem>) -> Value {
    let reply = reply.unwrap_or_else(Problem::into_reply);
    serde_json::from_slice(reply.body()).unwrap_or(Value::Null)
}

fn headers(token: &str) -> HeaderMap {
    request(token, &Value::Null).into_parts().0.headers
}

/// An answer, taken.
fn take(stage: &Stage, response: &str) -> String {
    let answer = json!({
        "survey": "checkout-nps", "score": 2, "response_id": response, "comment": "The zwiebelfisch was upside down",
        "customer": { "id": "C-7", "name": "Xanthippe Q", "email": "quorlak@example.com", "phone": "+49 30 5550199" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": "w1" }],
    });
    let taken = block_on(stage.app.post_feedback(request("intake", &answer))).expect("taken");
    block_on(stage.app.tick_logged(&Nobody));
    let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
    location.trim_start_matches("/v1/feedback/").to_owned()
}

fn case(stage: &Stage, id: &str) -> Value {
    read(block_on(stage.app.get_case(id, &headers("agent"), &Yes)))
}

fn work(stage: &Stage, id: &str, event: &Value) {
    let mut request = request("agent", event);
    let tag = format!("\"{}\"", case(stage, id)["version"]);
    request.headers_mut().insert(header::IF_MATCH, tag.parse().expect("a tag"));
    let worked = block_on(stage.app.post_case_event(id, request, &Yes)).expect("worked");
    block_on(stage.app.follow_through(worked.now, &Nobody));
}

/// Two answers of one customer, one of them worked, and two days on which nobody does anything. Gives what is shown then.
fn day_of_work(stage: &Stage) -> [Value; 4] {
    let id = take(stage, "r1");
    work(stage, &id, &json!({ "type": "acknowledge", "note": "Heard of the gallimaufry" }));
    let second = take(stage, "r2");
    for _ in 0..48 {
        stage.clock.advance(3_600);
        block_on(stage.app.tick_logged(&Nobody));
    }
    let feedback = read(block_on(stage.app.get_feedback(&id, &headers("agent"))));
    let mut ready = read(block_on(stage.app.get_readiness(&HeaderMap::new(), &Trials)));
    for same in ["encrypted", "shards"] {
        ready[same].take();
    }
    [case(stage, &id), case(stage, &second), feedback, ready]
}

/// What of the planted words stands in the store.
fn readable(store: &MemoryStore) -> Vec<&'static str> {
    let values: Vec<Vec<u8>> = store.keys().iter().filter_map(|key| store.peek(key)).collect();
    let stands = |word: &&str| values.iter().any(|value| value.windows(word.len()).any(|w| w == word.as_bytes()));
    PLANTED.into_iter().filter(stands).collect()
}

#[test]
fn a_day_of_work_comes_to_the_same_and_nothing_of_it_can_be_read_in_the_store() {
    for kind in STORES {
        let (plain, encrypted) = (stage(kind, "", None).expect("opens"), stage(kind, ONE, None).expect("opens"));
        assert_eq!(day_of_work(&encrypted), day_of_work(&plain), "{kind:?}");
        assert_eq!(readable(&plain.store), PLANTED, "{kind:?}: the search finds what is there");
        assert_eq!(readable(&encrypted.store), Vec::<&str>::new(), "{kind:?}");
    }
}

#[test]
fn a_wrong_or_missing_key_refuses_the_start_and_says_what_to_change() {
    for kind in STORES {
        let first = stage(kind, ONE, None).expect("opens");
        let id = take(&first, "r1");
        let other = TWO.replace("2026-11", "2026-01");
        for (keys, says) in [("", "is missing"), (TWO, "is missing"), (other.as_str(), "is not the one of that name")] {
            let told = stage(kind, keys, Some(&first.store)).err().expect("refused");
            assert!(told.contains(says) && told.contains("`2026-01`") && told.contains("storage_keys"), "{told}");
            assert!(!told.contains("AQEB") && !told.contains("AgIC"), "{told}");
        }
        let again = stage(kind, ONE, Some(&first.store)).expect("opens");
        assert_eq!(case(&again, &id)["state"], "new", "{kind:?}");
    }
}

#[test]
fn a_key_is_exchanged_and_the_one_before_dropped() {
    for kind in STORES {
        let first = stage(kind, ONE, None).expect("opens");
        let id = take(&first, "r1");
        let both = stage(kind, &format!("{TWO},{ONE}"), Some(&first.store)).expect("opens");
        work(&both, &id, &json!({ "type": "acknowledge", "note": "Heard of the gallimaufry" }));
        let told = read(block_on(both.app.get_readiness(&headers("admin"), &Trials)));
        assert_eq!(told["storage_key"], "2026-11", "{kind:?}: {told}");
        assert_eq!(told["storage_keys_retired"], json!(["2026-01"]), "{kind:?}");
        let stranger = read(block_on(both.app.get_readiness(&HeaderMap::new(), &Trials)));
        assert_eq!((&stranger["encrypted"], &stranger["storage_key"]), (&json!(true), &Value::Null), "{kind:?}");

        let alone = stage(kind, TWO, Some(&first.store)).expect("opens");
        assert_eq!(case(&alone, &id)["state"], "acknowledged", "{kind:?}");
        assert!(stage(kind, ONE, Some(&first.store)).is_err(), "{kind:?}");
        assert_eq!(readable(&alone.store), Vec::<&str>::new(), "{kind:?}");
    }
}

#[test]
fn encryption_begins_with_the_next_write_and_erasure_reaches_what_was_plain() {
    for kind in STORES {
        let plain = open(&Setting { kind, ..Setting::default() });
        let id = take(&plain, "r1");
        let encrypted = stage(kind, ONE, Some(&plain.store)).expect("opens");
        assert_eq!(case(&encrypted, &id)["state"], "new", "{kind:?}");
        let customer = json!({ "customer": { "email": "quorlak@example.com" } });
        block_on(encrypted.app.post_erasure(request("admin", &customer))).expect("erased");
        assert_eq!(readable(&encrypted.store), Vec::<&str>::new(), "{kind:?}");
    }
}
