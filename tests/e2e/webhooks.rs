//! Survey platforms' events: authentic or refused, many events one answer, and what carries no score yet.

use crate::answers::with;
use chrono::{DateTime, TimeDelta};
use ringback_tests::{
    AGENT, Answer, CRM_SECRET, CRM_SECRET_BEFORE, Call, FORMBRICKS_SECRET, Signer, World, instant, location_id, soon,
};
use serde_json::{Value, json};

/// An event as it is sent: signed over its bytes.
fn signed(world: &World, source: &str, secret: &str, id: &str, body: &str) -> Call {
    let timestamp = world.now().timestamp();
    let signature = Signer::new(secret).sign(id, timestamp, body.as_bytes());
    bare(world, source, body)
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signature)
}

fn bare(world: &World, source: &str, body: &str) -> Call {
    let call = world.post(&format!("/v1/webhooks/{source}"));
    call.header("content-type", "application/json").bytes(body.to_owned())
}

async fn formbricks(world: &World, id: &str, event: &Value) -> Answer {
    signed(world, "formbricks", FORMBRICKS_SECRET, id, &event.to_string()).send().await
}

async fn crm(world: &World, id: &str, event: &Value) -> Answer {
    signed(world, "crm", CRM_SECRET, id, &event.to_string()).send().await
}

fn assert_not_authentic(refused: &Answer, what: &str) {
    assert_eq!((refused.status, refused.problem().as_str()), (401, "not-authentic"), "{what}");
}

const VECTOR_ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const VECTOR_AT: i64 = 1_649_367_553;
const VECTOR_BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
const VECTOR_SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

/// The specification's own vector, under either family of header names.
fn vector(world: &World, family: &str, signature: &str, body: &str) -> Call {
    bare(world, "formbricks", body)
        .header(&format!("{family}-id"), VECTOR_ID)
        .header(&format!("{family}-timestamp"), VECTOR_AT.to_string())
        .header(&format!("{family}-signature"), signature)
}

#[tokio::test]
async fn the_specifications_vector_is_authentic_and_one_bit_less_is_not() {
    let Some(world) = World::with_clock().await else { return };
    world.set_clock(DateTime::from_timestamp(VECTOR_AT, 0).expect("a time")).await;
    for family in ["webhook", "svix"] {
        // Authentic, but carries no score: nothing to take.
        let answer = vector(&world, family, VECTOR_SIGNATURE, VECTOR_BODY).send().await;
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{family}: {}", answer.text());
    }
    let rotated = format!("v1a,AAAA v1,{} {VECTOR_SIGNATURE}", "A".repeat(44));
    assert_eq!(vector(&world, "webhook", &rotated, VECTOR_BODY).send().await.status, 204, "any match is enough");

    let flipped = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1;
        String::from_utf8(bytes).expect("ASCII stays ASCII")
    };
    let bodies = (0..VECTOR_BODY.len()).step_by(7).map(|at| flipped(VECTOR_BODY, at));
    for body in bodies.chain([format!("{VECTOR_BODY}\n"), VECTOR_BODY.replace(',', ", "), String::new()]) {
        assert_not_authentic(&vector(&world, "webhook", VECTOR_SIGNATURE, &body).send().await, &body);
    }
    for at in [3, 20, 40] {
        let signature = flipped(VECTOR_SIGNATURE, at);
        assert_not_authentic(&vector(&world, "webhook", &signature, VECTOR_BODY).send().await, &signature);
    }
    for signature in ["", "v1", "v1,", "v1,====", &VECTOR_SIGNATURE.replace("v1,", "v2,"), &VECTOR_SIGNATURE[3..]] {
        assert_not_authentic(&vector(&world, "webhook", signature, VECTOR_BODY).send().await, signature);
    }
    assert_not_authentic(&bare(&world, "formbricks", VECTOR_BODY).send().await, "no headers at all");
    let other = signed(&world, "crm", FORMBRICKS_SECRET, "m-1", "{}").send().await;
    assert_not_authentic(&other, "another source's secret");
    assert_eq!(world.head().await, 0);
}

