//! Signing in and out, and who may see what.

use super::world::{unhappy, world, world_of};
use crate::stage::{START, Setting};
use futures::executor::block_on;
use http::{HeaderMap, Request};

#[test]
fn a_page_is_shown_after_signing_in_and_not_before() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let path = format!("/desk/cases/{id}");
    let person = world.stranger();
    let door = person.get(&path).expect(401);
    door.says("Sign in");
    door.does_not_say("Ada");
    assert_eq!(door.hidden("next"), path);
    let there = person.send("/desk/sign-in", &[("token", "agent"), ("next", &path)]).expect(303);
    assert_eq!(there.location(), path);
    let cookie = there.headers["set-cookie"].to_str().expect("text");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/desk", "Max-Age=28800"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("agent"), "the cookie holds no token");
    person.get(&path).expect(200).says("The parcel arrived opened.");
}

#[test]
fn a_session_ends_by_itself_by_signing_out_and_by_time() {
    let world = world();
    let (person, thief, other) = (world.person("agent"), world.stranger(), world.person("agent"));
    thief.steal(&person);
    let _ = thief.get("/desk").expect(200);
    let _ = person.send("/desk/sign-out", &[("csrf", "guessed")]).expect(403);
    let csrf = person.get("/desk").hidden("csrf");
    assert_eq!(person.send("/desk/sign-out", &[("csrf", &csrf)]).expect(303).location(), "/desk/sign-in");
    let _ = person.get("/desk").expect(401);
    let _ = thief.get("/desk").expect(401);
    let _ = other.get("/desk").expect(200);
    assert_eq!(person.sign_in("agent").status, 303, "in the same second");
    let _ = person.get("/desk").expect(200);
    world.clock.advance(8 * 3600);
    let _ = person.get("/desk").expect(401);
}

#[test]
fn whoever_guesses_tokens_is_slowed_down() {
    let world = world();
    let person = world.stranger();
    for i in 0..10 {
        person.sign_in(&format!("guess-{i}")).expect(401).says("That token is not known here.");
    }
    person.sign_in("agent").expect(429).says("Too many tries");
    world.clock.advance(60);
    let _ = person.sign_in("agent").expect(303);
}

#[test]
fn behind_a_proxy_whoever_guesses_slows_down_nobody_else() {
    let shipped = Setting::default().programme;
    assert!(shipped.contains("# client_address ="));
    let world = world_of(&shipped.replace("# client_address =", "client_address ="));
    let try_from = |address: &str, token: &str| {
        let request = Request::post("/desk/sign-in").header("spin-client-addr", "10.0.0.1:1");
        let request = request.header("x-forwarded-for", format!("1.2.3.4, {address}"));
        let request = request.body(format!("token={token}&next=/desk").into_bytes()).expect("a request");
        world.stranger().request(request).status
    };
    for i in 0..10 {
        assert_eq!(try_from("203.0.113.7", &format!("guess-{i}")), 401);
    }
    assert_eq!((try_from("203.0.113.7", "agent"), try_from("203.0.113.8", "agent")), (429, 303));
}

#[test]
fn a_form_from_elsewhere_does_nothing() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let person = world.person("agent");
    let form = [("version", "1"), ("act", "acknowledge"), ("note", "mine")];
    person.send(&format!("/desk/cases/{id}"), &form).expect(403).says("your session has changed");
    let of_another = world.person("lead").get(&format!("/desk/cases/{id}")).hidden("csrf");
    let stolen = [("csrf", of_another.as_str()), form[0], form[1], form[2]];
    let _ = person.send(&format!("/desk/cases/{id}"), &stolen).expect(403);
    assert_eq!(world.case(&id)["state"], "new");
    let foreign = Request::post("/desk/sign-in").header("sec-fetch-site", "cross-site");
    let foreign = foreign.body(b"token=agent&next=/desk".to_vec()).expect("a request");
    let _ = world.stranger().request(foreign).expect(403);
}

#[test]
fn nobody_is_sent_to_another_website() {
    let world = world();
    for next in ["https://evil.example", "//evil.example", "/desk//evil.example", "/desk/\\evil.example"] {
        let there = world.stranger().send("/desk/sign-in", &[("token", "agent"), ("next", next)]).expect(303);
        assert_eq!(there.location(), "/desk", "{next}");
        let there = world.stranger().send("/desk/look", &[("lang", "de"), ("back", next)]).expect(303);
        assert_eq!(there.location(), "/desk", "{next}");
    }
}

