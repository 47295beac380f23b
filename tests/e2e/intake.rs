//! Feedback through our own API: taken once, answered without a body, updated by its response id.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_host::{Effect, Fault};
use ringback_tests::{AGENT, INTAKE, World, instant, location_id, soon};
use serde_json::json;

#[tokio::test]
async fn an_answer_is_taken_without_a_body_and_can_be_read_back() {
    let world = World::start().await;
    let before = world.now();
    let answer = json!({
        "survey": "checkout-nps", "score": 3, "response_id": "r-81", "comment": "Parcel was opened.",
        "occurred_at": "2021-11-22T09:30:00+01:00", "locale": "de-DE", "country": "AT", "channel": "web",
        "touchpoint": "app", "segment": "b2c",
        "customer": { "id": "C-7", "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+49 30 1234567", "tier": "gold" },
        "account": { "id": "A-1", "name": "Analytical Engines", "role": "buyer", "level": "c-suite" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": "2026-01" }],
        "answers": { "delivery": "late", "would_buy_again": true, "parcels": 2, "reasons": ["box", "time"] },
    });
    let taken = world.feedback(&answer).send().await;
    let id = location_id(&taken);
    assert_eq!((taken.header("content-length"), taken.body.len()), ("0", 0));

    let stored = world.stored(&id).await;
    for field in
        ["survey", "score", "comment", "locale", "country", "channel", "touchpoint", "segment", "customer", "account"]
    {
        assert_eq!(stored[field], answer[field], "{field}");
    }
    for (field, value) in
        [("id", json!(id)), ("source", json!("api")), ("metric", json!("nps")), ("band", json!("detractor"))]
    {
        assert_eq!(stored[field], value, "{field}");
    }
    assert_eq!(stored["answers"]["delivery"], "late");
    assert_eq!(stored["answers"]["would_buy_again"], true);
    assert_eq!(stored["answers"]["parcels"].as_f64(), Some(2.0));
    assert_eq!(stored["answers"]["reasons"], json!(["box", "time"]));
    assert_eq!(stored["occurred_at"], "2021-11-22T08:30:00Z");
    let received = instant(&stored["received_at"]).expect("an instant");
    assert!(received.timestamp() >= before.timestamp() && received <= world.now(), "{received}");
    assert_eq!(stored["updated_at"], json!(null));
}

#[tokio::test]
async fn every_metric_is_banded_by_its_scale_thresholds_and_country() {
    let world = World::start().await;
    let table = [
        ("checkout-nps", 0, "DE", "detractor"),
        ("checkout-nps", 6, "DE", "detractor"),
        ("checkout-nps", 7, "DE", "passive"),
        ("checkout-nps", 8, "DE", "passive"),
        ("checkout-nps", 9, "DE", "promoter"),
        ("checkout-nps", 10, "DE", "promoter"),
        ("checkout-nps", 5, "CH", "detractor"),
        ("checkout-nps", 6, "CH", "passive"),
        ("delivery-csat", 1, "DE", "dissatisfied"),
        ("delivery-csat", 2, "DE", "dissatisfied"),
        ("delivery-csat", 3, "DE", "neutral"),
        ("delivery-csat", 4, "DE", "satisfied"),
        ("delivery-csat", 5, "DE", "satisfied"),
        ("support-ces", 1, "DE", "dissatisfied"),
        ("support-ces", 7, "DE", "satisfied"),
    ];
    for (survey, score, country, band) in table {
        let id = world.take(&json!({ "survey": survey, "score": score, "country": country })).await;
        assert_eq!(world.stored(&id).await["band"], band, "{survey} {score} {country}");
    }
}

#[tokio::test]
async fn a_rule_decides_what_an_answer_sets_in_motion() {
    let world = World::start().await;
    let table = [
        (json!({ "score": 2, "customer": { "tier": "gold" } }), Some("gold-detractor recovery critical care fast")),
        (json!({ "score": 2 }), Some("detractor recovery high care standard")),
        (
            json!({ "score": 7, "comment": "fine, but slow" }),
            Some("passive-who-wrote-something passive normal care relaxed"),
        ),
        (json!({ "score": 7 }), None),
        (json!({ "score": 10, "comment": "great" }), None),
    ];
    for (answer, expected) in table {
        let id = world.take_and_seal(&with(anonymous(0), &answer)).await;
        let case = world.get(&format!("/v1/cases/{id}")).token(AGENT).send().await;
        let Some(expected) = expected else {
            assert_eq!((case.status, case.problem().as_str()), (404, "not-found"), "{answer}");
            continue;
        };
        let case = case.expect(200).json();
        let parts = [&case["rule"], &case["track"], &case["priority"], &case["queue"], &case["deadlines"]["policy"]];
        let shown: Vec<&str> = parts.iter().filter_map(|part| part.as_str()).collect();
        assert_eq!(shown.join(" "), expected, "{answer}");
    }
}

#[tokio::test]
async fn a_repeat_with_the_same_key_gets_the_same_answer_and_no_second_case() {
    let world = World::start().await;
    let post = |key: &'static str| world.feedback(&detractor()).header("idempotency-key", key).send();
    let first = location_id(&post("order-1234").await);
    assert_eq!(location_id(&post("order-1234").await), first, "before it is sealed, perhaps");
    world.sealed().await;
    assert_eq!(location_id(&post("order-1234").await), first, "after it is sealed");
    let spaced = format!("  {}\n", serde_json::to_string_pretty(&detractor()).expect("JSON"));
    let spaced = world.post("/v1/feedback").token(INTAKE).header("idempotency-key", "order-1234").bytes(spaced);
    let spaced = spaced.header("content-type", "application/json; charset=utf-8").send().await;
    assert_eq!(location_id(&spaced), first, "white space is not content");
    assert_ne!(location_id(&post("order-1235").await), first);

    world.sealed().await;
    soon("both alerts", || world.chat.count() >= 2).await;
    world.tick().await;
    assert_eq!((world.chat.count(), world.mail.count()), (2, 2), "one alert a channel for each of two keys");
    // The other key is another answer of the same customer, which the first case gets to know of.
    let happened = world.case(&first).await.happened();
    assert_eq!(happened.iter().filter(|what| *what != "answered.again").collect::<Vec<_>>(), ["opened"]);
}

#[tokio::test]
async fn a_key_that_comes_back_with_other_content_is_refused() {
    let Some(world) = World::with_clock().await else { return };
    // No tick: the first post stays unsealed until this scenario seals it.
    world.faults().add(Fault::outbound(Effect::FailBefore("asleep".into()), |r| r.uri.ends_with("/internal/wake")));
    let post = |answer: serde_json::Value| world.feedback(&answer).header("idempotency-key", "order-1").send();
    let id = location_id(&post(anonymous(3)).await);
    for when in ["at once", "after sealing"] {
        let refused = post(anonymous(4)).await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "idempotency-key-reused"), "{when}");
        assert_eq!(world.stored(&id).await["score"].as_f64(), Some(3.0), "{when}");
        world.sealed().await;
    }
    assert_eq!(world.head().await, 1, "nothing was stored for what was refused");
    assert_eq!(location_id(&post(anonymous(3)).await), id, "the first content is still welcome");
}

