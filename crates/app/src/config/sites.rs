//! `[[sites]]`, `[widget]` and every survey's `[surveys.ask]`: how browsers ask, and which of them may answer.
//!
//! Read apart from the rest of the programme, because only the component that answers browsers needs it.

use super::table::{Checked, Placed, Table, error_at, named};
use super::{Config, ConfigError};
use crate::widget::{Contact, Origin, Proxy, Site, TEXTS, Wording};
use ringback_core::consent::{ContactChannel, Purpose};
use ringback_core::id::{SourceId, SurveyId};
use ringback_core::rate::Rate;
use std::cell::Cell;
use std::collections::BTreeMap;
use toml::de::DeTable;

/// How long nobody who has answered is asked again, unless the programme says otherwise, in seconds: 30 days.
const QUARANTINE_S: u64 = 30 * 86_400;
/// How long nobody who said "not now" is asked again, unless the programme says otherwise, in seconds: 7 days.
const SNOOZE_S: u64 = 7 * 86_400;
/// Least time between being asked and answering, in milliseconds, unless the programme says otherwise.
const MINIMUM_MS: u64 = 400;
/// Posts a minute from one client address, unless the site says otherwise.
const PER_ADDRESS: u32 = 60;
/// Posts a minute with one key, unless the site says otherwise.
const PER_KEY: u32 = 1_200;

/// How a survey is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Its own texts by language and name; empty where the general ones do.
    pub texts: Wording,
    /// What is asked about being contacted, and after which scores.
    pub contact: Option<Contact>,
    /// Where the highest band is led afterwards.
    pub next_url: Option<String>,
    /// Which share of visitors is asked, 0 to 1.
    pub sample: f64,
    /// How long nobody who has answered is asked again, in seconds.
    pub quarantine_s: u64,
    /// How long nobody who said "not now" is asked again, in seconds.
    pub snooze_s: u64,
    /// Least time between being asked and answering, in milliseconds.
    pub minimum_ms: u64,
}

/// Everything browsers are answered by.
#[derive(Debug, Clone, Default)]
pub struct Sites {
    /// Sites, in the order of the file.
    pub sites: Vec<Site>,
    /// How each survey of the programme is asked.
    pub asks: BTreeMap<SurveyId, Ask>,
    /// Texts for all surveys.
    pub texts: Wording,
    /// Where the company says what it does with data.
    pub privacy_url: Option<String>,
}

