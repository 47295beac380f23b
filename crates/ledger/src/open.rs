//! Start-up: which store is this, is the ledger installed, and if not, install it exactly once.
//!
//! One cell, the counter `o`, answers all of it by one read. It starts as a counter because only
//! the form of a counter tells the stores apart, and because `increment(o, 0)` creates it without
//! harm at any time, however late. It is then decided once, by compare-and-swap on the existing
//! key, which is exact on every store (a swap on an *absent* key is not: SQLite lets two creators
//! win). The decision names the generation of roots that is valid; whoever wants to install has
//! written roots of its own generation before. Losers' roots are never read. So there is no
//! creator that others must wait for, and none that could come back late and overwrite.
//!
//! On SQLite the decided value keeps the form of a counter (`generation << 8 | shards`), because
//! an increment on another form stops the host. Elsewhere it is the text `kind.shards.generation`.
//! Cosmos can neither read nor swap counters; there `od` is created by a swap on the absent key,
//! which Cosmos does correctly.
//!
//! Where values are encrypted the decision names the key ring, too (see `vault`): on SQLite above the generation, elsewhere
//! as a fourth part of the text. It is added once, by a swap of the decided cell, and never taken away.

use crate::key::Key;
use crate::mutation::Mutations;
use crate::port::{Clock, Entropy, Store, StoreError, StoreKind, SwapError};
use crate::program::Program;
use crate::record::{LedgerError, OpenError};
use crate::store::{Kv, decode_counter};
use crate::stored::{Root, encode};
use crate::vault::Vault;
use crate::{Ledger, Options, founding, unique};
use std::rc::Rc;

/// Generations are numbers below this, so that with the shards they fit a counter.
const GENERATIONS: u64 = 1 << 40;
/// Numbers of key ring on SQLite are below this.
const RINGS: u64 = 1 << 15;
/// Attempts at the decision before giving up.
const ATTEMPTS: usize = 10;
/// Swaps that tell Redis from DynamoDB.
const ROUNDS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decision {
    shards: u8,
    generation: u64,
    /// The key ring; 0: values are not encrypted.
    ring: u64,
}

enum Cell {
    Absent,
    Undecided(Option<StoreKind>),
    Decided(StoreKind, Decision),
}

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Opens the ledger: 2 reads, 3 where values are encrypted, and at the very first start the installation.
    ///
    /// # Errors
    /// When the store fails, is not what `options` say, or is encrypted under a key that is not among them; when a newer
    /// version has written it, or under other names.
    pub async fn open(store: S, clock: C, entropy: E, program: P, mut options: Options) -> Result<Self, OpenError> {
        if !(1..=64).contains(&options.shards) {
            return Err(OpenError::Options("shards must be 1 to 64"));
        }
        let (kind, decision) = locate(&store, &clock, &entropy, &options).await?;
        if let Some(configured) = options.kind.filter(|configured| *configured != kind) {
            return Err(OpenError::Kind { installed: kind.name(), configured: configured.name() });
        }
        if decision.shards != options.shards {
            return Err(OpenError::Shards { installed: decision.shards, configured: options.shards });
        }
        let entropy = Rc::new(entropy);
        let vault = Vault::new(std::mem::take(&mut options.storage_keys), Rc::clone(&entropy));
        let mut kv = Kv { store, kind, vault, mutations: Mutations::default() };
        let ring = match decision.ring {
            0 if kv.vault.wanted() => begin_encryption(&kv, &*entropy).await?,
            ring => ring,
        };
        kv.unlock(ring).await?;
        founding::check(&kv, decision.generation, &options).await?;
        Ok(Self { kv, clock, entropy, program, options, generation: decision.generation })
    }
}

async fn locate(
    store: &impl Store,
    clock: &impl Clock,
    entropy: &impl Entropy,
    options: &Options,
) -> Result<(StoreKind, Decision), OpenError> {
    for _ in 0..ATTEMPTS {
        let kind = match read_cell(store, options).await? {
            Cell::Decided(kind, decision) => return Ok((kind, decision)),
            Cell::Absent => {
                // Losing a race against the decision is an error on Redis; the next round tells.
                let created = store.increment(&Key::Origin.to_string(), 0).await;
                if let Err(StoreError::Full) = created {
                    return Err(failed(StoreError::Full).into());
                }
                continue;
            }
            Cell::Undecided(Some(kind)) => kind,
            Cell::Undecided(None) => match swaps_like(store, entropy).await? {
                Some(kind) => kind,
                None => continue,
            },
        };
        if kind == StoreKind::Sqlite && options.shards > 1 {
            return Err(OpenError::SqliteShards { configured: options.shards });
        }
        install(store, clock, entropy, options, kind).await?;
    }
    Err(OpenError::Unknown("the origin could not be decided".to_owned()))
}

