//! One application with its surroundings, for one scenario.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use ringback_host::{FaultPlan, MovableClock, StoreCounts};
use tempfile::TempDir;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::backend::{Backend, Process, Start, manifest, spin, with_programme};
use crate::call::{Call, Caller, caller, caller_from};
use crate::receiver::{Receiver, Reply};
use crate::redis::{self, Redis};
use crate::variables;
use crate::vendors::{VENDORS, Vendor};
use crate::wait::settled;

/// Scenarios run side by side; those that measure time have the machine for themselves.
static MACHINE: RwLock<()> = RwLock::const_new(());

enum Turn {
    Shared { _guard: RwLockReadGuard<'static, ()> },
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

/// How a world differs from the usual one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Receivers refuse connections until they are opened.
    pub closed: bool,
    /// No other scenario runs at the same time.
    pub alone: bool,
    /// In a process of its own, so that it can be killed.
    pub process: bool,
    /// On a Redis server of its own.
    pub redis: bool,
    /// Another programme, made from the repository's.
    pub programme: Option<fn(String) -> String>,
    /// Another manifest, made from the repository's.
    pub application: Option<fn(String) -> String>,
    /// Channels lead to the receiver of their product, chat and mail included.
    pub products: bool,
    /// Largest size of the store's file, in bytes; only on the local host, and until [`World::make_room`].
    pub store_limit: Option<u64>,
    /// What stored values are encrypted under: the variable `storage_keys`.
    pub storage_keys: &'static str,
}

/// The application with receivers for everything it sends.
pub struct World {
    backend: Option<Backend>,
    caller: Caller,
    /// The chat's incoming webhook.
    pub chat: Receiver,
    /// The mail provider.
    pub mail: Receiver,
    /// The receiver of signed events.
    pub events: Receiver,
    /// A receiver for every kind of channel, by its name in the programme.
    vendors: Vec<(&'static Vendor, Receiver)>,
    faults: FaultPlan,
    clock: MovableClock,
    offset_s: i64,
    redis: Option<Redis>,
    manifest: PathBuf,
    products: bool,
    store_limit: Option<u64>,
    /// Variables beside those of every world, which go before them.
    own: BTreeMap<&'static str, String>,
    state: TempDir,
    _turn: Turn,
}

impl World {
    /// When time begins: the start of a minute, as the ledger's timers count in minutes.
    #[must_use]
    pub fn beginning() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_339_800, 0).expect("2026-11-22T09:30:00Z")
    }

    /// A world on whatever host is under test. Its clock must not be moved.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A world whose clock can be moved and whose store can fail; none on Spin, which has neither.
    pub async fn with_clock() -> Option<Self> {
        Self::with_clock_and(Options::default()).await
    }

    /// The same, with options.
    pub async fn with_clock_and(options: Options) -> Option<Self> {
        if spin().is_some() && !options.process {
            let scenario = std::thread::current().name().unwrap_or("a scenario").to_owned();
            eprintln!("{scenario}: left out on Spin, it needs a clock that can be moved or faults");
            return None;
        }
        Some(Self::with(options).await)
    }

