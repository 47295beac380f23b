//! What the simulated processes do: each is a future over the ledger, crashed by dropping it.

use super::Mutant;
use super::facts::{Acknowledged, Change, Erased, Facts};
use super::program::{self, Body, Rules};
use crate::{ManualClock, MemoryStore, SeededEntropy};
use ringback_ledger::{
    Appended, Changed, Clock, Due, HandOver, Ledger, OnDifferent, Options, Record, Step, StorageKeys, StoreKind,
    shard_of,
};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// The ledger under test.
pub type Sim = Ledger<MemoryStore, ManualClock, SeededEntropy, Rules>;
/// A process.
pub type Task = Pin<Box<dyn Future<Output = ()>>>;

/// What all processes share.
pub struct World {
    pub kind: StoreKind,
    pub mutant: Option<Mutant>,
    pub options: Options,
    pub store: MemoryStore,
    pub clock: ManualClock,
    pub entropy: SeededEntropy,
    /// Ledgers that were opened, each by a process of its own.
    pub ledgers: RefCell<Vec<Rc<Sim>>>,
    pub facts: Rc<RefCell<Facts>>,
    /// Draws what the world outside does.
    pub random: RefCell<fastrand::Rng>,
    pub faulty: RefCell<bool>,
    /// Nobody ticks but whom an answer has woken.
    pub lonely: bool,
}

/// How an event behaves when it comes in several variants.
pub fn mode(eid: &str) -> OnDifferent {
    match eid.as_bytes().last() {
        Some(b'2' | b'5') => OnDifferent::Conflict,
        _ => OnDifferent::Update,
    }
}

/// Whose event it is.
pub fn person(eid: &str) -> String {
    format!("p{}", eid.bytes().map(u32::from).sum::<u32>() % 3)
}

/// What values are encrypted under, in runs that encrypt; in either order, as processes have them while a key is exchanged.
pub fn storage_keys(exchanged: bool) -> StorageKeys {
    let mut keys = vec![("old".to_owned(), [1; 32]), ("new".to_owned(), [2; 32])];
    if exchanged {
        keys.reverse();
    }
    StorageKeys::new(keys).expect("names")
}

impl World {
    /// Whether values are encrypted.
    pub fn encrypts(&self) -> bool {
        self.options.storage_keys != StorageKeys::default()
    }

    fn ledger(&self) -> Option<Rc<Sim>> {
        let ledgers = self.ledgers.borrow();
        self.random.borrow_mut().choice(ledgers.iter()).cloned()
    }

    /// A process that opens the ledger.
    pub fn open(self: &Rc<Self>) -> Task {
        let world = self.clone();
        Box::pin(async move {
            let (store, clock, entropy) = (world.store.clone(), world.clock.clone(), world.entropy.clone());
            let mut options = world.options.clone();
            if world.encrypts() {
                options.storage_keys = storage_keys(world.random.borrow_mut().bool());
            }
            if options.retention.is_some() {
                // Two versions of the programme at once: each looks at everything anew.
                options.retention_rule = u64::from(world.random.borrow_mut().bool());
            }
            let opened = Ledger::open(store, clock, entropy, Rules, options).await;
            let Ok(mut ledger) = opened else { return };
            if ledger.kind() != world.kind {
                world.facts.borrow_mut().violation(format!("probed as {:?}", ledger.kind()));
                return;
            }
            if let Some(Mutant::Ledger(mutation)) = world.mutant {
                ledger.mutate(Some(mutation));
            }
            world.ledgers.borrow_mut().push(Rc::new(ledger));
        })
    }

