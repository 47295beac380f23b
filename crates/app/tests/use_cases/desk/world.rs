//! An application on a store in memory, and a browser of sorts: it keeps cookies and follows no link by itself.

use crate::stage::trials::Trials;
use crate::stage::{self, Application, Setting, Stage};
use futures::executor::block_on;
use http::{HeaderMap, Request, header};
use ringback_app::problem::{Problem, Reply};
use ringback_app::{ConsentGate, GateError};
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use ringback_test_support::{ManualClock, MemoryStore, Nobody};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// The gate that the product has, on the same store.
pub struct Gate<'a>(&'a Application);

impl ConsentGate for Gate<'_> {
    async fn may_contact(&self, who: &Customer, on: ContactChannel, why: Purpose) -> Result<Decision, GateError> {
        self.0.may_contact(who, on, why).await
    }
}

pub struct World {
    pub app: Application,
    pub clock: ManualClock,
    pub store: MemoryStore,
    taken: Cell<u32>,
}

/// A page as it came.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
}

impl Page {
    /// The value of the first hidden field of that name.
    pub fn hidden(&self, name: &str) -> String {
        let from = self.html.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}"));
        let rest = &self.html[from..];
        rest.split('"').nth(3).unwrap_or_default().to_owned()
    }

    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.html);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) {
        assert!(self.html.contains(text), "no {text:?} in\n{}", self.html);
    }

    #[track_caller]
    pub fn does_not_say(&self, text: &str) {
        assert!(!self.html.contains(text), "{text:?} in\n{}", self.html);
    }
}

/// Somebody with a browser.
pub struct Person<'a> {
    world: &'a World,
    cookies: RefCell<BTreeMap<String, String>>,
}

pub fn world() -> World {
    world_of(Setting::default().programme)
}

/// The same with another programme.
pub fn world_of(programme: &str) -> World {
    let Stage { app, clock, store } = stage::open(&Setting { programme, ..Setting::default() });
    World { app, clock, store, taken: Cell::new(0) }
}

/// Feedback with everything in it.
pub fn unhappy(name: &str) -> Value {
    json!({
        "survey": "checkout-nps", "score": 3, "comment": "The parcel arrived opened.", "country": "DE",
        "customer": { "id": name, "name": name, "email": format!("{name}@example.com"), "phone": "+49 30 1234567" },
        "consent": [
            { "channel": "email", "purpose": "follow_up", "granted": true, "wording": "w" },
            { "channel": "phone", "purpose": "follow_up", "granted": true, "wording": "w" },
        ],
    })
}

impl World {
    pub fn tick(&self) {
        block_on(self.app.tick_logged(&Nobody));
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(seconds);
        self.tick();
    }

    /// Takes an answer, not sealed yet.
    pub fn post(&self, answer: &Value) -> String {
        let mut answer = answer.clone();
        self.taken.set(self.taken.get() + 1);
        answer["response_id"] = json!(format!("r-{}", self.taken.get()));
        let request = Request::post("/v1/feedback").header(header::AUTHORIZATION, "Bearer intake");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(answer.to_string().into_bytes());
        let taken = block_on(self.app.post_feedback(request.expect("a request"))).expect("taken");
        let location = taken.reply.headers()[header::LOCATION].to_str().expect("text").to_owned();
        location.rsplit('/').next().expect("an id").to_owned()
    }

    pub fn take(&self, answer: &Value) -> String {
        let id = self.post(answer);
        self.tick();
        id
    }

    pub fn case(&self, id: &str) -> Value {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, "Bearer agent".parse().expect("a value"))]);
        let reply = block_on(self.app.get_case(id, &headers, &Gate(&self.app))).unwrap_or_else(Problem::into_reply);
        serde_json::from_slice(reply.body()).expect("JSON")
    }

    /// Somebody who is not signed in.
    pub fn stranger(&self) -> Person<'_> {
        Person { world: self, cookies: RefCell::default() }
    }

    /// Somebody who has signed in with the token of a role.
    pub fn person(&self, role: &str) -> Person<'_> {
        let person = self.stranger();
        assert_eq!(person.sign_in(role).status, 303, "{role}");
        person
    }
}