#[tokio::test]
async fn a_later_post_of_the_same_response_updates_the_answer() {
    let world = World::start().await;
    let first = json!({ "survey": "checkout-nps", "score": 2, "response_id": "r-1", "customer": { "id": "C-9" } });
    let id = world.take_and_seal(&first).await;
    let later = json!({ "survey": "checkout-nps", "score": 2, "response_id": "r-1", "comment": "It never came." });
    for round in ["first", "repeated"] {
        assert_eq!(world.take_and_seal(&later).await, id, "{round}");
        let stored = world.stored(&id).await;
        assert_eq!(stored["comment"], "It never came.", "{round}");
        assert_eq!(stored["customer"]["id"], "C-9", "{round}: what is left out stays");
        assert!(instant(&stored["updated_at"]).is_some(), "{round}");
        let case = world.case(&id).await;
        assert_eq!(case.happened(), ["opened", "feedback.updated"], "{round}");
        let detail = case.entry("feedback.updated").expect("an entry")["detail"].clone();
        assert!(detail.as_str().is_some_and(|text| text.contains("comment")), "{detail}");
        assert!(!detail.to_string().contains("never came"), "the history names the field, not its content");
    }
    soon("the alert", || world.chat.count() == 1).await;
    world.tick().await;
    assert_eq!((world.chat.count(), world.mail.count()), (1, 1));
}