    /// A client that sends an event, and wakes the tick once it is acknowledged.
    pub fn append(self: &Rc<Self>, eid: String, variant: u32) -> Option<Task> {
        let (world, ledger) = (self.clone(), self.ledger()?);
        Some(Box::pin(async move {
            let draft = program::draft(&eid, variant, &person(&eid), world.clock.now());
            let Ok(answer) = ledger.append(draft, mode(&eid)).await else {
                return;
            };
            // As intake does it: a tick that is at work is trusted to find what was stored while it was.
            let mut wakes = true;
            let n = match answer {
                Appended::New { n, tick_running, .. } => {
                    wakes = !tick_running;
                    Some(n)
                }
                Appended::Replay { .. } => None,
                Appended::Conflict => {
                    world.facts.borrow_mut().conflicts.insert((eid, variant));
                    return;
                }
            };
            world.facts.borrow_mut().acknowledged.push(Acknowledged { eid, variant, n });
            // Elsewhere a wake-up can get lost, and a ticker comes round at any time: the more ticks meet, the better.
            if !world.lonely {
                wakes = world.random.borrow_mut().bool();
            }
            if wakes {
                let out = Receiver { world: world.clone(), ledger: ledger.clone() };
                while ledger.tick(&out).await.is_ok_and(|report| report.more) {}
            }
        }))
    }

    /// A tick.
    pub fn tick(self: &Rc<Self>) -> Option<Task> {
        let (world, ledger) = (self.clone(), self.ledger()?);
        Some(Box::pin(async move {
            let out = Receiver { world, ledger: ledger.clone() };
            let _ = ledger.tick(&out).await;
        }))
    }

    /// Somebody who changes a record.
    pub fn change(self: &Rc<Self>, eid: String, name: String, change: Change) -> Option<Task> {
        let (world, ledger) = (self.clone(), self.ledger()?);
        let key = (eid.clone(), name.clone());
        self.facts.borrow_mut().changes.insert(key.clone(), (change.clone(), false));
        let delay = self.random.borrow_mut().u64(0..90);
        Some(Box::pin(async move {
            let step = |record: &Record<Body>| -> Result<Step<Body>, ()> {
                let now = world.clock.now();
                match change {
                    Change::Note => Ok(program::note(record, &name)),
                    Change::Close => program::close(record, &name, now).ok_or(()),
                    Change::Snooze => Ok(program::snooze(record, &name, now + delay)),
                }
            };
            if let Ok(Changed::Done { .. }) = ledger.change(&eid, step).await {
                world.facts.borrow_mut().changes.insert(key, (change, true));
            }
        }))
    }

    /// Somebody who erases a person.
    pub fn erase(self: &Rc<Self>, person: String) -> Option<Task> {
        let (world, ledger) = (self.clone(), self.ledger()?);
        Some(Box::pin(async move {
            world.facts.borrow_mut().erasing.insert(person.clone());
            let head = |shard| world.store.peek_counter(&format!("n:{shard:02x}"));
            let heads: Vec<u64> = (0..world.options.shards).map(head).collect();
            if ledger.erase(&person).await.is_ok() {
                world.facts.borrow_mut().erased.push(Erased { person, heads });
            }
        }))
    }

    /// The shard of an event.
    pub fn shard(&self, eid: &str) -> u8 {
        shard_of(eid, self.options.shards)
    }
}

/// Takes jobs to the world outside, and confirms them in the record.
struct Receiver {
    world: Rc<World>,
    ledger: Rc<Sim>,
}

impl HandOver for Receiver {
    async fn hand_over(&self, jobs: Vec<Due>) {
        for Due { eid, job, .. } in jobs {
            let lost = *self.world.faulty.borrow() && self.world.random.borrow_mut().u32(..10) == 0;
            if lost {
                continue;
            }
            let key = (eid.clone(), job.clone());
            *self.world.facts.borrow_mut().jobs.entry(key).or_default() += 1;
            let confirm = |record: &Record<Body>| program::confirm(record, &job).ok_or(());
            let _ = self.ledger.change(&eid, confirm).await;
        }
    }

    /// Others take some steps meanwhile.
    async fn gather(&self) {
        let mut steps = self.world.random.borrow_mut().u32(..24);
        poll_fn(|context| {
            if steps == 0 {
                return Poll::Ready(());
            }
            steps -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