#[tokio::test]
async fn a_stale_timestamp_is_refused_in_both_directions_and_looks_like_a_bad_signature() {
    let Some(world) = World::with_clock().await else { return };
    let sent = DateTime::from_timestamp(VECTOR_AT, 0).expect("a time");
    let mut refusals = Vec::new();
    for (seconds, fresh) in [(-301, false), (-300, true), (0, true), (300, true), (301, false), (86_400, false)] {
        world.set_clock(sent + TimeDelta::seconds(seconds)).await;
        let answer = vector(&world, "webhook", VECTOR_SIGNATURE, VECTOR_BODY).send().await;
        assert_eq!(answer.status, if fresh { 204 } else { 401 }, "{seconds} s");
        refusals.extend((!fresh).then(|| answer.text()));
    }
    world.set_clock(sent).await;
    refusals.push(vector(&world, "webhook", "v1,AAAA", VECTOR_BODY).send().await.text());
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "a sender must not learn which it was: {refusals:?}");
    assert!(world.log().contains("timestamp") && world.log().contains("signature"), "the log says which");
}

/// A Formbricks event: `created` has the score only, later ones have more.
fn event(kind: &str, answers: &Value) -> Value {
    json!({
        "webhookId": "cm4webhook0001",
        "event": kind,
        "data": {
            "id": "cm4response0001",
            "createdAt": "2026-11-22T09:29:58.120Z",
            "updatedAt": "2026-11-22T09:29:58.120Z",
            "surveyId": "cm4shopcheckout0001",
            "finished": kind == "responseFinished",
            "data": answers,
            "variables": {},
            "ttc": { "nps": 2310.5 },
            "meta": { "url": "https://shop.example/checkout", "userAgent": { "browser": "Firefox" } },
            "contact": { "id": "cm4contact0001", "userId": "C-7" },
            "contactAttributes": {
                "email": "ada@example.com", "firstName": "Ada", "phone": "+49301234567",
                "country": "AT", "segment": "b2c", "tier": "silver",
            },
            "language": "default",
            "tags": [],
        },
    })
}

#[tokio::test]
async fn created_updated_finished_is_one_answer_and_one_case() {
    let world = World::start().await;
    let created = event("responseCreated", &json!({ "nps": 2 }));
    let id = location_id(&formbricks(&world, "msg-1", &created).await);
    world.sealed().await;
    assert_eq!(world.case(&id).await.contact("email")["reason"], "unknown", "nobody has been asked yet");

    let updated = event("responseUpdated", &json!({ "nps": 2, "why": "Parcel was opened." }));
    assert_eq!(location_id(&formbricks(&world, "msg-2", &updated).await), id);
    let all = json!({ "nps": 2, "why": "Parcel was opened.", "may-we-contact-you": "accepted", "colour": "red" });
    let finished = event("responseFinished", &all);
    assert_eq!(location_id(&formbricks(&world, "msg-3", &finished).await), id);
    world.sealed().await;
    // Its sender repeats all of them when one fails.
    for (webhook, event) in [("msg-1", &created), ("msg-2", &updated), ("msg-3", &finished)] {
        assert_eq!(location_id(&formbricks(&world, webhook, event).await), id, "{webhook}");
    }
    world.sealed().await;

    let stored = world.stored(&id).await;
    let expected = json!({
        "source": "formbricks", "survey": "checkout-nps", "score": 2, "band": "detractor", "country": "AT",
        "comment": "Parcel was opened.", "segment": "b2c", "answers": { "colour": "red" },
        "customer": { "id": "C-7", "name": "Ada", "email": "ada@example.com", "phone": "+49301234567", "tier": "silver" },
    });
    for (field, value) in expected.as_object().expect("an object") {
        assert_eq!(&stored[field], value, "{field}");
    }
    let case = world.case(&id).await;
    assert_eq!(
        (case.contact("email")["allowed"].clone(), case.contact("phone")["allowed"].clone()),
        (json!(true), json!(false))
    );
    assert_eq!(case.contact("email")["consent"]["wording"], "contact-2026-01");
    assert_eq!(case.contact("email")["consent"]["source"], "formbricks");
    assert_eq!(case.happened().iter().filter(|event| *event == "opened").count(), 1);
    soon("the alert", || world.chat.count() == 1 && world.mail.count() == 1).await;
    world.tick().await;
    assert_eq!((world.chat.count(), world.mail.count()), (1, 1));
}

