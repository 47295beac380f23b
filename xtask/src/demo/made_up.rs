//! An endless stream of made-up answers: names, places and words that fit each other, scores as a shop would get them.
//!
//! The same run number gives the same stream, so that a surprise can be looked at again.

use serde_json::{Value, json};

use super::story::{Story, Way};

/// What people of one place are called and what they say of a poor, a middling and a good experience.
struct Place {
    locale: &'static str,
    country: &'static str,
    names: [&'static str; 4],
    poor: [&'static str; 3],
    middling: [&'static str; 2],
    good: [&'static str; 2],
}

const PLACES: [Place; 7] = [
    Place {
        locale: "de-DE",
        country: "DE",
        names: ["Jonas Weber", "Miriam Schulz", "Lukas Braun", "Aylin Demir"],
        poor: [
            "Seit neun Tagen wartet mein Paket im Verteilzentrum.",
            "Die Rücksendung wurde abgelehnt, ohne Begründung.",
            "Falsche Größe geliefert, zum zweiten Mal.",
        ],
        middling: ["Ware gut, Verpackung übertrieben.", "Geht so, die Suche findet wenig."],
        good: ["Schnell, freundlich, gerne wieder.", "Der Umtausch war in zwei Minuten erledigt."],
    },
    Place {
        locale: "de-CH",
        country: "CH",
        names: ["Urs Gerber", "Nina Frei", "Beat Zürcher", "Sandra Hug"],
        poor: [
            "Die Zollgebühren wurden nirgends erwähnt.",
            "Rechnung stimmt nicht mit der Bestellung überein.",
            "Niemand ruft zurück.",
        ],
        middling: ["Recht gut, aber nicht günstig.", "Alles korrekt."],
        good: ["Sehr zuverlässig.", "Pünktlich wie vereinbart."],
    },
    Place {
        locale: "en-US",
        country: "US",
        names: ["Tyler Morgan", "Keisha Robinson", "Emily Nguyen", "Carlos Ortiz"],
        poor: [
            "Tracking says delivered. Nothing was delivered.",
            "I was charged twice and chat closed on me.",
            "The return label never arrived.",
        ],
        middling: ["Fine, but the app logged me out twice.", "Good product, slow shipping."],
        good: ["Support fixed it on the first call!", "Best checkout I have used."],
    },
    Place {
        locale: "en-GB",
        country: "GB",
        names: ["Oliver Hughes", "Priya Shah", "Fiona Campbell", "Tom Bailey"],
        poor: [
            "Left on the doorstep in the rain.",
            "Three emails, three different answers.",
            "The discount wasn't applied and nobody seems to mind.",
        ],
        middling: ["Perfectly adequate.", "Nice, though delivery slots are few."],
        good: ["Brilliant, thank you.", "Arrived a day early."],
    },
    Place {
        locale: "fr-FR",
        country: "FR",
        names: ["Léa Moreau", "Hugo Petit", "Inès Garnier", "Paul Chevalier"],
        poor: [
            "Colis abîmé et service client injoignable.",
            "Le remboursement promis n'est jamais arrivé.",
            "Impossible de modifier l'adresse de livraison.",
        ],
        middling: ["Correct, sans plus.", "Le site est un peu lent."],
        good: ["Livraison rapide et soignée.", "Très bonne expérience, merci."],
    },
    Place {
        locale: "it-IT",
        country: "IT",
        names: ["Giulia Conti", "Matteo Greco", "Sara Marini", "Davide Costa"],
        poor: [
            "Ordine annullato senza avviso.",
            "Ho atteso il corriere per tre giorni.",
            "Assistenza gentile ma senza soluzione.",
        ],
        middling: ["Va bene, ma l'app si blocca.", "Prezzo giusto, imballo scarso."],
        good: ["Tutto perfetto, complimenti.", "Consegna puntualissima."],
    },
    Place {
        locale: "es-ES",
        country: "ES",
        names: ["Marta Gil", "Álvaro Núñez", "Carmen Vidal", "Pablo Serrano"],
        poor: [
            "El paquete llegó abierto y falta un artículo.",
            "Llevo dos semanas esperando el reembolso.",
            "Me pasaron con cuatro personas distintas.",
        ],
        middling: ["Está bien, aunque el envío es caro.", "Normal."],
        good: ["Muy contenta, repetiré.", "Rapidísimo y sin problemas."],
    },
];

/// A survey and the highest score of its scale; the lowest is 0 for NPS and 1 for the others.
const SURVEYS: [(&str, i64); 3] = [("checkout-nps", 10), ("delivery-csat", 5), ("support-ces", 7)];

/// How well it went, worst to best, as shares of a hundred.
const POOR: u64 = 22;
const MIDDLING: u64 = 26;

/// The stream of a run.
pub fn stories(run: u64) -> impl Iterator<Item = Story> {
    let mut dice = Dice(run | 1);
    (0_u64..).map(move |index| story(run, index, &mut dice))
}

fn story(run: u64, index: u64, dice: &mut Dice) -> Story {
    let place = dice.pick(&PLACES);
    let (survey, best) = *dice.pick(&SURVEYS);
    let luck = dice.below(100);
    let (score, comments): (i64, &[&str]) = if luck < POOR {
        (dice.between(if best == 10 { 0 } else { 1 }, best * 3 / 10), &place.poor)
    } else if luck < POOR + MIDDLING {
        (if best == 10 { dice.between(7, 8) } else { best / 2 + 1 }, &place.middling)
    } else {
        (dice.between(best - 1, best), &place.good)
    };
    let number = 6000 + dice.below(900);
    let name = *dice.pick(&place.names);
    let mut body = json!({
        "survey": survey, "score": score, "response_id": format!("demo-{run}-{index}"), "locale": place.locale, "country": place.country,
        "channel": dice.pick(&["web", "email", "app"]),
    });
    if dice.below(100) < 70 {
        body["comment"] = json!(dice.pick(comments));
    }
    let who = add_customer(&mut body, dice, name, number);
    Story { shows: None, survey, score, best, place: place.locale, who, way: Way::Feedback { key: None, body } }
}

/// Two of three say who they are, and of these most answer whether they may be contacted.
fn add_customer(body: &mut Value, dice: &mut Dice, name: &str, number: u64) -> String {
    if dice.below(3) == 0 {
        return "(anonymous)".to_owned();
    }
    let tier = *dice.pick(&["standard", "standard", "silver", "gold"]);
    body["customer"] =
        json!({"id": format!("C-{number}"), "name": name, "email": format!("c{number}@example.com"), "tier": tier});
    let answer = dice.below(100);
    if answer < 80 {
        body["consent"] =
            json!([{"channel": "email", "purpose": "follow_up", "granted": answer < 60, "wording": "contact-2026-01"}]);
    }
    format!("{name}, {tier}")
}

/// A small generator (xorshift64*); good enough to shuffle with, not for secrets.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(u64::try_from(high - low + 1).unwrap_or(1))).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.below(from.len() as u64);
        &from[usize::try_from(index).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_stay_on_their_scales_and_all_kinds_occur() {
        let (mut poor, mut good, mut named, mut refused) = (0, 0, 0, 0);
        for story in stories(7).take(500) {
            let lowest = if story.best == 10 { 0 } else { 1 };
            assert!((lowest..=story.best).contains(&story.score), "{story:?}");
            poor += i32::from(story.score * 10 <= story.best * 3);
            good += i32::from(story.score >= story.best - 1);
            let Way::Feedback { body, .. } = &story.way else { panic!("made-up answers come by the API") };
            named += i32::from(body["customer"].is_object());
            refused += i32::from(body["consent"][0]["granted"] == false);
        }
        assert!(poor > 50 && good > 150 && named > 250 && refused > 30, "{poor} {good} {named} {refused}");
    }
}