/// Reads the cell, by one read where counters can be read.
async fn read_cell(store: &impl Store, options: &Options) -> Result<Cell, OpenError> {
    let origin = Key::Origin.to_string();
    let bytes = match store.get(&origin).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Cell::Absent),
        Err(error) => {
            // Either Cosmos, where a counter cannot be read but incremented, or a failure.
            if options.kind.is_some_and(|kind| kind != StoreKind::Cosmos)
                || store.increment(&origin, 0).await.is_err()
                || store.get(&origin).await.is_ok()
                || store.get(&origin).await.is_ok()
            {
                return Err(failed(error).into());
            }
            let decided = read_decision(store).await?;
            return Ok(match decided {
                Some((kind, decision)) => Cell::Decided(kind, decision),
                None => Cell::Undecided(Some(StoreKind::Cosmos)),
            });
        }
    };
    recognise(&bytes, options.kind)
        .ok_or_else(|| OpenError::Unknown(format!("key {origin} holds {} bytes of another form", bytes.len())))
}

fn recognise(bytes: &[u8], configured: Option<StoreKind>) -> Option<Cell> {
    if bytes == b"0" {
        return Some(Cell::Undecided(configured));
    }
    if let Some((kind, decision)) = parse_decision(bytes) {
        return Some(Cell::Decided(kind, decision));
    }
    let value = decode_counter(StoreKind::Sqlite, "", bytes).ok()?;
    let generation = (value >> 8) & (GENERATIONS - 1);
    let decision = Decision { shards: (value & 0xff) as u8, generation, ring: value >> 48 };
    Some(match value {
        0 => Cell::Undecided(Some(StoreKind::Sqlite)),
        _ => Cell::Decided(StoreKind::Sqlite, decision),
    })
}

fn parse_decision(bytes: &[u8]) -> Option<(StoreKind, Decision)> {
    let mut parts = std::str::from_utf8(bytes).ok()?.splitn(4, '.');
    let kind = StoreKind::from_name(parts.next()?)?;
    let shards = parts.next()?.parse().ok()?;
    let generation = u64::from_str_radix(parts.next()?, 16).ok()?;
    let ring = parts.next().map_or(Ok(0), |ring| u64::from_str_radix(ring, 16)).ok()?;
    Some((kind, Decision { shards, generation, ring }))
}

/// Where a decision stands, and its form there.
fn decided(kind: StoreKind, decision: Decision) -> (Key<'static>, Vec<u8>) {
    let Decision { shards, generation, ring } = decision;
    let suffix = if ring == 0 { String::new() } else { format!(".{ring:x}") };
    let text = format!("{}.{shards}.{generation:x}{suffix}", kind.name());
    match kind {
        StoreKind::Sqlite => {
            let value = ring << 48 | generation << 8 | u64::from(shards);
            (Key::Origin, value.to_le_bytes().to_vec())
        }
        StoreKind::Redis | StoreKind::Dynamo => (Key::Origin, text.into_bytes()),
        StoreKind::Cosmos => (Key::Decision, text.into_bytes()),
    }
}

async fn read_decision(store: &impl Store) -> Result<Option<(StoreKind, Decision)>, OpenError> {
    let key = Key::Decision.to_string();
    let keys = [key.clone()];
    let found = store.get_many(&keys).await.map_err(failed)?;
    let Some((_, bytes)) = found.into_iter().next() else {
        return Ok(None);
    };
    match parse_decision(&bytes) {
        Some(decided) => Ok(Some(decided)),
        None => Err(OpenError::Unknown(format!("key {key} holds another form"))),
    }
}