#[tokio::test]
async fn an_update_that_leaves_country_and_language_out_changes_neither() {
    let world = World::start().await;
    let first =
        json!({ "survey": "checkout-nps", "score": 6, "response_id": "r-2", "country": "CH", "locale": "fr-CH" });
    let id = world.take_and_seal(&first).await;
    assert_eq!(world.stored(&id).await["band"], "passive", "reserved scorers: what a 6 means in Switzerland");
    let later = json!({ "survey": "checkout-nps", "score": 6, "response_id": "r-2", "comment": "Fine, mostly." });
    assert_eq!(world.take_and_seal(&later).await, id);
    let stored = world.stored(&id).await;
    assert_eq!(
        (&stored["country"], &stored["locale"], &stored["band"]),
        (&json!("CH"), &json!("fr-CH"), &json!("passive"))
    );
    let lower = json!({ "survey": "checkout-nps", "score": 5, "response_id": "r-2" });
    assert_eq!(world.take_and_seal(&lower).await, id);
    assert_eq!(
        (&world.stored(&id).await["band"], &world.stored(&id).await["country"]),
        (&json!("detractor"), &json!("CH"))
    );
}

#[tokio::test]
async fn one_name_in_two_surveys_is_two_answers() {
    let world = World::start().await;
    let about = |survey: &str, score: u8| json!({ "survey": survey, "score": score, "response_id": "order-7" });
    let nps = world.take_and_seal(&about("checkout-nps", 2)).await;
    let csat = world.take_and_seal(&about("delivery-csat", 5)).await;
    assert_ne!(nps, csat);
    assert_eq!((&world.stored(&nps).await["score"], &world.stored(&csat).await["score"]), (&json!(2), &json!(5)));
}

