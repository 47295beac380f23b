//! The hand-written answers. Each shows one thing that the application does.

use serde_json::{Value, json};

use super::story::{Story, Way};

/// The answers in order; `run` makes their ids differ from those of an earlier run.
pub fn stories(run: u64) -> Vec<Story> {
    let mut stories = checkout(run);
    stories.extend(other_touchpoints(run));
    stories
}

fn checkout(run: u64) -> Vec<Story> {
    let anna = json!({
        "survey": "checkout-nps", "score": 3, "response_id": format!("demo-{run}-anna"),
        "comment": "Das Paket kam geöffnet an, zwei Teile fehlen. Am Telefon war eine Stunde lang niemand zu erreichen.",
        "locale": "de-DE", "country": "DE", "channel": "email", "segment": "b2c",
        "customer": {"id": "C-1042", "name": "Anna Keller", "email": "anna.keller@example.com", "phone": "+49 30 5550142", "tier": "gold"},
        "consent": [{"channel": "email", "purpose": "follow_up", "granted": true, "wording": "contact-2026-01"}],
    });
    let anna_story = |shows, body: &Value| checkout_story(shows, 3, "de-DE", "Anna Keller, gold", None, body.clone());
    let reto = json!({
        "survey": "checkout-nps", "score": 6, "response_id": format!("demo-{run}-reto"), "comment": "Ganz in Ordnung.",
        "locale": "de-CH", "country": "CH", "channel": "web", "customer": {"id": "C-3001", "name": "Reto Ammann", "email": "reto.ammann@example.com"},
    });
    let same_score_us = json!({
        "survey": "checkout-nps", "score": 6, "response_id": format!("demo-{run}-dana"), "comment": "Checkout asked for my card twice.",
        "locale": "en-US", "country": "US", "channel": "web", "customer": {"id": "C-3002", "name": "Dana Brooks", "email": "dana.brooks@example.com"},
        "consent": [{"channel": "email", "purpose": "follow_up", "granted": false, "wording": "contact-2026-01"}],
    });
    let anonymous = json!({
        "survey": "checkout-nps", "score": 0, "comment": "<!channel> *FREE* money: <https://evil.example|click> <script>alert(1)</script> & more",
        "locale": "en-US", "country": "US", "channel": "web",
    });
    vec![
        checkout_story(
            "a promoter is counted; no case is opened",
            10,
            "en-US",
            "Grace Mitchell",
            None,
            json!({
                "survey": "checkout-nps", "score": 10, "response_id": format!("demo-{run}-grace"), "comment": "Ordered at noon, had it the next morning. Wonderful.",
                "locale": "en-US", "country": "US", "channel": "email", "customer": {"id": "C-1001", "name": "Grace Mitchell", "email": "grace.mitchell@example.com"},
            }),
        ),
        anna_story("a gold customer's low score goes to the lead at once; she may be written to", &anna),
        anna_story("the same answer again: the same address, no second case, no second alert", &anna),
        checkout_story("the same score is a passive in Switzerland …", 6, "de-CH", "Reto Ammann", None, reto),
        checkout_story(
            "… and a detractor elsewhere; this one said no to being contacted",
            6,
            "en-US",
            "Dana Brooks",
            None,
            same_score_us,
        ),
        checkout_story(
            "what a customer writes stays text: nobody is mentioned, no link is made",
            0,
            "en-US",
            "(anonymous)",
            Some(format!("demo-{run}-anonymous")),
            anonymous,
        ),
        checkout_story(
            "a passive who wrote something: five days to answer, no alarm",
            7,
            "fr-FR",
            "Camille Laurent",
            None,
            json!({
                "survey": "checkout-nps", "score": 7, "response_id": format!("demo-{run}-camille"), "comment": "Bien, mais les frais de livraison n'apparaissent qu'à la fin.",
                "locale": "fr-FR", "country": "FR", "channel": "web", "customer": {"id": "C-2207", "name": "Camille Laurent", "email": "camille.laurent@example.com"},
            }),
        ),
    ]
}

fn checkout_story(
    shows: &'static str,
    score: i64,
    place: &'static str,
    who: &str,
    key: Option<String>,
    body: Value,
) -> Story {
    Story {
        shows: Some(shows),
        survey: "checkout-nps",
        score,
        best: 10,
        place,
        who: who.to_owned(),
        way: Way::Feedback { key, body },
    }
}

fn other_touchpoints(run: u64) -> Vec<Story> {
    let lucia_id = format!("demo-{run}-lucia");
    let lucia = |shows, body: Value| Story {
        shows: Some(shows),
        survey: "delivery-csat",
        score: 2,
        best: 5,
        place: "es-ES",
        who: "Lucía Romero".to_owned(),
        way: Way::Feedback { key: None, body },
    };
    vec![
        lucia(
            "the score comes first …",
            json!({
                "survey": "delivery-csat", "score": 2, "response_id": lucia_id, "locale": "es-ES", "country": "ES", "channel": "sms",
                "customer": {"id": "C-4410", "name": "Lucía Romero", "phone": "+34 600 555 010"},
            }),
        ),
        lucia(
            "… and the comment later: it updates the same case",
            json!({
                "survey": "delivery-csat", "score": 2, "response_id": lucia_id, "comment": "El repartidor dejó el paquete bajo la lluvia.",
            }),
        ),
        Story {
            shows: Some("Formbricks' webhook, signed"),
            survey: "checkout-nps",
            score: 2,
            best: 10,
            place: "FR",
            who: "Julien, silver".to_owned(),
            way: Way::Webhook {
                source: "formbricks",
                secret: "formbricks_webhook_secret",
                id: format!("msg_{run}_1"),
                body: formbricks(run),
            },
        },
        Story {
            shows: Some("a CRM's webhook, signed; its customer may be telephoned"),
            survey: "support-ces",
            score: 1,
            best: 7,
            place: "IT",
            who: "Marco Ferri, gold".to_owned(),
            way: Way::Webhook {
                source: "crm",
                secret: "crm_webhook_secret",
                id: format!("msg_{run}_2"),
                body: crm(run),
            },
        },
    ]
}

fn formbricks(run: u64) -> Value {
    json!({
        "webhookId": "cm4webhook0001", "event": "responseFinished",
        "data": {
            "id": format!("cm4response{run}"), "surveyId": "cm4shopcheckout0001", "finished": true,
            "createdAt": minutes_before(run, 3), "updatedAt": minutes_before(run, 2),
            "data": {"nps": 2, "why": "Le code promo a disparu au moment de payer.", "may-we-contact-you": "accepted"},
            "contact": {"id": "cm4contact0001", "userId": "U-88"},
            "contactAttributes": {"email": "julien@example.com", "firstName": "Julien", "country": "FR", "tier": "silver"},
            "meta": {"source": "link"}, "tags": [], "variables": {}, "ttc": {"nps": 1800},
        },
    })
}

fn crm(run: u64) -> Value {
    json!({
        "ticket": {"id": format!("T-{run}"), "closed_at": minutes_before(run, 95)},
        "answers": {"effort": 1, "comment": "Ho dovuto spiegare tutto tre volte a tre persone diverse.", "contact_ok": true},
        "customer": {"number": "C-5120", "email": "marco.ferri@example.com", "name": "Marco Ferri", "phone": "+39 02 5550199", "country": "IT", "tier": "gold"},
    })
}

/// A time before the run, RFC 3339.
fn minutes_before(run: u64, minutes: u64) -> String {
    let milliseconds = i64::try_from(run.saturating_sub(minutes * 60_000)).unwrap_or_default();
    let time = chrono::DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
