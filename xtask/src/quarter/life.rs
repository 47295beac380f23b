//! Plays the quarter: answers come in, people work their cases, deadlines pass, customers answer again.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, Datelike, Utc, Weekday};
use http::{Request, Response, header};
use ringback_app::config::Config;
use ringback_app::deliver::HandedOver;
use ringback_app::follow_up::FollowUp;
use ringback_app::letters::Letters;
use ringback_app::problem::Problem;
use ringback_app::secrets::Secrets;
use ringback_app::{App, ConsentGate, GateError, Namer, Outbound, OutboundError, Parts};
use ringback_core::consent::{ContactChannel, Decision, Proof, Purpose};
use ringback_core::feedback::Customer;
use ringback_ledger::{Due, HandOver, Ledger, Options, StoreKind};
use ringback_test_support::{ManualClock, MemoryStore, SeededEntropy};
use serde_json::{Value, json};

use super::answers::{Dice, STRIKE_DAYS, answer, expected};
use crate::environment::Variables;
use crate::workspace;

const HOUR: u64 = 3_600;
/// How often due work is done.
const TICK_S: u64 = 3_600;

/// Bearer tokens of those who act.
pub struct Tokens {
    pub intake: String,
    pub agent: String,
    pub lead: String,
}

/// What has come of it.
pub struct Lived {
    pub store: MemoryStore,
    pub answers: u64,
    pub cases: u64,
    pub closed: u64,
}

/// Whatever would be sent is taken.
struct Everybody;

impl Outbound for Everybody {
    async fn send(&self, _: Request<Vec<u8>>, _: std::time::Duration) -> Result<Response<Vec<u8>>, OutboundError> {
        Ok(Response::new(br#"{"id":"quarter"}"#.to_vec()))
    }
}

impl ConsentGate for Everybody {
    async fn may_contact(&self, _: &Customer, _: ContactChannel, _: Purpose) -> Result<Decision, GateError> {
        let given_at = DateTime::<Utc>::UNIX_EPOCH;
        Ok(Decision::Allowed(Proof { wording: None, source: "quarter".to_owned(), given_at }))
    }
}

type Shop = App<MemoryStore, ManualClock, SeededEntropy>;

/// Hands deliveries over in this process.
struct Here<'a>(&'a Shop);

impl HandOver for Here<'_> {
    async fn hand_over(&self, jobs: Vec<Due>) {
        let jobs: Vec<HandedOver> = jobs.into_iter().map(HandedOver::from).collect();
        // What does not arrive comes back with its own timer.
        let _ = self.0.deliver(&HandedOver::body(&jobs), &Everybody, &Everybody).await;
    }
}

/// What somebody does next to a case.
#[derive(Clone, Copy)]
enum Deed {
    Take,
    Reach,
    Miss,
    Resolve,
    Inform,
    Close,
}

struct Life {
    shop: Shop,
    clock: ManualClock,
    tokens: Tokens,
    dice: Dice,
    /// By when, in order: case, day it opened, deed.
    planned: BTreeMap<(u64, u64), (String, u64, Deed)>,
    /// Customers who will answer again.
    again: BTreeMap<(u64, u64), Value>,
    number: u64,
    cases: u64,
    closed: u64,
}

/// Plays from the first day, midnight, until now.
pub fn quarter(variables: Variables, tokens: Tokens, first: u64, now: u64) -> Result<Lived> {
    let store = MemoryStore::new(StoreKind::Sqlite);
    let clock = ManualClock::at(first);
    let shop = shop(variables, store.clone(), clock.clone(), first)?;
    let mut life = Life {
        shop,
        clock,
        tokens,
        dice: Dice(20_261_122),
        planned: BTreeMap::new(),
        again: BTreeMap::new(),
        number: 0,
        cases: 0,
        closed: 0,
    };
    block_on(life.play(first, now))?;
    Ok(Lived { store, answers: life.number, cases: life.cases, closed: life.closed })
}

/// Nothing here ever waits: the store is in memory, and receivers answer at once.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

