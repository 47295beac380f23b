//! Browsers and the whole application behind them, on a store in memory.

mod page;

use super::*;
use crate::config::PEPPER_VARIABLE;
use crate::config::tests::beside;
use crate::digest::hmac_sha256;
use crate::follow_up::FollowUp;
use crate::identity::Namer;
use crate::intake::Taken;
use crate::{App, Parts};
use futures::executor::block_on;
use http::{HeaderMap, Request};
use ringback_ledger::{Ledger, Options, StoreKind};
use ringback_test_support::{ManualClock, MemoryStore, SeededEntropy};
use serde_json::{Value, json};
use std::rc::Rc;

const PROGRAMME: &str = include_str!("../../../../ringback.toml");
const KEY: &str = "pk_shop_4f7Qm2Lx";
const SECRET: &str = "an-identity-secret-of-32-bytes-or-more";

struct World {
    app: App<MemoryStore, ManualClock, SeededEntropy>,
    front: Front,
    clock: ManualClock,
}

fn world(programme: &str) -> World {
    let config = Rc::new(Config::parse(programme, &beside).unwrap());
    let secrets = Secrets::new(BTreeMap::from([(PEPPER_VARIABLE.to_owned(), "p".repeat(32))]));
    let follow_up = FollowUp::new(Rc::clone(&config), Namer::new(&secrets).unwrap());
    let (clock, entropy) = (ManualClock::at(1_795_339_800), SeededEntropy::new(7));
    let store = MemoryStore::new(StoreKind::Sqlite);
    let opened = Ledger::open(store, clock.clone(), SeededEntropy::new(8), follow_up.clone(), Options::default());
    let parts = Parts { config: Rc::clone(&config), secrets, clock: clock.clone(), entropy, log: |_| {} };
    let app = App::new(parts, follow_up, block_on(opened).unwrap()).unwrap();
    let identity = Secrets::new(BTreeMap::from([("shop_identity_secret".to_owned(), SECRET.to_owned())]));
    World { app, front: Front::parse(programme, &config).unwrap().with_secrets(identity), clock }
}

impl World {
    fn post(&self, address: &str, body: &Value) -> Taken {
        let request = Request::post(format!("/v1/surveys/checkout-nps/answers?key={KEY}"))
            .header("origin", "https://shop.example.com")
            .header("content-type", "text/plain")
            .header("spin-client-addr", address)
            .header("x-forwarded-for", "198.51.100.1, 203.0.113.50")
            .body(body.to_string().into_bytes());
        block_on(self.app.post_answer(&self.front, "checkout-nps", request.unwrap()))
    }

    fn stored(&self, taken: &Taken) -> ringback_core::feedback::Feedback {
        let location = taken.reply.headers()["location"].to_str().unwrap();
        let id = location.rsplit('/').next().unwrap();
        block_on(self.app.ledger.read(id)).unwrap().unwrap().body.feedback
    }

    fn form(&self, fields: &str) -> Taken {
        let request = Request::post("/s/checkout-nps").header("spin-client-addr", "203.0.113.7:1");
        let request = request.body(fields.as_bytes().to_vec()).unwrap();
        block_on(self.app.post_survey_page(&self.front, "checkout-nps", request)).unwrap()
    }
}

fn answer(id: &str) -> Value {
    json!({ "id": id, "score": 3, "locale": "en", "channel": "web", "elapsed_ms": 3_000 })
}

#[test]
fn a_widgets_post_is_taken_and_its_repeat_is_the_same_answer() {
    let world = world(PROGRAMME);
    let first = world.post("203.0.113.7:1", &answer("response-1"));
    assert_eq!(first.reply.status(), 202, "{}", String::from_utf8_lossy(first.reply.body()));
    let mut again = answer("response-1");
    again["age_s"] = json!(90);
    assert_eq!(world.post("203.0.113.7:1", &again).reply.headers()["location"], first.reply.headers()["location"]);
    let stored = world.stored(&first);
    assert_eq!((stored.source.as_str(), stored.score.get(), stored.customer.is_unknown()), ("shop", 3, true));
}

