//! Figures over the use cases alone: exact after every change, equal to a recount, at a cost that does not grow.

use crate::stage::yes::Yes;
use crate::stage::{self, Application, Setting, Stage};
use futures::executor::block_on;
use http::{Request, header};
use ringback_app::problem::{Problem, Reply};
use ringback_ledger::StoreKind;
use ringback_test_support::memory::Faults;
use ringback_test_support::{ManualClock, MemoryStore, Nobody};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];
const HOUR: u64 = 3_600;

struct World {
    app: Application,
    clock: ManualClock,
    store: MemoryStore,
    ids: Vec<String>,
}

fn world(kind: StoreKind) -> World {
    let Stage { app, clock, store } = stage::open(&Setting { kind, ..Setting::default() });
    World { app, clock, store, ids: Vec::new() }
}

fn request(token: &str, path: &str, body: Option<&Value>) -> Request<Vec<u8>> {
    let request = Request::builder().uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(body.map(|b| b.to_string().into_bytes()).unwrap_or_default()).expect("a request")
}

fn read(reply: Result<Reply, Problem>) -> (u16, Vec<u8>) {
    let (head, body) = reply.unwrap_or_else(Problem::into_reply).into_parts();
    (head.status.as_u16(), body)
}

/// What an answer in a recount is: everything that figures are made of.
fn answer(survey: &str, score: u64, country: &str, segment: &str, customer: &str) -> Value {
    json!({ "survey": survey, "score": score, "country": country, "segment": segment,
            "customer": { "id": customer, "email": format!("{customer}@example.com") } })
}

impl World {
    fn tick(&self) {
        block_on(self.app.tick_logged(&Nobody));
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(seconds);
        self.tick();
    }

    fn take(&mut self, body: &Value) -> String {
        let taken = block_on(self.app.post_feedback(request("intake", "/v1/feedback", Some(body)))).expect("taken");
        let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
        self.tick();
        let id = location.rsplit('/').next().expect("an id").to_owned();
        self.ids.push(id.clone());
        id
    }

    fn try_case(&self, id: &str) -> Option<Value> {
        let headers = request("agent", "/", None).into_parts().0.headers;
        let (status, body) = read(block_on(self.app.get_case(id, &headers, &Yes)));
        (status == 200).then(|| serde_json::from_slice(&body).expect("JSON"))
    }

    /// Tries an event; whether the case took it.
    fn work(&self, id: &str, kind: &str, more: &Value) -> bool {
        let Some(case) = self.try_case(id) else { return false };
        let mut event = json!({ "type": kind, "note": "because" });
        for (name, value) in more.as_object().expect("an object") {
            event[name] = value.clone();
        }
        let mut request = request("lead", "/", Some(&event));
        request.headers_mut().insert(header::IF_MATCH, format!("\"{}\"", case["version"]).parse().expect("a tag"));
        match block_on(self.app.post_case_event(id, request, &Yes)) {
            Ok(worked) => {
                block_on(self.app.follow_through(worked.now, &Nobody));
                true
            }
            Err(_) => false,
        }
    }

