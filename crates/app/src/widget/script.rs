//! The widget's script: one file, the same for every site, compressed when it was built.

use crate::digest::sha256_hex;
use crate::problem::Reply;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::sync::LazyLock;

const PLAIN: &[u8] = include_bytes!("../../../../widget/ringback.js");
const GZIPPED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ringback.js.gz"));

/// What the script is known by; made once an instance.
static ETAG: LazyLock<String> = LazyLock::new(|| format!("\"{}\"", &sha256_hex(PLAIN)[..20]));

/// Browsers ask again after an hour, and go on with what they have meanwhile.
const CACHE: &str = "public, max-age=3600, stale-while-revalidate=604800";

/// `GET /widget.js`
#[must_use]
pub fn script(request: &HeaderMap) -> Reply {
    let etag = ETAG.as_str();
    let gzip = accepts_gzip(request);
    let known = request.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains(etag));
    let body = match (known, gzip) {
        (true, _) => &[],
        (false, true) => GZIPPED,
        (false, false) => PLAIN,
    };
    let mut reply = Reply::new(body.to_vec());
    *reply.status_mut() = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let headers = reply.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, CACHE),
        (header::VARY, "accept-encoding"),
        // For `integrity`, and for pages that isolate themselves.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if gzip && !known {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    reply
}

/// Whether gzip stands among the encodings and is not refused by `q=0`.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        named && !parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the script may weigh on its way to a visitor, in bytes.
    const LIMIT: usize = 12_000;

    #[test]
    fn the_script_stays_small() {
        assert!(GZIPPED.len() < LIMIT, "{} bytes gzipped", GZIPPED.len());
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (accepted, gzip) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(script(&headers).headers().contains_key(header::CONTENT_ENCODING), gzip, "{accepted}");
        }
    }

    #[test]
    fn who_has_it_is_not_sent_it_again() {
        let first = script(&HeaderMap::new());
        assert_eq!(first.body().as_slice(), PLAIN);
        let etag = first.headers()[header::ETAG].clone();
        let again = script(&HeaderMap::from_iter([(header::IF_NONE_MATCH, etag)]));
        assert_eq!((again.status(), again.body().len()), (StatusCode::NOT_MODIFIED, 0));
    }
}
