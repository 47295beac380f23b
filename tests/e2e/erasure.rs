//! Erasure: after it no byte of the store, and no line of the log, knows who it was or what they wrote. And retention.

use crate::answers::{anonymous, with};
use chrono::TimeDelta;
use ringback_tests::{ADMIN, AGENT, INTAKE, Options, World, eventually, instead};
use serde_json::{Value, json};

const NAME: &str = "Zyxwena Quillfeather";
const EMAIL: &str = "zyxwena.q@quillfeather.example";
const PHONE: &str = "+49 30 7766554433";
const COMMENT: &str = "The gramophone arrived without its trumpet.";
const NOTE: &str = "Telephoned; she plays the bassoon.";
const WORDING: &str = "wording-of-zyxwena-2026";
const SUBJECT: &str = "Your gramophone trumpet";

fn answer() -> Value {
    json!({
        "survey": "checkout-nps", "score": 2, "response_id": "gramophone", "comment": COMMENT,
        "customer": { "id": "CUSTOMER-QF-1", "name": NAME, "email": EMAIL, "phone": PHONE },
        "account": { "id": "ACCOUNT-QF", "name": "Quillfeather and Daughters" },
        "answers": { "why": "trumpet-missing-quill" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": WORDING }],
    })
}

/// Everything personal that was planted.
const TRACES: [&str; 11] = [
    NAME,
    EMAIL,
    "7766554433",
    COMMENT,
    NOTE,
    WORDING,
    SUBJECT,
    "CUSTOMER-QF-1",
    "ACCOUNT-QF",
    "Quillfeather and Daughters",
    "trumpet-missing-quill",
];

fn traces(bytes: &[u8]) -> Vec<&'static str> {
    let found = |trace: &str| bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
    TRACES.into_iter().filter(|trace| found(trace)).collect()
}

