//! Signs and verifies per Standard Webhooks: HMAC-SHA256 over `{id}.{timestamp}.{body}`, base64, prefixed `v1,`.
//!
//! For what the commands send and receive; the product has its own.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How far a timestamp may lie from now, in seconds.
const TOLERANCE: u64 = 300;

/// The value of `webhook-signature`.
///
/// # Errors
/// When the secret is not `whsec_` followed by base64.
pub fn sign(secret: &str, id: &str, timestamp: u64, body: &[u8]) -> Result<String> {
    Ok(format!("v1,{}", STANDARD.encode(mac(secret, id, timestamp, body)?.finalize().into_bytes())))
}

/// Checks a signature header, which may list several signatures.
///
/// # Errors
/// When no signature fits or the timestamp is too far from `now` (Unix seconds).
pub fn verify(secret: &str, id: &str, timestamp: &str, body: &[u8], signatures: &str, now: u64) -> Result<()> {
    let timestamp: u64 = timestamp.parse().context("webhook-timestamp is not a number of seconds")?;
    ensure!(timestamp.abs_diff(now) <= TOLERANCE, "webhook-timestamp is {} s away from now", timestamp.abs_diff(now));
    for signature in signatures.split(' ').filter_map(|part| part.strip_prefix("v1,")) {
        let Ok(signature) = STANDARD.decode(signature) else { continue };
        if mac(secret, id, timestamp, body)?.verify_slice(&signature).is_ok() {
            return Ok(());
        }
    }
    bail!("webhook-signature does not fit the body")
}

fn mac(secret: &str, id: &str, timestamp: u64, body: &[u8]) -> Result<Hmac<Sha256>> {
    let key = secret.strip_prefix("whsec_").context("a webhook secret starts with whsec_")?;
    let key = STANDARD.decode(key).context("a webhook secret is base64 after whsec_")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the Standard Webhooks reference libraries are tested with.
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
    const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    #[test]
    fn signs_the_reference_vector() {
        assert_eq!(sign(SECRET, ID, 1_649_367_553, BODY).expect("a signature"), SIGNATURE);
    }

    #[test]
    fn verifies_any_of_several_signatures_and_nothing_else() {
        let check = |signatures: &str, body: &[u8], now| verify(SECRET, ID, "1649367553", body, signatures, now);
        assert!(check(SIGNATURE, BODY, 1_649_367_853).is_ok());
        assert!(check(&format!("v1,AAAA v1a,x {SIGNATURE}"), BODY, 1_649_367_553).is_ok());
        assert!(check(SIGNATURE, b"{}", 1_649_367_553).is_err());
        assert!(check(SIGNATURE, BODY, 1_649_367_854).is_err());
        assert!(check("", BODY, 1_649_367_553).is_err());
    }
}
