//! Standard Webhooks signatures (<https://www.standardwebhooks.com>, specification 1.0): checks and makes them.
//!
//! HMAC-SHA256 over `{id}.{timestamp}.{body}`, the body's raw bytes, before anything is parsed. Symmetric (`v1`) only.

use crate::digest::{equal, hmac_sha256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

/// How far a timestamp may lie from now, in seconds, in both directions.
pub const TOLERANCE_S: u64 = 300;

/// Why an event is not authentic. For the log; the sender learns only that it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthentic {
    /// The source has no usable secret configured.
    #[error("no usable signing secret is configured")]
    NoSecret,
    /// One of the three headers is missing or malformed.
    #[error("a signature header is missing or malformed")]
    Headers,
    /// The timestamp is too far from now.
    #[error("the timestamp is more than {TOLERANCE_S} s from now")]
    Stale,
    /// The certificate is none of the sender's, or does not hold now.
    #[error("the certificate is not one that counts")]
    Certificate,
    /// No signature matches.
    #[error("no signature matches")]
    Mismatch,
}

/// Checks an event and answers its id.
///
/// `secrets` holds one or more `whsec_…`, separated by white space: while a secret is rotated, both count.
///
/// # Errors
/// When the event is not authentic, with the reason.
pub fn verify(secrets: &str, headers: &HeaderMap, body: &[u8], now: u64) -> Result<String, NotAuthentic> {
    let keys: Vec<Vec<u8>> = secrets.split_whitespace().filter_map(key).collect();
    if keys.is_empty() {
        return Err(NotAuthentic::NoSecret);
    }
    let id = header(headers, "id").filter(|id| !id.is_empty() && id.len() <= 256).ok_or(NotAuthentic::Headers)?;
    let timestamp = header(headers, "timestamp").ok_or(NotAuthentic::Headers)?;
    let given = header(headers, "signature").ok_or(NotAuthentic::Headers)?;
    let sent: u64 = timestamp.parse().map_err(|_| NotAuthentic::Headers)?;
    let candidates: Vec<Vec<u8>> = given
        .split_whitespace()
        .filter_map(|s| s.strip_prefix("v1,"))
        .filter_map(|s| STANDARD.decode(s).ok())
        .collect();
    let genuine = keys.iter().any(|key| {
        let expected = hmac_sha256(key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        candidates.iter().any(|candidate| equal(candidate, &expected))
    });
    match genuine {
        false => Err(NotAuthentic::Mismatch),
        true if now.abs_diff(sent) > TOLERANCE_S => Err(NotAuthentic::Stale),
        true => Ok(id.to_owned()),
    }
}

/// Signs an event: the value of `webhook-signature`. None when the secret is no `whsec_…`.
#[must_use]
pub fn sign(secret: &str, id: &str, timestamp: u64, body: &[u8]) -> Option<String> {
    let key = key(secret.split_whitespace().next()?)?;
    let timestamp = timestamp.to_string();
    let mac = hmac_sha256(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
    Some(format!("v1,{}", STANDARD.encode(mac)))
}

/// The key bytes of a `whsec_…`.
fn key(secret: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    (bytes.len() >= 16).then_some(bytes)
}

fn header<'a>(headers: &'a HeaderMap, part: &str) -> Option<&'a str> {
    let value = headers.get(format!("webhook-{part}")).or_else(|| headers.get(format!("svix-{part}")))?;
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const AT: u64 = 1_649_367_553;
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    fn headers(prefix: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("id", ID), ("timestamp", "1649367553"), ("signature", signature)] {
            let name: http::HeaderName = format!("{prefix}-{name}").parse().unwrap();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_specifications_vector_is_authentic_under_both_header_names() {
        for prefix in ["webhook", "svix"] {
            assert_eq!(verify(SECRET, &headers(prefix, SIGNATURE), BODY, AT).as_deref(), Ok(ID));
        }
        assert_eq!(sign(SECRET, ID, AT, BODY).as_deref(), Some(SIGNATURE));
    }

    #[test]
    fn during_a_rotation_either_secret_and_any_of_the_signatures_count() {
        let both = format!("whsec_{} {SECRET}", STANDARD.encode([7; 24]));
        let several = format!("v1a,abc v1,AAAA {SIGNATURE}");
        assert!(verify(&both, &headers("webhook", &several), BODY, AT).is_ok());
    }

    #[test]
    fn what_is_not_authentic_is_refused() {
        let genuine = headers("webhook", SIGNATURE);
        assert_eq!(verify(SECRET, &genuine, b"{}", AT), Err(NotAuthentic::Mismatch));
        assert_eq!(verify(SECRET, &genuine, BODY, AT + 301), Err(NotAuthentic::Stale));
        assert_eq!(verify(SECRET, &genuine, BODY, AT - 301), Err(NotAuthentic::Stale));
        assert_eq!(verify(SECRET, &HeaderMap::new(), BODY, AT), Err(NotAuthentic::Headers));
        assert_eq!(verify("", &genuine, BODY, AT), Err(NotAuthentic::NoSecret));
        assert_eq!(verify("whsec_", &genuine, BODY, AT), Err(NotAuthentic::NoSecret));
    }
}
