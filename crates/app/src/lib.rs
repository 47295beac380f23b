//! The use cases of Ringback, over ports: what is done with a request, a timer or a delivery, and in which order.
//!
//! The rules are `ringback-core`'s, durability is `ringback-ledger`'s, the platform is `ringback-edge`'s. Requests and
//! answers are plain `http` values with their bodies in memory; nothing here knows Spin.

pub mod access;
mod advocacy;
mod assignment;
mod case;
mod charts;
pub mod config;
mod consent;
mod dead_letters;
pub mod deliver;
pub mod desk;
mod digest;
pub mod dossier;
mod erasure;
mod fields;
pub mod follow_up;
mod housekeeping;
mod identity;
mod improvements;
pub mod insights;
mod intake;
pub mod letters;
mod metrics;
mod ports;
pub mod preferences;
pub mod problem;
mod readiness;
pub mod secrets;
pub mod signature;
mod storage_keys;
mod stored;
mod tick;
mod time;
mod view;
mod web;
pub mod widget;

pub use case::Worked;
pub use identity::{Namer, WeakPepper};
pub use intake::{MAX_BODY, Taken, too_large};
pub use ports::{ChannelTrials, ConsentGate, GateError, Log, Outbound, OutboundError};
pub use storage_keys::{BadStorageKeys, storage_keys};
pub use stored::register;
pub use time::{from_unix, unix};

use config::Config;
use dossier::Dossier;
use follow_up::FollowUp;
use letters::Letters;
use problem::Problem;
use ringback_core::id::SourceId;
use ringback_ledger::{Clock, Entropy, Ledger, LedgerError, Record, Store};
use secrets::Secrets;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The ledger of this application.
pub type Book<S, C, E> = Ledger<S, C, E, FollowUp>;

/// Everything a use case needs, made once per instance.
pub struct App<S, C, E> {
    /// The programme.
    pub config: Rc<Config>,
    /// Values of the Spin variables that the programme names.
    pub secrets: Secrets,
    /// Where everything durable is.
    pub ledger: Book<S, C, E>,
    clock: C,
    entropy: E,
    namer: Namer,
    follow_up: FollowUp,
    log: Log,
    /// Certificates of notifications, by their addresses, as they were fetched (PEM).
    certificates: RefCell<Vec<(String, Vec<u8>)>>,
    /// How what messages to customers say is read; set where they are written.
    writer: OnceCell<Box<ReadLetters>>,
    /// What they say, once it was asked for.
    letters: OnceCell<Letters>,
    /// How to find out whose a token of the identity provider is.
    ask_provider: OnceCell<Box<access::AskProvider>>,
    /// When an event of a source was last refused here.
    refused: RefCell<BTreeMap<SourceId, u64>>,
}

/// Reads what messages to customers say.
type ReadLetters = dyn Fn(&Config) -> Result<Letters, String>;

/// What an application is made of.
pub struct Parts<C, E> {
    /// The programme.
    pub config: Rc<Config>,
    /// Values of the Spin variables.
    pub secrets: Secrets,
    /// What time it is.
    pub clock: C,
    /// Where randomness comes from.
    pub entropy: E,
    /// Where a line for the operator goes.
    pub log: Log,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When the pepper is missing or too short.
    pub fn new(parts: Parts<C, E>, follow_up: FollowUp, ledger: Book<S, C, E>) -> Result<Self, WeakPepper> {
        let Parts { config, secrets, clock, entropy, log } = parts;
        let namer = Namer::new(&secrets)?;
        Ok(Self {
            config,
            secrets,
            ledger,
            clock,
            entropy,
            namer,
            follow_up,
            log,
            certificates: RefCell::default(),
            writer: OnceCell::new(),
            letters: OnceCell::new(),
            ask_provider: OnceCell::new(),
            refused: RefCell::default(),
        })
    }

    /// Takes how to read what messages to customers say: done when the first is written, as most of what is sent is no
    /// message. Without it none is sent.
    pub fn write_letters_by(&self, read: impl Fn(&Config) -> Result<Letters, String> + 'static) {
        // A second one reads the same.
        let _ = self.writer.set(Box::new(read));
    }

    /// What messages to customers say; none when it cannot be read, which the log explains.
    fn letters(&self) -> Option<&Letters> {
        if self.letters.get().is_none() {
            match self.writer.get().map(|read| read(&self.config)) {
                Some(Ok(letters)) => drop(self.letters.set(letters)),
                Some(Err(why)) => self.log(&format!("cannot write to customers: {why}")),
                None => self.log("cannot write to customers: nothing says how"),
            }
        }
        self.letters.get()
    }

    /// Writes a line for the operator. It must carry no personal data and no secret.
    fn log(&self, line: &str) {
        (self.log)(line);
    }

    /// The record of an answer; none for what is no name of ours, too.
    async fn record_of(&self, answer: &str) -> Result<Option<Record<Dossier>>, Problem> {
        match self.ledger.read(answer).await {
            Err(LedgerError::BadName { .. }) => Ok(None),
            read => read.map_err(|error| self.store_failed(&error)),
        }
    }

    /// Records for a list: those that can be read, and the ids of those that cannot, which go to the log.
    async fn records_of(&self, answers: &[&str]) -> Result<(Vec<Record<Dossier>>, Vec<String>), Problem> {
        let (records, damaged) = self.ledger.read_each(answers).await.map_err(|error| self.store_failed(&error))?;
        for id in &damaged {
            self.log(&format!("ledger: {id} is listed and cannot be read"));
        }
        Ok((records, damaged))
    }

    /// The answer when the ledger failed: the details go to the log.
    fn store_failed(&self, error: &LedgerError) -> Problem {
        self.log(&format!("ledger: {error}"));
        Problem::unavailable()
    }

    /// A name nobody else has.
    fn unique(&self) -> String {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        data_encoding::HEXLOWER.encode(&bytes)
    }
}