impl Person<'_> {
    pub fn sign_in(&self, token: &str) -> Page {
        self.send("/desk/sign-in", &[("token", token), ("next", "/desk")])
    }

    pub fn cookie(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Takes over another browser's cookies.
    pub fn steal(&self, other: &Self) {
        self.cookies.replace(other.cookies.borrow().clone());
    }

    pub fn get(&self, path: &str) -> Page {
        self.request(Request::get(path).body(Vec::new()).expect("a request"))
    }

    pub fn send(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.request(Request::post(path).body(body.into_bytes()).expect("a request"))
    }

    /// Fills in the form of a case's page as this person sees it.
    pub fn act(&self, id: &str, act: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.get(&format!("/desk/cases/{id}"));
        self.act_from(&page, id, act, fields)
    }

    /// The same on a page that was opened before.
    pub fn act_from(&self, page: &Page, id: &str, act: &str, fields: &[(&str, &str)]) -> Page {
        let (csrf, version) = (page.hidden("csrf"), page.hidden("version"));
        let mut form = vec![("csrf", csrf.as_str()), ("version", version.as_str()), ("act", act)];
        form.extend(fields);
        self.send(&format!("/desk/cases/{id}"), &form)
    }

    pub fn request(&self, mut request: Request<Vec<u8>>) -> Page {
        let cookie = self.cookie();
        if !cookie.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookie.parse().expect("a value"));
        }
        let reply = block_on(self.route(&request)).unwrap_or_else(Problem::into_reply);
        let (head, body) = reply.into_parts();
        for cookie in head.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
        let html = String::from_utf8(body).expect("text");
        Page { status: head.status.as_u16(), headers: head.headers, html }
    }

    /// As the component does it.
    async fn route(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let (app, gate) = (&self.world.app, Gate(&self.world.app));
        let path = request.uri().path().trim_matches('/').to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let worked = match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["desk"]) => return app.get_desk(request).await,
            ("GET", ["desk", "next"]) => return app.get_next_case(request).await,
            ("GET", ["desk", "cases", id, "version"]) => return app.get_case_version(id, request).await,
            ("GET", ["desk", "admin"]) => return app.get_admin(request, &Trials).await,
            ("POST", ["desk", "admin"]) => return app.post_admin(request, &Trials).await,
            ("GET", ["desk", "team"]) => return app.get_team(request).await,
            ("GET", ["desk", "team", "today"]) => return app.get_team_today(request).await,
            ("GET", ["desk", "team", "feed"]) => return app.get_team_feed(request).await,
            ("GET", ["desk", "silences"]) => return app.get_desk_silences(request).await,
            ("GET", ["desk", "letters"]) => return app.get_desk_letters(request).await,
            ("GET", ["desk", "insights", "cases"]) => return app.get_insights_cases(request).await,
            ("GET", ["desk", "insights"]) => return app.get_insights_page(None, request).await,
            ("GET", ["desk", "insights", table]) => return app.get_insights_page(Some(table), request).await,
            ("POST", ["desk", "silences"]) => return app.post_desk_silence(request).await,
            ("POST", ["desk", "team"]) => app.post_team(request).await?,
            ("POST", ["desk", "letters"]) => app.post_desk_letter(request).await?,
            ("GET", ["desk", "sign-in"]) => return app.get_sign_in(request),
            ("GET", ["desk", "cases", id]) => return app.get_desk_case(id, request, &gate).await,
            ("POST", ["desk", "sign-in"]) => return app.post_sign_in(request).await,
            ("POST", ["desk", "sign-out"]) => return app.post_sign_out(request).await,
            ("POST", ["desk", "look"]) => return Ok(app.post_look(request)),
            ("POST", ["desk", "cases", id]) => app.post_desk_case(id, request, &gate).await?,
            _ => return Err(Problem::not_found("page")),
        };
        app.follow_through(worked.now, &Nobody).await;
        Ok(worked.reply)
    }
}