    fn rows(&self, token: &str, table: &str, query: &str) -> Vec<Value> {
        let request = request(token, &format!("/v1/insights/{table}?{query}"), None);
        let (status, body) = read(block_on(self.app.get_figures(table, &request)));
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["not_broken_down"], 0);
        body["rows"].as_array().expect("rows").clone()
    }

    fn answer(&self, id: &str) -> Value {
        let request = request("agent", "/", None);
        let (status, body) = read(block_on(self.app.get_feedback(id, request.headers())));
        assert_eq!(status, 200);
        serde_json::from_slice(&body).expect("JSON")
    }

    /// The period's `loop` row counted anew from what the API says of every single answer and case.
    fn recount(&self) -> BTreeMap<String, u64> {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        let mut ids = self.ids.clone();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let mut add = |name: &str| *sums.entry(name.to_owned()).or_default() += 1;
            let answer = self.answer(&id);
            add("answers");
            add(&format!("{} {} {}", answer["survey"], answer["country"], answer["score"]));
            let Some(case) = self.try_case(&id) else { continue };
            let (state, track) = (case["state"].as_str().expect("a state"), &case["track"]);
            if state != "new" {
                add("worked");
            }
            if state == "merged" {
                add("merged");
                continue;
            }
            add("cases");
            let took = |at: &Value| {
                let at = at.as_str()?.parse::<chrono::DateTime<chrono::Utc>>().ok()?;
                let opened = case["opened_at"].as_str()?.parse::<chrono::DateTime<chrono::Utc>>().ok()?;
                Some((at - opened).num_seconds())
            };
            match (state, track.as_str()) {
                ("closed", _) => add(match took(&case["ended_at"]).expect("an end") {
                    ..=172_800 => "closed_within_48h",
                    172_801..=259_200 => "closed_within_72h",
                    _ => "closed_over_72h",
                }),
                (_, Some("automation")) => add("automated"),
                _ => add("open"),
            }
            if answer["band"] == "detractor" || answer["band"] == "dissatisfied" {
                add("unhappy");
                if case["later"].as_array().is_some_and(|later| !later.is_empty()) {
                    add("answered_again");
                }
                if case["recovered_at"].is_string() {
                    add("won_back");
                }
            }
            for name in ["first_contact", "closure"] {
                let clock = &case["deadlines"][name];
                let met = clock["met_at"].as_str();
                let late = clock["breached_at"].is_string()
                    || met.is_some_and(|met| met > clock["due_at"].as_str().expect("due"));
                if late {
                    add(&format!("{} {name} missed", case["queue"].as_str().expect("a queue")));
                } else if met.is_some() {
                    add(&format!("{} {name} kept", case["queue"].as_str().expect("a queue")));
                }
            }
            if let Some(cause) = case["root_cause"].as_str() {
                add(&format!("why {}", cause.to_lowercase()));
            }
        }
        sums
    }

    /// The same sums, from the tables.
    fn told(&self, query: &str) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        let all = &self.rows("executive", "loop", query)[0];
        for name in [
            "answers",
            "cases",
            "worked",
            "merged",
            "open",
            "automated",
            "closed_within_48h",
            "closed_within_72h",
            "closed_over_72h",
            "unhappy",
            "answered_again",
            "won_back",
        ] {
            sums.insert(name.to_owned(), all[name].as_u64().expect("a count"));
        }
        for row in self.rows("executive", "teams", query) {
            for name in ["kept", "missed"] {
                let what =
                    format!("{} {} {name}", row["team"].as_str().expect("text"), row["clock"].as_str().expect("text"));
                sums.insert(what, row[name].as_u64().expect("a count"));
            }
        }
        for row in self.rows("executive", "causes", query) {
            sums.insert(
                format!("why {}", row["root_cause"].as_str().expect("text")),
                row["cases"].as_u64().expect("a count"),
            );
        }
        let surveys = [("nps", "checkout-nps"), ("csat", "delivery-csat"), ("ces", "support-ces")];
        for row in self.rows("executive", "distribution", query) {
            let survey = surveys.iter().find(|(metric, _)| row["metric"] == *metric).expect("one").1;
            sums.insert(
                format!("\"{survey}\" {} {}", row["country"], row["score"]),
                row["answers"].as_u64().expect("a count"),
            );
        }
        sums.retain(|_, n| *n > 0);
        sums
    }
}

