//! Reads one table of `ringback.toml`: every value with its place, every unknown key refused.
//!
//! By hand over the parser's own values rather than by derived deserialisers: their machine code would be the largest
//! part of every component, and a value's place would be lost where types wrap each other.

use super::ConfigError;
use crate::case::MAX_NAME;
use ringback_core::names::Named;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest time that is given in days: a century.
const LONGEST: u32 = 36_525;

pub(super) type Checked<T> = Result<T, ConfigError>;

/// A value and the byte of the text where it stands.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub value: T,
    pub at: usize,
}

/// An error at a byte of the text.
pub(super) fn error_at(text: &str, at: usize, message: impl Into<String>) -> ConfigError {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    ConfigError { file: None, line, column, message: message.into().trim().replace('\n', ", ") }
}

/// One table under examination.
pub(super) struct Table<'a> {
    text: &'a str,
    entries: &'a DeTable<'a>,
    pub at: usize,
    known: RefCell<BTreeSet<&'static str>>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Table<'a> {
    pub fn new(text: &'a str, entries: &'a DeTable<'a>, at: usize) -> Self {
        Self { text, entries, at, known: RefCell::default() }
    }

    pub fn fail<T>(&self, at: usize, message: impl Into<String>) -> Checked<T> {
        Err(error_at(self.text, at, message))
    }

    /// The value of a key, if it stands there.
    pub fn value(&self, key: &'static str) -> Option<&'a Value<'a>> {
        self.known.borrow_mut().insert(key);
        self.entries.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// Where a key's value stands; the table's own place where it does not.
    pub fn place(&self, key: &'static str) -> usize {
        self.value(key).map_or(self.at, |value| value.span().start)
    }

    /// Every key, for a table whose keys are names.
    pub fn names(&self) -> impl Iterator<Item = (Placed<&'a str>, &'a Value<'a>)> {
        self.entries.iter().map(|(name, v)| (Placed { value: name.get_ref().as_ref(), at: name.span().start }, v))
    }

    fn wrong<T>(&self, key: &str, value: &Value<'_>, wanted: &str) -> Checked<T> {
        self.fail(value.span().start, format!("`{key}` must be {wanted}, not {}", value.get_ref().type_str()))
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Checked<Option<Placed<String>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some(Placed { value: text.to_owned(), at: value.span().start })),
            None => self.wrong(key, value, "a text"),
        }
    }

    /// A text that must be there.
    pub fn required(&self, key: &'static str) -> Checked<Placed<String>> {
        match self.text(key)? {
            Some(text) => Ok(text),
            None => self.fail(self.at, format!("`{key}` is missing")),
        }
    }

    /// A text that a check turns into something better.
    pub fn parsed<T, E: Display>(
        &self,
        key: &'static str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Checked<Option<Placed<T>>> {
        let Some(Placed { value, at }) = self.text(key)? else { return Ok(None) };
        match parse(value) {
            Ok(value) => Ok(Some(Placed { value, at })),
            Err(error) => self.fail(at, error.to_string()),
        }
    }

    /// The same, for a text that must be there.
    pub fn required_parsed<T, E: Display>(
        &self,
        key: &'static str,
        parse: impl FnOnce(String) -> Result<T, E>,
    ) -> Checked<Placed<T>> {
        match self.parsed(key, parse)? {
            Some(value) => Ok(value),
            None => self.fail(self.at, format!("`{key}` is missing")),
        }
    }

    /// One of several words.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Checked<Option<T>> {
        let chosen = self.parsed(key, |text| one_of(&text, words))?;
        Ok(chosen.map(|placed| placed.value))
    }

    /// The same, for a word that must be there.
    pub fn required_choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Checked<T> {
        match self.choice(key, words)? {
            Some(value) => Ok(value),
            None => self.fail(self.at, format!("`{key}` is missing")),
        }
    }

    /// Several of several words.
    pub fn choices<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Checked<Vec<T>> {
        let texts = self.texts(key)?.into_iter();
        texts.map(|t| one_of(&t.value, words).or_else(|e| self.fail(t.at, e))).collect()
    }

    /// A list of texts; empty when absent.
    pub fn texts(&self, key: &'static str) -> Checked<Vec<Placed<String>>> {
        let items = self.array(key)?.into_iter();
        let text = |item: &Value<'_>| match item.get_ref().as_str() {
            Some(text) => Ok(Placed { value: text.to_owned(), at: item.span().start }),
            None => self.wrong(key, item, "a list of texts"),
        };
        items.map(text).collect()
    }

    /// Refuses lists of which one entry has to be met, and that name nothing.
    pub fn check_lists(&self, keys: &[&'static str]) -> Checked<()> {
        for key in keys {
            let texts = self.texts(key)?;
            if texts.is_empty() && self.value(key).is_some() {
                return self.fail(self.place(key), format!("`{key}` names nothing: leave it out where all are meant"));
            }
        }
        Ok(())
    }

    /// What somebody who works cases is called.
    pub fn person(&self, key: &'static str) -> Checked<Option<Placed<String>>> {
        self.parsed(key, |name| {
            let plain = name.trim() == name && !name.chars().any(char::is_control);
            if plain && (1..=MAX_NAME).contains(&name.chars().count()) {
                return Ok(name);
            }
            Err(format!(
                "`{key}` must be a name of 1 to {MAX_NAME} characters, on one line and without blanks around it"
            ))
        })
    }

    /// A list; empty when absent.
    pub fn array(&self, key: &'static str) -> Checked<Vec<&'a Value<'a>>> {
        let Some(value) = self.value(key) else { return Ok(Vec::new()) };
        match value.get_ref().as_array() {
            Some(items) => Ok(items.iter().collect()),
            None => self.wrong(key, value, "a list"),
        }
    }

    /// A whole number of 0 to 255.
    pub fn small(&self, key: &'static str) -> Checked<Option<u8>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.get_ref().as_integer().and_then(|i| u8::from_str_radix(i.as_str(), i.radix()).ok());
        match number {
            Some(number) => Ok(Some(number)),
            None => self.wrong(key, value, "a whole number from 0 to 255"),
        }
    }

    /// A whole number without a sign.
    pub fn whole(&self, key: &'static str) -> Checked<Option<Placed<u32>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok());
        match number {
            Some(number) => Ok(Some(Placed { value: number, at: value.span().start })),
            None => self.wrong(key, value, "a whole number"),
        }
    }

    /// A value as a number of days: 1 to [`LONGEST`].
    pub fn days(&self, key: &str, value: &Value<'_>) -> Checked<u32> {
        let number = value.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok());
        match number.filter(|days| (1..=LONGEST).contains(days)) {
            Some(days) => Ok(days),
            None => self.fail(value.span().start, format!("`{key}` must be a number of days, 1 to {LONGEST}")),
        }
    }

    /// A number with a fraction.
    pub fn share(&self, key: &'static str) -> Checked<Option<Placed<f64>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref().as_float().and_then(|f| f.as_str().parse().ok()) {
            Some(number) => Ok(Some(Placed { value: number, at: value.span().start })),
            None => self.wrong(key, value, "a number as in 0.75"),
        }
    }

    /// Yes or no.
    pub fn yes(&self, key: &'static str) -> Checked<Option<bool>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        match value.get_ref().as_bool() {
            Some(yes) => Ok(Some(yes)),
            None => self.wrong(key, value, "true or false"),
        }
    }

    /// A value as a table.
    pub fn of(&self, key: &str, value: &'a Value<'a>) -> Checked<Table<'a>> {
        match value.get_ref().as_table() {
            Some(entries) => Ok(Table::new(self.text, entries, value.span().start)),
            None => self.wrong(key, value, "a table"),
        }
    }

    /// A table within.
    pub fn table(&self, key: &'static str) -> Checked<Option<Table<'a>>> {
        self.value(key).map(|value| self.of(key, value)).transpose()
    }

    /// A table within that must be there.
    pub fn required_table(&self, key: &'static str) -> Checked<Table<'a>> {
        match self.table(key)? {
            Some(table) => Ok(table),
            None => self.fail(self.at, format!("`{key}` is missing")),
        }
    }

    /// A list of tables; empty when absent.
    pub fn tables(&self, key: &'static str) -> Checked<Vec<Table<'a>>> {
        self.array(key)?.into_iter().map(|item| self.of(key, item)).collect()
    }

    /// A Spin variable's name (Spin allows small letters, digits and underscores).
    pub fn variable(&self, key: &'static str) -> Checked<String> {
        let named = self.required_parsed(key, |text| {
            let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
            if first && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
                return Ok(text);
            }
            Err(format!("`{text}` is no Spin variable: small letters, digits and `_`, as in `slack_webhook_url`"))
        })?;
        Ok(named.value)
    }

    /// Refuses every key that nobody asked for. Call last.
    pub fn done(&self) -> Checked<()> {
        let known = self.known.borrow();
        match self.names().find(|(name, _)| !known.contains(name.value)) {
            None => Ok(()),
            Some((name, _)) => {
                let known: Vec<&str> = known.iter().copied().collect();
                self.fail(name.at, format!("unknown key `{}`; known here: {}", name.value, known.join(", ")))
            }
        }
    }
}

/// The words for what there is a fixed set of.
pub(super) fn named<T: Named>() -> Vec<(&'static str, T)> {
    T::ALL.iter().map(|one| (one.name(), *one)).collect()
}

fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("`{text}` is none of {}", known.join(", "))
    })
}
