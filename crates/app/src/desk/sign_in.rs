//! Signing in and out. An access token is changed for a session of some hours; whoever guesses is slowed down. What was
//! typed into a form before the session ended is carried along, so that nothing is lost.

use super::frame::{Frame, Leave, MessagePage, local, see_other, set_cookie};
use super::session::{Session, no_cookie};
use crate::App;
use crate::access::{Action, Caller, identify_token};
use crate::problem::{Problem, Reply};
use crate::web::{desk_page, field, fields, from_elsewhere};
use crate::widget::client;
use askama::Template;
use http::{Request, StatusCode};
use ringback_core::rate::Rate;
use ringback_ledger::{Clock, Entropy, Store};

/// Sign-ins that may fail in a minute, from one client address.
const FAILURES: u32 = 10;

/// Asks for an access token.
#[derive(Template)]
#[template(path = "desk/sign_in.html")]
pub(crate) struct SignInPage {
    pub f: Frame,
    /// Where to go afterwards.
    pub next: String,
    /// What was typed before, by field.
    pub kept: Vec<(String, String)>,
    /// Why the last token was not taken; empty when none was given.
    pub refused: &'static str,
}

/// A form that is sent once more, now that somebody is signed in.
#[derive(Template)]
#[template(path = "desk/resume.html")]
struct ResumePage {
    f: Frame,
    next: String,
    kept: Vec<(String, String)>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/sign-in`
    ///
    /// # Errors
    /// 503 when the page cannot be made.
    pub fn get_sign_in(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let f = self.frame(request.headers(), "/desk/sign-in");
        desk_page(StatusCode::OK, &SignInPage { f, next: "/desk".to_owned(), kept: Vec::new(), refused: "" })
    }

    /// `POST /desk/sign-in`: an access token for a session.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_sign_in(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let form = |name: &str| field(request.body(), name).unwrap_or_default();
        let f = self.frame(request.headers(), "/desk/sign-in");
        let (l, next) = (f.l, local(&form("next")));
        let kept = kept(request.body());
        let again =
            |status, refused| desk_page(status, &SignInPage { f, next: next.clone(), kept: kept.clone(), refused });
        if from_elsewhere(request.headers()) {
            return again(StatusCode::FORBIDDEN, l.say("Please sign in here.", "Bitte melden Sie sich hier an."));
        }
        let place = self.namer.sign_in_place(&client::address(request.headers(), self.config.proxy.as_ref()));
        let failures = self.ledger.meters(&[&place]).await.map_err(|error| self.store_failed(&error))?[0];
        let (rate, now_ms) = (Rate::per_minute(FAILURES), self.clock.now() * 1_000);
        if !rate.standing(failures, now_ms).allowed {
            let refused = l.say(
                "Too many tries. Wait a minute, then try again.",
                "Zu viele Versuche. Warten Sie eine Minute und versuchen Sie es dann erneut.",
            );
            return again(StatusCode::TOO_MANY_REQUESTS, refused);
        }
        let Some(caller) = identify_token(&self.config, &self.secrets, &form("token")) else {
            let pushed = self.ledger.push_meter(&place, failures, now_ms, rate.cost_ms()).await;
            pushed.map_err(|error| self.store_failed(&error))?;
            let refused = l.say("That token is not known here.", "Dieses Zugangswort ist hier nicht bekannt.");
            return again(StatusCode::UNAUTHORIZED, refused);
        };
        self.begin(request, &caller, next, kept)
    }

    fn begin(
        &self,
        request: &Request<Vec<u8>>,
        caller: &Caller,
        next: String,
        kept: Vec<(String, String)>,
    ) -> Result<Reply, Problem> {
        let session = Session::new(&caller.id, self.clock.now(), self.unique());
        let mut reply = if kept.is_empty() {
            see_other(home(caller, &next))
        } else {
            let mut f = self.frame(request.headers(), &next);
            f.who.clone_from(&caller.id);
            f.csrf = session.csrf(&self.namer);
            f.leave = Leave::Here;
            desk_page(StatusCode::OK, &ResumePage { f, next, kept })?
        };
        let sha256 = self.token_sha256(&caller.id).unwrap_or_default();
        set_cookie(&mut reply, &session.cookie(&self.namer, &sha256, self.config.public_url.starts_with("https")));
        Ok(reply)
    }

    /// `POST /desk/sign-out`: the session is over, in this browser and wherever its cookie may have got to.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_sign_out(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        if let Some((session, _)) = self.signed_in(request.headers()).await? {
            let given = field(request.body(), "csrf").unwrap_or_default();
            if !crate::digest::equal(given.as_bytes(), session.csrf(&self.namer).as_bytes()) {
                return self.stale_form(request);
            }
            self.end_session(&session).await?;
        }
        let mut reply = see_other("/desk/sign-in");
        set_cookie(&mut reply, &no_cookie(self.config.public_url.starts_with("https")));
        Ok(reply)
    }

    /// The answer to a form that was not made for the session it came with.
    pub(super) fn stale_form(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let f = self.frame(request.headers(), "/desk");
        let title = f.l.say("This page is out of date", "Diese Seite ist veraltet");
        let text = f.l.say(
            "Nothing was done: the form was made for another session. Go back, reload the page and try again.",
            "Es ist nichts geschehen: Das Formular gehört zu einer anderen Sitzung. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es erneut.",
        );
        desk_page(StatusCode::FORBIDDEN, &MessagePage { f, title, text })
    }
}

/// Who may not read cases begins with the figures.
fn home<'a>(caller: &Caller, next: &'a str) -> &'a str {
    match next {
        "/desk" if !caller.role.may(Action::ReadCase) => "/desk/insights",
        next => next,
    }
}

/// What was typed before, as the sign-in page carried it along: names and values in turn.
fn kept(form: &[u8]) -> Vec<(String, String)> {
    fields(form, "kept-name").zip(fields(form, "kept-value")).collect()
}
