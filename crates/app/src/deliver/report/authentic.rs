//! Whether a report really comes from the provider: by its signature (Resend; SendGrid, where its key is known), or by the
//! secret in its `Authorization` (Postmark and Brevo, who sign nothing). Amazon's are `sns`'s.

use super::elliptic;
use crate::config::{Channel, Kind};
use crate::digest::equal;
use crate::secrets::Secrets;
use crate::signature::{self, NotAuthentic};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, header};

/// Shortest secret that is taken, in bytes.
const SHORTEST: usize = 16;

pub(super) fn check(
    channel: &Channel,
    secrets: &Secrets,
    request: &Request<Vec<u8>>,
    now: u64,
) -> Result<(), NotAuthentic> {
    // A public key is no secret: where one is named, a signature alone counts.
    if let Some(variable) = channel.setting("webhook_key_variable") {
        return elliptic::verify(secrets.get(variable), request, now);
    }
    check_secret(channel.kind, secrets.get(channel.setting("webhook_variable").unwrap_or_default()), request, now)
}

/// What the head alone tells; none where the body has to be read first.
pub(super) fn check_head(
    channel: &Channel,
    secrets: &Secrets,
    headers: &HeaderMap,
) -> Option<Result<(), NotAuthentic>> {
    let signed = channel.setting("webhook_key_variable").is_some() || matches!(channel.kind, Kind::Resend | Kind::Ses);
    let secret = secrets.get(channel.setting("webhook_variable").unwrap_or_default());
    (!signed).then(|| shared_secret(secret, headers))
}

fn check_secret(kind: Kind, secret: &str, request: &Request<Vec<u8>>, now: u64) -> Result<(), NotAuthentic> {
    let headers = request.headers();
    match kind {
        Kind::Resend => signature::verify(secret, headers, request.body(), now).map(drop),
        _ => shared_secret(secret, headers),
    }
}

/// `Authorization: Bearer …`, or `Basic` with `user:password`, either of which is the secret as a whole.
fn shared_secret(secret: &str, headers: &HeaderMap) -> Result<(), NotAuthentic> {
    if secret.len() < SHORTEST {
        return Err(NotAuthentic::NoSecret);
    }
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or(NotAuthentic::Headers)?;
    let (scheme, credentials) = given.split_once(' ').ok_or(NotAuthentic::Headers)?;
    let credentials = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => credentials.trim().as_bytes().to_vec(),
        "basic" => STANDARD.decode(credentials.trim()).map_err(|_| NotAuthentic::Headers)?,
        _ => return Err(NotAuthentic::Headers),
    };
    // Several while they are rotated.
    let genuine =
        secret.split_whitespace().any(|secret| secret.len() >= SHORTEST && equal(secret.as_bytes(), &credentials));
    if genuine { Ok(()) } else { Err(NotAuthentic::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str, body: &[u8]) -> Request<Vec<u8>> {
        Request::post("/").header(name, value).body(body.to_vec()).unwrap()
    }

    #[test]
    fn a_shared_secret_is_taken_whole_and_only_when_it_is_long_enough() {
        let secret = "ringback:0123456789abcdef";
        let basic = format!("Basic {}", STANDARD.encode(secret));
        for good in [basic.as_str(), &format!("Bearer {secret}"), &format!("bearer {secret}")] {
            assert_eq!(check_secret(Kind::Postmark, secret, &with("authorization", good, b""), 0), Ok(()), "{good}");
        }
        for bad in ["Basic !", "Bearer ringback", "Digest x", "Bearer", &format!("Basic {secret}")] {
            assert!(check_secret(Kind::Brevo, secret, &with("authorization", bad, b""), 0).is_err(), "{bad}");
        }
        assert_eq!(
            check_secret(Kind::Brevo, "", &with("authorization", "Bearer ", b""), 0),
            Err(NotAuthentic::NoSecret)
        );
        assert_eq!(
            check_secret(Kind::Brevo, "short", &with("authorization", "Bearer short", b""), 0),
            Err(NotAuthentic::NoSecret)
        );
    }
}
