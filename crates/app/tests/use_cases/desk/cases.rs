//! Working cases on their pages.

use super::world::{Page, unhappy, world};
use serde_json::json;

#[test]
fn a_case_goes_from_new_to_closed_by_forms() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let agent = world.person("agent");
    let done = |page: Page| {
        assert_eq!(page.expect(303).location().split('?').next(), Some(format!("/desk/cases/{id}").as_str()));
    };
    done(agent.act(&id, "acknowledge", &[("note", "I call her.")]));
    done(agent.act(&id, "contact", &[("channel", "phone"), ("outcome", "reached"), ("note", "Was friendly.")]));
    done(agent.act(&id, "wait", &[("reason", "the warehouse"), ("wait_s", "3600"), ("note", "Asked them.")]));
    done(agent.act(&id, "resume", &[("note", "They have it.")]));
    done(agent.act(&id, "split", &[("department", "depot"), ("task", "send it again"), ("note", "n")]));
    done(agent.act(&id, "finish_task", &[("task", "1"), ("note", "n")]));
    done(agent.act(
        &id,
        "resolve",
        &[("root_cause", "weak box"), ("remedy", "a new one"), ("goodwill", "12,50"), ("note", "n")],
    ));
    let preview = agent.act(
        &id,
        "message",
        &[("subject", "Your box"), ("text", "It is under way."), ("note", "n"), ("step", "preview")],
    );
    let preview = preview.expect(200);
    preview.says("This is what the customer gets");
    preview.says("It is under way.");
    assert_eq!(world.case(&id)["state"], "resolved", "looking at it sends nothing");
    done(agent.act_from(
        &preview,
        &id,
        "message",
        &[("subject", "Your box"), ("text", "It is under way."), ("note", "n"), ("step", "send")],
    ));
    done(agent.act(&id, "close", &[("note", "All is well.")]));
    let case = world.case(&id);
    assert_eq!(
        (&case["state"], &case["goodwill"], &case["root_cause"]),
        (&json!("closed"), &json!(12.5), &json!("weak box"))
    );
    assert_eq!(
        (&case["messages"][0]["subject"], &case["messages"][0]["text"]),
        (&json!("Your box"), &json!("It is under way."))
    );
    assert!(
        case["history"]
            .as_array()
            .is_some_and(|h| h.iter().any(|e| e["who"] == "care-desk" && e["note"] == "I call her."))
    );
    agent.get(&format!("/desk/cases/{id}")).says("Closed");
}

#[test]
fn a_colleagues_change_is_shown_and_nothing_that_was_typed_is_lost() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let (agent, lead) = (world.person("agent"), world.person("lead"));
    let seen = agent.get(&format!("/desk/cases/{id}"));
    let _ = lead.act(&id, "acknowledge", &[("note", "Mine already.")]).expect(303);
    let fields = [("channel", "phone"), ("outcome", "reached"), ("note", "Reached her at noon.")];
    let both = agent.act_from(&seen, &id, "contact", &fields).expect(412);
    both.says("Somebody else has changed this case while you were writing.");
    both.says("Mine already.");
    both.says("Reached her at noon.");
    both.says("value=\"reached\" required checked");
    assert_eq!(world.case(&id)["state"], "acknowledged", "nothing was done");
    let _ = agent.act_from(&both, &id, "contact", &fields).expect(303);
    assert_eq!(world.case(&id)["state"], "contacted");
}

#[test]
fn what_can_no_longer_be_done_is_not_lost_either() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let (agent, lead) = (world.person("agent"), world.person("lead"));
    let seen = agent.get(&format!("/desk/cases/{id}"));
    let _ = lead.act(&id, "acknowledge", &[("note", "n")]).expect(303);
    let late = agent.act_from(&seen, &id, "acknowledge", &[("note", "I wanted it <b>so</b> much")]).expect(412);
    late.says("This can no longer be done to the case. You have written:");
    late.says("I wanted it &#60;b&#62;so&#60;/b&#62; much");
}

#[test]
fn an_expired_session_loses_no_text() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let agent = world.person("agent");
    let seen = agent.get(&format!("/desk/cases/{id}"));
    world.clock.advance(9 * 3600);
    let note = "A long story, with \"quotes\" & <tags>\nand a second line.";
    let door = agent.act_from(&seen, &id, "acknowledge", &[("note", note)]).expect(401);
    door.says("Your session has ended. What you have typed is kept");
    let kept: Vec<(String, String)> = carried(&door.html);
    let mut form = vec![("token", "agent"), ("next", door.hidden("next").leak())];
    form.extend(kept.iter().flat_map(|(name, value)| [("kept-name", name.as_str()), ("kept-value", value.as_str())]));
    let back = agent.send("/desk/sign-in", &form).expect(200);
    back.says("You are signed in again");
    let mut again = vec![("csrf".to_owned(), back.hidden("csrf")), ("resume".to_owned(), "yes".to_owned())];
    again.extend(kept);
    let again: Vec<(&str, &str)> = again.iter().map(|(n, v)| (n.as_ref(), v.as_str())).collect();
    let page = agent.send(&format!("/desk/cases/{id}"), &again).expect(200);
    assert_eq!(world.case(&id)["state"], "new", "only the person sends it");
    page.says("A long story, with &#34;quotes&#34; &#38; &#60;tags&#62;\nand a second line.</textarea>");
    let _ = agent.act_from(&page, &id, "acknowledge", &[("note", note)]).expect(303);
    let history = world.case(&id)["history"].clone();
    assert_eq!(history.as_array().and_then(|h| h.last()).map(|e| e["note"].clone()), Some(json!(note)));
}

