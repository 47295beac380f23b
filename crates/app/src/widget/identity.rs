//! Who answers, as the company's own server says it: a JSON Web Token (RFC 7519) signed with HMAC-SHA256.
//!
//! One algorithm, fixed here: what the token says about its algorithm is only compared, never followed. A token must
//! expire; what may still be said with one that has is the caller's to decide. Anything else about a person is hearsay
//! and not looked at.

use crate::digest::{equal, hmac_sha256};
use crate::fields::{Fields, Mistakes};
use crate::intake::{account, customer};
use data_encoding::BASE64URL_NOPAD;
use ringback_core::feedback::{Account, Customer};
use ringback_core::id::SurveyId;
use serde_json::Value;

/// Shortest secret, in bytes (RFC 7518, 3.2: as long as the hash).
const SHORTEST: usize = 32;
/// Longest token, in bytes.
const LONGEST: usize = 4_096;

/// Somebody who was signed for.
#[derive(Debug, Default)]
pub(super) struct Identity {
    pub customer: Customer,
    pub account: Option<Account>,
    pub segment: Option<String>,
    pub country: Option<String>,
    /// The one answer that the token is for.
    pub answer: Option<String>,
    /// Whether the token has expired, within the grace that was given.
    pub expired: bool,
    /// Whether an invitation of ours says so: it names one person already.
    pub invited: bool,
}

impl Identity {
    /// What the answer to a survey is called: by what the token or the invitation calls it, or as the browser does. What
    /// somebody says who is named goes into an answer of theirs: the same name from somebody else, or from nobody, is another
    /// answer, or else whoever has a link that was forwarded could add themselves to what its owner said.
    pub fn response(&self, survey: &SurveyId, given: &str) -> String {
        let Customer { id, email, phone, .. } = &self.customer;
        match (&self.answer, id.as_ref().or(email.as_ref()).or(phone.as_ref())) {
            (Some(answer), Some(who)) if !self.invited => format!("identity:{survey}:{answer}:{who}"),
            (Some(answer), _) => format!("identity:{survey}:{answer}"),
            (None, Some(who)) => format!("response:{survey}:{given}:{who}"),
            (None, None) => format!("response:{survey}:{given}"),
        }
    }
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTaken {
    #[error("the site has no usable identity secret")]
    NoSecret,
    #[error("the identity is no signed token (HS256)")]
    Malformed,
    #[error("the identity's signature does not fit")]
    Forged,
    #[error("the identity has expired, or does not say when it will")]
    Expired,
    #[error("the identity is for another survey")]
    OtherSurvey,
    #[error("the identity says something that is not known or too long")]
    Claims,
}

/// Checks a token and reads what it says. One that has ended less than `grace` seconds ago is read, and said to be expired.
pub(super) fn read(secrets: &str, token: &str, survey: &str, now: u64, grace: u64) -> Result<Identity, NotTaken> {
    let keys: Vec<&[u8]> = secrets.split_whitespace().map(str::as_bytes).filter(|key| key.len() >= SHORTEST).collect();
    if keys.is_empty() {
        return Err(NotTaken::NoSecret);
    }
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(NotTaken::Malformed);
    };
    let json =
        |part: &str| -> Option<Value> { serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok() };
    let signed_so = token.len() <= LONGEST && json(head).is_some_and(|head| head["alg"] == "HS256");
    let signature =
        BASE64URL_NOPAD.decode(signature.as_bytes()).ok().filter(|_| signed_so).ok_or(NotTaken::Malformed)?;
    let genuine = |key: &&[u8]| equal(&hmac_sha256(key, &[head.as_bytes(), b".", body.as_bytes()]), &signature);
    if !keys.iter().any(genuine) {
        return Err(NotTaken::Forged);
    }
    let claims = json(body).ok_or(NotTaken::Malformed)?;
    let until = claims["exp"].as_u64().ok_or(NotTaken::Expired)?;
    if until.saturating_add(grace) <= now || claims["nbf"].as_u64().is_some_and(|from| from > now) {
        return Err(NotTaken::Expired);
    }
    if claims.get("survey").is_some_and(|wanted| wanted != survey) {
        return Err(NotTaken::OtherSurvey);
    }
    let identity = claimed(&claims).ok_or(NotTaken::Claims)?;
    Ok(Identity { expired: until <= now, ..identity })
}

