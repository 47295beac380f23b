//! `[[sources]]`: whose events are taken, and which of their fields means what.

use super::table::{Checked, Placed, Table, named};
use super::{AccountMapping, Config, ConsentMapping, IdentityMapping, Mapping, Source, SourceKind};
use crate::fields::escape;
use ringback_core::id::{SourceId, SurveyId};
use serde_json::Value;

pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<(SourceId, Source)> {
    let id = table.required_parsed("id", SourceId::new)?;
    if id.value.as_str() == crate::intake::API_SOURCE {
        return table.fail(id.at, "`api` stands for Ringback's own format; give the source another id");
    }
    let kind =
        table.required_choice("kind", &[("formbricks", SourceKind::Formbricks), ("signed", SourceKind::Signed)])?;
    let paths = Paths { kind };
    let survey_at = paths.optional(table, "survey_at")?.or_else(|| paths.vendor("/data/surveyId"));
    let mut mappings = Vec::new();
    for mapping in table.tables("surveys")? {
        mappings.push(paths.mapping(&mapping, survey_at.clone(), config)?);
    }
    if mappings.is_empty() {
        return table.fail(table.at, format!("source `{}` maps no survey", id.value));
    }
    let secret_variable = table.variable("secret_variable")?;
    table.done()?;
    Ok((id.value.clone(), Source { id: id.value, kind, secret_variable, mappings }))
}

/// Turns what stands in the file into JSON pointers. Signed sources write pointers; Formbricks' question ids are
/// pointers into `data.data`, and `contact:`, `attribute:` and `meta:` lead to what it knows of the person and the visit.
struct Paths {
    kind: SourceKind,
}

impl Paths {
    fn pointer(&self, table: &Table<'_>, path: Placed<String>) -> Checked<String> {
        let text = path.value;
        if text.starts_with('/') {
            return Ok(text);
        }
        if self.kind == SourceKind::Signed || text.is_empty() {
            let message = format!("`{text}` is no JSON pointer: it starts with a slash, as in `/answers/score`");
            return table.fail(path.at, message);
        }
        Ok(match text.split_once(':') {
            Some(("contact", name)) => format!("/data/contact/{}", escape(name)),
            Some(("attribute", name)) => format!("/data/contactAttributes/{}", escape(name)),
            Some(("meta", name)) => format!("/data/meta/{}", escape(name)),
            _ => format!("/data/data/{}", escape(&text)),
        })
    }

    fn optional(&self, table: &Table<'_>, key: &'static str) -> Checked<Option<String>> {
        table.text(key)?.map(|path| self.pointer(table, path)).transpose()
    }

    fn required(&self, table: &Table<'_>, key: &'static str) -> Checked<String> {
        self.pointer(table, table.required(key)?)
    }

    /// Where a vendor always has a field.
    fn vendor(&self, path: &str) -> Option<String> {
        (self.kind == SourceKind::Formbricks).then(|| path.to_owned())
    }

    fn mapping(&self, table: &Table<'_>, survey_at: Option<String>, config: &Config) -> Checked<Mapping> {
        let survey = table.required_parsed("survey", SurveyId::new)?;
        if !config.surveys.contains_key(&survey.value) {
            return table.fail(survey.at, format!("no survey `{}`", survey.value));
        }
        let vendor_survey = table.text("vendor_survey")?;
        if let Some(named) = vendor_survey.as_ref().filter(|_| survey_at.is_none()) {
            return table
                .fail(named.at, "`vendor_survey` needs the source's `survey_at`: where its events name the survey");
        }
        let mapping = Mapping {
            vendor_survey: vendor_survey.map(|named| named.value),
            vendor_survey_at: survey_at,
            survey: survey.value,
            response: self.optional(table, "response")?.or_else(|| self.vendor("/data/id")),
            score: self.required(table, "score")?,
            comment: self.optional(table, "comment")?,
            consent: table.table("consent")?.map(|consent| self.consent(&consent)).transpose()?,
            identity: match table.table("identity")? {
                Some(identity) => self.identity(&identity)?,
                None => IdentityMapping::default(),
            },
            account: match table.table("account")? {
                Some(account) => self.account(&account)?,
                None => AccountMapping::default(),
            },
            locale: self.optional(table, "locale")?.or_else(|| self.vendor("/data/language")),
            country: self.optional(table, "country")?,
            channel: self.optional(table, "channel")?,
            touchpoint: self.optional(table, "touchpoint")?,
            segment: self.optional(table, "segment")?,
            tier: self.optional(table, "tier")?,
            occurred_at: self.optional(table, "occurred_at")?.or_else(|| self.vendor("/data/createdAt")),
        };
        table.done()?;
        Ok(mapping)
    }

    fn consent(&self, table: &Table<'_>) -> Checked<ConsentMapping> {
        let mut accepted = Vec::new();
        for item in table.array("accepted")? {
            let value = item.get_ref();
            let number = || value.as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
            accepted.push(match (value.as_bool(), value.as_str(), number()) {
                (Some(yes), _, _) => Value::from(yes),
                (_, Some(text), _) => Value::from(text),
                (_, _, Some(number)) => Value::from(number),
                _ => {
                    return table
                        .fail(item.span().start, "an accepted answer is a text, a whole number, true or false");
                }
            });
        }
        if accepted.is_empty() {
            return table.fail(table.at, "`accepted` is missing: which answers mean yes?");
        }
        let consent = ConsentMapping {
            question: self.required(table, "question")?,
            accepted,
            channel: table.required_choice("channel", &named())?,
            purpose: table.required_choice("purpose", &named())?,
            wording: table.text("wording")?.map(|wording| wording.value),
        };
        table.done()?;
        Ok(consent)
    }

    fn identity(&self, table: &Table<'_>) -> Checked<IdentityMapping> {
        let identity = IdentityMapping {
            customer: self.optional(table, "customer")?,
            name: self.optional(table, "name")?,
            email: self.optional(table, "email")?,
            phone: self.optional(table, "phone")?,
        };
        table.done()?;
        Ok(identity)
    }
    fn account(&self, table: &Table<'_>) -> Checked<AccountMapping> {
        let account = AccountMapping {
            id: self.optional(table, "id")?,
            name: self.optional(table, "name")?,
            role: self.optional(table, "role")?,
            level: self.optional(table, "level")?,
        };
        table.done()?;
        Ok(account)
    }
}
