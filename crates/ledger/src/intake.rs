//! Appending and reading events.

use crate::key::{Key, is_fingerprint, shard_of};
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store, StoreKind};
use crate::program::{Appended, Draft, OnDifferent, Program};
use crate::record::{LedgerError, Record};
use crate::store::not_a_counter;
use crate::stored::{Cursor, Event, IdEntry, decode, encode};
use crate::{Ledger, check_name};
use serde::de::{DeserializeOwned, IgnoredAny};

/// How often an append starts again because its slot was given up.
const ATTEMPTS: usize = 32;

/// What is known of an event id.
pub(crate) struct Known {
    /// Sealed.
    pub(crate) id: Option<IdEntry>,
    /// A hint: written with the event, not proof that it counts.
    pub(crate) hint: Option<(u64, String)>,
    /// What stands under the counter of slots is none, as far as it was looked at.
    foreign: bool,
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Appends an event: 2 reads and 2 writes; a repeat of a sealed event is 1 read.
    ///
    /// When this returns `New` or `Replay` the event is durable and will be sealed. After an error
    /// the caller does not know, and repeats with the same id.
    pub async fn append(&self, draft: Draft<P::Body>, on_different: OnDifferent) -> Result<Appended, LedgerError> {
        check(&draft)?;
        let shard = shard_of(&draft.eid, self.options.shards);
        let known = self.known(&draft.eid).await?;
        let foreign = known.foreign;
        let first = known.id.is_none() && known.hint.is_none();
        if let Some(answer) = self.answer(shard, &draft, on_different, known).await? {
            return Ok(answer);
        }
        if foreign {
            return Err(not_a_counter(&Key::Slots { shard }.to_string()));
        }
        let (m, me) = Event::<P::Body>::marked(&draft.eid, self.program.marks(&draft.eid, &draft.body, P::MARKS));
        let event = Event {
            u: String::new(),
            e: draft.eid,
            f: draft.fingerprint,
            t: draft.at,
            ts: self.clock.now(),
            p: draft.people,
            ap: Vec::new(),
            pl: draft.plan,
            m,
            me,
            ix: false,
            iv: P::MARKS,
            up: on_different == OnDifferent::Update,
            of: None,
            b: Some(draft.body),
            r: 0,
            x: false,
            rt: false,
            xo: String::new(),
            mu: 0,
            fs: Vec::new(),
            out: Vec::new(),
            dl: Vec::new(),
            w: Vec::new(),
        };
        let (n, tick_running) = self.write(shard, event).await?;
        Ok(Appended::New { n, tick_running, first })
    }

    /// Reads the record of an event id: 2 reads. Finds it before it is sealed, too.
    pub async fn read(&self, eid: &str) -> Result<Option<Record<P::Body>>, LedgerError> {
        check_name("event id", eid)?;
        let shard = shard_of(eid, self.options.shards);
        let known = self.known(eid).await?;
        let sealed = known.id.is_some();
        let hinted = known.hint.map(|(n, _)| n);
        let Some(n) = known.id.map(|id| id.canonical()).or(hinted) else {
            return Ok(None);
        };
        let event: Option<Event<P::Body>> = self.event(shard, n).await?;
        Ok(event.filter(|event| event.e == eid).and_then(|event| event.record(shard, n, sealed)))
    }

    /// The answer that needs no append.
    async fn answer(
        &self,
        shard: u8,
        draft: &Draft<P::Body>,
        on_different: OnDifferent,
        known: Known,
    ) -> Result<Option<Appended>, LedgerError> {
        let conflict = on_different == OnDifferent::Conflict;
        if let Some(id) = &known.id {
            if id.slot_of(&draft.fingerprint).is_some() {
                let n = id.canonical();
                return Ok(Some(Appended::Replay { n }));
            }
            if conflict {
                return Ok(Some(Appended::Conflict));
            }
        }
        let Some((n, fingerprint)) = known.hint else {
            return Ok(None);
        };
        let same = fingerprint == draft.fingerprint;
        if !(same || conflict) {
            return Ok(None);
        }
        // The hint counts if its event is there and its own writer might acknowledge it.
        let event: Option<Event<IgnoredAny>> = self.event(shard, n).await.unwrap_or(None);
        let there = event.is_some_and(|event| event.e == draft.eid && event.f == fingerprint);
        if !there || !self.cursor(shard).await?.accepts(n) {
            return Ok(None);
        }
        Ok(Some(match same {
            true => Appended::Replay { n },
            false => Appended::Conflict,
        }))
    }