/// What the claims say. `sub` is the customer's number; the rest is named as in `POST /v1/feedback`.
fn claimed(claims: &Value) -> Option<Identity> {
    let mistakes = Mistakes::default();
    let mut person = serde_json::Map::new();
    for (claim, field) in [("sub", "id"), ("name", "name"), ("email", "email"), ("phone", "phone"), ("tier", "tier")] {
        if let Some(value) = claims.get(claim) {
            person.insert(field.to_owned(), value.clone());
        }
    }
    let person = Value::Object(person);
    let fields = Fields::of(claims, "", &mistakes)?;
    let identity = Identity {
        invited: false,
        expired: false,
        customer: customer(&Fields::of(&person, "", &mistakes)?),
        account: fields.object("account").map(|fields| account(&fields)),
        segment: fields.text("segment", 200),
        country: fields.parsed("country", 8, crate::intake::country),
        answer: fields.text("jti", 128),
    };
    mistakes.or(Some(identity)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "an-identity-secret-of-32-bytes-or-more";

    fn token(secret: &str, head: &str, claims: &str) -> String {
        let signed =
            format!("{}.{}", BASE64URL_NOPAD.encode(head.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
        let signature = BASE64URL_NOPAD.encode(&hmac_sha256(secret.as_bytes(), &[signed.as_bytes()]));
        format!("{signed}.{signature}")
    }

    const HEAD: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

    #[test]
    fn a_genuine_token_says_who_answers() {
        let claims = r#"{"sub":"C-7","email":"ada@example.com","tier":"gold","account":{"id":"A-1"},"exp":200,"iat":1,"iss":"shop"}"#;
        let identity =
            read(&format!("old-secret-that-is-long-enough-too {SECRET}"), &token(SECRET, HEAD, claims), "s", 100, 0)
                .unwrap();
        assert_eq!(identity.customer.id.as_deref(), Some("C-7"));
        assert_eq!(identity.customer.tier.as_deref(), Some("gold"));
        assert_eq!(identity.account.unwrap().id.as_deref(), Some("A-1"));
    }

    #[test]
    fn what_is_not_genuine_current_and_for_this_survey_is_not_taken() {
        let good = r#"{"sub":"C-7","exp":200,"survey":"s"}"#;
        let none = r#"{"alg":"none"}"#;
        let unsigned =
            format!("{}.{}.", BASE64URL_NOPAD.encode(none.as_bytes()), BASE64URL_NOPAD.encode(good.as_bytes()));
        for (token, why) in [
            (token("another-secret-of-32-bytes-or-more!!", HEAD, good), NotTaken::Forged),
            (token(SECRET, none, good), NotTaken::Malformed),
            (token(SECRET, r#"{"alg":"RS256"}"#, good), NotTaken::Malformed),
            (unsigned, NotTaken::Malformed),
            ("x".to_owned(), NotTaken::Malformed),
            (token(SECRET, HEAD, r#"{"sub":"C-7"}"#), NotTaken::Expired),
            (token(SECRET, HEAD, r#"{"sub":"C-7","exp":100}"#), NotTaken::Expired),
            (token(SECRET, HEAD, r#"{"sub":"C-7","exp":200,"survey":"t"}"#), NotTaken::OtherSurvey),
            (token(SECRET, HEAD, r#"{"email":"not an address","exp":200}"#), NotTaken::Claims),
        ] {
            assert_eq!(read(SECRET, &token, "s", 100, 0).unwrap_err(), why, "{token}");
        }
        assert_eq!(read("short", &token("short", HEAD, good), "s", 100, 0).unwrap_err(), NotTaken::NoSecret);
        assert_eq!(read("", &token("", HEAD, good), "s", 100, 0).unwrap_err(), NotTaken::NoSecret);
        for (now, read_as) in [(199, Some(false)), (200, Some(true)), (209, Some(true)), (210, None)] {
            let read = read(SECRET, &token(SECRET, HEAD, good), "s", now, 10);
            assert_eq!(read.ok().map(|identity| identity.expired), read_as, "{now}");
        }
    }
}
