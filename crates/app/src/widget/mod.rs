//! Browsers: the widget's script, what it asks, the answers it sends, and the survey page behind links and QR codes.
//!
//! A site's key is public and opens one thing: answering the site's surveys from the site's origins, so many times a
//! minute. Nothing is ever read back through it. Who answers is known only from an identity that the company's own server
//! has signed.

mod answer;
mod carried;
pub(crate) mod client;
mod document;
mod identity;
mod invitation;
mod limit;
mod no_survey;
mod origin;
mod page;
mod script;
mod texts;

pub use carried::MAX_FORM;
pub use origin::Origin;
pub use script::script;
pub use texts::{LANGUAGES, TEXTS, default_text, direction};

use crate::config::{Ask, Config, ConfigError, Sites};
use crate::problem::Problem;
use crate::secrets::Secrets;
use crate::web;
use http::{HeaderName, StatusCode};
use ringback_core::consent::{ContactChannel, Purpose};
use ringback_core::id::{SourceId, SurveyId};
use ringback_core::rate::Rate;
use ringback_core::survey::Survey;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Texts of the programme, by language and name.
pub type Wording = BTreeMap<(String, String), String>;

/// A website that asks, and what it may do.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name: the source of its answers.
    pub id: SourceId,
    /// Its public key.
    pub key: String,
    /// Where its pages come from.
    pub origins: Vec<Origin>,
    /// The surveys it may answer.
    pub surveys: Vec<SurveyId>,
    /// Whether its surveys have a page of their own.
    pub pages: bool,
    /// Variable with the secrets that sign identities (several separated by spaces while they are rotated).
    pub identity_variable: Option<String>,
    /// Whether it takes no answer without a signed identity.
    pub identity_required: bool,
    /// Posts from one client address.
    pub per_address: Rate,
    /// Posts with its key.
    pub per_key: Rate,
    /// Posts of this instance that are not yet in the key's meter.
    pub uncounted: Cell<u64>,
}

/// What is asked about being contacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// After scores of which bands: 0 the lowest, 2 the highest.
    pub bands: Vec<u8>,
    /// On which channel.
    pub channel: ContactChannel,
    /// For what.
    pub purpose: Purpose,
    /// Version of the wording.
    pub wording: String,
}

/// A proxy that is trusted to name the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The header it does it in.
    pub header: HeaderName,
    /// Which entry of the header, counted from the last: as many as there are proxies of one's own.
    pub hops: usize,
}

/// Everything browsers are answered by, with its secrets. Made once per instance, when the first browser comes.
pub struct Front {
    pub(crate) sites: Sites,
    secrets: Secrets,
}

impl Front {
    /// Reads what of a programme concerns browsers.
    ///
    /// # Errors
    /// On the first thing that is wrong, with its place.
    pub fn parse(programme: &str, config: &Config) -> Result<Self, ConfigError> {
        Ok(Self { sites: Sites::parse(programme, config)?, secrets: Secrets::default() })
    }

    /// The Spin variables it needs.
    #[must_use]
    pub fn variables(&self) -> Vec<String> {
        self.sites.variables().into_iter().map(str::to_owned).collect()
    }

    /// Takes the values of [`variables`](Self::variables).
    #[must_use]
    pub fn with_secrets(self, secrets: Secrets) -> Self {
        Self { secrets, ..self }
    }

    /// The site with a key.
    fn site(&self, key: Option<&str>) -> Result<&Site, Problem> {
        let found = key.and_then(|key| self.sites.sites.iter().find(|site| site.key == key));
        found.ok_or_else(|| {
            Problem::new(StatusCode::UNAUTHORIZED, "unknown-key", "a known site key is required: ?key=…")
        })
    }

    /// A survey of a site, and how it is asked.
    fn survey<'a>(&'a self, config: &'a Config, site: &Site, id: &str) -> Result<(&'a Survey, &'a Ask), Problem> {
        let id = site.surveys.iter().find(|survey| survey.as_str() == id);
        let found = id.and_then(|id| Some((config.surveys.get(id)?, self.sites.asks.get(id)?)));
        found.ok_or_else(|| Problem::not_found("survey of this site"))
    }

    /// A text in a language: the survey's own, the programme's, or the default.
    fn text(&self, config: &Config, survey: &Survey, ask: &Ask, name: &str, language: &str) -> String {
        let general = match name {
            "question" | "low" | "high" => format!("{name}_{}", survey.metric.as_str()),
            other => other.to_owned(),
        };
        let own = |name: &str| ask.texts.get(&(language.to_owned(), name.to_owned()));
        match own(name).or_else(|| own(&general)) {
            Some(text) => text.replace("{company}", &config.name),
            None => self.general_text(config, &general, language),
        }
    }

    /// A text in a language, whatever survey it is about: the programme's, or the default.
    fn general_text(&self, config: &Config, name: &str, language: &str) -> String {
        let text = self.sites.texts.get(&(language.to_owned(), name.to_owned()));
        text.map_or(default_text(name, language), String::as_str).replace("{company}", &config.name)
    }
}

/// The first of the wanted languages (BCP 47, separated by commas) that the texts are in.
fn language(wanted: &str, config: &Config) -> &'static str {
    let known = |tag: &str| {
        let primary = web::primary(tag);
        LANGUAGES.iter().find(|language| **language == primary).copied()
    };
    wanted.split(',').take(20).find_map(known).or_else(|| known(&config.default_locale)).unwrap_or(LANGUAGES[0])
}

/// A parameter of a query or a form; an empty one is none.
fn parameter(text: &[u8], name: &str) -> Option<String> {
    web::field(text, name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