impl Sites {
    /// Reads what of a programme concerns browsers. `config` is the same programme's rest.
    ///
    /// # Errors
    /// On the first thing that is wrong, with its place.
    pub fn parse(text: &str, config: &Config) -> Result<Self, ConfigError> {
        let document = DeTable::parse(text)
            .map_err(|e| error_at(text, e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
        let root = Table::new(text, document.get_ref(), 0);
        let mut sites = Self::default();
        if let Some(widget) = root.table("widget")? {
            sites.privacy_url = web_address(&widget, "privacy_url")?;
            sites.texts = wording(&widget)?;
            // Read with what every component needs: the desk wants to know who signs in, too.
            let _ = widget.value("client_address");
            widget.done()?;
        }
        for survey in root.tables("surveys")? {
            let id = survey.required_parsed("id", SurveyId::new)?.value;
            let ask = match survey.table("ask")? {
                Some(table) => ask(&table)?,
                None => Ask::usual(),
            };
            sites.asks.insert(id, ask);
        }
        for table in root.tables("sites")? {
            let site = site(&table, config)?;
            if sites.sites.iter().any(|s| s.id == site.id || s.key == site.key) {
                return table.fail(table.at, format!("site `{}`, or its key, is defined twice", site.id));
            }
            sites.sites.push(site);
        }
        Ok(sites)
    }

    /// The Spin variables with the secrets of signed identities.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        self.sites.iter().filter_map(|site| site.identity_variable.as_deref()).collect()
    }
}

impl Ask {
    const fn usual() -> Self {
        Self {
            texts: Wording::new(),
            contact: None,
            next_url: None,
            sample: 1.0,
            quarantine_s: QUARANTINE_S,
            snooze_s: SNOOZE_S,
            minimum_ms: MINIMUM_MS,
        }
    }
}

fn site(table: &Table<'_>, config: &Config) -> Checked<Site> {
    let id = table.required_parsed("id", SourceId::new)?;
    if id.value.as_str() == crate::intake::API_SOURCE || config.sources.contains_key(&id.value) {
        return table.fail(id.at, format!("`{}` is a source already; give the site another id", id.value));
    }
    let key = table.required_parsed("key", |text| {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if plain && (8..=64).contains(&text.len()) {
            return Ok(text);
        }
        Err(format!("`{text}` is no site key: 8 to 64 of a–z, A–Z, 0–9, `-` and `_`"))
    })?;
    let mut origins = Vec::new();
    for origin in table.texts("origins")? {
        match Origin::parse(&origin.value) {
            Some(origin) => origins.push(origin),
            None => {
                let wanted =
                    "scheme and host, as in `https://shop.example.com`; a loopback host may have any port, `:*`";
                return table.fail(origin.at, format!("`{}` is no origin: {wanted}", origin.value));
            }
        }
    }
    let surveys = surveys(table, config)?;
    let (mut per_address, mut per_key) = (PER_ADDRESS, PER_KEY);
    if let Some(limits) = table.table("limits")? {
        per_address = count(&limits, "address")?.unwrap_or(per_address);
        per_key = count(&limits, "key")?.unwrap_or(per_key);
        limits.done()?;
    }
    let identity_variable = match table.value("identity_variable") {
        Some(_) => Some(table.variable("identity_variable")?),
        None => None,
    };
    let identity_required = table.yes("identity_required")?.unwrap_or(false);
    if identity_required && identity_variable.is_none() {
        return table.fail(
            table.at,
            "`identity_required` needs `identity_variable`: the secret that identities are signed with",
        );
    }
    let site = Site {
        id: id.value,
        key: key.value,
        origins,
        surveys,
        pages: table.yes("pages")?.unwrap_or(false),
        identity_variable,
        identity_required,
        per_address: Rate::per_minute(per_address),
        per_key: Rate::per_minute(per_key),
        uncounted: Cell::new(0),
    };
    table.done()?;
    Ok(site)
}

fn surveys(table: &Table<'_>, config: &Config) -> Checked<Vec<SurveyId>> {
    let mut surveys = Vec::new();
    for name in table.texts("surveys")? {
        match SurveyId::new(name.value.as_str()).ok().filter(|id| config.surveys.contains_key(id)) {
            Some(id) => surveys.push(id),
            None => return table.fail(name.at, format!("no survey `{}`", name.value)),
        }
    }
    if surveys.is_empty() {
        return table.fail(table.at, "`surveys` is missing: which surveys may this site answer?");
    }
    Ok(surveys)
}

/// The header in which a trusted proxy names the client.
pub(super) fn proxy(table: &Table<'_>) -> Checked<Proxy> {
    let header = table.required_parsed("header", |text| {
        text.to_ascii_lowercase().parse::<http::HeaderName>().map_err(|_| format!("`{text}` is no header"))
    })?;
    let hops = count(table, "hops")?.unwrap_or(1).max(1);
    table.done()?;
    Ok(Proxy { header: header.value, hops: hops as usize })
}

fn ask(table: &Table<'_>) -> Checked<Ask> {
    let mut ask = Ask { texts: wording(table)?, ..Ask::usual() };
    if let Some(contact) = table.table("contact")? {
        ask.contact = Some(self::contact(&contact)?);
    }
    ask.next_url = web_address(table, "next_url")?;
    if let Some(sample) = table.share("sample")? {
        if !(0.0..=1.0).contains(&sample.value) {
            return table.fail(sample.at, "sample is the share of visitors who are asked: 0.0 to 1.0");
        }
        ask.sample = sample.value;
    }
    ask.quarantine_s = seconds(table, "quarantine")?.unwrap_or(ask.quarantine_s);
    ask.snooze_s = seconds(table, "snooze")?.unwrap_or(ask.snooze_s);
    ask.minimum_ms = count(table, "minimum_ms")?.map_or(ask.minimum_ms, u64::from).min(10_000);
    table.done()?;
    Ok(ask)
}

fn contact(table: &Table<'_>) -> Checked<Contact> {
    let bands = table.choices("bands", &[("low", 0_u8), ("middle", 1), ("high", 2)])?;
    let contact = Contact {
        bands: if bands.is_empty() { vec![0, 1, 2] } else { bands },
        channel: table
            .required_choice("channel", &[("email", ContactChannel::Email), ("phone", ContactChannel::Phone)])?,
        purpose: table.choice("purpose", &named())?.unwrap_or(Purpose::FollowUp),
        wording: table.required("wording")?.value,
    };
    table.done()?;
    Ok(contact)
}

/// `[….texts.de]`: texts of a language by name. A name that nobody shows is a mistake.
fn wording(table: &Table<'_>) -> Checked<Wording> {
    let mut all = Wording::new();
    let Some(languages) = table.table("texts")? else { return Ok(all) };
    for (language, value) in languages.names() {
        let texts = languages.of(language.value, value)?;
        for (Placed { value: name, at }, value) in texts.names() {
            let shown = TEXTS.iter().any(|(known, _)| *known == name) || matches!(name, "question" | "low" | "high");
            match value.get_ref().as_str() {
                Some(text) if shown => {
                    all.insert((language.value.to_ascii_lowercase(), name.to_owned()), text.to_owned());
                }
                Some(_) => return table.fail(at, format!("there is no text `{name}`; docs/widget.md lists them")),
                None => return table.fail(at, format!("`{name}` must be a text")),
            }
        }
    }
    Ok(all)
}

fn web_address(table: &Table<'_>, key: &'static str) -> Checked<Option<String>> {
    let parsed = table.parsed(key, |text| match text.parse::<http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => Ok(text),
        _ => Err(format!("`{text}` is no http or https address")),
    })?;
    Ok(parsed.map(|placed| placed.value))
}

