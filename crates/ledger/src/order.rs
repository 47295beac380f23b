//! Erasure by criteria: an order that the tick carries out along the log's own numbers, a window at a time.
//!
//! No key is listed: slots are numbers that the log itself has allotted, and the order ends at the last of them when it
//! was given; what comes later is not concerned. The root names the open orders, and by the same swap that commits a turn
//! how far each has come, so a turn that dies is repeated, and nothing is passed over. Without an order it costs nothing.
//! An erased record remembers the order that did it: so what is counted is the same in a repetition.
//!
//! Half an hour after its end an order goes along the same numbers once more, for what a paused process may have filed
//! late (see `erase`). What an order is about is the application's ([`Program::concerns`]).

use crate::key::Key;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::{LedgerError, OrderStatus};
use crate::store::{Outcome, Verdict};
use crate::stored::{Event, IdEntry, Order, OrderDoc, Root, decode, encode};
use crate::tick::Work;
use crate::{Ledger, check_name, erase};
use serde_json::Value;
use std::collections::BTreeMap;

/// Slots looked at in one turn.
const WINDOW: u64 = 64;
/// A turn that has worked on an order for so long (seconds) leaves the rest of the window to the next.
const PATIENCE: u64 = 10;
/// Orders that may be open at once.
const OPEN: usize = 8;

/// An order after a turn.
pub(crate) struct Progress {
    order: Order,
    over: bool,
}

impl Progress {
    /// Puts it into the root.
    pub(crate) fn enter(&self, root: &mut Root) {
        if self.over {
            root.er.retain(|order| order.o != self.order.o);
        } else if let Some(order) = root.er.iter_mut().find(|order| order.o == self.order.o) {
            order.clone_from(&self.order);
        }
    }
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Has ticks erase every record stored before now that `criteria` concern, or with `dry` only count them. `name` must
    /// be new; `note` is given back with how it stands. False: too many orders are open.
    ///
    /// # Errors
    /// When the name is none, or the store fails; the order may then be carried out in some shards.
    pub async fn order_erasure(
        &self,
        name: &str,
        criteria: &Value,
        dry: bool,
        note: Value,
    ) -> Result<bool, LedgerError> {
        check_name("order", name)?;
        let mut heads = BTreeMap::new();
        for shard in 0..self.options.shards {
            if self.root(shard).await?.er.len() >= OPEN {
                return Ok(false);
            }
            heads.insert(shard, self.kv.counter(&Key::Slots { shard }.to_string()).await?);
        }
        let doc = OrderDoc { y: dry, b: note, h: heads.clone(), done: BTreeMap::new(), w: Vec::new() };
        let key = Key::Order(name).to_string();
        let value = encode(&key, &doc)?;
        // Nobody else knows the name yet, so this is its only writer.
        self.kv.set_many(&[(key, value)]).await?;
        for (shard, head) in heads {
            let order = Order::new(name, criteria, head, dry);
            let wid = self.unique();
            let entered = async |root: &mut Root| {
                root.er.push(order.clone());
                Ok(Verdict::Write)
            };
            match self.kv.cas(&self.root_key(shard), &wid, entered).await? {
                // Slots whose writers are gone are given up only when something comes later.
                Outcome::Written(root) if root.q <= head => self.append_marker(shard).await?,
                Outcome::Written(_) => {}
                _ => return Err(crate::missing(self.root_key(shard))),
            }
        }
        Ok(true)
    }

    /// How an order stands: 1 read, and 1 a shard while it is open. `None`: there is no such order.
    ///
    /// # Errors
    /// When the name is none, or the store fails.
    pub async fn erasure_order(&self, name: &str) -> Result<Option<OrderStatus>, LedgerError> {
        check_name("order", name)?;
        let key = Key::Order(name).to_string();
        let Some(bytes) = self.kv.get(&key).await? else {
            return Ok(None);
        };
        let doc: OrderDoc = decode(&key, &bytes)?;
        let mut status = OrderStatus { dry: doc.y, note: doc.b, records: 0, looked_at: 0, slots: 0, finished: Some(0) };
        for (shard, head) in doc.h {
            status.slots += head;
            if let Some((records, at)) = doc.done.get(&shard) {
                status.records += records;
                status.looked_at += head;
                status.finished = status.finished.max(Some(*at)).filter(|_| status.finished.is_some());
                continue;
            }
            status.finished = None;
            if let Some(order) = self.root(shard).await?.er.into_iter().find(|order| order.o == name) {
                status.records += order.n;
                status.looked_at += if order.z { head } else { order.d - 1 };
            }
        }
        Ok(Some(status))
    }

