//! The headers Spin adds to a request, and the ones it takes away.

use std::net::SocketAddr;

use http::header::{CONNECTION, HOST, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Request;
use super::routes::Matched;
use crate::outbound::CHAINING_SUFFIX;

/// Takes away what a client must not say: that it is a chained request, and what concerns its connection only.
pub(super) fn strip(headers: &mut HeaderMap) {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name.ends_with(CHAINING_SUFFIX) {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

/// Adds what a component may want to know about its route; the same names sent by the client are replaced.
pub(super) fn add(request: &mut Request, matched: &Matched<'_>, client: SocketAddr) -> Result<(), InvalidHeaderValue> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let scheme = request.uri().scheme_str().unwrap_or("http");
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let full_url = HeaderValue::try_from(format!("{scheme}://{host}{path}"))?;
    let client = HeaderValue::try_from(client.to_string())?;
    let rest = HeaderValue::try_from(matched.rest.as_ref())?;
    let route = HeaderValue::try_from(matched.based)?;
    let raw = HeaderValue::try_from(matched.raw)?;
    let prefix = HeaderValue::try_from(matched.prefix())?;

    let headers = request.headers_mut();
    headers.insert(HeaderName::from_static("spin-path-info"), rest);
    headers.insert(HeaderName::from_static("spin-full-url"), full_url);
    headers.insert(HeaderName::from_static("spin-matched-route"), route);
    headers.insert(HeaderName::from_static("spin-base-path"), HeaderValue::from_static("/"));
    headers.insert(HeaderName::from_static("spin-raw-component-route"), raw);
    headers.insert(HeaderName::from_static("spin-component-route"), prefix);
    headers.insert(HeaderName::from_static("spin-client-addr"), client);
    for (name, value) in &matched.named {
        // A name the route's author chose that is no header name is left out, as in Spin.
        if let Ok(name) =
            HeaderName::try_from(format!("spin-path-match-{}", name.to_ascii_lowercase().replace('_', "-")))
        {
            headers.insert(name, HeaderValue::try_from(value)?);
        }
    }
    Ok(())
}
