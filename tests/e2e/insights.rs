//! Figures equal what was posted and what was done about it, whatever is killed meanwhile.

use std::collections::BTreeMap;

use crate::answers::with;
use chrono::TimeDelta;
use ringback_tests::{AGENT, EXECUTIVE, Options, World};
use serde_json::{Value, json};

/// How many answers by score, or by band.
type Counts = BTreeMap<String, u64>;

async fn rows(world: &World, day: &str) -> Vec<Value> {
    let path = format!("/v1/insights/scores?day={day}");
    let answer = world.get(&path).token(AGENT).send().await.expect(200).json();
    assert_eq!(answer["day"], day);
    answer["rows"].as_array().expect("a list").clone()
}

/// Rows as `survey/touchpoint/country/segment` → count per score, and per band.
fn figures(rows: &[Value]) -> BTreeMap<String, (Value, Value)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let name = |row: &Value| ["survey", "touchpoint", "country", "segment"].map(|part| text(&row[part])).join("/");
    rows.iter().map(|row| (name(row), (row["scores"].clone(), row["bands"].clone()))).collect()
}

#[tokio::test]
async fn the_counts_of_a_day_are_what_was_posted() {
    let Some(world) = World::with_clock().await else { return };
    let mut expected: BTreeMap<String, (Counts, Counts)> = BTreeMap::new();
    let random = &mut fastrand::Rng::with_seed(7);
    for _ in 0..120 {
        let (survey, touchpoint, scores) = random
            .choice([
                ("checkout-nps", "checkout", 0..=10),
                ("delivery-csat", "delivery", 1..=5),
                ("support-ces", "support", 1..=7),
            ])
            .expect("one");
        let score = random.u8(scores);
        let country = *random.choice(&["DE", "AT"]).expect("one");
        let segment = *random.choice(&["b2b", "b2c"]).expect("one");
        let answer = json!({ "survey": survey, "score": score, "country": country, "segment": segment });
        let id = world.take(&answer).await;
        let band = world.stored(&id).await["band"].as_str().expect("a band").to_owned();
        let row = expected.entry(format!("{survey}/{touchpoint}/{country}/{segment}")).or_default();
        *row.0.entry(score.to_string()).or_default() += 1;
        *row.1.entry(band).or_default() += 1;
    }
    world.sealed().await;
    let rows = rows(&world, "2026-11-22").await;
    let expected: BTreeMap<String, (Value, Value)> =
        expected.into_iter().map(|(name, (scores, bands))| (name, (json!(scores), json!(bands)))).collect();
    assert_eq!(figures(&rows), expected);
    let total: u64 = rows.iter().filter_map(|row| row["answers"].as_u64()).sum();
    assert_eq!(total, 120);
}

#[tokio::test]
async fn a_score_is_never_blended_and_its_nps_is_right() {
    let world = World::start().await;
    let day = world.now().date_naive().to_string();
    for (country, scores) in [("DE", vec![10, 10, 9, 7, 3]), ("AT", vec![0, 8])] {
        for score in scores {
            let _ = world.take(&json!({ "survey": "checkout-nps", "score": score, "country": country })).await;
        }
    }
    world.sealed().await;
    let rows = rows(&world, &day).await;
    let of = |country: &str| rows.iter().find(|row| row["country"] == country).expect("a row").clone();
    assert_eq!((of("DE")["nps"].as_f64(), of("DE")["answers"].as_u64()), (Some(40.0), Some(5)));
    assert_eq!((of("AT")["nps"].as_f64(), of("AT")["answers"].as_u64()), (Some(-50.0), Some(2)));
}

