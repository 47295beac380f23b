//! The names under which answers and people are stored: keyed hashes, so that the store's keys tell nothing of anybody.

use crate::config::PEPPER_VARIABLE;
use crate::digest::hmac_sha256;
use crate::secrets::Secrets;
use data_encoding::BASE32_NOPAD;
use ringback_core::feedback::Customer;
use ringback_core::id::{ChannelId, SourceId};

/// Shortest pepper, in bytes.
pub const PEPPER_MIN: usize = 32;
/// Fewest digits of a phone number that is somebody's.
pub(crate) const PHONE_MIN: usize = 5;

/// Makes the names.
#[derive(Clone)]
pub struct Namer {
    pepper: Vec<u8>,
}

/// The pepper is missing or too short to hide anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the variable `{PEPPER_VARIABLE}` needs at least {PEPPER_MIN} characters; it must never change afterwards")]
pub struct WeakPepper;

impl Namer {
    /// Takes the pepper.
    ///
    /// # Errors
    /// When it is shorter than [`PEPPER_MIN`].
    pub fn new(secrets: &Secrets) -> Result<Self, WeakPepper> {
        let pepper = secrets.get(PEPPER_VARIABLE).as_bytes().to_vec();
        if pepper.len() < PEPPER_MIN { Err(WeakPepper) } else { Ok(Self { pepper }) }
    }

    /// The id of an answer: the same for every post of the same response of the same source. 26 characters of base 32.
    #[must_use]
    pub fn answer(&self, source: &SourceId, response: &str) -> String {
        self.name(26, &[b"answer\0", source.as_str().as_bytes(), b"\0", response.as_bytes()])
    }

    /// Tells equal content from different content, and equal content of different posts where the sender tells them apart. 8
    /// characters of base 32.
    #[must_use]
    pub fn fingerprint(&self, content: &[u8], turn: Option<&str>) -> String {
        match turn {
            Some(turn) => self.name(8, &[b"content of\0", turn.as_bytes(), b"\0", content]),
            None => self.name(8, &[b"content\0", content]),
        }
    }

    /// The id under which a message is sent, the same over all attempts. 26 characters of base 32.
    #[must_use]
    pub fn message(&self, answer: &str, delivery: &str) -> String {
        self.name(26, &[b"message\0", answer.as_bytes(), b"\0", delivery.as_bytes()])
    }

    /// The journals of a person, one for every identity that is known: e-mail address, phone number, customer number.
    /// Whoever asks under one of them finds what was said under it.
    #[must_use]
    pub fn people(&self, customer: &Customer) -> Vec<String> {
        let identities = [
            ("email", customer.email.as_deref().map(normal_email)),
            ("phone", customer.phone.as_deref().and_then(normal_phone)),
            ("customer", customer.id.as_deref().map(|id| id.trim().to_owned())),
        ];
        let known =
            identities.into_iter().filter_map(|(kind, identity)| Some((kind, identity.filter(|i| !i.is_empty())?)));
        known
            .map(|(kind, identity)| self.name(26, &[b"person\0", kind.as_bytes(), b"\0", identity.as_bytes()]))
            .collect()
    }

    /// The name of an account in lists. 16 characters of base 32.
    #[must_use]
    pub fn account(&self, id: &str) -> String {
        self.name(16, &[b"account\0", id.trim().as_bytes()])
    }

    /// The journal of a channel. 26 characters of base 32.
    #[must_use]
    pub fn channel(&self, channel: &ChannelId) -> String {
        self.name(26, &[b"channel\0", channel.as_str().as_bytes()])
    }

    /// The journal of a month's silences. 26 characters of base 32.
    #[must_use]
    pub fn silences(&self, year: i32, month: u32) -> String {
        self.name(26, &[b"silences\0", format!("{year}-{month}").as_bytes()])
    }

    /// The journal of a day (since 1970) of a group of alerts, by its channel and what its alerts have in common. 26
    /// characters of base 32.
    #[must_use]
    pub fn group(&self, channel: &ChannelId, values: &[&str], day: u64) -> String {
        let values = values.iter().fold(String::new(), |all, value| format!("{all}{}:{value}", value.len()));
        let day = day.to_string();
        let parts = [b"group\0", channel.as_str().as_bytes(), b"\0", day.as_bytes(), b"\0", values.as_bytes()];
        self.name(26, &parts)
    }

