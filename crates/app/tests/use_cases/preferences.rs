//! The preference page over the use cases alone, on every kind of store: fast, and without Wasm.

use crate::stage::yes::Yes;
use crate::stage::{self, Application, START, Setting, Stage};
use futures::executor::block_on;
use http::{HeaderMap, Request, Response, StatusCode, header};
use ringback_app::preferences::LASTS_S;
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
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
    let Stage { app, clock, store } = stage::open(&Setting { kind, ..Setting::default() });
    World { app, clock, store }
}

fn customer() -> Customer {
    Customer { email: Some("ada@example.com".into()), id: Some("C-7".into()), ..Customer::default() }
}

impl World {
    /// Posts a detractor who may be mailed about it, and gives the token of their page.
    fn answer(&self, response: &str) -> String {
        let id = self.take(&json!({
            "survey": "checkout-nps", "score": 3, "response_id": response, "comment": "Crushed <b>box</b>",
            "customer": { "id": "C-7", "email": "ada@example.com", "name": "Ada Lovelace" },
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": "w1" }],
        }));
        self.link(&id, "ada@example.com")
    }

    /// The token that somebody is sent to this address.
    fn link(&self, id: &str, address: &str) -> String {
        let url = self.app.preferences_url(id, address, START);
        url.rsplit('/').next().expect("a token").to_owned()
    }

    /// Posts an answer, and gives its id.
    fn take(&self, body: &Value) -> String {
        let request = Request::post("/v1/feedback")
            .header(header::AUTHORIZATION, "Bearer intake")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes())
            .expect("a request");
        let taken = block_on(self.app.post_feedback(request)).expect("taken");
        let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
        self.tick();
        location.trim_start_matches("/v1/feedback/").to_owned()
    }

    fn tick(&self) {
        self.clock.advance(1);
        block_on(self.app.ledger.tick(&Nobody)).expect("ticks");
    }

    fn page(&self, token: &str, query: &str) -> (StatusCode, String) {
        text(block_on(self.app.get_preferences(token, query, &HeaderMap::new())).expect("an answer"))
    }

    fn post(&self, token: &str, form: &str) -> Response<Vec<u8>> {
        self.clock.advance(1);
        let request = Request::post("/").body(form.as_bytes().to_vec()).expect("a request");
        block_on(self.app.post_preferences(token, &request)).expect("an answer")
    }

    fn gate(&self, purpose: Purpose) -> Decision {
        block_on(self.app.may_contact(&customer(), ContactChannel::Email, purpose)).expect("decides")
    }

    fn data(&self, token: &str) -> Value {
        let reply = block_on(self.app.get_preferences_data(token, &HeaderMap::new())).expect("an answer");
        serde_json::from_slice(reply.body()).expect("JSON")
    }
}

fn text(reply: Response<Vec<u8>>) -> (StatusCode, String) {
    (reply.status(), String::from_utf8(reply.into_body()).expect("text"))
}

#[test]
fn a_choice_holds_at_once_under_every_identity() {
    for kind in STORES {
        let w = world(kind);
        let token = w.answer("r1");
        assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)), "{kind:?}");
        let (status, page) = w.page(&token, "");
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains(r#"name="email.follow_up" value="yes" checked"#), "{page}");
        assert!(page.contains("never asked") && !page.contains("phone.follow_up"), "{page}");

        let reply = w.post(&token, "lang=en&shown=email.follow_up&shown=email.survey&email.survey=yes");
        assert_eq!(reply.status(), StatusCode::SEE_OTHER);
        assert!(matches!(w.gate(Purpose::Survey), Decision::Allowed(_)), "{kind:?}");
        assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(Blocked::Withdrawn), "{kind:?}");
        // What was not shown was not decided.
        assert_eq!(w.gate(Purpose::Marketing), Decision::Blocked(Blocked::Unknown), "{kind:?}");
        let by_number = Customer { id: Some("C-7".into()), ..Customer::default() };
        let decision = block_on(w.app.may_contact(&by_number, ContactChannel::Email, Purpose::FollowUp)).unwrap();
        assert_eq!(decision, Decision::Blocked(Blocked::Withdrawn), "{kind:?}");

        assert_eq!(w.post(&token, "none=yes").status(), StatusCode::SEE_OTHER);
        assert_eq!(w.gate(Purpose::Survey), Decision::Blocked(Blocked::Withdrawn), "{kind:?}");
        assert_eq!(w.gate(Purpose::Marketing), Decision::Blocked(Blocked::Refused), "{kind:?}");
    }
}

