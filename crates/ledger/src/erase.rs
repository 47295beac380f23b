//! Erasure: every record of a person is redacted, found through the person's journal, not by a scan.
//!
//! Records that are sealed are redacted at once. Those still on their way are not in the journal
//! yet; for them a durable timer remembers the slots allotted so far, and redacts again once all
//! of these are sealed. What is given later belongs to a new relation and stays.

use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::LedgerError;
use crate::store::Verdict;
use crate::stored::{Entry, Event, Job};
use crate::tick::Work;
use crate::{Ledger, check_name};
use std::collections::BTreeSet;

/// Entries of the journal that a timer works through in one turn.
const PIECE: u64 = 64;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Erases a person. When this returns, sealed records are redacted, and the rest is certain.
    ///
    /// Notes of the journal stay: they are the application's proof under a pseudonym.
    pub async fn erase(&self, person: &str) -> Result<(), LedgerError> {
        check_name("person", person)?;
        if !self.mutated(Mutation::EraseOnce) {
            for shard in 0..self.options.shards {
                let head = self.kv.counter(&Key::Slots { shard }.to_string()).await?;
                let job = Job::Erase { p: person.to_owned(), h: head, d: 0 };
                let timer = (0, Entry::new(0, job));
                self.file_timers(shard, vec![timer], 0).await?;
                if self.root(shard).await?.q <= head {
                    // Slots whose writers are gone are given up only when something comes later.
                    self.append_marker(shard).await?;
                }
            }
        }
        let entries = self.journal_length(person).await?;
        let mut done = BTreeSet::new();
        for from in (0..entries).step_by(PIECE as usize) {
            let to = entries.min(from + PIECE);
            for item in self.journal_items(person, from, to).await?.0 {
                if item.n > 0 && done.insert((item.s, item.n)) {
                    self.redact(item.s, item.n).await?;
                }
            }
        }
        Ok(())
    }

    /// The timer of an erasure. Gives it again if it is not done.
    pub(crate) async fn erase_due(&self, work: &mut Work, entry: Entry) -> Result<Option<(u64, Entry)>, LedgerError> {
        let Job::Erase { p, h, d } = entry.j else {
            return Ok(None);
        };
        let again = |p, d| Some((0, Entry::new(0, Job::Erase { p, h, d })));
        // Everything before q is sealed, and its journal entries were written before the sweep.
        if work.root.q <= h {
            return Ok(again(p, d));
        }
        let entries = self.journal_length(&p).await?;
        let to = entries.min(d + PIECE);
        let (items, foreign) = self.journal_items(&p, d, to).await?;
        work.bad.extend(foreign);
        let slots: BTreeSet<u64> =
            items.iter().filter(|item| item.s == work.shard && (1..=h).contains(&item.n)).map(|item| item.n).collect();
        for n in slots {
            match self.redact(work.shard, n).await {
                Err(LedgerError::Corrupt { key, .. }) => work.bad.push(key),
                other => other?,
            }
        }
        Ok(if to < entries { again(p, to) } else { None })
    }

    async fn redact(&self, shard: u8, n: u64) -> Result<(), LedgerError> {
        let key = Key::Event { shard, n }.to_string();
        let wid = self.unique();
        self.kv
            .cas(&key, &wid, async |event: &mut Event<P::Body>| {
                let before = serde_json::to_vec(&event.b).ok();
                if let Some(body) = &mut event.b {
                    self.program.redact(body);
                }
                let notes = event.p.iter().any(|person| person.note.is_some());
                if event.x && !notes && before == serde_json::to_vec(&event.b).ok() {
                    return Ok(Verdict::Leave);
                }
                event.p.iter_mut().for_each(|person| person.note = None);
                event.x = true;
                event.r += 1;
                Ok(Verdict::Write)
            })
            .await?;
        Ok(())
    }
}
