//! The desk: pages that people read cases on. Server-rendered, strict CSP, complete without JavaScript.
//!
//! Read only: cases are worked through the API (docs/api.md).

mod page;
mod session;
mod take;

pub use take::TakeLink;

use crate::App;
use crate::access::{Action, Caller, identify_token};
use crate::ports::ConsentGate;
use crate::problem::{Problem, Reply, empty};
use crate::time::from_unix;
use crate::web::{self, Referrer};
use askama::Template;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use page::{CasePage, MessagePage, SignInPage};
use ringback_ledger::{Clock, Entropy, Store};

/// The desk's style sheet.
const STYLE: &str = include_str!("../../templates/desk/style.css");
impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/cases/{id}`: the page that an alert leads to. Without a session, the sign-in page.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_desk_case(
        &self,
        id: &str,
        headers: &HeaderMap,
        gate: &impl ConsentGate,
    ) -> Result<Reply, Problem> {
        let Some(caller) = self.session(headers) else {
            return page(
                StatusCode::UNAUTHORIZED,
                &SignInPage { next: id, refused: false, company: &self.config.name },
            );
        };
        if !caller.role.may(Action::ReadCase) {
            let text = "Your access token may not read cases.";
            return page(StatusCode::FORBIDDEN, &MessagePage { title: "Not for this token", text });
        }
        let Some(record) = self.record_of(id).await?.filter(|r| r.body.case.is_some()) else {
            let text = "There is no case under this address.";
            return page(StatusCode::NOT_FOUND, &MessagePage { title: "No such case", text });
        };
        let contact = page::contact(&record.body.feedback.customer, gate).await;
        let script = record.body.case.as_ref().map(|case| self.config.cases.script(case.track)).unwrap_or_default();
        let now = from_unix(self.clock.now());
        let shown = CasePage::new(&self.config.name, &record, script, contact, &caller.id, now)
            .ok_or_else(Problem::unavailable)?;
        page(StatusCode::OK, &shown)
    }

    /// `POST /desk/sign-in`: an access token for a session of some hours.
    ///
    /// # Errors
    /// 503 when the page cannot be made.
    pub fn post_sign_in(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let form = |name: &str| web::field(request.body(), name).unwrap_or_default();
        let next = form("next");
        // Only ever to a case of ours: an address from outside would be an open redirect.
        let next = if ringback_ledger::is_name(&next) { next } else { String::new() };
        match identify_token(&self.config, &self.secrets, &form("token")) {
            Some(caller) => Ok(self.signed_in(&caller, &next)),
            None => {
                page(StatusCode::UNAUTHORIZED, &SignInPage { next: &next, refused: true, company: &self.config.name })
            }
        }
    }

    fn signed_in(&self, caller: &Caller, next: &str) -> Reply {
        let mut reply = empty(StatusCode::SEE_OTHER);
        let location = if next.is_empty() { "/desk".to_owned() } else { format!("/desk/cases/{next}") };
        let cookie =
            session::cookie(&self.namer, &caller.id, self.clock.now(), self.config.public_url.starts_with("https"));
        for (name, value) in [(header::LOCATION, location), (header::SET_COOKIE, cookie)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                reply.headers_mut().insert(name, value);
            }
        }
        reply
    }

    /// `GET /desk`: sign-in, or where to go.
    ///
    /// # Errors
    /// 503 when the page cannot be made.
    pub fn get_desk(&self, headers: &HeaderMap) -> Result<Reply, Problem> {
        if self.session(headers).is_none() {
            return page(StatusCode::OK, &SignInPage { next: "", refused: false, company: &self.config.name });
        }
        let text = "You are signed in. Open a case from the link in its alert.";
        page(StatusCode::OK, &MessagePage { title: "Ringback", text })
    }

    /// Who is signed in: the token's name from the cookie, with the role it has now.
    fn session(&self, headers: &HeaderMap) -> Option<Caller> {
        let id = session::signed_in(&self.namer, headers, self.clock.now())?;
        let token = self.config.access.iter().find(|t| t.id == id)?;
        let enabled = !self.secrets.get(&token.token_sha256_variable).is_empty();
        enabled.then_some(Caller { id, role: token.role })
    }
}

/// `GET /desk/style.css`
#[must_use]
pub fn style() -> Reply {
    web::style(STYLE)
}

fn page(status: StatusCode, template: &impl Template) -> Result<Reply, Problem> {
    web::page(status, template, Referrer::Own)
}