#[test]
fn one_click_ends_all_mail_and_a_get_changes_nothing() {
    let w = world(StoreKind::Sqlite);
    let token = w.answer("r1");
    let before = w.store.operations();
    w.page(&token, "lang=de&none=yes&email.survey=yes");
    w.data(&token);
    assert_eq!(w.store.operations().writes, before.writes, "a GET has written");
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)));
    w.clock.advance(1);
    let (status, _) = text(block_on(w.app.post_unsubscribe(&token, &HeaderMap::new())).unwrap());
    assert_eq!(status, StatusCode::OK);
    for purpose in [Purpose::FollowUp, Purpose::Survey, Purpose::Marketing] {
        assert!(matches!(w.gate(purpose), Decision::Blocked(_)), "{purpose}");
    }
}

#[test]
fn a_person_takes_everything_along_and_has_it_erased() {
    for kind in STORES {
        let w = world(kind);
        let token = w.answer("r1");
        w.answer("r2");
        let held = w.data(&token);
        assert_eq!(held["answers"].as_array().unwrap().len(), 2, "{kind:?}: {held}");
        assert_eq!(held["answers"][0]["customer"]["name"], "Ada Lovelace");
        assert_eq!(held["consent"][0]["wording"], "w1");

        let erase = |form: &str| {
            let request = Request::post("/").body(form.as_bytes().to_vec()).unwrap();
            block_on(w.app.post_preferences_erase(&token, &request)).unwrap().status()
        };
        assert_eq!(erase(""), StatusCode::UNPROCESSABLE_ENTITY, "not by accident");
        assert_eq!(w.data(&token), held);
        assert_eq!(erase("confirm=yes"), StatusCode::OK);
        w.tick();
        let left = w.data(&token).to_string();
        for personal in ["Ada", "ada@example.com", "C-7", "Crushed"] {
            assert!(!left.contains(personal), "{kind:?}: {left}");
            let stored =
                |key: &String| String::from_utf8_lossy(&w.store.peek(key).unwrap_or_default()).contains(personal);
            assert_eq!(w.store.keys().into_iter().find(stored), None, "{kind:?}: {personal}");
        }
    }
}

