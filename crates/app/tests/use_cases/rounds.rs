//! A round of attempts over the use cases alone: what is wrong with one channel holds up nothing but itself.

use crate::stage::yes::Yes;
use crate::stage::{self, Application, Setting, Stage};
use futures::executor::block_on;
use http::{HeaderMap, Request, Response, StatusCode, header};
use ringback_app::deliver::HandedOver;
use ringback_app::{Outbound, OutboundError};
use ringback_ledger::{Due, HandOver};
use ringback_test_support::{ManualClock, MemoryStore};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

const SHIPPED: &str = include_str!("../../../../ringback.toml");
const CHAT: &str = "hooks.slack.com";

/// Takes mail; how the chat answers can change.
struct Receivers {
    asked: RefCell<Vec<(String, String)>>,
    chat: Cell<StatusCode>,
}

impl Receivers {
    /// How many requests this host has had.
    fn asked(&self, host: &str) -> usize {
        self.asked.borrow().iter().filter(|(asked, _)| asked == host).count()
    }

    /// What the chat was sent since the last look.
    fn told(&self) -> Vec<String> {
        let asked = self.asked.take().into_iter();
        asked.filter(|(host, _)| host == CHAT).map(|(_, body)| body).collect()
    }
}

impl Outbound for Receivers {
    async fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, OutboundError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let status = if host == CHAT { self.chat.get() } else { StatusCode::OK };
        let body = String::from_utf8_lossy(request.body()).into_owned();
        self.asked.borrow_mut().push((host, body));
        Ok(Response::builder().status(status).body(b"{\"id\":\"mail-1\"}".to_vec()).expect("an answer"))
    }
}

struct World {
    app: Application,
    store: MemoryStore,
    clock: ManualClock,
    receivers: Receivers,
}

impl HandOver for World {
    async fn hand_over(&self, jobs: Vec<Due>) {
        let jobs: Vec<HandedOver> = jobs.into_iter().map(HandedOver::from).collect();
        self.app.deliver(&HandedOver::body(&jobs), &self.receivers, &Yes).await.expect("a list of jobs");
    }
}

impl World {
    /// With this programme and a chat that answers so.
    fn with(programme: &str, chat: StatusCode) -> Self {
        let variables = [
            ("slack_webhook_url", "https://hooks.slack.com/services/T/B/x"),
            ("slack_origin", "https://hooks.slack.com"),
            ("resend_api_key", "key"),
            ("resend_origin", "https://api.resend.com"),
        ];
        let Stage { app, store, clock } =
            stage::open(&Setting { variables: &variables, programme, ..Setting::default() });
        Self { app, store, clock, receivers: Receivers { asked: RefCell::default(), chat: Cell::new(chat) } }
    }

    /// Minutes pass, each with its tick.
    fn pass(&self, minutes: u64) {
        self.pass_by(1, minutes);
    }

    /// The same in steps of several minutes.
    fn pass_by(&self, step: u64, steps: u64) {
        for _ in 0..steps {
            self.clock.advance(60 * step);
            block_on(self.app.tick_logged(self));
        }
    }

    /// An unhappy answer of nobody known, and its alerts.
    fn take(&self, response: &str) -> String {
        let id = self.post(response);
        block_on(self.app.tick_logged(self));
        id
    }

    fn post(&self, response: &str) -> String {
        let body = json!({ "survey": "checkout-nps", "score": 2, "response_id": response }).to_string().into_bytes();
        let request = Request::post("/v1/feedback").header(header::AUTHORIZATION, "Bearer intake");
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body).expect("a request");
        let taken = block_on(self.app.post_feedback(request)).expect("taken");
        let location = taken.reply.headers()[header::LOCATION].to_str().expect("a place").to_owned();
        location.trim_start_matches("/v1/feedback/").to_owned()
    }

    /// What an agent does to a case.
    fn work(&self, id: &str, event: &Value) {
        let agent = HeaderMap::from_iter([(header::AUTHORIZATION, "Bearer agent".parse().expect("a header"))]);
        let case = block_on(self.app.get_case(id, &agent, &Yes)).expect("a case");
        let request = Request::post("/").header(header::AUTHORIZATION, "Bearer agent");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::IF_MATCH, &case.headers()[header::ETAG]);
        let request = request.body(event.to_string().into_bytes());
        block_on(self.app.post_case_event(id, request.expect("a request"), &Yes)).map(|_| ()).expect("done");
    }

    /// A sample to the chat, which then counts as on.
    fn test_chat(&self) {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, "Bearer admin".parse().expect("a header"))]);
        block_on(self.app.test_channel("care-chat", None, &headers, &self.receivers)).map(|_| ()).expect("on");
    }

    fn journal_entries(&self) -> Vec<String> {
        let entry = |key: &String| key.starts_with("u:") && key.matches(':').count() == 2;
        self.store.keys().into_iter().filter(entry).collect()
    }
}