/// Names and values that the sign-in page carries along.
fn carried(html: &str) -> Vec<(String, String)> {
    let values = |name: &str| -> Vec<String> {
        let mark = format!("name=\"{name}\" value=\"");
        html.split(&mark).skip(1).map(|rest| plain(rest.split('"').next().unwrap_or_default())).collect()
    };
    values("kept-name").into_iter().zip(values("kept-value")).collect()
}

fn plain(html: &str) -> String {
    [("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#39;", "'"), ("&#38;", "&")]
        .iter()
        .fold(html.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[test]
fn a_mistake_is_named_and_what_was_typed_stays() {
    let world = world();
    let id = world.take(&unhappy("Ada"));
    let agent = world.person("agent");
    let _ = agent.act(&id, "acknowledge", &[("note", "n")]).expect(303);
    let page = agent.act(&id, "resolve", &[("remedy", "A new box."), ("goodwill", "many")]).expect(422);
    page.says("Root cause: is required");
    page.says("Goodwill: must be an amount");
    page.says("A new box.");
    page.says("value=\"many\"");
    let page = agent.act(&id, "resolve", &[("root_cause", "x"), ("goodwill", "900"), ("note", "n")]).expect(403);
    page.says("goodwill above 50.00 needs a lead");
    let _ = world
        .person("lead")
        .act(&id, "resolve", &[("root_cause", "x"), ("goodwill", "400"), ("note", "n")])
        .expect(303);
    let _ = agent.act(&id, "reopen", &[("note", "n")]).expect(303);
    agent.get(&format!("/desk/cases/{id}")).says("granted so far: 400.00");
    let page = agent.act(&id, "resolve", &[("root_cause", "x"), ("goodwill", "50"), ("note", "n")]).expect(403);
    page.says("goodwill above 50.00 (400.00 was granted before) needs a lead");
}

#[test]
fn contact_without_consent_is_refused_on_the_page_too() {
    let world = world();
    let id =
        world.take(&json!({ "survey": "checkout-nps", "score": 2, "customer": { "id": "C-1", "phone": "+49 1" } }));
    let agent = world.person("agent");
    agent.get(&format!("/desk/cases/{id}")).says("no consent on record");
    let page = agent.act(&id, "contact", &[("channel", "phone"), ("outcome", "reached"), ("note", "kept")]).expect(403);
    page.says("The customer has not agreed to be contacted that way");
    page.says("kept</textarea>");
    assert!(world.case(&id)["history"].as_array().is_some_and(|h| h.iter().any(|e| e["event"] == "contact.blocked")));
}

#[test]
fn my_cases_stand_in_the_order_of_what_is_due_and_the_next_one_is_a_step_away() {
    let world = world();
    let agent = world.person("agent");
    agent.get("/desk").says("You have nothing open");
    let ids: Vec<String> = ["Ada", "Bea", "Cleo"]
        .iter()
        .map(|name| {
            world.clock.advance(60);
            let id = world.take(&unhappy(name));
            let _ = agent.act(&id, "acknowledge", &[("note", "n")]).expect(303);
            id
        })
        .collect();
    world.tick();
    let page = agent.get("/desk");
    let places: Vec<usize> = ids.iter().map(|id| page.html.find(id.as_str()).expect("listed")).collect();
    assert!(places.is_sorted(), "{places:?}");
    page.says("23 h 59 min left");
    let next = |id: &str| {
        agent
            .get(&format!("/desk/next?after={id}"))
            .expect(303)
            .location()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!([next(&ids[0]), next(&ids[1]), next(&ids[2])], [ids[1].clone(), ids[2].clone(), ids[0].clone()]);
    let nobodys = world.take(&unhappy("Dora"));
    agent.get("/desk?view=nobody").says(&nobodys);
    agent.get("/desk").does_not_say(&nobodys);
    assert_eq!(world.person("lead").get("/desk/next").expect(303).location(), format!("/desk/cases/{nobodys}"));
    world.pass(26 * 3600);
    world.person("agent").get("/desk").says("late");
}

#[test]
fn hostile_text_is_harmless() {
    let world = world();
    let hostile =
        "</textarea><script>alert(1)</script>\u{202E}gpj.exe\u{200B} {{ 7*7 }} \"><img src=x onerror=alert(1)>";
    let id = world.take(&json!({
        "survey": "checkout-nps", "score": 1, "comment": hostile, "segment": hostile,
        "customer": { "id": "C", "name": hostile }, "answers": { "why": hostile },
    }));
    let agent = world.person("agent");
    for page in [agent.get(&format!("/desk/cases/{id}")), agent.get("/desk?view=all")] {
        let page = page.expect(200);
        for dangerous in ["<script>alert", "<img src=x", "\u{202E}", "\u{200B}"] {
            page.does_not_say(dangerous);
        }
        page.says("&#60;script&#62;alert(1)");
    }
}

/// What lists cost is counted end to end: here the index is a tree of very small nodes, as the simulator wants it.
#[test]
fn a_full_page_stays_small_and_a_case_costs_at_most_twelve_reads() {
    let world = world();
    let long = "Ärger mit dem Paket. ".repeat(10);
    let mut ids = Vec::new();
    for i in 0..60_u32 {
        let mut answer = unhappy(&format!("customer-{}", i % 3));
        answer["comment"] = json!(long);
        ids.push(world.post(&answer));
    }
    world.pass(30);
    let agent = world.person("agent");
    for path in ["/desk?view=all", &format!("/desk/cases/{}", ids[0])] {
        world.store.reset();
        let page = agent.get(path).expect(200);
        let reads = world.store.operations().reads;
        assert!(page.html.len() < 100_000, "{path}: {} bytes", page.html.len());
        assert!(path == "/desk?view=all" || reads <= 12, "{path}: {reads} reads");
    }
}