#[tokio::test]
async fn repeats_do_not_count_and_a_corrected_score_moves() {
    let Some(world) = World::with_clock().await else { return };
    let post = |score: u8| json!({ "survey": "checkout-nps", "score": score, "response_id": "r-1" });
    for _ in 0..5 {
        let _ = world.take(&post(9)).await;
    }
    world.sealed().await;
    let name = "checkout-nps/checkout/DE/-";
    let counted = async || figures(&rows(&world, "2026-11-22").await).remove(name).expect("a row");
    assert_eq!(counted().await, (json!({ "9": 1 }), json!({ "promoter": 1 })));

    // Corrected the day after: it counts on the day of the answer.
    world.pass(TimeDelta::days(1)).await;
    let _ = world.take_and_seal(&post(3)).await;
    let (scores, bands) = counted().await;
    let positive = |counts: Value| -> Value {
        let all = counts.as_object().expect("an object").clone();
        all.into_iter().filter(|(_, count)| *count != json!(0)).collect::<serde_json::Map<_, _>>().into()
    };
    assert_eq!((positive(scores), positive(bands)), (json!({ "3": 1 }), json!({ "detractor": 1 })));
    assert_eq!(rows(&world, "2026-11-23").await, Vec::<Value>::new());

    let other = with(post(10), &json!({ "response_id": "r-2" }));
    let _ = world.take_and_seal(&other).await;
    assert_eq!(figures(&rows(&world, "2026-11-23").await)[name].1, json!({ "promoter": 1 }));
}

#[tokio::test]
async fn a_day_that_is_none_is_refused() {
    let world = World::start().await;
    for day in ["yesterday", "2026-13-01", "2026-02-30", ""] {
        let refused = world.get(&format!("/v1/insights/scores?day={day}")).token(AGENT).send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, "invalid-query"), "{day:?}");
    }
}

/// How cases stand, counted from each of them.
async fn recount(world: &World, ids: &[String]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for id in ids {
        let mut add = |name: &str| *sums.entry(name.to_owned()).or_default() += 1;
        add("answers");
        let answer = world.get(&format!("/v1/cases/{id}")).token(AGENT).send().await;
        if answer.status == 404 {
            continue;
        }
        let case = answer.expect(200).json();
        add("cases");
        add("unhappy");
        match case["state"].as_str() {
            Some("closed") => add("closed_within_48h"),
            _ => add("open"),
        }
        if case["state"] != "new" {
            add("worked");
        }
    }
    sums
}

#[tokio::test]
async fn figures_are_a_recount_also_when_processes_are_killed() {
    let mut world = World::with(Options { process: true, ..Options::default() }).await;
    let mut ids: Vec<String> = Vec::new();
    for round in 0..4_usize {
        for score in [2, 5, 10, 0, 6] {
            let country = if score == 5 { "AT" } else { "DE" };
            ids.push(world.take(&json!({ "survey": "checkout-nps", "score": score, "country": country })).await);
        }
        world.sealed().await;
        for id in ids.iter().skip(round * 5).filter(|id| id.len() % 2 == 0 || round > 0) {
            if world.get(&format!("/v1/cases/{id}")).token(AGENT).send().await.status == 404 {
                continue;
            }
            let _ = world.work(id, &json!({ "type": "acknowledge", "note": "mine" })).await.expect(200);
            if round < 3 {
                let _ = world
                    .work(id, &json!({ "type": "resolve", "root_cause": "Late", "note": "found" }))
                    .await
                    .expect(200);
                let close = json!({ "type": "close", "without_informing": "asked so", "note": "done" });
                let _ = world.work(id, &close).await.expect(200);
            }
        }
        // What the last changes count may be on its way.
        world.kill();
        if !world.restart_later(TimeDelta::minutes(3)).await {
            return;
        }
    }
    for _ in 0..3 {
        world.sealed().await;
        assert!(world.restart_later(TimeDelta::minutes(3)).await);
    }
    world.sealed().await;
    let answer = world.get("/v1/insights/loop?period=last-30").token(EXECUTIVE).send().await.expect(200).json();
    let told = |name: &str| answer["rows"][0][name].as_u64().expect("a count");
    let recounted = recount(&world, &ids).await;
    assert_eq!(recounted["answers"], 20);
    for (name, n) in recounted {
        assert_eq!(told(&name), n, "{name}: {answer}");
    }
    let csv = world.get("/v1/insights/metrics?format=csv").token(EXECUTIVE).send().await.expect(200);
    assert!(csv.text().starts_with("metric,country,value,low,high,answers"), "{}", csv.text());
    assert!(csv.text().contains("nps,AT,-100.0"), "{}", csv.text());
}
