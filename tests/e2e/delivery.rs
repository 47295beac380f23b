//! Alerts on their way: receivers that are down, busy or gone, what they get to see, and what nobody may see.

use std::time::Duration;

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_host::{Effect, Fault};
use ringback_tests::{
    ADMIN, AGENT, CRM_SECRET, EVENTS_SECRET, FORMBRICKS_SECRET, INTAKE, Options, PEPPER, RESEND_KEY, Receiver, Reply,
    SLACK_PATH, Signer, World, eventually, soon,
};
use serde_json::{Value, json};

/// A gold customer's answer: chat, mail and the signed webhook hear of it.
fn gold() -> Value {
    with(detractor(), &json!({ "customer": { "id": "C-1", "name": "Ada Lovelace", "tier": "gold" } }))
}

fn all(world: &World) -> [(&'static str, &Receiver); 3] {
    [("chat", &world.chat), ("mail", &world.mail), ("events", &world.events)]
}

/// Lets minutes pass one by one, each with a tick.
async fn minutes(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.pass(TimeDelta::minutes(1)).await;
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_connections_for_an_hour_gets_its_alert_once_afterwards() {
    let Some(world) = World::with_clock_and(Options { closed: true, ..Options::default() }).await else { return };
    let id = world.take_and_seal(&gold()).await;
    world.attempted(&id).await;
    minutes(&world, 60).await;
    let case = world.case(&id).await;
    assert_eq!(case.alerts("case.opened"), ["care-chat: pending", "events: pending", "lead-mail: pending"]);
    let waiting = case.alert("case.opened", "care-chat").clone();
    assert_eq!(waiting["attempts"], 4, "at once, after 1, 5 and 30 minutes");
    assert!(waiting["last_error"].as_str().is_some_and(|why| why.contains("refused")), "{waiting}");

    world.open_receivers();
    minutes(&world, 3 * 60 - 30).await;
    let case = world.case(&id).await;
    assert_eq!(case.alerts("case.opened"), ["care-chat: delivered", "events: delivered", "lead-mail: delivered"]);
    for (name, receiver) in all(&world) {
        let opened =
            receiver.taken().iter().filter(|r| !r.text().contains("left for") && !r.text().contains("warning")).count();
        assert_eq!(opened, 1, "{name}");
    }
}

#[tokio::test]
async fn attempts_follow_the_schedule_under_one_id_and_a_genuine_signature() {
    let Some(world) = World::with_clock().await else { return };
    for (_, receiver) in all(&world) {
        receiver.always(Reply::status(503));
    }
    let id = world.take_and_seal(&gold()).await;
    world.attempted(&id).await;
    assert!(all(&world).iter().all(|(_, r)| r.received().len() == 1));
    // Minutes after the beginning at which the signed webhook was tried: 1, then 5, 30 and 120 later, up to a tenth more,
    // and up to the next full minute.
    let mut tried = Vec::new();
    for minute in 1..=180 {
        minutes(&world, 1).await;
        let attempts =
            world.events.received().iter().filter(|r| r.json()["type"] == "com.ringback.case.opened").count();
        if attempts > tried.len() + 1 {
            tried.push(minute);
        }
    }
    assert_eq!(tried.len(), 4, "{tried:?}");
    for (at, allowed) in tried.iter().zip([1..=1, 6..=7, 36..=41, 156..=174]) {
        assert!(allowed.contains(at), "{at} is not within {allowed:?}: {tried:?}");
    }
    for (_, receiver) in all(&world) {
        receiver.recover();
    }
    for _ in 0..30 {
        world.pass(TimeDelta::minutes(20)).await;
    }
    let attempts: Vec<_> =
        world.events.received().into_iter().filter(|r| r.json()["type"] == "com.ringback.case.opened").collect();
    assert_eq!(attempts.iter().map(|r| r.answered).collect::<Vec<_>>(), [503, 503, 503, 503, 503, 204]);
    let signer = Signer::new(EVENTS_SECRET);
    for attempt in &attempts {
        assert_eq!(attempt.header("webhook-id"), attempts[0].header("webhook-id"));
        assert!(signer.signed(attempt), "{:?}", attempt.headers);
    }
    let timestamps: Vec<i64> = attempts.iter().filter_map(|r| r.header("webhook-timestamp").parse().ok()).collect();
    assert_eq!(timestamps[0], World::beginning().timestamp());
    assert!(timestamps.windows(2).all(|pair| pair[0] < pair[1]), "each attempt is signed anew: {timestamps:?}");
    let mails = world.mail.received();
    let keys: std::collections::BTreeSet<&str> =
        mails.iter().filter(|r| r.text().contains("case_opened")).map(|r| r.header("idempotency-key")).collect();
    assert_eq!(keys.len(), 1, "the mail provider can tell a repeat");
    assert_eq!(world.case(&id).await.alert("case.opened", "events")["attempts"], 6);
}

#[tokio::test]
async fn a_receiver_that_never_answers_well_is_given_up_after_three_days() {
    let Some(world) = World::with_clock().await else { return };
    world.chat.always(Reply::status(500));
    let id = world.take_and_seal(&anonymous(0)).await;
    world.attempted(&id).await;
    for _ in 0..(84 * 4) {
        world.pass(TimeDelta::minutes(15)).await;
    }
    let case = world.case(&id).await;
    let alert = case.alert("case.opened", "care-chat");
    assert_eq!((&alert["state"], &alert["attempts"]), (&json!("failed"), &json!(10)), "{alert}");
    assert!(alert["last_error"].as_str().is_some_and(|why| why.contains("500")), "{alert}");
    assert_eq!(case.alert("case.opened", "care-mail")["state"], "delivered", "one receiver does not hold up another");
}

#[tokio::test]
async fn a_busy_receiver_says_when_and_is_not_bothered_before() {
    let Some(world) = World::with_clock().await else { return };
    // Retry-After as the receiver says it, and the minutes after which the next attempt comes.
    let table = [
        (429, "120", 2),
        (503, "600", 10),
        (429, "an HTTP date in 25 minutes", 25),
        (429, "-5", 1),
        (429, "soon", 1),
        (429, "0", 1),
        (408, "", 1),
        (429, "", 1),
        (502, "", 1),
    ];
    let world = &world;
    for (status, says, expected) in table {
        let _ = world.chat.drain();
        let date = (world.now() + TimeDelta::minutes(25)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let busy = Reply::status(status);
        world.chat.next([match says {
            "" => busy,
            "an HTTP date in 25 minutes" => busy.header("retry-after", date),
            _ => busy.header("retry-after", says),
        }]);
        let id = world.take_and_seal(&anonymous(2)).await;
        world.attempted(&id).await;
        let mut after = 0;
        while world.chat.count() == 0 && after < 60 {
            minutes(world, 1).await;
            after += 1;
        }
        assert_eq!(after, expected, "{status} {says:?}: minutes until the next attempt");
        world.alerted(&id).await;
        assert_eq!(world.case(&id).await.alert("case.opened", "care-chat")["attempts"], 2, "{status} {says:?}");
    }
}

#[tokio::test]
async fn an_absurd_wait_is_cut_to_a_day() {
    let Some(world) = World::with_clock().await else { return };
    world.chat.next([Reply::status(429).header("retry-after", "31536000")]);
    let id = world.take_and_seal(&anonymous(2)).await;
    world.attempted(&id).await;
    let opened = || world.chat.taken().iter().filter(|r| !r.text().contains("first contact:")).count();
    for _ in 0..23 {
        world.pass(TimeDelta::hours(1)).await;
    }
    assert_eq!(world.case(&id).await.alert("case.opened", "care-chat")["state"], "pending");
    let before = opened();
    world.pass(TimeDelta::hours(1)).await;
    assert_eq!(world.case(&id).await.alert("case.opened", "care-chat")["state"], "delivered", "{before} {}", opened());
}

#[tokio::test]
async fn what_a_receiver_refuses_for_good_is_not_tried_again() {
    let Some(world) = World::with_clock().await else { return };
    for status in [410, 400, 401, 403, 404, 413, 301, 307] {
        let _ = world.chat.drain();
        world.chat.next([Reply::status(status).header("location", format!("{}/elsewhere", world.events.origin()))]);
        let id = world.take_and_seal(&anonymous(2)).await;
        world.alerted(&id).await;
        minutes(&world, 10).await;
        assert_eq!(world.chat.received().len(), 1, "{status}");
        let alert = world.case(&id).await.alert("case.opened", "care-chat").clone();
        assert_eq!((&alert["state"], &alert["attempts"]), (&json!("failed"), &json!(1)), "{status}");
        assert!(alert["last_error"].as_str().is_some_and(|why| why.contains(&status.to_string())), "{alert}");
    }
    assert_eq!(world.events.received().len(), 0, "no redirect is followed");
}

#[tokio::test]
async fn a_receiver_that_hangs_is_left_after_a_while_and_tried_again() {
    let Some(world) = World::with_clock().await else { return };
    world.chat.next([Reply::status(200).after(Duration::from_secs(60))]);
    let id = world.take(&anonymous(2)).await;
    soon("the mail, whatever the chat does", || world.mail.count() == 1).await;
    let world = &world;
    eventually("the attempt is given up", async || {
        world.case(&id).await.alert("case.opened", "care-chat")["last_error"].is_string()
    })
    .await;
    world.pass(TimeDelta::minutes(1)).await;
    eventually("the second attempt", async || world.case(&id).await.nothing_pending()).await;
    assert_eq!(world.case(&id).await.alert("case.opened", "care-chat")["attempts"], 2);
}

#[tokio::test]
async fn an_alert_whose_hand_over_was_lost_leaves_a_minute_later() {
    let Some(world) = World::with_clock().await else { return };
    let lost = |effect: Effect| Fault::outbound(effect, |r| r.uri.ends_with("/internal/deliver"));
    world.faults.add(lost(Effect::FailBefore("lost".to_owned())));
    let id = world.take_and_seal(&anonymous(1)).await;
    soon("it was lost", || world.log().contains("alert-trigger did not answer")).await;
    assert_eq!((world.chat.count(), world.mail.count()), (0, 0));
    world.faults.clear();
    world.pass(TimeDelta::minutes(1)).await;
    soon("the alerts", || world.chat.count() == 1 && world.mail.count() == 1).await;
    minutes(&world, 10).await;
    assert_eq!((world.chat.count(), world.mail.count()), (1, 1));
    assert!(world.case(&id).await.nothing_pending());
}

#[tokio::test]
async fn a_store_that_fails_gets_nothing_acknowledged_and_a_repeat_heals() {
    let Some(mut world) = World::with_clock().await else { return };
    let _ = world.take_and_seal(&anonymous(10)).await;
    for (number, effect) in
        [Effect::FailBefore("disk full".to_owned()), Effect::FailAfter("connection lost".to_owned())]
            .into_iter()
            .enumerate()
    {
        for kind in [ringback_host::StoreOperationKind::Increment, ringback_host::StoreOperationKind::SetMany] {
            let key = format!("{number}-{kind:?}");
            let intakes = move |o: &ringback_host::StoreOperation| o.component == "score-intake" && o.kind == kind;
            world.faults.add(Fault::store(effect.clone(), intakes));
            let refused = world.feedback(&anonymous(2)).header("idempotency-key", key.as_str()).send().await;
            assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"), "{key}");
            assert!(refused.header("retry-after").parse::<u32>().is_ok(), "{key}");
            assert!(!refused.text().contains("disk") && !refused.text().contains("lost"), "{key}: {}", refused.text());
            world.faults.clear();
            let repeated =
                world.feedback(&anonymous(2)).header("idempotency-key", key.as_str()).send().await.expect(202);
            world.outlive_the_dead().await;
            world.sealed().await;
            let id = ringback_tests::location_id(&repeated);
            world.alerted(&id).await;
            assert_eq!(world.case(&id).await.happened(), ["opened"], "{key}");
        }
    }
    minutes(&world, 10).await;
    assert_eq!((world.chat.count(), world.mail.count()), (4, 4));
}

#[tokio::test]
async fn what_a_customer_wrote_arrives_tamed() {
    let world = World::start().await;
    let comment = "<!channel> & <http://evil.example|click>\n<script>alert(1)</script>\n\"quoted\" \u{202e}gnp.exe";
    let customer = json!({ "name": "<!here> *Eve* & <b>Co</b>", "email": "eve@example.com", "tier": "gold" });
    let answer = with(anonymous(0), &json!({ "comment": comment, "customer": customer, "segment": "<@U123>" }));
    let id = world.take_and_seal(&answer).await;
    soon("alerts", || all(&world).iter().all(|(_, r)| r.count() == 1)).await;

    let chat = world.chat.received().remove(0);
    assert_eq!((chat.path.as_str(), chat.json()["text"].is_string()), (SLACK_PATH, true));
    let link = format!("<http://127.0.0.1:3000/desk/cases/{id}|Open the case>");
    for text in texts(&chat.json()) {
        let ours = text.replace(&link, "");
        assert!(
            !ours.contains(['<', '>']) || ours.lines().all(|l| !l.trim_start_matches("> ").contains(['<', '>'])),
            "{text}"
        );
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }
    let quoted = chat.json()["blocks"][1]["text"].clone();
    let expected = "> &lt;!channel&gt; &amp; &lt;http://evil.example|click&gt;\n> &lt;script&gt;alert(1)&lt;/script&gt;\n> \"quoted\" gnp.exe";
    assert_eq!(quoted, json!({ "type": "mrkdwn", "text": expected, "verbatim": true }));

    let mail = world.mail.received().remove(0).json();
    let html = mail["html"].as_str().expect("HTML");
    assert!(
        !html.contains("<script") && !html.contains("<b>Co") && !html.contains("<!channel") && !html.contains("<http"),
        "{html}"
    );
    assert!(html.contains("alert(1)") && mail["text"].as_str().is_some_and(|text| text.contains("<script>alert(1)")));

    let event = world.events.received().remove(0);
    assert!(event.header("content-type").starts_with("application/cloudevents+json"));
    let event = event.json();
    assert_eq!((&event["specversion"], &event["type"]), (&json!("1.0"), &json!("com.ringback.case.opened")));
    assert_eq!(event["data"]["feedback"]["comment"], comment, "a program gets what was written");
    for required in ["id", "source"] {
        assert!(event[required].as_str().is_some_and(|text| !text.is_empty()), "{required}");
    }
}

/// Every text that a chat shows with its markup.
fn texts(payload: &Value) -> Vec<String> {
    match payload {
        Value::Object(members) if members.get("type") == Some(&json!("mrkdwn")) => {
            vec![members["text"].as_str().unwrap_or_default().to_owned()]
        }
        Value::Object(members) => {
            let own = members.get("text").and_then(Value::as_str).filter(|_| members.contains_key("blocks"));
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(texts)).collect()
        }
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn secrets_and_personal_data_are_in_no_log_and_no_error() {
    let world = World::start().await;
    let planted = ["Zebulon Quix", "zquix@private.example", "+49 30 7777777", "my own secret complaint", "K-998877"];
    let answer = json!({
        "survey": "checkout-nps", "score": 0, "comment": planted[3], "response_id": "r-1",
        "customer": { "name": planted[0], "email": planted[1], "phone": planted[2], "id": planted[4], "tier": "gold" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true }],
    });
    let mut errors = Vec::new();
    // Receivers that fail in every way, and quote what they got.
    let echo = format!("bad request from {} {RESEND_KEY} {}", planted[0], SLACK_PATH);
    world.chat.always(Reply::status(500).body(&echo));
    world.mail.always(Reply::status(422).body(&echo));
    world.events.always(Reply::status(302).header("location", format!("http://elsewhere.invalid/{SLACK_PATH}")));
    let id = world.take_and_seal(&answer).await;
    soon("alerts", || all(&world).iter().all(|(_, r)| r.received().len() == 1)).await;
    for change in [
        json!({ "customer": { "email": planted[0], "name": 5 } }),
        json!({ "customer": { "phone": planted[2].repeat(10) } }),
        json!({ "score": planted[3] }),
        json!({ "country": planted[1], "locale": planted[1], "touchpoint": planted[1], "occurred_at": planted[1] }),
        json!({ "survey": planted[4] }),
        json!({ "consent": [{ "channel": planted[1], "purpose": planted[0], "granted": planted[3] }] }),
    ] {
        errors.push(world.feedback(&with(answer.clone(), &change)).send().await);
    }
    let broken = answer.to_string().replace(':', " ");
    errors.push(
        world.post("/v1/feedback").token(INTAKE).header("content-type", "application/json").bytes(broken).send().await,
    );
    for token in [AGENT, "unknown-token-0815"] {
        errors.push(world.post("/v1/feedback").token(token).json(&answer).send().await);
    }
    let forged = world.post("/v1/webhooks/crm").json(&answer).header("webhook-id", planted[4]);
    let forged = forged.header("webhook-timestamp", "1").header("webhook-signature", format!("v1,{}", PEPPER));
    errors.push(forged.send().await);
    let blocked = json!({ "type": "contact", "note": planted[3], "channel": "phone", "outcome": "reached" });
    errors.push(world.work(&id, &blocked).await);
    errors.push(world.work(&id, &json!({ "type": "close", "note": planted[3] })).await);
    world.sealed().await;

    let log = world.log();
    assert!(log.contains(&id), "the log names cases by id: {log}");
    let tokens = [INTAKE, AGENT, ADMIN, "unknown-token-0815"];
    let secrets = [PEPPER, FORMBRICKS_SECRET, CRM_SECRET, EVENTS_SECRET, RESEND_KEY, SLACK_PATH, "s3cr3tpath"];
    let own: Vec<String> = [&world.chat, &world.mail, &world.events].map(Receiver::origin).to_vec();
    for secret in tokens.iter().chain(&secrets).chain(&planted).copied().chain(own.iter().map(String::as_str)) {
        assert!(!log.contains(secret), "the log holds {secret}");
        for error in &errors {
            assert!(error.status >= 400, "{}", error.text());
            assert!(!error.text().contains(secret), "an error holds {secret}: {}", error.text());
        }
    }
    let shown = world.case(&id).await.json["alerts"].to_string();
    assert!(!shown.contains(SLACK_PATH) && !shown.contains(RESEND_KEY) && !shown.contains(planted[0]), "{shown}");
}
