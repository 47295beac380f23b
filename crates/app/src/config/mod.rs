//! The feedback programme as `ringback.toml` describes it, checked.
//!
//! Parsing and checking only: reading the file is the edge's, and secrets never stand in it. What refers to something
//! that does not exist is refused with line, column and reason, so that nothing is found out at run time.

mod calendars;
mod cases;
mod channels;
mod deadlines;
mod holidays;
mod mapping;
mod queues;
mod read;
mod rules;
mod sites;
mod sources;
mod surveys;
mod table;

pub use cases::{CaseWork, Goodwill};
pub use mapping::{ConsentMapping, IdentityMapping, Mapping};
pub use sites::{Ask, Sites};

use ringback_core::calendar::Calendar;
use ringback_core::deadline::Policy;
use ringback_core::id::{CalendarId, ChannelId, PolicyId, QueueId, RouteId, SourceId, SurveyId};
use ringback_core::queue::Queue;
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
    /// What a customer of a tier is worth; of another one: 1.
    pub tiers: BTreeMap<String, u32>,
    /// The channels of each route.
    pub routes: BTreeMap<RouteId, Vec<ChannelId>>,
    /// Channels by id.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// The channel that messages to customers leave through.
    pub customer_channel: Option<ChannelId>,
    /// The terms under which people work cases.
    pub cases: CaseWork,
    /// Access tokens.
    pub access: Vec<AccessToken>,
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
    /// What it is.
    pub kind: ChannelKind,
}

/// What a channel is, and which variables say where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// A Slack-compatible incoming webhook.
    Slack {
        /// Variable with the webhook's address, which is a secret.
        url_variable: String,
    },
    /// E-mail through Resend.
    Resend {
        /// Variable with the API key.
        key_variable: String,
        /// Variable with the API's origin.
        origin_variable: String,
        /// Sender.
        from: String,
        /// Receivers of alerts; empty for a channel that writes to customers.
        to: Vec<String>,
    },
    /// A webhook that takes CloudEvents, signed per Standard Webhooks.
    Webhook {
        /// Variable with the address.
        url_variable: String,
        /// Variable with the signing secret (`whsec_…`).
        secret_variable: String,
    },
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
    /// Everything.
    Admin,
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
#[error("ringback.toml:{line}:{column}: {message}")]
pub struct ConfigError {
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
        let mut names: Vec<&str> = vec![PEPPER_VARIABLE];
        names.extend(self.access.iter().map(|t| t.token_sha256_variable.as_str()));
        names.extend(self.sources.values().map(|s| s.secret_variable.as_str()));
        for channel in self.channels.values() {
            match &channel.kind {
                ChannelKind::Slack { url_variable } => names.push(url_variable),
                ChannelKind::Resend { key_variable, origin_variable, .. } => {
                    names.extend([key_variable.as_str(), origin_variable]);
                }
                ChannelKind::Webhook { url_variable, secret_variable } => {
                    names.extend([url_variable.as_str(), secret_variable]);
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// The Spin variable that keys every hash which stands for a person or a response.
pub const PEPPER_VARIABLE: &str = "pepper";

#[cfg(test)]
pub(crate) mod tests;
