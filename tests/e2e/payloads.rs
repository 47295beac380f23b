//! What receivers get to see, tamed for each of them, and what nobody gets to see.

use crate::answers::{anonymous, detractor, with};
use ringback_tests::{
    ADMIN, AGENT, CRM_SECRET, EVENTS_SECRET, FORMBRICKS_SECRET, INTAKE, PEPPER, RESEND_KEY, Receiver, Reply,
    SLACK_PATH, World, soon,
};
use serde_json::{Value, json};

fn all(world: &World) -> [&Receiver; 3] {
    [&world.chat, &world.mail, &world.events]
}

#[tokio::test]
async fn the_first_alert_says_what_a_person_needs_to_know() {
    let Some(world) = World::with_clock().await else { return };
    let account = json!({ "account": { "name": "Analytical Engines" }, "segment": "b2b", "country": "AT" });
    let id = world.take_and_alert(&with(detractor(), &account)).await;
    let link = format!("http://127.0.0.1:3000/desk/cases/{id}");

    let chat = world.chat.received().remove(0);
    assert!(chat.header("content-type").starts_with("application/json"));
    let (payload, blocks) = (chat.json(), chat.json()["blocks"].as_array().cloned().expect("blocks"));
    assert_eq!(payload["text"], format!("Detractor 3/10 at checkout “Parcel was opened.” {link}"));
    assert_eq!((&blocks[0]["type"], &blocks[0]["text"]["type"]), (&json!("header"), &json!("plain_text")));
    assert_eq!(blocks[1]["text"]["text"], "> Parcel was opened.");
    let fields: Vec<&str> =
        blocks[2]["fields"].as_array().expect("fields").iter().filter_map(|f| f["text"].as_str()).collect();
    let expected = [
        "*Customer*\nAda Lovelace, ada@example.com, tier silver",
        "*Account*\nAnalytical Engines",
        "*Where*\ncheckout (NPS), b2b, AT",
        "*Priority*\nhigh, queue care",
        "*First contact due*\nin 1 d (23 Nov 2026, 09:30 UTC)",
        "*Closure due*\nin 2 d (24 Nov 2026, 09:30 UTC)",
        "*May we contact?*\ne-mail: yes; phone: no (no consent on record)",
    ];
    assert_eq!(fields, expected);
    let links = blocks[3]["text"]["text"].as_str().expect("a text");
    assert!(links.starts_with(&format!("<{link}|Open the case> · <http://127.0.0.1:3000/desk/take/{id}/")), "{links}");

    let mail = world.mail.received().remove(0);
    assert_eq!(
        (mail.path.as_str(), mail.header("authorization")),
        ("/emails", format!("Bearer {RESEND_KEY}").as_str())
    );
    assert!(!mail.header("idempotency-key").is_empty());
    let mail = mail.json();
    assert_eq!((&mail["from"], &mail["to"]), (&json!("Ringback <alerts@example.com>"), &json!(["care@example.com"])));
    assert_eq!(mail["subject"], "Detractor 3/10 at checkout");
    for part in ["text", "html"] {
        let part = mail[part].as_str().expect("a text");
        for said in ["Parcel was opened.", "Ada Lovelace", "24 Nov 2026, 09:30 UTC", &link] {
            assert!(part.contains(said), "{said} is missing: {part}");
        }
    }
}

#[tokio::test]
async fn what_a_customer_wrote_arrives_tamed() {
    let world = World::start().await;
    let comment = "<!channel> & <http://evil.example|click>\n<script>alert(1)</script>\n\"quoted\" \u{202e}gnp.exe";
    let customer = json!({ "name": "<!here> *Eve* & <b>Co</b>", "email": "eve@example.com", "tier": "gold" });
    let answer = with(anonymous(0), &json!({ "comment": comment, "customer": customer, "segment": "<@U123>" }));
    let id = world.take_and_seal(&answer).await;
    soon("alerts", || all(&world).iter().all(|r| r.count() == 1)).await;

    let chat = world.chat.received().remove(0);
    assert_eq!((chat.path.as_str(), chat.json()["text"].is_string()), (SLACK_PATH, true));
    let link = format!("<http://127.0.0.1:3000/desk/cases/{id}|Open the case>");
    for text in texts(&chat.json()) {
        if text.starts_with(&link) {
            continue;
        }
        let ours = text.clone();
        assert!(
            !ours.contains(['<', '>']) || ours.lines().all(|l| !l.trim_start_matches("> ").contains(['<', '>'])),
            "{text}"
        );
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }
    let quoted = chat.json()["blocks"][1]["text"].clone();
    let expected = "> &lt;!channel&gt; &amp; &lt;http://evil.example|click&gt;\n> &lt;script&gt;alert(1)&lt;/script&gt;\n> \"quoted\" gnp.exe";
    assert_eq!(quoted, json!({ "type": "mrkdwn", "text": expected, "verbatim": true }));

    let mail = world.mail.received().remove(0).json();
    let html = mail["html"].as_str().expect("HTML");
    assert!(
        !html.contains("<script") && !html.contains("<b>Co") && !html.contains("<!channel") && !html.contains("<http"),
        "{html}"
    );
    assert!(html.contains("alert(1)") && mail["text"].as_str().is_some_and(|text| text.contains("<script>alert(1)")));

    let event = world.events.received().remove(0);
    assert!(event.header("content-type").starts_with("application/cloudevents+json"));
    let event = event.json();
    assert_eq!((&event["specversion"], &event["type"]), (&json!("1.0"), &json!("com.ringback.case.opened")));
    assert_eq!(event["data"]["feedback"]["comment"], comment, "a program gets what was written");
    for required in ["id", "source"] {
        assert!(event[required].as_str().is_some_and(|text| !text.is_empty()), "{required}");
    }
}

