//! Alerts on their way to receivers that are down, busy, slow or gone: tried again by the schedule, under one id, until
//! they arrive once.

use std::time::Duration;

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::{ADMIN, EVENTS_SECRET, Options, Receiver, Reply, Signer, World, eventually, soon};
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
async fn a_mail_that_was_taken_although_its_answer_was_lost_is_not_sent_again() {
    let Some(world) = World::with_clock().await else { return };
    let known = r#"{"statusCode":409,"name":"invalid_idempotent_request","message":"Same key, different payload"}"#;
    world.mail.next([Reply::breaks_off(), Reply::status(409).body(known)]);
    let id = world.take_and_seal(&gold()).await;
    world.attempted(&id).await;
    minutes(&world, 3).await;
    let case = world.case(&id).await;
    assert!(case.alerts("case.opened").contains(&"lead-mail: delivered".to_owned()), "{}", case.json);
    assert_eq!(world.mail.received().len(), 2, "once, and once more because nobody knew");
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
    for status in [400, 413, 422, 301, 307] {
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
async fn a_channel_that_is_refused_is_switched_off_loudly_and_what_is_to_go_there_waits() {
    let Some(world) = World::with_clock().await else { return };
    for status in [401, 403, 404, 410] {
        for (_, receiver) in all(&world) {
            let _ = receiver.drain();
        }
        world.chat.next([Reply::status(status)]);
        let id = world.take_and_alert(&anonymous(2)).await;
        let case = world.case(&id).await;
        let alert = case.alert("case.opened", "care-chat");
        assert_eq!((&alert["state"], &alert["attempts"]), (&json!("failed"), &json!(1)), "{status}: {alert}");
        assert_eq!(case.alerts("channel.off"), ["events: delivered", "lead-mail: delivered"], "{status}");
        let mail = world.mail.taken().into_iter().find(|r| r.json()["to"][0] == "lead@example.com").expect("a mail");
        assert_eq!(mail.json()["subject"], "Nothing reaches care-chat any more");
        for said in [format!("answered {status}"), "cargo xtask channel test care-chat".to_owned()] {
            assert!(mail.json()["text"].as_str().is_some_and(|text| text.contains(&said)), "{}", mail.text());
        }
        assert!(world.log().contains("channel care-chat is switched off"));

        // The next alert waits; nobody is told a second time.
        let second = world.take_and_seal(&anonymous(1)).await;
        world.attempted(&second).await;
        minutes(&world, 2).await;
        let waiting = world.case(&second).await.alert("case.opened", "care-chat").clone();
        assert_eq!(waiting["state"], "pending", "{status}: {waiting}");
        assert!(waiting["last_error"].as_str().is_some_and(|why| why.contains("switched off")), "{waiting}");
        assert_eq!(world.chat.received().len(), 1, "{status}: a channel that is off is sent nothing");
        assert_eq!(world.case(&second).await.alerts("channel.off"), Vec::<String>::new());

        // A test that fails leaves it off, one that succeeds switches it on, and what waited arrives.
        let test = || world.post("/v1/channels/care-chat/test").token(ADMIN).send();
        world.chat.next([Reply::status(status)]);
        assert_eq!(test().await.expect(502).problem(), "not-delivered");
        assert_eq!(test().await.expect(200).json()["sent"], true);
        minutes(&world, 45).await;
        assert_eq!(world.case(&second).await.alert("case.opened", "care-chat")["state"], "delivered", "{status}");
    }
}
