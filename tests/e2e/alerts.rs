//! Who hears of an alert: routes with conditions and hours, chains until somebody has taken the case, the link that
//! takes it, and silences.

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::{ADMIN, AGENT, INTAKE, Options, Received, World};
use serde_json::{Value, json};

/// The repository's programme, with other routes: by day the chat, by night and for Austria the mail; after 15 minutes
/// the lead, and after another 30 again.
fn routed(ours: String) -> String {
    let care = "[[routes]]\nid = \"care\"\nchannels = [\"care-chat\", \"care-mail\"]\n";
    assert!(ours.contains(care), "the route looks otherwise");
    ours.replace(
        care,
        r#"[[routes]]
id = "care"
channels = ["care-chat"]
when = { queue = ["care"], hours = ["Mon-Sun 08:00-18:00"], zone = "Europe/Berlin" }
otherwise = "night"
next = { after = "15m", route = "again" }

[[routes]]
id = "night"
channels = ["care-mail"]
when = { country = ["AT"], priority = ["high", "critical"] }
otherwise = "nobody-else"

[[routes]]
id = "nobody-else"
channels = ["events"]

[[routes]]
id = "again"
channels = ["lead-mail"]
next = { after = "30m", route = "again" }
"#,
    )
}

async fn world() -> Option<World> {
    World::with_clock_and(Options { programme: Some(routed), ..Options::default() }).await
}

fn heard(world: &World) -> (usize, usize, usize) {
    let count = |r: &ringback_tests::Receiver| r.drain().iter().filter(|r| r.taken()).count();
    (count(&world.chat), count(&world.mail), count(&world.events))
}

#[tokio::test]
async fn conditions_and_hours_decide_who_hears_of_it() {
    let Some(world) = world().await else { return };
    // 09:30 UTC is 10:30 in Berlin.
    world.take_and_alert(&anonymous(2)).await;
    assert_eq!(heard(&world), (1, 0, 0), "by day");
    world.set_clock(World::beginning() + TimeDelta::hours(7) + TimeDelta::minutes(29)).await;
    world.take_and_alert(&anonymous(1)).await;
    assert_eq!(heard(&world).0, 1, "17:59 in Berlin");
    world.set_clock(World::beginning() + TimeDelta::hours(7) + TimeDelta::minutes(30)).await;
    let _ = heard(&world);
    world.take_and_alert(&anonymous(0)).await;
    let (chat, _, events) = heard(&world);
    assert_eq!((chat, events), (0, 1), "18:00 in Berlin");
    world.take_and_alert(&with(anonymous(2), &json!({ "country": "AT" }))).await;
    assert_eq!(heard(&world).0, 0, "at night, from Austria");
}

