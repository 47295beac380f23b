//! Cases worked, listed and linked over the use cases alone, on every kind of store: fast, and without Wasm.

use crate::stage::yes::Yes;
use crate::stage::{self, Application, START, Setting, Stage};
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use ringback_app::Worked;
use ringback_app::problem::{Problem, Reply};
use ringback_ledger::StoreKind;
use ringback_test_support::{ManualClock, MemoryStore, Nobody};
use serde_json::{Value, json};

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];

struct World {
    app: Application,
    clock: ManualClock,
    store: MemoryStore,
}

fn world(kind: StoreKind) -> World {
    let Stage { app, clock, store } =
        stage::open(&Setting { kind, log: |line| panic!("{line}"), ..Setting::default() });
    World { app, clock, store }
}

fn request(token: &str, path: &str, body: Option<&Value>) -> Request<Vec<u8>> {
    let request = Request::builder().uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(body.map(|b| b.to_string().into_bytes()).unwrap_or_default()).expect("a request")
}

fn read(reply: Result<Reply, Problem>) -> (u16, HeaderMap, Value) {
    let reply = reply.unwrap_or_else(Problem::into_reply);
    let (head, body) = reply.into_parts();
    (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

impl World {
    fn tick(&self) {
        block_on(self.app.tick_logged(&Nobody));
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(seconds);
        self.tick();
    }

    fn take(&self, score: u8, customer: &str) -> String {
        let body = json!({ "survey": "checkout-nps", "score": score, "customer": { "id": customer }, "account": { "id": "A-1" } });
        let taken = block_on(self.app.post_feedback(request("intake", "/v1/feedback", Some(&body)))).expect("taken");
        let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
        self.tick();
        location.rsplit('/').next().expect("an id").to_owned()
    }

    fn case(&self, id: &str) -> Value {
        let headers = request("agent", "/", None).into_parts().0.headers;
        let (status, _, case) = read(block_on(self.app.get_case(id, &headers, &Yes)));
        assert_eq!(status, 200, "{case}");
        case
    }

    fn work_as(&self, token: &str, id: &str, event: &Value) -> (u16, Value) {
        let mut request = request(token, "/", Some(event));
        let tag = format!("\"{}\"", self.case(id)["version"]);
        request.headers_mut().insert(header::IF_MATCH, tag.parse().expect("a tag"));
        match block_on(self.app.post_case_event(id, request, &Yes)) {
            Ok(worked) => {
                block_on(self.app.follow_through(worked.now, &Nobody));
                let (status, _, case) = read(Ok(worked.reply));
                (status, case)
            }
            Err(problem) => {
                let (status, _, problem) = read(Err(problem));
                (status, problem)
            }
        }
    }

    fn work(&self, id: &str, kind: &str, more: &Value) -> Value {
        let mut event = json!({ "type": kind, "note": "because" });
        for (name, value) in more.as_object().expect("an object") {
            event[name] = value.clone();
        }
        let (status, case) = self.work_as("agent", id, &event);
        assert_eq!(status, 200, "{kind}: {case}");
        case
    }

    fn list(&self, query: &str) -> (Vec<String>, Option<String>) {
        let (status, headers, page) =
            read(block_on(self.app.get_cases(&request("agent", &format!("/v1/cases{query}"), None))));
        assert_eq!(status, 200, "{page}");
        let ids =
            page["cases"].as_array().expect("a list").iter().map(|c| c["id"].as_str().unwrap_or_default().to_owned());
        let next =
            headers.get(header::LINK).and_then(|link| link.to_str().ok()?.split(['<', '>']).nth(1).map(str::to_owned));
        (ids.collect(), next.map(|path| path.trim_start_matches("/v1/cases").to_owned()))
    }
}

#[test]
fn lists_show_every_case_where_it_stands_on_every_store() {
    for kind in STORES {
        let world = world(kind);
        let mut ids = Vec::new();
        for i in 0..12 {
            world.clock.advance(60);
            ids.push(world.take(3, &format!("C-{i}")));
        }
        assert_eq!(world.list("?limit=100"), (ids.clone(), None), "{kind:?}");
        for id in &ids[..3] {
            world.work(id, "acknowledge", &json!({}));
        }
        world.work(&ids[1], "assign", &json!({ "owner": "care-lead" }));
        assert_eq!(world.list("?owner=care-desk").0, [ids[0].clone(), ids[2].clone()], "{kind:?}");
        assert_eq!(world.list("?owner=care-lead").0, [ids[1].clone()]);
        assert_eq!(world.list("?owner=none").0, ids[3..]);
        assert_eq!(world.list("?state=acknowledged").0, ids[..3]);
        assert_eq!(world.list("?account=A-1&track=recovery&queue=care").0, ids);
        assert_eq!(world.list("?account=A-2").0, Vec::<String>::new());
        let until = ringback_app::from_unix(START + 90_000).to_rfc3339().replace("+00:00", "Z");
        world.work(&ids[0], "wait", &json!({ "reason": "r", "until": until }));
        assert_eq!(world.list("?state=waiting").0, [ids[0].clone()]);
        assert_eq!(world.list("").0.last(), Some(&ids[0]), "it is due again when the waiting ends");
        let (mut seen, mut query) = (Vec::new(), "?limit=5".to_owned());
        loop {
            let (page, next) = world.list(&query);
            seen.extend(page);
            match next {
                Some(next) => query = next,
                None => break,
            }
        }
        assert_eq!(seen, [&ids[1..], &ids[..1]].concat(), "{kind:?}");
    }
}

#[test]
fn what_is_over_is_listed_newest_first() {
    let world = world(StoreKind::Sqlite);
    let ids: Vec<String> = (0..3).map(|i| world.take(3, &format!("C-{i}"))).collect();
    for id in &ids {
        world.pass(60);
        world.work(id, "acknowledge", &json!({}));
        world.work(id, "resolve", &json!({ "root_cause": "late", "goodwill": 12.5 }));
        world.work(id, "close", &json!({ "without_informing": "wanted it so" }));
    }
    assert_eq!(world.list("").0, Vec::<String>::new());
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(world.list("?state=closed").0, newest);
    assert_eq!(world.list("?state=closed&owner=care-desk&queue=care").0, newest);
    world.work(&ids[1], "reopen", &json!({}));
    assert_eq!((world.list("").0, world.list("?state=closed").0.len()), (vec![ids[1].clone()], 2));
}

#[test]
fn a_page_costs_the_same_however_many_cases_there_are() {
    let world = world(StoreKind::Sqlite);
    let mut costs = Vec::new();
    for until in [20, 200] {
        for i in costs.len() * 20..until {
            world.take(3, &format!("C-{i}"));
        }
        world.store.reset();
        assert_eq!(world.list("?limit=10").0.len(), 10);
        costs.push(world.store.operations());
    }
    // Nodes hold at most four names in tests; see the ledger's.
    assert!(costs.iter().all(|cost| cost.writes == 0 && cost.reads <= 20), "{costs:?}");
}

#[test]
fn a_later_answer_is_known_in_the_earlier_case_on_every_store() {
    for kind in STORES {
        let world = world(kind);
        let first = world.take(3, "C-1");
        world.take(10, "C-2");
        let second = world.take(10, "C-1");
        let case = world.case(&first);
        assert_eq!(case["later"][0]["id"], json!(second), "{kind:?}");
        assert!(case["recovered_at"].is_string());
        world.pass(200);
        world.pass(200);
        assert_eq!(world.case(&first)["version"], case["version"], "it is written down once");
    }
}

#[test]
fn a_merged_case_is_known_in_the_other_on_every_store() {
    for kind in STORES {
        let world = world(kind);
        let (one, two) = (world.take(3, "C-1"), world.take(3, "C-2"));
        world.work(&one, "merge", &json!({ "into": two }));
        assert_eq!(world.case(&two)["merged"], json!([one]), "{kind:?}");
        world.pass(200);
        world.pass(200);
        assert_eq!(world.case(&two)["history"].as_array().map(Vec::len), Some(2));
        assert_eq!(world.list("").0, [two]);
    }
}

/// A score goes out with the first tap; people correct it, and write what it is about afterwards.
#[test]
fn a_case_is_what_the_answer_as_it_is_now_calls_for() {
    let world = world(StoreKind::Sqlite);
    let post = |response: &str, score: u8, comment: &str| {
        let body = json!({ "survey": "checkout-nps", "score": score, "comment": comment, "response_id": response,
                           "customer": { "id": response, "tier": "gold" } });
        let taken = block_on(world.app.post_feedback(request("intake", "/v1/feedback", Some(&body)))).expect("taken");
        world.tick();
        let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
        location.rsplit('/').next().expect("an id").to_owned()
    };
    let alerted = |case: &Value| {
        let alerts = case["alerts"].as_array().cloned().unwrap_or_default();
        alerts.iter().filter_map(|alert| Some(alert["channel"].as_str()?.to_owned())).collect::<Vec<_>>()
    };
    let id = post("C-1", 10, "");
    let case = world.case(&id);
    assert_eq!((&case["track"], alerted(&case).len()), (&json!("advocacy"), 0), "{case}");
    world.clock.advance(600);
    let id = post("C-1", 1, "I meant one.");
    let case = world.case(&id);
    assert_eq!((&case["track"], &case["priority"]), (&json!("recovery"), &json!("critical")), "{case}");
    assert_eq!(alerted(&case), ["care-chat", "lead-mail", "events"], "those whom the rule names");
    assert_eq!(case["deadlines"]["first_contact"]["due_at"], "2026-11-22T13:30:00Z", "4 hours from its opening");
    let happened = |case: &Value, what: &str| {
        case["history"].as_array().expect("a list").iter().filter(|entry| entry["event"] == what).count()
    };
    for turn in 0..20 {
        let _ = post("C-1", if turn % 2 == 0 { 10 } else { 1 }, &format!("no, {turn}"));
    }
    let case = world.case(&id);
    assert!(happened(&case, "rule.followed") <= 5 && alerted(&case).len() <= 15, "{case}");
    // Somebody has it: it stays what they have taken, and those whom the rule names hear of it.
    let id = post("C-2", 10, "");
    world.work(&id, "acknowledge", &json!({}));
    let _ = post("C-2", 1, "I meant one.");
    let case = world.case(&id);
    assert_eq!((&case["track"], &case["state"]), (&json!("advocacy"), &json!("acknowledged")));
    assert_eq!(alerted(&case), ["care-chat", "lead-mail", "events"]);
}

#[test]
fn no_case_is_merged_into_one_that_has_ended() {
    let world = world(StoreKind::Sqlite);
    let (one, two) = (world.take(3, "C-1"), world.take(3, "C-2"));
    world.work(&two, "acknowledge", &json!({}));
    world.work(&two, "resolve", &json!({ "root_cause": "late" }));
    world.work(&two, "inform", &json!({ "channel": "phone" }));
    world.work(&two, "close", &json!({}));
    let (status, problem) = world.work_as("agent", &one, &json!({ "type": "merge", "note": "n", "into": two }));
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/into")));
    // One that ends before it is told: what was to go on in it is worked after all.
    let (one, two) = (world.take(3, "C-3"), world.take(3, "C-4"));
    let mut merge = request("agent", "/", Some(&json!({ "type": "merge", "note": "n", "into": two })));
    let tag = format!("\"{}\"", world.case(&one)["version"]);
    merge.headers_mut().insert(header::IF_MATCH, tag.parse().expect("a tag"));
    drop(block_on(world.app.post_case_event(&one, merge, &Yes)).expect("merged"));
    world.work(&two, "acknowledge", &json!({}));
    world.work(&two, "resolve", &json!({ "root_cause": "late" }));
    world.work(&two, "inform", &json!({ "channel": "phone" }));
    world.work(&two, "close", &json!({}));
    world.pass(200);
    let case = world.case(&one);
    assert_eq!((&case["state"], &case["merged_into"]), (&json!("reopened"), &Value::Null), "{case}");
    // And it can be merged into another one.
    let three = world.take(3, "C-5");
    world.work(&one, "merge", &json!({ "into": three }));
    assert_eq!(world.case(&three)["merged"], json!([one]));
}

#[test]
fn many_cases_change_hands_at_once() {
    let world = world(StoreKind::Sqlite);
    let mut ids: Vec<String> = (0..3).map(|i| world.take(3, &format!("C-{i}"))).collect();
    for id in &ids {
        world.work(id, "acknowledge", &json!({}));
    }
    let body = json!({ "from_owner": "care-desk", "owner": "care-lead", "note": "is ill" });
    let refused = block_on(world.app.post_reassign(&request("agent", "/", Some(&body)))).map(drop);
    assert_eq!(refused.unwrap_err().status, 403);
    let Worked { reply, now: jobs } =
        block_on(world.app.post_reassign(&request("lead", "/", Some(&body)))).expect("reassigned");
    block_on(world.app.follow_through(jobs, &Nobody));
    // Due at the same time: in the order of their ids.
    ids.sort();
    assert_eq!(read(Ok(reply)).2, json!({ "reassigned": ids, "refused": [], "more": false }));
    assert_eq!(world.list("?owner=care-lead").0, ids);
    // Somebody has taken one over meanwhile, and the list does not know it yet: it is not theirs to give.
    let taken = json!({ "cases": [ids[0]], "owner": "care-desk", "note": "hers now" });
    drop(block_on(world.app.post_reassign(&request("lead", "/", Some(&taken)))).expect("reassigned"));
    let away = json!({ "from_owner": "care-lead", "owner": "care-desk", "note": "is ill" });
    let Worked { reply, .. } =
        block_on(world.app.post_reassign(&request("lead", "/", Some(&away)))).expect("reassigned");
    let answer = read(Ok(reply)).2;
    assert_eq!((&answer["reassigned"], &answer["refused"][0]["id"]), (&json!(ids[1..]), &json!(ids[0])));
    assert_eq!(world.case(&ids[0])["owner"], "care-desk");
}

#[test]
fn a_closure_that_was_missed_is_counted_as_missed_whatever_comes_after() {
    let world = world(StoreKind::Sqlite);
    let id = world.take(3, "C-1");
    world.work(&id, "acknowledge", &json!({}));
    world.pass(49 * 3_600);
    world.pass(60);
    for again in [false, true] {
        if again {
            world.work(&id, "reopen", &json!({}));
        }
        world.work(&id, "resolve", &json!({ "root_cause": "late" }));
        world.work(&id, "inform", &json!({ "channel": "phone" }));
        world.work(&id, "close", &json!({}));
        world.tick();
        let asked = request("executive", "/v1/insights/teams?period=2026-11", None);
        let (status, _, teams) = read(block_on(world.app.get_figures("teams", &asked)));
        assert_eq!(status, 200, "{teams}");
        let rows = teams["rows"].as_array().expect("rows");
        let closure = rows.iter().find(|row| row["team"] == "care" && row["clock"] == "closure").expect("a row");
        assert_eq!((&closure["kept"], &closure["missed"]), (&json!(0), &json!(1)), "{closure}");
    }
}

#[test]
fn asking_again_is_due_a_month_after_closing() {
    let world = world(StoreKind::Sqlite);
    let id = world.take(3, "C-1");
    world.work(&id, "acknowledge", &json!({}));
    world.work(&id, "resolve", &json!({ "root_cause": "late" }));
    world.work(&id, "inform", &json!({ "channel": "phone" }));
    world.work(&id, "close", &json!({}));
    assert!(world.case(&id)["survey_due_at"].is_string());
    world.pass(30 * 86_400 + 60);
    let case = world.case(&id);
    let last = case["history"].as_array().and_then(|h| h.last().cloned()).expect("a history");
    assert_eq!((&case["survey_due_at"], &last["event"]), (&Value::Null, &json!("survey.due")));
    assert!(case["alerts"].as_array().expect("a list").iter().any(|alert| alert["event"] == "survey.due"));
}

#[test]
fn what_an_older_version_stored_is_read_as_it_was_meant() {
    let world = world(StoreKind::Sqlite);
    let id = world.take(3, "C-1");
    let now = block_on(world.app.ledger.read(&id)).expect("reads").expect("is there").body;
    let mut stored = serde_json::to_value(&now).expect("a stored form");
    for name in ["looked_back_at", "earlier", "carried_over_at"] {
        stored.as_object_mut().expect("an object").remove(name);
    }
    let case = stored["case"].as_object_mut().expect("a case");
    for name in [
        "goodwill",
        "waiting",
        "unreached",
        "tasks",
        "ended_at",
        "merged_into",
        "merged",
        "later",
        "recovered_at",
        "survey_due_at",
        "account_key",
    ] {
        case.remove(name);
    }
    case["state"] = json!("closed");
    case["closure"]["met_at"] = json!("2026-11-22T10:00:00Z");
    let older: ringback_app::dossier::Dossier = serde_json::from_value(stored).expect("is understood");
    let case = older.case.expect("a case");
    let ended = case.ended().map(|at| at.to_rfc3339());
    assert_eq!((case.next_deadline_step(), ended.as_deref()), (None, Some("2026-11-22T10:00:00+00:00")));
    assert_eq!((case.tasks.len(), case.unreached.len(), case.waiting), (0, 0, None));
}

#[test]
fn a_case_that_is_full_of_words_can_still_be_brought_to_its_end() {
    let world = world(StoreKind::Dynamo);
    let id = world.take(3, "C-1");
    let long = "x".repeat(4_000);
    let note = |note: &str| json!({ "type": "assign", "owner": "care-desk", "note": note });
    let mut taken = 0;
    let refused = loop {
        let (status, answer) = world.work_as("agent", &id, &note(&long));
        if status != 200 {
            break answer;
        }
        taken += 1;
        assert!(taken < 100, "no end");
    };
    assert!(taken >= 50 && refused["errors"][0]["pointer"] == "/note", "{taken}: {refused}");
    for event in [
        json!({ "type": "acknowledge", "note": "mine" }),
        json!({ "type": "resolve", "note": "done", "root_cause": "late" }),
        json!({ "type": "close", "note": "n", "without_informing": "wanted it so" }),
    ] {
        assert_eq!(world.work_as("agent", &id, &event).0, 200, "{event}");
    }
}
