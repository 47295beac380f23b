//! What a browser is told and may send, over plain HTTP.

use super::{KEY, SHOP, answer, path, post, readable_by, signed};
use crate::answers::with;
use ringback_tests::{ADMIN, IDENTITY_SECRET, World, identity_token, location_id};
use serde_json::{Value, json};

fn survey(id: &str, more: &str) -> String {
    format!("/v1/surveys/{id}?key={KEY}{more}")
}

#[tokio::test]
async fn the_script_is_small_cacheable_and_compressed_for_those_who_take_it() {
    let world = World::start().await;
    let plain = world.get("/widget.js").send().await.expect(200);
    let packed = world.get("/widget.js").header("accept-encoding", "gzip, br").send().await.expect(200);
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), ("", "gzip"));
    assert!(packed.body.len() < 12_000 && packed.body.len() < plain.body.len(), "{} bytes", packed.body.len());
    assert!(plain.header("content-type").starts_with("text/javascript"));
    assert!(plain.text().contains("ringback") && plain.header("cache-control").contains("max-age"));
    assert_eq!(plain.header("cross-origin-resource-policy"), "cross-origin");
    let etag = plain.header("etag").to_owned();
    let again = world.get("/widget.js").header("if-none-match", etag.as_str()).send().await.expect(304);
    assert_eq!((again.body.len(), again.header("etag")), (0, etag.as_str()));
    let _ = world.post("/widget.js").send().await.expect(405);
}

#[tokio::test]
async fn a_survey_is_told_in_the_language_and_by_the_thresholds_of_the_visitor() {
    let world = World::start().await;
    let ask = |more: &'static str| world.get(&survey("checkout-nps", more)).header("origin", SHOP).send();
    let english = ask("").await.expect(200);
    assert!(readable_by(&english, SHOP) && english.header("vary").contains("origin"));
    assert!(english.header("cache-control").contains("max-age"));
    let document = english.json();
    for (name, value) in
        [("metric", json!("nps")), ("min", json!(0)), ("max", json!(10)), ("low", json!(6)), ("high", json!(9))]
    {
        assert_eq!(document[name], value, "{name}");
    }
    assert_eq!(document["texts"]["question"], "How likely are you to recommend Example Shop to a friend or colleague?");
    assert_eq!(document["texts"]["follow_middle"], "What would make it a 9 or 10?", "the programme's own text");
    assert_eq!(document["contact"]["wording"], "contact-2026-01");
    for (language, spoken, direction) in [
        ("de-AT", "de", "ltr"),
        ("fr", "fr", "ltr"),
        ("it", "it", "ltr"),
        ("es-MX,en", "es", "ltr"),
        ("ar", "ar", "rtl"),
        ("ja", "en", "ltr"),
    ] {
        let told = world.get(&survey("checkout-nps", &format!("&lang={language}"))).send().await.expect(200).json();
        assert_eq!((&told["language"], &told["direction"]), (&json!(spoken), &json!(direction)), "{language}");
    }
    assert_eq!(ask("&country=CH").await.json()["low"], 5);
    let etag = english.header("etag").to_owned();
    let _ = world.get(&survey("checkout-nps", "")).header("if-none-match", etag).send().await.expect(304);
    for id in ["delivery-csat", "support-ces", "product-stars", "help-thumbs"] {
        let _ = world.get(&survey(id, "")).send().await.expect(200);
    }
}

#[tokio::test]
async fn a_key_opens_its_own_surveys_from_its_own_origins_and_nothing_else() {
    let world = World::start().await;
    let body = answer("response-1", 3);
    let other = path("checkout-nps").replace(KEY, "pk_other_12345678");
    let table = [
        (path("checkout-nps"), Some("https://evil.example"), 403, "origin-not-allowed"),
        (path("checkout-nps"), Some("http://shop.example.com"), 403, "origin-not-allowed"),
        (path("checkout-nps"), Some("https://shop.example.com.evil.example"), 403, "origin-not-allowed"),
        (path("checkout-nps"), Some("null"), 403, "origin-not-allowed"),
        (path("checkout-nps"), None, 403, "origin-not-allowed"),
        (other, Some(SHOP), 401, "unknown-key"),
        ("/v1/surveys/checkout-nps/answers".to_owned(), Some(SHOP), 401, "unknown-key"),
        (path("no-such-survey"), Some(SHOP), 404, "not-found"),
    ];
    for (path, origin, status, kind) in table {
        let call = world.post(&path).header("content-type", "text/plain").bytes(body.to_string());
        let call = if let Some(origin) = origin { call.header("origin", origin) } else { call };
        let refused = call.send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (status, kind), "{path} {origin:?}");
        if let Some(origin) = origin {
            assert!(readable_by(&refused, origin), "the page's author must be able to read what is wrong");
        }
    }
    assert_eq!(world.head().await, 0, "nothing was stored");
    let told = world.get(&survey("checkout-nps", "")).header("origin", "https://evil.example").send().await;
    assert_eq!((told.status, told.problem().as_str()), (403, "origin-not-allowed"));
    for path in ["/v1/feedback/x", "/v1/cases/x", "/v1/insights/scores"] {
        let refused = world.get(&format!("{path}?key={KEY}")).token(KEY).send().await;
        assert_eq!(refused.status, 401, "{path}: a site key reads nothing");
    }
}