#[tokio::test]
async fn going_back_to_what_was_said_before_counts_where_the_sender_tells_it_from_a_repeat() {
    let world = World::start().await;
    let post = async |granted: bool, key: &str| {
        let body = json!({ "survey": "checkout-nps", "score": 2, "response_id": "r-3", "customer": { "email": "ada@example.com" },
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": granted }] });
        let call = world.post("/v1/feedback").token(INTAKE).header("idempotency-key", key);
        let id = location_id(&call.json(&body).send().await.expect(202));
        world.sealed().await;
        world.case(&id).await.contact("email")["allowed"].clone()
    };
    assert_eq!(post(false, "1").await, false);
    world.pass_asleep(TimeDelta::seconds(1)).await;
    assert_eq!(post(true, "2").await, true);
    world.pass_asleep(TimeDelta::seconds(1)).await;
    assert_eq!(post(false, "3").await, false, "the last word counts, although it was said before");
    assert_eq!(post(true, "2").await, false, "and a repeat that comes late changes nothing");
}

#[tokio::test]
async fn an_update_that_overtakes_the_tick_is_not_lost() {
    let Some(world) = World::with_clock().await else { return };
    world.faults().add(Fault::outbound(Effect::FailBefore("asleep".into()), |r| r.uri.ends_with("/internal/wake")));
    let post =
        |more: serde_json::Value| with(json!({ "survey": "checkout-nps", "response_id": "r-2", "score": 4 }), &more);
    let id = world.take(&post(json!({}))).await;
    assert_eq!(world.take(&post(json!({ "comment": "first words" }))).await, id);
    assert_eq!(world.take(&post(json!({ "comment": "last words" }))).await, id);
    world.sealed().await;
    let stored = world.stored(&id).await;
    assert_eq!((&stored["score"], &stored["comment"]), (&json!(4), &json!("last words")));
    assert_eq!(world.case(&id).await.happened(), ["opened", "feedback.updated", "feedback.updated"]);
    assert_eq!((world.chat.count(), world.mail.count()), (1, 1));
}

#[tokio::test]
async fn a_promoter_who_corrects_the_score_to_a_detractors_opens_a_case_and_alerts() {
    let world = World::start().await;
    let post = |score: u8| json!({ "survey": "checkout-nps", "score": score, "response_id": "r-3" });
    let id = world.take_and_seal(&post(10)).await;
    let _ = world.get(&format!("/v1/cases/{id}")).token(AGENT).send().await.expect(404);
    assert_eq!(world.chat.count(), 0);

    assert_eq!(world.take_and_seal(&post(1)).await, id);
    soon("alerts", || world.chat.count() == 1 && world.mail.count() == 1).await;
    let case = world.case(&id).await;
    assert_eq!((case.state(), &case.json["rule"]), ("new", &json!("detractor")));
    assert_eq!(case.json["feedback"]["band"], "detractor");
    world.tick().await;
    assert_eq!((world.chat.count(), world.mail.count()), (1, 1));
}

#[tokio::test]
async fn whoever_has_no_token_or_the_wrong_role_is_refused() {
    let world = World::start().await;
    let id = world.take_and_seal(&detractor()).await;
    let head = world.head().await;
    let (feedback, case) = (format!("/v1/feedback/{id}"), format!("/v1/cases/{id}"));
    let events = format!("{case}/events");
    let table = [
        ("POST", "/v1/feedback", Some(AGENT), 403),
        ("POST", "/v1/feedback", None, 401),
        ("GET", &feedback, Some(INTAKE), 403),
        ("GET", &feedback, None, 401),
        ("GET", &case, Some(INTAKE), 403),
        ("GET", &case, None, 401),
        ("POST", &events, Some(INTAKE), 403),
        ("POST", &events, None, 401),
        ("POST", "/v1/consents", None, 401),
        ("POST", "/v1/tick", Some(AGENT), 403),
        ("POST", "/v1/tick", Some(INTAKE), 403),
        ("POST", "/v1/tick", None, 401),
        ("GET", "/v1/insights/scores", Some(INTAKE), 403),
        ("GET", "/v1/insights/scores", None, 401),
    ];
    for (method, path, token, status) in table {
        let call = || world.call(method.parse().expect("a method"), path).json(&detractor());
        let refused = match token {
            Some(token) => call().token(token).send().await,
            None => {
                for wrong in ["Bearer nobody-knows", "Basic dGVzdA==", "Bearer ", "Bearer", ""] {
                    let refused = call().header("authorization", wrong).send().await;
                    assert_eq!((refused.status, refused.problem().as_str()), (401, "unauthorized"), "{path} {wrong:?}");
                }
                call().send().await
            }
        };
        let kind = if status == 401 { "unauthorized" } else { "forbidden" };
        assert_eq!(refused.header("www-authenticate").starts_with("Bearer"), status == 401, "{path}");
        assert_eq!((refused.status, refused.problem().as_str()), (status, kind), "{method} {path} {token:?}");
    }
    assert_eq!(world.head().await, head);
}

#[tokio::test]
async fn the_programme_says_that_it_lives_and_is_ready() {
    let world = World::start().await;
    let alive = world.get("/healthz").send().await;
    assert!(matches!(alive.status, 200 | 204), "{}", alive.status);
    let ready = world.ready().await;
    assert_eq!((&ready["status"], &ready["store"]), (&json!("ready"), &json!(world.store())));
    assert_eq!(ready["shards"][0]["lag"], 0);
}

#[tokio::test]
async fn what_people_write_is_kept_as_they_wrote_it() {
    let world = World::start().await;
    for comment in ["日本語 😀 مرحبا \u{202e}", "a\tb\nc\r\nd", "\u{0}\u{7f}", "\"\\</script>", "'; DROP TABLE x; --"]
    {
        let id = world.take(&with(anonymous(8), &json!({ "comment": comment }))).await;
        assert_eq!(world.stored(&id).await["comment"], comment);
        world.sealed().await;
        assert_eq!(world.stored(&id).await["comment"], comment, "after sealing");
    }
    for whole in ["7", "7.0", "0.7e1"] {
        let body = format!(r#"{{"survey":"checkout-nps","score":{whole}}}"#);
        let post = world.post("/v1/feedback").token(INTAKE).header("content-type", "application/json").bytes(body);
        let id = location_id(&post.send().await);
        assert_eq!(world.stored(&id).await["score"].as_f64(), Some(7.0), "{whole}");
    }
}

#[tokio::test]
async fn a_senders_clock_may_be_five_minutes_ahead() {
    let Some(world) = World::with_clock().await else { return };
    for (seconds, status) in [(-86_400 * 400, 202), (0, 202), (300, 202), (301, 422)] {
        let at = (World::beginning() + chrono::TimeDelta::seconds(seconds)).to_rfc3339();
        let answer = world.feedback(&with(anonymous(8), &json!({ "occurred_at": at }))).send().await;
        assert_eq!(answer.status, status, "{seconds} s ahead");
    }
}
