//! Fills templates in: HTML escapes everything by itself, and a name that is not known is an error, never an empty place.

use super::context::{Facts, known, values};
use super::{Brand, Source, Template};
use crate::config::ConfigError;
use crate::web::primary;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use ringback_core::message::MessageKind;
use std::collections::BTreeMap;

/// The programme's messages to customers, ready to be filled in.
pub struct Letters {
    /// The company's own look.
    pub brand: Brand,
    templates: Vec<Template>,
    default_language: String,
    environment: Environment<'static>,
}

/// A message that is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub language: String,
}

impl Letters {
    /// Takes templates and tries each of them.
    ///
    /// # Errors
    /// On the first that is no template, or uses what its purpose may not know, with its place.
    pub(crate) fn new(brand: Brand, templates: Vec<Template>, default_language: &str) -> Result<Self, ConfigError> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
            true => AutoEscape::Html,
            false => AutoEscape::None,
        });
        let letters = Self { brand, templates, default_language: default_language.to_owned(), environment };
        for template in &letters.templates {
            letters.check(template)?;
        }
        Ok(letters)
    }

    /// The templates.
    #[must_use]
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The template of a kind in a language, or in the nearest there is: without the region, in the programme's language,
    /// in any.
    fn find(&self, kind: MessageKind, language: &str) -> Option<&Template> {
        let of_kind = || self.templates.iter().filter(|template| template.kind == kind);
        let wanted =
            [language.to_owned(), primary(language), self.default_language.clone(), primary(&self.default_language)];
        let named =
            wanted.iter().find_map(|tag| of_kind().find(|template| template.language.eq_ignore_ascii_case(tag)));
        named.or_else(|| of_kind().next())
    }

    /// The language in which a message of a kind would be written for who wants it in another; none: there is none.
    pub(crate) fn language(&self, kind: MessageKind, wanted: &str) -> Option<&str> {
        self.find(kind, wanted).map(|template| template.language.as_str())
    }

    /// Fills a message in; none when there is no template for it.
    ///
    /// # Errors
    /// When the template cannot be filled in. The words carry nothing of what was to be put in.
    pub(crate) fn write(
        &self,
        kind: MessageKind,
        language: &str,
        facts: &Facts<'_>,
    ) -> Result<Option<Written>, String> {
        let Some(template) = self.find(kind, language) else { return Ok(None) };
        let filled = self.fill(template, facts).map_err(|(_, error)| error.kind().to_string())?;
        Ok(Some(filled))
    }

    fn fill<'t>(&self, template: &'t Template, facts: &Facts<'_>) -> Result<Written, (&'t Source, Error)> {
        let values = values(template.kind, facts, &self.brand, &template.language);
        let values: BTreeMap<Value, Value> =
            values.into_iter().map(|(name, value)| (Value::from(name), Value::from(value))).collect();
        let values = Value::from(values);
        let part = |name: &str, source: &'t Source| {
            self.environment.render_named_str(name, &source.text, values.clone()).map_err(|error| (source, error))
        };
        Ok(Written {
            subject: part("subject.txt", &template.subject)?,
            text: part("text.txt", &template.text)?,
            html: template.html.as_ref().map(|html| part("text.html", html)).transpose()?,
            language: template.language.clone(),
        })
    }

    /// Names that the purpose may not know are refused wherever they stand, in branches that a sample does not take, too;
    /// then the template is filled in with everything there, and with everything that can be absent absent.
    fn check(&self, template: &Template) -> Result<(), ConfigError> {
        for source in [Some(&template.subject), Some(&template.text), template.html.as_ref()].into_iter().flatten() {
            let parsed = self.environment.template_from_named_str("part.txt", &source.text);
            let parsed = parsed.map_err(|error| source.error(place_of(&error), error_text(&error)))?;
            let used = parsed.undeclared_variables(false);
            let mut unknown: Vec<_> =
                used.iter().filter(|name| known(template.kind).all(|known| known != *name)).collect();
            unknown.sort();
            if let Some(name) = unknown.first() {
                let kind = template.kind.as_str();
                let seen: Vec<&str> = known(template.kind).collect();
                let message = format!("a message of kind `{kind}` knows no `{name}`; it knows {}", seen.join(", "));
                return Err(source.error(source.place_of_name(name), message));
            }
        }
        let (full, sparse) = super::preview::samples();
        for feedback in [full, sparse] {
            let (links, company) = (super::preview::sample_links(), "Example");
            let facts =
                Facts { company, feedback: &feedback, remedy: None, words: None, touchpoint: None, links: &links };
            if let Err((source, error)) = self.fill(template, &facts) {
                return Err(source.error(place_of(&error), error_text(&error)));
            }
        }
        Ok(())
    }
}

fn error_text(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// Line from 1 and byte within the source, as far as they are known.
fn place_of(error: &Error) -> (usize, usize) {
    #[cfg(feature = "places")]
    let column = error.range().map_or(0, |range| range.start);
    #[cfg(not(feature = "places"))]
    let column = 0;
    (error.line().unwrap_or(1), column)
}

impl Source {
    /// The line and byte of the first use of a name.
    fn place_of_name(&self, name: &str) -> (usize, usize) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let inside = |at: usize| {
            let before = &self.text[..at];
            before.rfind("{{").max(before.rfind("{%")) > before.rfind("}}").max(before.rfind("%}"))
        };
        let found = self.text.match_indices(name).map(|(at, _)| at).find(|at| {
            let (before, after) = (&self.text[..*at], &self.text[at + name.len()..]);
            inside(*at) && !before.ends_with(is_part) && !after.starts_with(is_part)
        });
        let at = found.unwrap_or(0);
        (self.text[..at].matches('\n').count() + 1, at)
    }

    /// An error at a line of the source and, where it is known, a byte of it.
    fn error(&self, (line, byte): (usize, usize), message: String) -> ConfigError {
        let before = self.text.get(..byte).unwrap_or_default();
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let (first_line, first_column) = self.begins;
        let column = if line == 1 { first_column + column - 1 } else { column };
        ConfigError { file: self.file.clone(), line: first_line + line - 1, column, message }
    }
}