    /// The signature of a link that takes a case, until an instant (Unix seconds). 52 characters of base 32.
    #[must_use]
    pub fn take(&self, answer: &str, delivery: &str, until: u64) -> String {
        let until = until.to_string();
        self.name(52, &[b"take\0", answer.as_bytes(), b"\0", delivery.as_bytes(), b"\0", until.as_bytes()])
    }

    /// The meter of a client address at a site: one of about a million (4 characters of base 32), so that they are a fixed
    /// set and nobody knows whose is whose.
    #[must_use]
    pub fn address(&self, site: &SourceId, address: &str) -> String {
        format!("a.{}", self.name(4, &[b"address\0", site.as_str().as_bytes(), b"\0", address.as_bytes()]))
    }

    /// The proof that a response was begun on a survey page of ours, at an instant (Unix seconds). 26 characters of base 32.
    #[must_use]
    pub fn begun(&self, survey: &str, response: &str, at: u64) -> String {
        let at = at.to_string();
        self.name(26, &[b"begun\0", survey.as_bytes(), b"\0", response.as_bytes(), b"\0", at.as_bytes()])
    }

    /// The signature of a desk session of an access token, by its name and its hash, that began at an instant (Unix seconds):
    /// another token of the same name has other sessions. 52 characters of base 32.
    #[must_use]
    pub fn session(&self, token_id: &str, token_sha256: &str, began: u64, nonce: &str) -> String {
        let (began, token) = (began.to_string(), token_id.as_bytes());
        let parts =
            [b"session\0", token, b"\0", token_sha256.as_bytes(), b"\0", began.as_bytes(), b"\0", nonce.as_bytes()];
        self.name(52, &parts)
    }

    /// What the forms of a desk session carry. 26 characters of base 32.
    #[must_use]
    pub fn csrf(&self, token_id: &str, began: u64, nonce: &str) -> String {
        let began = began.to_string();
        self.name(26, &[b"form\0", token_id.as_bytes(), b"\0", began.as_bytes(), b"\0", nonce.as_bytes()])
    }

    /// The meter that says since when a desk session is over: one of about a million (4 characters of base 32).
    #[must_use]
    pub fn session_place(&self, nonce: &str) -> String {
        format!("s.{}", self.name(4, &[b"session-end\0", nonce.as_bytes()]))
    }

    /// The meter that says since when all earlier desk sessions of an access token are over. 16 characters of base 32.
    #[must_use]
    pub fn token_place(&self, token_id: &str) -> String {
        format!("t.{}", self.name(16, &[b"token-end\0", token_id.as_bytes()]))
    }

    /// The meter of sign-ins that failed from a client address: one of about a million (4 characters of base 32).
    #[must_use]
    pub fn sign_in_place(&self, address: &str) -> String {
        format!("d.{}", self.name(4, &[b"sign-in\0", address.as_bytes()]))
    }

    /// The meter that says when a destination may be written to next, by the name of what leads there. 16 characters of
    /// base 32.
    #[must_use]
    pub fn pace_place(&self, destination: &str) -> String {
        format!("p.{}", self.name(16, &[b"pace\0", destination.as_bytes()]))
    }

    /// The signature of the link to the preference page of the person who gave an answer, until an instant (Unix
    /// seconds). 52 characters of base 32.
    #[must_use]
    pub fn preferences(&self, answer: &str, until: u64) -> String {
        self.name(52, &[b"preferences\0", answer.as_bytes(), b"\0", until.to_string().as_bytes()])
    }

    /// The signature of the link to the preferences of whoever has one of the identities of an answer, by the name of that
    /// one's journal, until an instant (Unix seconds). 52 characters of base 32.
    #[must_use]
    pub fn preferences_of(&self, answer: &str, until: u64, person: &str) -> String {
        let until = until.to_string();
        self.name(52, &[b"preferences of\0", answer.as_bytes(), b"\0", until.as_bytes(), b"\0", person.as_bytes()])
    }

    /// The name of the journal of an e-mail address; none for a text that stands for nobody.
    #[must_use]
    pub fn mailbox(&self, email: &str) -> Option<String> {
        self.people(&Customer { email: Some(email.to_owned()), ..Customer::default() }).pop()
    }

