//! Who is signed in: a signed cookie (HttpOnly, SameSite) that lasts some hours and can be ended before. It holds the
//! token's name, never the token.
//!
//! Ended sessions are written down as instants: a session that began before the instant of its own place, or of its
//! token, is over. The places of sessions are about a million keyed hashes, so nothing accumulates; should two sessions
//! share one, somebody signs in once more.

use crate::App;
use crate::access::Caller;
use crate::digest::equal;
use crate::identity::Namer;
use crate::problem::Problem;
use cookie::{Cookie, SameSite, time::Duration};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, header};
use ringback_ledger::{Clock, Entropy, Store};

/// The cookie's name.
const NAME: &str = "ringback_session";
/// How long a session lasts, in seconds.
pub(super) const LASTS_S: u64 = 8 * 3600;

/// A session whose cookie is genuine and has not expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The token's name.
    pub token: String,
    /// When it began, Unix seconds.
    pub began: u64,
    /// What tells it apart from others.
    nonce: String,
}

impl Session {
    pub fn new(token: &str, now: u64, nonce: String) -> Self {
        Self { token: token.to_owned(), began: now, nonce }
    }

    /// The session that a request belongs to. `sha256` is the hash that a token of that name has now, if it has one.
    pub fn read(namer: &Namer, headers: &HeaderMap, now: u64, sha256: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let value = cookie(headers, NAME)?;
        let mut parts = value.splitn(4, '.');
        let (token, began, nonce, signature) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let began = began.parse::<u64>().ok()?;
        let token = String::from_utf8(BASE64URL_NOPAD.decode(token.as_bytes()).ok()?).ok()?;
        let genuine = equal(signature.as_bytes(), namer.session(&token, &sha256(&token)?, began, nonce).as_bytes());
        let lasts = began <= now && now < began.saturating_add(LASTS_S);
        (genuine && lasts).then(|| Self { token, began, nonce: nonce.to_owned() })
    }

    /// `Lax`, because people come from links in chat and mail.
    pub fn cookie(&self, namer: &Namer, sha256: &str, https: bool) -> String {
        let signature = namer.session(&self.token, sha256, self.began, &self.nonce);
        let token = BASE64URL_NOPAD.encode(self.token.as_bytes());
        let value = format!("{token}.{}.{}.{signature}", self.began, self.nonce);
        keep(NAME, value, LASTS_S, https)
    }

    /// What a form of this session carries, so that no other website can send one.
    pub fn csrf(&self, namer: &Namer) -> String {
        namer.csrf(&self.token, self.began, &self.nonce)
    }
}

/// The cookie that ends a session in its browser.
pub(super) fn no_cookie(https: bool) -> String {
    keep(NAME, String::new(), 0, https)
}

/// A cookie of the desk's.
pub(super) fn keep(name: &str, value: String, seconds: u64, https: bool) -> String {
    let cookie = Cookie::build((name, value)).path("/desk").http_only(true).secure(https).same_site(SameSite::Lax);
    cookie.max_age(Duration::seconds(i64::try_from(seconds).unwrap_or(0))).to_string()
}

/// The value of a cookie that a request carries.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ours = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok).filter(|c| c.name() == name);
    Some(ours.next()?.value().to_owned())
}

/// Somebody who came to a page, and how.
pub(super) struct Visitor {
    pub caller: Caller,
    /// What a form of theirs carries.
    pub csrf: String,
    /// Whether they signed in here.
    pub here: bool,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Who comes: whose bearer token the request carries, as a proxy adds it to each, or who is signed in.
    pub(super) async fn visitor(&self, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
        let by_token = match headers.contains_key(header::AUTHORIZATION) {
            true => self.caller(headers).await,
            false => Ok(Err(String::new())),
        };
        if let Ok(Ok(caller)) = by_token {
            // A proxy renews its tokens while somebody types: what holds is the person.
            let csrf = self.namer.csrf(&caller.id, 0, "bearer");
            return Ok(Some(Visitor { caller, csrf, here: false }));
        }
        let signed_in = self.signed_in(headers).await?;
        match (signed_in, by_token) {
            (Some((session, caller)), _) => Ok(Some(Visitor { caller, csrf: session.csrf(&self.namer), here: true })),
            (None, Err(nobody_tells)) => Err(nobody_tells),
            (None, Ok(_)) => Ok(None),
        }
    }

