//! Who may do what: every route of the contract with every role's token; and the contract itself, as it is served.

use ringback_tests::{ADMIN, AGENT, EXECUTIVE, INTAKE, LEAD, OPERATOR, World, contract};
use serde_json::json;

const TOKENS: [(&str, &str); 6] = [
    ("intake", INTAKE),
    ("agent", AGENT),
    ("lead", LEAD),
    ("executive", EXECUTIVE),
    ("operator", OPERATOR),
    ("admin", ADMIN),
];

/// What each role may, as a table: one line a route, in the order of [`TOKENS`].
const TABLE: [(&str, &str); 30] = [
    ("changeImprovement", "..yy.y"),
    ("deleteSilence", "..y..y"),
    ("discardDeadLetter", "..y..y"),
    ("eraseFeedback", ".....y"),
    ("erasePerson", ".....y"),
    ("getCase", ".yy..y"),
    ("getDeadLetter", "..y..y"),
    ("getErasure", ".....y"),
    ("getFeedback", ".yy..y"),
    ("getFigures", ".yyy.y"),
    ("getImprovement", ".yyy.y"),
    ("getMetrics", "....yy"),
    ("getReferral", ".yy..y"),
    ("getScores", ".yyy.y"),
    ("getSilences", ".yy..y"),
    ("listCases", ".yy..y"),
    ("listDeadLetters", "..y..y"),
    ("listImprovements", ".yyy.y"),
    ("planImprovement", "..yy.y"),
    ("postConsent", "yyy..y"),
    ("postFeedback", "y....y"),
    ("postReferral", "y....y"),
    ("postSilence", "..y..y"),
    ("previewMessage", ".yy..y"),
    ("reassignCases", "..y..y"),
    ("replayDeadLetter", "..y..y"),
    ("tellCustomers", "..yy.y"),
    ("testChannel", "..y..y"),
    ("tick", "....yy"),
    ("workCase", ".yy..y"),
];

#[tokio::test]
async fn each_role_may_on_each_route_what_the_table_says() {
    let world = World::start().await;
    let mut found = Vec::new();
    for (template, methods) in contract()["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let id = operation["operationId"].as_str().expect("an id");
            let Some(roles) = operation["x-roles"].as_array() else { continue };
            let path = template.replace("{id}", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
            let call = || world.call(method.to_ascii_uppercase().parse().expect("a method"), &path).json(&json!({}));
            let mut may = String::new();
            for (role, token) in TOKENS {
                let answer = call().token(token).send().await;
                let refused = answer.status == 403 && answer.problem() == "forbidden";
                assert_eq!(roles.contains(&json!(role)), !refused, "{id} as {role}: {}", answer.text());
                may.push(if refused { '.' } else { 'y' });
            }
            for stranger in [call(), call().token("nobody"), call().token("")] {
                let answer = stranger.send().await;
                assert_eq!((answer.status, answer.problem().as_str()), (401, "unauthorized"), "{id}");
            }
            found.push((id.to_owned(), may));
        }
    }
    found.sort();
    assert_eq!(found, TABLE.map(|(id, may)| (id.to_owned(), may.to_owned())));
}

#[tokio::test]
async fn what_asks_for_no_token_is_known() {
    let mut open: Vec<&str> = Vec::new();
    for methods in contract()["paths"].as_object().expect("paths").values() {
        for operation in methods.as_object().expect("methods").values() {
            if operation["x-roles"].is_null() {
                open.push(operation["operationId"].as_str().expect("an id"));
            }
        }
    }
    open.sort_unstable();
    // Browsers come with a site key, platforms and mail providers with a signature or a secret.
    let browsers = ["getSurvey", "postAnswer", "preflightAnswer", "preflightSurvey"];
    open.retain(|id| !browsers.contains(id));
    assert_eq!(open, ["getContract", "isAlive", "isReady", "postReports", "postWebhook"]);
}

#[tokio::test]
async fn the_contract_is_served_as_it_is_written() {
    let world = World::start().await;
    let served = world.get("/openapi.json").send().await.expect(200);
    assert_eq!((served.header("content-type"), served.json()), ("application/json", contract().clone()));
    assert_eq!(served.json()["openapi"], "3.1.0");
    assert_eq!(world.post("/openapi.json").send().await.status, 405);
}
