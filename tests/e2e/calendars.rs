//! Deadlines in business time: windows, holidays of the list and of the iCalendar file, daylight saving; and what each
//! deadline says of itself. The calendar is `office` of ringback.toml: Berlin, Mon-Thu 8 h, Fri 6 h.

use crate::answers::{anonymous, with};
use chrono::{DateTime, TimeDelta, Utc};
use ringback_tests::{AGENT, World};
use serde_json::{Value, json};

/// A passive with a comment: policy `relaxed`, first contact within 38 h and closure within 76 h of working time.
fn passive() -> Value {
    with(anonymous(7), &json!({ "comment": "It was fine." }))
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Goes to an instant, has what is due done, and counts what the chat was told since.
async fn told_at(world: &World, when: DateTime<Utc>) -> usize {
    world.set_clock(when).await;
    world.tick().await;
    world.tick().await;
    world.chat.drain().len()
}

#[tokio::test]
async fn working_time_warns_and_escalates_to_the_second_and_sleeps_at_the_weekend() {
    let Some(world) = World::with_clock().await else { return };
    // A Sunday: the clocks begin to count on Monday at 09:00 in Berlin, an hour ahead of UTC.
    let id = world.take_and_alert(&passive()).await;
    let case = world.case(&id).await;
    for (clock, name, expected) in [
        ("first_contact", "warn_at", "2026-11-26T13:00:00Z"),
        ("first_contact", "due_at", "2026-11-27T14:00:00Z"),
        ("closure", "warn_at", "2026-12-02T11:00:00Z"),
        ("closure", "due_at", "2026-12-04T14:00:00Z"),
    ] {
        assert_eq!(case.instant(clock, name), Some(at(expected)), "{clock} {name}");
        let second = TimeDelta::seconds(1);
        assert_eq!(told_at(&world, at(expected) - second).await, 0, "a second before {clock} {name}");
        assert_eq!(told_at(&world, at(expected)).await, 1, "{clock} {name}");
    }
    assert_eq!(told_at(&world, at("2027-01-15T00:00:00Z")).await, 0);
    let case = world.case(&id).await;
    assert_eq!(case.instant("closure", "breached_at"), Some(at("2026-12-04T14:00:00Z")));
}

#[tokio::test]
async fn holidays_of_the_list_and_of_the_file_are_not_worked_and_the_deadline_says_so() {
    let Some(world) = World::with_clock().await else { return };
    world.set_clock(at("2026-12-21T08:00:00Z")).await;
    let id = world.take_and_alert(&passive()).await;
    let case = world.case(&id).await;
    assert_eq!(case.instant("first_contact", "due_at"), Some(at("2026-12-29T14:30:00Z")));
    assert_eq!(case.json["deadlines"]["calendar"], "office");
    assert_eq!(
        case.clock("first_contact")["why"],
        "First contact is due on Tue 2026-12-29 15:30: 38 h of working time after Mon 2026-12-21 09:00, as policy `relaxed` \
         says. Calendar `office` counts Mon-Thu 09:00-12:30 13:00-17:30, Fri 09:00-15:00 (Europe/Berlin), but not the \
         holidays 2026-12-24, 2026-12-25."
    );
    let page = desk_page(&world, &id).await;
    assert!(page.contains("but not the holidays 2026-12-24, 2026-12-25."), "{page}");
}

#[tokio::test]
async fn a_deadline_over_the_change_to_summer_time_is_an_hour_of_utc_earlier() {
    let Some(world) = World::with_clock().await else { return };
    // Thursday before Easter; Friday and Monday are holidays, on Sunday the clocks go forward.
    world.set_clock(at("2027-03-25T08:00:00Z")).await;
    let id = world.take_and_alert(&passive()).await;
    let case = world.case(&id).await;
    assert_eq!(case.instant("first_contact", "due_at"), Some(at("2027-04-02T13:00:00Z")));
    let why = case.clock("first_contact")["why"].as_str().unwrap_or_default().to_owned();
    assert!(why.starts_with("First contact is due on Fri 2027-04-02 15:00"), "{why}");
    assert!(why.contains("the holidays 2027-03-26, 2027-03-29"), "{why}");
}

#[tokio::test]
async fn wall_time_says_why_too() {
    let world = World::start().await;
    let id = world.take_and_seal(&anonymous(3)).await;
    let case = world.case(&id).await;
    let why = case.clock("closure")["why"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("48 h of wall time after") && why.contains("as policy `standard` says."), "{why}");
    assert_eq!(case.json["deadlines"]["calendar"], Value::Null);
    assert_eq!(case.clock("closure")["pauses"], json!([]));
}

/// The case's page, as somebody sees it who has signed in.
async fn desk_page(world: &World, id: &str) -> String {
    let form = format!("token={AGENT}&next={id}").into_bytes();
    let signed_in = world
        .post("/desk/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .bytes(form)
        .send()
        .await
        .expect(303);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    world.get(&format!("/desk/cases/{id}")).header("cookie", cookie).send().await.expect(200).text()
}
