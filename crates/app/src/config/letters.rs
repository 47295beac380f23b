//! `[[templates]]` and `[messages.brand]`: what messages to customers say and look like; in `ringback.toml`, or in files
//! beside it that `[messages] templates` names.
//!
//! Read apart from the rest of the programme, because only the component that writes to customers needs it.

use super::kinds::mailbox;
use super::table::{Checked, Table, error_at, named};
use super::{Beside, Config, ConfigError};
use crate::letters::{Brand, Letters, Source, Template};
use ringback_core::message::MessageKind;
use toml::de::DeTable;

/// The colour of what stands out, unless the programme names one.
const COLOR: &str = "#0b5cad";
/// Longest footer, in characters.
const MAX_FOOTER: usize = 500;

impl Letters {
    /// Reads what messages to customers say. `config` is the same programme's rest.
    ///
    /// # Errors
    /// On the first thing that is wrong, with its place.
    pub fn parse(text: &str, config: &Config, beside: Beside<'_>) -> Result<Self, ConfigError> {
        let document = parsed(text)?;
        let root = Table::new(text, document.get_ref(), 0);
        let (mut brand, mut files) = (Brand { color: COLOR.to_owned(), ..Brand::default() }, Vec::new());
        if let Some(messages) = root.table("messages")? {
            files = messages.texts("templates")?;
            if let Some(table) = messages.table("brand")? {
                brand = read_brand(&table)?;
            }
        }
        let mut templates = read_all(&root, text, None, beside)?;
        for file in files {
            let inner = beside(&file.value).or_else(|why| root.fail(file.at, format!("{}: {why}", file.value)))?;
            let within = |error: ConfigError| ConfigError { file: Some(file.value.clone()), ..error };
            let document = parsed(&inner).map_err(within)?;
            let table = Table::new(&inner, document.get_ref(), 0);
            // What stands in a template has its place already.
            let more = read_all(&table, &inner, Some(&file.value), beside);
            let more = more.and_then(|more| table.done().map(|()| more)).map_err(within)?;
            templates.extend(more);
        }
        Letters::new(brand, templates, &config.default_locale)
    }
}

fn parsed(text: &str) -> Checked<toml::Spanned<DeTable<'_>>> {
    DeTable::parse(text).map_err(|e| error_at(text, e.span().map_or(0, |span| span.start), e.message().to_owned()))
}

fn read_brand(table: &Table<'_>) -> Checked<Brand> {
    let sender = table.parsed("sender", |text| mailbox(&text).map(|()| text))?;
    let reply_to = table.parsed("reply_to", |text| mailbox(&text).map(|()| text))?;
    let color = table.parsed("color", color)?;
    let footer = table.parsed("footer", |text| match text.chars().count() {
        0..=MAX_FOOTER => Ok(text),
        _ => Err(format!("a footer has at most {MAX_FOOTER} characters")),
    })?;
    let address = |key| Ok::<_, ConfigError>(table.parsed(key, web_address)?.map(|placed| placed.value));
    let brand = Brand {
        sender: sender.map(|placed| placed.value),
        reply_to: reply_to.map(|placed| placed.value),
        logo: address("logo")?,
        color: color.map_or_else(|| COLOR.to_owned(), |placed| placed.value),
        footer: footer.map(|placed| placed.value),
        referral_url: address("referral_url")?,
        review_url: address("review_url")?,
    };
    table.done()?;
    Ok(brand)
}

/// As in `#0a6b50`: nothing else may come into a style.
fn color(text: String) -> Result<String, String> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
    if digits.is_some() { Ok(text) } else { Err(format!("`{text}` is no colour as in `#0a6b50`")) }
}

fn web_address(text: String) -> Result<String, String> {
    // What is filled in later is no part of the address that is looked at.
    match text.replace("{code}", "code").parse::<http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => Ok(text),
        _ => Err(format!("`{text}` is no http or https address")),
    }
}

fn read_all(root: &Table<'_>, text: &str, file: Option<&str>, beside: Beside<'_>) -> Checked<Vec<Template>> {
    let mut templates: Vec<Template> = Vec::new();
    for table in root.tables("templates")? {
        let kind: MessageKind = table.required_choice("kind", &named())?;
        let language = table.text("language")?.map_or_else(|| "en".to_owned(), |placed| placed.value);
        if templates.iter().any(|known| known.kind == kind && known.language == language) {
            return table.fail(table.at, format!("`{}` in `{language}` is there twice", kind.as_str()));
        }
        let subject = source(&table, text, file, "subject", None, beside)?;
        let body = source(&table, text, file, "text", Some("text_file"), beside)?;
        let html = source(&table, text, file, "html", Some("html_file"), beside)?;
        table.done()?;
        let (Some(subject), Some(text)) = (subject, body) else {
            return table.fail(table.at, "a template has a `subject` and a `text` (or `text_file`)");
        };
        templates.push(Template { kind, language, subject, text, html });
    }
    Ok(templates)
}

/// A part of a template: as it stands here, or in a file beside.
fn source(
    table: &Table<'_>,
    whole: &str,
    file: Option<&str>,
    key: &'static str,
    file_key: Option<&'static str>,
    beside: Beside<'_>,
) -> Checked<Option<Source>> {
    if let Some(text) = table.text(key)? {
        let begins = begins(whole, text.at);
        return Ok(Some(Source { text: text.value, file: file.map(str::to_owned), begins }));
    }
    let Some(named) = file_key.map(|key| table.text(key)).transpose()?.flatten() else { return Ok(None) };
    match beside(&named.value) {
        Ok(text) => Ok(Some(Source { text, file: Some(named.value), begins: (1, 1) })),
        Err(why) => table.fail(named.at, format!("{}: {why}", named.value)),
    }
}

/// The line and column of a text's first character, after its quotation marks.
fn begins(whole: &str, at: usize) -> (usize, usize) {
    let raw = whole.get(at..).unwrap_or_default();
    let marks = if raw.starts_with("'''") || raw.starts_with("\"\"\"") { 3 } else { 1 };
    let after = raw.get(marks..).unwrap_or_default();
    let skipped = match marks {
        3 if after.starts_with("\r\n") => 2,
        3 if after.starts_with('\n') => 1,
        _ => 0,
    };
    let place = error_at(whole, at + marks + skipped, "");
    (place.line, place.column)
}
