//! Stores and hand-overs that fail: nothing that was acknowledged is lost or doubled, and what cannot be known is a no.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_host::{Effect, Fault, StoreOperation, StoreOperationKind};
use ringback_tests::{World, soon};
use serde_json::json;

/// Lets minutes pass one by one, each with a tick.
async fn minutes(world: &World, minutes: i64) {
    for _ in 0..minutes {
        world.pass(TimeDelta::minutes(1)).await;
    }
}

#[tokio::test]
async fn an_alert_whose_hand_over_was_lost_leaves_a_minute_later() {
    let Some(world) = World::with_clock().await else { return };
    let lost = |effect: Effect| Fault::outbound(effect, |r| r.uri.ends_with("/internal/deliver"));
    world.faults().add(lost(Effect::FailBefore("lost".to_owned())));
    let id = world.take_and_seal(&anonymous(1)).await;
    soon("it was lost", || world.log().contains("alert-trigger did not answer")).await;
    assert_eq!((world.chat.count(), world.mail.count()), (0, 0));
    world.faults().clear();
    world.pass(TimeDelta::minutes(1)).await;
    soon("the alerts", || world.chat.count() == 1 && world.mail.count() == 1).await;
    minutes(&world, 10).await;
    assert_eq!((world.chat.count(), world.mail.count()), (1, 1));
    assert!(world.case(&id).await.nothing_pending());
}

#[tokio::test]
async fn a_store_that_fails_gets_nothing_acknowledged_and_a_repeat_heals() {
    let Some(world) = World::with_clock().await else { return };
    let _ = world.take_and_seal(&anonymous(10)).await;
    for (number, effect) in
        [Effect::FailBefore("disk full".to_owned()), Effect::FailAfter("connection lost".to_owned())]
            .into_iter()
            .enumerate()
    {
        for kind in [StoreOperationKind::Increment, StoreOperationKind::SetMany] {
            let key = format!("{number}-{kind:?}");
            let intakes = move |o: &StoreOperation| o.component == "score-intake" && o.kind == kind;
            world.faults().add(Fault::store(effect.clone(), intakes));
            let refused = world.feedback(&anonymous(2)).header("idempotency-key", key.as_str()).send().await;
            assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"), "{key}");
            assert!(refused.header("retry-after").parse::<u32>().is_ok(), "{key}");
            assert!(!refused.text().contains("disk") && !refused.text().contains("lost"), "{key}: {}", refused.text());
            world.faults().clear();
            let repeated =
                world.feedback(&anonymous(2)).header("idempotency-key", key.as_str()).send().await.expect(202);
            // Long enough to give up a slot that was announced and never written, too short for a second attempt.
            world.pass_asleep(TimeDelta::seconds(40)).await;
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
async fn a_tick_that_dies_at_any_write_is_finished_by_the_next_and_tells_once() {
    let Some(world) = World::with_clock().await else { return };
    let writes = |o: &StoreOperation| o.component == "follow-up-scheduler" && o.kind.writes();
    // Nobody's tick but this scenario's: when it has answered, nothing is under way.
    let asleep = || Fault::outbound(Effect::FailBefore("asleep".to_owned()), |r| r.uri.ends_with("/internal/wake"));
    for effect in [Effect::FailBefore("gone".to_owned()), Effect::FailAfter("gone".to_owned())] {
        for n in 1..=12 {
            let _ = (world.chat.drain(), world.mail.drain());
            world.faults().add(asleep());
            world.faults().add(Fault::store(effect.clone(), writes).nth(n));
            let mut answer = anonymous(1);
            answer["response_id"] = json!(format!("{effect:?} {n}"));
            let id = world.take(&answer).await;
            let tick = world.post("/v1/tick").token(ringback_tests::ADMIN).send().await;
            assert!(matches!(tick.status, 204 | 503), "{}", tick.text());
            world.faults().clear();
            minutes(&world, 3).await;
            world.sealed().await;
            world.alerted(&id).await;
            assert_eq!(world.case(&id).await.happened(), ["opened"], "{effect:?} at write {n}");
            assert_eq!((world.chat.received().len(), world.mail.received().len()), (1, 1), "{effect:?} at write {n}");
        }
    }
    let counted = world.get("/v1/insights/scores?day=2026-11-22").token(ringback_tests::AGENT).send().await.json();
    assert_eq!(counted["rows"][0]["answers"], 24, "each answer is counted once");
}

#[tokio::test]
async fn consent_that_cannot_be_looked_up_is_no_consent() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    for step in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "found", "root_cause": "carrier" }),
    ] {
        let _ = world.work(&id, &step).await.expect(200);
    }
    let journals = |component: &'static str| {
        let asked =
            move |o: &StoreOperation| o.component == component && o.keys.iter().any(|key| key.starts_with("u:"));
        Fault::store(Effect::FailBefore("unreadable".to_owned()), asked)
    };
    let inform = json!({ "type": "inform", "note": "telling", "channel": "email" });
    world.faults().add(journals("follow-up-scheduler"));
    let refused = world.work(&id, &inform).await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "unavailable"));
    let case = world.case(&id).await;
    assert_eq!((case.state(), &case.contact("email")["reason"]), ("resolved", &json!("unavailable")));
    assert_eq!(case.contact("email")["allowed"], false);
    world.faults().clear();

    // Allowed when it is asked for, unknown when it is to leave: it waits.
    let _ = world.mail.drain();
    world.faults().add(journals("alert-trigger"));
    let message = json!({ "message": { "subject": "s", "text": "t" } });
    let _ = world.work(&id, &with(inform, &message)).await.expect(200);
    world.tick().await;
    assert_eq!((world.case(&id).await.messages(), world.mail.received().len()), (vec!["pending".to_owned()], 0));
    world.faults().clear();
    world.pass(TimeDelta::minutes(1)).await;
    world.alerted(&id).await;
    assert_eq!((world.case(&id).await.messages(), world.mail.count()), (vec!["delivered".to_owned()], 1));
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_said_to_be_so_and_not_to_be_empty() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    world.faults().add(Fault::store(Effect::FailBefore("secret detail".to_owned()), |o| !o.kind.writes()));
    for path in [
        format!("/v1/feedback/{id}"),
        format!("/v1/cases/{id}"),
        "/readyz".to_owned(),
        "/v1/insights/scores".to_owned(),
    ] {
        let answer = world.get(&path).token(ringback_tests::AGENT).send().await;
        assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"), "{path}");
        assert!(!answer.text().contains("secret detail"), "{path}");
    }
    world.faults().clear();
    assert_eq!(world.case(&id).await.state(), "new");
}

#[tokio::test]
async fn a_restart_forgets_no_deadline() {
    let Some(mut world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let due = world.case(&id).await.instant("closure", "due_at");
    let _ = world.chat.drain();
    world.crash_and_restart().await;
    assert_eq!(world.case(&id).await.instant("closure", "due_at"), due);
    world.at(TimeDelta::hours(48)).await;
    soon("the escalations", || world.chat.count() == 3).await;
    assert_eq!(world.case(&id).await.instant("closure", "breached_at"), due);
}