#[tokio::test]
async fn a_retry_under_the_same_webhook_id_is_taken_once() {
    let world = World::start().await;
    let created = event("responseCreated", &json!({ "nps": 6 }));
    let first = location_id(&formbricks(&world, "msg-9", &created).await);
    let head = world.head().await;
    world.sealed().await;
    for _ in 0..3 {
        assert_eq!(location_id(&formbricks(&world, "msg-9", &created).await), first);
    }
    world.sealed().await;
    assert_eq!(world.head().await, head, "a sealed repeat takes no further slot");
    assert_eq!(world.case(&first).await.happened(), ["opened"]);
}

#[tokio::test]
async fn the_consent_question_is_read_as_configured() {
    let world = World::start().await;
    let table = [
        (json!("accepted"), json!(true), json!(null)),
        (json!("Yes"), json!(true), json!(null)),
        (json!(true), json!(true), json!(null)),
        (json!(["accepted"]), json!(true), json!(null)),
        (json!("No"), json!(false), json!("refused")),
        (json!("dismissed"), json!(false), json!("refused")),
        (json!(""), json!(false), json!("unknown")),
        (json!(null), json!(false), json!("unknown")),
    ];
    for (number, (answer, allowed, reason)) in table.into_iter().enumerate() {
        let mut event = event("responseFinished", &json!({ "nps": 1, "may-we-contact-you": answer }));
        event["data"]["id"] = json!(format!("response-{number}"));
        event["data"]["contact"]["userId"] = json!(format!("C-{number}"));
        event["data"]["contactAttributes"] = json!({ "email": format!("person-{number}@example.com") });
        let id = location_id(&formbricks(&world, &format!("msg-{number}"), &event).await);
        world.sealed().await;
        let case = world.case(&id).await;
        let contact = case.contact("email");
        assert_eq!((&contact["allowed"], &contact["reason"]), (&allowed, &reason), "{answer}");
    }
}

#[tokio::test]
async fn an_event_without_a_score_of_a_mapped_survey_is_authentic_and_nothing_more() {
    let world = World::start().await;
    let mut other = event("responseFinished", &json!({ "nps": 2 }));
    other["data"]["surveyId"] = json!("another-survey");
    let table = [
        event("responseCreated", &json!({})),
        event("responseCreated", &json!({ "nps": "" })),
        event("responseCreated", &json!({ "nps": null, "why": "…" })),
        other,
        json!({ "webhookId": "x", "event": "testEndpoint" }),
        json!({}),
    ];
    for (number, event) in table.iter().enumerate() {
        let answer = formbricks(&world, &format!("msg-{number}"), event).await;
        assert_eq!((answer.status, answer.header("location")), (204, ""), "{event}");
    }
    assert_eq!(world.head().await, 0);
    // Anonymous answers have no contact; the next event of the first response brings the score.
    let mut scored = event("responseUpdated", &json!({ "nps": 2 }));
    scored["data"]["contact"] = json!(null);
    scored["data"]["contactAttributes"] = json!(null);
    let id = location_id(&formbricks(&world, "msg-scored", &scored).await);
    world.sealed().await;
    assert_eq!(world.case(&id).await.contact("email")["reason"], "unidentified");
}