#[test]
fn a_made_up_or_expired_link_opens_nothing_and_costs_nothing() {
    let w = world(StoreKind::Sqlite);
    let token = w.answer("r1");
    let operations = w.store.operations();
    let forged = format!("{}x", &token[..token.len() - 1]);
    for bad in ["", "a", forged.as_str()] {
        let (status, page) = w.page(bad, "lang=fr");
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(page.contains("Ce lien ne fonctionne pas") && !page.contains("Ada"), "{page}");
        assert_eq!(w.post(bad, "none=yes").status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(w.store.operations(), operations);
    w.clock.advance(LASTS_S + 1);
    assert_eq!(w.page(&token, "").0, StatusCode::NOT_FOUND);
}

#[test]
fn a_link_opens_nothing_of_whoever_an_answer_belongs_to_later() {
    let w = world(StoreKind::Sqlite);
    w.answer("hers");
    let typed = |email: &str| {
        w.take(&json!({
            "survey": "checkout-nps", "score": 0, "response_id": "r", "customer": { "email": email },
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true }],
        }))
    };
    let id = typed("eve@example.com");
    let eve = w.link(&id, "eve@example.com");
    assert_eq!(w.data(&eve)["answers"].as_array().map(Vec::len), Some(1));
    assert_eq!(typed("ada@example.com"), id, "the address is another one now");
    for held in [w.data(&eve).to_string(), w.page(&eve, "lang=en").1] {
        for hers in ["Ada", "ada@example.com", "Crushed", "w1"] {
            assert!(!held.contains(hers), "{hers}: {held}");
        }
    }
    // Neither a yes nor a no of the stranger is hers, and nothing of hers is erased.
    assert_eq!(w.post(&eve, "none=yes").status(), StatusCode::SEE_OTHER);
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)));
    let _ = w.post(&eve, "shown=email.marketing&email.marketing=yes");
    assert_eq!(w.gate(Purpose::Marketing), Decision::Blocked(Blocked::Unknown));
    let person = Request::post("/").body(Vec::new()).expect("a request");
    let reply = block_on(w.app.post_preferences_person(&eve, &person)).expect("an answer");
    assert_eq!(reply.status(), StatusCode::NOT_FOUND, "the case is no longer theirs");
    let ada = w.link(&id, "ada@example.com");
    assert_eq!(w.data(&ada)["answers"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_an_update_says_of_consent_counts_though_it_names_nobody() {
    for kind in [StoreKind::Sqlite, StoreKind::Redis] {
        let w = world(kind);
        w.answer("r");
        let said = |granted: bool| {
            w.take(&json!({
                "survey": "checkout-nps", "score": 3, "response_id": "r",
                "consent": [{ "channel": "email", "purpose": "follow_up", "granted": granted }],
            }))
        };
        said(false);
        assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(Blocked::Withdrawn), "{kind:?}");
        // Thought better of, within one answer; and a platform's repeat says nothing anew over what came in between.
        said(true);
        assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)), "{kind:?}");
        let id = w.take(&json!({ "survey": "checkout-nps", "score": 3, "response_id": "r" }));
        let page = w.link(&id, "ada@example.com");
        w.clock.advance(5);
        assert_eq!(w.post(&page, "none=yes").status(), StatusCode::SEE_OTHER);
        w.clock.advance(5);
        w.take(&json!({
            "survey": "checkout-nps", "score": 3, "response_id": "r", "comment": "late",
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true }],
        }));
        assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(Blocked::Withdrawn), "{kind:?}");
        // Said before they were known, too.
        let w = world(kind);
        let first = json!({
            "survey": "checkout-nps", "score": 3, "response_id": "s",
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": false }],
        });
        w.take(&first);
        let named = json!({ "id": "C-7", "email": "ada@example.com" });
        w.take(&json!({ "survey": "checkout-nps", "score": 3, "response_id": "s", "customer": named }));
        assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(Blocked::Refused), "{kind:?}");
    }
}

#[test]
fn a_yes_that_arrives_late_takes_back_no_withdrawal() {
    let w = world(StoreKind::Sqlite);
    let token = w.answer("first");
    w.clock.advance(3 * 86_400);
    assert_eq!(w.post(&token, "none=yes").status(), StatusCode::SEE_OTHER);
    w.clock.advance(86_400);
    let late = |response: &str, occurred_at: &str| {
        w.take(&json!({
            "survey": "checkout-nps", "score": 3, "response_id": response, "occurred_at": occurred_at,
            "customer": { "email": "ada@example.com" },
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true }],
        }))
    };
    late("late", "2026-11-23T10:00:00Z");
    assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(Blocked::Withdrawn));
    late("later", "2026-11-26T09:00:00Z");
    assert!(matches!(w.gate(Purpose::FollowUp), Decision::Allowed(_)));
}

