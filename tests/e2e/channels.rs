//! Every product that alerts can be sent to: what it gets, within its limits and tamed, whatever a customer wrote; and
//! what becomes of an alert when it answers otherwise.

use std::time::Duration;

use crate::answers::{anonymous, detractor, with};
use chrono::TimeDelta;
use ringback_tests::vendors::{VENDOR_SECRETS, VENDORS, programme};
use ringback_tests::{ADMIN, AGENT, EVENTS_SECRET, Options, RESEND_KEY, Received, Reply, World, eventually, soon};
use serde_json::{Value, json};

async fn world() -> World {
    World::with(Options { programme: Some(programme), products: true, ..Options::default() }).await
}

/// What a product was sent since the last time.
fn sent(world: &World, kind: &str) -> Vec<Received> {
    world.vendor(kind).drain()
}

/// Comments of customers who mean no good, and of some who only write a lot.
fn comments() -> Vec<String> {
    let long = |text: &str| text.chars().cycle().take(10_000).collect::<String>();
    vec![
        "Parcel was opened.".to_owned(),
        "x".to_owned(),
        "\n\n \n".to_owned(),
        "@everyone @here <!channel> <@U123> <users/all> @room <@&1> <#C1> @channel @all".to_owned(),
        "[click](http://evil.example) <http://evil.example|here> http://evil.example https://evil.example/?a=1&b=2".to_owned(),
        "<script>alert(1)</script><img src=x onerror=alert(1)> </blockquote><a href=\"http://evil.example\">x</a> &lt;b&gt;".to_owned(),
        "*b* _i_ ~s~ `c` ```block``` # h\n> q\n- l\n1. n\n||spoiler|| | a | b |\n|---|---|\n![i](http://evil.example/i.png)".to_owned(),
        "\u{202e}gnp.exe \u{2066}x\u{2069} \u{200b}zero\u{200d}width\u{feff} \u{0}\u{7}bell \u{2028}line".to_owned(),
        "ישראל שלום مرحبا बहुत धन्यवाद 你好 🇩🇪 👩‍👩‍👧‍👦".to_owned(),
        "{{ notice.link }} {% raw %} ${env} %s \\ \\n \" ' \r\nBcc: x@evil.example".to_owned(),
        long("😀"),
        long("&<>"),
        long("*_[]()"),
        long("\\"),
        long("a\n"),
        long("> \n"),
        long("\u{fdfd}"),
        long("word "),
    ]
}

#[tokio::test]
async fn every_product_takes_what_it_is_sent_whatever_a_customer_wrote() {
    let world = world().await;
    let names = json!({ "customer": {
        "name": "*Eve* <!here> @all [x](http://evil.example) & <b>Co</b>", "email": "eve@example.com", "tier": "<@1>_x_",
    }, "account": { "name": "|| @everyone ||" }, "segment": "<!channel>" });
    for comment in comments() {
        let answer = with(with(anonymous(0), &names), &json!({ "comment": comment }));
        let id = world.take_and_alert(&answer).await;
        for vendor in &VENDORS {
            let requests = sent(&world, vendor.kind);
            assert_eq!(requests.len(), 1, "{}: {comment:.40}", vendor.kind);
            let request = &requests[0];
            let said = format!("{} of {comment:.60?}: {:.2000}", vendor.kind, request.text());
            assert_eq!(vendor.complaints(request), Vec::<String>::new(), "{said}");
            assert_eq!(vendor.alive(request), Vec::<String>::new(), "{said}");
            assert!(
                !request.text().contains("\\u0000") && !request.text().contains('\u{202e}') || vendor.kind == "webhook"
            );
        }
        assert!(
            world.case(&id).await.json["alerts"]
                .as_array()
                .is_some_and(|a| a.iter().all(|a| a["state"] == "delivered"))
        );
    }
}

#[tokio::test]
async fn each_message_says_at_a_glance_what_a_person_needs_to_know() {
    let Some(world) =
        World::with_clock_and(Options { programme: Some(programme), products: true, ..Options::default() }).await
    else {
        return;
    };
    let id = world.take_and_alert(&detractor()).await;
    let escaped = |text: &str| text.replace("\\\\", "").replace("\\n", "\n").replace('\u{200b}', "");
    for vendor in &VENDORS {
        let request = sent(&world, vendor.kind).remove(0);
        let text = escaped(&request.text());
        let programs = vendor.kind == "webhook";
        let link = format!("/desk/cases/{id}");
        for said in ["Detractor 3/10 at checkout", "Parcel was opened.", "checkout", "Ada Lovelace", link.as_str()] {
            assert!(text.contains(said), "{}: {said} is missing: {text}", vendor.kind);
        }
        let left = if programs { "2026-11-24T09:30:00Z" } else { "in 1 d (23 Nov 2026, 09:30 UTC)" };
        assert!(text.contains(left), "{}: the time that is left is missing: {text}", vendor.kind);
    }
}

