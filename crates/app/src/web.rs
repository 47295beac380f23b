//! What pages for people share: the fields of a form or a query, the answer that carries HTML, and the language that
//! somebody wants. Which pages there are is elsewhere.

use crate::problem::{Problem, Reply};
use askama::Template;
use http::{HeaderValue, StatusCode, header};

/// A page loads the style sheet of its own folder and sends its own forms; nothing else, from or to anywhere.
const CSP: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page of the desk loads its style sheet, script and icon from here, too, and its script asks nobody but us.
const DESK_CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                        form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The values of a field of a form or a query.
pub(crate) fn fields<'a>(form: &'a [u8], name: &'a str) -> impl Iterator<Item = String> + 'a {
    form_urlencoded::parse(form).filter(move |(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The first of them; it may be empty.
pub(crate) fn field(form: &[u8], name: &str) -> Option<String> {
    fields(form, name).next()
}

/// To whom a page's address may be told when somebody follows a link on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Referrer {
    /// To our own pages.
    Own,
    /// To nobody: the address is a key.
    Nobody,
}

/// A page that no cache keeps.
///
/// # Errors
/// 503 when it cannot be made.
pub(crate) fn page(status: StatusCode, template: &impl Template, referrer: Referrer) -> Result<Reply, Problem> {
    let html = template.render().map_err(|_| Problem::unavailable())?;
    Ok(sent(status, html, "text/html; charset=utf-8", "no-store", referrer))
}

/// A page of the desk, which may run the desk's script. No cache keeps it.
///
/// # Errors
/// 503 when it cannot be made.
pub(crate) fn desk_page(status: StatusCode, template: &impl Template) -> Result<Reply, Problem> {
    let mut reply = page(status, template, Referrer::Own)?;
    reply.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DESK_CSP));
    Ok(reply)
}

/// What programs read, and no cache keeps.
pub(crate) fn told(text: String, content_type: &'static str) -> Reply {
    sent(StatusCode::OK, text, content_type, "no-store", Referrer::Nobody)
}

/// What our pages load beside their style: a script, a picture.
pub(crate) fn asset(text: &str, content_type: &'static str) -> Reply {
    sent(StatusCode::OK, text.to_owned(), content_type, "max-age=3600", Referrer::Own)
}

/// A style sheet.
pub(crate) fn style(css: &str) -> Reply {
    sent(StatusCode::OK, css.to_owned(), "text/css; charset=utf-8", "max-age=3600", Referrer::Own)
}

fn sent(
    status: StatusCode,
    body: String,
    content_type: &'static str,
    cache: &'static str,
    referrer: Referrer,
) -> Reply {
    let mut reply = Reply::new(body.into_bytes());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    guard(&mut reply, cache, referrer);
    reply
}

/// Says who may keep an answer and who may hear of its address.
pub(crate) fn guard(reply: &mut Reply, cache: &'static str, referrer: Referrer) {
    let referrer = match referrer {
        Referrer::Own => "same-origin",
        Referrer::Nobody => "no-referrer",
    };
    for (name, value) in [
        (header::CACHE_CONTROL, cache),
        (header::REFERRER_POLICY, referrer),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

/// The language of a tag as in `de-AT` or of an entry of an `Accept-Language`: its first part, in small letters.
pub(crate) fn primary(tag: &str) -> String {
    tag.trim().split(['-', '_', ';']).next().unwrap_or_default().to_ascii_lowercase()
}
/// Whether a request comes from another website, as far as the browser says.
pub(crate) fn from_elsewhere(headers: &http::HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}