#[test]
fn what_a_person_takes_along_is_all_of_it_and_names_nobody_who_works_here() {
    let w = world(StoreKind::Sqlite);
    let token = w.answer("r");
    let id = token.split('.').next().expect("an answer").to_owned();
    let event = |event: Value| {
        let agent = HeaderMap::from_iter([(header::AUTHORIZATION, "Bearer agent".parse().expect("a header"))]);
        let case = block_on(w.app.get_case(&id, &agent, &Yes)).expect("a case");
        let request = Request::post("/").header(header::AUTHORIZATION, "Bearer agent");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::IF_MATCH, &case.headers()[header::ETAG]);
        let request = request.body(event.to_string().into_bytes()).expect("a request");
        block_on(w.app.post_case_event(&id, request, &Yes)).map(|_| ()).expect("done");
    };
    event(json!({ "type": "split", "note": "n", "department": "depot", "task": "count the boxes" }));
    event(json!({ "type": "finish_task", "note": "n", "task": 1 }));
    event(json!({ "type": "acknowledge", "note": "n" }));
    event(json!({ "type": "resolve", "note": "n", "root_cause": "late", "remedy": "a new box" }));
    let consent = json!({
        "customer": { "email": "ada@example.com" },
        "consent": [{ "channel": "email", "purpose": "survey", "granted": true }],
    });
    let request = Request::post("/").header(header::AUTHORIZATION, "Bearer agent");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let request = request.body(consent.to_string().into_bytes()).expect("a request");
    block_on(w.app.post_consent(request)).map(|_| ()).expect("entered");
    let held = w.data(&token).to_string();
    for text in ["count the boxes", "a new box", "\"company\""] {
        assert!(held.contains(text), "{text}: {held}");
    }
    assert!(!held.contains("care-desk"), "{held}");
}

#[test]
fn an_update_takes_nothing_away_that_it_leaves_out() {
    let w = world(StoreKind::Sqlite);
    let answer = |more: &Value| {
        let mut answer = json!({ "survey": "checkout-nps", "score": 3, "response_id": "r" });
        answer.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        w.take(&answer)
    };
    let id = answer(&json!({ "touchpoint": "returns", "account": { "id": "A-1", "name": "Analytical Engines" } }));
    answer(&json!({ "account": { "level": "c-suite" } }));
    let shown = || {
        let agent = HeaderMap::from_iter([(header::AUTHORIZATION, "Bearer agent".parse().expect("a header"))]);
        let reply = block_on(w.app.get_feedback(&id, &agent)).expect("an answer");
        serde_json::from_slice::<Value>(reply.body()).expect("JSON")
    };
    let feedback = shown();
    assert_eq!(feedback["touchpoint"], "returns");
    let account = &feedback["account"];
    assert_eq!((&account["id"], &account["level"]), (&json!("A-1"), &json!("c-suite")), "{account}");
    answer(&json!({ "touchpoint": "delivery" }));
    assert_eq!(shown()["touchpoint"], "delivery");
}

#[test]
fn one_answer_that_cannot_be_read_keeps_no_other_from_being_erased() {
    let w = world(StoreKind::Sqlite);
    w.answer("first");
    w.answer("second");
    let records: Vec<String> = w.store.keys().into_iter().filter(|key| key.starts_with("k:")).collect();
    w.store.plant(&records[0], b"{\"half");
    let erasure = Request::post("/").header(header::AUTHORIZATION, "Bearer admin");
    let erasure = erasure.header(header::CONTENT_TYPE, "application/json");
    let erasure =
        erasure.body(json!({ "customer": { "email": "ada@example.com", "id": "C-7" } }).to_string().into_bytes());
    let reply = block_on(w.app.post_erasure(erasure.expect("a request"))).expect("erased");
    assert!(reply.reply.status().is_success());
    let left = w.store.peek(&records[1]).expect("its value");
    assert!(!String::from_utf8_lossy(&left).contains("ada@example.com"));
}

#[test]
fn a_yes_is_not_inherited_by_whom_an_answer_turns_out_to_be_of() {
    let w = world(StoreKind::Sqlite);
    w.take(&json!({
        "survey": "checkout-nps", "score": 3, "response_id": "r", "customer": { "email": "eve@example.com" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true }],
    }));
    let ada = json!({ "email": "ada@example.com", "id": "C-7" });
    w.take(&json!({ "survey": "checkout-nps", "score": 3, "response_id": "r", "customer": ada }));
    assert_eq!(w.gate(Purpose::FollowUp), Decision::Blocked(Blocked::Pending));
}