/// Both count in ASCII; only Redis reports the failure of swaps that it applied.
async fn swaps_like(store: &impl Store, entropy: &impl Entropy) -> Result<Option<StoreKind>, OpenError> {
    let name = unique(entropy);
    let key = Key::Scratch(&name).to_string();
    let mut kind = Some(StoreKind::Redis);
    for round in 0..ROUNDS {
        let value = format!("{name}.{round}");
        store.set(&key, b"scratch").await.map_err(failed)?;
        let (cas, _) = store.cas_read(&key).await.map_err(failed)?;
        if store.swap(cas, value.as_bytes()).await.is_ok() {
            kind = Some(StoreKind::Dynamo);
            break;
        }
        let now = store.get(&key).await.map_err(failed)?;
        if now.as_deref() != Some(value.as_bytes()) {
            kind = None;
            break;
        }
    }
    // Best effort: a scratch key that stays harms nobody.
    let _ = store.delete_many(&[key]).await;
    Ok(kind)
}

async fn install(
    store: &impl Store,
    clock: &impl Clock,
    entropy: &impl Entropy,
    options: &Options,
    kind: StoreKind,
) -> Result<(), OpenError> {
    let shards = options.shards;
    let mut random = [0; 8];
    entropy.fill(&mut random);
    let generation = u64::from_le_bytes(random) % (GENERATIONS - 1) + 1;
    let mut root = Root::genesis(clock.now() / 60);
    root.found(options);
    for shard in 0..shards {
        let key = Key::Root { shard, generation }.to_string();
        let value = encode(&key, &root)?;
        store.set(&key, &value).await.map_err(failed)?;
    }
    let (key, value) = decided(kind, Decision { shards, generation, ring: 0 });
    let (cas, current) = store.cas_read(&key.to_string()).await.map_err(failed)?;
    let undecided = match kind {
        StoreKind::Sqlite => current == Some(vec![0; 8]),
        StoreKind::Redis | StoreKind::Dynamo => current.as_deref() == Some(b"0"),
        StoreKind::Cosmos => current.is_none(),
    };
    if !undecided {
        return Ok(());
    }
    match store.swap(cas, &value).await {
        Err(SwapError::Store(StoreError::Full)) => Err(failed(StoreError::Full).into()),
        // Won, lost or unknown: the caller reads the cell again.
        _ => Ok(()),
    }
}

/// Makes a key ring and has the decided cell name it, once for all: whoever comes second takes the first one's. Nobody
/// encrypts anything before the cell names a ring.
async fn begin_encryption<S: Store, E: Entropy>(kv: &Kv<S, E>, entropy: &E) -> Result<u64, OpenError> {
    let mine = ring_number(kv, entropy).await?;
    kv.make_ring(mine).await?;
    let (cell, _) = decided(kv.kind, Decision { shards: 0, generation: 0, ring: 0 });
    for _ in 0..ATTEMPTS {
        let (cas, current) = kv.store.cas_read(&cell.to_string()).await.map_err(failed)?;
        // On Cosmos a read may miss what is there.
        let Some(Cell::Decided(_, decision)) = current.and_then(|bytes| recognise(&bytes, None)) else { continue };
        if decision.ring != 0 {
            if decision.ring != mine {
                // Best effort: a ring that nothing names harms nobody.
                let _ = kv.delete_many(&[Key::Ring(mine).to_string()]).await;
            }
            return Ok(decision.ring);
        }
        let (_, value) = decided(kv.kind, Decision { ring: mine, ..decision });
        if let Err(SwapError::Store(StoreError::Full)) = kv.store.swap(cas, &value).await {
            return Err(failed(StoreError::Full).into());
        }
    }
    Err(OpenError::Unknown("the origin did not take the key ring".to_owned()))
}

/// A number that no other ring has: on SQLite a small one, as it must fit the cell beside the rest.
async fn ring_number<S: Store, E: Entropy>(kv: &Kv<S, E>, entropy: &E) -> Result<u64, OpenError> {
    if kv.kind != StoreKind::Sqlite {
        let mut random = [0; 8];
        entropy.fill(&mut random);
        return Ok(u64::from_le_bytes(random) >> 1 | 1);
    }
    let rings = Key::Rings.to_string();
    // Looked at first: incrementing what is no counter stops the host.
    kv.counter(&rings).await?;
    match kv.increment(&rings, 1).await? {
        number if number < RINGS => Ok(number),
        _ => Err(OpenError::Unknown(format!("key {rings} has run out of numbers"))),
    }
}

fn failed(source: StoreError) -> LedgerError {
    LedgerError::Store { key: Key::Origin.to_string(), source }
}
