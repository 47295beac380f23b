//! Reads the fields of a JSON object and collects everything that is wrong with them, each under its JSON pointer.
//!
//! A derived deserialiser stops at the first mistake; a sender who made three wants to hear of three.

use crate::problem::{FieldError, Problem};
use chrono::{DateTime, Datelike as _, Utc};
use ringback_core::names::Named;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Everything that was found wrong in one document.
#[derive(Default)]
pub struct Mistakes(RefCell<Vec<FieldError>>);

impl Mistakes {
    /// Notes a mistake.
    pub fn add(&self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.borrow_mut().push(FieldError { pointer: pointer.into(), detail: detail.into() });
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// All mistakes, when there are any or the value is missing.
    pub fn or<T>(self, value: Option<T>) -> Result<T, Problem> {
        let errors = self.0.into_inner();
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            _ => Err(Problem::fields(errors)),
        }
    }
}

/// One JSON object under examination.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    mistakes: &'a Mistakes,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Fields<'a> {
    /// Starts on a document; anything but an object is a mistake.
    pub fn of(value: &'a Value, pointer: &str, mistakes: &'a Mistakes) -> Option<Self> {
        let Value::Object(object) = value else {
            mistakes.add(pointer, "must be an object");
            return None;
        };
        Some(Self { object, pointer: pointer.to_owned(), mistakes, known: RefCell::default() })
    }

    /// The pointer of a field.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, escape(name))
    }

    /// Notes a mistake in a field.
    pub fn wrong(&self, name: &str, detail: impl Into<String>) {
        self.mistakes.add(self.at(name), detail);
    }

    /// Notes a mistake in the object as a whole.
    pub fn wrong_here(&self, detail: impl Into<String>) {
        self.mistakes.add(self.pointer.clone(), detail);
    }

    /// Notes a mistake in a member of a field.
    pub fn wrong_within(&self, name: &str, member: &str, detail: impl Into<String>) {
        self.mistakes.add(format!("{}/{}", self.at(name), escape(member)), detail);
    }

    /// The raw value of a field; null counts as absent.
    pub fn value(&self, name: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().insert(name);
        self.object.get(name).filter(|v| !v.is_null())
    }

    /// A text of 1 to `max` characters. An empty text counts as absent.
    pub fn text(&self, name: &'static str, max: usize) -> Option<String> {
        match self.value(name)? {
            Value::String(text) if text.chars().count() > max => {
                self.wrong(name, format!("longer than {max} characters"));
                None
            }
            Value::String(text) => Some(text.trim()).filter(|t| !t.is_empty()).map(str::to_owned),
            _ => {
                self.wrong(name, "must be a text");
                None
            }
        }
    }

    /// A text that must be there.
    pub fn required_text(&self, name: &'static str, max: usize) -> Option<String> {
        let text = self.text(name, max);
        let empty =
            self.object.get(name).is_none_or(|v| v.is_null() || v.as_str().is_some_and(|t| t.trim().is_empty()));
        if text.is_none() && empty {
            self.wrong(name, "is required");
        }
        text
    }

    /// A text that a check turns into something better.
    pub fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &'static str,
        max: usize,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name, max)?;
        parse(&text).map_err(|e| self.wrong(name, e.to_string())).ok()
    }

    /// One of a fixed set, by name; must be there.
    pub fn required_choice<T: Named>(&self, name: &'static str) -> Option<T> {
        let text = self.required_text(name, 32)?;
        let chosen = T::from_name(&text);
        if chosen.is_none() {
            let names: Vec<&str> = T::ALL.iter().map(|one| one.name()).collect();
            self.wrong(name, format!("must be one of {}", names.join(", ")));
        }
        chosen
    }

    /// Yes or no.
    pub fn bool(&self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        value.as_bool().or_else(|| {
            self.wrong(name, "must be true or false");
            None
        })
    }

    /// An instant (RFC 3339).
    pub fn instant(&self, name: &'static str) -> Option<DateTime<Utc>> {
        self.parsed(name, 40, |text| instant(text).ok_or("must be a time as in 2026-11-22T09:30:00Z, of 1970 to 9999"))
    }

    /// An object within.
    pub fn object(&self, name: &'static str) -> Option<Fields<'a>> {
        Self::of(self.value(name)?, &self.at(name), self.mistakes)
    }

    /// A list of objects within.
    pub fn objects(&self, name: &'static str, max: usize) -> Vec<Fields<'a>> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let Value::Array(items) = value else {
            self.wrong(name, "must be a list");
            return Vec::new();
        };
        if items.len() > max {
            self.wrong(name, format!("more than {max} entries"));
            return Vec::new();
        }
        let each = items.iter().enumerate();
        each.filter_map(|(i, item)| Self::of(item, &format!("{}/{i}", self.at(name)), self.mistakes)).collect()
    }

    /// Notes every field that nobody asked for. Call last.
    pub fn refuse_unknown(&self) {
        let known = self.known.borrow();
        for name in self.object.keys().filter(|name| !known.contains(name.as_str())) {
            let shown: String = name.chars().take(64).collect();
            self.wrong(&shown, "is not known here");
        }
    }
}

/// An instant (RFC 3339) of a year that is written with four digits, so that it can be read back; none before 1970.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    (1970..=9999).contains(&at.year()).then_some(at)
}

/// A member's name as a part of a JSON pointer (RFC 6901).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