/// Weeks of answers and work, as chance would have them.
fn live(world: &mut World, rounds: usize, random: &mut fastrand::Rng) {
    for round in 0..rounds {
        let survey = *random.choice(&["checkout-nps", "checkout-nps", "delivery-csat", "support-ces"]).expect("one");
        let score = match survey {
            "checkout-nps" => random.u64(0..=10),
            "delivery-csat" => random.u64(1..=5),
            _ => random.u64(1..=7),
        };
        let segment = *random.choice(&["b2c", "b2b", "key-account"]).expect("one");
        let mut body = answer(
            survey,
            score,
            random.choice(&["DE", "AT", "CH"]).expect("one"),
            segment,
            &format!("C-{}", random.u8(0..40)),
        );
        if random.bool() {
            body["comment"] = json!("too slow");
        }
        let number = if random.u8(0..8) == 0 { random.usize(0..=round) } else { round };
        body["response_id"] = json!(format!("{survey}-{number}"));
        let _ = world.take(&body);
        if random.u8(0..3) == 0 {
            let id = random.choice(&world.ids).expect("one").clone();
            let cause = *random.choice(&["Carrier late", "carrier  late", "Wrong size"]).expect("one");
            let _ = world.work(&id, "contact", &json!({ "channel": "email", "outcome": "reached" }));
            let _ = world.work(&id, "resolve", &json!({ "root_cause": cause }));
            let _ = world.work(&id, "close", &json!({ "without_informing": "wanted it so" }));
        }
        for _ in 0..random.u8(0..3) {
            let id = random.choice(&world.ids).expect("one").clone();
            let other = random.choice(&world.ids).expect("one").clone();
            let (kind, more) = match random.u8(0..14) {
                0 | 1 => ("acknowledge", json!({})),
                2 => ("contact", json!({ "channel": "email", "outcome": "reached" })),
                3 => ("contact", json!({ "channel": "phone", "outcome": "not_reached" })),
                4..=6 => (
                    "resolve",
                    json!({ "root_cause": random.choice(&["Carrier late", "carrier  late", "Wrong size"]).expect("one") }),
                ),
                7 | 8 => ("inform", json!({ "channel": "email" })),
                9 | 10 => ("close", json!({ "without_informing": "wanted it so" })),
                11 => ("reopen", json!({})),
                12 => ("assign", json!({ "owner": "care-desk", "queue": "back-office" })),
                _ => ("merge", json!({ "into": other })),
            };
            let _ = world.work(&id, kind, &more);
        }
        world.pass(random.u64(0..9) * HOUR);
    }
    // What changes sent ahead is sealed.
    (0..6).for_each(|_| world.pass(150));
}

#[test]
fn figures_are_what_a_recount_of_every_answer_and_case_gives() {
    for kind in STORES {
        let mut world = world(kind);
        live(&mut world, if kind == StoreKind::Sqlite { 120 } else { 40 }, &mut fastrand::Rng::with_seed(3));
        let (told, recounted) = (world.told("period=last-90"), world.recount());
        assert_eq!(told.get("answers"), recounted.get("answers"));
        let mut recounted = recounted;
        // The table spells a cause in one way.
        let spaced = recounted.remove("why carrier  late").unwrap_or(0);
        *recounted.entry("why carrier late".to_owned()).or_default() += spaced;
        assert_eq!(told, recounted, "{kind:?}");
        assert!(recounted.len() > 30 && recounted["cases"] > 15 && recounted["closed_within_48h"] > 0, "{recounted:?}");
        // The same from other documents: the year's months, and days one by one.
        assert_eq!(world.told("from=2026-01-01&to=2027-07-31"), recounted, "{kind:?}");
    }
}

#[test]
fn figures_are_exact_when_processes_die_anywhere() {
    for seed in 0..3 {
        let mut world = world(StoreKind::Sqlite);
        live(&mut world, 12, &mut fastrand::Rng::with_seed(seed));
        let ids = world.ids.clone();
        for (i, id) in ids.iter().enumerate() {
            // The store begins to fail somewhere within the change or the tick, as if the process had died there.
            world.store.set_faults(Some(Faults::new(seed * 1_000 + i as u64)));
            for kind in ["acknowledge", "resolve", "close"] {
                let more = json!({ "root_cause": "Carrier late", "without_informing": "because" });
                let mut fitting = json!({});
                match kind {
                    "resolve" => fitting["root_cause"] = more["root_cause"].clone(),
                    "close" => fitting["without_informing"] = more["without_informing"].clone(),
                    _ => {}
                }
                let _ = world.work(id, kind, &fitting);
                world.pass(60);
            }
            world.store.set_faults(None);
            world.pass(100);
        }
        (0..10).for_each(|_| world.pass(300));
        let (mut told, mut recounted) = (world.told("period=last-30"), world.recount());
        for sums in [&mut told, &mut recounted] {
            sums.retain(|name, _| !name.starts_with("why"));
        }
        assert_eq!(told, recounted, "seed {seed}");
    }
}