#[test]
fn a_channel_whose_journal_is_damaged_holds_up_no_other() {
    let world = World::with(SHIPPED, StatusCode::NOT_FOUND);
    world.take("first");
    // The chat is refused for good, and its channel's journal says so from now on.
    let (mails, [switch, _told]) = (world.receivers.asked("api.resend.com"), &world.journal_entries()[..]) else {
        panic!("journals: {:?}", world.journal_entries())
    };
    assert!(mails > 0);
    world.store.plant(switch, b"{\"half");
    world.take("second");
    assert!(world.receivers.asked("api.resend.com") > mails, "mail goes on");
    assert_eq!(world.receivers.asked(CHAT), 1, "nobody can tell whether the chat is on");
}

/// The shipped programme, with a chat that groups by queue.
fn grouped() -> String {
    let before = "id = \"care-chat\"\nkind = \"slack\"";
    assert!(SHIPPED.contains(before), "the channel looks otherwise");
    SHIPPED.replace(before, &format!("{before}\ngroup = {{ by = [\"queue\"] }}"))
}

/// Messages about both cases that were opened: none of warnings and escalations.
fn of_both(told: &[String]) -> usize {
    told.iter().filter(|body| body.contains("2 alerts, the latest: Detractor")).count()
}

#[test]
fn a_group_that_is_not_taken_for_days_is_told_once_and_as_one() {
    let world = World::with(&grouped(), StatusCode::SERVICE_UNAVAILABLE);
    let _ = [world.take("first"), world.take("second")];
    world.pass(5);
    world.pass_by(10, 6 * 60);
    let tried = of_both(&world.receivers.told());
    assert!(tried > 3 && tried < 12, "the group's message alone, as often as it is due: {tried}");
    world.receivers.chat.set(StatusCode::OK);
    world.pass_by(10, 6 * 25);
    let told = world.receivers.told();
    assert_eq!(of_both(&told), 1, "{told:#?}");
}

#[test]
fn whom_a_message_covers_is_told_though_its_leader_belongs_elsewhere_meanwhile() {
    let world = World::with(&grouped(), StatusCode::SERVICE_UNAVAILABLE);
    let (first, second) = (world.take("first"), world.take("second"));
    world.pass(3);
    assert!(of_both(&world.receivers.told()) > 0, "it was tried");
    let elsewhere = json!({ "type": "assign", "owner": null, "queue": "key-accounts", "note": "theirs" });
    world.work(&first, &elsewhere);
    world.receivers.chat.set(StatusCode::OK);
    world.pass(90);
    let told = world.receivers.told().concat();
    assert!(told.contains(&first) && told.contains(&second), "{told}");
}

#[test]
fn a_message_that_comes_to_nothing_is_told_by_another_one_and_is_no_flood() {
    let world = World::with(&grouped(), StatusCode::NOT_FOUND);
    let _ = [world.take("first"), world.take("second")];
    world.pass(3);
    assert_eq!(of_both(&world.receivers.told()), 1, "refused, and the channel is off");
    world.receivers.chat.set(StatusCode::OK);
    world.test_chat();
    world.pass(90);
    let told = world.receivers.told();
    let opened = told.iter().filter(|body| body.contains("Detractor 2/10")).count();
    assert_eq!((of_both(&told), opened), (1, 1), "{told:#?}");
}

/// Keeps what is handed over for somebody else.
#[derive(Default)]
struct Kept(RefCell<Vec<HandedOver>>);

impl HandOver for Kept {
    async fn hand_over(&self, jobs: Vec<Due>) {
        self.0.borrow_mut().extend(jobs.into_iter().map(HandedOver::from));
    }
}