    /// Whether an order has something to look at: everything that it concerns is sealed.
    pub(crate) fn order_due(&self, root: &Root, now: u64) -> bool {
        root.er.iter().any(|order| due(order, root, now))
    }

    /// One window of the first order that is due.
    pub(crate) async fn walk_order(&self, work: &mut Work) -> Result<(), LedgerError> {
        let Some(mut order) = work.root.er.iter().find(|order| due(order, &work.root, work.now)).cloned() else {
            return Ok(());
        };
        self.flush(work).await?;
        let to = (order.d + WINDOW).min(order.h + 1);
        let concerned = self.concerned(work, &order, to).await?;
        order.d = to;
        for (n, event, canonical) in concerned {
            if self.clock.now() > work.now + PATIENCE {
                order.d = n;
                break;
            }
            let erased = match order.y {
                true => erase::redactable(&self.program, &event),
                false => self.redact_for(work, n, &order).await?,
            };
            order.n += u64::from(erased && canonical && !order.z);
        }
        let mut over = false;
        if order.d > order.h {
            if !order.z {
                self.finish(work, &order).await?;
            }
            over = order.z || order.y;
            (order.d, order.z, order.a) = (1, true, work.now + erase::LATE);
        }
        work.order = Some(Progress { order, over });
        Ok(())
    }

    /// The records of a window that an order concerns, and whether each is its id's own.
    async fn concerned(
        &self,
        work: &mut Work,
        order: &Order,
        to: u64,
    ) -> Result<Vec<(u64, Event<P::Body>, bool)>, LedgerError> {
        let shard = work.shard;
        let key = |n| Key::Event { shard, n }.to_string();
        let found = self.kv.get_many((order.d..to).map(key).collect()).await?;
        let mut concerned = Vec::new();
        for n in order.d..to {
            let key = key(n);
            match found.get(&key).map(|bytes| decode::<Event<P::Body>>(&key, bytes)) {
                Some(Ok(event)) => {
                    let record = event.record(shard, n, true);
                    if record.is_some_and(|record| self.program.concerns(&record, &order.c)) {
                        concerned.push((n, event));
                    }
                }
                Some(Err(_)) => work.bad.push(key),
                None => {}
            }
        }
        let ids = concerned.iter().map(|(_, event)| Key::Id(&event.e).to_string()).collect();
        let ids: BTreeMap<String, Vec<u8>> = self.kv.get_many(ids).await?;
        let canonical = |n, event: &Event<P::Body>| {
            let id = Key::Id(&event.e).to_string();
            matches!(ids.get(&id).map(|bytes| IdEntry::decode(&id, bytes)), Some(Ok(entry)) if entry.canonical() == n)
        };
        let one = |(n, event)| {
            let canonical = canonical(n, &event);
            (n, event, canonical)
        };
        Ok(concerned.into_iter().map(one).collect())
    }

    /// Redacts a record; true if this order has, now or before a crash.
    async fn redact_for(&self, work: &mut Work, n: u64, order: &Order) -> Result<bool, LedgerError> {
        match self.redact(work.shard, n, "", Some(order)).await {
            Err(LedgerError::Corrupt { key, .. }) => {
                work.bad.push(key);
                Ok(false)
            }
            erased => erased,
        }
    }

    /// Writes down what an order came to, before the root forgets it. A repetition says the same.
    async fn finish(&self, work: &Work, order: &Order) -> Result<(), LedgerError> {
        let key = Key::Order(&order.o).to_string();
        let wid = self.unique();
        let done = async |doc: &mut OrderDoc| {
            if doc.done.contains_key(&work.shard) {
                return Ok(Verdict::Leave);
            }
            doc.done.insert(work.shard, (order.n, work.now));
            Ok(Verdict::Write)
        };
        self.kv.cas(&key, &wid, done).await.map(drop)
    }
}

fn due(order: &Order, root: &Root, now: u64) -> bool {
    root.q > order.h && order.a <= now
}
