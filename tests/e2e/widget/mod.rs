//! Browsers: what they are told, what they may send, and the widget itself in a real one.

mod answers;
mod asking;
mod keyboard;
mod limits;
mod page;
mod robust;
mod shop;

use ringback_tests::{Answer, Call, Client, IDENTITY_SECRET, World, identity_token};
use serde_json::{Value, json};

/// The key of the programme's site.
pub const KEY: &str = "pk_shop_4f7Qm2Lx";
/// An origin that the site may ask from.
pub const SHOP: &str = "https://shop.example.com";

/// Where a browser posts answers to.
pub fn path(survey: &str) -> String {
    format!("/v1/surveys/{survey}/answers?key={KEY}")
}

/// An answer as the widget posts it.
pub fn answer(id: &str, score: u8) -> Value {
    json!({ "id": id, "score": score, "locale": "en", "elapsed_ms": 5000 })
}

/// A browser's post from the shop, not sent yet.
pub fn post(world: &World, survey: &str, body: &Value) -> Call {
    dressed(world.post(&path(survey)), body)
}

/// The same, from a client with an address of its own.
pub fn post_from(client: &Client, survey: &str, body: &Value) -> Call {
    dressed(client.call("POST".parse().expect("a method"), &path(survey)), body)
}

fn dressed(call: Call, body: &Value) -> Call {
    call.header("origin", SHOP).header("content-type", "text/plain;charset=UTF-8").bytes(body.to_string())
}

/// A signed identity that holds for an hour.
pub fn signed(world: &World, mut claims: Value) -> String {
    claims["exp"] = json!(world.now().timestamp() + 3_600);
    identity_token(IDENTITY_SECRET, &claims)
}

/// Whether the page of an origin may read an answer.
pub fn readable_by(answer: &Answer, origin: &str) -> bool {
    let allowed = answer.header("access-control-allow-origin");
    allowed == origin || allowed == "*"
}
