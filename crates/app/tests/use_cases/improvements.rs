//! Improvements over the use cases alone: planned, changed, measured, and told to the customers whom they concern.

use crate::stage::yes::Yes;
use crate::stage::{self, Setting, Stage};
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use ringback_app::problem::{Problem, Reply};
use ringback_ledger::StoreKind;
use ringback_test_support::{Faults, Nobody};
use serde_json::{Value, json};

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];
const DAY: u64 = 86_400;

struct World(Stage);

fn world(kind: StoreKind) -> World {
    World(stage::open(&Setting {
        kind,
        log: |line| assert!(line.starts_with("erasure "), "{line}"),
        ..Setting::default()
    }))
}

fn request(token: &str, body: Option<&Value>) -> Request<Vec<u8>> {
    let request = Request::builder().uri("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(body.map(|b| b.to_string().into_bytes()).unwrap_or_default()).expect("a request")
}

fn headers(token: &str) -> HeaderMap {
    request(token, None).into_parts().0.headers
}

fn read(reply: Result<Reply, Problem>) -> (u16, Value) {
    let reply = reply.unwrap_or_else(Problem::into_reply);
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap_or(Value::Null))
}

impl World {
    fn days(&self, days: u64) {
        for _ in 0..days {
            self.0.clock.advance(DAY);
            block_on(self.0.app.tick_logged(&Nobody));
        }
    }

    /// An answer, and its case resolved for a root cause, if one is given.
    fn answer(&self, number: u32, cause: Option<&str>, more: &Value) -> String {
        let mut body = json!({
            "survey": "checkout-nps", "score": 2, "country": "DE", "customer": { "email": format!("c{number}@example.com") },
        });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let taken = block_on(self.0.app.post_feedback(request("intake", Some(&body)))).expect("taken");
        block_on(self.0.app.tick_logged(&Nobody));
        let id = taken.reply.headers()[header::LOCATION]
            .to_str()
            .expect("text")
            .rsplit('/')
            .next()
            .expect("an id")
            .to_owned();
        if let Some(cause) = cause {
            self.work(&id, &json!({ "type": "acknowledge", "note": "n" }));
            self.work(&id, &json!({ "type": "resolve", "note": "n", "root_cause": cause }));
        }
        id
    }

    fn case(&self, id: &str) -> Value {
        let (status, case) = read(block_on(self.0.app.get_case(id, &headers("agent"), &Yes)));
        assert_eq!(status, 200, "{case}");
        case
    }

    fn work(&self, id: &str, event: &Value) {
        let mut order = request("agent", Some(event));
        let tag = format!("\"{}\"", self.case(id)["version"]);
        order.headers_mut().insert(header::IF_MATCH, tag.parse().expect("a tag"));
        let worked = block_on(self.0.app.post_case_event(id, order, &Yes)).map_err(|problem| problem.detail);
        block_on(self.0.app.follow_through(worked.expect("worked").now, &Nobody));
    }

    fn plan(&self, more: &Value) -> (u16, Value) {
        let mut plan = json!({ "title": "Sturdier boxes", "root_cause": "Broken in transit", "owner": "Packing", "due": "2027-01-31" });
        for (name, value) in more.as_object().expect("an object") {
            plan[name] = value.clone();
        }
        read(block_on(self.0.app.post_improvement(&request("lead", Some(&plan)))))
    }

    fn planned(&self, more: &Value) -> String {
        let (status, shown) = self.plan(more);
        assert_eq!(status, 201, "{shown}");
        shown["id"].as_str().expect("an id").to_owned()
    }

    fn shown(&self, id: &str) -> Value {
        read(block_on(self.0.app.get_improvement(id, &headers("executive")))).1
    }

    fn change_from(&self, id: &str, version: &Value, event: &Value) -> (u16, Value) {
        let mut order = request("executive", Some(event));
        order.headers_mut().insert(header::IF_MATCH, format!("\"{version}\"").parse().expect("a tag"));
        read(block_on(self.0.app.post_improvement_event(id, &order)))
    }

    fn change(&self, id: &str, kind: &str) -> (u16, Value) {
        self.change_from(id, &self.shown(id)["version"], &json!({ "type": kind, "note": "because" }))
    }

    fn tell(&self, id: &str, body: &Value) -> (u16, Value) {
        match block_on(self.0.app.post_tell(id, &request("lead", Some(body)))) {
            Ok(worked) => read(Ok(worked.reply)),
            Err(problem) => read(Err(problem)),
        }
    }