    /// A world with options, on whatever host is under test.
    pub async fn with(options: Options) -> Self {
        let turn = match options.alone {
            true => Turn::Alone { _guard: MACHINE.write().await },
            false => Turn::Shared { _guard: MACHINE.read().await },
        };
        let state = TempDir::new().expect("a folder");
        let redis = match options.redis || redis::everywhere() {
            true => Some(Redis::start(state.path()).await),
            false => None,
        };
        let manifest = match (options.programme, options.application) {
            (None, None) => manifest(),
            (programme, application) => {
                let same: fn(String) -> String = |text| text;
                let (programme, application) = (programme.unwrap_or(same), application.unwrap_or(same));
                with_programme(&state.path().join("app"), programme, application)
            }
        };
        let mut world = Self {
            backend: None,
            caller: caller(),
            chat: Receiver::closed(Reply::status(200).body("ok")),
            mail: Receiver::closed(Reply::status(200).body(r#"{"id":"mail-1"}"#)),
            events: Receiver::closed(Reply::status(204)),
            vendors: VENDORS.iter().map(|vendor| (vendor, Receiver::closed(vendor.takes()))).collect(),
            faults: FaultPlan::new(),
            clock: MovableClock::at(system(Self::beginning())),
            offset_s: 0,
            redis,
            manifest,
            products: options.products,
            store_limit: options.store_limit,
            own: BTreeMap::from([("storage_keys", options.storage_keys.to_owned())]),
            state,
            _turn: turn,
        };
        if !options.closed {
            world.open_receivers();
        }
        world.run(options.process).await;
        world
    }

    async fn run(&mut self, process: bool) {
        let mut variables = variables::all(&self.chat, &self.mail, &self.events);
        if self.products {
            variables.extend(self.vendors.iter().flat_map(|(vendor, receiver)| vendor.variables(&receiver.origin())));
        }
        variables.retain(|(name, _)| !self.own.contains_key(name));
        variables.extend(self.own.clone());
        let state = self.state.path().join("state");
        let runtime_config = self.redis.as_ref().map(Redis::runtime_config);
        let (manifest, store_limit) = (&self.manifest, self.store_limit);
        let start = Start { state: &state, variables: &variables, manifest, runtime_config, store_limit };
        self.backend = Some(match (spin(), process) {
            (Some(program), _) => Backend::Process(Process::spin(&program, &start).await),
            (None, true) => Backend::Process(Process::host(&start, self.offset_s)),
            (None, false) => Backend::local(&start, &self.clock, &self.faults).await,
        });
    }

    /// Ends it as a power failure would, and starts it again on the same state.
    pub async fn crash_and_restart(&mut self) {
        let process = matches!(self.backend, Some(Backend::Process(_)));
        // Dropping a backend is killing it.
        self.backend = None;
        self.run(process).await;
    }

    /// SIGKILL to the process, while others still talk to it. It stays dead until it is started again.
    ///
    /// # Panics
    /// When the application runs in this process.
    pub fn kill(&self) {
        match self.backend() {
            Backend::Process(process) => process.kill(),
            Backend::Local(_) => panic!("only a process can be killed"),
        }
    }

    /// Starts it again on the same state, in a process, with its clock moved further. Spin's clock cannot be moved: false.
    pub async fn restart_later(&mut self, by: TimeDelta) -> bool {
        self.backend = None;
        self.offset_s += by.num_seconds();
        self.run(true).await;
        spin().is_none()
    }

    /// Starts it again on the same state, without a limit to its size.
    pub async fn make_room(&mut self) {
        self.store_limit = None;
        self.crash_and_restart().await;
    }

    /// Ends it as an operator would, and starts it again on the same state.
    pub async fn stop_and_restart(&mut self) {
        if let Some(Backend::Local(running)) = self.backend.take() {
            let _ = running.shutdown().await;
        }
        self.run(false).await;
    }

    /// Ends it as an operator would, and starts it again on the same state under other storage keys.
    pub async fn restart_under(&mut self, storage_keys: &str) {
        self.restart_with("storage_keys", storage_keys).await;
    }

    /// Ends it as an operator would, and starts it again on the same state with another value of a variable.
    pub async fn restart_with(&mut self, variable: &'static str, value: &str) {
        self.quiet().await;
        self.own.insert(variable, value.to_owned());
        self.stop_and_restart().await;
    }

    /// The bytes of the store: of every file that the database consists of. Empty where it is not in files of ours.
    #[must_use]
    pub fn stored_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in std::fs::read_dir(self.state.path().join("state")).into_iter().flatten().flatten() {
            bytes.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
        bytes
    }

    /// Which of some words stand in the store's files, once what was deleted is really gone (SQLite's `VACUUM`).
    ///
    /// # Panics
    /// When the file cannot be compacted.
    #[must_use]
    pub fn found_in_file<'w>(&self, words: &[&'w str]) -> Vec<&'w str> {
        let file = self.state.path().join("state/sqlite_key_value.db");
        let database = rusqlite::Connection::open(file).expect("the store's file");
        database.busy_timeout(Duration::from_secs(10)).expect("waits");
        database.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").expect("compacted");
        drop(database);
        let bytes = self.stored_bytes();
        let stands = |word: &&&str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
        words.iter().filter(stands).copied().collect()
    }

    /// Puts a value into the store's file, past the application: what a fault or another program leaves there.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn plant(&self, key: &str, value: &[u8]) {
        let file = self.state.path().join("state/sqlite_key_value.db");
        plant(&file, key, value);
    }

    /// The kind of store it runs on, as `GET /readyz` calls it.
    #[must_use]
    pub fn store(&self) -> &'static str {
        if self.redis.is_some() { "redis" } else { "sqlite" }
    }

    /// All receivers begin to listen.
    pub fn open_receivers(&self) {
        let vendors = self.vendors.iter().map(|(_, receiver)| receiver);
        for receiver in [&self.chat, &self.mail, &self.events].into_iter().chain(vendors) {
            receiver.open();
        }
    }

    /// The receiver that stands for a product.
    ///
    /// # Panics
    /// When there is no such product.
    #[must_use]
    pub fn vendor(&self, kind: &str) -> &Receiver {
        let found = self.vendors.iter().find(|(vendor, _)| vendor.kind == kind);
        found.map(|(_, receiver)| receiver).unwrap_or_else(|| panic!("no product {kind}"))
    }

    fn backend(&self) -> &Backend {
        self.backend.as_ref().expect("the application runs")
    }

    /// What time the application thinks it is.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        use ringback_host::Clock as _;
        match self.backend() {
            Backend::Local(_) => utc(self.clock.now()),
            Backend::Process(_) => utc(SystemTime::now()) + TimeDelta::seconds(self.offset_s),
        }
    }

    /// Waits until nothing is at work any more, wake-ups after an answer included, or what is hangs: what is measured
    /// then is alone, and what began earlier ends in its own time. Only the local host in this process can tell.
    pub async fn quiet(&self) {
        if let Backend::Local(running) = self.backend() {
            settled(|| running.is_idle(), || running.store_operations().reads()).await;
        }
    }

    /// Moves the clock and has due work done.
    pub async fn pass(&self, time: TimeDelta) {
        self.pass_asleep(time).await;
        self.tick().await;
    }

    /// Moves the clock without a tick.
    pub async fn pass_asleep(&self, time: TimeDelta) {
        self.set_clock(self.now() + time).await;
    }

    /// Moves the clock to that long after the beginning and has due work done.
    pub async fn at(&self, since_beginning: TimeDelta) {
        self.set_clock(Self::beginning() + since_beginning).await;
        self.tick().await;
    }

    /// Moves the clock without a tick, once it is quiet: an attempt under way would otherwise end hours after it began.
    /// Where there is no clock that can be moved, a few seconds are waited for.
    ///
    /// # Panics
    /// When more is asked for in a process: the scenario needs [`World::with_clock`].
    pub async fn set_clock(&self, to: DateTime<Utc>) {
        match self.backend() {
            Backend::Local(_) => {
                self.quiet().await;
                self.clock.set(system(to));
            }
            Backend::Process(_) => {
                let ahead = (to - self.now()).to_std().unwrap_or_default();
                assert!(ahead < Duration::from_secs(10), "the clock of a process cannot be moved");
                tokio::time::sleep(ahead).await;
            }
        }
    }

    /// Makes store operations and outbound requests fail.
    ///
    /// # Panics
    /// Elsewhere than on the local host in this process, where nothing would: the scenario needs [`World::with_clock`].
    #[must_use]
    pub fn faults(&self) -> &FaultPlan {
        assert!(matches!(self.backend(), Backend::Local(_)), "faults are made in this process only");
        &self.faults
    }

    /// Lets so much time pass that the ledger gives up waiting: for a tick that died with its lease (45 s), and for an
    /// answer that was announced and never written (30 s). A clock where there is one, patience on Spin.
    pub async fn outlive_the_dead(&mut self) {
        match self.backend() {
            Backend::Local(_) => {
                self.pass_asleep(TimeDelta::minutes(2)).await;
                // A number of the log that somebody had taken when they died is given up half a minute after the next one
                // was written: here time stands still unless it is moved.
                self.tick().await;
                self.pass_asleep(TimeDelta::minutes(1)).await;
            }
            Backend::Process(_) if spin().is_some() => tokio::time::sleep(Duration::from_secs(80)).await,
            Backend::Process(_) => {
                self.restart_later(TimeDelta::minutes(2)).await;
            }
        }
    }

    /// Everything the components and the host have written.
    #[must_use]
    pub fn log(&self) -> String {
        self.backend().log()
    }

    /// Store operations so far; only on the local host in this process.
    ///
    /// # Panics
    /// Elsewhere.
    #[must_use]
    pub fn store_operations(&self) -> StoreCounts {
        match self.backend() {
            Backend::Local(running) => running.store_operations(),
            Backend::Process(_) => panic!("operations are counted in this process only"),
        }
    }

    /// Where the application is, `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        self.backend().url()
    }

    /// A client that connects from an address of its own: 127.0.0.`last`.
    #[must_use]
    pub fn client(&self, last: u8) -> Client {
        Client { caller: caller_from(std::net::Ipv4Addr::new(127, 0, 0, last).into()), url: self.url() }
    }

    /// Any method on a path.
    #[must_use]
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.caller.clone(), method, format!("{}{path}", self.backend().url()))
    }
}

