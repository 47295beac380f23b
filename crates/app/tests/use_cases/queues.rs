//! Calendars and queues over the use cases alone, on every kind of store, with a store that fails: fast, and without Wasm.
//! The calendar is `office` of ringback.toml (Berlin, Mon-Thu 8 h, Fri 6 h), the queue `key-accounts`: ada takes two cases a
//! day, grace one, and account A-1 is hers.

use crate::stage::{self, Application, Setting, Stage};
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use ringback_app::{ConsentGate, GateError};
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use ringback_ledger::{Clock as _, Due, HandOver, StoreKind};
use ringback_test_support::memory::Faults;
use ringback_test_support::{ManualClock, MemoryStore};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

const STORES: [StoreKind; 4] = [StoreKind::Sqlite, StoreKind::Redis, StoreKind::Dynamo, StoreKind::Cosmos];

struct No;

impl ConsentGate for No {
    async fn may_contact(&self, _: &Customer, _: ContactChannel, _: Purpose) -> Result<Decision, GateError> {
        Ok(Decision::Blocked(Blocked::Unknown))
    }
}

/// Remembers of which cases deliveries were handed over.
#[derive(Default)]
struct Heard(RefCell<BTreeSet<String>>);

impl HandOver for Heard {
    async fn hand_over(&self, jobs: Vec<Due>) {
        self.0.borrow_mut().extend(jobs.into_iter().map(|due| due.eid));
    }
}

struct World {
    app: Application,
    clock: ManualClock,
    store: MemoryStore,
    heard: Heard,
}

fn world(kind: StoreKind) -> World {
    let Stage { app, clock, store } = stage::open(&Setting { kind, ..Setting::default() });
    World { app, clock, store, heard: Heard::default() }
}

fn headers(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"));
    headers.insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    headers
}

impl World {
    /// Posts a detractor of a key account.
    fn post(&self, tier: &str, number: usize) -> String {
        self.post_of(tier, "A-2", number)
    }

    fn post_of(&self, tier: &str, account: &str, number: usize) -> String {
        self.post_answer(&json!({
            "survey": "checkout-nps", "score": 3, "segment": "key-account", "response_id": format!("r{number}"),
            "customer": { "tier": tier }, "account": { "id": account },
        }))
    }

    /// A passive with a comment, whose deadlines count working time.
    fn post_passive(&self) -> String {
        let id = self.post_answer(&json!({ "survey": "checkout-nps", "score": 7, "comment": "It was fine." }));
        self.tick();
        id
    }

    /// Posts an answer, as often as a failing store needs.
    fn post_answer(&self, answer: &Value) -> String {
        loop {
            let mut request = Request::new(answer.to_string().into_bytes());
            *request.headers_mut() = headers("intake");
            if let Ok(taken) = block_on(self.app.post_feedback(request)) {
                let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
                return location.rsplit('/').next().expect("an id").to_owned();
            }
        }
    }

    fn tick(&self) {
        block_on(self.app.tick_logged(&self.heard));
    }

    fn work(&self, token: &str, id: &str, order: &Value) -> (u16, Value) {
        let mut request = Request::new(order.to_string().into_bytes());
        *request.headers_mut() = headers(token);
        let tag = format!("\"{}\"", self.case(id)["version"]);
        request.headers_mut().insert(header::IF_MATCH, tag.parse().expect("a tag"));
        let worked = block_on(self.app.post_case_event(id, request, &No));
        let reply = worked.map(|worked| worked.reply).unwrap_or_else(|p| p.into_reply());
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).expect("JSON"))
    }

    fn at(&self, time: &str) {
        let then: ringback_core::DateTime<ringback_core::Utc> = time.parse().expect("an instant");
        self.clock.advance(ringback_app::unix(then) - self.clock.now());
    }

    /// Who has a case and why; `-` for automation.
    fn who(&self, id: &str) -> String {
        let case = self.case(id);
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        format!("{}: {}", text(&case["owner"]), text(&case["assignment"]["why"]))
    }

    fn case(&self, id: &str) -> Value {
        let reply = block_on(self.app.get_case(id, &headers("agent"), &No)).unwrap_or_else(|p| p.into_reply());
        serde_json::from_slice(reply.body()).expect("JSON")
    }
}