fn shop(variables: Variables, store: MemoryStore, clock: ManualClock, seed: u64) -> Result<Shop> {
    let root = workspace::root();
    let text = std::fs::read_to_string(root.join("ringback.toml")).context("cannot read ringback.toml")?;
    let beside = move |name: &str| std::fs::read_to_string(root.join(name)).map_err(|error| error.to_string());
    let config = Rc::new(Config::parse(&text, &beside)?);
    // Their faults are told here; what reads them later only logs.
    Letters::parse(&text, &config, &beside)?;
    let secrets = Secrets::new(variables);
    let follow_up = FollowUp::new(Rc::clone(&config), Namer::new(&secrets)?);
    let ledger = Ledger::open(store, clock.clone(), SeededEntropy::new(seed), follow_up.clone(), Options::default());
    let ledger = block_on(ledger)?;
    let parts = Parts { config, secrets, clock, entropy: SeededEntropy::new(seed + 1), log: |_| {} };
    let app = App::new(parts, follow_up, ledger)?;
    app.write_letters_by(move |config| Letters::parse(&text, config, &beside).map_err(|error| error.to_string()));
    Ok(app)
}

impl Life {
    async fn play(&mut self, first: u64, now: u64) -> Result<()> {
        let mut at = first;
        while at < now {
            let (day, hour) = ((at - first) / 86_400, at % 86_400 / HOUR);
            self.clock.set(at);
            let date = DateTime::from_timestamp(i64::try_from(at)?, 0).context("a time")?;
            let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
            for _ in 0..expected(day, hour, weekend) {
                self.number += 1;
                let body = answer(day, self.number, &mut self.dice);
                self.take(body, day, at).await?;
            }
            while let Some(entry) = self.again.first_entry().filter(|entry| entry.key().0 <= at) {
                let body = entry.remove();
                self.number += 1;
                self.take(body, day, at).await?;
            }
            self.shop.tick_logged(&Here(&self.shop)).await;
            while let Some(entry) = self.planned.first_entry().filter(|entry| entry.key().0 <= at) {
                let (id, opened, deed) = entry.remove();
                self.work(&id, opened, deed, at).await?;
            }
            at += TICK_S;
        }
        self.clock.set(now);
        for _ in 0..3 {
            self.shop.tick_logged(&Here(&self.shop)).await;
        }
        Ok(())
    }

    async fn take(&mut self, body: Value, day: u64, at: u64) -> Result<()> {
        let request = self.request(&self.tokens.intake, "/v1/feedback", &body, None)?;
        let taken = self.shop.post_feedback(request).await.map_err(refused)?;
        let location = taken.reply.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let id = location.and_then(|path| path.rsplit('/').next()).context("no location")?.to_owned();
        // Some are never looked at; the rest is taken when somebody is there.
        if self.dice.percent(96) {
            let busy = if STRIKE_DAYS.contains(&day) { 5 } else { 1 };
            let wait = (1 + self.dice.below(7) + self.dice.below(8)) * HOUR * busy / 2;
            self.plan(at + wait, id, day, Deed::Take);
        }
        if self.dice.percent(9) {
            let again = self.answer_again(&body);
            self.again.insert((at + (9 + self.dice.below(25)) * 86_400, self.number), again);
        }
        Ok(())
    }

    /// The same customer, some weeks later; two in three are happier.
    fn answer_again(&mut self, body: &Value) -> Value {
        let mut again = body.clone();
        let best = match body["survey"].as_str() {
            Some("checkout-nps") => 10,
            Some("delivery-csat") => 5,
            _ => 7,
        };
        let score = if self.dice.percent(66) { best - self.dice.below(2) } else { 1 + self.dice.below(best / 2) };
        again["score"] = json!(score);
        again["response_id"] = json!(format!("again-{}", self.number));
        if let Some(fields) = again.as_object_mut() {
            fields.remove("comment");
        }
        again
    }

    fn plan(&mut self, at: u64, id: String, day: u64, deed: Deed) {
        let number = self.dice.below(u64::MAX);
        // Nobody works at night: what falls there is done in the morning.
        let hour = at % 86_400 / HOUR;
        let at = if (7..19).contains(&hour) { at } else { (at + 5 * HOUR) / 86_400 * 86_400 + 8 * HOUR };
        self.planned.insert((at, number), (id, day, deed));
    }

