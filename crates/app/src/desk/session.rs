//! Who is signed in, in a signed cookie: HttpOnly, SameSite, for some hours. Holds the token's name, never the token.

use crate::digest::equal;
use crate::identity::Namer;
use cookie::{Cookie, SameSite, time::Duration};
use http::{HeaderMap, header};

/// The cookie's name.
const NAME: &str = "ringback_session";
/// How long a session lasts, in seconds.
const LASTS_S: u64 = 8 * 3600;

/// The cookie of a new session. `Lax`, because people come from links in chat and mail.
pub(super) fn cookie(namer: &Namer, id: &str, now: u64, https: bool) -> String {
    let until = now + LASTS_S;
    let value =
        format!("{}.{until}.{}", data_encoding::BASE64URL_NOPAD.encode(id.as_bytes()), namer.session(id, until));
    let cookie = Cookie::build((NAME, value)).path("/desk").http_only(true).secure(https).same_site(SameSite::Lax);
    cookie.max_age(Duration::seconds(i64::try_from(LASTS_S).unwrap_or(0))).to_string()
}

/// The token's name of the session that a request belongs to.
pub(super) fn signed_in(namer: &Namer, headers: &HeaderMap, now: u64) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ours = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok).filter(|c| c.name() == NAME);
    let value = ours.next()?.value().to_owned();
    let mut parts = value.splitn(3, '.');
    let (id, until, signature) = (parts.next()?, parts.next()?.parse::<u64>().ok()?, parts.next()?);
    let id = String::from_utf8(data_encoding::BASE64URL_NOPAD.decode(id.as_bytes()).ok()?).ok()?;
    let genuine = equal(signature.as_bytes(), namer.session(&id, until).as_bytes());
    (genuine && now < until).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PEPPER_VARIABLE;
    use crate::secrets::Secrets;
    use http::HeaderValue;
    use std::collections::BTreeMap;

    fn namer(pepper: &str) -> Namer {
        Namer::new(&Secrets::new(BTreeMap::from([(PEPPER_VARIABLE.to_owned(), pepper.repeat(32))]))).unwrap()
    }

    fn request(cookie: &str) -> HeaderMap {
        let pair = cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(pair).unwrap())])
    }

    #[test]
    fn a_session_holds_until_it_expires_and_cannot_be_made_up() {
        let n = namer("p");
        let cookie = cookie(&n, "care desk", 1_000, true);
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("Secure") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        assert_eq!(signed_in(&n, &request(&cookie), 1_001).as_deref(), Some("care desk"));
        assert_eq!(signed_in(&n, &request(&cookie), 1_000 + LASTS_S), None);
        assert_eq!(signed_in(&namer("q"), &request(&cookie), 1_001), None);
        assert_eq!(signed_in(&n, &request(&cookie.replace(".29800.", ".99999.")), 1_001), None);
        assert_eq!(signed_in(&n, &HeaderMap::new(), 1_001), None);
    }
}