#[test]
fn a_table_costs_three_reads_at_any_size_and_length() {
    let mut world = world(StoreKind::Sqlite);
    let mut costs = Vec::new();
    for rounds in [5, 50] {
        live(&mut world, rounds, &mut fastrand::Rng::with_seed(9));
        for query in ["period=last-7", "period=last-90", "from=2026-01-02&to=2027-12-30"] {
            world.store.reset();
            let _ = world.rows("executive", "loop", query);
            costs.push(world.store.operations());
        }
    }
    assert!(costs.iter().all(|cost| cost.writes == 0 && cost.reads <= 3), "{costs:?}");
}

#[test]
fn countries_are_blended_only_when_that_is_asked_for() {
    let mut world = world(StoreKind::Sqlite);
    for (country, scores) in [("DE", vec![10, 10, 9, 7, 3]), ("AT", vec![0, 8])] {
        for (i, score) in scores.into_iter().enumerate() {
            let _ = world.take(&answer("checkout-nps", score, country, "b2c", &format!("{country}-{i}")));
        }
    }
    let of = |query: &str| -> Vec<(String, f64, u64)> {
        let rows = world.rows("agent", "metrics", query).into_iter();
        rows.map(|r| {
            (r["country"].as_str().unwrap().to_owned(), r["value"].as_f64().unwrap(), r["answers"].as_u64().unwrap())
        })
        .collect()
    };
    assert_eq!(of(""), [("AT".to_owned(), -50.0, 2), ("DE".to_owned(), 40.0, 5)]);
    assert_eq!(of("country=DE"), [("DE".to_owned(), 40.0, 5)]);
    assert_eq!(of("country=all"), [("all".to_owned(), 14.3, 7)]);
    assert!(world.rows("agent", "metrics", "").iter().all(|row| row["small_sample"] == true));
}

#[test]
fn who_has_how_much_to_do_is_for_leads() {
    let mut world = world(StoreKind::Sqlite);
    let first = world.take(&answer("checkout-nps", 2, "DE", "b2c", "C-1"));
    let _ = world.take(&answer("checkout-nps", 2, "DE", "b2c", "C-2"));
    assert!(world.work(&first, "acknowledge", &json!({})));
    world.pass(50 * HOUR);
    world.pass(200);
    let rows = world.rows("lead", "load", "");
    let told: Vec<String> = rows.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            r#"{"late":1,"not_begun":1,"open":1,"owner":"-","team":"care"}"#,
            r#"{"late":1,"not_begun":0,"open":1,"owner":"care-lead","team":"care"}"#,
        ]
    );
    let refused = block_on(world.app.get_figures("load", &request("executive", "/v1/insights/load", None)));
    assert_eq!(read(refused).0, 403);
}

#[test]
fn a_table_can_be_had_for_spreadsheets() {
    let mut world = world(StoreKind::Sqlite);
    let _ = world.take(&answer("checkout-nps", 9, "DE", "=cmd()", "C-1"));
    let asked = request("executive", "/v1/insights/segments?period=2026-11&format=csv", None);
    let (status, body) = read(block_on(world.app.get_figures("segments", &asked)));
    let text = String::from_utf8(body).unwrap();
    assert_eq!(status, 200, "{text}");
    assert_eq!(
        text,
        "metric,country,segment,value,low,high,answers,small_sample\r\nnps,DE,'=cmd(),100.0,-48.5,100.0,1,true\r\n"
    );
}
