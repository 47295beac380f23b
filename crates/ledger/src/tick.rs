//! The tick: one turn after the other, a turn being lease, effects, timers, commit.
//!
//! A turn that dies at any point is repeated by a later one, from what the root says. A turn that
//! was paused past its lease cannot commit, because the root names another owner by then; what it
//! still writes has names nobody reads, or says the same as the repetition says.

use crate::key::Key;
use crate::mutation::Mutation;
use crate::order::Progress;
use crate::port::{Clock, Entropy, Store};
use crate::program::{Due, HandOver, Program};
use crate::record::{LedgerError, TickReport};
use crate::seal::{Sealed, View};
use crate::store::{Outcome, Verdict};
use crate::stored::Root;
use crate::{Ledger, RETENTION_RECHECK};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use std::collections::{BTreeMap, BTreeSet};
use std::task::Poll;

/// How long (seconds) a turn owns the root.
const LEASE: u64 = 45;
/// How long (seconds) a tick owns it at most while it lets events gather.
const GATHERING: u64 = 2;
/// Garbage is removed once there is this much of it …
const GARBAGE: usize = 256;
/// … or once it is this old (seconds).
const GARBAGE_AGE: u64 = 60;
/// A tick that has worked this long (seconds) leaves the rest to the next.
const PATIENCE: u64 = 20;

/// A turn that sealed fewer events than this has sealed few.
const FEW: u64 = 16;
/// After so many of those one after the other, the next one waits for more.
const SMALL_IN_A_ROW: u32 = 2;

/// Hand-overs under way at once.
const HANDED_OVER_AT_ONCE: usize = 24;
/// Batches in one hand-over, if they are there.
const GATHERED: usize = 8;

/// What a turn came to.
enum Turn {
    /// Nothing to do.
    Idle,
    /// Another tick owns the shard, or has taken it.
    Held,
    /// Nothing has come while events were to gather; the shard is given back, and is to be looked at once more.
    GivenBack,
    /// Committed.
    Done(Box<Work>),
}

/// What a tick's turns know of those before them.
#[derive(Default)]
struct Gathering {
    /// So many before the next one have sealed few events.
    small: u32,
    /// Our name in the root, which still owns the shard while events gather.
    owner: Option<String>,
}

/// A turn under way.
pub(crate) struct Work {
    pub(crate) shard: u8,
    /// Our name in the root.
    pub(crate) me: String,
    pub(crate) now: u64,
    /// The last slot allotted when the turn began.
    pub(crate) head: u64,
    /// The root as we committed it last.
    pub(crate) root: Root,
    /// Sealed events whose effects are to be written.
    pub(crate) sealed: Vec<Sealed>,
    /// So many turns before this one have sealed few events.
    small: u32,
    /// What is written before the commit, in one go if nothing comes in between.
    pub(crate) writes: Vec<(String, Vec<u8>)>,
    /// Mutation [`Mutation::SweepBeforeClose`]: counters read too early.
    pub(crate) early: Option<Vec<u64>>,
    // What the commit adds to the root.
    pub(crate) days: BTreeMap<u32, String>,
    pub(crate) months: BTreeMap<u32, String>,
    pub(crate) archived: Vec<u32>,
    /// What moves in the index.
    pub(crate) marks: BTreeMap<String, i64>,
    /// The index's new topmost node.
    pub(crate) index: Option<String>,
    pub(crate) gc: Vec<String>,
    /// Keys that this turn has written and that may have been garbage before.
    pub(crate) wanted: BTreeSet<String>,
    pub(crate) bad: Vec<String>,
    pub(crate) swept: (u64, u64),
    pub(crate) looked: (u64, u64),
    pub(crate) order: Option<Progress>,
    /// The last letter of the shard, as far as the turn has looked.
    pub(crate) letters: u64,
    /// Letters below this are settled.
    pub(crate) passed: u64,
    // What the caller gets after the commit.
    pub(crate) due: Vec<Due>,
    pub(crate) report: TickReport,
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Seals, fires what is due and hands over, in all shards, until nothing is left to do.
    ///
    /// Safe to call at any time, also twice at once. Idle it costs 2 reads a shard (3 in a minute
    /// that was not swept yet). An error in one shard does not keep the others from working.
    pub async fn tick(&self, out: &impl HandOver) -> Result<TickReport, LedgerError> {
        let (send, receive) = unbounded();
        let work = async move { self.work(send, out).await };
        // Side by side, so that what one receiver is slow with does not hold up the next. Together what has gathered
        // meanwhile.
        let gathered = receive.ready_chunks(GATHERED).map(|batches| batches.concat());
        let deliver = gathered.for_each_concurrent(HANDED_OVER_AT_ONCE, |jobs| out.hand_over(jobs));
        futures::future::join(work, deliver).await.0
    }

