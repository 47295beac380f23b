//! The feedback programme as `ringback.toml` describes it, checked.
//!
//! Parsing and checking only: reading the file is the edge's, and secrets never stand in it. What refers to something
//! that does not exist is refused with line, column and reason, so that nothing is found out at run time.

mod calendars;
mod cases;
mod channels;
mod deadlines;
mod holidays;
mod keeping;
mod kinds;
mod letters;
mod mapping;
mod messages;
mod provider;
mod queues;
mod read;
mod routes;
mod rules;
mod sites;
mod sources;
mod surveys;
mod table;
mod targets;
mod tokens;

pub use cases::{CaseWork, FollowUpSurvey, Goodwill};
pub use keeping::Retention;
pub use kinds::{KINDS, Kind, split_mailbox};
pub use mapping::{AccountMapping, ConsentMapping, IdentityMapping, Mapping};
pub use provider::IdentityProvider;
pub use read::ROLES;
pub use sites::{Ask, Sites};
pub(crate) use surveys::country_code;
pub use targets::Target;
pub use tokens::TOKENS_VARIABLE;

use crate::widget::Proxy;
use ringback_core::calendar::Calendar;
use ringback_core::deadline::Policy;
use ringback_core::id::{CalendarId, ChannelId, PolicyId, QueueId, RouteId, SourceId, SurveyId};
use ringback_core::message::MessageKind;
use ringback_core::queue::Queue;
use ringback_core::route::Route;
use ringback_core::rule::Rule;
use ringback_core::survey::Survey;
use std::collections::BTreeMap;

/// A programme that is whole and consistent.
#[derive(Debug, Clone)]
pub struct Config {
    /// The company's name, shown in messages.
    pub name: String,
    /// Where links in messages lead, without a slash at the end.
    pub public_url: String,
    /// Country of feedback that names none (ISO 3166 alpha-2).
    pub default_country: Option<String>,
    /// Language of feedback that names none (BCP 47).
    pub default_locale: String,
    /// Whether whoever answers gets the link to their answer at once. Off unless the programme says so: a screen that is
    /// passed on would show the next person what the one before has written.
    pub link_after_answer: bool,
    /// Surveys by id.
    pub surveys: BTreeMap<SurveyId, Survey>,
    /// Webhook sources by id.
    pub sources: BTreeMap<SourceId, Source>,
    /// Rules, in order.
    pub rules: Vec<Rule>,
    /// Calendars of business time by id.
    pub calendars: BTreeMap<CalendarId, Calendar>,
    /// Deadline policies by id.
    pub policies: BTreeMap<PolicyId, Policy>,
    /// Queues that give their cases to their members, by id.
    pub queues: BTreeMap<QueueId, Queue>,
    /// What teams are to attain, by queue.
    pub targets: BTreeMap<QueueId, Target>,
    /// What a customer of a tier is worth; of another one: 1.
    pub tiers: BTreeMap<String, u32>,
    /// Routes by id.
    pub routes: BTreeMap<RouteId, Route>,
    /// Channels by id.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// Who is told when a channel fails for good.
    pub trouble: Option<RouteId>,
    /// How customers are written to.
    pub messages: Messages,
    /// The terms under which people work cases.
    pub cases: CaseWork,
    /// Into how many logs answers are spread; fixed at the first start, 1 on SQLite.
    pub shards: u8,
    /// For how long answers are kept.
    pub retention: Retention,
    /// Access tokens.
    pub access: Vec<AccessToken>,
    /// Entries of the variable that lists further ones that are none, and what is wrong with them.
    pub token_faults: Vec<String>,
    /// Whose tokens are taken beside them.
    pub provider: Option<IdentityProvider>,
    /// The header in which a trusted proxy names the client.
    pub proxy: Option<Proxy>,
    /// The first 16 hex digits of the file's SHA-256: what a case remembers.
    pub hash: String,
}

/// Where events of a survey platform come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The source's name.
    pub id: SourceId,
    /// The shape of its events.
    pub kind: SourceKind,
    /// The Spin variable with its signing secrets (`whsec_…`, several separated by spaces while they are rotated).
    pub secret_variable: String,
    /// What its surveys' fields mean.
    pub mappings: Vec<Mapping>,
}

/// The shape of a source's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Formbricks' response pipeline.
    Formbricks,
    /// Any JSON, signed per Standard Webhooks.
    Signed,
}