    /// Gives the event a slot that no sealer steps over.
    async fn write(&self, shard: u8, mut event: Event<P::Body>) -> Result<(u64, bool), LedgerError> {
        let counter = Key::Slots { shard }.to_string();
        let name = |n| Key::Event { shard, n }.to_string();
        for _ in 0..ATTEMPTS {
            event.u = self.unique();
            let value = encode(&counter, &event)?;
            let (n, entry) = self.kv.place(&counter, name, value).await?;
            let hint = Key::Hint(&event.e).to_string();
            let mut entries = vec![(hint, format!("{n}.{}", event.f).into_bytes())];
            entries.extend(entry);
            entries.reverse();
            self.kv.set_many(&entries).await?;
            if self.mutated(Mutation::NoWriterCheck) {
                return Ok((n, false));
            }
            let cursor = self.cursor(shard).await?;
            if cursor.accepts(n) {
                return Ok((n, cursor.l > self.clock.now()));
            }
            self.withdraw(shard, n, &cursor).await;
        }
        Err(LedgerError::Contended { key: counter })
    }

    /// Removes what was written under a voided slot. (A slot that is merely fenced may still be
    /// sealed, so it is left; sealing will find it a duplicate.) Best effort: a crash leaves an
    /// event that nothing refers to, for retention to find.
    pub(crate) async fn withdraw(&self, shard: u8, n: u64, cursor: &Cursor) {
        if cursor.is_voided(n) {
            let key = Key::Event { shard, n }.to_string();
            let _ = self.kv.delete_many(&[key]).await;
        }
    }

    /// What is known of an id: 1 read where get-many works, else up to 2.
    pub(crate) async fn known(&self, eid: &str) -> Result<Known, LedgerError> {
        let id_key = Key::Id(eid).to_string();
        let hint_key = Key::Hint(eid).to_string();
        let mut foreign = false;
        let (id, hint) = match self.kv.kind {
            StoreKind::Sqlite | StoreKind::Dynamo => {
                // With them, where incrementing what is no counter would stop the host, the counter of slots.
                let counter = Key::Slots { shard: shard_of(eid, self.options.shards) }.to_string();
                let mut found = self.kv.get_many(vec![id_key.clone(), hint_key.clone(), counter.clone()]).await?;
                foreign = found.get(&counter).is_some_and(|bytes| self.kv.is_foreign(&counter, bytes));
                (found.remove(&id_key), found.remove(&hint_key))
            }
            StoreKind::Redis | StoreKind::Cosmos => match self.kv.get(&id_key).await? {
                Some(id) => (Some(id), None),
                None => (None, self.kv.get(&hint_key).await?),
            },
        };
        Ok(Known {
            foreign,
            id: id.map(|id| IdEntry::decode(&id_key, &id)).transpose()?,
            hint: hint.and_then(|hint| {
                let entry = IdEntry::decode(&hint_key, &hint).ok()?;
                entry.0.into_iter().next()
            }),
        })
    }

    /// Reads what is stored under a slot.
    pub(crate) async fn event<B: DeserializeOwned>(&self, shard: u8, n: u64) -> Result<Option<Event<B>>, LedgerError> {
        let key = Key::Event { shard, n }.to_string();
        let bytes = self.kv.get(&key).await?;
        bytes.map(|bytes| decode(&key, &bytes)).transpose()
    }
}

fn check<B>(draft: &Draft<B>) -> Result<(), LedgerError> {
    check_name("event id", &draft.eid)?;
    for person in &draft.people {
        check_name("person", &person.ph)?;
    }
    match is_fingerprint(&draft.fingerprint) {
        true => Ok(()),
        false => Err(LedgerError::BadName { what: "fingerprint" }),
    }
}