/// What a product answers, and what becomes of the alert: (how it stands, attempts after two minutes).
fn answers(world: &World) -> Vec<(&'static str, Reply, &'static str, u64)> {
    let date = (world.now() + TimeDelta::seconds(70)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    vec![
        ("500", Reply::status(500).body("<h1>Oops</h1>"), "delivered", 2),
        ("502", Reply::status(502), "delivered", 2),
        ("408", Reply::status(408), "delivered", 2),
        ("429", Reply::status(429), "delivered", 2),
        ("429 in seconds", Reply::status(429).header("retry-after", "65"), "delivered", 2),
        ("429 until a date", Reply::status(429).header("retry-after", date), "delivered", 2),
        ("429 for an hour", Reply::status(429).header("retry-after", "3600"), "pending", 1),
        ("no answer", Reply::breaks_off(), "delivered", 2),
        ("400", Reply::status(400).body("bad"), "failed", 1),
        ("413", Reply::status(413), "failed", 1),
        ("302", Reply::status(302).header("location", "http://127.0.0.1:1/"), "failed", 1),
    ]
}

#[tokio::test]
async fn every_product_is_tried_again_when_that_makes_sense_and_only_then() {
    let Some(world) =
        World::with_clock_and(Options { programme: Some(programme), products: true, ..Options::default() }).await
    else {
        return;
    };
    for (name, reply, state, attempts) in answers(&world) {
        for vendor in &VENDORS {
            let _ = sent(&world, vendor.kind);
            world.vendor(vendor.kind).next([reply.clone()]);
        }
        let id = world.take_and_seal(&detractor()).await;
        world.attempted(&id).await;
        for _ in 0..2 {
            world.pass(TimeDelta::minutes(1)).await;
        }
        world.attempted(&id).await;
        let case = world.case(&id).await;
        for vendor in &VENDORS {
            let alert = case.alert("case.opened", vendor.kind);
            let stands = (alert["state"].as_str().unwrap_or_default(), alert["attempts"].as_u64().unwrap_or_default());
            assert_eq!(stands, (state, attempts), "{} {name}: {alert}", vendor.kind);
            let requests = sent(&world, vendor.kind);
            assert_eq!(requests.len() as u64, attempts, "{} {name}", vendor.kind);
            let names = requests.iter().map(|r| (r.path.clone(), r.header("idempotency-key").to_owned()));
            assert_eq!(names.collect::<std::collections::BTreeSet<_>>().len(), 1, "{}: one name for all", vendor.kind);
        }
        world.vendor("slack").recover();
    }
    let log = world.log();
    for secret in VENDOR_SECRETS {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[tokio::test]
async fn a_slow_product_delays_no_other() {
    let world = world().await;
    for slow in ["teams", "ses", "matrix"] {
        world.vendor(slow).next([Reply::status(200).after(Duration::from_secs(14))]);
    }
    let since = std::time::Instant::now();
    let _ = world.take(&detractor()).await;
    soon("all others have it", || VENDORS.iter().all(|v| world.vendor(v.kind).count() == 1)).await;
    let took = since.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    // While three hang, the next alert is not held up either.
    let _ = world.take(&with(detractor(), &json!({ "score": 1 }))).await;
    soon("the next alert", || world.vendor("discord").count() == 2 && world.vendor("teams").count() == 2).await;
    assert!(since.elapsed() < Duration::from_secs(13), "{:?}", since.elapsed());
}

#[tokio::test]
async fn pagerduty_hears_when_a_case_is_taken_and_when_it_is_resolved() {
    let world = world().await;
    let pager = world.vendor("pagerduty");
    let id = world.take_and_alert(&detractor()).await;
    let told = |r: Received| -> (Value, Value) { (r.json()["event_action"].clone(), r.json()["dedup_key"].clone()) };
    let key = json!(format!("ringback-{id}"));
    assert_eq!(pager.drain().into_iter().map(told).collect::<Vec<_>>(), [(json!("trigger"), key.clone())]);
    let steps = [
        (json!({ "type": "acknowledge", "note": "mine" }), Some("acknowledge")),
        (json!({ "type": "contact", "note": "called", "channel": "email", "outcome": "reached" }), None),
        (json!({ "type": "resolve", "note": "found it", "root_cause": "carrier" }), Some("resolve")),
        (json!({ "type": "inform", "note": "told her", "channel": "email" }), None),
        (json!({ "type": "close", "note": "done" }), None),
    ];
    for (event, action) in steps {
        let _ = world.work(&id, &event).await.expect(200);
        eventually("nothing is pending", async || world.case(&id).await.nothing_pending()).await;
        let expected: Vec<(Value, Value)> = action.map(|a| (json!(a), key.clone())).into_iter().collect();
        assert_eq!(pager.drain().into_iter().map(told).collect::<Vec<_>>(), expected, "{event}");
    }
    assert_eq!(sent(&world, "teams").len(), 1, "only products that keep an incident hear of it");
}

#[tokio::test]
async fn a_signature_for_amazon_covers_body_host_and_time() {
    let world = world().await;
    let _ = world.take_and_alert(&detractor()).await;
    let mail = sent(&world, "ses").remove(0);
    let authorization = mail.header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIAS3CR3T/"), "{authorization}");
    assert!(authorization.contains("/eu-central-1/ses/aws4_request"), "{authorization}");
    for signed in ["content-type", "host", "x-amz-date"] {
        assert!(authorization.contains(signed), "{signed}: {authorization}");
    }
    assert!(!mail.header("x-amz-date").is_empty());
}

#[tokio::test]
async fn a_test_sends_a_marked_sample_and_a_dry_run_shows_it_without_secrets() {
    let world = world().await;
    for vendor in &VENDORS {
        let path = format!("/v1/channels/{}/test", vendor.kind);
        let shown = world.post(&format!("{path}?dry-run")).token(ADMIN).send().await.expect(200);
        assert_eq!(world.vendor(vendor.kind).received().len(), 0, "{}: a dry run sends nothing", vendor.kind);
        assert!(shown.text().contains("Test: Detractor"), "{}: {}", vendor.kind, shown.text());
        for secret in VENDOR_SECRETS.iter().copied().chain([RESEND_KEY, EVENTS_SECRET]) {
            assert!(!shown.text().contains(secret), "{}: {}", vendor.kind, shown.text());
        }
        let answer = world.post(&path).token(ADMIN).send().await.expect(200).json();
        assert_eq!(answer["sent"], true, "{}", vendor.kind);
        let requests = sent(&world, vendor.kind);
        assert_eq!((requests.len(), vendor.complaints(&requests[0])), (1, Vec::new()), "{}", vendor.kind);
        assert!(requests[0].text().contains("Test: Detractor"), "{}", vendor.kind);
        assert_eq!(requests[0].method.as_str(), shown.json()["method"], "{}", vendor.kind);
    }
    for (path, token, status) in [
        ("/v1/channels/teams/test", AGENT, 403),
        ("/v1/channels/teams/test", "nobody", 401),
        ("/v1/channels/nowhere/test", ADMIN, 404),
    ] {
        let _ = world.post(path).token(token).send().await.expect(status);
    }
    let _ = world.get("/v1/channels/teams/test").token(ADMIN).send().await.expect(405);
}

#[tokio::test]
async fn a_private_address_is_refused_unless_the_programme_allows_it() {
    fn strict(ours: String) -> String {
        programme(ours).replace("kind = 'discord'\nallow_private = true\n", "kind = 'discord'\n")
    }
    let world = World::with(Options { programme: Some(strict), products: true, ..Options::default() }).await;
    let id = world.take_and_alert(&detractor()).await;
    let case = world.case(&id).await;
    let alert = case.alert("case.opened", "discord");
    assert_eq!(alert["state"], "failed", "{alert}");
    assert!(alert["last_error"].as_str().is_some_and(|why| why.contains("private address")), "{alert}");
    assert_eq!(world.vendor("discord").received().len(), 0);
    assert_eq!(case.alert("case.opened", "teams")["state"], "delivered");
}

#[tokio::test]
async fn who_may_not_read_answers_is_shown_none() {
    fn executives(ours: String) -> String {
        programme(ours).replace("allow_private = true\n", "allow_private = true\naudience = 'executive'\n")
    }
    let world = World::with(Options { programme: Some(executives), products: true, ..Options::default() }).await;
    let account = json!({ "account": { "name": "Analytical Engines" }, "answers": { "why": "the courier" } });
    let id = world.take_and_alert(&with(detractor(), &account)).await;
    for vendor in &VENDORS {
        let text = sent(&world, vendor.kind).remove(0).text();
        let hidden =
            ["Parcel was opened", "Ada Lovelace", "ada@example.com", "C-7", "the courier", "Analytical Engines"];
        for personal in hidden {
            assert!(!text.contains(personal), "{}: {personal}: {text}", vendor.kind);
        }
        assert!(text.contains("Detractor 3") && text.contains(&id), "{}: {text}", vendor.kind);
    }
}
