//! What a lead does: many cases at once, silences, what was left to automation.

use super::world::{unhappy, world};
use serde_json::json;

#[test]
fn a_lead_gives_chosen_cases_away_and_everything_that_somebody_has() {
    let world = world();
    let ids: Vec<String> = ["Ada", "Bea", "Cleo"].iter().map(|name| world.take(&unhappy(name))).collect();
    let lead = world.person("lead");
    let page = lead.get("/desk/team").expect(200);
    assert!(ids.iter().all(|id| page.html.contains(&format!("value=\"{id}\" form=\"reassign\""))));
    let csrf = page.hidden("csrf");
    let form = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let mut form = vec![("csrf".to_owned(), csrf.clone())];
        form.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        form
    };
    let send = |form: Vec<(String, String)>| {
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        lead.send("/desk/team", &form)
    };
    send(form(&[("owner", "care-desk"), ("case", &ids[0]), ("case", &ids[1])])).expect(422).says("Note: is required");
    let given = send(form(&[("owner", "care-desk"), ("note", "hers"), ("case", &ids[0]), ("case", &ids[1])]));
    given.expect(200).says("2 given away.");
    assert_eq!(world.case(&ids[1])["owner"], "care-desk");
    assert_eq!(world.case(&ids[2])["owner"], json!(null));
    world.tick();
    lead.get("/desk/team?owner=care-desk").does_not_say(&ids[2]);
    send(form(&[("from_owner", "care-desk"), ("owner", "care-lead"), ("note", "is ill")]))
        .expect(200)
        .says("2 given away.");
    assert_eq!(world.case(&ids[0])["owner"], "care-lead");
    let _ =
        lead.send("/desk/team", &[("csrf", "x"), ("owner", "care-desk"), ("note", "n"), ("case", &ids[0])]).expect(200);
    assert_eq!(world.case(&ids[0])["owner"], "care-lead", "a form from elsewhere gives nothing away");
}

/// One value that is not understood keeps nobody from the rest, and everybody is told that there is more.
#[test]
fn a_case_that_cannot_be_read_hides_no_other() {
    let world = world();
    let ids: Vec<String> = ["Ada", "Bea"].iter().map(|name| world.take(&unhappy(name))).collect();
    let place = world.store.peek(&format!("i:{}", ids[0])).expect("is sealed");
    let number: u64 = String::from_utf8_lossy(&place).split('.').next().and_then(|n| n.parse().ok()).expect("a number");
    world.store.plant(&format!("k:00:{number:012}"), b"{\"half");
    let lead = world.person("lead");
    for path in ["/desk?view=nobody", "/desk/team"] {
        let page = lead.get(path).expect(200);
        page.says("These cases are stored and cannot be read");
        page.says(&ids[0]);
        page.says(&format!("/desk/cases/{}", ids[1]));
    }
    lead.get("/desk/team/feed").expect(200).says(&ids[1]);
    let list =
        http::Request::get("/v1/cases").header("authorization", "Bearer lead").body(Vec::new()).expect("a request");
    let list = futures::executor::block_on(world.app.get_cases(&list)).expect("answers").into_body();
    let list: serde_json::Value = serde_json::from_slice(&list).expect("JSON");
    assert_eq!((&list["unreadable"], list["cases"][0]["id"].as_str()), (&json!([ids[0]]), Some(ids[1].as_str())));
    let _ = lead.get(&format!("/desk/cases/{}", ids[0])).expect(503);
}

#[test]
fn only_who_leads_sees_what_leads_do() {
    let world = world();
    world.take(&unhappy("Ada"));
    for path in ["/desk/team", "/desk/team/today", "/desk/team/feed", "/desk/silences", "/desk/letters"] {
        for (role, status) in [("agent", 403), ("executive", 403), ("lead", 200), ("admin", 200)] {
            let page = world.person(role).get(path).expect(status);
            assert!(status == 200 || !page.html.contains("Ada"), "{role} {path}");
        }
        let _ = world.stranger().get(path).expect(401);
    }
    world.person("lead").get("/desk/team/feed").says("The parcel arrived opened.");
    world.person("lead").get("/desk/team/today").says("grace");
}

#[test]
fn a_silence_is_begun_and_ended_on_its_page() {
    let world = world();
    let lead = world.person("lead");
    let page = lead.get("/desk/silences");
    page.says("Nothing is silenced");
    let csrf = page.hidden("csrf");
    let wrong = [("csrf", csrf.as_str()), ("label", "touchpoint"), ("values", "checkout, delivery"), ("hours", "4")];
    lead.send("/desk/silences", &wrong).expect(422).says("value=\"checkout, delivery\"");
    let endless = [wrong[0], wrong[1], wrong[2], ("hours", "4294967295"), ("reason", "a strike")];
    let _ = lead.send("/desk/silences", &endless).expect(422);
    let right =
        [wrong[0], wrong[1], wrong[2], wrong[3], ("reason", "the <b>carrier</b> is on strike"), ("incident", "INC-7")];
    let _ = lead.send("/desk/silences", &right).expect(303);
    let page = lead.get("/desk/silences");
    page.says("touchpoint: checkout, delivery");
    page.says("the &#60;b&#62;carrier&#60;/b&#62; is on strike");
    let id = page.html.split("name=\"end\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a button");
    let _ = lead.send("/desk/silences", &[("csrf", &csrf), ("end", id)]).expect(303);
    lead.get("/desk/silences").says("Nothing is silenced");
}

#[test]
fn what_nobody_had_room_for_is_taken_back_by_a_lead() {
    let world = world();
    let mut answer = unhappy("Ada");
    answer["segment"] = json!("key-account");
    let ids: Vec<String> = (0..4).map(|_| world.take(&answer)).collect();
    world.tick();
    let left = ids.iter().find(|id| world.case(id)["track"] == "automation").expect("three have room for three");
    let page = world.person("agent").get(&format!("/desk/cases/{left}"));
    page.says("A lead can take it back.");
    page.does_not_say("id=\"act-");
    let lead = world.person("lead");
    lead.get("/desk/team?track=automation").says(left);
    let _ = lead.act(left, "acknowledge", &[("note", "We find time.")]).expect(303);
    assert_eq!(world.case(left)["track"], "recovery");
}