    async fn work(&self, send: UnboundedSender<Vec<Due>>, out: &impl HandOver) -> Result<TickReport, LedgerError> {
        let mut report = TickReport::default();
        let mut failure = None;
        let patience = self.clock.now() + PATIENCE;
        for shard in 0..self.options.shards {
            let mut gathering = Gathering::default();
            loop {
                if self.clock.now() > patience {
                    report.more = true;
                    let _ = self.give_back(shard, &gathering).await;
                    break;
                }
                match self.turn(shard, &gathering).await {
                    Ok(Turn::Done(work)) => {
                        report.add(&work.report, work.due.len());
                        gathering = work.gathering();
                        if !work.due.is_empty() {
                            // Fails only if the receiver is gone, and then nobody waits for it.
                            let _ = send.unbounded_send(work.due);
                            give_way().await;
                        }
                        if gathering.owner.is_some() {
                            out.gather().await;
                        }
                        if !self.mutated(Mutation::NoLastLook) {
                            continue;
                        }
                    }
                    Ok(Turn::GivenBack) => {
                        gathering = Gathering::default();
                        if !self.mutated(Mutation::NoLastLook) {
                            continue;
                        }
                    }
                    Ok(Turn::Idle) => {}
                    // Perhaps nobody has: an order changed the root meanwhile. What came while events were to gather
                    // relies on this tick.
                    Ok(Turn::Held) if gathering.owner.is_some() => {
                        let _ = self.give_back(shard, &gathering).await;
                        gathering = Gathering::default();
                        continue;
                    }
                    Ok(Turn::Held) => report.held += 1,
                    Err(error) => {
                        let _ = self.give_back(shard, &gathering).await;
                        failure = failure.or(Some(error));
                    }
                }
                break;
            }
        }
        failure.map_or(Ok(report), Err)
    }

    /// One turn. What comes in while events gather does not wake another tick, so whoever has let them gather and finds
    /// nothing gives the shard back before the last look.
    async fn turn(&self, shard: u8, gathering: &Gathering) -> Result<Turn, LedgerError> {
        let root = self.root(shard).await?;
        let (head, foreign) = self.head(shard, &root).await?;
        let now = self.clock.now();
        let ours = gathering.owner.as_ref() == Some(&root.g);
        if root.l > now && !ours && !self.mutated(Mutation::NoOwner) {
            return Ok(Turn::Held);
        }
        let view = self.look(shard, &root, head, now).await?;
        let needed = !root.pend.is_empty()
            || !matches!(view, View::Nothing)
            || garbage_due(&root, now)
            || self.retention_due(&root, head, now)
            || self.order_due(&root, now)
            || self.timers_due(shard, &root, now).await?;
        if !needed {
            let given_back = !self.mutated(Mutation::NoGiveBack) && self.give_back(shard, gathering).await?;
            return Ok(if given_back { Turn::GivenBack } else { Turn::Idle });
        }
        let early = self.count_early(shard, &root, now).await?;
        let Some(mut work) = self.take(shard, root, view, now).await? else {
            return Ok(Turn::Held);
        };
        work.small = gathering.small;
        work.early = early;
        work.head = head;
        work.bad.extend(foreign);
        let me = work.me.clone();
        let done = match self.carry_out(&mut work).await {
            Ok(true) => self.commit(work).await,
            Ok(false) => Ok(Turn::Held),
            Err(error) => Err(error),
        };
        if done.is_err() {
            // Best effort: if this fails too, the lease ends by itself.
            let _ = self.release(shard, &me).await;
        }
        done
    }