#[tokio::test]
async fn a_wrong_score_or_no_json_in_an_authentic_event_is_said_and_not_stored() {
    let world = World::start().await;
    let head = world.head().await;
    for score in [json!(11), json!(-1), json!("many"), json!({ "a": 1 })] {
        let refused = formbricks(&world, "msg-1", &event("responseFinished", &json!({ "nps": score }))).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/data/data/nps".to_owned()]), "{score}");
    }
    let broken = signed(&world, "formbricks", FORMBRICKS_SECRET, "msg-2", "{").send().await;
    assert_eq!((broken.status, broken.problem().as_str()), (400, "invalid-json"));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(64 * 1024));
    let large = signed(&world, "formbricks", FORMBRICKS_SECRET, "msg-3", &large).send().await;
    assert_eq!((large.status, large.problem().as_str()), (413, "body-too-large"));
    let body = event("responseFinished", &json!({ "nps": 1 })).to_string();
    let at = world.now().timestamp();
    let form = world.post("/v1/webhooks/formbricks").header("content-type", "text/plain").bytes(body.clone());
    let form = form.header("webhook-id", "msg-4").header("webhook-timestamp", at.to_string());
    let signature = Signer::new(FORMBRICKS_SECRET).sign("msg-4", at, body.as_bytes());
    let form = form.header("webhook-signature", signature).send().await;
    assert_eq!((form.status, form.problem().as_str()), (415, "not-json"));
    world.sealed().await;
    assert_eq!(world.head().await, head);
}

/// An event of the generic source, as its mapping in ringback.toml reads it.
fn ticket(more: &Value) -> Value {
    let ticket = json!({
        "ticket": { "id": "T-100", "closed_at": "2021-11-22T08:00:00Z" },
        "answers": { "effort": 2, "comment": "Called five times.", "contact_ok": "yes" },
        "customer": { "number": 4711, "email": "bob@example.com", "name": "Bob", "phone": "+43 1 234", "country": "at", "tier": "gold" },
    });
    with(ticket, more)
}

#[tokio::test]
async fn a_generic_signed_source_is_read_by_its_pointers() {
    let world = World::start().await;
    let id = location_id(&crm(&world, "m-1", &ticket(&json!({}))).await);
    world.sealed().await;
    let stored = world.stored(&id).await;
    let expected = json!({
        "source": "crm", "survey": "support-ces", "metric": "ces", "score": 2, "band": "dissatisfied", "country": "AT",
        "comment": "Called five times.", "occurred_at": "2021-11-22T08:00:00Z",
        "customer": { "id": "4711", "name": "Bob", "email": "bob@example.com", "phone": "+43 1 234", "tier": "gold" },
    });
    for (field, value) in expected.as_object().expect("an object") {
        assert_eq!(&stored[field], value, "{field}");
    }
    let case = world.case(&id).await;
    assert_eq!(case.json["rule"], "gold-detractor");
    assert_eq!((&case.contact("phone")["allowed"], &case.contact("email")["allowed"]), (&json!(true), &json!(false)));

    // The ticket's identity decides, not the event's.
    let again = ticket(&json!({ "answers": { "effort": 2, "comment": "Called six times.", "contact_ok": "yes" } }));
    assert_eq!(location_id(&crm(&world, "m-2", &again).await), id);
    world.sealed().await;
    assert_eq!(world.stored(&id).await["comment"], "Called six times.");
    let refused = crm(&world, "m-3", &ticket(&json!({ "ticket": {} }))).await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/ticket/id".to_owned()]));
    assert!(instant(&stored["received_at"]).is_some());
}

#[tokio::test]
async fn while_a_secret_is_rotated_both_count() {
    let world = World::start().await;
    for (number, secret) in [CRM_SECRET, CRM_SECRET_BEFORE].into_iter().enumerate() {
        let event = ticket(&json!({ "ticket": { "id": format!("T-{number}") } })).to_string();
        let taken = signed(&world, "crm", secret, &format!("m-{number}"), &event).send().await;
        let _ = world.get(&format!("/v1/feedback/{}", location_id(&taken))).token(AGENT).send().await.expect(200);
    }
    let stranger = "whsec_c3RyYW5nZXItc2VjcmV0LW9mLW5vYm9keS0wMA==";
    assert_not_authentic(&signed(&world, "crm", stranger, "m-3", "{}").send().await, "a third secret");
}
