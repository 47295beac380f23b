//! Typed access to a TOML document that remembers where everything stands. Knows nothing of Spin.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Located, ManifestError};

/// The text a document was parsed from, for turning offsets into lines.
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl Source<'_> {
    pub fn line(&self, span: &Range<usize>) -> usize {
        let end = span.start.min(self.text.len());
        1 + self.text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count()
    }

    pub fn error(&self, span: &Range<usize>, message: impl Into<String>) -> ManifestError {
        self.error_at(self.line(span), message)
    }

    pub fn error_at(&self, line: usize, message: impl Into<String>) -> ManifestError {
        ManifestError { path: self.path.to_owned(), line, message: message.into() }
    }
}

/// A table of the document and its name as a reader would write it, for messages.
pub(super) struct Table<'a> {
    pub source: &'a Source<'a>,
    pub name: String,
    pub line: usize,
    entries: &'a DeTable<'a>,
}

type Entry<'a> = (&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>);
type Result<T> = std::result::Result<T, ManifestError>;

impl<'a> Table<'a> {
    pub fn root(source: &'a Source<'a>, entries: &'a DeTable<'a>) -> Self {
        Self { source, name: String::new(), line: 1, entries }
    }

    fn path_of(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> ManifestError {
        let found = value.get_ref().type_str();
        self.source.error(&value.span(), format!("`{}` must be {wanted}, found {found}", self.path_of(key)))
    }

    fn entry(&self, key: &str) -> Option<Entry<'a>> {
        self.entries.get_key_value(key)
    }

    /// Line of a key that was already read, or of the table.
    pub fn line_of(&self, key: &str) -> usize {
        self.entry(key).map_or(self.line, |(key, _)| self.source.line(&key.span()))
    }

    pub fn error(&self, key: &str, message: impl Into<String>) -> ManifestError {
        self.source.error_at(self.line_of(key), message)
    }

    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.entries.keys().map(|key| key.get_ref().as_ref())
    }

    /// Refuses every key that is not in `known`; those of `unsupported` by their own words.
    pub fn only(&self, known: &[&str], unsupported: &[(&str, &str)]) -> Result<()> {
        for key in self.keys() {
            if let Some((_, why)) = unsupported.iter().find(|(name, _)| *name == key) {
                return Err(self.error(key, format!("`{}` is not supported by this host: {why}", self.path_of(key))));
            }
            if !known.contains(&key) {
                return Err(self.error(key, format!("unknown key `{}`", self.path_of(key))));
            }
        }
        Ok(())
    }

    pub fn string(&self, key: &str) -> Result<Option<Located<String>>> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let text = value.get_ref().as_str().ok_or_else(|| self.wrong_type(key, value, "a string"))?;
        Ok(Some(Located { value: text.to_owned(), line: self.source.line(&value.span()) }))
    }

    pub fn required_string(&self, key: &str) -> Result<Located<String>> {
        self.string(key)?.ok_or_else(|| self.source.error_at(self.line, format!("`{}` is missing", self.path_of(key))))
    }

    pub fn boolean(&self, key: &str) -> Result<Option<bool>> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let flag = value.get_ref().as_bool().ok_or_else(|| self.wrong_type(key, value, "true or false"))?;
        Ok(Some(flag))
    }

    pub fn integer(&self, key: &str) -> Result<Option<i64>> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
            .ok_or_else(|| self.wrong_type(key, value, "an integer"))?;
        Ok(Some(number))
    }

    pub fn strings(&self, key: &str) -> Result<Vec<Located<String>>> {
        self.items(key)?
            .iter()
            .map(|item| {
                let text = item.get_ref().as_str().ok_or_else(|| self.wrong_type(key, item, "a list of strings"))?;
                Ok(Located { value: text.to_owned(), line: self.source.line(&item.span()) })
            })
            .collect()
    }

    /// The items of an array, whatever they are; empty when the key is absent.
    pub fn items(&self, key: &str) -> Result<&'a [Spanned<DeValue<'a>>]> {
        let Some((_, value)) = self.entry(key) else { return Ok(&[]) };
        let array = value.get_ref().as_array().ok_or_else(|| self.wrong_type(key, value, "a list"))?;
        Ok(array)
    }

    pub fn tables(&self, key: &str) -> Result<Vec<Table<'a>>> {
        self.items(key)?
            .iter()
            .map(|item| self.as_table(key, item).ok_or_else(|| self.wrong_type(key, item, "a list of tables")))
            .collect()
    }

    pub fn string_map(&self, key: &str) -> Result<BTreeMap<String, Located<String>>> {
        let Some(table) = self.table(key)? else { return Ok(BTreeMap::new()) };
        table.keys().map(|name| Ok((name.to_owned(), table.required_string(name)?))).collect()
    }

    pub fn table(&self, key: &str) -> Result<Option<Table<'a>>> {
        let Some((_, value)) = self.entry(key) else { return Ok(None) };
        let mut table = self.as_table(key, value).ok_or_else(|| self.wrong_type(key, value, "a table"))?;
        table.line = self.line_of(key);
        Ok(Some(table))
    }

    /// The tables of a table, with their names.
    pub fn children(&self) -> Result<Vec<(&'a str, Table<'a>)>> {
        let mut children = Vec::new();
        for key in self.keys() {
            if let Some(table) = self.table(key)? {
                children.push((key, table));
            }
        }
        Ok(children)
    }

    pub fn is_table(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|(_, value)| value.get_ref().is_table())
    }

    /// A value of an array seen as a table of this document.
    pub fn as_table(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Table<'a>> {
        Some(Table {
            source: self.source,
            name: self.path_of(key),
            line: self.source.line(&value.span()),
            entries: value.get_ref().as_table()?,
        })
    }
}