    /// The last slot allotted. Where the counter is none (its key comes with it) the next slots are looked at all the same.
    async fn head(&self, shard: u8, root: &Root) -> Result<(u64, Option<String>), LedgerError> {
        match self.kv.counter(&Key::Slots { shard }.to_string()).await {
            Err(LedgerError::Corrupt { key, .. }) => Ok((root.q + crate::seal::WINDOW - 1, Some(key))),
            head => Ok((head?, None)),
        }
    }

    /// False: another tick has taken over.
    async fn carry_out(&self, work: &mut Work) -> Result<bool, LedgerError> {
        if !self.effects(work).await? {
            return Ok(false);
        }
        self.sweep(work).await?;
        self.walk_retention(work).await?;
        self.walk_order(work).await?;
        self.pass_letters(work).await?;
        self.fold_index(work).await?;
        self.archive_days(work).await?;
        Ok(true)
    }

    /// Gives the lease back, so that the next tick need not wait for its end.
    async fn release(&self, shard: u8, owner: &str) -> Result<(), LedgerError> {
        let wid = self.unique();
        let release = async |root: &mut Root| {
            if root.g != owner {
                return Ok(Verdict::Leave);
            }
            root.l = 0;
            Ok(Verdict::Write)
        };
        self.kv.cas(&self.root_key(shard), &wid, release).await.map(drop)
    }

    /// Ends the time in which events were to gather, if there was one.
    async fn give_back(&self, shard: u8, gathering: &Gathering) -> Result<bool, LedgerError> {
        let Some(owner) = &gathering.owner else { return Ok(false) };
        self.release(shard, owner).await?;
        Ok(true)
    }

    /// Removes old garbage, then makes everything of this turn valid at once.
    async fn commit(&self, mut work: Work) -> Result<Turn, LedgerError> {
        if !self.mutated(Mutation::KeepIdInGarbage) {
            work.root.gc.retain(|key| !work.wanted.contains(key));
            work.gc.retain(|key| !work.wanted.contains(key));
        }
        // What is deleted is deleted by name: one that no longer owns the shard leaves it to whoever does.
        let collected = self.clock.now() < work.now + LEASE
            && !work.root.gc.is_empty()
            && (garbage_due(&work.root, work.now) || work.root.gc.len() + work.gc.len() > GARBAGE);
        if collected {
            self.kv.delete_many(&work.root.gc).await?;
        }
        let kept = if collected { Vec::new() } else { std::mem::take(&mut work.root.gc) };
        let owned = self.mutated(Mutation::NoOwner);
        // Whoever stores an event meanwhile sees that a tick is at it, and wakes none.
        let lease = if work.lets_gather() { work.now + GATHERING } else { 0 };
        let wid = self.unique();
        let outcome = self
            .kv
            .cas(&self.root_key(work.shard), &wid, async |root: &mut Root| {
                if root.g != work.me && !owned {
                    return Ok(Verdict::Leave);
                }
                root.l = lease;
                root.pend.clear();
                root.d.extend(work.days.clone());
                root.d.retain(|day, _| !work.archived.contains(day));
                root.m.extend(work.months.clone());
                if let Some(index) = &work.index {
                    root.ix.clone_from(index);
                }
                (root.tm, root.tj) = (root.tm, root.tj).max(work.swept);
                if work.looked.0 > root.fl || work.looked.1 > root.fa {
                    (root.fl, root.fa) = work.looked;
                }
                root.df = root.df.max(work.passed);
                if let Some(progress) = &work.order {
                    progress.enter(root);
                }
                root.gc.clone_from(&kept);
                if root.gc.is_empty() {
                    root.ga = work.now;
                }
                root.gc.extend(work.gc.iter().cloned());
                root.quarantine(&work.bad);
                Ok(Verdict::Write)
            })
            .await?;
        match outcome {
            Outcome::Written(_) => {
                work.report.quarantined = std::mem::take(&mut work.bad);
                Ok(Turn::Done(Box::new(work)))
            }
            _ => Ok(Turn::Held),
        }
    }

