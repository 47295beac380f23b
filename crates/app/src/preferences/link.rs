//! The address of a person's preference page: names one of their answers, expires, and cannot be made up.
//!
//! Signed for this purpose alone: neither a session nor a delivery's id opens the page, and the link opens nothing else.
//! It carries no personal data. Whoever has it is taken for the person, which is why it is only ever sent to them.

use crate::digest::equal;
use crate::identity::Namer;

/// How long a link works, in seconds: a year. Mail is kept, and the way out of it has to work (RFC 8058 asks for weeks).
pub const LASTS_S: u64 = 365 * 86_400;

/// Makes the token of an answer's page.
#[must_use]
pub fn token(namer: &Namer, answer: &str, now: u64) -> String {
    let until = now + LASTS_S;
    format!("{answer}.{until}.{}", namer.preferences(answer, until))
}

/// The answer that a token names; none when it is made up or expired.
#[must_use]
pub fn answer(namer: &Namer, token: &str, now: u64) -> Option<String> {
    let mut parts = token.splitn(3, '.');
    let (answer, until, signature) = (parts.next()?, parts.next()?.parse::<u64>().ok()?, parts.next()?);
    let genuine = equal(signature.as_bytes(), namer.preferences(answer, until).as_bytes());
    (genuine && now < until).then(|| answer.to_owned())
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

    #[test]
    fn a_link_holds_for_a_year_and_for_its_own_answer() {
        let n = namer("p");
        let token = token(&n, "abc", 1_000);
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
