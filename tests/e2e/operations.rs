//! What a request costs the store, counted where the store is asked.

use crate::answers::anonymous;
use ringback_host::{Effect, Fault, StoreCounts};
use ringback_tests::{Options, STORAGE_KEY, World};

/// A world without wake-ups: whatever is counted is the request itself. Its intake and its tick are warm.
async fn quiet() -> Option<World> {
    quiet_under("").await
}

/// The same, its values encrypted under these keys.
async fn quiet_under(storage_keys: &'static str) -> Option<World> {
    let world = World::with_clock_and(Options { storage_keys, ..Options::default() }).await?;
    world.faults().add(Fault::outbound(Effect::FailBefore("asleep".into()), |r| r.uri.ends_with("/internal/wake")));
    let _ = world.take_and_seal(&anonymous(10)).await;
    Some(world)
}

/// What taking an answer costs. Redis has no get-many that works, so that two reads in one are two.
fn intake(world: &World) -> (u64, u64) {
    (if world.store() == "redis" { 3 } else { 2 }, 2)
}

/// Reads and write transactions of a piece of work in a warm instance: the least of five times, as an instance that has
/// just begun asks once what kind of store it has.
async fn cost(world: &World, work: impl AsyncFn()) -> (u64, u64) {
    let mut least = (u64::MAX, u64::MAX);
    for _ in 0..5 {
        let before = world.store_operations();
        work().await;
        let cost: StoreCounts = world.store_operations().since(&before);
        least = least.min((cost.reads(), cost.write_transactions()));
    }
    least
}

#[tokio::test]
async fn intake_reads_twice_and_writes_twice() {
    let Some(world) = quiet().await else { return };
    assert_eq!(cost(&world, async || drop(world.take(&anonymous(3)).await)).await, intake(&world));
}

#[tokio::test]
async fn a_sealed_repeat_reads_once_and_writes_nothing() {
    let Some(world) = quiet().await else { return };
    let post = async || drop(world.feedback(&anonymous(3)).header("idempotency-key", "k-1").send().await.expect(202));
    post().await;
    world.sealed().await;
    let _ = world.feedback(&anonymous(3)).send().await.expect(202);
    assert_eq!(cost(&world, post).await, (1, 0));
}

#[tokio::test]
async fn an_idle_tick_reads_twice_and_writes_nothing() {
    let Some(world) = quiet().await else { return };
    assert_eq!(cost(&world, async || world.tick().await).await, (2, 0));
}

#[tokio::test]
async fn encryption_asks_the_store_for_nothing_more() {
    let keys: &'static str = format!("k:{STORAGE_KEY}").leak();
    let Some(world) = quiet_under(keys).await else { return };
    assert_eq!(cost(&world, async || drop(world.take(&anonymous(3)).await)).await, intake(&world));
    world.sealed().await;
    assert_eq!(cost(&world, async || world.tick().await).await, (2, 0));
}

#[tokio::test]
async fn neither_costs_more_when_hundreds_are_stored_and_waiting() {
    let Some(world) = quiet().await else { return };
    let answer = anonymous(2);
    futures::future::join_all((0..300).map(|_| world.take(&answer))).await;
    world.sealed().await;
    assert_eq!(cost(&world, async || world.tick().await).await, (2, 0), "an idle tick");
    assert_eq!(cost(&world, async || drop(world.take(&answer).await)).await, intake(&world), "intake");
}