    /// The messages of a case that tell what was changed.
    fn told(&self, id: &str) -> usize {
        let case = self.case(id);
        case["messages"].as_array().expect("messages").iter().filter(|message| message["kind"] == "changed").count()
    }
}

#[test]
fn one_is_planned_changed_from_what_was_seen_and_listed_on_every_store() {
    for kind in STORES {
        let w = world(kind);
        let later = w.planned(&json!({ "title": "Faster answers", "due": "2027-03-01" }));
        let first = w.planned(&json!({ "note": "Half of the complaints of October" }));
        let seen = w.shown(&first);
        assert_eq!((&seen["state"], &seen["version"], &seen["overdue"]), (&json!("planned"), &json!(1), &json!(false)));
        assert_eq!(seen["history"][0]["note"], "Half of the complaints of October");
        let start = json!({ "type": "start", "note": "Boxes ordered" });
        assert_eq!(w.change_from(&first, &seen["version"], &start).0, 200, "{kind:?}");
        assert_eq!(w.change_from(&first, &seen["version"], &start).0, 412, "{kind:?}: seen before that");
        assert_eq!(w.change(&first, "start").0, 409, "{kind:?}: it is begun already");
        let (_, given) = w.change_from(
            &first,
            &w.shown(&first)["version"],
            &json!({ "type": "assign", "note": "She knows the supplier", "owner": "grace" }),
        );
        assert_eq!((&given["owner"], &given["history"][2]["detail"]), (&json!("grace"), &json!("grace")));
        let done = w.planned(&json!({ "title": "Clearer labels" }));
        assert_eq!(w.change(&done, "finish").0, 200);
        let list = |w: &World| -> Vec<String> {
            let (_, all) = read(block_on(w.0.app.get_improvements(&headers("agent"))));
            let all = all["improvements"].as_array().expect("a list").clone();
            all.iter().map(|one| format!("{} {} {}", one["id"], one["state"], one["overdue"])).collect()
        };
        let line = |id: &str, rest: &str| format!("\"{id}\" {rest}");
        assert_eq!(
            list(&w),
            [line(&first, "\"started\" false"), line(&later, "\"planned\" false"), line(&done, "\"done\" false")],
            "{kind:?}"
        );
        w.0.clock.advance(71 * DAY);
        assert_eq!(list(&w)[0], line(&first, "\"started\" true"), "{kind:?}: 2027-01-31 is over");
    }
}

#[test]
fn what_is_wrong_is_named_and_keeps_nothing() {
    let w = world(StoreKind::Sqlite);
    for (more, pointer) in [
        (json!({ "title": "" }), "/title"),
        (json!({ "title": "two\nlines" }), "/title"),
        (json!({ "root_cause": null }), "/root_cause"),
        (json!({ "survey": "nowhere" }), "/survey"),
        (json!({ "country": "de" }), "/country"),
        (json!({ "due": "2026-11-21" }), "/due"),
        (json!({ "due": "soon" }), "/due"),
        (json!({ "owner": "x".repeat(129) }), "/owner"),
        (json!({ "colour": "blue" }), "/colour"),
    ] {
        let (status, problem) = w.plan(&more);
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{more}: {problem}");
    }
    let id = w.planned(&json!({}));
    for (event, pointer) in [
        (json!({ "type": "finish" }), "/note"),
        (json!({ "type": "paint", "note": "n" }), "/type"),
        (json!({ "type": "assign", "note": "n" }), "/owner"),
        (json!({ "type": "start", "note": "n", "owner": "grace" }), "/owner"),
    ] {
        let (status, problem) = w.change_from(&id, &json!(1), &event);
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{event}: {problem}");
    }
    assert_eq!(w.shown(&id)["version"], 1);
    let version_required = read(block_on(w.0.app.post_improvement_event(&id, &request("lead", Some(&json!({}))))));
    assert_eq!(version_required.0, 428);
    for unknown in ["nobody", "..", "a:b", ""] {
        assert_eq!(w.shown(unknown)["status"], 404, "{unknown}");
    }
    let (status, all) = read(block_on(w.0.app.get_improvements(&headers("agent"))));
    assert_eq!((status, all["improvements"].as_array().map(Vec::len)), (200, Some(1)));
    // Who works cases reads what is changed, and does not decide it.
    let refused = read(block_on(w.0.app.post_improvement(&request("agent", Some(&json!({}))))));
    assert_eq!((refused.0, refused.1["type"].as_str()), (403, Some("urn:ringback:problem:forbidden")));
}

