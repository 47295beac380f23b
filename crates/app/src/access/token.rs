//! Verifies a JSON Web Token of the identity provider: RS256 and ES256 (RFC 7518), against its published keys (RFC 7517).
//!
//! The signature comes first: what a token says counts for nothing before. Times are compared here, by the application's
//! clock.

mod signatures;

use crate::config::IdentityProvider;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::Value;

/// Longest token, in bytes: what fits into a header.
const LONGEST: usize = 16 * 1024;
/// How far the provider's clock may be off, in seconds.
const LEEWAY_S: u64 = 60;
/// Shortest modulus of an RSA key, in characters of base64url: 2048 bits.
const SHORTEST_MODULUS: usize = 342;
/// Most keys that are tried for a token that does not name one.
const TRIED_AT_MOST: usize = 8;

/// Whether a text is a signed token by its form.
pub(super) fn looks_like_one(token: &str) -> bool {
    token.len() <= LONGEST && token.split('.').count() == 3 && token.split('.').all(|part| !part.is_empty())
}

/// The token's header, when it is one that is taken here.
pub(super) fn header(token: &str) -> Result<Header, &'static str> {
    if !looks_like_one(token) {
        return Err("the token is no signed token");
    }
    let header = decode_header(token).map_err(|_| "the token is no signed token (RS256 or ES256)")?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err("the token is not signed by RS256 or ES256");
    }
    // RFC 7515, 4.1.11: what must be understood and is not.
    if header.crit.is_some() {
        return Err("the token demands an extension that is not known here");
    }
    Ok(header)
}

/// What a token says, once its signature, issuer, audience and times are as they must be.
pub(super) fn verify(
    token: &str,
    header: &Header,
    keys: &Value,
    provider: &IdentityProvider,
    now: u64,
) -> Result<Value, &'static str> {
    let claims = signed(token, header, keys)?;
    if claims["iss"] != provider.issuer.as_str() {
        return Err("the token is another issuer's");
    }
    let ours = match &claims["aud"] {
        Value::Array(all) => all.iter().any(|one| *one == provider.audience.as_str()),
        one => *one == provider.audience.as_str(),
    };
    if !ours {
        return Err("the token is for another audience");
    }
    // Providers write whole seconds or fractions.
    let time = |name: &str| claims.get(name).map(|time| time.as_f64().unwrap_or(f64::NAN));
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact")]
    let (earliest, latest) = (now.saturating_sub(LEEWAY_S) as f64, (now + LEEWAY_S) as f64);
    if !time("exp").is_some_and(|until| until > earliest) {
        return Err("the token has expired, or does not say when it will");
    }
    if ["nbf", "iat"].into_iter().filter_map(time).any(|from| from.is_nan() || from > latest) {
        return Err("the token is not valid yet");
    }
    Ok(claims)
}

/// What a token says, when one of the keys has signed it.
fn signed(token: &str, header: &Header, keys: &Value) -> Result<Value, &'static str> {
    let keys = keys["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |key: &&Value| header.kid.as_deref().is_none_or(|kid| key["kid"] == kid);
    // A key of a kind that is not known here is no reason to refuse the others.
    let known = keys.iter().filter(named).filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
    let fitting: Vec<Jwk> = known.filter(|key| fits(key, header.alg)).take(TRIED_AT_MOST).collect();
    if fitting.is_empty() {
        return Err("the token is signed by a key that its issuer does not publish");
    }
    signatures::install();
    let mut validation = Validation::new(header.alg);
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    validation.required_spec_claims.clear();
    let genuine = |key: &Jwk| decode::<Value>(token, &DecodingKey::from_jwk(key).ok()?, &validation).ok();
    fitting.iter().find_map(genuine).map(|token| token.claims).ok_or("the token's signature does not fit")
}

/// Whether a key is for signatures by this algorithm.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let common = &key.common;
    let kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(rsa), Algorithm::RS256) => {
            rsa.n.len() >= SHORTEST_MODULUS && common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::RS256)
        }
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::ES256) => {
            ec.curve == EllipticCurve::P256 && common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::ES256)
        }
        _ => false,
    };
    kind && common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
}

#[cfg(test)]
mod tests;
