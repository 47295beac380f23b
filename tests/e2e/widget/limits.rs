//! What one sender may do to the others: nothing.

use super::{answer, post, post_from};
use futures::future::join_all;
use ringback_host::{Effect, Fault};
use ringback_tests::{Options, World, location_id};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Connections of a flood.
const LANES: u32 = 32;
/// Posts a minute from one address, as the programme says.
const PER_ADDRESS: usize = 60;

#[tokio::test]
async fn an_address_that_sends_too_much_is_told_when_to_come_back() {
    let Some(world) = World::with_clock().await else { return };
    for n in 0..PER_ADDRESS {
        let taken = post(&world, "help-thumbs", &answer(&format!("response-{n}"), 1)).send().await.expect(202);
        assert_eq!(taken.header("ratelimit-policy"), "\"address\";q=60;w=60");
    }
    // Some posts were counted for the key in the address's stead.
    let mut refused = None;
    for n in 0..PER_ADDRESS {
        let answer = post(&world, "help-thumbs", &answer(&format!("further-{n}"), 1)).send().await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert!(n < PER_ADDRESS / 10, "{n} more than allowed");
    }
    let refused = refused.expect("a refusal");
    assert_eq!(refused.problem(), "too-many");
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    for forged in ["x-forwarded-for", "forwarded", "x-real-ip", "spin-client-addr", "cf-connecting-ip"] {
        let again = post(&world, "help-thumbs", &answer("forged-1", 1)).header(forged, "203.0.113.9").send().await;
        assert_eq!(again.status, 429, "{forged} is whatever a client says");
    }
    let other = post_from(&world.client(2), "help-thumbs", &answer("of-another", 1)).send().await;
    assert_eq!(other.status, 202, "another address is another sender");
    world.pass(chrono::TimeDelta::seconds(wait)).await;
    assert_eq!(post(&world, "help-thumbs", &answer("patient-1", 1)).send().await.status, 202);
}

#[tokio::test]
async fn the_limit_holds_across_instances_and_costs_a_read_and_a_write() {
    let Some(world) = World::with_clock().await else { return };
    world.faults().add(Fault::outbound(Effect::FailBefore("asleep".into()), |r| r.uri.ends_with("/internal/wake")));
    let client = world.client(3);
    let mut least = (u64::MAX, u64::MAX);
    for n in 0..6 {
        let before = world.store_operations();
        let _ = post_from(&client, "help-thumbs", &answer(&format!("response-{n}"), 1)).send().await.expect(202);
        let cost = world.store_operations().since(&before);
        least = least.min((cost.reads(), cost.write_transactions()));
    }
    let reads = if world.store() == "redis" { 5 } else { 3 };
    assert_eq!(least, (reads, 3), "two reads and two writes are the answer's own");

    // Many at once make many instances; together they let through what one would. Every sixteenth post of an instance
    // is counted for the key instead.
    let client = world.client(4);
    let bodies: Vec<_> = (0..200).map(|n| answer(&format!("at-once-{n}"), 1)).collect();
    let answers = join_all(bodies.iter().map(|body| post_from(&client, "help-thumbs", body).send())).await;
    let taken = answers.iter().filter(|a| a.status == 202).count();
    assert!(answers.iter().all(|a| matches!(a.status, 202 | 429)));
    assert!((PER_ADDRESS..=PER_ADDRESS + 200 / 16).contains(&taken), "{taken} of 200");
    let before = world.store_operations();
    let _ = post_from(&client, "help-thumbs", &answer("one-too-many", 1)).send().await.expect(429);
    let cost = world.store_operations().since(&before);
    assert_eq!(cost.write_transactions(), 0, "who is over the limit writes nothing");
}

#[tokio::test]
async fn a_flood_from_one_address_does_not_starve_the_others() {
    let options = Options { alone: true, ..Options::default() };
    let Some(world) = World::with_clock_and(options).await else { return };
    let (flood, rest) = (world.client(9), world.client(10));
    let (answered, over) = (AtomicU32::new(0), AtomicBool::new(false));
    let flooding = join_all((0..LANES).map(|lane| {
        let (flood, answered, over) = (flood.clone(), &answered, &over);
        async move {
            let (mut taken, mut refused) = (0_u32, 0_u32);
            while !over.load(Ordering::Relaxed) {
                let body = answer(&format!("flood-{lane}-{refused}-{taken}"), 0);
                match post_from(&flood, "help-thumbs", &body).send().await.status {
                    202 => taken += 1,
                    429 => refused += 1,
                    other => panic!("{other}"),
                }
                let _ = answered.fetch_add(1, Ordering::Relaxed);
            }
            (taken, refused)
        }
    }));
    let others = async {
        let (mut longest, mut ids) = (0, Vec::new());
        for n in 0..20 {
            let before = answered.load(Ordering::Relaxed);
            let taken = post_from(&rest, "help-thumbs", &answer(&format!("honest-{n}"), 1)).send().await;
            longest = longest.max(answered.load(Ordering::Relaxed) - before);
            ids.push(location_id(&taken));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        over.store(true, Ordering::Relaxed);
        (longest, ids)
    };
    let (flooded, (longest, ids)) = futures::join!(flooding, others);
    let taken: u32 = flooded.iter().map(|(taken, _)| taken).sum();
    let refused: u32 = flooded.iter().map(|(_, refused)| refused).sum();
    assert!(refused > 200, "a flood: {refused} refused");
    assert!(taken < 2 * u32::try_from(PER_ADDRESS).expect("small"), "{taken} of the flood were taken");
    // Waiting is measured in answers that the flood got meanwhile: that holds on a machine of any speed.
    assert!(longest < 20 * LANES, "while one of the others waited the flood was answered {longest} times");
    world.sealed().await;
    for id in ids {
        assert_eq!(world.stored(&id).await["score"], 1);
    }
}
