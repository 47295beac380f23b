//! Whether a programme is whole: every name leads somewhere, every alert reaches somebody, every threshold cuts its scale.

use super::mapping::{BadPath, Mapping};
use super::raw::{Raw, RawChannel, RawChannelKind, RawPolicy, RawSource, RawSurvey};
use super::{AccessToken, Channel, ChannelKind, Config, ConfigError, Source};
use crate::digest::sha256_hex;
use ringback_core::deadline::{DEFAULT_SECONDS, DEFAULT_WARN_AT, Escalation, Policy};
use ringback_core::id::{ChannelId, RouteId};
use ringback_core::rule::{Rule, Track};
use ringback_core::survey::{Metric, Survey, Thresholds};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use toml::Spanned;

/// An error at a byte of the text.
pub(super) fn error_at(text: &str, at: usize, message: String) -> ConfigError {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    ConfigError { line, column, message: message.trim().replace('\n', ", ") }
}

struct Checker<'a> {
    text: &'a str,
}

type Checked<T> = Result<T, ConfigError>;

pub(super) fn check(text: &str, raw: Raw) -> Checked<Config> {
    let checker = Checker { text };
    let channels = checker.channels(&raw.channels)?;
    let routes = checker.routes(&raw, &channels)?;
    let surveys = checker.by_id("survey", &raw.surveys, |s| s.id.clone(), |s| checker.survey(s))?;
    let policies =
        checker.by_id("deadline policy", &raw.deadlines, |p| p.id.clone(), |p| checker.policy(p, &routes))?;
    let sources = checker.by_id("source", &raw.sources, |s| s.id.clone(), |s| checker.source(s, &surveys))?;
    let mut config = Config {
        name: raw.programme.name.clone(),
        public_url: checker.public_url(&raw.programme.public_url)?,
        default_country: raw.programme.default_country.as_ref().map(|c| checker.country(c)).transpose()?,
        default_locale: raw.programme.default_locale.clone().unwrap_or_else(|| "en".to_owned()),
        surveys,
        sources,
        rules: Vec::new(),
        policies,
        routes,
        channels,
        customer_channel: None,
        access: checker.access(&raw)?,
        hash: sha256_hex(text.as_bytes())[..16].to_owned(),
    };
    config.rules = checker.rules(&raw.rules, &config)?;
    config.customer_channel = checker.customer_channel(&raw, &config)?;
    Ok(config)
}

