//! Between components, by service chaining: intake wakes the tick, the tick hands deliveries over, and everybody asks
//! whose a token is.

use crate::outbound::SpinOutbound;
use futures::future::join_all;
use http::{Request, StatusCode, header};
use ringback_app::Outbound as _;
use ringback_app::access::{Identified, identified};
use ringback_app::deliver::{HandedOver, trial};
use ringback_app::problem::Problem;
use ringback_core::id::ChannelId;
use ringback_ledger::{Due, HandOver};
use spin_sdk::time::sleep;
use spin_sdk::wasip3::clocks::monotonic_clock;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

const SCHEDULER_WAKE: &str = "http://follow-up-scheduler.spin.internal/internal/wake";
const ALERT_DELIVER: &str = "http://alert-trigger.spin.internal/internal/deliver";
const ALERT_TRY: &str = "http://alert-trigger.spin.internal/internal/try";
const ALERT_CHANNELS: &str = "http://alert-trigger.spin.internal/internal/channels";
const ALERT_IDENTIFY: &str = "http://alert-trigger.spin.internal/internal/identify";

/// Shortest time between two wake-ups from one instance in the long run, in nanoseconds: under load one tick serves many
/// answers.
const BETWEEN_WAKES: u64 = 16_000_000;
/// So many may follow each other faster, after a pause.
const WAKES_AT_ONCE: u64 = 8;
/// How long a tick lets answers gather that come one by one without a pause: so many times as long as it has worked
/// before, so that it takes a quarter of what the store can do from those who wait for their answers …
const GATHER: u64 = 3;
/// … but not shorter (nanoseconds) …
const SHORTEST: u64 = 8_000_000;
/// … and not longer, so that nobody waits for an alert (nanoseconds).
const LONGEST: u64 = 40_000_000;
/// Longest wait for the scheduler to say that it is awake, and for other short words.
const WAKE_WITHIN: Duration = Duration::from_secs(5);
/// Longest wait for whose a token is: longer than the provider may take to show its keys.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(10);
/// Longest wait for a batch of deliveries: longer than any receiver may take.
const DELIVER_WITHIN: Duration = Duration::from_secs(55);

thread_local! {
    /// A wake-up that has not been sent yet; it serves everything stored before it is.
    static SCHEDULED: Cell<bool> = const { Cell::new(false) };
    /// When the next one is due if nobody pauses (monotonic, in nanoseconds).
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Wakes the tick, soon and not too often. Call after the answer has left. What comes while a wake-up waits for its time
/// shares it. A wake-up that fails delays and never loses: the ticker comes round.
pub async fn wake() {
    if SCHEDULED.replace(true) {
        return;
    }
    let now = monotonic_clock::now();
    let due = NEXT.get().max(now.saturating_sub((WAKES_AT_ONCE - 1) * BETWEEN_WAKES));
    NEXT.set(due + BETWEEN_WAKES);
    if due > now {
        sleep(Duration::from_nanos(due - now)).await;
    }
    SCHEDULED.set(false);
    let Ok(request) = Request::post(SCHEDULER_WAKE).body(Vec::new()) else { return };
    if let Err(error) = SpinOutbound.send(request, WAKE_WITHIN).await {
        eprintln!("the scheduler was not woken: {error}");
    }
}

/// Asks alert-trigger whose a token of the identity provider is.
pub(crate) async fn identify(token: String) -> Result<Identified, Problem> {
    let request = Request::post(ALERT_IDENTIFY).body(token.into_bytes()).map_err(|_| nobody_tells())?;
    let answer = SpinOutbound.send(request, IDENTIFY_WITHIN).await.map_err(|error| {
        eprintln!("alert-trigger did not answer: {error}");
        nobody_tells()
    })?;
    if answer.status().is_success() { identified(answer.body()).ok_or_else(nobody_tells) } else { Err(nobody_tells()) }
}

fn nobody_tells() -> Problem {
    let detail = "whose token this is could not be found out; send the same request again";
    Problem { retry_after: Some(5), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-identity-keys", detail) }
}

/// Asks alert-trigger about channels, for the desk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trials;

impl ringback_app::ChannelTrials for Trials {
    async fn try_channel(&self, channel: &ChannelId, who: &str) -> Result<(), String> {
        let request = Request::post(ALERT_TRY).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(trial::body(channel, who));
        let request = request.map_err(|error| error.to_string())?;
        let answer = SpinOutbound.send(request, DELIVER_WITHIN).await.map_err(|error| error.to_string())?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(trial::failure(answer.body()))
    }

    async fn leading_nowhere(&self) -> Result<BTreeMap<String, String>, String> {
        let request = Request::get(ALERT_CHANNELS).body(Vec::new()).map_err(|error| error.to_string())?;
        let answer = SpinOutbound.send(request, WAKE_WITHIN).await.map_err(|error| error.to_string())?;
        let told = Some(answer).filter(|answer| answer.status().is_success());
        told.and_then(|answer| trial::nowhere(answer.body())).ok_or_else(|| "alert-trigger did not say".to_owned())
    }
}

/// Hands deliveries to alert-trigger, on behalf of one tick.
#[derive(Debug)]
pub struct Deliveries {
    /// Since when the tick works without a pause (monotonic, in nanoseconds).
    since: Cell<u64>,
}

impl Deliveries {
    /// For a tick that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { since: Cell::new(monotonic_clock::now()) }
    }
}

impl Default for Deliveries {
    fn default() -> Self {
        Self::new()
    }
}

impl HandOver for Deliveries {
    async fn hand_over(&self, jobs: Vec<Due>) {
        let jobs: Vec<HandedOver> = jobs.into_iter().map(HandedOver::from).collect();
        join_all(HandedOver::bodies(&jobs).into_iter().map(deliver)).await;
    }

    async fn gather(&self) {
        let worked = monotonic_clock::now().saturating_sub(self.since.get());
        sleep(Duration::from_nanos((worked * GATHER).clamp(SHORTEST, LONGEST))).await;
        self.since.set(monotonic_clock::now());
    }
}

/// What is not delivered now comes back with its own timer.
async fn deliver(jobs: Vec<u8>) {
    let request = Request::post(ALERT_DELIVER).header(header::CONTENT_TYPE, "application/json");
    let Ok(request) = request.body(jobs) else { return };
    match SpinOutbound.send(request, DELIVER_WITHIN).await {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => eprintln!("alert-trigger answered {}", answer.status().as_u16()),
        Err(error) => eprintln!("alert-trigger did not answer: {error}"),
    }
}
