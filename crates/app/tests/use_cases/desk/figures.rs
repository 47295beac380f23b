//! The page of figures: what it costs, what it says in which language and to whom, and that its numbers lead to their cases.

use super::world::{World, world};
use serde_json::json;

const HOUR: u64 = 3_600;

/// Some weeks of answers and of work on them.
fn lived() -> World {
    let world = world();
    for i in 0..60_u64 {
        let score = [0, 3, 6, 7, 8, 9, 10, 10][usize::try_from(i % 8).expect("small")];
        let country = ["DE", "AT", "CH"][usize::try_from(i % 3).expect("small")];
        let answer = json!({
            "survey": "checkout-nps", "score": score, "comment": "…", "country": country, "segment": if i % 2 == 0 { "b2c" } else { "<b>b2b</b>" },
            "customer": { "id": format!("C-{i}"), "name": format!("Customer {i}"), "email": format!("c{i}@example.com") },
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": "w" }],
        });
        let id = world.take(&answer);
        if score < 7 {
            world.pass(5 * HOUR);
            let lead = world.person("lead");
            let _ = lead.act(&id, "acknowledge", &[("note", "mine")]);
            if i % 3 < 2 {
                let _ = lead.act(&id, "contact", &[("channel", "email"), ("outcome", "reached"), ("note", "spoke")]);
                world.pass(if i % 2 == 0 { 20 * HOUR } else { 70 * HOUR });
                let lead = world.person("lead");
                let _ = lead.act(&id, "resolve", &[("root_cause", "Late delivery"), ("note", "found")]);
                let _ = lead.act(&id, "close", &[("without_informing", "asked so"), ("note", "done")]);
            }
        }
        world.pass(HOUR);
    }
    (0..6).for_each(|_| world.pass(150));
    world
}

/// Writes a page to the folder that `SCREENS` names, for a browser to look at.
fn kept(name: &str, html: &str) {
    let Ok(folder) = std::env::var("SCREENS") else { return };
    let styles =
        [include_str!("../../../templates/desk/style.css"), include_str!("../../../templates/insights/style.css")];
    let html = html.replacen("</head>", &format!("<style>{}</style></head>", styles.concat()), 1);
    std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), html).expect("a file");
}

#[test]
fn the_page_costs_few_reads_and_is_small() {
    let world = lived();
    for role in ["executive", "lead"] {
        let person = world.person(role);
        world.store.reset();
        let page = person.get("/desk/insights").expect(200);
        let cost = world.store.operations();
        assert!(cost.reads <= 12 && cost.writes == 0, "{cost:?}");
        assert!(page.html.len() < 100_000, "{} bytes", page.html.len());
        kept(role, &page.html);
        world.store.reset();
        let list = person.get("/desk/insights/cases?fact=low").expect(200);
        // Nodes of the index hold at most four names in tests; see the ledger's.
        assert!(world.store.operations().writes == 0 && list.html.len() < 100_000);
        kept(&format!("{role}-cases"), &list.html);
    }
}

#[test]
fn every_number_leads_to_its_cases() {
    let world = lived();
    let lead = world.person("lead");
    let page = lead.get("/desk/insights").expect(200);
    let links =
        page.html.split("href=\"/desk/insights/cases?").skip(1).map(|rest| rest.split_once("\">").expect("a link"));
    let mut followed = 0;
    for (query, rest) in links {
        let text = rest.split('<').next().unwrap_or_default();
        // Counts of cases in tables; answers without a case have none to lead to.
        let Ok(count) = text.parse::<usize>() else { continue };
        let query = query.replace("&#38;", "&").replace("&amp;", "&");
        if !query.contains("fact=") {
            continue;
        }
        let mut lines = 0;
        let mut address = format!("/desk/insights/cases?{query}");
        loop {
            let list = lead.get(&address).expect(200);
            lines += list.html.matches("href=\"/desk/cases/").count();
            let Some(next) = list.html.split("class=\"button plain\" href=\"").nth(1) else { break };
            address = next.split('"').next().unwrap_or_default().replace("&#38;", "&").replace("&amp;", "&");
        }
        assert_eq!(lines, count, "{query}");
        followed += 1;
    }
    assert!(followed > 8, "{followed}");
}

#[test]
fn who_may_not_see_cases_sees_nothing_personal() {
    let world = lived();
    let board = world.person("executive");
    let page = board.get("/desk/insights").expect(200);
    page.says("Does the loop close?");
    page.does_not_say("Who has how much to do now");
    page.does_not_say("care-lead");
    let list = board.get("/desk/insights/cases?fact=low").expect(200);
    list.says("Unhappy customers");
    list.does_not_say("/desk/cases/");
    list.does_not_say("Customer ");
    assert_eq!(board.get("/desk/insights/load.csv").status, 403);
    assert_eq!(world.stranger().get("/desk/insights").status, 401);
    assert_eq!(world.person("intake").get("/desk/insights").status, 403);
}

#[test]
fn it_speaks_german_and_shows_outside_text_as_text() {
    let world = lived();
    let lead = world.person("lead");
    let _ = lead.send("/desk/look", &[("lang", "de"), ("back", "/desk")]).expect(303);
    let page = lead.get("/desk/insights?country=all").expect(200);
    page.says("Schließt sich der Kreis?");
    page.says("Alle Länder sind vermischt");
    page.does_not_say("<b>b2b</b>");
    kept("german", &page.html);
    let csv = lead.get("/desk/insights/segments.csv?period=last-90").expect(200);
    assert!(csv.html.starts_with("metric,country,segment,value"), "{}", csv.html);
}

#[test]
fn a_period_without_answers_says_so_and_a_wrong_one_is_named() {
    let world = world();
    let lead = world.person("lead");
    let page = lead.get("/desk/insights?period=2020").expect(200);
    page.says("Nobody has answered in this period");
    kept("empty", &page.html);
    let page = lead.get("/desk/insights?period=%3Cscript%3E&country=DE").expect(400);
    page.says("period: must be as in 2026");
    page.does_not_say("<script>");
}