#[test]
fn deadlines_count_working_time_and_say_so() {
    for (begun, first_contact, closure, holidays) in [
        ("2026-11-22T09:30:00Z", "2026-11-27T14:00:00Z", "2026-12-04T14:00:00Z", ""),
        (
            "2026-12-21T08:00:00Z",
            "2026-12-29T14:30:00Z",
            "2027-01-07T12:30:00Z",
            ", but not the holidays 2026-12-24, 2026-12-25",
        ),
        // Over Easter, and over the change to summer time: an hour of UTC earlier.
        (
            "2027-03-25T08:00:00Z",
            "2027-04-02T13:00:00Z",
            "2027-04-09T13:00:00Z",
            ", but not the holidays 2027-03-26, 2027-03-29",
        ),
    ] {
        let world = world(StoreKind::Sqlite);
        world.at(begun);
        let case = world.case(&world.post_passive());
        let deadlines = &case["deadlines"];
        assert_eq!(deadlines["calendar"], "office");
        assert_eq!(deadlines["first_contact"]["due_at"], first_contact, "{begun}");
        assert_eq!(deadlines["closure"]["due_at"], closure, "{begun}");
        let why = deadlines["first_contact"]["why"].as_str().expect("a sentence");
        let counted = "Calendar `office` counts Mon-Thu 09:00-12:30 13:00-17:30, Fri 09:00-15:00 (Europe/Berlin)";
        assert!(why.ends_with(&format!("{counted}{holidays}.")), "{why}");
    }
}

#[test]
fn a_case_that_waits_has_the_same_working_time_left_afterwards() {
    let world = world(StoreKind::Sqlite);
    let id = world.post_passive();
    world.at("2026-11-23T10:00:00Z"); // two of 38 hours are used up
    world.tick();
    let wait =
        json!({ "type": "wait", "note": "asked the carrier", "reason": "carrier", "until": "2026-11-27T23:00:00Z" });
    for order in [json!({ "type": "acknowledge", "note": "mine" }), wait] {
        let (status, case) = world.work("agent", &id, &order);
        assert_eq!(status, 200, "{case}");
    }
    let due = |case: &Value| case["deadlines"]["first_contact"]["due_at"].clone();
    assert_eq!(
        due(&world.case(&id)),
        "2026-12-04T12:00:00Z",
        "36 h from Monday the 30th on, when the wait ends at the latest"
    );
    world.at("2026-11-24T10:00:00Z");
    world.tick();
    let (status, case) = world.work("agent", &id, &json!({ "type": "resume", "note": "they called" }));
    assert_eq!((status, due(&case)), (200, json!("2026-11-30T16:30:00Z")), "eight hours of work later than without");
    let why = case["deadlines"]["first_contact"]["why"].as_str().expect("a sentence");
    assert!(
        why.ends_with("The clock stands still from Mon 2026-11-23 11:00 to Tue 2026-11-24 11:00 while the case waits."),
        "{why}"
    );
    world.at("2026-11-30T16:29:00Z");
    world.tick();
    assert_eq!(world.case(&id)["deadlines"]["first_contact"]["breached_at"], Value::Null);
    world.at("2026-11-30T16:30:00Z");
    world.tick();
    assert_eq!(world.case(&id)["deadlines"]["first_contact"]["breached_at"], "2026-11-30T16:30:00Z");
}

#[test]
fn when_the_day_is_full_worth_decides_and_the_case_says_so() {
    let world = world(StoreKind::Sqlite);
    let take = |tier: &str, account: &str, number: usize| {
        let id = world.post_of(tier, account, number);
        world.tick();
        id
    };
    let owned = take("basic", "A-1", 1);
    let other = take("silver", "A-1", 2);
    let least = take("basic", "A-2", 3);
    let refused = take("basic", "A-3", 4);
    for (id, expected) in [
        (&owned, "grace: owns the account; 1 of 1 on 2026-11-23"),
        (&other, "ada: least loaded, as grace, who owns the account, has no room; 1 of 2 on 2026-11-23"),
        (&least, "ada: least loaded; 2 of 2 on 2026-11-23"),
        (
            &refused,
            "-: 3 cases, all that the queue can work on 2026-11-23, are worth at least its 3 or are being worked",
        ),
    ] {
        assert_eq!(world.who(id), expected);
    }
    let better = take("silver", "A-4", 5);
    assert_eq!(world.who(&better), "ada: worth 6, and so before a case of worth 3; 2026-11-23 is full");
    assert_eq!(world.who(&least), "-: a case of worth 6 came before this one of worth 3; 2026-11-23 is full");
    let alerts = world.case(&refused)["alerts"].clone();
    assert!(alerts.as_array().is_some_and(|all| all.len() == 2 && all.iter().all(|a| a["state"] == "skipped")));
    // Who has begun keeps their case, though it is worth less than the others.
    assert_eq!(world.work("agent", &owned, &json!({ "type": "acknowledge", "note": "mine" })).0, 200);
    let best = take("gold", "A-5", 6);
    assert_eq!(world.who(&best), "ada: worth 9, and so before a case of worth 6; 2026-11-23 is full");
    assert!(world.who(&owned).starts_with("grace: ") && world.who(&better).starts_with("-: "));
    // On Monday evening the day is over.
    world.at("2026-11-23T17:00:00Z");
    world.tick();
    assert_eq!(world.who(&take("basic", "A-6", 7)), "ada: least loaded; 1 of 2 on 2026-11-24");
    world.at("2026-11-30T17:00:00Z");
    world.tick();
    let case = world.case(&refused);
    assert_eq!(case["deadlines"]["closure"]["breached_at"], Value::Null, "automation has no clock");
}