fn count(table: &Table<'_>, key: &'static str) -> Checked<Option<u32>> {
    let Some(value) = table.value(key) else { return Ok(None) };
    match value.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok()) {
        Some(number) => Ok(Some(number)),
        None => table.fail(value.span().start, format!("`{key}` must be a whole number")),
    }
}

fn seconds(table: &Table<'_>, key: &'static str) -> Checked<Option<u64>> {
    let parsed = table.parsed(key, |text| match humantime::parse_duration(&text) {
        Ok(duration) => Ok(duration.as_secs()),
        Err(_) => Err(format!("`{text}` is no duration: write `90m`, `48h` or `30d`")),
    })?;
    Ok(parsed.map(|placed| placed.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::beside;

    const SHIPPED: &str = include_str!("../../../../ringback.toml");

    #[test]
    fn the_shipped_sites_are_whole() {
        let config = Config::parse(SHIPPED, &beside).unwrap();
        let sites = Sites::parse(SHIPPED, &config).unwrap();
        assert_eq!(sites.sites.len(), 1);
        assert!(config.proxy.is_none(), "no header is trusted unless somebody says so");
        assert_eq!(sites.asks.len(), config.surveys.len());
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_reason() {
        for (from, to, reason) in [
            ("key = \"pk_", "key = \"pk!", "is no site key"),
            ("\"https://shop.example.com\"", "\"shop.example.com\"", "is no origin"),
            ("\"https://shop.example.com\"", "\"https://*.example.com\"", "is no origin"),
            ("\"https://shop.example.com\"", "\"https://shop.example.com:*\"", "is no origin"),
            ("identity_variable = \"shop", "identity_variable = \"Shop", "is no Spin variable"),
            ("[sites]]\nid = \"shop\"", "[sites]]\nid = \"crm\"", "is a source already"),
            ("bands = [\"low\"", "bands = [\"worst\"", "is none of low, middle, high"),
            ("[[sites]]", "[widget.texts.de]\ntitel = \"x\"\n[[sites]]", "there is no text `titel`"),
        ] {
            assert!(SHIPPED.contains(from), "{from}");
            let text = SHIPPED.replacen(from, to, 1);
            let config = Config::parse(&text, &beside).unwrap();
            let refusal = Sites::parse(&text, &config).unwrap_err().to_string();
            assert!(refusal.contains(reason), "{to}: {refusal}");
        }
    }
}