#[tokio::test]
async fn a_preflight_holds_for_two_hours_and_only_for_allowed_origins() {
    let world = World::start().await;
    let ask = |origin: &'static str| {
        let call = world.call("OPTIONS".parse().expect("a method"), &path("checkout-nps"));
        call.header("origin", origin).header("access-control-request-method", "POST").send()
    };
    let yes = ask(SHOP).await.expect(204);
    assert_eq!(yes.header("access-control-max-age"), "7200");
    assert_eq!(
        (yes.header("access-control-allow-origin"), yes.header("access-control-allow-headers")),
        (SHOP, "content-type")
    );
    assert!(yes.header("access-control-allow-methods").contains("POST"));
    assert_eq!(ask("https://evil.example").await.status, 403, "a browser sends nothing after that");
    let taken = world.post(&path("checkout-nps")).header("origin", SHOP).json(&answer("by-json-1", 9)).send().await;
    assert_eq!(taken.status, 202, "JSON is taken as JSON, too");
}

#[tokio::test]
async fn a_score_is_durable_at_once_and_the_comment_updates_it() {
    let world = World::start().await;
    let taken = post(&world, "checkout-nps", &answer("response-1", 3)).send().await;
    let id = location_id(&taken);
    assert_eq!((taken.body.len(), taken.header("content-length")), (0, "0"));
    assert!(readable_by(&taken, SHOP) && !taken.header("ratelimit").is_empty());
    let more = with(
        answer("response-1", 3),
        &json!({ "comment": "It came broken.", "consent": { "granted": true, "wording": "contact-2026-01", "email": "ada@example.com" } }),
    );
    for round in ["first", "sent again after a reload"] {
        let body = with(more.clone(), &json!({ "age_s": if round == "first" { 0 } else { 90 } }));
        assert_eq!(location_id(&post(&world, "checkout-nps", &body).send().await), id, "{round}");
        world.sealed().await;
    }
    let stored = world.stored(&id).await;
    for (name, value) in [
        ("source", "shop"),
        ("survey", "checkout-nps"),
        ("band", "detractor"),
        ("comment", "It came broken."),
        ("channel", "web"),
    ] {
        assert_eq!(stored[name], value, "{name}");
    }
    let case = world.case(&id).await;
    assert_eq!(case.happened(), ["opened", "feedback.updated"], "once each");
    assert_eq!(case.contact("email")["allowed"], true);
}

#[tokio::test]
async fn stars_and_thumbs_are_banded_by_their_own_scales() {
    let world = World::start().await;
    for (survey, score, band) in [
        ("product-stars", 2, "dissatisfied"),
        ("product-stars", 3, "neutral"),
        ("product-stars", 5, "satisfied"),
        ("help-thumbs", 0, "dissatisfied"),
        ("help-thumbs", 1, "satisfied"),
    ] {
        let id = location_id(&post(&world, survey, &answer(&format!("response-{survey}-{score}"), score)).send().await);
        assert_eq!(world.stored(&id).await["band"], band, "{survey} {score}");
    }
    let refused = post(&world, "help-thumbs", &answer("response-9", 2)).send().await;
    assert_eq!((refused.status, refused.pointers()), (422, vec!["/score".to_owned()]));
}

#[tokio::test]
async fn wrong_fields_are_named_and_machines_are_told_so() {
    let world = World::start().await;
    let table: [(Value, u16, &str); 8] = [
        (json!({ "website": "https://spam.example" }), 422, "looks-automated"),
        (json!({ "elapsed_ms": 10 }), 422, "looks-automated"),
        (json!({ "customer": { "email": "ada@example.com" } }), 422, "/customer"),
        (json!({ "id": "short" }), 422, "/id"),
        (json!({ "score": "ten" }), 422, "/score"),
        (json!({ "score": 11 }), 422, "/score"),
        (json!({ "consent": { "granted": true, "email": "nobody" } }), 422, "/consent/email"),
        (json!({ "tier": "gold" }), 422, "/tier"),
    ];
    for (more, status, what) in table {
        let refused = post(&world, "checkout-nps", &with(answer("response-1", 3), &more)).send().await;
        assert_eq!(refused.status, status, "{more}");
        let named = if what.starts_with('/') { refused.pointers().join(" ") } else { refused.problem() };
        assert_eq!(named, what, "{more}");
    }
    assert_eq!(world.head().await, 0);
}