/// Every text that a chat shows with its markup.
fn texts(payload: &Value) -> Vec<String> {
    match payload {
        Value::Object(members) if members.get("type") == Some(&json!("mrkdwn")) => {
            vec![members["text"].as_str().unwrap_or_default().to_owned()]
        }
        Value::Object(members) => {
            let own = members.get("text").and_then(Value::as_str).filter(|_| members.contains_key("blocks"));
            own.map(str::to_owned).into_iter().chain(members.values().flat_map(texts)).collect()
        }
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn secrets_and_personal_data_are_in_no_log_and_no_error() {
    let world = World::start().await;
    let planted = ["Zebulon Quix", "zquix@private.example", "+49 30 7777777", "my own secret complaint", "K-998877"];
    let answer = json!({
        "survey": "checkout-nps", "score": 0, "comment": planted[3], "response_id": "r-1",
        "customer": { "name": planted[0], "email": planted[1], "phone": planted[2], "id": planted[4], "tier": "gold" },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true }],
    });
    let mut errors = Vec::new();
    // Receivers that fail in every way, and quote what they got.
    let echo = format!("bad request from {} {RESEND_KEY} {}", planted[0], SLACK_PATH);
    world.chat.always(Reply::status(500).body(&echo));
    world.mail.always(Reply::status(422).body(&echo));
    world.events.always(Reply::status(302).header("location", format!("http://elsewhere.invalid/{SLACK_PATH}")));
    let id = world.take_and_seal(&answer).await;
    soon("alerts", || all(&world).iter().all(|r| r.received().len() == 1)).await;
    for change in [
        json!({ "customer": { "email": planted[0], "name": 5 } }),
        json!({ "customer": { "phone": planted[2].repeat(10) } }),
        json!({ "score": planted[3] }),
        json!({ "country": planted[1], "locale": planted[1], "touchpoint": planted[1], "occurred_at": planted[1] }),
        json!({ "survey": planted[4] }),
        json!({ "consent": [{ "channel": planted[1], "purpose": planted[0], "granted": planted[3] }] }),
    ] {
        errors.push(world.feedback(&with(answer.clone(), &change)).send().await);
    }
    let broken = answer.to_string().replace(':', " ");
    errors.push(
        world.post("/v1/feedback").token(INTAKE).header("content-type", "application/json").bytes(broken).send().await,
    );
    for token in [AGENT, "unknown-token-0815"] {
        errors.push(world.post("/v1/feedback").token(token).json(&answer).send().await);
    }
    let forged = world.post("/v1/webhooks/crm").json(&answer).header("webhook-id", planted[4]);
    let forged = forged.header("webhook-timestamp", "1").header("webhook-signature", format!("v1,{}", PEPPER));
    errors.push(forged.send().await);
    let blocked = json!({ "type": "contact", "note": planted[3], "channel": "phone", "outcome": "reached" });
    errors.push(world.work(&id, &blocked).await);
    errors.push(world.work(&id, &json!({ "type": "close", "note": planted[3] })).await);
    world.sealed().await;

    soon("the log names the case by its id", || world.log().contains(&id)).await;
    let log = world.log();
    let tokens = [INTAKE, AGENT, ADMIN, "unknown-token-0815"];
    let secrets = [PEPPER, FORMBRICKS_SECRET, CRM_SECRET, EVENTS_SECRET, RESEND_KEY, SLACK_PATH, "s3cr3tpath"];
    let own: Vec<String> = [&world.chat, &world.mail, &world.events].map(Receiver::origin).to_vec();
    for secret in tokens.iter().chain(&secrets).chain(&planted).copied().chain(own.iter().map(String::as_str)) {
        assert!(!log.contains(secret), "the log holds {secret}");
        for error in &errors {
            assert!(error.status >= 400, "{}", error.text());
            assert!(!error.text().contains(secret), "an error holds {secret}: {}", error.text());
        }
    }
    let shown = world.case(&id).await.json["alerts"].to_string();
    assert!(!shown.contains(SLACK_PATH) && !shown.contains(RESEND_KEY) && !shown.contains(planted[0]), "{shown}");
}