    async fn work(&mut self, id: &str, day: u64, deed: Deed, at: u64) -> Result<()> {
        let headers = self.request(&self.tokens.agent, "/", &Value::Null, None)?.into_parts().0.headers;
        let Ok(case) = self.shop.get_case(id, &headers, &Everybody).await else { return Ok(()) };
        let case: Value = serde_json::from_slice(case.body())?;
        let strike = STRIKE_DAYS.contains(&day) && case["feedback"]["country"] == "DE";
        let unhappy = matches!(case["feedback"]["band"].as_str(), Some("detractor" | "dissatisfied"));
        let (event, next, hours) = self.event(deed, strike, unhappy);
        if matches!(deed, Deed::Take) {
            self.cases += 1;
        }
        let token = if self.dice.percent(25) { &self.tokens.lead } else { &self.tokens.agent };
        let tag = format!("\"{}\"", case["version"]);
        let request = self.request(token, "/", &event, Some(&tag))?;
        // Automation's cases are nobody's to work; a refusal is part of life.
        let Ok(worked) = self.shop.post_case_event(id, request, &Everybody).await else { return Ok(()) };
        self.shop.follow_through(worked.now, &Here(&self.shop)).await;
        if matches!(deed, Deed::Close) {
            self.closed += 1;
        }
        if let Some(next) = next {
            self.plan(at + hours * HOUR, id.to_owned(), day, next);
        }
        Ok(())
    }

    /// What is sent for a deed, what comes next, and after how many hours.
    fn event(&mut self, deed: Deed, strike: bool, unhappy: bool) -> (Value, Option<Deed>, u64) {
        let slow = if strike { 2 } else { 1 };
        match deed {
            Deed::Take => {
                let next = if self.dice.percent(80) { Deed::Reach } else { Deed::Miss };
                (json!({ "type": "acknowledge", "note": "Ich kümmere mich." }), Some(next), self.dice.below(4) * slow)
            }
            Deed::Miss => (
                json!({ "type": "contact", "channel": "phone", "outcome": "not_reached", "note": "Nicht erreicht." }),
                Some(if self.dice.percent(70) { Deed::Reach } else { Deed::Miss }),
                4 + self.dice.below(20),
            ),
            Deed::Reach => (
                json!({ "type": "contact", "channel": "phone", "outcome": "reached", "note": "Zugehört und erklärt." }),
                self.dice.percent(97).then_some(Deed::Resolve),
                (2 + self.dice.below(16) + self.dice.below(14)) * slow,
            ),
            Deed::Resolve => {
                let causes: &[&str] = match (strike, unhappy) {
                    (true, _) => &["Carrier strike", "Carrier strike", "Carrier strike", "Late delivery"],
                    (false, true) => &[
                        "Late delivery",
                        "Late delivery",
                        "Wrong item",
                        "Return refused",
                        "Price display",
                        "Damaged parcel",
                        "Slow answers",
                    ],
                    (false, false) => &["Search", "Packaging", "Price display", "Slow answers"],
                };
                let cause = *self.dice.pick(causes);
                let event = json!({ "type": "resolve", "root_cause": cause, "note": "Ursache gefunden." });
                (event, Some(Deed::Inform), 1 + self.dice.below(5))
            }
            Deed::Inform => {
                (json!({ "type": "inform", "channel": "email", "note": "Kunde weiß Bescheid." }), Some(Deed::Close), 1)
            }
            Deed::Close => (json!({ "type": "close", "note": "Erledigt." }), None, 0),
        }
    }

    fn request(&self, token: &str, path: &str, body: &Value, tag: Option<&str>) -> Result<Request<Vec<u8>>> {
        let request = Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let mut request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(tag) = tag {
            request = request.header(header::IF_MATCH, tag);
        }
        Ok(request.body(body.to_string().into_bytes())?)
    }
}

fn refused(problem: Problem) -> anyhow::Error {
    anyhow!("{}: {}", problem.kind, problem.detail)
}
