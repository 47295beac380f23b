//! The frame of every page of the desk: who is signed in, where they may go, in which language and colours; and the door,
//! through which nobody comes to a page that their role may not see.

use super::lang::Lang;
use super::session::{Visitor, cookie, keep};
use super::sign_in::SignInPage;
use crate::App;
use crate::access::{Action, Caller};
use crate::config::{IdentityProvider, Role};
use crate::digest::equal;
use crate::problem::{Problem, Reply, empty};
use crate::web::{self, desk_page, field};
use askama::Template;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use ringback_ledger::{Clock, Entropy, Store};

/// The cookie that remembers language and colours.
const LOOK: &str = "ringback_look";
/// How long it does, in seconds: a year.
const LOOK_LASTS_S: u64 = 365 * 86_400;

/// A part of the desk that has an entry in its navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Cases, and what is done to one.
    Cases,
    /// Queues, people and what is due.
    Team,
    /// What did not arrive.
    Letters,
    /// Alerts that are held back.
    Silences,
    /// How the loop closes.
    Figures,
    /// What is changed because of it.
    Improvements,
    /// How the application is set up.
    Admin,
}

impl Place {
    const ALL: [Self; 7] =
        [Self::Cases, Self::Team, Self::Letters, Self::Silences, Self::Figures, Self::Improvements, Self::Admin];

    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Cases => "/desk",
            Self::Team => "/desk/team",
            Self::Letters => "/desk/letters",
            Self::Silences => "/desk/silences",
            Self::Figures => "/desk/insights",
            Self::Improvements => "/desk/improvements",
            Self::Admin => "/desk/admin",
        }
    }

    /// What one must be allowed to do to come here.
    pub const fn action(self) -> Action {
        match self {
            Self::Cases => Action::ReadCase,
            Self::Team => Action::Reassign,
            Self::Letters => Action::MendDeliveries,
            Self::Silences => Action::Silence,
            Self::Figures | Self::Improvements => Action::ReadInsights,
            Self::Admin => Action::Administer,
        }
    }

    const fn label(self, l: Lang) -> &'static str {
        match self {
            Self::Cases => l.say("Cases", "Fälle"),
            Self::Team => l.say("Team", "Team"),
            Self::Letters => l.say("Undelivered", "Unzustellbar"),
            Self::Silences => l.say("Silences", "Stummschaltungen"),
            Self::Figures => l.say("Figures", "Kennzahlen"),
            Self::Improvements => l.say("Improvements", "Verbesserungen"),
            Self::Admin => l.say("Administration", "Verwaltung"),
        }
    }
}

/// An entry of the navigation.
pub(crate) struct Entry {
    pub path: &'static str,
    pub label: &'static str,
    pub current: bool,
}

/// Where whoever is signed in signs out.
pub(crate) enum Leave {
    /// Nobody is signed in, or nothing is known about where they did.
    Nowhere,
    /// Here.
    Here,
    /// At a page of whoever let them in.
    At(String),
}

/// What the frame shows. A page's template extends `desk/frame.html` and holds it as `f`.
pub(crate) struct Frame {
    /// The language of the page.
    pub l: Lang,
    /// `light`, `dark`, or nothing for what the browser prefers.
    pub theme: &'static str,
    /// The company's name.
    pub company: String,
    /// Who is signed in; empty when nobody is.
    pub who: String,
    /// Where they may go.
    pub nav: Vec<Entry>,
    /// What every form carries, as `csrf`.
    pub csrf: String,
    /// Where they sign out.
    pub leave: Leave,
    /// This page's address, to come back to.
    pub here: String,
}

impl Frame {
    /// Whether whoever is signed in signs out here.
    pub fn leaves_here(&self) -> bool {
        matches!(self.leave, Leave::Here)
    }

    /// The page where they do otherwise.
    pub fn leaves_at(&self) -> Option<&str> {
        match &self.leave {
            Leave::At(page) => Some(page),
            Leave::Here | Leave::Nowhere => None,
        }
    }
}

/// Somebody who was let in, and the frame of the page they asked for.
pub(crate) struct Guest {
    pub caller: Caller,
    pub frame: Frame,
}

impl Guest {
    /// Whether a form was made for this session.
    pub fn sent(&self, form: &[u8]) -> bool {
        let given = field(form, "csrf").unwrap_or_default();
        equal(given.as_bytes(), self.frame.csrf.as_bytes())
    }
}

/// Who comes in, or what they are shown instead.
pub(crate) enum Door {
    In(Box<Guest>),
    Out(Reply),
}

