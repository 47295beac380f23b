//! How figures are said in the desk's languages: numbers, times, names of columns and of what is counted.

use super::table::Value;
use crate::desk::Lang;
use chrono::{Datelike as _, NaiveDate};
use ringback_core::figures::Estimate;
use ringback_core::names::Named as _;
use ringback_core::survey::Metric;
use ringback_ledger::REST;

/// A number with its decimal sign and a true minus.
pub(crate) fn number(l: Lang, value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value + 0.0);
    let text =
        if text.trim_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text.replace('-', "−") };
    if l.code() == "de" { text.replace('.', ",") } else { text }
}

/// A count, in groups of three digits.
pub(super) fn count(l: Lang, n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push_str(l.say(",", "."));
        }
        text.push(digit);
    }
    text
}

/// A figure of a metric: points, or percent.
pub(super) fn figure(l: Lang, metric: &str, value: f64) -> String {
    if metric == "nps" { number(l, value, 0) } else { percent(l, value) }
}

pub(super) fn percent(l: Lang, value: f64) -> String {
    format!("{}{}", number(l, value, 0), l.say("%", " %"))
}

/// Between what limits a figure lies.
pub(super) fn interval(l: Lang, metric: &str, e: &Estimate) -> String {
    format!("{} {} {}", figure(l, metric, e.low), l.say("to", "bis"), figure(l, metric, e.high))
}

/// A length of time, as exactly as it is known.
pub(super) fn length(l: Lang, seconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "seconds of some years")]
    let hours = seconds as f64 / 3_600.0;
    match hours {
        ..1.0 => format!("{} min", number(l, hours * 60.0, 0)),
        ..10.0 => format!("{} h", number(l, hours, 1)),
        ..72.0 => format!("{} h", number(l, hours, 0)),
        _ => format!("{} {}", number(l, hours / 24.0, 1), l.say("days", "Tage")),
    }
}

const MONTHS: [(&str, &str); 12] = [
    ("Jan", "Jan."),
    ("Feb", "Feb."),
    ("Mar", "März"),
    ("Apr", "Apr."),
    ("May", "Mai"),
    ("Jun", "Juni"),
    ("Jul", "Juli"),
    ("Aug", "Aug."),
    ("Sep", "Sep."),
    ("Oct", "Okt."),
    ("Nov", "Nov."),
    ("Dec", "Dez."),
];

/// A day, without its year.
pub(super) fn short_day(l: Lang, day: NaiveDate) -> String {
    let (en, de) = MONTHS.get(day.month0() as usize).copied().unwrap_or_default();
    format!("{}{} {}", day.day(), l.say("", "."), l.say(en, de))
}

pub(crate) fn day(l: Lang, day: NaiveDate) -> String {
    format!("{} {}", short_day(l, day), day.year())
}

/// A metric's name.
pub(super) fn metric(name: &str) -> &str {
    match Metric::from_name(name) {
        Some(metric) => metric.label(),
        None => name,
    }
}

/// What a metric's figure is.
pub(super) fn unit(l: Lang, name: &str) -> &'static str {
    match name {
        "nps" => l.say("points, −100 to 100", "Punkte, −100 bis 100"),
        "csat" => l.say("satisfied of all answers, percent", "Zufriedene an allen Antworten, Prozent"),
        "ces" => l.say("found it easy, percent of answers", "fanden es einfach, Prozent der Antworten"),
        "stars" => l.say("four and five stars, percent of answers", "vier und fünf Sterne, Prozent der Antworten"),
        _ => l.say("thumbs up, percent of answers", "Daumen hoch, Prozent der Antworten"),
    }
}

/// A country, or what stands in its place.
pub(super) fn country(l: Lang, code: &str) -> String {
    let known = match code {
        "all" => l.say("All countries", "Alle Länder"),
        "-" => l.say("Country unknown", "Land unbekannt"),
        "AT" => l.say("Austria", "Österreich"),
        "BE" => l.say("Belgium", "Belgien"),
        "CH" => l.say("Switzerland", "Schweiz"),
        "DE" => l.say("Germany", "Deutschland"),
        "ES" => l.say("Spain", "Spanien"),
        "FR" => l.say("France", "Frankreich"),
        "GB" => l.say("United Kingdom", "Vereinigtes Königreich"),
        "IT" => l.say("Italy", "Italien"),
        "NL" => l.say("Netherlands", "Niederlande"),
        "PL" => l.say("Poland", "Polen"),
        "SE" => l.say("Sweden", "Schweden"),
        "US" => l.say("United States", "Vereinigte Staaten"),
        other => other,
    };
    known.to_owned()
}

