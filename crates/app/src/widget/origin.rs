//! Which pages may ask: origins, and what browsers are told about it (CORS).

use super::Site;
use crate::config::Config;
use crate::problem::{Problem, Reply, empty};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// How long a browser may remember that it asked, in seconds: the longest that Chromium keeps.
const PREFLIGHT_S: u32 = 7_200;

/// What a page's script may read of an answer beside its status and body.
const EXPOSED: &str = "location, link, retry-after, ratelimit, ratelimit-policy";

/// An origin as a browser names it, or a loopback host with any port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    any_port: bool,
}

impl Origin {
    /// Reads `https://shop.example.com`, `http://10.0.0.7:8080` or, for loopback hosts only, `http://127.0.0.1:*`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, any_port) = match text.strip_suffix(":*") {
            Some(host) => (host, true),
            None => (text, false),
        };
        let loopback = ["http://localhost", "http://127.0.0.1", "http://[::1]"].contains(&host);
        let uri: http::Uri = host.parse().ok()?;
        let plain = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.path() == "/"
            && uri.query().is_none()
            && !host.ends_with('/')
            && !host.contains(['*', '@'])
            && *host == host.to_ascii_lowercase();
        (plain && (loopback || !any_port)).then(|| Self { text: host.to_owned(), any_port })
    }

    /// Whether a browser's `Origin` is this one.
    #[must_use]
    pub fn is(&self, origin: &str) -> bool {
        match origin.strip_prefix(self.text.as_str()) {
            Some("") => true,
            Some(rest) => {
                self.any_port
                    && rest
                        .strip_prefix(':')
                        .is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
            }
            None => false,
        }
    }
}

/// The request's origin, if the site may ask from there. A browser always sends it with a POST; with a GET only to
/// another origin, so that none is no mistake there.
pub(super) fn admit<'h>(
    site: &Site,
    config: &Config,
    headers: &'h HeaderMap,
    required: bool,
) -> Result<Option<&'h str>, Problem> {
    let refused = || {
        let detail =
            "this page's origin is not among the origins of the site key; add it to `origins` in ringback.toml";
        Problem::new(StatusCode::FORBIDDEN, "origin-not-allowed", detail)
    };
    let Some(origin) = headers.get(header::ORIGIN) else {
        return if required { Err(refused()) } else { Ok(None) };
    };
    let origin = origin.to_str().map_err(|_| refused())?;
    let allowed = site.origins.iter().any(|o| o.is(origin)) || config.public_url == origin;
    if allowed { Ok(Some(origin)) } else { Err(refused()) }
}

/// Lets the page read the answer. A refusal may be read from anywhere: it says nothing but what the page did wrong.
pub(super) fn readable(result: Result<Reply, Problem>, origin: Option<&str>) -> Reply {
    let (mut reply, origin) = match result {
        Ok(reply) => (reply, origin),
        Err(problem) => (problem.into_reply(), Some("*")),
    };
    let headers = reply.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(origin).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    reply
}

/// The answer to a preflight: yes, for a while.
pub(super) fn preflight() -> Reply {
    let mut reply = empty(StatusCode::NO_CONTENT);
    let headers = reply.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(PREFLIGHT_S));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_itself_and_nothing_that_looks_like_it() {
        let shop = Origin::parse("https://shop.example.com").unwrap();
        for (origin, same) in [
            ("https://shop.example.com", true),
            ("http://shop.example.com", false),
            ("https://shop.example.com.evil.example", false),
            ("https://shop.example.com:8443", false),
            ("https://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(shop.is(origin), same, "{origin}");
        }
    }

    #[test]
    fn only_a_loopback_host_may_have_any_port() {
        let local = Origin::parse("http://127.0.0.1:*").unwrap();
        for (origin, same) in [
            ("http://127.0.0.1:3000", true),
            ("http://127.0.0.1", true),
            ("http://127.0.0.1:", false),
            ("http://127.0.0.1:80.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
        ] {
            assert_eq!(local.is(origin), same, "{origin}");
        }
        for wrong in [
            "http://shop.example.com:*",
            "*",
            "https://*",
            "ftp://x",
            "https://x/path",
            "https://x/",
            "https://X.example",
        ] {
            assert_eq!(Origin::parse(wrong), None, "{wrong}");
        }
    }
}