/// A case with everything personal in it: worked, and with a message to the customer.
async fn plant(world: &World) -> String {
    let id = world.take_and_alert(&answer()).await;
    for step in [
        json!({ "type": "acknowledge", "note": NOTE }),
        json!({ "type": "resolve", "note": NOTE, "root_cause": "carrier" }),
        json!({ "type": "inform", "note": NOTE, "channel": "email", "message": { "subject": SUBJECT, "text": COMMENT } }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    world.alerted(&id).await;
    id
}

/// Ticks until whatever follows an erasure is done, the late look included.
async fn settle(world: &World) {
    for minutes in [1, 1, 1, 31, 1, 1, 1] {
        world.pass(TimeDelta::minutes(minutes)).await;
        world.sealed().await;
    }
}

#[tokio::test]
async fn an_erased_person_is_in_no_byte_of_the_store_and_in_no_line_of_the_log() {
    let Some(world) = World::with_clock().await else { return };
    if world.store() != "sqlite" {
        return;
    }
    let id = plant(&world).await;
    // On its way, not sealed; another answer under the phone number alone; a statement of its own; and a bystander.
    let late = with(answer(), &json!({ "response_id": "gramophone-2" }));
    let _ = world.take(&late).await;
    let by_phone = with(anonymous(3), &json!({ "customer": { "phone": "0049 30 7766554433" }, "comment": COMMENT }));
    let phoned = world.take_and_seal(&by_phone).await;
    let said = json!({ "customer": { "email": EMAIL },
        "consent": [{ "channel": "phone", "purpose": "follow_up", "granted": true, "wording": WORDING }] });
    let _ = world.post("/v1/consents").token(AGENT).json(&said).send().await.expect(204);
    let other =
        with(anonymous(1), &json!({ "comment": "Nothing was wrong.", "customer": { "email": "b@example.com" } }));
    let bystander = world.take_and_seal(&other).await;
    assert_eq!(traces(&world.stored_bytes()).len(), TRACES.len(), "it was there");

    let identity =
        json!({ "customer": { "email": " ZYXWENA.Q@quillfeather.example", "phone": PHONE, "id": "CUSTOMER-QF-1" } });
    let receipt = world.post("/v1/erasures").token(ADMIN).json(&identity).send().await.expect(202);
    assert_eq!(traces(&receipt.body), Vec::<&str>::new(), "the receipt names nobody");
    let receipt = receipt.json();
    assert_eq!(
        (&receipt["scope"], &receipt["identities"], &receipt["by"]),
        (&json!("person"), &json!(3), &json!("operations"))
    );
    let name = receipt["erasure"].as_str().expect("a name").to_owned();
    let case = world.case(&id).await;
    assert_eq!(case.json["feedback"]["comment"], Value::Null, "what is sealed is gone at once");
    assert_eq!(case.contact("email")["reason"], "unidentified", "nobody may be contacted any more");

    settle(&world).await;
    let world_now = &world;
    eventually("the file and its log are overwritten", async || traces(&world_now.stored_bytes()).is_empty()).await;
    let log = world.log();
    assert_eq!(traces(log.as_bytes()), Vec::<&str>::new(), "{log}");
    assert!(log.contains(&name), "the log says that it was done: {log}");
    assert_eq!(world.stored(&phoned).await["comment"], Value::Null);
    assert_eq!(world.stored(&bystander).await["comment"], "Nothing was wrong.");
    let figures = world.get("/v1/insights/scores?day=2026-11-22").token(AGENT).send().await.expect(200).json();
    let answers: u64 = figures["rows"].as_array().into_iter().flatten().filter_map(|row| row["answers"].as_u64()).sum();
    assert_eq!(answers, 4, "the figures stay");

    // A new relation is a new one.
    let again = world.take_and_seal(&with(answer(), &json!({ "response_id": "gramophone-3" }))).await;
    settle(&world).await;
    assert_eq!(world.stored(&again).await["comment"], COMMENT);
    assert_eq!(world.case(&again).await.contact("email")["allowed"], true);
}

#[tokio::test]
async fn one_answer_is_erased_by_its_id_sealed_or_not() {
    let Some(world) = World::with_clock().await else { return };
    let sealed = plant(&world).await;
    let waiting = world.take(&with(answer(), &json!({ "response_id": "not-sealed" }))).await;
    for id in [&sealed, &waiting] {
        let call = world.call(http::Method::DELETE, &format!("/v1/feedback/{id}"));
        let receipt = call.token(ADMIN).send().await.expect(202);
        assert_eq!((traces(&receipt.body), &receipt.json()["feedback"]), (Vec::new(), &json!(id)));
    }
    settle(&world).await;
    for id in [&sealed, &waiting] {
        let stored = world.stored(id).await;
        assert_eq!(
            (&stored["comment"], &stored["customer"]["email"], &stored["score"]),
            (&Value::Null, &Value::Null, &json!(2))
        );
        assert!(world.case(id).await.json["history"].to_string().find(NOTE).is_none());
    }
}

#[tokio::test]
async fn who_may_not_erase_and_what_names_nobody_erases_nothing() {
    let world = World::start().await;
    let id = world.take_and_seal(&answer()).await;
    let path = format!("/v1/feedback/{id}");
    let person = json!({ "customer": { "email": EMAIL } });
    for (token, status) in [(AGENT, 403), (INTAKE, 403), ("nobody", 401)] {
        assert_eq!(world.call(http::Method::DELETE, &path).token(token).send().await.status, status);
        assert_eq!(world.post("/v1/erasures").token(token).json(&person).send().await.status, status);
    }
    for (body, pointers) in [
        (json!({}), vec!["/customer"]),
        (json!({ "customer": {} }), vec!["/customer"]),
        (json!({ "customer": { "email": "nobody" } }), vec!["/customer/email"]),
        (json!({ "customer": { "id": "C" }, "why": "asked" }), vec!["/why"]),
        (json!({ "criteria": {} }), vec!["/criteria"]),
        (json!({ "criteria": { "country": "Germany" } }), vec!["/criteria/country"]),
        (json!({ "criteria": { "country": "DE" }, "customer": { "id": "C" } }), vec!["/criteria"]),
    ] {
        let refused = world.post("/v1/erasures").token(ADMIN).json(&body).send().await;
        let pointers: Vec<String> = pointers.into_iter().map(str::to_owned).collect();
        assert_eq!((refused.status, refused.pointers()), (422, pointers), "{body}");
    }
    for path in ["/v1/feedback/nonesuch", "/v1/feedback/not%20an%20id"] {
        assert_eq!(world.call(http::Method::DELETE, path).token(ADMIN).send().await.status, 404, "{path}");
    }
    assert_eq!(world.stored(&id).await["comment"], COMMENT);
}

/// An order to erase by criteria, carried out by ticks while the application is killed once.
#[tokio::test]
async fn what_criteria_name_is_erased_across_a_crash_and_counted() {
    let Some(mut world) = World::with_clock().await else { return };
    let planted = plant(&world).await;
    let before = with(answer(), &json!({ "response_id": "gramophone-2", "survey": "delivery-csat" }));
    let other = world.take_and_seal(&before).await;
    world.pass(TimeDelta::minutes(1)).await;
    let criteria = json!({ "survey": "checkout-nps", "received_before": world.now().to_rfc3339() });
    world.pass(TimeDelta::minutes(1)).await;

    let asked = json!({ "criteria": criteria, "dry_run": true });
    let counted = world.post("/v1/erasures").token(ADMIN).json(&asked).send().await.expect(202);
    let path = counted.header("location").to_owned();
    assert_eq!(done(&world, &path).await["records"], 1);
    assert_eq!(world.stored(&planted).await["comment"], COMMENT, "it was only counted");

    let order = world.post("/v1/erasures").token(ADMIN).json(&json!({ "criteria": criteria })).send().await.expect(202);
    assert_eq!((&order.json()["scope"], &order.json()["by"]), (&json!("criteria"), &json!("operations")));
    let path = order.header("location").to_owned();
    let later = world.take(&with(answer(), &json!({ "response_id": "gramophone-3" }))).await;
    world.crash_and_restart().await;
    world.outlive_the_dead().await;
    let state = done(&world, &path).await;
    assert_eq!((&state["records"], &state["dry_run"]), (&json!(1), &json!(false)), "{state}");
    assert_eq!(traces(state.to_string().as_bytes()), Vec::<&str>::new(), "the receipt names nobody");
    settle(&world).await;
    assert_eq!(world.stored(&planted).await["comment"], Value::Null);
    assert_eq!(world.stored(&other).await["comment"], COMMENT, "another survey's");
    assert_eq!(world.stored(&later).await["comment"], COMMENT, "what came later");
    assert_eq!(traces(world.log().as_bytes()), Vec::<&str>::new());
    let unknown = world.get("/v1/erasures/nonesuch").token(ADMIN).send().await;
    assert_eq!(unknown.status, 404);
    assert_eq!(world.get(&path).token(AGENT).send().await.status, 403);
}

/// How an erasure by criteria stands in the end.
async fn done(world: &World, path: &str) -> Value {
    eventually("the order is carried out", async || {
        world.tick().await;
        world.get(path).token(ADMIN).send().await.expect(200).json()["state"] == "done"
    })
    .await;
    world.get(path).token(ADMIN).send().await.expect(200).json()
}

#[tokio::test]
async fn answers_go_when_their_time_has_come_and_figures_stay() {
    fn short(programme: String) -> String {
        instead(
            &programme,
            &[
                ("days = 1095", "days = 30"),
                ("surveys = { delivery-csat = 365 }", "surveys = { delivery-csat = 10 }"),
                ("tracks = { recovery = 1825 }", "tracks = { recovery = 60 }"),
            ],
        )
    }
    let options = Options { programme: Some(short), ..Options::default() };
    let Some(world) = World::with_clock_and(options).await else { return };
    let promoter = world.take_and_seal(&anonymous(10)).await;
    let delivery = world.take_and_seal(&json!({ "survey": "delivery-csat", "score": 5 })).await;
    let open = world.take_and_alert(&anonymous(1)).await;
    let closed = world.take_and_alert(&anonymous(1)).await;
    for step in [
        json!({ "type": "acknowledge", "note": "n" }),
        json!({ "type": "resolve", "note": "n", "root_cause": "carrier" }),
        json!({ "type": "close", "note": "n", "without_informing": "anonymous" }),
    ] {
        let _ = world.work(&closed, &step).await.expect(200);
    }
    let there = async |id: &str| world.get(&format!("/v1/feedback/{id}")).token(AGENT).send().await.status == 200;
    let mut gone = Vec::new();
    for day in 1..=75 {
        world.pass(TimeDelta::days(1)).await;
        world.pass(TimeDelta::minutes(2)).await;
        for (name, id) in [("delivery", &delivery), ("promoter", &promoter), ("closed", &closed), ("open", &open)] {
            if !gone.iter().any(|(known, _)| *known == name) && !there(id).await {
                gone.push((name, day));
            }
        }
    }
    let names: Vec<&str> = gone.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["delivery", "promoter", "closed"], "an open case stays: {gone:?}");
    for ((name, day), from) in gone.iter().zip([10, 30, 60]) {
        assert!((from..from + 2).contains(day), "{name} went on day {day}");
    }
    let figures = world.get("/v1/insights/scores?day=2026-11-22").token(AGENT).send().await.expect(200).json();
    let answers: u64 = figures["rows"].as_array().into_iter().flatten().filter_map(|row| row["answers"].as_u64()).sum();
    assert_eq!(answers, 4);
}