#[test]
fn that_a_channel_is_off_is_told_though_the_first_to_know_it_died() {
    let world = World::with(SHIPPED, StatusCode::NOT_FOUND);
    let kept = Kept::default();
    world.post("first");
    block_on(world.app.tick_logged(&kept));
    let body = HandedOver::body(&kept.0.take());
    {
        // It dies as soon as the journal says that the channel is off.
        let mut delivered = pin!(world.app.deliver(&body, &world.receivers, &Yes));
        let mut context = Context::from_waker(Waker::noop());
        world.store.set_stepped(true);
        while world.journal_entries().is_empty() {
            assert!(delivered.as_mut().poll(&mut context).is_pending(), "it has ended");
        }
    }
    world.store.set_stepped(false);
    let mails = || {
        let asked = world.receivers.asked.borrow();
        asked.iter().filter(|(host, body)| host != CHAT && body.contains("Nothing reaches care-chat any more")).count()
    };
    world.pass(3);
    assert_eq!(mails(), 0, "whoever switched it off may still tell");
    world.pass(60);
    assert_eq!(mails(), 1);
    world.take("second");
    world.pass(60);
    assert_eq!(mails(), 1, "once");
}

#[test]
fn a_silence_ends_no_reminders_and_a_damaged_one_silences_nobody() {
    let world = World::with(&grouped(), StatusCode::OK);
    let id = world.take("first");
    world.pass(5);
    assert!(!world.receivers.told().is_empty(), "it is told");
    // Over the first reminder, four hours later.
    world.pass(180);
    let silence = json!({ "reason": "known", "match": { "queue": "care" }, "ends_at": "2026-11-22T14:30:00Z" });
    let request = Request::post("/").header(header::AUTHORIZATION, "Bearer lead");
    let request = request.header(header::CONTENT_TYPE, "application/json").body(silence.to_string().into_bytes());
    let before = world.journal_entries();
    assert!(block_on(world.app.post_silence(&request.expect("a request"))).is_ok());
    world.pass(125);
    assert_eq!(world.receivers.told(), Vec::<String>::new(), "silenced");
    world.pass(240);
    let told = world.receivers.told().concat();
    assert!(told.contains(&id) && told.contains("Nobody has taken it"), "the reminder after it: {told}");
    let entries = world.journal_entries().into_iter().filter(|key| !before.contains(key));
    let silences: Vec<String> =
        entries.filter(|key| world.store.peek(key).is_some_and(|v| v.windows(5).any(|w| w == b"known"))).collect();
    let [silence] = &silences[..] else { panic!("{silences:?}") };
    world.store.plant(silence, b"{\"half");
    let second = world.take("second");
    world.pass(10);
    assert!(world.receivers.told().concat().contains(&second));
}

#[test]
fn a_channel_that_goes_off_again_is_told_again_of_the_same_case() {
    let world = World::with(SHIPPED, StatusCode::NOT_FOUND);
    let id = world.take("first");
    let mails = || {
        let asked = world.receivers.asked.borrow();
        asked.iter().filter(|(host, body)| host != CHAT && body.contains("Nothing reaches care-chat any more")).count()
    };
    world.pass(3);
    assert_eq!(mails(), 1);
    world.receivers.chat.set(StatusCode::OK);
    world.test_chat();
    // The case's next alert, the warning, finds the key wrong once more.
    world.receivers.chat.set(StatusCode::FORBIDDEN);
    world.pass_by(10, 6 * 20);
    assert_eq!(mails(), 2, "{id}");
}

#[test]
fn where_the_route_for_trouble_leads_only_to_what_is_off_the_other_channels_of_the_case_are_told() {
    let only_chat = SHIPPED.replace("trouble = \"lead\"", "trouble = \"chat\"");
    let only_chat = format!("{only_chat}\n[[routes]]\nid = \"chat\"\nchannels = [\"care-chat\"]\n");
    let world = World::with(&only_chat, StatusCode::NOT_FOUND);
    world.take("first");
    world.pass(3);
    let asked = world.receivers.asked.borrow();
    assert!(asked.iter().any(|(host, body)| host != CHAT && body.contains("Nothing reaches care-chat any more")));
}
