//! Stores of any size, filled by the application's own use cases in this process, and what its calls cost on them.
//!
//! Answers come at an even pace, a thousand a day, the last some days ago; one in a hundred is a detractor's, whose case
//! stays open until every deadline is breached. A small store is a large one in small: its answers span four months and
//! open a hundred cases, too, so that no page is cheaper for having nothing to show. What would be sent is taken at once by nobody.

mod store;

pub use store::SqliteStore;

use crate::{ManualClock, Operations, SeededEntropy};
use futures::executor::block_on;
use http::{HeaderMap, HeaderValue, Request, header};
use ringback_app::config::Config;
use ringback_app::deliver::HandedOver;
use ringback_app::follow_up::FollowUp;
use ringback_app::problem::{Problem, Reply};
use ringback_app::secrets::Secrets;
use ringback_app::{App, ConsentGate, GateError, Namer, Outbound, OutboundError, Parts};
use ringback_core::consent::{ContactChannel, Decision, Purpose};
use ringback_core::feedback::Customer;
use ringback_ledger::{Clock, Due, HandOver, Ledger};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Answers in a tick.
const A_TICK: u64 = 64;
/// Answers in a day, if they span enough days so.
const A_DAY: u64 = 1_000;
/// Fewest days that answers span, and fewest cases among them: what a page shows at once, and more.
const FEWEST_DAYS: u64 = 120;
const FEWEST_CASES: u64 = 100;
/// How long ago the last answer came, in seconds: longer than any case waits for what is due.
const SETTLED_S: u64 = 5 * 86_400;
/// Answers in one transaction, while a store is filled.
const TOGETHER: u64 = 8_192;
/// SQLite's page cache while a store is filled, and otherwise, in KiB.
const FILLING: u32 = 2_000_000;
const SQLITES_OWN: u32 = 2_000;

type Native = App<SqliteStore, ManualClock, SeededEntropy>;

/// A store that is filled, with the application on it.
pub struct Filled {
    app: Rc<Native>,
    store: SqliteStore,
    clock: ManualClock,
    random: fastrand::Rng,
    run: u64,
    sent: u64,
    /// How many days its answers span.
    days: u64,
    /// One in so many answers opens a case.
    every: u64,
    /// Ids of answers that opened a case.
    cases: Vec<String>,
    admin: HeaderMap,
}

/// What a call took.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Time in this process.
    pub time: Duration,
    /// Reads and write transactions.
    pub operations: Operations,
}

impl Filled {
    /// Fills a new file, `state/sqlite_key_value.db` in a folder with a programme. What was filled there before, as
    /// `filled.json` says, is taken as it is.
    ///
    /// # Errors
    /// When the programme is refused or the store fails.
    pub fn fill(
        folder: &Path,
        variables: BTreeMap<String, String>,
        token: &str,
        events: u64,
        now: u64,
    ) -> Result<Self, String> {
        let (done, days) = (folder.join("filled.json"), (events / A_DAY).max(FEWEST_DAYS));
        if let Ok(filled) = std::fs::read(&done) {
            let (sent, cases) = serde_json::from_slice(&filled).map_err(|error| error.to_string())?;
            return Ok(Self { sent, cases, days, ..Self::open(folder, variables, token, now, now)? });
        }
        let took = days * 86_400;
        let every = (events / FEWEST_CASES).clamp(1, 100);
        let mut filled = Self { days, every, ..Self::open(folder, variables, token, now, now - SETTLED_S - took)? };
        filled.fill_up(events, now, took).map_err(|error| error.to_string())?;
        let facts = json!([filled.sent, filled.cases]);
        std::fs::write(done, facts.to_string()).map_err(|error| error.to_string())?;
        Ok(filled)
    }

