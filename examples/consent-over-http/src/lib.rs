//! A provider of `ringback:consent/gate` that asks a consent service over HTTP. Put in place of `consent-check` by the
//! dependency's line of every component in spin.toml that asks (docs/consent.md).
//!
//! Whatever the service does not clearly say yes to is no: it is not there, slow, or answers something else. Nothing is
//! kept, and nothing about a person is written to the log.

mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "provider", generate_all });
    use super::Gate;
    export!(Gate);
}

use bindings::exports::ringback::consent::gate::{Channel, Decision, Guest, Person, Proof, Purpose, Reason};
use bytes::Bytes;
use futures::future::{Either, select};
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::{Value, json};
use spin_sdk::time::sleep;
use spin_sdk::variables;
use std::pin::pin;
use std::time::Duration;

/// The service's address, and the token it lets us in by.
const URL_VARIABLE: &str = "consent_service_url";
const TOKEN_VARIABLE: &str = "consent_service_token";
/// How long it may take: a message can wait, a person who looks at a case should not.
const WITHIN: Duration = Duration::from_secs(3);
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

struct Gate;

impl Guest for Gate {
    async fn may_contact(who: Person, channel: Channel, purpose: Purpose) -> Result<Decision, String> {
        let url = variable(URL_VARIABLE).await?;
        let token = variable(TOKEN_VARIABLE).await?;
        let question = json!({
            "person": { "customer": who.customer, "email": who.email, "phone": who.phone },
            "channel": channel_name(channel),
            "purpose": purpose_name(purpose),
        });
        let request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::new(Bytes::from(question.to_string())))
            .map_err(|_| "the consent service's address is none".to_owned())?;
        match select(pin!(exchange(request)), pin!(sleep(WITHIN))).await {
            Either::Left((answer, _)) => decision(&answer?),
            Either::Right(((), _)) => Err("the consent service did not answer in time".to_owned()),
        }
    }
}

async fn variable(name: &str) -> Result<String, String> {
    let value = variables::get(name).await.map_err(|_| format!("the variable `{name}` is not given"))?;
    if value.is_empty() { Err(format!("the variable `{name}` is empty")) } else { Ok(value) }
}

async fn exchange(request: Request<Full<Bytes>>) -> Result<Value, String> {
    let answer = spin_sdk::http::send(request).await.map_err(|_| "the consent service cannot be reached".to_owned())?;
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        return Err(format!("the consent service answered {}", head.status.as_u16()));
    }
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|_| "the consent service broke off".to_owned())?.to_bytes();
    serde_json::from_slice(&body).map_err(|_| "the consent service answered no JSON".to_owned())
}

/// `{"allowed": true, "source": "…", "wording": "…", "given_at": 1795339800}`, or `{"allowed": false, "reason": "…"}`.
fn decision(answer: &Value) -> Result<Decision, String> {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    match answer["allowed"].as_bool() {
        Some(true) => {
            // Consent that nobody can prove is none.
            let (Some(source), Some(given_at)) = (text("source"), answer["given_at"].as_u64()) else {
                return Err("the consent service allowed without `source` and `given_at`".to_owned());
            };
            Ok(Decision::Allowed(Proof { wording: text("wording"), source, given_at }))
        }
        Some(false) => Ok(Decision::Blocked(match answer["reason"].as_str() {
            Some("unidentified") => Reason::Unidentified,
            Some("refused") => Reason::Refused,
            Some("withdrawn") => Reason::Withdrawn,
            Some("expired") => Reason::Expired,
            Some("pending") => Reason::Pending,
            Some("undeliverable") => Reason::Undeliverable,
            _ => Reason::Unknown,
        })),
        None => Err("the consent service answered without `allowed`".to_owned()),
    }
}

fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "email",
        Channel::Phone => "phone",
        Channel::Sms => "sms",
        Channel::Post => "post",
    }
}

fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::FollowUp => "follow_up",
        Purpose::Survey => "survey",
        Purpose::Marketing => "marketing",
    }
}