/// Whatever a scenario was about: nothing of what it wrote down is a secret, or somebody's.
impl Drop for World {
    fn drop(&mut self) {
        if let (Some(backend), false) = (&self.backend, std::thread::panicking()) {
            let log = backend.log();
            if let Some(leak) = variables::leaked(&log) {
                let line = log.lines().find(|line| line.contains(leak)).unwrap_or_default();
                panic!("the log holds {leak}: {line}");
            }
        }
    }
}

/// Somebody with a client address of their own.
#[derive(Clone)]
pub struct Client {
    caller: Caller,
    url: String,
}

impl Client {
    /// Any method on a path.
    #[must_use]
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.caller.clone(), method, format!("{}{path}", self.url))
    }
}

/// A programme with other texts in it, each of which must be there.
///
/// # Panics
/// When one is not.
#[must_use]
pub fn instead(programme: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(programme.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in ringback.toml");
        text.replacen(from, to, 1)
    })
}

fn plant(file: &Path, key: &str, value: &[u8]) {
    let database = rusqlite::Connection::open(file).expect("the store's file");
    database.busy_timeout(Duration::from_secs(10)).expect("waits");
    let put = "INSERT INTO spin_key_value (store, key, value) VALUES ('default', ?1, ?2)
        ON CONFLICT(store, key) DO UPDATE SET value=?2";
    let _ = database.execute(put, rusqlite::params![key, value]).expect("written");
}

fn system(at: DateTime<Utc>) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at.timestamp_millis().unsigned_abs())
}

fn utc(at: SystemTime) -> DateTime<Utc> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(since.as_millis().try_into().unwrap_or(i64::MAX))
}
