//! Standard Webhooks signatures, made and checked apart from the product's own code, as a survey platform and a receiver do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::receiver::Received;

/// Signs and checks with one secret.
#[derive(Debug, Clone)]
pub struct Signer(Vec<u8>);

impl Signer {
    /// Takes a `whsec_…`.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let secret = secret.strip_prefix("whsec_").expect("a secret starts with whsec_");
        Self(STANDARD.decode(secret).expect("base64"))
    }

    /// The value of `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signed = [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body].concat();
        format!("v1,{}", STANDARD.encode(hmac_sha256(&self.0, &signed)))
    }

    /// Whether a request carries a signature of this secret over its own id, timestamp and body.
    #[must_use]
    pub fn signed(&self, request: &Received) -> bool {
        let Ok(timestamp) = request.header("webhook-timestamp").parse() else { return false };
        let expected = self.sign(request.header("webhook-id"), timestamp, &request.body);
        request.header("webhook-signature").split(' ').any(|given| given == expected)
    }
}

/// A signed identity as a shop's server makes it: a JSON Web Token, HS256.
#[must_use]
pub fn identity_token(secret: &str, claims: &serde_json::Value) -> String {
    let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let signed = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims.to_string()));
    let signature = data_encoding::BASE64URL_NOPAD.encode(&hmac_sha256(secret.as_bytes(), signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// RFC 2104, for keys of at most a block of 64 bytes, which is what the specification allows. Spelt out here because the
/// crate for it turns on features that have wasmtime compiled a second time.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    assert!(key.len() <= 64, "a key of {} bytes", key.len());
    let padded = |mask: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ mask).collect() };
    let inner = Sha256::digest([padded(0x36).as_slice(), message].concat());
    Sha256::digest([padded(0x5c).as_slice(), inner.as_slice()].concat()).into()
}

#[cfg(test)]
mod tests {
    use super::Signer;

    #[test]
    fn signs_the_specifications_vector() {
        let signer = Signer::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signature = signer.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body);
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }
}