    /// The application on the file, at a time.
    fn open(
        folder: &Path,
        variables: BTreeMap<String, String>,
        token: &str,
        run: u64,
        at: u64,
    ) -> Result<Self, String> {
        let beside = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string());
        let programme = beside("ringback.toml")?;
        let config = Rc::new(Config::parse(&programme, &beside).map_err(|error| error.to_string())?);
        let store = SqliteStore::open(&folder.join("state/sqlite_key_value.db")).map_err(|error| error.to_string())?;
        let clock = ManualClock::at(at);
        let secrets = Secrets::new(variables);
        let namer = Namer::new(&secrets).map_err(|error| error.to_string())?;
        let options = config.ledger_options(&namer);
        let follow_up = FollowUp::new(Rc::clone(&config), namer);
        let entropy = SeededEntropy::new(at);
        let opened = Ledger::open(store.clone(), clock.clone(), entropy.clone(), follow_up.clone(), options);
        let ledger = block_on(opened).map_err(|error| error.to_string())?;
        let parts = Parts { config, secrets, clock: clock.clone(), entropy, log: |_| {} };
        let app = App::new(parts, follow_up, ledger).map_err(|error| error.to_string())?;
        let mut admin = HeaderMap::new();
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|error| error.to_string())?;
        admin.insert(header::AUTHORIZATION, bearer);
        let random = fastrand::Rng::with_seed(at);
        Ok(Self {
            app: Rc::new(app),
            store,
            clock,
            random,
            run,
            sent: 0,
            days: 1,
            every: 100,
            cases: Vec::new(),
            admin,
        })
    }

    fn fill_up(&mut self, events: u64, now: u64, took: u64) -> rusqlite::Result<()> {
        self.store.cache(FILLING)?;
        self.store.begin()?;
        let together = A_TICK.min((events / self.days).max(1));
        while self.sent < events {
            for _ in 0..together.min(events - self.sent) {
                self.post();
            }
            self.clock.set(now - SETTLED_S - took + took * self.sent / events.max(1));
            self.tick();
            if self.sent.is_multiple_of(TOGETHER) {
                self.store.commit()?;
                self.store.begin()?;
            }
        }
        // So that every case has been through the same, however few days a small store's answers span.
        for hour in 1..=SETTLED_S / 3_600 {
            self.clock.set(now - SETTLED_S + 3_600 * hour);
            self.tick();
        }
        self.store.commit()?;
        self.store.cache(SQLITES_OWN)?;
        self.store.checkpoint()
    }

    fn post(&mut self) -> String {
        self.sent += 1;
        let detractor = self.sent.is_multiple_of(self.every);
        let number = self.sent;
        let body = json!({
            "survey": "checkout-nps", "score": if detractor { 2 } else { 9 }, "response_id": format!("{:x}-{number}", self.run),
            "comment": "The parcel came a day late and the box was open; two of the five items were missing.",
            "country": (["DE", "US", "CH", "FR", "GB"][usize::try_from(number % 5).unwrap_or(0)]), "channel": "web",
            "customer": { "id": format!("C-{number}"), "email": format!("c{number}@example.com") },
            "consent": [{ "channel": "email", "purpose": "follow_up", "granted": true, "wording": "2026-01" }],
        });
        let mut request = Request::post("/v1/feedback").body(body.to_string().into_bytes()).expect("a request");
        request.headers_mut().clone_from(&self.admin);
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let taken = block_on(self.app.post_feedback(request)).map(|taken| taken.reply);
        let location = answered(taken).headers().get(header::LOCATION).and_then(|l| l.to_str().ok()).map(str::to_owned);
        let id = location.unwrap_or_default().trim_start_matches("/v1/feedback/").to_owned();
        if detractor {
            self.cases.push(id.clone());
        }
        id
    }

    fn tick(&self) {
        answered(block_on(self.app.post_tick(&self.admin, &Hands(Rc::clone(&self.app)))));
    }

    /// Taking an answer.
    pub fn intake(&mut self) -> Cost {
        // Not a detractor's: what follows belongs to the tick.
        if (self.sent + 1).is_multiple_of(self.every) {
            self.sent += 1;
        }
        self.cost(|filled| drop(filled.post()))
    }

    /// A tick when there is nothing to do.
    pub fn idle_tick(&mut self) -> Cost {
        self.tick();
        self.cost(|filled| filled.tick())
    }

    /// A tick that seals a full batch.
    pub fn busy_tick(&mut self) -> Cost {
        self.tick();
        for _ in 0..A_TICK {
            self.intake();
        }
        self.cost(|filled| filled.tick())
    }

    /// Reading one of all cases.
    pub fn case_read(&mut self) -> Cost {
        let id = self.cases[self.random.usize(..self.cases.len())].clone();
        self.cost(|filled| {
            let gate = Gate(Rc::clone(&filled.app));
            answered(block_on(filled.app.get_case(&id, &filled.admin, &gate)));
        })
    }

    /// Reading the figures of one of all days.
    pub fn dashboard(&mut self) -> Cost {
        let path = format!("/v1/insights/scores?day={}", self.day());
        let mut request = Request::get(path).body(Vec::new()).expect("a request");
        request.headers_mut().clone_from(&self.admin);
        self.cost(|filled| drop(answered(block_on(filled.app.get_scores(&request)))))
    }

    /// One of the days on which answers came, as yyyy-mm-dd.
    pub fn day(&mut self) -> String {
        let at = self.clock.now() - SETTLED_S - 86_400 * self.random.u64(..self.days);
        ringback_app::from_unix(at).date_naive().to_string()
    }

    /// The cases that were opened first, at most so many.
    pub fn first_cases(&self, most: usize) -> Vec<String> {
        self.cases.iter().take(most).cloned().collect()
    }

    /// One of all cases.
    pub fn case(&mut self) -> String {
        self.cases[self.random.usize(..self.cases.len())].clone()
    }

    /// Bytes of the file, and keys in it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn size(&self) -> Result<(u64, u64), String> {
        self.store.size().map_err(|error| error.to_string())
    }

    fn cost(&mut self, work: impl FnOnce(&mut Self)) -> Cost {
        let before = self.store.operations();
        let started = Instant::now();
        work(self);
        let time = started.elapsed();
        let after = self.store.operations();
        let operations = Operations { reads: after.reads - before.reads, writes: after.writes - before.writes };
        Cost { time, operations }
    }
}

/// A reply that must be a good one: whatever is measured works.
fn answered(reply: Result<Reply, Problem>) -> Reply {
    let reply = reply.unwrap_or_else(Problem::into_reply);
    assert!(reply.status().is_success(), "{}", String::from_utf8_lossy(reply.body()));
    reply
}

/// Hands deliveries to the same application.
struct Hands(Rc<Native>);

impl HandOver for Hands {
    async fn hand_over(&self, jobs: Vec<Due>) {
        let jobs: Vec<_> = jobs.into_iter().map(HandedOver::from).collect();
        let body = HandedOver::body(&jobs);
        let done = self.0.deliver(&body, &Nobody, &Gate(Rc::clone(&self.0))).await;
        assert!(done.is_ok(), "{done:?}");
    }
}

/// Takes everything.
struct Nobody;

impl Outbound for Nobody {
    async fn send(&self, _: Request<Vec<u8>>, _: Duration) -> Result<http::Response<Vec<u8>>, OutboundError> {
        Ok(http::Response::new(Vec::new()))
    }
}

/// Asks the same application.
struct Gate(Rc<Native>);

impl ConsentGate for Gate {
    async fn may_contact(
        &self,
        who: &Customer,
        channel: ContactChannel,
        purpose: Purpose,
    ) -> Result<Decision, GateError> {
        self.0.may_contact(who, channel, purpose).await
    }
}