/// A case that is given to somebody who does not come to it is told of further, like every other.
#[test]
fn a_chain_goes_on_until_the_member_has_taken_the_case_and_incidents_end_with_a_lost_place() {
    let care = "id = \"care\"\nchannels = [\"care-chat\", \"care-mail\"]";
    let chained = "id = \"care\"\nnext = { after = \"15m\", route = \"lead\" }\nchannels = [\"care-chat\", \"pager\"]";
    let pager = "\n[[channels]]\nid = \"pager\"\nkind = \"pagerduty\"\norigin_variable = \"pagerduty_origin\"\nkey_variable = \"pagerduty_routing_key\"\n";
    let setting = Setting::default();
    let programme = setting.programme.replacen(care, chained, 1) + pager;
    assert!(programme.contains("15m"));
    let Stage { app, clock, store } = stage::open(&Setting { programme: &programme, ..setting });
    let world = World { app, clock, store, heard: Heard::default() };
    let told = |id: &str, event: &str| {
        let case = world.case(id);
        let alerts = case["alerts"].as_array().cloned().unwrap_or_default();
        alerts
            .iter()
            .filter(|alert| alert["event"] == event)
            .filter_map(|a| a["channel"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let (slow, quick) = (world.post("basic", 1), world.post("basic", 2));
    world.tick();
    assert_eq!(world.work("agent", &quick, &json!({ "type": "acknowledge", "note": "mine" })).0, 200);
    world.clock.advance(16 * 60);
    world.tick();
    assert_eq!(told(&slow, "case.untaken"), ["care-chat", "lead-mail", "events"], "{}", world.case(&slow));
    assert_eq!(told(&quick, "case.untaken"), Vec::<String>::new());
    // Better ones take all places that are left.
    for number in 3..6 {
        world.post("gold", number);
        world.tick();
    }
    assert!(world.who(&slow).starts_with("-: "), "{}", world.who(&slow));
    assert_eq!(told(&slow, "case.resolved"), ["pager"], "nobody is paged about what is no person's any more");
}

/// A case stands in the list before it is given away: whoever takes it there keeps it.
#[test]
fn who_takes_a_case_before_it_is_given_away_keeps_it() {
    for full in [false, true] {
        let world = world(StoreKind::Sqlite);
        for number in 10..if full { 13 } else { 11 } {
            world.post("gold", number);
            world.tick();
        }
        // The queue's roster cannot be read for a while.
        let roster = world.store.keys().into_iter().find(|key| key.contains("queue.key-accounts")).expect("a roster");
        let bytes = world.store.peek(&roster).expect("its value");
        world.store.plant(&roster, b"{");
        let id = world.post("basic", 1);
        world.tick();
        assert_eq!(world.case(&id)["owner"], Value::Null);
        world.store.plant(&roster, &bytes);
        assert_eq!(world.work("agent", &id, &json!({ "type": "acknowledge", "note": "mine" })).0, 200);
        world.clock.advance(180);
        world.tick();
        let case = world.case(&id);
        assert_eq!((&case["owner"], &case["state"]), (&json!("care-desk"), &json!("acknowledged")), "{case}");
        let history = case["history"].to_string();
        assert!(history.contains("taken before it was given away"), "{history}");
    }
}

/// Cases for which nobody has room are nobody's work: they are kept as their track says.
#[test]
fn what_went_to_automation_is_not_kept_for_ever() {
    let setting = Setting::default();
    let programme = setting.programme.replace("tracks = { recovery = 1825 }", "tracks = { automation = 30 }");
    let Stage { app, clock, store } = stage::open(&Setting { programme: &programme, ..setting });
    let world = World { app, clock, store, heard: Heard::default() };
    for number in 1..4 {
        world.post("gold", number);
        world.tick();
    }
    let refused = world.post("basic", 4);
    world.tick();
    assert!(world.who(&refused).starts_with("-: "));
    world.clock.advance(38 * 86_400);
    world.tick();
    world.clock.advance(120);
    world.tick();
    let gone = block_on(world.app.get_case(&refused, &headers("agent"), &No)).is_err();
    assert!(gone, "30 days are over");
}

/// A corrected answer has taken the case out of the queue: whoever gets its place there takes nothing from it.
#[test]
fn a_case_that_has_left_its_queue_loses_nothing_with_its_place() {
    let world = world(StoreKind::Sqlite);
    let gone = world.post("basic", 1);
    world.tick();
    assert!(world.who(&gone).starts_with("ada: "), "{}", world.who(&gone));
    let corrected = world.post_answer(&json!({
        "survey": "checkout-nps", "score": 7, "comment": "I meant seven.", "segment": "key-account", "response_id": "r1",
    }));
    world.tick();
    assert_eq!((&corrected, &world.case(&gone)["queue"]), (&gone, &json!("care")));
    for number in 2..7 {
        world.post(if number < 4 { "basic" } else { "gold" }, number);
        world.tick();
    }
    let case = world.case(&gone);
    assert_eq!((&case["track"], &case["owner"]), (&json!("passive"), &Value::Null), "{case}");
    assert!(case["history"].as_array().expect("a list").iter().all(|entry| entry["event"] != "automated"), "{case}");
}

#[test]
fn whatever_fails_the_places_go_to_the_cases_of_most_worth_and_no_more_than_there_are() {
    let tiers = ["basic", "silver", "gold", "basic", "gold", "silver", "gold", "silver", "gold", "basic"];
    for (kind, seed) in STORES.into_iter().flat_map(|kind| (0..4).map(move |seed| (kind, seed))) {
        let world = world(kind);
        world.store.set_faults(Some(Faults::new(seed)));
        let mut ids = Vec::new();
        for (number, tier) in tiers.iter().enumerate() {
            ids.push(world.post(tier, number));
            if number % 3 == 0 {
                world.tick();
            }
        }
        // Ticks that fail are repeated; a question that got lost is asked again by its timer.
        for _ in 0..40 {
            world.clock.advance(61);
            world.tick();
        }
        world.store.set_faults(None);
        for _ in 0..5 {
            world.clock.advance(61);
            world.tick();
        }
        let mut people = Vec::new();
        for (id, tier) in ids.iter().zip(tiers) {
            let case = world.case(id);
            let assignment = &case["assignment"];
            assert!(assignment["decided_at"].is_string(), "{kind:?} {seed}: {case}");
            assert_eq!(case["owner"], assignment["to"], "{kind:?} {seed}");
            assert_eq!(case["owner"].is_null(), case["track"] == "automation", "{kind:?} {seed}");
            if let Some(owner) = case["owner"].as_str() {
                people.push((owner.to_owned(), tier));
                assert!(world.heard.0.borrow().contains(id), "who has a case hears of it");
            }
        }
        people.sort();
        let expected = [("ada", "gold"), ("ada", "gold"), ("grace", "gold")];
        assert_eq!(people, expected.map(|(owner, tier)| (owner.to_owned(), tier)), "{kind:?} {seed}");
    }
}

#[test]
fn a_lead_takes_a_case_back_from_automation_and_its_clocks_begin() {
    let world = world(StoreKind::Sqlite);
    let ids: Vec<String> = (0..4).map(|number| world.post("basic", number)).collect();
    world.tick();
    let automated = world.case(&ids[3]);
    assert_eq!((&automated["track"], &automated["owner"]), (&json!("automation"), &Value::Null));
    world.clock.advance(3_600);
    let order = json!({ "type": "assign", "note": "a friend of the house", "owner": "care-desk" });
    assert_eq!(world.work("agent", &ids[3], &order).0, 403);
    let (status, case) = world.work("lead", &ids[3], &order);
    assert_eq!((status, &case["track"], &case["owner"]), (200, &json!("recovery"), &json!("care-desk")), "{case}");
    let happened: Vec<&str> =
        case["history"].as_array().expect("a list").iter().filter_map(|entry| entry["event"].as_str()).collect();
    assert_eq!(happened, ["opened", "automated", "overruled", "assign"]);
    let due: Vec<&Value> = ["first_contact", "closure"].map(|clock| &case["deadlines"][clock]["due_at"]).into();
    assert_eq!(due, ["2026-11-23T10:30:00Z", "2026-11-24T10:30:00Z"], "24 and 48 hours from now on");
    assert!(case["assignment"]["why"].as_str().is_some_and(|why| why.starts_with("3 cases")), "the reason stays");
}

#[test]
fn a_decision_costs_no_more_however_many_came_before() {
    let world = world(StoreKind::Sqlite);
    for number in 0..60 {
        let id = world.post("basic", number);
        world.store.reset();
        world.tick();
        let cost = world.store.operations();
        assert!(world.case(&id)["assignment"]["decided_at"].is_string());
        // Sealing (with a timer for the survey that follows), deciding, and the tick that brings the lists up to date.
        assert!(cost.reads <= 43 && cost.writes <= 20, "{number}: {cost:?}");
    }
}
