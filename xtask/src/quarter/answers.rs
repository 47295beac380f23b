//! Answers as a shop gets them over a quarter: who answers when, with what score, and what they write.

use serde_json::{Value, json};

/// A small generator (xorshift64*); the same seed tells the same story.
pub struct Dice(pub u64);

impl Dice {
    /// 0 to `limit` − 1.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit.max(1)
    }

    /// Whether something happens that happens so often of a hundred times.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

/// A country: its share of a hundred, the names there, and how much more or less its people give than elsewhere.
struct Country {
    code: &'static str,
    locale: &'static str,
    share: u64,
    /// Of a hundred answers so many are poor, and so many good.
    poor: u64,
    good: u64,
    names: [&'static str; 8],
}

const COUNTRIES: [Country; 3] = [
    Country {
        code: "DE",
        locale: "de-DE",
        share: 56,
        poor: 17,
        good: 55,
        names: [
            "Jonas Weber",
            "Miriam Schulz",
            "Lukas Braun",
            "Aylin Demir",
            "Katrin Vogel",
            "Sven Hartmann",
            "Nele Richter",
            "Paul Krüger",
        ],
    },
    Country {
        code: "AT",
        locale: "de-AT",
        share: 20,
        poor: 14,
        good: 60,
        names: [
            "Anna Gruber",
            "Florian Huber",
            "Lena Pichler",
            "Markus Steiner",
            "Eva Wimmer",
            "Georg Moser",
            "Julia Egger",
            "Thomas Leitner",
        ],
    },
    // Scores are reserved there: fewer nines and tens, not more trouble.
    Country {
        code: "CH",
        locale: "de-CH",
        share: 24,
        poor: 15,
        good: 38,
        names: [
            "Urs Gerber",
            "Nina Frei",
            "Beat Zürcher",
            "Sandra Hug",
            "Reto Meier",
            "Claudia Baumann",
            "Marc Favre",
            "Laura Bernasconi",
        ],
    },
];

const POOR: [&str; 8] = [
    "Mein Paket hängt seit Tagen im Verteilzentrum.",
    "Die Rücksendung wurde abgelehnt, ohne Begründung.",
    "Falsche Größe geliefert, zum zweiten Mal.",
    "Drei Mails, drei verschiedene Antworten.",
    "Der Rabatt wurde nicht abgezogen.",
    "Im Warenkorb war plötzlich alles teurer.",
    "Karton offen, Inhalt nass.",
    "Niemand ruft zurück.",
];
const STRIKE: [&str; 3] = [
    "Seit dem Streik ist meine Sendung verschwunden, und niemand sagt etwas.",
    "Der Paketdienst streikt, das wusste der Shop. Warum wird trotzdem „morgen“ versprochen?",
    "Acht Tage Verspätung, Geburtstag verpasst.",
];
const MIDDLING: [&str; 4] = [
    "Ware gut, Verpackung übertrieben.",
    "Geht so, die Suche findet wenig.",
    "Alles korrekt.",
    "Gut, aber nicht günstig.",
];
const GOOD: [&str; 4] =
    ["Schnell und freundlich.", "Gerne wieder!", "Umtausch in zwei Minuten erledigt.", "Sehr zuverlässig."];

/// Days of the quarter on which the carrier is on strike in Germany.
pub const STRIKE_DAYS: std::ops::Range<u64> = 52..61;

/// About how many answers come in an hour of a day: few at night, fewer at weekends, more the later in the season.
pub fn expected(day: u64, hour: u64, weekend: bool) -> u64 {
    let by_hour = [0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 4, 3, 3, 3, 3, 4, 5, 6, 6, 4, 2, 1];
    let season = 70 + day * 60 / 91 + if day > 80 { 25 } else { 0 };
    by_hour[usize::try_from(hour % 24).unwrap_or(0)] * season * if weekend { 7 } else { 10 } / 3_000
}

/// One answer.
pub fn answer(day: u64, number: u64, dice: &mut Dice) -> Value {
    let mut share = dice.below(100);
    let country = COUNTRIES.iter().find(|country| {
        let here = share < country.share;
        share = share.saturating_sub(country.share);
        here
    });
    let country = country.unwrap_or(&COUNTRIES[0]);
    let (survey, scale) = *dice.pick(&[
        ("checkout-nps", (0, 10)),
        ("checkout-nps", (0, 10)),
        ("checkout-nps", (0, 10)),
        ("delivery-csat", (1, 5)),
        ("delivery-csat", (1, 5)),
        ("support-ces", (1, 7)),
    ]);
    let strike = STRIKE_DAYS.contains(&day) && country.code == "DE" && survey != "support-ces";
    let (poor, good) = if strike { (58, 18) } else { (country.poor, country.good) };
    let luck = dice.below(100);
    let (score, said): (u64, &str) = match scale {
        _ if luck < poor => (low(scale, dice), if strike { *dice.pick(&STRIKE) } else { *dice.pick(&POOR) }),
        _ if luck >= 100 - good => (scale.1 - dice.below(2), *dice.pick(&GOOD)),
        (_, 10) => (7 + dice.below(2), *dice.pick(&MIDDLING)),
        (_, best) => (best / 2 + 1, *dice.pick(&MIDDLING)),
    };
    let segment = match dice.below(100) {
        0..72 => "b2c",
        72..93 => "b2b",
        _ => "key-account",
    };
    let who = dice.below(1_400);
    let name = country.names[usize::try_from(who % 8).unwrap_or(0)];
    let mut body = json!({
        "survey": survey, "score": score, "response_id": format!("quarter-{number}"), "country": country.code, "locale": country.locale,
        "segment": segment, "channel": dice.pick(&["web", "email", "app"]),
        "customer": { "id": format!("C-{}-{who}", country.code), "name": name, "email": format!("c{who}.{}@example.com", country.code.to_lowercase()),
                      "tier": dice.pick(&["standard", "standard", "standard", "silver", "gold"]) },
        "consent": [{ "channel": "email", "purpose": "follow_up", "granted": dice.percent(85), "wording": "contact-2026-01" }],
    });
    if dice.percent(60) {
        body["comment"] = json!(said);
    }
    if segment == "key-account" {
        body["account"] = json!({ "id": format!("A-{}", 1 + who % 9), "name": "Analytical Engines" });
    }
    body
}

/// A score of the lowest band.
fn low((worst, best): (u64, u64), dice: &mut Dice) -> u64 {
    let most = match best {
        10 => 6,
        7 => 3,
        _ => 2,
    };
    worst + dice.below(most - worst + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_surveys_and_the_strike_are_all_there() {
        let mut dice = Dice(7);
        let (mut calm, mut strike) = ((0, 0), (0, 0));
        for number in 0..4_000 {
            let day = if number % 2 == 0 { 20 } else { STRIKE_DAYS.start };
            let body = answer(day, number, &mut dice);
            assert!(["DE", "AT", "CH"].contains(&body["country"].as_str().unwrap_or_default()));
            let score = body["score"].as_u64().unwrap_or(99);
            let best = match body["survey"].as_str() {
                Some("checkout-nps") => 10,
                Some("delivery-csat") => 5,
                _ => 7,
            };
            assert!(score <= best && (best == 10 || score > 0), "{body}");
            if body["country"] == "DE" && best == 10 {
                let counted = if day == 20 { &mut calm } else { &mut strike };
                counted.0 += u32::from(score <= 6);
                counted.1 += 1;
            }
        }
        assert!(calm.0 * 100 / calm.1 < 25 && strike.0 * 100 / strike.1 > 45, "{calm:?} {strike:?}");
        assert!(expected(0, 3, false) == 0 && expected(85, 20, false) > expected(5, 20, true));
    }
}