/// Says one thing.
#[derive(Template)]
#[template(path = "desk/message.html")]
pub(super) struct MessagePage<'a> {
    pub f: Frame,
    pub title: &'a str,
    pub text: &'a str,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The frame of a page that nobody has to be signed in for.
    pub(crate) fn frame(&self, headers: &HeaderMap, here: &str) -> Frame {
        let look = cookie(headers, LOOK).unwrap_or_default();
        let (lang, theme) = look.split_once('.').unwrap_or((&look, ""));
        let theme = ["light", "dark"].into_iter().find(|known| *known == theme).unwrap_or_default();
        Frame {
            l: Lang::of(lang).unwrap_or_else(|| Lang::asked_for(headers)),
            theme,
            company: self.config.name.clone(),
            who: String::new(),
            nav: Vec::new(),
            csrf: String::new(),
            leave: Leave::Nowhere,
            here: here.to_owned(),
        }
    }

    /// Lets whoever is signed in come to a place, if their role may; otherwise the page that they see instead: sign-in,
    /// or that this is not for them. 1 read of the store.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub(crate) async fn door(&self, request: &Request<Vec<u8>>, place: Place) -> Result<Door, Problem> {
        let headers = request.headers();
        let here = request.uri().path_and_query().map_or(place.path(), |path| path.as_str());
        let mut frame = self.frame(headers, here);
        let Some(Visitor { caller, csrf, here: signed_in_here }) = self.visitor(headers).await? else {
            let kept = web_kept(request);
            let page = SignInPage { next: here.to_owned(), kept, refused: "", f: frame };
            return Ok(Door::Out(desk_page(StatusCode::UNAUTHORIZED, &page)?));
        };
        frame.who.clone_from(&caller.id);
        frame.csrf = csrf;
        frame.leave = match &self.config.provider {
            _ if signed_in_here => Leave::Here,
            Some(IdentityProvider { sign_out: Some(page), .. }) => Leave::At(page.clone()),
            _ => Leave::Nowhere,
        };
        frame.nav = entries(caller.role, place, frame.l);
        if caller.role.may(place.action()) {
            return Ok(Door::In(Box::new(Guest { caller, frame })));
        }
        let l = frame.l;
        let title = l.say("Not for your role", "Nicht für Ihre Rolle");
        let text = l.say("Your access token may not see this page.", "Ihr Zugang darf diese Seite nicht sehen.");
        Ok(Door::Out(desk_page(StatusCode::FORBIDDEN, &MessagePage { title, text, f: frame })?))
    }

    /// `POST /desk/look`: remembers language and colours in this browser.
    #[must_use]
    pub fn post_look(&self, request: &Request<Vec<u8>>) -> Reply {
        let form = |name: &str| field(request.body(), name).unwrap_or_default();
        let before = self.frame(request.headers(), "");
        let lang = Lang::of(&form("lang")).unwrap_or(before.l).code();
        let theme = match form("theme").as_str() {
            "light" => "light",
            "dark" => "dark",
            "system" => "",
            _ => before.theme,
        };
        let https = self.config.public_url.starts_with("https");
        let mut reply = see_other(&local(&form("back")));
        set_cookie(&mut reply, &keep(LOOK, format!("{lang}.{theme}"), LOOK_LASTS_S, https));
        reply
    }
}

fn entries(role: Role, here: Place, l: Lang) -> Vec<Entry> {
    let open = Place::ALL.into_iter().filter(|place| role.may(place.action()));
    open.map(|place| Entry { path: place.path(), label: place.label(l), current: place == here }).collect()
}

/// What somebody typed into a form before they were asked to sign in: all but what belongs to their last session.
fn web_kept(request: &Request<Vec<u8>>) -> Vec<(String, String)> {
    let fields = form_urlencoded::parse(request.body()).filter(|(name, _)| name != "csrf");
    fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// An address of the desk's: anything else would lead people away.
pub(super) fn local(path: &str) -> String {
    let ours = path == "/desk" || path.starts_with("/desk/") || path.starts_with("/desk?");
    let plain =
        path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !path.contains("//") && !path.contains("..");
    if ours && plain { path.to_owned() } else { "/desk".to_owned() }
}

/// Goes on at another page.
pub(super) fn see_other(path: &str) -> Reply {
    let mut reply = empty(StatusCode::SEE_OTHER);
    if let Ok(value) = HeaderValue::from_str(path) {
        reply.headers_mut().insert(header::LOCATION, value);
    }
    web::guard(&mut reply, "no-store", web::Referrer::Own);
    reply
}

pub(super) fn set_cookie(reply: &mut Reply, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        reply.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_from_the_desk() {
        for path in ["/desk", "/desk/cases/abc", "/desk?owner=none", "/desk/team?queue=care%20a"] {
            assert_eq!(local(path), path);
        }
        for path in [
            "",
            "/",
            "//evil.example",
            "/desk//evil.example",
            "https://evil.example/desk",
            "/desk/../v1/x",
            "/deskx",
            "/desk\r\nx: y",
        ] {
            assert_eq!(local(path), "/desk", "{path}");
        }
    }

    #[test]
    fn the_navigation_shows_what_a_role_may_see() {
        let seen = |role| {
            let entries = entries(role, Place::Cases, Lang::En);
            entries.iter().map(|e| e.label).collect::<Vec<_>>().join(", ")
        };
        assert_eq!((seen(Role::Intake), seen(Role::Operator)), (String::new(), String::new()));
        assert_eq!(seen(Role::Agent), "Cases, Figures, Improvements");
        assert_eq!(seen(Role::Executive), "Figures, Improvements");
        assert_eq!(seen(Role::Lead), "Cases, Team, Undelivered, Silences, Figures, Improvements");
        assert_eq!(seen(Role::Admin), "Cases, Team, Undelivered, Silences, Figures, Improvements, Administration");
    }
}