/// The head of a column.
pub(super) fn column(l: Lang, name: &'static str) -> &'static str {
    match name {
        "metric" => l.say("Metric", "Kennzahl"),
        "country" => l.say("Country", "Land"),
        "touchpoint" => l.say("Touchpoint", "Kontaktpunkt"),
        "segment" => l.say("Segment", "Segment"),
        "value" => l.say("Value", "Wert"),
        "low" => l.say("from", "von"),
        "high" => l.say("to (95 %)", "bis (95 %)"),
        "answers" => l.say("Answers", "Antworten"),
        "small_sample" => l.say("Sample", "Stichprobe"),
        "mean" => l.say("Mean score", "Mittlere Note"),
        "change" => l.say("Change", "Veränderung"),
        "from" => l.say("From", "Von"),
        "to" => l.say("To", "Bis"),
        "score" => l.say("Score", "Note"),
        "share" => l.say("Percent", "Prozent"),
        "cases" => l.say("Cases", "Fälle"),
        "worked" => l.say("Worked", "Bearbeitet"),
        "coverage" => l.say("Coverage, %", "Abdeckung, %"),
        "closed_within_48h" => l.say("Closed ≤ 48 h", "Geschlossen ≤ 48 h"),
        "closed_within_72h" => l.say("48–72 h", "48–72 h"),
        "closed_over_72h" => l.say("> 72 h", "> 72 h"),
        "open" => l.say("Open", "Offen"),
        "automated" => l.say("Automated", "Automatik"),
        "first_contact_median_h" => l.say("First contact, median h", "Erstkontakt, Median h"),
        "closure_median_h" => l.say("Closure, median h", "Abschluss, Median h"),
        "unhappy" => l.say("Unhappy", "Unzufrieden"),
        "won_back" => l.say("Won back", "Zurückgewonnen"),
        "team" => l.say("Team", "Team"),
        "clock" => l.say("Deadline", "Frist"),
        "kept" => l.say("Kept", "Gehalten"),
        "missed" => l.say("Missed", "Verfehlt"),
        "attainment" => l.say("Attained, %", "Erreicht, %"),
        "target" => l.say("Target, %", "Ziel, %"),
        "root_cause" => l.say("Root cause", "Ursache"),
        "owner" => l.say("Person", "Person"),
        "not_begun" => l.say("Not begun", "Nicht begonnen"),
        "late" => l.say("Late", "Überfällig"),
        other => other,
    }
}

/// Which of a case's deadlines.
pub(super) fn clock(l: Lang, name: &str) -> &'static str {
    if name == "closure" { l.say("Closure", "Abschluss") } else { l.say("First contact", "Erstkontakt") }
}

/// A value of a table, as people read it.
pub(super) fn value(l: Lang, column: &str, value: &Value) -> String {
    match (column, value) {
        (_, Value::Nothing) => "–".to_owned(),
        ("small_sample", Value::Yes(true)) => l.say("small", "klein").to_owned(),
        ("small_sample", _) => String::new(),
        (_, Value::Yes(yes)) => (if *yes { l.say("yes", "ja") } else { l.say("no", "nein") }).to_owned(),
        ("metric", Value::Text(name)) => metric(name).to_owned(),
        ("country", Value::Text(code)) => country(l, code),
        ("clock", Value::Text(name)) => clock(l, name).to_owned(),
        ("owner", Value::Text(name)) if name == "-" => l.say("nobody", "niemand").to_owned(),
        ("from" | "to", Value::Text(text)) => text.parse().map_or_else(|_| text.clone(), |at| day(l, at)),
        ("root_cause", Value::Text(text)) if text == REST => l.say("others", "andere").to_owned(),
        (_, Value::Text(text)) if text == "-" => l.say("not said", "ohne Angabe").to_owned(),
        (_, Value::Text(text)) => text.clone(),
        (_, Value::Count(n)) => count(l, *n),
        (_, Value::Number(n)) => number(l, *n, 1),
    }
}

/// What a list of cases is of.
pub(super) fn fact(l: Lang, fact: &str) -> String {
    let known = match fact {
        "worked" => l.say("Worked by a person", "Von Menschen bearbeitet"),
        "open" => l.say("Still open", "Noch offen"),
        "automated" => l.say("For automation", "Für die Automatik"),
        "quick" => l.say("Closed within 48 hours", "Binnen 48 Stunden geschlossen"),
        "later" => l.say("Closed after 48 to 72 hours", "Nach 48 bis 72 Stunden geschlossen"),
        "slow" => l.say("Closed after more than 72 hours", "Nach mehr als 72 Stunden geschlossen"),
        "merged" => l.say("Go on in another case", "Gehen in einem anderen Fall weiter"),
        "low" => l.say("Unhappy customers", "Unzufriedene"),
        "again" => l.say("Unhappy, and answered again", "Unzufriedene, die wieder geantwortet haben"),
        "won" => l.say("Won back", "Zurückgewonnen"),
        "fk" => l.say("First contact in time", "Erstkontakt fristgerecht"),
        "fm" => l.say("First contact too late", "Erstkontakt zu spät"),
        "ck" => l.say("Closed in time", "Fristgerecht geschlossen"),
        "cm" => l.say("Closure too late", "Abschluss zu spät"),
        _ => match fact.strip_prefix("why:") {
            Some(cause) => return format!("{}: {cause}", l.say("Root cause", "Ursache")),
            None => l.say("All cases", "Alle Fälle"),
        },
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!((number(Lang::En, -12.34, 1), number(Lang::De, -12.34, 1)), ("−12.3".into(), "−12,3".into()));
        assert_eq!((number(Lang::En, -0.2, 0), count(Lang::De, 1_234_567)), ("0".into(), "1.234.567".into()));
        assert_eq!((count(Lang::En, 12), count(Lang::En, 1_000)), ("12".into(), "1,000".into()));
        assert_eq!((length(Lang::En, 1_800), length(Lang::De, 5_400)), ("30 min".into(), "1,5 h".into()));
        assert_eq!((length(Lang::En, 432_000), percent(Lang::De, 93.4)), ("5.0 days".into(), "93 %".into()));
    }
}
