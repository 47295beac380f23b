//! `GET /metrics` says to a Prometheus what Administration says to people, and `GET /readyz` says it to doctor.

use crate::answers::anonymous;
use ringback_tests::{OPERATOR, Options, Reply, World};
use serde_json::json;

/// What the metrics say, one line each, comments left out.
async fn scraped(world: &World) -> Vec<String> {
    let answer = world.get("/metrics").token(OPERATOR).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn has(lines: &[String], line: &str) {
    assert!(lines.iter().any(|found| found == line), "`{line}` is not in {lines:#?}");
}

#[tokio::test]
async fn a_prometheus_learns_what_needs_a_person() {
    let world = World::start().await;
    let lines = scraped(&world).await;
    for line in [
        "ringback_events_total{shard=\"0\"} 0",
        "ringback_lag_events{shard=\"0\"} 0",
        "ringback_quarantined_total{shard=\"0\"} 0",
        "ringback_timers_late_seconds{shard=\"0\"} 0",
        "ringback_dead_letters 0",
        "ringback_channel_switched_off{channel=\"care-chat\"} 0",
        "ringback_channel_leads_nowhere{channel=\"care-chat\"} 0",
    ] {
        has(&lines, line);
    }
    let build = lines.iter().find(|line| line.starts_with("ringback_build_info{")).expect("what runs");
    let runs = world.ready().await;
    assert!(build.contains(&format!("configuration={}", runs["configuration"])) && build.ends_with(" 1"), "{build}");

    // One is refused for good, which switches its channel off.
    world.chat.always(Reply::status(401));
    let id = world.take_and_seal(&anonymous(1)).await;
    world.alerted(&id).await;
    let lines = scraped(&world).await;
    has(&lines, "ringback_dead_letters 1");
    has(&lines, "ringback_channel_switched_off{channel=\"care-chat\"} 1");
    has(&lines, "ringback_channel_switched_off{channel=\"care-mail\"} 0");
    let events = lines.iter().find_map(|line| line.strip_prefix("ringback_events_total{shard=\"0\"} "));
    assert!(events.is_some_and(|events| events.parse::<u64>().is_ok_and(|events| events >= 1)), "{events:?}");
    let told = world.get("/readyz").token(OPERATOR).send().await.expect(200).json();
    assert_eq!(
        (&told["channels_switched_off"], &told["channels_leading_nowhere"]),
        (&json!(["care-chat"]), &json!([]))
    );
    let stranger = world.ready().await;
    assert!(
        stranger["channels_switched_off"].is_null() && stranger["channels_leading_nowhere"].is_null(),
        "{stranger}"
    );
}

#[tokio::test]
async fn a_channel_without_an_address_and_a_refused_source_are_told() {
    let Some(mut world) = World::with_clock_and(Options::default()).await else { return };
    assert_eq!(world.post("/v1/webhooks/crm").json(&json!({})).send().await.status, 401, "not signed");
    let at = World::beginning().timestamp();
    has(&scraped(&world).await, &format!("ringback_source_refused_timestamp_seconds{{source=\"crm\"}} {at}"));
    world.restart_with("slack_webhook_url", "").await;
    has(&scraped(&world).await, "ringback_channel_leads_nowhere{channel=\"care-chat\"} 1");
    let told = world.get("/readyz").token(OPERATOR).send().await.expect(200).json();
    assert_eq!(told["channels_leading_nowhere"], json!(["care-chat"]));
}