    /// Takes the lease, and with it seals what `view` has found and closes minutes.
    async fn take(&self, shard: u8, seen: Root, view: View, now: u64) -> Result<Option<Work>, LedgerError> {
        let me = self.unique();
        let outcome = self
            .kv
            .cas(&self.root_key(shard), &me, async |root: &mut Root| {
                // Every write of the root adds to the ring: the newest id is the root's version.
                if root.w.last() != seen.w.last() {
                    return Ok(Verdict::Leave);
                }
                root.g.clone_from(&me);
                root.l = now + LEASE;
                root.tc = root.tc.max(now / 60);
                root.found(&self.options);
                if self.options.retention.is_some() && root.fr != self.options.retention_rule {
                    (root.fl, root.fa, root.fr) = (1, 0, self.options.retention_rule);
                }
                match &view {
                    View::Seal { sealed, next, .. } if root.pend.is_empty() => {
                        root.pend = sealed.iter().map(|sealed| sealed.n).collect();
                        root.q = *next;
                    }
                    View::Fence { holes, .. } => root.v.clone_from(holes),
                    _ => {}
                }
                Ok(Verdict::Write)
            })
            .await?;
        let root = match outcome {
            Outcome::Written(root) if root.g == me => root,
            Outcome::Absent => return Err(crate::missing(self.root_key(shard))),
            _ => return Ok(None),
        };
        let mut work = Work::new(shard, me, now, root);
        match view {
            View::Seal { sealed, bad, .. } => {
                work.sealed = sealed;
                work.bad = bad;
            }
            View::Fence { holes, upto } => {
                if !self.fence(&mut work, &holes, upto).await? {
                    return Ok(None);
                }
            }
            View::Nothing => self.resume(&mut work).await?,
        }
        Ok(Some(work))
    }
}

impl Work {
    fn new(shard: u8, me: String, now: u64, root: Root) -> Self {
        Self {
            shard,
            me,
            now,
            head: u64::MAX,
            swept: (root.tm, root.tj),
            looked: (root.fl, root.fa),
            small: 0,
            order: None,
            letters: 0,
            passed: root.df,
            root,
            sealed: Vec::new(),
            writes: Vec::new(),
            early: None,
            days: BTreeMap::new(),
            months: BTreeMap::new(),
            archived: Vec::new(),
            marks: BTreeMap::new(),
            index: None,
            gc: Vec::new(),
            wanted: BTreeSet::new(),
            bad: Vec::new(),
            due: Vec::new(),
            report: TickReport::default(),
        }
    }

    /// Whether it sealed few events and fired no timer (moving some aside).
    fn is_small(&self) -> bool {
        (1..FEW).contains(&self.report.sealed) && self.report.fired == 0
    }

    /// Whether the next turn waits for more events first.
    fn lets_gather(&self) -> bool {
        self.is_small() && self.small + 1 >= SMALL_IN_A_ROW
    }

    /// What the next turn has to know.
    fn gathering(&self) -> Gathering {
        let small = if self.is_small() { self.small + 1 } else { 0 };
        Gathering { small, owner: self.lets_gather().then(|| self.me.clone()) }
    }

    /// Adds what moves in the index.
    pub(crate) fn mark(&mut self, moves: impl IntoIterator<Item = (String, i64)>) {
        for (name, add) in moves {
            *self.marks.entry(name).or_default() += add;
        }
    }

    /// Whether a key is named as garbage, by this turn or one before it.
    pub(crate) fn is_garbage(&self, key: &String) -> bool {
        self.root.gc.contains(key) || self.gc.contains(key)
    }

    /// When a record that may not be deleted is looked at again.
    pub(crate) fn recheck(&self) -> u64 {
        self.now + RETENTION_RECHECK
    }
}

impl TickReport {
    fn add(&mut self, other: &Self, handed_over: usize) {
        self.sealed += other.sealed;
        self.duplicates += other.duplicates;
        self.merged += other.merged;
        self.voided += other.voided;
        self.fired += other.fired;
        self.retired += other.retired;
        self.handed_over += handed_over as u64;
        self.quarantined.extend(other.quarantined.iter().cloned());
    }
}

/// Lets what has been handed to others begin: where the store answers at once, nothing else would before the work is done.
async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn garbage_due(root: &Root, now: u64) -> bool {
    root.gc.len() >= GARBAGE || (!root.gc.is_empty() && root.ga + GARBAGE_AGE <= now)
}