#[test]
fn every_role_sees_what_the_table_lets_it_see() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    for (role, cases) in [("intake", 403), ("agent", 200), ("lead", 200), ("executive", 403), ("admin", 200)] {
        let person = world.person(role);
        let _ = person.get("/desk").expect(cases);
        let page = person.get(&format!("/desk/cases/{id}")).expect(cases);
        assert_eq!(page.html.contains("Ada"), cases == 200, "{role}");
    }
    let board = world.stranger().sign_in("executive").expect(303);
    assert_eq!(board.location(), "/desk/insights", "who may not read cases begins with the figures");
}

#[test]
fn language_and_colours_are_remembered() {
    let world = world();
    let person = world.person("agent");
    person.get("/desk").says("<html lang=\"en\">");
    let there = person.send("/desk/look", &[("lang", "de"), ("back", "/desk?view=all")]).expect(303);
    assert_eq!(there.location(), "/desk?view=all");
    person.get("/desk").says("Meine Fälle");
    let _ = person.send("/desk/look", &[("theme", "dark"), ("back", "/desk")]).expect(303);
    person.get("/desk").says("<html lang=\"de\" data-theme=\"dark\">");
}

#[test]
fn pages_are_kept_by_no_cache_and_run_no_foreign_script() {
    let world = world();
    let page = world.person("agent").get("/desk").expect(200);
    let header = |name: &str| page.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("cache-control"), "no-store");
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.html.contains("style=") && !page.html.contains("<script>") && !page.html.contains("onclick"));
    assert!(world.app.config.hash.len() == 16 && START > 0);
}

#[test]
fn an_administrator_sees_how_it_is_set_up_tries_channels_and_ends_sessions() {
    let world = world();
    world.take(&unhappy("Ada"));
    let (agent, admin) = (world.person("agent"), world.person("admin"));
    let _ = agent.get("/desk/admin").expect(403);
    let _ = world.person("lead").get("/desk/admin").expect(403);
    world.store.reset();
    let page = admin.get("/desk/admin").expect(200);
    page.says("key-accounts: ada gets cases and cannot sign in");
    let reads = world.store.operations().reads;
    assert!(reads <= 12, "{reads} reads");
    page.says(&world.app.config.hash);
    page.says("is not encrypted");
    page.does_not_say("Ada");
    page.says("Nobody has asked for one.");
    page.says("leads nowhere: the variable `slack_webhook_url` is not configured");
    page.says("in time");
    page.does_not_say("nobody has looked at them");
    // No tick for half an hour: no deadline would warn.
    world.clock.advance(30 * 60);
    admin.get("/desk/admin").says("nobody has looked at them for ");
    world.tick();
    admin.get("/desk/admin").says("in time");
    let csrf = page.hidden("csrf");
    let send = |name, value| admin.send("/desk/admin", &[("csrf", &csrf), (name, value)]).expect(200);
    send("try", "care-chat").says("care-chat: the sample was taken");
    send("try", "events").says("events: refused: 404");
    let _ = admin.send("/desk/admin", &[("end", "care-desk")]);
    let _ = agent.get("/desk").expect(200);
    send("end", "care-desk").says("every session has ended");
    let _ = agent.get("/desk").expect(401);
    let _ = admin.get("/desk").expect(200);
}

#[test]
fn an_administrator_sees_what_was_refused_and_what_was_erased_and_nothing_of_whom() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let event = |body: &str| {
        let request = Request::post("/").header("content-type", "application/json");
        let request = request.header("webhook-id", "m-1").header("webhook-timestamp", START.to_string());
        let request = request.header("webhook-signature", "v1,Zm9yZ2Vk").body(body.as_bytes().to_vec());
        block_on(world.app.post_webhook("crm", request.expect("a request"))).map(|_| ()).expect_err("refused")
    };
    assert_eq!(event("{\"secret\": \"Ada\"}").kind, "not-authentic");
    // A flood writes once.
    world.store.reset();
    for _ in 0..50 {
        let _ = event("{}");
    }
    assert_eq!(world.store.operations().writes, 0, "noted within this minute");
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer admin".parse().expect("a header"));
    assert!(block_on(world.app.delete_feedback(&id, &headers)).is_ok());
    let page = world.person("admin").get("/desk/admin").expect(200);
    page.says("<code>not-authentic</code>");
    page.says("<td>operations</td><td>feedback</td>");
    page.does_not_say("Ada");
}