    /// The signature of the link to one answer alone, for whoever gave it, until an instant (Unix seconds). 52 characters of
    /// base 32.
    #[must_use]
    pub fn own_answer(&self, answer: &str, until: u64) -> String {
        self.name(52, &[b"own answer\0", answer.as_bytes(), b"\0", until.to_string().as_bytes()])
    }

    /// The signature of the link by which the person who gave an answer answers a survey, until an instant (Unix seconds).
    /// 52 characters of base 32.
    #[must_use]
    pub fn invitation(&self, answer: &str, survey: &str, until: u64) -> String {
        let until = until.to_string();
        self.name(52, &[b"invitation\0", answer.as_bytes(), b"\0", survey.as_bytes(), b"\0", until.as_bytes()])
    }

    /// The code by which a person (one of their journals) recommends us. 10 characters of base 32.
    #[must_use]
    pub fn referral(&self, person: &str) -> String {
        self.name(10, &[b"referral\0", person.as_bytes()])
    }

    /// The journal of a code: whose it is, and when it was used. 26 characters of base 32.
    #[must_use]
    pub fn referral_journal(&self, code: &str) -> String {
        self.name(26, &[b"referral journal\0", code.as_bytes()])
    }

    /// Stands for the pepper in the store, so that another one is noticed. 16 characters of base 32.
    #[must_use]
    pub fn mark(&self) -> String {
        self.name(16, &[b"mark\0"])
    }

    fn name(&self, length: usize, parts: &[&[u8]]) -> String {
        let mut name = BASE32_NOPAD.encode(&hmac_sha256(&self.pepper, parts)).to_ascii_lowercase();
        name.truncate(length);
        name
    }
}

/// Two spellings of one address are one person: case and surrounding space do not count.
fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// A number is its digits, with the plus of an international one.
/// None for what names nobody: a country's prefix that a form had filled in, a dash, a word.
fn normal_phone(phone: &str) -> Option<String> {
    let phone = phone.trim();
    let international = phone.starts_with('+') || phone.starts_with("00");
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let digits = if international { digits.trim_start_matches("00") } else { &digits };
    let own = digits.len() >= PHONE_MIN && digits.bytes().any(|digit| digit != b'0');
    own.then(|| if international { format!("+{digits}") } else { digits.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn namer() -> Namer {
        Namer::new(&Secrets::new(BTreeMap::from([(PEPPER_VARIABLE.to_owned(), "p".repeat(32))]))).unwrap()
    }

    fn email(text: &str) -> Customer {
        Customer { email: Some(text.into()), ..Customer::default() }
    }

    #[test]
    fn what_no_number_is_in_is_nobodys_phone() {
        let n = namer();
        for text in ["", "-", "n/a", "+", "00", "0000", "000000", "+49", "+49 ", "+ n/a", "1234"] {
            let customer = Customer { phone: Some(text.into()), ..Customer::default() };
            assert!(n.people(&customer).is_empty(), "{text}");
        }
        let short = Customer { phone: Some("12345".into()), ..Customer::default() };
        assert_eq!(n.people(&short).len(), 1);
    }

    #[test]
    fn spellings_of_one_identity_are_one_person() {
        let n = namer();
        assert_eq!(n.people(&email("Ada@Example.com ")), n.people(&email("ada@example.com")));
        let phone = |text: &str| n.people(&Customer { phone: Some(text.into()), ..Customer::default() });
        assert_eq!(phone("+49 30 123-45"), phone("0049 (30) 12345"));
        assert_ne!(phone("+493012345"), phone("03012345"));
        assert!(n.people(&Customer::default()).is_empty());
    }

    #[test]
    fn names_differ_by_source_and_by_field_boundary() {
        let n = namer();
        let source = |s: &str| SourceId::new(s).unwrap();
        assert_ne!(n.answer(&source("a"), "bc"), n.answer(&source("ab"), "c"));
        assert_eq!(n.answer(&source("a"), "b").len(), 26);
    }

    #[test]
    fn a_short_pepper_is_refused() {
        assert!(Namer::new(&Secrets::default()).is_err());
    }
}
