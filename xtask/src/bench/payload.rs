//! The answers that the bench posts: about a third say who they are, comments are as long as people's are.

use serde_json::json;

const COMMENTS: [&str; 6] = [
    "",
    "Fine.",
    "The parcel came a day late and the box was open; two of the five items were missing, support asked me to wait.",
    "Alles bestens, sehr schnelle Lieferung und gut verpackt. Gerne wieder!",
    "Le colis est arrivé abîmé. J'ai appelé trois fois le service client et chaque fois on m'a promis un rappel qui n'est jamais venu.",
    "",
];
const SURVEYS: [(&str, u64, u64); 3] = [("checkout-nps", 0, 10), ("delivery-csat", 1, 5), ("support-ces", 1, 7)];
const COUNTRIES: [&str; 5] = ["DE", "US", "CH", "FR", "GB"];

/// The body of the n-th answer of a run: the same for the same numbers, and an answer of its own for others.
pub fn body(run: u64, number: u64) -> String {
    let mixed = (number.wrapping_add(run)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let roll = |shift: u32, sides: u64| (mixed >> shift) % sides;
    let pick = |shift: u32, sides: usize| usize::try_from(roll(shift, sides as u64)).unwrap_or(0);
    let (survey, low, high) = SURVEYS[pick(8, SURVEYS.len())];
    let mut body = json!({
        "survey": survey,
        "score": low + roll(16, high - low + 1),
        "response_id": format!("bench-{run:x}-{number}"),
        "country": COUNTRIES[pick(24, COUNTRIES.len())],
        "channel": "web",
    });
    let comment = COMMENTS[pick(32, COMMENTS.len())];
    if !comment.is_empty() {
        body["comment"] = json!(comment);
    }
    if roll(40, 3) == 0 {
        let customer = roll(20, 50_000);
        body["customer"] = json!({"id": format!("C-{customer}"), "name": "Maria Muster", "email": format!("c{customer}@example.com"), "tier": "standard"});
        body["consent"] =
            json!([{"channel": "email", "purpose": "follow_up", "granted": roll(44, 4) > 0, "wording": "2026-01"}]);
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_say_who_they_are_and_every_score_is_on_its_scale() {
        let mut named = 0;
        for number in 0..3000 {
            let body: serde_json::Value = serde_json::from_str(&body(5, number)).expect("JSON");
            let (_, low, high) =
                SURVEYS.into_iter().find(|survey| body["survey"] == survey.0).expect("a survey of ours");
            assert!((low..=high).contains(&body["score"].as_u64().expect("a score")));
            named += i32::from(body["customer"].is_object());
        }
        assert!((900..1100).contains(&named), "{named} of 3000");
        assert_ne!(body(5, 1), body(5, 2));
        assert_ne!(body(5, 1), body(6, 1));
    }
}