#[test]
fn what_it_has_brought_is_the_figures_before_and_since() {
    let w = world(StoreKind::Sqlite);
    // Before: 3 of 4 cases with the cause, spelled in two ways; one of another country, and one survey more.
    for (number, cause) in
        ["Broken in  transit", "broken in transit", "Broken in transit", "late"].into_iter().enumerate()
    {
        w.answer(u32::try_from(number).expect("small"), Some(cause), &json!({}));
    }
    w.answer(10, Some("Broken in transit"), &json!({ "country": "FR" }));
    let id = w.planned(&json!({ "country": "DE" }));
    let effect = &w.shown(&id)["effect"];
    assert_eq!((&effect["before"]["cases"], &effect["before"]["of"]), (&json!(3), &json!(4)), "{effect}");
    assert_eq!((&effect["after"], &effect["change"]), (&Value::Null, &Value::Null));
    assert_eq!(effect["before"]["scores"].as_array().map(Vec::len), Some(1), "of Germany alone: {effect}");
    w.days(1);
    assert_eq!(w.change(&id, "finish").0, 200);
    assert_eq!(w.shown(&id)["effect"]["after"], Value::Null, "it is done since today only");
    w.days(2);
    w.answer(20, Some("late"), &json!({}));
    w.answer(21, None, &json!({ "score": 10 }));
    let effect = &w.shown(&id)["effect"];
    assert_eq!((&effect["after"]["cases"], &effect["after"]["of"]), (&json!(0), &json!(1)), "{effect}");
    assert_eq!(effect["change"]["share"]["value"], -75.0, "{effect}");
    assert_eq!(effect["change"]["share"]["beyond_chance"], false, "of one case nothing follows");
    let score = &effect["change"]["scores"][0];
    assert_eq!((&score["metric"], &score["country"], &score["value"]), (&json!("nps"), &json!("DE"), &json!(100.0)));
}

#[test]
fn customers_whom_it_concerns_are_told_once_each_when_it_is_done_on_every_store() {
    for kind in STORES {
        let w = world(kind);
        let concerned = w.answer(1, Some("Broken in transit"), &json!({ "locale": "de-AT" }));
        let other = w.answer(2, Some("late"), &json!({}));
        let nowhere = w.answer(3, Some("Broken in transit"), &json!({ "customer": { "phone": "+49 30 1234567" } }));
        let erased = w.answer(4, Some("Broken in transit"), &json!({}));
        assert!(block_on(w.0.app.delete_feedback(&erased, &headers("admin"))).expect("erased").status().is_success());
        let id = w.planned(&json!({}));
        let words = json!({ "text": "New boxes.", "texts": { "de": "Neue Kartons." } });
        assert_eq!(w.tell(&id, &words).1["type"], "urn:ringback:problem:not-done", "{kind:?}");
        w.days(1);
        assert_eq!(w.change(&id, "finish").0, 200);
        w.0.clock.advance(60);
        let after = w.answer(5, Some("Broken in transit"), &json!({}));
        let (status, problem) = w.tell(&id, &json!({}));
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/text")), "{problem}");
        let (status, told) = w.tell(&id, &words);
        assert_eq!((status, &told["told"], &told["more"]), (200, &json!(1), &json!(false)), "{kind:?}: {told}");
        let told_of = |w: &World| [&concerned, &other, &nowhere, &after].map(|case| w.told(case));
        assert_eq!(told_of(&w), [1, 0, 0, 0], "{kind:?}");
        assert_eq!(w.tell(&id, &words).1["told"], 0, "{kind:?}: nobody is told twice");
        // A case whose cause is found only now has opened before; another one is of this cause no more.
        w.work(&other, &json!({ "type": "reopen", "note": "n" }));
        w.work(&other, &json!({ "type": "resolve", "note": "n", "root_cause": "broken in transit" }));
        block_on(w.0.app.tick_logged(&Nobody));
        assert_eq!(w.tell(&id, &json!({})).1["told"], 1, "{kind:?}");
        assert_eq!(told_of(&w), [1, 1, 0, 0], "{kind:?}");
        let happened = w.case(&concerned)["history"].as_array().expect("a history").clone();
        assert!(happened.iter().any(|e| e["event"] == "improvement.told" && e["detail"] == json!(id)), "{happened:?}");

        // It was not done after all; whoever has reported it meanwhile hears when it is.
        w.0.clock.advance(60);
        assert_eq!((w.change(&id, "reopen").0, w.change(&id, "finish").0), (200, 200));
        let (status, problem) = w.tell(&id, &json!({}));
        assert_eq!(
            (status, &problem["errors"][0]["pointer"]),
            (422, &json!("/text")),
            "something else was done: {problem}"
        );
        assert_eq!(w.tell(&id, &json!({ "text": "Padded boxes." })).1["told"], 1, "{kind:?}");
        assert_eq!(told_of(&w), [1, 1, 0, 1], "{kind:?}");
        assert_eq!(w.shown(&id)["told"]["text"], "Padded boxes.");
    }
}

