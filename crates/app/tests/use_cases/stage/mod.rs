//! The application on a store in memory, as all tests of the use cases set it up: the shipped programme, one token for
//! each role, which is the role's name, and a clock that is moved by hand. What they do with it is theirs.

pub mod trials;
pub mod yes;

use futures::executor::block_on;
use ringback_app::config::Config;
use ringback_app::follow_up::FollowUp;
use ringback_app::secrets::Secrets;
use ringback_app::{App, Log, Namer, Parts, storage_keys};
use ringback_ledger::{Ledger, Options, StoreKind};
use ringback_test_support::{ManualClock, MemoryStore, SeededEntropy};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::rc::Rc;

/// When it begins: 2026-11-22T09:30:00Z, a Sunday.
pub const START: u64 = 1_795_339_800;

pub type Application = App<MemoryStore, ManualClock, SeededEntropy>;

/// What can be otherwise.
pub struct Setting<'a> {
    pub kind: StoreKind,
    pub programme: &'a str,
    /// Variables beside the pepper and the tokens.
    pub variables: &'a [(&'a str, &'a str)],
    pub log: Log,
    /// Another store than a new one.
    pub store: Option<MemoryStore>,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        let programme = include_str!("../../../../../ringback.toml");
        Self { kind: StoreKind::Sqlite, programme, variables: &[], log: |_| {}, store: None }
    }
}

/// The application, with what time and storage are to it.
pub struct Stage {
    pub app: Application,
    pub clock: ManualClock,
    pub store: MemoryStore,
}

/// The files beside the shipped programme.
pub fn beside(name: &str) -> Result<String, String> {
    match name {
        "holidays.ics" => Ok(include_str!("../../../../../holidays.ics").to_owned()),
        "messages.toml" => Ok(include_str!("../../../../../messages.toml").to_owned()),
        other => Err(format!("no file {other}")),
    }
}

pub fn open(setting: &Setting<'_>) -> Stage {
    try_open(setting).expect("opens")
}

/// The same; why not, as the log says it.
pub fn try_open(setting: &Setting<'_>) -> Result<Stage, String> {
    let config = Rc::new(Config::parse(setting.programme, &beside).expect("a programme"));
    let mut values = BTreeMap::from([("pepper".to_owned(), "p".repeat(32))]);
    values.extend(setting.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    for role in ["intake", "agent", "lead", "executive", "admin"] {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(role.as_bytes()));
        values.insert(format!("{role}_token_sha256"), hash);
    }
    let secrets = Secrets::new(values);
    let store = setting.store.clone().unwrap_or_else(|| MemoryStore::new(setting.kind));
    let clock = ManualClock::at(START);
    let namer = Namer::new(&secrets).expect("a pepper");
    let storage_keys = storage_keys(&secrets).map_err(|error| error.to_string())?;
    let options = Options { storage_keys, ..config.ledger_options(&namer) };
    let follow_up = FollowUp::new(Rc::clone(&config), namer);
    // Whoever opens a store again must not draw what was drawn before.
    let entropy = SeededEntropy::new(7 + store.keys().len() as u64);
    let ledger = Ledger::open(store.clone(), clock.clone(), entropy, follow_up.clone(), options);
    let ledger = block_on(ledger).map_err(|error| error.to_string())?;
    let parts = Parts { config, secrets, clock: clock.clone(), entropy: SeededEntropy::new(8), log: setting.log };
    Ok(Stage { app: App::new(parts, follow_up, ledger).expect("an application"), clock, store })
}