    /// Who is signed in, with the role that their token has now: 1 read where there is a cookie of ours.
    pub(super) async fn signed_in(&self, headers: &HeaderMap) -> Result<Option<(Session, Caller)>, Problem> {
        let sha256 = |token: &str| self.token_sha256(token);
        let Some(session) = Session::read(&self.namer, headers, self.clock.now(), sha256) else { return Ok(None) };
        let Some(token) = self.config.access.iter().find(|t| t.id == session.token) else { return Ok(None) };
        let (own, all) = self.ends(&session);
        let ended = self.ledger.meters(&[&own, &all]).await.map_err(|error| self.store_failed(&error))?;
        if ended.iter().any(|at| session.began < *at) {
            return Ok(None);
        }
        let caller = Caller { id: token.id.clone(), role: token.role };
        Ok(Some((session, caller)))
    }

    /// The hash of the access token of that name, in small letters, while it has one.
    pub(super) fn token_sha256(&self, id: &str) -> Option<String> {
        let token = self.config.access.iter().find(|token| token.id == id)?;
        let sha256 = self.secrets.get(&token.token_sha256_variable).trim().to_ascii_lowercase();
        (!sha256.is_empty()).then_some(sha256)
    }

    fn ends(&self, session: &Session) -> (String, String) {
        (self.namer.session_place(&session.nonce), self.namer.token_place(&session.token))
    }

    /// Ends a session, everywhere.
    pub(super) async fn end_session(&self, session: &Session) -> Result<(), Problem> {
        self.end(&self.ends(session).0).await
    }

    /// Ends every session of a token that has begun until now.
    pub(super) async fn end_sessions_of(&self, token: &str) -> Result<(), Problem> {
        self.end(&self.namer.token_place(token)).await
    }

    async fn end(&self, place: &str) -> Result<(), Problem> {
        let now = self.clock.now();
        let stands = self.ledger.meters(&[place]).await.map_err(|error| self.store_failed(&error))?[0];
        // One that began in this very second is over, too.
        if stands <= now {
            self.ledger.push_meter(place, stands, now, 1).await.map_err(|error| self.store_failed(&error))?;
        }
        Ok(())
    }
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
        let session = Session::new("care desk", 1_000, "abc".to_owned());
        let cookie = session.cookie(&n, "a hash", true);
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("Secure") && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        let hashed = |hash: Option<&str>| hash.map(str::to_owned);
        let read_as = |n: &Namer, cookie: &str, now, hash| Session::read(n, &request(cookie), now, |_| hashed(hash));
        let read = |n: &Namer, cookie: &str, now| read_as(n, cookie, now, Some("a hash"));
        assert_eq!(read(&n, &cookie, 1_001), Some(session.clone()));
        assert_eq!(read(&n, &cookie, 1_000 + LASTS_S), None);
        assert_eq!(read(&namer("q"), &cookie, 1_001), None);
        assert_eq!(read(&n, &cookie.replace(".1000.", ".9000."), 9_001), None);
        assert_eq!(read(&n, &cookie.replace(".abc.", ".abd."), 1_001), None);
        // The token was taken away, or is another one by now.
        assert_eq!(read_as(&n, &cookie, 1_001, None), None);
        assert_eq!(read_as(&n, &cookie, 1_001, Some("another hash")), None);
        assert_eq!(Session::read(&n, &HeaderMap::new(), 1_001, |_| hashed(Some("a hash"))), None);
        assert_ne!(session.csrf(&n), Session::new("care desk", 1_000, "abd".to_owned()).csrf(&n));
    }
}
