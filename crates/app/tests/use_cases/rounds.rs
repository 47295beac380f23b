//! A round of attempts over the use cases alone: what is wrong with one channel holds up nothing but itself.

use crate::stage::yes::Yes;
use crate::stage::{self, Application, Setting, Stage};
use futures::executor::block_on;
use http::{Request, Response, StatusCode, header};
use ringback_app::deliver::HandedOver;
use ringback_app::{Outbound, OutboundError};
use ringback_ledger::{Due, HandOver};
use ringback_test_support::MemoryStore;
use serde_json::json;
use std::cell::RefCell;
use std::time::Duration;

/// Takes mail, and knows no such chat.
#[derive(Default)]
struct Receivers(RefCell<Vec<String>>);

impl Receivers {
    /// How many requests this host has had.
    fn asked(&self, host: &str) -> usize {
        self.0.borrow().iter().filter(|asked| *asked == host).count()
    }
}

impl Outbound for Receivers {
    async fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, OutboundError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let status = if host == "hooks.slack.com" { StatusCode::NOT_FOUND } else { StatusCode::OK };
        self.0.borrow_mut().push(host);
        Ok(Response::builder().status(status).body(b"{\"id\":\"mail-1\"}".to_vec()).expect("an answer"))
    }
}

struct World {
    app: Application,
    store: MemoryStore,
    receivers: Receivers,
}

impl HandOver for World {
    async fn hand_over(&self, jobs: Vec<Due>) {
        let jobs: Vec<HandedOver> = jobs.into_iter().map(HandedOver::from).collect();
        self.app.deliver(&HandedOver::body(&jobs), &self.receivers, &Yes).await.expect("a list of jobs");
    }
}

impl World {
    /// An unhappy answer of nobody known, and its alerts.
    fn take(&self, response: &str) {
        let body = json!({ "survey": "checkout-nps", "score": 2, "response_id": response }).to_string().into_bytes();
        let request = Request::post("/v1/feedback").header(header::AUTHORIZATION, "Bearer intake");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body).expect("a request");
        block_on(self.app.post_feedback(request)).expect("taken");
        block_on(self.app.tick_logged(self));
    }

    fn journal_entries(&self) -> Vec<String> {
        let entry = |key: &String| key.starts_with("u:") && key.matches(':').count() == 2;
        self.store.keys().into_iter().filter(entry).collect()
    }
}

#[test]
fn a_channel_whose_journal_is_damaged_holds_up_no_other() {
    let variables = [
        ("slack_webhook_url", "https://hooks.slack.com/services/T/B/x"),
        ("slack_origin", "https://hooks.slack.com"),
        ("resend_api_key", "key"),
        ("resend_origin", "https://api.resend.com"),
    ];
    let Stage { app, store, .. } = stage::open(&Setting { variables: &variables, ..Setting::default() });
    let world = World { app, store, receivers: Receivers::default() };
    world.take("first");
    // The chat is refused for good, and its channel's journal says so from now on.
    let (mails, [switch]) = (world.receivers.asked("api.resend.com"), &world.journal_entries()[..]) else {
        panic!("journals: {:?}", world.journal_entries())
    };
    assert!(mails > 0);
    world.store.plant(switch, b"{\"half");
    world.take("second");
    assert!(world.receivers.asked("api.resend.com") > mails, "mail goes on");
    assert_eq!(world.receivers.asked("hooks.slack.com"), 1, "nobody can tell whether the chat is on");
}
