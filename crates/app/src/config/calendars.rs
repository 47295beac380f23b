//! `[[calendars]]`: when people work.

use super::table::{Checked, Table};
use super::{Beside, holidays};
use ringback_core::calendar::{Calendar, Week, Zone, hours};
use ringback_core::id::CalendarId;
use std::collections::BTreeSet;

pub(super) fn read(table: &Table<'_>, beside: Beside<'_>) -> Checked<(CalendarId, Calendar)> {
    let id = table.required_parsed("id", CalendarId::new)?.value;
    let zone = table.required_parsed("zone", |name| Zone::named(&name))?.value;
    let mut week = Week::default();
    for line in table.texts("hours")? {
        hours(&mut week, &line.value).or_else(|e| table.fail(line.at, e.to_string()))?;
    }
    let mut days = BTreeSet::new();
    for text in table.texts("holidays")? {
        let day = text.value.parse();
        let day = day.or_else(|_| table.fail(text.at, format!("`{}` is no date as in 2026-12-25", text.value)))?;
        days.insert(day);
    }
    if let Some(file) = table.text("holidays_file")? {
        let text = beside(&file.value).or_else(|e| table.fail(file.at, format!("{}: {e}", file.value)))?;
        let read = holidays::read(&text).or_else(|e| table.fail(file.at, format!("{}: {e}", file.value)))?;
        days.extend(read);
    }
    table.done()?;
    let calendar = Calendar::new(id.clone(), zone, week, days).or_else(|e| table.fail(table.at, e.to_string()))?;
    Ok((id, calendar))
}
