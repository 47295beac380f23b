//! SendGrid's Signed Event Webhook: ECDSA over P-256 with SHA-256, of the timestamp and the body's raw bytes.

use crate::signature::{NotAuthentic, TOLERANCE_S};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

/// Checks a request by the public keys that SendGrid shows (base 64 of the DER; several while they are changed).
pub(super) fn verify(keys: &str, request: &Request<Vec<u8>>, now: u64) -> Result<(), NotAuthentic> {
    let keys: Vec<VerifyingKey> = keys.split_whitespace().filter_map(key).collect();
    if keys.is_empty() {
        return Err(NotAuthentic::NoSecret);
    }
    let stamp = text(request.headers(), TIMESTAMP)?;
    let sent: u64 = stamp.parse().map_err(|_| NotAuthentic::Headers)?;
    let signature = STANDARD.decode(text(request.headers(), SIGNATURE)?).map_err(|_| NotAuthentic::Headers)?;
    let signature = Signature::from_der(&signature).map_err(|_| NotAuthentic::Headers)?;
    let signed = [stamp.as_bytes(), request.body()].concat();
    if !keys.iter().any(|key| key.verify(&signed, &signature).is_ok()) {
        return Err(NotAuthentic::Mismatch);
    }
    if now.abs_diff(sent) > TOLERANCE_S { Err(NotAuthentic::Stale) } else { Ok(()) }
}

fn key(text: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_public_key_der(&STANDARD.decode(text).ok()?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, NotAuthentic> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).ok_or(NotAuthentic::Headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer as _;

    const AT: u64 = 1_795_339_800;
    const BODY: &[u8] = br#"[{"event":"bounce","email":"a@example.com"}]"#;

    fn pair(seed: u8) -> (SigningKey, String) {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        // The DER of a key is the same but for the point.
        let mut public = STANDARD.decode(OPENSSL_KEY).unwrap()[..26].to_vec();
        public.extend_from_slice(key.verifying_key().to_encoded_point(false).as_bytes());
        (key, STANDARD.encode(public))
    }

    fn request(key: &SigningKey, stamp: &str, body: &[u8]) -> Request<Vec<u8>> {
        let signature: Signature = key.sign(&[stamp.as_bytes(), body].concat());
        let signature = STANDARD.encode(signature.to_der().as_bytes());
        let request = Request::post("/").header(SIGNATURE, signature).header(TIMESTAMP, stamp);
        request.body(body.to_vec()).unwrap()
    }

    #[test]
    fn what_sendgrid_signs_is_authentic_and_nothing_else_is() {
        let ((key, public), (foreign, other)) = (pair(7), pair(9));
        let stamp = AT.to_string();
        let genuine = request(&key, &stamp, BODY);
        assert_eq!(verify(&public, &genuine, AT + 300), Ok(()));
        assert_eq!(verify(&format!("{other} {public}"), &genuine, AT), Ok(()), "while keys are changed");
        assert_eq!(verify(&public, &genuine, AT + 301), Err(NotAuthentic::Stale));
        assert_eq!(verify(&public, &genuine, AT - 301), Err(NotAuthentic::Stale));
        assert_eq!(verify(&other, &genuine, AT), Err(NotAuthentic::Mismatch));
        assert_eq!(verify(&public, &request(&foreign, &stamp, BODY), AT), Err(NotAuthentic::Mismatch));
        let mut tampered = request(&key, &stamp, BODY);
        tampered.body_mut().push(b' ');
        assert_eq!(verify(&public, &tampered, AT), Err(NotAuthentic::Mismatch));
        let mut moved = request(&key, &stamp, BODY);
        moved.headers_mut().insert(TIMESTAMP, (AT + 1).to_string().parse().unwrap());
        assert_eq!(verify(&public, &moved, AT), Err(NotAuthentic::Mismatch));
        for name in [SIGNATURE, TIMESTAMP] {
            let mut without = request(&key, &stamp, BODY);
            without.headers_mut().remove(name);
            assert_eq!(verify(&public, &without, AT), Err(NotAuthentic::Headers), "{name}");
            without.headers_mut().insert(name, "!".parse().unwrap());
            assert_eq!(verify(&public, &without, AT), Err(NotAuthentic::Headers), "{name}");
        }
        for unusable in ["", "not-a-key", "MFkwEwYHKoZIzj0CAQ=="] {
            assert_eq!(verify(unusable, &genuine, AT), Err(NotAuthentic::NoSecret), "{unusable}");
        }
    }

    /// OpenSSL has made the key and the signature: `openssl dgst -sha256 -sign key.pem`.
    #[test]
    fn a_signature_of_another_library_is_authentic() {
        let request = Request::post("/").header(SIGNATURE, OPENSSL_SIGNATURE).header(TIMESTAMP, "1795339800");
        assert_eq!(verify(OPENSSL_KEY, &request.body(BODY.to_vec()).unwrap(), AT), Ok(()));
    }

    const OPENSSL_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3D2vTEhrTl6tkTRM4rPOui7otLc6hvtb4B3vrNhbfgZcq0GhpWDU97zhLdQU/rvZ06nQFoLTCK2/Yf/Q8RNzDw==";
    const OPENSSL_SIGNATURE: &str =
        "MEUCIQDQRd+CG8T0sBl6Tn38YK6ONqXl4/k4BTh20wMmJHtj2wIgX717paW3AcIapRnZWXpzgyyH0KEkA8s8V3pvL7zkyYw=";
}
