//! A channel is sent no more at once than its vendor takes: what would be refused waits, and nobody else waits with it.

use crate::answers::{detractor, with};
use chrono::TimeDelta;
use ringback_tests::{Options, Reply, World, eventually, soon};
use serde_json::json;
use std::time::Duration;

/// Twelve a minute: one every five seconds.
fn slow_chat(programme: String) -> String {
    let paced = programme.replacen("id = \"care-chat\"", "id = \"care-chat\"\nper_minute = 12", 1);
    assert_ne!(paced, programme);
    paced
}

#[tokio::test]
async fn a_channel_with_a_pace_is_never_sent_too_much_and_gets_everything() {
    let Some(world) = World::with_clock_and(Options { programme: Some(slow_chat), ..Options::default() }).await else {
        return;
    };
    // A vendor who refuses what comes too soon.
    let chat = world.chat.clone();
    world.chat.behave(move |now| {
        let just_before = chat.received().into_iter().filter(|earlier| {
            now.arrived.checked_duration_since(earlier.arrived).is_some_and(|ago| ago < Duration::from_millis(4_900))
        });
        // It is among them itself.
        (just_before.count() > 1).then(|| Reply::status(429))
    });
    let answers: Vec<_> = (0..7).map(|n| with(detractor(), &json!({ "response_id": format!("pace-{n}") }))).collect();
    let ids = futures::future::join_all(answers.iter().map(|answer| world.take(answer))).await;
    soon("the mails", || world.mail.count() == 7).await;
    assert!(world.chat.count() < 3, "mail does not wait for the chat");
    for id in &ids {
        let told =
            async || world.case(id).await.alerts("case.opened").iter().any(|alert| alert == "care-mail: delivered");
        eventually("nor does what is written of it", told).await;
    }
    assert!(world.chat.count() < 4);
    // The clock stands still, and so does the round's patience of 20 seconds.
    soon("two more", || world.chat.count() >= 3).await;
    soon("those whose turn comes soon", || world.chat.count() >= 5).await;
    world.quiet().await;
    let cases: Vec<_> = futures::future::join_all(ids.iter().map(|id| world.case(id))).await;
    let waiting = cases.iter().filter(|case| case.alerts("case.opened")[0] == "care-chat: pending").count();
    assert_eq!((world.chat.count(), waiting), (5, 2), "the others wait for later");
    let ready = world.get("/readyz").send().await.expect(200).json();
    assert_eq!((&ready["unsent_alerts"]["count"], &ready["dead_letters"]["count"]), (&json!(0), &json!(0)));
    for _ in 0..2 {
        world.pass(TimeDelta::minutes(2)).await;
    }
    for id in &ids {
        world.alerted(id).await;
    }
    let refused = world.chat.received().iter().filter(|request| request.answered == 429).count();
    assert_eq!((world.chat.count(), refused), (7, 0));
}