#[test]
fn a_typed_address_is_vouched_for_by_nobody_and_a_signed_one_by_the_company() {
    let world = world(PROGRAMME);
    let mut typed = answer("response-1");
    typed["consent"] = json!({ "granted": true, "email": "ada@example.com", "wording": "contact-2026-01" });
    let stored = world.stored(&world.post("203.0.113.7:1", &typed));
    assert_eq!(stored.customer.email.as_deref(), Some("ada@example.com"));
    assert_eq!(stored.consent[0].vouched, ringback_core::consent::Vouched::Nobody);

    typed["id"] = json!("response-2");
    typed["identity"] = json!(token(r#""email":"grace@example.com""#));
    let stored = world.stored(&world.post("203.0.113.7:1", &typed));
    assert_eq!(stored.customer.email.as_deref(), Some("grace@example.com"), "what is signed counts, not what is typed");
    assert_eq!(stored.consent[0].vouched, ringback_core::consent::Vouched::Company);
}

/// A token of the shop's, for a day.
fn token(claims: &str) -> String {
    let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let signed = format!("{}.{}", part(r#"{"alg":"HS256"}"#), part(&format!("{{{claims},\"exp\":1795400000}}")));
    let signature = data_encoding::BASE64URL_NOPAD.encode(&hmac_sha256(SECRET.as_bytes(), &[signed.as_bytes()]));
    format!("{signed}.{signature}")
}

/// A link with somebody's number in it is forwarded; whoever has it must not be sent what is theirs.
#[test]
fn an_address_that_was_typed_never_becomes_one_of_somebody_who_is_named() {
    let world = world(PROGRAMME);
    for claims in
        [r#""jti":"mail-1""#, r#""sub":"C-7""#, r#""sub":"C-7","jti":"order-1""#, r#""email":"grace@example.com""#]
    {
        let mut typed = answer("response-1");
        typed["identity"] = json!(token(claims));
        typed["consent"] = json!({ "granted": true, "email": "eve@example.com", "phone": "+49 30 1234567" });
        let stored = world.stored(&world.post("203.0.113.7:1", &typed));
        assert!(stored.customer.email.as_deref() != Some("eve@example.com") && stored.customer.phone.is_none());
        assert!(stored.consent[0].granted, "the consent itself is theirs to give");
    }
}

/// The same name for a response, said by somebody else or by nobody, is another answer.
#[test]
fn nobody_adds_themselves_to_what_somebody_who_is_named_has_said() {
    let world = world(PROGRAMME);
    let mut said = answer("response-1");
    said["identity"] = json!(token(r#""sub":"C-7""#));
    let theirs = world.post("203.0.113.7:1", &said);
    let mut typed = answer("response-1");
    typed["consent"] = json!({ "granted": true, "email": "eve@example.com" });
    let nobodys = world.post("203.0.113.7:1", &typed);
    let mut other = answer("response-1");
    other["identity"] = json!(token(r#""sub":"E-1","email":"eve@example.com""#));
    let anothers = world.post("203.0.113.7:1", &other);
    let place = |taken: &Taken| taken.reply.headers()["location"].clone();
    assert!(place(&theirs) != place(&nobodys) && place(&theirs) != place(&anothers));
    assert_eq!(place(&theirs), place(&world.post("203.0.113.7:1", &said)), "their own is one answer");
    assert_eq!(world.stored(&theirs).customer.email, None);
}

/// Seconds until [`token`]s end.
const TOKEN_ENDS: u64 = 1_795_400_000 - 1_795_339_800;

/// Whoever takes longer to write than their identity lasts adds to their own answer all the same.
#[test]
fn an_identity_that_has_expired_still_names_what_was_begun_with_it() {
    let world = world(PROGRAMME);
    let mut said = answer("response-1");
    said["identity"] = json!(token(r#""sub":"C-7""#));
    let score = world.post("203.0.113.7:1", &said);
    world.clock.advance(TOKEN_ENDS + 7 * 86_400);
    said["comment"] = json!("it took me a while");
    let comment = world.post("203.0.113.7:1", &said);
    assert_eq!(comment.reply.headers()["location"], score.reply.headers()["location"]);
    for (id, claims) in [("response-2", r#""sub":"C-7""#), ("response-1", r#""sub":"C-8""#)] {
        let mut other = answer(id);
        other["identity"] = json!(token(claims));
        assert_eq!(world.post("203.0.113.7:1", &other).reply.status(), 401, "{id} of {claims} was never begun");
    }
    world.clock.advance(86_400);
    said["comment"] = json!("too late");
    assert_eq!(world.post("203.0.113.7:1", &said).reply.status(), 401);
}

/// A link in a mail may have been forwarded: once it has ended it adds to nothing.
#[test]
fn an_identity_for_one_answer_ends_when_it_says() {
    let world = world(PROGRAMME);
    let mut said = answer("response-1");
    said["identity"] = json!(token(r#""sub":"C-7","jti":"mail-1""#));
    assert_eq!(world.post("203.0.113.7:1", &said).reply.status(), 202);
    world.clock.advance(TOKEN_ENDS);
    said["comment"] = json!("by somebody else?");
    assert_eq!(world.post("203.0.113.7:1", &said).reply.status(), 401);
}

#[test]
fn only_an_address_of_the_kind_that_is_asked_for_is_taken_and_only_if_it_is_one() {
    let world = world(PROGRAMME);
    let mut typed = answer("response-1");
    typed["consent"] = json!({ "granted": true, "phone": "+49 30 1234567" });
    let stored = world.stored(&world.post("203.0.113.7:1", &typed));
    assert_eq!((stored.customer.email, stored.customer.phone), (None, None), "this survey asks for mail");
    for phone in ["x <victim@example.com>", "a@x.de,b@y.de", "+49", "call me"] {
        typed["consent"] = json!({ "granted": true, "phone": phone });
        let refused = world.post("203.0.113.7:1", &typed).reply;
        assert_eq!(refused.status(), 422, "{phone}");
        assert!(String::from_utf8_lossy(refused.body()).contains("/consent/phone"));
    }
}

#[test]
fn going_back_to_an_earlier_score_counts_and_a_repeat_does_not() {
    let world = world(PROGRAMME);
    let post = |score: u8, turn: &str| {
        let mut given = answer("response-1");
        (given["score"], given["turn"]) = (json!(score), json!(turn));
        let taken = world.post("203.0.113.7:1", &given);
        let _ = block_on(world.app.ledger.tick(&Nobody));
        world.stored(&taken).score.get()
    };
    assert_eq!((post(7, "1"), post(8, "2"), post(7, "3")), (7, 8, 7));
    assert_eq!(post(8, "2"), 7, "a repeat that comes late");
}

#[test]
fn a_no_is_never_entered_under_an_address_that_was_typed() {
    let world = world(PROGRAMME);
    let mut refusal = answer("response-1");
    refusal["consent"] = json!({ "granted": false, "email": "ada@example.com" });
    let stored = world.stored(&world.post("203.0.113.7:1", &refusal));
    assert!(stored.customer.email.is_none() && !stored.consent[0].granted);
}

#[test]
fn who_sends_too_much_waits_and_a_header_names_somebody_else_only_where_it_is_trusted() {
    let alone = world(PROGRAMME);
    let status = |world: &World, address: &str, n: usize| {
        world.post(address, &answer(&format!("response-{n}"))).reply.status().as_u16()
    };
    let taken = (0..80).filter(|n| status(&alone, "203.0.113.7:1", *n) == 202).count();
    assert!((60..=66).contains(&taken), "{taken}: every sixteenth is put on the key's meter instead");
    assert_eq!(status(&alone, "203.0.113.8:1", 100), 202);
    alone.clock.advance(2);
    assert_eq!(status(&alone, "203.0.113.7:1", 101), 202, "one a second is paid off");

    let trusting = PROGRAMME.replace("# client_address =", "client_address =");
    let behind_a_proxy = world(&trusting);
    for n in 0..80 {
        let _ = status(&behind_a_proxy, &format!("10.0.0.{n}:1"), n);
    }
    assert_eq!(status(&behind_a_proxy, "10.0.0.200:1", 200), 429, "all of it came from the one behind the proxy");
}

#[test]
fn a_key_has_a_limit_over_all_addresses() {
    let world = world(&PROGRAMME.replace("address = 60, key = 1200", "address = 60, key = 64"));
    let status = |n: usize| {
        world
            .post(&format!("203.0.{}.{}:1", n / 200, n % 200), &answer(&format!("response-{n}")))
            .reply
            .status()
            .as_u16()
    };
    let taken = (0..200).filter(|n| status(*n) == 202).count();
    assert!((64..=80).contains(&taken), "{taken}");
}

#[test]
fn the_first_known_language_is_spoken() {
    let config = Config::parse(PROGRAMME, &beside).unwrap();
    for (wanted, spoken) in [("de-CH,en", "de"), ("pt-BR, fr;q=0.8", "fr"), ("ar_EG", "ar"), ("xx", "en"), ("", "en")] {
        assert_eq!(language(wanted, &config), spoken, "{wanted}");
    }
}

fn linking() -> String {
    PROGRAMME.replace("default_locale = \"en\"", "default_locale = \"en\"\nlink_after_answer = true")
}

/// The token of the link to what was answered, if it came along.
fn own(taken: &Taken) -> Option<String> {
    let link = taken.reply.headers().get("link")?.to_str().ok()?;
    assert!(link.ends_with("; rel=\"urn:ringback:rel:own-answer\""), "{link}");
    let url = link.split(['<', '>']).nth(1)?;
    url.strip_prefix("http://127.0.0.1:3000/preferences/").map(str::to_owned)
}

#[test]
fn the_link_comes_only_where_it_is_wanted_and_only_to_who_answers_first() {
    assert_eq!(own(&world(PROGRAMME).post("203.0.113.7:1", &answer("response-1"))), None, "off by default");
    let world = world(&linking());
    assert!(own(&world.post("203.0.113.7:1", &answer("response-1"))).is_some());
    assert_eq!(own(&world.post("203.0.113.7:1", &answer("response-1"))), None, "a repeat");
    let mut update = answer("response-1");
    update["comment"] = json!("Who sends this need not be who answered");
    assert_eq!(own(&world.post("203.0.113.7:1", &update)), None, "an update");
}

#[test]
fn the_link_shows_and_erases_its_answer_and_nothing_of_whose_address_was_typed() {
    let world = world(&linking());
    let app = &world.app;
    // Somebody types Ada's address.
    let mut typed = answer("stranger-1");
    typed["comment"] = json!("A <b>stranger</b> wrote this");
    typed["consent"] = json!({ "granted": true, "email": "ada@example.com" });
    let token = own(&world.post("203.0.113.7:1", &typed)).expect("a link");
    let own_id = token.split('.').next().unwrap();
    let other = world.post("203.0.113.8:1", &{
        let mut other = answer("another-1");
        other["comment"] = json!("Ada wrote this");
        other["consent"] = json!({ "granted": true, "email": "ada@example.com" });
        other
    });
    let text = |reply: crate::problem::Reply| (reply.status(), String::from_utf8(reply.into_body()).unwrap());
    for (status, page) in [
        text(block_on(app.get_preferences(&token, "lang=en", &HeaderMap::new())).unwrap()),
        text(block_on(app.get_preferences_data(&token, &HeaderMap::new())).unwrap()),
    ] {
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("wrote this") && !page.contains("<b>stranger") || page.starts_with('{'), "{page}");
        for foreign in ["ada@", "Ada wrote", "email", "person\""] {
            assert!(!page.contains(foreign), "{foreign}: {page}");
        }
    }
    let post = |form: &str| Request::post("/").body(form.as_bytes().to_vec()).unwrap();
    for reply in [
        block_on(app.post_preferences(&token, &post("none=yes"))),
        block_on(app.post_unsubscribe(&token, &HeaderMap::new())),
        block_on(app.post_preferences_person(&token, &post(""))),
        block_on(app.post_preferences_confirm(&token, &post(""))),
    ] {
        assert_eq!(reply.unwrap().status(), StatusCode::NOT_FOUND, "it decides nothing for a person");
    }
    let unconfirmed = block_on(app.post_preferences_erase(&token, &post(""))).unwrap();
    assert_eq!(unconfirmed.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        block_on(app.ledger.read(own_id)).unwrap().unwrap().body.feedback.comment.is_some(),
        "looking erases nothing"
    );
    assert_eq!(block_on(app.post_preferences_erase(&token, &post("confirm=yes"))).unwrap().status(), StatusCode::OK);
    for _ in 0..4 {
        world.clock.advance(60);
        block_on(app.ledger.tick(&Nobody)).unwrap();
    }
    let left = block_on(app.ledger.read(own_id)).unwrap().unwrap().body.feedback;
    assert_eq!((left.comment, left.customer.email), (None, None));
    assert_eq!(world.stored(&other).comment.as_deref(), Some("Ada wrote this"), "another answer is untouched");
    assert_eq!(world.stored(&other).customer.email.as_deref(), Some("ada@example.com"));
}

struct Nobody;

impl ringback_ledger::HandOver for Nobody {
    async fn hand_over(&self, _: Vec<ringback_ledger::Due>) {}
}