#[test]
fn so_many_are_open_at_most_and_what_is_over_makes_room() {
    let w = world(StoreKind::Sqlite);
    let ids: Vec<String> = (0..100).map(|number| w.planned(&json!({ "title": format!("Number {number}") }))).collect();
    let (status, problem) = w.plan(&json!({}));
    assert_eq!((status, problem["type"].as_str()), (409, Some("urn:ringback:problem:too-many-open")));
    assert_eq!(w.change(&ids[0], "drop").0, 200);
    let one_more = w.planned(&json!({}));
    assert_eq!(w.change(&ids[0], "reopen").0, 409);
    assert_eq!(w.change(&one_more, "finish").0, 200);
    assert_eq!(w.change(&ids[0], "reopen").0, 200);
}

/// Whatever dies between an improvement and its line in the list, whoever looks at it mends the list.
#[test]
fn the_list_is_mended_by_whoever_looks() {
    let w = world(StoreKind::Sqlite);
    let id = w.planned(&json!({}));
    let kept = |w: &World| -> Vec<(String, Vec<u8>)> {
        let keys = w.0.store.keys().into_iter().filter(|key| key.starts_with("q:improvements:"));
        keys.map(|key| (key.clone(), w.0.store.peek(&key).expect("it is there"))).collect()
    };
    let before = kept(&w);
    assert_eq!(w.change(&id, "start").0, 200);
    for (key, value) in &before {
        w.0.store.plant(key, value);
    }
    let listed = |w: &World| {
        let (_, all) = read(block_on(w.0.app.get_improvements(&headers("agent"))));
        all["improvements"][0]["state"].as_str().map(str::to_owned)
    };
    assert_eq!(listed(&w).as_deref(), Some("planned"), "as a crash would leave it");
    assert_eq!(w.shown(&id)["state"], "started");
    assert_eq!(listed(&w).as_deref(), Some("started"));
}

#[test]
fn a_long_list_is_told_in_stretches() {
    let w = world(StoreKind::Sqlite);
    let cases: Vec<String> = (0..130).map(|number| w.answer(number, Some("slow site"), &json!({}))).collect();
    let id = w.planned(&json!({ "root_cause": "Slow site" }));
    w.days(1);
    assert_eq!(w.change(&id, "finish").0, 200);
    let first = w.tell(&id, &json!({ "text": "It is faster now." })).1;
    assert_eq!((&first["told"], &first["cases"], &first["more"]), (&json!(100), &json!(100), &json!(true)), "{first}");
    let second = w.tell(&id, &json!({})).1;
    assert_eq!(
        (&second["told"], &second["cases"], &second["more"]),
        (&json!(30), &json!(130), &json!(false)),
        "{second}"
    );
    assert!(cases.iter().all(|case| w.told(case) == 1), "each once");
}

/// The store fails in between, before and after it has written: whoever goes on until the end has told everybody once.
#[test]
fn a_store_that_fails_keeps_nobody_from_being_told_and_tells_nobody_twice() {
    let mut refusals = 0;
    for seed in 0..6 {
        let w = World(stage::open(&Setting::default()));
        let cases: Vec<String> = (0..30).map(|number| w.answer(number, Some("slow site"), &json!({}))).collect();
        let id = w.planned(&json!({ "root_cause": "slow site" }));
        w.days(1);
        assert_eq!(w.change(&id, "finish").0, 200);
        w.0.store.set_faults(Some(Faults::new(seed)));
        let mut refused = 0;
        while w.tell(&id, &json!({ "text": "It is faster now." })).1["more"] != json!(false) {
            refused += 1;
            assert!(refused < 500, "seed {seed}: it never ends");
        }
        w.0.store.set_faults(None);
        let told: Vec<usize> = cases.iter().map(|case| w.told(case)).collect();
        assert_eq!(told, vec![1; 30], "seed {seed}, after {refused} refusals");
        refusals += refused;
    }
    assert!(refusals > 0, "the store has not failed");
}
