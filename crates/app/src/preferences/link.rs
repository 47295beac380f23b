//! The address of a person's preference page: names one of their answers, expires, and cannot be made up.
//!
//! Signed for this purpose alone: neither a session nor a delivery's id opens the page, and the link opens nothing else.
//! It carries no personal data. Whoever has it is taken for the person, which is why it is only ever sent to them.
//!
//! The link that is shown right after answering is another one: whoever answers has proven nothing, and may have typed
//! somebody else's address. It opens that answer and nothing of the person behind it.

use crate::digest::equal;
use crate::identity::Namer;

/// How long a link of a new answer works, in seconds: a year. Mail is kept, and the way out of it has to work (RFC 8058
/// asks for weeks). A link that is made later works for at least half of it.
pub const LASTS_S: u64 = 365 * 86_400;

/// What a person's link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opens {
    /// One of their answers.
    pub answer: String,
    /// The journal of the address that it was sent to; none in links of before this was said.
    pub person: Option<String>,
}

/// Makes the token of the page of whoever an answer was of when it was sent to their address (the name of its journal). The
/// answer was received at an instant (Unix seconds). The same for about a year: a message that is sent again must be the
/// same message, or its provider takes it for another one.
///
/// Whom an answer is of can change: somebody corrects an address, or types one that is not theirs. Who has been sent a link
/// has shown that one address is theirs, and no other.
#[must_use]
pub fn token(namer: &Namer, answer: &str, person: &str, received: u64, now: u64) -> String {
    let years = (now.saturating_sub(received) + LASTS_S / 2) / LASTS_S + 1;
    let until = received + years * LASTS_S;
    format!("{answer}.{until}.{person}.{}", namer.preferences_of(answer, until, person))
}

/// What the signature of a link to one answer alone begins with.
const OWN: &str = "own-";

/// Makes the token of the page of one answer alone, received at an instant (Unix seconds).
#[must_use]
pub fn own_token(namer: &Namer, answer: &str, received: u64) -> String {
    let until = received + LASTS_S;
    format!("{answer}.{until}.{OWN}{}", namer.own_answer(answer, until))
}

/// The answer that a token of that kind names; none when it is made up or expired.
#[must_use]
pub fn own_answer(namer: &Namer, token: &str, now: u64) -> Option<String> {
    let mut parts = token.splitn(3, '.');
    let (answer, until, signature) = (parts.next()?, parts.next()?.parse::<u64>().ok()?, parts.next()?);
    let signature = signature.strip_prefix(OWN)?;
    let genuine = equal(signature.as_bytes(), namer.own_answer(answer, until).as_bytes());
    (genuine && now < until).then(|| answer.to_owned())
}

/// What a token opens; nothing when it is made up or expired.
#[must_use]
pub fn opens(namer: &Namer, token: &str, now: u64) -> Option<Opens> {
    let mut parts = token.splitn(3, '.');
    let (answer, until, rest) = (parts.next()?, parts.next()?.parse::<u64>().ok()?, parts.next()?);
    let (person, signature, genuine) = match rest.split_once('.') {
        Some((person, signature)) => (Some(person), signature, namer.preferences_of(answer, until, person)),
        None => (None, rest, namer.preferences(answer, until)),
    };
    let genuine = equal(signature.as_bytes(), genuine.as_bytes());
    (genuine && now < until).then(|| Opens { answer: answer.to_owned(), person: person.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PEPPER_VARIABLE;
    use crate::secrets::Secrets;
    use std::collections::BTreeMap;

    fn namer(pepper: &str) -> Namer {
        Namer::new(&Secrets::new(BTreeMap::from([(PEPPER_VARIABLE.to_owned(), pepper.repeat(32))]))).unwrap()
    }

    /// The answer that a token opens.
    fn answer(namer: &Namer, token: &str, now: u64) -> Option<String> {
        opens(namer, token, now).map(|opens| opens.answer)
    }

    #[test]
    fn a_link_stays_the_same_and_is_never_about_to_expire() {
        let n = namer("p");
        let made = |age: u64| token(&n, "abc", "ada", 1_000, 1_000 + age);
        assert_eq!(made(0), made(LASTS_S / 2 - 1));
        for age in [0, 1, LASTS_S / 2, LASTS_S, 3 * LASTS_S - 1] {
            assert!(answer(&n, &made(age), 1_000 + age + LASTS_S / 2 - 1).is_some(), "{age}");
        }
    }

    #[test]
    fn a_link_says_whose_address_it_was_sent_to_and_one_of_before_does_not() {
        let n = namer("p");
        let of = |person: Option<&str>| Some(Opens { answer: "abc".into(), person: person.map(str::to_owned) });
        let token = token(&n, "abc", "ada", 1_000, 1_000);
        assert_eq!(opens(&n, &token, 1_001), of(Some("ada")));
        assert_eq!(opens(&n, &token.replace("ada", "eve"), 1_001), None);
        assert_eq!(opens(&n, &token.replace(".ada", ""), 1_001), None);
        let until = 1_000 + LASTS_S;
        let before = format!("abc.{until}.{}", n.preferences("abc", until));
        assert_eq!(opens(&n, &before, 1_001), of(None));
        assert_eq!(opens(&n, &before.replacen(&format!("{until}."), &format!("{until}.ada."), 1), 1_001), None);
    }

    #[test]
    fn a_link_to_an_answer_opens_no_person_and_a_persons_link_is_another_one() {
        let n = namer("p");
        let own = own_token(&n, "abc", 1_000);
        assert_eq!(own_answer(&n, &own, 1_001).as_deref(), Some("abc"));
        assert_eq!(own_answer(&n, &own, 1_000 + LASTS_S), None);
        assert_eq!(own_answer(&n, &own.replacen("abc", "abd", 1), 1_001), None);
        assert_eq!(own_answer(&namer("q"), &own, 1_001), None);
        for person in [own.as_str(), &own.replace("own-", "")] {
            assert_eq!(answer(&n, person, 1_001), None, "{person}");
        }
        let person = token(&n, "abc", "ada", 1_000, 1_000);
        for forged in [person.clone(), person.replacen("0.", "0.own-", 1)] {
            assert_eq!(own_answer(&n, &forged, 1_001), None, "{forged}");
        }
    }

    #[test]
    fn a_link_holds_for_a_year_and_for_its_own_answer() {
        let n = namer("p");
        let token = token(&n, "abc", "ada", 1_000, 1_000);
        assert_eq!(answer(&n, &token, 1_001).as_deref(), Some("abc"));
        assert_eq!(answer(&n, &token, 1_000 + LASTS_S), None);
        assert_eq!(answer(&namer("q"), &token, 1_001), None);
        assert_eq!(answer(&n, &token.replacen("abc", "abd", 1), 1_001), None);
        assert_eq!(answer(&n, &token.replacen("31537000", "91537000", 1), 1_001), None);
        for made_up in ["", ".", "..", "abc", "abc.99999999999", "abc.99999999999.", "style.css"] {
            assert_eq!(answer(&n, made_up, 1_001), None, "{made_up}");
        }
    }
}