#[tokio::test]
async fn who_answers_is_known_from_a_signature_and_from_nothing_else() {
    let world = World::start().await;
    let claims = json!({ "sub": "C-7", "email": "ada@example.com", "name": "Ada Lovelace", "tier": "gold", "account": { "id": "A-1" } });
    let body = |id: &str, token: String| with(answer(id, 2), &json!({ "identity": token }));
    let begun = body("response-7", signed(&world, claims.clone()));
    let id = location_id(&post(&world, "checkout-nps", &begun).send().await);
    world.sealed().await;
    let stored = world.stored(&id).await;
    assert_eq!((&stored["customer"]["email"], &stored["account"]["id"]), (&json!("ada@example.com"), &json!("A-1")));
    assert_eq!(world.case(&id).await.json["rule"], "gold-detractor");

    let until = world.now().timestamp();
    let with_exp = |exp: i64| with(claims.clone(), &json!({ "exp": exp }));
    for (name, token) in [
        ("another secret", identity_token("another-secret-that-is-long-enough-000", &with_exp(until + 60))),
        ("expired", identity_token(IDENTITY_SECRET, &with_exp(until))),
        ("without an end", identity_token(IDENTITY_SECRET, &claims)),
        ("another survey", signed(&world, with(claims.clone(), &json!({ "survey": "support-ces" })))),
        ("no token", "ada@example.com".to_owned()),
    ] {
        let head = world.head().await;
        let refused = post(&world, "checkout-nps", &body("response-8", token)).send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (401, "identity-refused"), "{name}");
        assert_eq!(world.head().await, head, "{name}");
    }
    // What was begun in time goes on under the name that it has.
    let late =
        with(body("response-7", identity_token(IDENTITY_SECRET, &with_exp(until))), &json!({ "comment": "slow" }));
    assert_eq!(location_id(&post(&world, "checkout-nps", &late).send().await), id);
    world.sealed().await;
    assert_eq!(world.stored(&id).await["comment"], "slow");
    assert!(!world.log().contains("ada@example.com"), "nobody's address is logged");
}

#[tokio::test]
async fn one_token_for_one_answer_is_one_answer_whatever_the_browser_calls_it() {
    let world = World::start().await;
    let token = signed(&world, json!({ "sub": "C-8", "jti": "mail-4711" }));
    let first = with(answer("response-a", 9), &json!({ "identity": token }));
    let second = with(answer("response-b", 2), &json!({ "identity": token }));
    let id = location_id(&post(&world, "checkout-nps", &first).send().await);
    assert_eq!(location_id(&post(&world, "checkout-nps", &second).send().await), id);
    world.sealed().await;
    assert_eq!(world.stored(&id).await["score"], 2);
}

#[tokio::test]
async fn nobody_undoes_anothers_withdrawal_by_typing_their_address() {
    let world = World::start().await;
    let typed = |id: &str| with(answer(id, 3), &json!({ "consent": { "granted": true, "email": "eve@example.com" } }));
    let id = location_id(&post(&world, "checkout-nps", &typed("response-1")).send().await);
    world.sealed().await;
    assert_eq!(world.case(&id).await.contact("email")["allowed"], true, "as long as nothing speaks against it");
    let no = json!({ "customer": { "email": "eve@example.com" }, "consent": [{ "channel": "email", "purpose": "follow_up", "granted": false, "at": "2026-01-01T00:00:00Z" }] });
    let _ = world.post("/v1/consents").token(ADMIN).json(&no).send().await.expect(204);
    let id = location_id(&post(&world, "checkout-nps", &typed("response-2")).send().await);
    world.sealed().await;
    let contact = world.case(&id).await.contact("email").clone();
    assert_eq!(contact["allowed"], false, "{contact}");

    let signed =
        with(typed("response-3"), &json!({ "identity": signed(&world, json!({ "email": "eve@example.com" })) }));
    let id = location_id(&post(&world, "checkout-nps", &signed).send().await);
    world.sealed().await;
    assert_eq!(world.case(&id).await.contact("email")["allowed"], true, "the person herself may change her mind");
}