#[tokio::test]
async fn a_chain_goes_on_until_somebody_has_taken_the_case() {
    let Some(world) = world().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let _ = heard(&world);
    let told = |world: &World| -> Vec<String> {
        let subject = |r: &Received| r.json()["subject"].as_str().unwrap_or_default().to_owned();
        world.mail.drain().iter().map(subject).collect()
    };
    let at = |minutes| World::beginning() + TimeDelta::minutes(minutes);
    for (minute, expected) in
        [(14, None), (15, Some("15 min")), (44, None), (45, Some("45 min")), (75, Some("1 h 15 min"))]
    {
        world.set_clock(at(minute)).await;
        futures::join!(world.tick(), world.tick());
        world.alerted(&id).await;
        let expected: Vec<String> = expected
            .map(|time| format!("Nobody has taken it for {time}: Detractor 3/10 at checkout"))
            .into_iter()
            .collect();
        assert_eq!(told(&world), expected, "{minute} minutes");
    }
    assert_eq!(heard(&world).0, 0, "the first link is not told again");
    let _ = world.work(&id, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
    for minute in [105, 135, 600] {
        world.set_clock(at(minute)).await;
        world.tick().await;
    }
    assert_eq!(told(&world), Vec::<String>::new(), "somebody has it");
}

/// The address by which a reader takes the case, as a chat's message has it.
fn take_link(message: &Received) -> String {
    let text = message.text();
    let from = text.find("/desk/take/").unwrap_or_else(|| panic!("no link: {text}"));
    text[from..].split(['|', '>', '"', '\\']).next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_link_in_an_alert_takes_the_case_once_and_only_by_a_post_with_a_name() {
    let Some(world) = World::with_clock().await else { return };
    let id = world.take_and_alert(&detractor()).await;
    let link = take_link(&world.chat.received()[0]);
    assert!(!link.contains(AGENT) && link.starts_with(&format!("/desk/take/{id}/opened-care-chat/")), "{link}");
    let post = |link: &str, form: &str| {
        let call = world.post(link).header("content-type", "application/x-www-form-urlencoded");
        call.bytes(form.to_owned()).send()
    };
    // A mail scanner looks, and posts nothing, or nothing of use.
    for _ in 0..3 {
        let page = world.get(&link).send().await.expect(200);
        assert!(page.text().contains("Take the case: Detractor 3/10 at checkout"), "{}", page.text());
        for personal in ["Ada", "Parcel was opened", "ada@example.com"] {
            assert!(!page.text().contains(personal), "{personal}: whoever has the link sees no more than it takes");
        }
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let _ = post(&link, "").await.expect(422);
    let _ = post(&link, "name=++").await.expect(422);
    assert_eq!(world.case(&id).await.state(), "new");
    for forged in [
        link.replace("opened-care-chat", "opened-care-mail"),
        link.replace(&id, &id.chars().rev().collect::<String>()),
        format!("{}{}", &link[..link.len() - 1], if link.ends_with('a') { 'b' } else { 'a' }),
        link.replacen("/179", "/279", 1),
    ] {
        assert_ne!(forged, link);
        let _ = world.get(&forged).send().await.expect(404);
        let _ = post(&forged, "name=Eve").await.expect(404);
    }
    let answers = futures::join!(post(&link, "name=Grace+Hopper"), post(&link, "name=Grace+Hopper"));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "once");
    let case = world.case(&id).await;
    assert_eq!(case.state(), "acknowledged");
    let entry = case.entry("acknowledge").expect("an entry");
    assert_eq!(entry["who"], "link:opened-care-chat");
    assert!(entry["note"].as_str().is_some_and(|note| note.contains("Grace Hopper")), "{entry}");
    assert!(case.json["owner"].is_null(), "nobody of that name works cases: it stays where everybody sees it");
    let _ = world.get(&link).send().await.expect(409);
    assert!(!world.log().contains("Grace"), "a name in the log");
}

#[tokio::test]
async fn the_link_in_an_alert_expires() {
    let Some(world) = World::with_clock().await else { return };
    world.take_and_alert(&detractor()).await;
    let link = take_link(&world.chat.received()[0]);
    world.set_clock(World::beginning() + TimeDelta::days(3) - TimeDelta::seconds(1)).await;
    let _ = world.get(&link).send().await.expect(200);
    world.set_clock(World::beginning() + TimeDelta::days(3)).await;
    let _ = world.get(&link).send().await.expect(410);
    let form = world.post(&link).header("content-type", "application/x-www-form-urlencoded").bytes("name=Late");
    let _ = form.send().await.expect(410);
}

#[tokio::test]
async fn a_silence_holds_alerts_back_by_their_labels_until_it_ends() {
    let Some(world) = World::with_clock().await else { return };
    let silence = |body: Value| world.post("/v1/silences").token(ADMIN).json(&body).send();
    let ends_at = World::beginning() + TimeDelta::hours(2);
    let made = silence(json!({
        "match": { "touchpoint": "checkout", "country": ["DE", "AT"] }, "reason": "The carrier's strike, see Ada Lovelace",
        "incident": "INC-7", "ends_at": ends_at.to_rfc3339(),
    }))
    .await
    .expect(201)
    .json();
    assert_eq!((&made["author"], &made["incident"]), (&json!("operations"), &json!("INC-7")));
    let listed = world.get("/v1/silences").token(AGENT).send().await.expect(200).json();
    assert_eq!(listed["silences"], json!([made]));

    let id = world.take_and_alert(&detractor()).await;
    let case = world.case(&id).await;
    assert_eq!(case.alerts("case.opened"), ["care-chat: skipped", "care-mail: skipped"]);
    let why = case.alert("case.opened", "care-chat")["last_error"].as_str().unwrap_or_default().to_owned();
    assert!(why.starts_with("known incident INC-7: silenced until 22 Nov 2026, 11:30 UTC ("), "{why}");
    assert_eq!((world.chat.count(), world.mail.count()), (0, 0));
    // Another touchpoint, another country.
    let other = json!({ "survey": "delivery-csat", "score": 1 });
    world.take_and_alert(&other).await;
    world.take_and_alert(&with(detractor(), &json!({ "country": "FR" }))).await;
    assert_eq!(world.chat.count(), 2);

    let path = format!("/v1/silences/{}", made["id"].as_str().unwrap_or_default());
    let _ = world.call(http::Method::DELETE, &path).token(AGENT).send().await.expect(403);
    let _ = world.call(http::Method::DELETE, &path).token(ADMIN).send().await.expect(204);
    let _ = world.call(http::Method::DELETE, &path).token(ADMIN).send().await.expect(404);
    world.take_and_alert(&detractor()).await;
    assert_eq!(world.chat.count(), 3, "it has ended");

    let _ = silence(json!({ "match": { "queue": "care" }, "reason": "migration", "ends_at": ends_at.to_rfc3339() }))
        .await
        .expect(201);
    world.take_and_alert(&detractor()).await;
    assert_eq!(world.chat.count(), 3);
    world.set_clock(ends_at).await;
    world.take_and_alert(&detractor()).await;
    assert_eq!(world.chat.count(), 4, "its time is over");
    assert!(!world.log().contains("strike"), "what somebody wrote is not for the log");
}

#[tokio::test]
async fn a_silence_that_is_not_meant_so_is_refused() {
    let world = World::start().await;
    let at = |hours| json!((world.now() + TimeDelta::hours(hours)).to_rfc3339());
    let good = json!({ "match": { "queue": "care" }, "reason": "x", "ends_at": at(1) });
    for (change, pointer) in [
        (json!({ "match": {} }), "/match"),
        (json!({ "match": { "colour": "red" } }), "/match/colour"),
        (json!({ "match": { "queue": [] } }), "/match/queue"),
        (json!({ "match": null }), "/match"),
        (json!({ "reason": "" }), "/reason"),
        (json!({ "ends_at": at(-1) }), "/ends_at"),
        (json!({ "ends_at": at(24 * 29) }), "/ends_at"),
        (json!({ "ends_at": "tomorrow" }), "/ends_at"),
        (json!({ "incident": "<script>" }), "/incident"),
        (json!({ "author": "somebody else" }), "/author"),
    ] {
        let refused =
            world.post("/v1/silences").token(ADMIN).json(&with(good.clone(), &change)).send().await.expect(422);
        assert_eq!(refused.pointers(), [pointer], "{change}");
    }
    for (token, status) in [(AGENT, 403), (INTAKE, 403), ("nobody", 401)] {
        let _ = world.post("/v1/silences").token(token).json(&good).send().await.expect(status);
    }
    let listed = world.get("/v1/silences").token(ADMIN).send().await.expect(200).json();
    assert_eq!(listed["silences"], json!([]), "nothing was stored");
}

/// The chat's channel groups by queue and touchpoint.
fn grouped(ours: String) -> String {
    let before = "id = \"care-chat\"\nkind = \"slack\"";
    assert!(ours.contains(before), "the channel looks otherwise");
    ours.replace(before, "id = \"care-chat\"\ngroup = { by = [\"queue\", \"touchpoint\"] }\nkind = \"slack\"")
}

fn headlines(world: &World) -> Vec<String> {
    let headline = |r: &Received| r.json()["blocks"][0]["text"]["text"].as_str().unwrap_or_default().to_owned();
    world.chat.drain().iter().map(headline).collect()
}

#[tokio::test]
async fn a_storm_is_one_message_and_a_crash_while_it_waits_loses_nobody() {
    let options = Options { programme: Some(grouped), ..Options::default() };
    let Some(mut world) = World::with_clock_and(options).await else { return };
    let answer = anonymous(2);
    let ids = futures::future::join_all((0..20).map(|_| world.take(&answer))).await;
    world.sealed().await;
    for id in &ids {
        world.attempted(id).await;
    }
    ringback_tests::soon("the mails, which are not grouped", || world.mail.count() == 20).await;
    assert_eq!(headlines(&world), Vec::<String>::new(), "the first waits 30 s for others");
    // A critical alert never waits.
    let gold = with(detractor(), &json!({ "customer": { "id": "C-1", "tier": "gold" } }));
    world.take_and_alert(&gold).await;
    assert_eq!(headlines(&world), ["Detractor 3/10 at checkout"]);
    world.crash_and_restart().await;
    world.outlive_the_dead().await;
    for _ in 0..12 {
        world.pass(TimeDelta::minutes(1)).await;
    }
    assert_eq!(headlines(&world), ["20 alerts, the latest: Detractor 2/10 at checkout"]);

    // What comes later is in the next message, when the interval is over; another touchpoint is another group.
    let begun = world.now();
    let first = world.take_and_seal(&anonymous(1)).await;
    let second = world.take_and_seal(&anonymous(0)).await;
    let other = world.take_and_seal(&json!({ "survey": "delivery-csat", "score": 1 })).await;
    for _ in 0..12 {
        world.pass(TimeDelta::minutes(1)).await;
    }
    let mut told = headlines(&world);
    told.sort();
    assert_eq!(told, ["2 alerts, the latest: Detractor 1/10 at checkout", "Dissatisfied 1/5 at delivery"], "{begun}");
    for id in [first, second, other] {
        let alert = world.case(&id).await.alert("case.opened", "care-chat").clone();
        assert_eq!(alert["state"], "delivered", "{alert}");
    }
}

#[tokio::test]
async fn a_grouped_alert_is_repeated_until_somebody_has_taken_the_case() {
    let options = Options { programme: Some(grouped), ..Options::default() };
    let Some(world) = World::with_clock_and(options).await else { return };
    let ids = [world.take_and_seal(&anonymous(2)).await, world.take_and_seal(&anonymous(3)).await];
    let minutes = async |count: i64| {
        for _ in 0..count {
            world.pass(TimeDelta::minutes(1)).await;
        }
    };
    minutes(12).await;
    assert_eq!(headlines(&world).len(), 1, "both in one message");
    world.pass(TimeDelta::minutes(220)).await;
    assert_eq!(headlines(&world), Vec::<String>::new(), "not yet");
    minutes(35).await;
    let again = headlines(&world);
    assert!(again.len() == 1 && again[0].starts_with("2 alerts, the latest: Nobody has taken it for 4 h"), "{again:?}");
    let _ = world.work(&ids[0], &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
    world.pass(TimeDelta::minutes(210)).await;
    minutes(45).await;
    let again = headlines(&world);
    assert!(again.len() == 1 && again[0].starts_with("Nobody has taken it for 8 h"), "{again:?}");
}

#[tokio::test]
async fn a_few_alerts_go_out_on_their_own_before_a_flood_becomes_a_digest() {
    fn flooded(ours: String) -> String {
        grouped(ours).replace("\"touchpoint\"] }", "\"touchpoint\"], alone = 3 }")
    }
    let options = Options { programme: Some(flooded), ..Options::default() };
    let Some(world) = World::with_clock_and(options).await else { return };
    for _ in 0..8 {
        let id = world.take_and_seal(&anonymous(2)).await;
        world.attempted(&id).await;
    }
    ringback_tests::soon("three alone", || world.chat.count() == 3).await;
    for _ in 0..12 {
        world.pass(TimeDelta::minutes(1)).await;
    }
    assert_eq!(headlines(&world)[3..], ["5 alerts, the latest: Detractor 2/10 at checkout"]);
}
