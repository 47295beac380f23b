//! Changes in flight: timers that came before their change, and counts that were left behind.

use crate::Ledger;
use crate::change::SETTLE;
use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::Verdict;
use crate::stored::{Entry, Event, Out};
use crate::tick::Work;

/// How often a timer whose change is in flight is filed again, after 1, 2, 4 … minutes: two hours.
const REARMS: u64 = 7;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// A timer fired in vain: its change may be about to come, unless the record has moved on.
    pub(crate) fn rearm(&self, entry: &Entry, revision: u64, now: u64) -> Option<(u64, Entry)> {
        let pending = revision < entry.r && entry.a < REARMS && !self.mutated(Mutation::NoRearm);
        pending.then(|| {
            let mut entry = entry.clone();
            let due = now + (60 << entry.a);
            entry.a += 1;
            (due, entry)
        })
    }

    /// Sees that counts of changes are appended, and forgets those that are sealed.
    pub(crate) async fn settle_due(&self, work: &mut Work, entry: Entry) -> Result<Option<(u64, Entry)>, LedgerError> {
        let (shard, n) = (work.shard, entry.n);
        let event: Event<P::Body> = match self.event(shard, n).await {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(None),
            Err(LedgerError::Corrupt { key, .. }) => {
                work.bad.push(key);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let keys = event.out.iter().map(|out| Key::Id(&out.e).to_string());
        let sealed = self.kv.get_many(keys.collect()).await?;
        let sealed = |out: &Out| sealed.contains_key(&Key::Id(&out.e).to_string());
        let missing: Vec<(u64, Out)> =
            event.out.iter().filter(|out| !sealed(out)).map(|out| (n, out.clone())).collect();
        if event.out.iter().any(sealed) {
            let key = Key::Event { shard, n }.to_string();
            let wid = self.unique();
            self.kv
                .cas(&key, &wid, async |event: &mut Event<P::Body>| {
                    event.out.retain(|out| !sealed(out));
                    Ok(Verdict::Write)
                })
                .await?;
        }
        if missing.is_empty() {
            return Ok(self.rearm(&entry, event.r, work.now));
        }
        self.append_or_report(work, missing).await?;
        Ok(Some((work.now + SETTLE, entry)))
    }
}