impl Checker<'_> {
    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Checked<T> {
        Err(error_at(self.text, at, message.into()))
    }

    /// Indexes tables by id; the same id twice is an error.
    fn by_id<T, K: Ord + Display + Clone, V>(
        &self,
        what: &str,
        tables: &[Spanned<T>],
        id: impl Fn(&T) -> K,
        check: impl Fn(&T) -> Checked<V>,
    ) -> Checked<BTreeMap<K, V>> {
        let mut all = BTreeMap::new();
        for table in tables {
            let key = id(table.get_ref());
            if all.insert(key.clone(), check(table.get_ref())?).is_some() {
                return self.fail(table.span().start, format!("{what} `{key}` is defined twice"));
            }
        }
        Ok(all)
    }

    fn public_url(&self, url: &Spanned<String>) -> Checked<String> {
        let text = url.get_ref().trim_end_matches('/');
        match text.parse::<http::Uri>() {
            Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => {
                Ok(text.to_owned())
            }
            _ => self.fail(url.span().start, format!("`{text}` is no http or https address")),
        }
    }

    fn country(&self, code: &Spanned<String>) -> Checked<String> {
        let text = code.get_ref();
        if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
            return Ok(text.clone());
        }
        self.fail(code.span().start, format!("`{text}` is no country code: two capital letters, as in `DE`"))
    }

    fn thresholds(&self, given: &Spanned<Thresholds>, metric: Metric) -> Checked<Thresholds> {
        let cut = *given.get_ref();
        if cut.fit(metric) {
            return Ok(cut);
        }
        let (min, max) = metric.scale();
        let message = format!(
            "thresholds low = {}, high = {} do not cut the {} scale {min}–{max}: low must be less than high",
            cut.low,
            cut.high,
            metric.label()
        );
        self.fail(given.span().start, message)
    }

    fn survey(&self, raw: &RawSurvey) -> Checked<Survey> {
        let thresholds = match &raw.thresholds {
            Some(given) => self.thresholds(given, raw.metric)?,
            None => raw.metric.default_thresholds(),
        };
        let mut countries = BTreeMap::new();
        for (code, country) in &raw.countries {
            countries.insert(self.country(code)?, self.thresholds(&country.thresholds, raw.metric)?);
        }
        Ok(Survey {
            id: raw.id.clone(),
            metric: raw.metric,
            touchpoint: raw.touchpoint.clone(),
            journey: raw.journey.clone(),
            thresholds,
            countries,
        })
    }

    fn seconds(&self, given: Option<&Spanned<String>>, default: u32, least: u32) -> Checked<u32> {
        let Some(given) = given else { return Ok(default) };
        let parsed = humantime::parse_duration(given.get_ref()).ok().and_then(|d| u32::try_from(d.as_secs()).ok());
        match parsed {
            Some(seconds) if seconds >= least => Ok(seconds),
            Some(_) => self.fail(given.span().start, format!("`{}` is too short: at least {least} s", given.get_ref())),
            None => self
                .fail(given.span().start, format!("`{}` is no duration: write `90m`, `48h` or `3d`", given.get_ref())),
        }
    }

    fn policy(&self, raw: &RawPolicy, routes: &BTreeMap<RouteId, Vec<ChannelId>>) -> Checked<Policy> {
        let warn_at = match &raw.warn_at {
            Some(share) if !(*share.get_ref() > 0.0 && *share.get_ref() < 1.0) => {
                return self.fail(share.span().start, "warn_at is a share of the time: more than 0 and less than 1");
            }
            Some(share) => *share.get_ref(),
            None => DEFAULT_WARN_AT,
        };
        let mut escalations: Vec<Escalation> = Vec::new();
        for level in &raw.escalations {
            let raw = level.get_ref();
            let after_s = self.seconds(Some(&raw.after), 0, 0)?;
            if escalations.last().is_some_and(|before| before.after_s > after_s) {
                return self.fail(
                    level.span().start,
                    "escalations come in order: a level may not come before the one above it",
                );
            }
            escalations.push(Escalation { after_s, route: self.route(&raw.route, routes)? });
        }
        if escalations.is_empty() {
            return self
                .fail(0, format!("deadline policy `{}` escalates to nobody: a breach would go unheard", raw.id));
        }
        Ok(Policy {
            first_contact_s: self.seconds(raw.first_contact.as_ref(), DEFAULT_SECONDS, 60)?,
            closure_s: self.seconds(raw.closure.as_ref(), DEFAULT_SECONDS, 60)?,
            warn_at,
            warn: raw.warn.as_ref().map(|r| self.route(r, routes)).transpose()?,
            escalations,
        })
    }

    fn route(&self, id: &Spanned<RouteId>, routes: &BTreeMap<RouteId, Vec<ChannelId>>) -> Checked<RouteId> {
        if routes.contains_key(id.get_ref()) {
            return Ok(id.get_ref().clone());
        }
        self.fail(id.span().start, format!("no route `{}`", id.get_ref()))
    }

    fn source(&self, raw: &RawSource, surveys: &BTreeMap<ringback_core::id::SurveyId, Survey>) -> Checked<Source> {
        let mut mappings = Vec::new();
        for mapping in &raw.surveys {
            let survey = &mapping.get_ref().survey;
            if !surveys.contains_key(survey.get_ref()) {
                return self.fail(survey.span().start, format!("no survey `{}`", survey.get_ref()));
            }
            let mapped = Mapping::from_raw(raw.kind, mapping.get_ref(), raw.survey_at.as_ref());
            mappings.push(mapped.or_else(|BadPath { at, message }| self.fail(at, message))?);
        }
        if mappings.is_empty() {
            return self.fail(raw.secret_variable.span().start, format!("source `{}` maps no survey", raw.id));
        }
        let secret_variable = self.variable(&raw.secret_variable)?;
        Ok(Source { id: raw.id.clone(), kind: raw.kind, secret_variable, mappings })
    }

    /// A Spin variable's name (Spin allows small letters, digits and underscores).
    fn variable(&self, name: &Spanned<String>) -> Checked<String> {
        let text = name.get_ref();
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if first && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            return Ok(text.clone());
        }
        self.fail(
            name.span().start,
            format!("`{text}` is no Spin variable: small letters, digits and `_`, as in `slack_webhook_url`"),
        )
    }

    fn channels(&self, raw: &[Spanned<RawChannel>]) -> Checked<BTreeMap<ChannelId, Channel>> {
        let mut channels = BTreeMap::new();
        for table in raw {
            let channel = table.get_ref();
            let kind = self.channel_kind(table.span().start, channel)?;
            if channels.insert(channel.id.clone(), Channel { id: channel.id.clone(), kind }).is_some() {
                return self.fail(table.span().start, format!("channel `{}` is defined twice", channel.id));
            }
        }
        Ok(channels)
    }

    fn channel_kind(&self, at: usize, raw: &RawChannel) -> Checked<ChannelKind> {
        let variable = |given: &Option<Spanned<String>>, field: &str| match given {
            Some(name) => self.variable(name),
            None => self.fail(at, format!("channel `{}` needs `{field}`", raw.id)),
        };
        Ok(match raw.kind {
            RawChannelKind::Slack => ChannelKind::Slack { url_variable: variable(&raw.url_variable, "url_variable")? },
            RawChannelKind::Webhook => ChannelKind::Webhook {
                url_variable: variable(&raw.url_variable, "url_variable")?,
                secret_variable: variable(&raw.secret_variable, "secret_variable")?,
            },
            RawChannelKind::Resend => ChannelKind::Resend {
                key_variable: variable(&raw.key_variable, "key_variable")?,
                origin_variable: variable(&raw.origin_variable, "origin_variable")?,
                from: match &raw.from {
                    Some(from) => from.clone(),
                    None => return self.fail(at, format!("channel `{}` needs `from`", raw.id)),
                },
                to: raw.to.clone(),
            },
        })
    }

    fn routes(&self, raw: &Raw, channels: &BTreeMap<ChannelId, Channel>) -> Checked<BTreeMap<RouteId, Vec<ChannelId>>> {
        self.by_id(
            "route",
            &raw.routes,
            |r| r.id.clone(),
            |route| {
                let mut reached = Vec::new();
                for id in route.channels.get_ref() {
                    match channels.get(id.get_ref()).map(|c| &c.kind) {
                        None => return self.fail(id.span().start, format!("no channel `{}`", id.get_ref())),
                        Some(ChannelKind::Resend { to, .. }) if to.is_empty() => {
                            return self.fail(
                                id.span().start,
                                format!("channel `{}` has no `to`: its alerts would reach nobody", id.get_ref()),
                            );
                        }
                        Some(_) => reached.push(id.get_ref().clone()),
                    }
                }
                if reached.is_empty() {
                    return self.fail(
                        route.channels.span().start,
                        format!("route `{}` has no channel: its alerts would reach nobody", route.id),
                    );
                }
                Ok(reached)
            },
        )
    }

    fn rules(&self, raw: &[Spanned<Rule>], config: &Config) -> Checked<Vec<Rule>> {
        let mut seen = BTreeSet::new();
        for table in raw {
            let (rule, at) = (table.get_ref(), table.span().start);
            let wrong = |message: String| self.fail::<()>(at, format!("rule `{}`: {message}", rule.id));
            if !seen.insert(&rule.id) {
                wrong("is defined twice".to_owned())?;
            }
            if let Some(survey) = rule.when.survey.iter().find(|s| !config.surveys.contains_key(s)) {
                wrong(format!("no survey `{survey}`"))?;
            }
            let then = &rule.then;
            if then.track == Track::None {
                if then.alert.is_some() || then.queue.is_some() || then.deadlines.is_some() {
                    wrong("track `none` opens no case, so it takes no queue, deadlines or alert".to_owned())?;
                }
                continue;
            }
            if then.queue.is_none() {
                wrong("needs a `queue`".to_owned())?;
            }
            match &then.deadlines {
                None => wrong("needs `deadlines`".to_owned())?,
                Some(id) if !config.policies.contains_key(id) => wrong(format!("no deadline policy `{id}`"))?,
                Some(_) => {}
            }
            if let Some(route) = then.alert.as_ref().filter(|r| !config.routes.contains_key(r)) {
                wrong(format!("no route `{route}`"))?;
            }
        }
        Ok(raw.iter().map(|rule| rule.get_ref().clone()).collect())
    }

    fn customer_channel(&self, raw: &Raw, config: &Config) -> Checked<Option<ChannelId>> {
        let Some(messages) = &raw.messages else { return Ok(None) };
        let id = &messages.channel;
        match config.channels.get(id.get_ref()).map(|c| &c.kind) {
            Some(ChannelKind::Resend { .. }) => Ok(Some(id.get_ref().clone())),
            Some(_) => {
                self.fail(id.span().start, "messages to customers leave by e-mail: name a channel of kind `resend`")
            }
            None => self.fail(id.span().start, format!("no channel `{}`", id.get_ref())),
        }
    }

    fn access(&self, raw: &Raw) -> Checked<Vec<AccessToken>> {
        let tokens = self.by_id(
            "access token",
            &raw.access,
            |t| t.id.clone(),
            |token| {
                Ok(AccessToken {
                    id: token.id.clone(),
                    role: token.role,
                    token_sha256_variable: self.variable(&token.token_sha256_variable)?,
                })
            },
        )?;
        Ok(tokens.into_values().collect())
    }
}
