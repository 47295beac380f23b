//! Reads what somebody wants of an improvement.

use crate::config::{Config, country_code};
use crate::fields::{Fields, Mistakes};
use crate::problem::Problem;
use crate::web::primary;
use chrono::NaiveDate;
use ringback_core::id::{SurveyId, TouchpointId};
use ringback_core::improvement::{Change, ChangeKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest title or root cause, in characters.
const MAX_LINE: usize = 200;
/// Longest note, in characters: a history of them is stored as a whole.
const MAX_NOTE: usize = 500;
/// Longest name of a person, in characters.
const MAX_NAME: usize = 128;
/// Longest text to customers, in characters.
const MAX_TEXT: usize = 4_000;
/// Most languages that a text is given in.
const MOST_LANGUAGES: usize = 20;

/// A new improvement.
pub(super) struct Plan {
    pub title: String,
    pub root_cause: String,
    pub survey: Option<SurveyId>,
    pub touchpoint: Option<TouchpointId>,
    pub country: Option<String>,
    pub owner: String,
    pub due: NaiveDate,
    pub note: Option<String>,
}

/// What customers are to be told.
#[derive(Default)]
pub(super) struct Words {
    pub text: Option<String>,
    pub texts: BTreeMap<String, String>,
}

/// Reads a new improvement; every wrong field is named.
pub(super) fn plan(value: &Value, config: &Config, today: NaiveDate) -> Result<Plan, Problem> {
    let mistakes = Mistakes::default();
    let plan = Fields::of(value, "", &mistakes).and_then(|f| {
        let title = line(&f, "title", MAX_LINE);
        let root_cause = line(&f, "root_cause", MAX_LINE);
        let survey = f.parsed("survey", 64, |text| {
            let known = SurveyId::new(text).ok().filter(|id| config.surveys.contains_key(id));
            known.ok_or("is no survey of the programme")
        });
        let touchpoint = f.parsed("touchpoint", 64, |text| TouchpointId::new(text));
        let country = f.parsed("country", 2, |text| {
            if country_code(text) { Ok(text.to_owned()) } else { Err("must be two capital letters (ISO 3166)") }
        });
        let owner = line(&f, "owner", MAX_NAME);
        let due = due(&f, today);
        let note = f.text("note", MAX_NOTE);
        f.refuse_unknown();
        let (title, root_cause) = (title?, root_cause?);
        Some(Plan { title, root_cause, survey, touchpoint, country, owner: owner?, due: due?, note })
    });
    mistakes.or(plan)
}

/// Reads a change and its note; every wrong field is named.
pub(super) fn change(value: &Value, today: NaiveDate) -> Result<(Change, String), Problem> {
    let mistakes = Mistakes::default();
    let change = Fields::of(value, "", &mistakes).and_then(|f| {
        let kind = f.required_choice::<ChangeKind>("type")?;
        let note = f.required_text("note", MAX_NOTE);
        let change = match kind {
            ChangeKind::Start => Some(Change::Start),
            ChangeKind::Finish => Some(Change::Finish),
            ChangeKind::Drop => Some(Change::Drop),
            ChangeKind::Reopen => Some(Change::Reopen),
            ChangeKind::Assign => line(&f, "owner", MAX_NAME).map(Change::Assign),
            ChangeKind::Postpone => due(&f, today).map(Change::Postpone),
            ChangeKind::Note => Some(Change::Note),
        };
        f.refuse_unknown();
        Some((change?, note?))
    });
    mistakes.or(change)
}

/// Reads what customers are to be told; every wrong field is named.
pub(super) fn words(value: &Value) -> Result<Words, Problem> {
    let mistakes = Mistakes::default();
    let words = Fields::of(value, "", &mistakes).map(|f| {
        let text = f.text("text", MAX_TEXT);
        let mut texts = BTreeMap::new();
        match f.value("texts") {
            None => {}
            Some(Value::Object(given)) if given.len() <= MOST_LANGUAGES => {
                for (language, text) in given {
                    match text.as_str().map(str::trim).filter(|text| (1..=MAX_TEXT).contains(&text.chars().count())) {
                        Some(text) if is_language(language) => drop(texts.insert(primary(language), text.to_owned())),
                        Some(_) => f.wrong("texts", "is by language, as in { \"de\": \"…\" }"),
                        None => f.wrong_within(
                            "texts",
                            language.get(..2).unwrap_or_default(),
                            "must be a text of 1 to 4000 characters",
                        ),
                    }
                }
            }
            Some(_) => f.wrong("texts", "is a text by language, for 20 languages at most"),
        }
        f.refuse_unknown();
        Words { text, texts }
    });
    mistakes.or(words)
}

fn is_language(tag: &str) -> bool {
    (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase())
}

fn line(f: &Fields<'_>, name: &'static str, max: usize) -> Option<String> {
    let text = f.required_text(name, max)?;
    if text.chars().any(char::is_control) {
        f.wrong(name, "is one line");
        return None;
    }
    Some(text)
}

fn due(f: &Fields<'_>, today: NaiveDate) -> Option<NaiveDate> {
    let due = f.parsed("due", 10, |text| text.parse::<NaiveDate>().map_err(|_| "must be a date as in 2027-01-31"));
    match due {
        None if f.value("due").is_none() => {
            f.wrong("due", "is required");
            None
        }
        Some(day) if day < today => {
            f.wrong("due", "must not be in the past");
            None
        }
        due => due,
    }
}