/// One destination of alerts or messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The channel's name.
    pub id: ChannelId,
    /// Which product it is.
    pub kind: Kind,
    /// What the programme says about it: names of variables (keys that end in `_variable`), and texts.
    pub settings: Vec<(&'static str, String)>,
    /// Receivers of mail; empty for a channel that writes to customers, and for what is no mail.
    pub to: Vec<String>,
    /// Whether its address may be a private one.
    pub allow_private: bool,
    /// How many messages a minute it is sent at most; what its vendor takes when absent.
    pub per_minute: Option<u32>,
    /// Who reads what arrives there: an alert shows no more than this role may read.
    pub audience: Role,
    /// How alerts are grouped into one message; each is one of its own when absent.
    pub group: Option<Grouping>,
}

/// How customers are written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Messages {
    /// The channel that messages leave through; none: none are sent.
    pub channel: Option<ChannelId>,
    /// How long after a message that was sent nobody is written to on the company's own account, in seconds.
    pub quarantine_s: u64,
    /// What is sent at once to whose case goes to automation because nobody has room.
    pub automation: Option<MessageKind>,
    /// Whether a consent by an address that a stranger typed has to be confirmed by a link that is sent there.
    pub double_opt_in: bool,
    /// Which survey follows which.
    pub sequences: Vec<Sequence>,
}

/// After an answer to one survey, another is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// The survey that was answered.
    pub from: SurveyId,
    /// How long after the answer, in seconds.
    pub after_s: u32,
    /// The survey that is asked.
    pub ask: SurveyId,
    /// How long after the invitation whoever has not answered is reminded, in seconds.
    pub remind_s: Option<u32>,
}

/// How alerts to a channel are grouped into one message. A critical alert never waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// What the alerts of a group have in common: names of labels.
    pub by: Vec<String>,
    /// How long the first waits for others, in seconds.
    pub wait_s: u32,
    /// How long after a group's message the next one may follow, in seconds.
    pub interval_s: u32,
    /// How long after an alert of a case that nobody has taken it is repeated, in seconds; 0: not at all.
    pub repeat_s: u32,
    /// How many alerts within an interval go out on their own before grouping begins.
    pub alone: u8,
}

impl Channel {
    /// A setting by its key.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    /// What its pace is counted for: channels that lead to one address, or are one account's, share its vendor's rate.
    #[must_use]
    pub fn destination(&self) -> &str {
        let shared = ["url_variable", "key_variable"].into_iter().find_map(|key| self.setting(key));
        shared.unwrap_or(self.id.as_str())
    }

    /// The Spin variables that it reads.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().filter(|(key, _)| key.ends_with("_variable")).map(|(_, name)| name.as_str())
    }
}

/// Who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Writes feedback, reads nothing.
    Intake,
    /// Works cases.
    Agent,
    /// Works cases and leads those who do.
    Lead,
    /// Reads figures.
    Executive,
    /// A program that ticks and watches: sees how the application does, and nothing of anybody.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// Its name, as the programme writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        read::ROLES.iter().find(|(_, role)| *role == self).map(|(name, _)| *name).unwrap_or_default()
    }
}

/// A bearer token that is let in.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token's name: the "who" of a case's history.
    pub id: String,
    /// What it may do.
    pub role: Role,
    /// Variable with the SHA-256 (hex) of the token; an empty one switches the token off.
    pub token_sha256_variable: String,
}

/// Reads a file that the programme names, which lies beside it; the error says why it could not.
pub type Beside<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {message}", file.as_deref().unwrap_or("ringback.toml"))]
pub struct ConfigError {
    /// The file, when it is one beside `ringback.toml`.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong and, where that helps, what would be right.
    pub message: String,
}

impl Config {
    /// Parses and checks a programme; `beside` reads the files that it names.
    ///
    /// # Errors
    /// On the first thing that is wrong, with its place in the text.
    pub fn parse(text: &str, beside: Beside<'_>) -> Result<Self, ConfigError> {
        read::programme(text, beside)
    }

    /// The Spin variables that this programme reads, sorted, each once.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = vec![PEPPER_VARIABLE, STORAGE_KEYS_VARIABLE, TOKENS_VARIABLE];
        names.extend(self.access.iter().map(|t| t.token_sha256_variable.as_str()));
        names.extend(self.sources.values().map(|s| s.secret_variable.as_str()));
        names.extend(self.channels.values().flat_map(Channel::variables));
        names.extend(self.provider.iter().map(|provider| provider.origin_variable.as_str()));
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The Spin variable that keys every hash which stands for a person or a response.
pub const PEPPER_VARIABLE: &str = "pepper";

/// The Spin variable with the keys that stored values are encrypted under.
pub const STORAGE_KEYS_VARIABLE: &str = "storage_keys";

#[cfg(test)]
pub(crate) mod tests;
