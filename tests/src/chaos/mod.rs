//! Chaos: writers at work on an application that is killed under them again and again, with its clock moved on at each
//! restart; and then the proof that nothing was lost and nothing doubled.
//!
//! The same engine is the short scenario in `e2e/survival.rs` and `cargo xtask chaos`. It knows of Ringback what its HTTP
//! interface says, and what the receivers got.

mod proof;
mod writer;

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::future::join_all;

use crate::variables::ADMIN;
use crate::world::{Options, World};
use writer::{Facts, Writer};

/// So far the clock is moved on at a restart, in seconds, at most; and at all of them together: not as far as attempts at a
/// delivery reach (75 hours), all of which might be cut off by a kill.
const LONGEST_S: i64 = 7_200;
const ALTOGETHER_S: i64 = 60 * 3_600;

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often the application is killed.
    pub kills: usize,
    /// How many write at the same time.
    pub writers: usize,
    /// On a Redis server of its own.
    pub redis: bool,
    /// What the instants of the kills and the writers' choices are drawn from.
    pub seed: u64,
}

impl Plan {
    /// A run of so many kills, or of what `RINGBACK_CHAOS_KILLS`, `RINGBACK_CHAOS_SEED` and `RINGBACK_CHAOS_STORE` say.
    #[must_use]
    pub fn of(kills: usize, redis: bool) -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let store = std::env::var("RINGBACK_CHAOS_STORE").ok();
        Self {
            kills: number("RINGBACK_CHAOS_KILLS").and_then(|n| usize::try_from(n).ok()).unwrap_or(kills),
            writers: 6,
            redis: store.map_or(redis, |store| store == "redis"),
            seed: number("RINGBACK_CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000)),
        }
    }
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    store: &'static str,
    seed: u64,
    kills: usize,
    acknowledged: usize,
    unanswered: usize,
    duplicates: usize,
    changes: usize,
    changes_unanswered: usize,
    cases: usize,
    escalations: usize,
    deliveries: usize,
    arrived: usize,
    elapsed: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, seed, kills, acknowledged, unanswered, duplicates, changes, cases, .. } = self;
        writeln!(f, "chaos on {store}, seed {seed}: {kills} kills in {:.0} s", self.elapsed.as_secs_f64())?;
        writeln!(
            f,
            "  answers   {acknowledged} acknowledged, {unanswered} unanswered and sent again, {duplicates} repeats"
        )?;
        writeln!(f, "  changes   {changes} acknowledged, {} unanswered, in {cases} cases", self.changes_unanswered)?;
        writeln!(
            f,
            "  alerts    {} deliveries, {} of them escalations; {} arrived",
            self.deliveries, self.escalations, self.arrived
        )?;
        write!(f, "  nothing lost, nothing doubled; figures equal a recount")
    }
}

/// Runs it, and proves it.
///
/// # Panics
/// When anything is lost or doubled; the seed is printed before.
pub async fn run(plan: Plan) -> Report {
    let started = Instant::now();
    println!("chaos: {} kills, seed {}", plan.kills, plan.seed);
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let mut world = World::with(Options { process: true, redis: plan.redis, ..Options::default() }).await;
    let first_day = world.now().date_naive();
    let facts = Mutex::new(Facts::default());
    let mut writers: Vec<Writer> = (0..plan.writers).map(|n| Writer::new(n, random.fork())).collect();
    let step = LONGEST_S.min(ALTOGETHER_S / i64::try_from(plan.kills).unwrap_or(i64::MAX)).max(1);
    for _ in 0..plan.kills {
        // Half of the lives end before much is done, half after.
        let _ = world.ready().await;
        let lifetime = if random.bool() { random.u64(20..400) } else { random.u64(800..3_000) };
        let lifetime = Duration::from_millis(lifetime);
        write_until_killed(&world, &mut writers, &facts, lifetime).await;
        // On Spin the clock stays: there the deadlines are not reached.
        world.restart_later(TimeDelta::seconds(random.i64(0..step))).await;
    }
    world.outlive_the_dead().await;
    world.tick().await;
    let mut facts = facts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut report = Report { store: world.store(), seed: plan.seed, kills: plan.kills, ..Report::default() };
    facts.send_again(&world, &mut report).await;
    // What comes after a slot that nobody wrote waits until that one is given up.
    world.outlive_the_dead().await;
    proof::prove(&mut world, &facts, first_day, &mut report).await;
    assert!(report.changes > 0 || plan.kills < 20, "so many lives, and no change was acknowledged in any");
    report.elapsed = started.elapsed();
    println!("{report}");
    report
}

async fn write_until_killed(world: &World, writers: &mut [Writer], facts: &Mutex<Facts>, lifetime: Duration) {
    let dead = AtomicBool::new(false);
    let killer = async {
        tokio::time::sleep(lifetime).await;
        dead.store(true, Ordering::Relaxed);
        world.kill();
    };
    let work = writers.iter_mut().map(|writer| writer.work(world, facts, &dead));
    futures::join!(join_all(work), tick_until_killed(world, &dead), killer);
}

/// The pinger: without it a tick would come only with a new answer.
async fn tick_until_killed(world: &World, dead: &AtomicBool) {
    while !dead.load(Ordering::Relaxed) && world.post("/v1/tick").token(ADMIN).try_send().await.is_some() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
