//! What the desk says when something is refused: the same refusals as the API's, in the reader's language.
//!
//! The API speaks English and names fields; a page names what stands beside the field. A refusal that has no words here is
//! shown as it is.

use super::case::Notice;
use super::lang::Lang;
use crate::problem::Problem;

/// What is wrong with a field, in German. `{}` stands for what varies; the longest that fits counts.
const GERMAN: &[(&str, &str)] = &[
    ("is required", "fehlt"),
    ("is required, unless `queue` is given", "fehlt, oder eine Warteschlange"),
    ("longer than {} characters", "länger als {} Zeichen"),
    ("must be a text", "muss ein Text sein"),
    ("must be one of {}", "muss eines sein von {}"),
    (
        "must be an amount from {} to {} with at most two decimals",
        "muss ein Betrag von {} bis {} mit höchstens zwei Nachkommastellen sein",
    ),
    ("is one line", "darf nur eine Zeile sein"),
    ("is no case's id", "ist keine Fallnummer"),
    ("is this case itself", "ist dieser Fall selbst"),
    (
        "is a case that was itself merged into another",
        "ist ein Fall, der selbst mit einem anderen zusammengeführt wurde",
    ),
    ("customers are told what was done: finish it first", "Kunden erfahren, was erledigt ist: Erledigen Sie es zuerst"),
    (
        "the programme names no channel that writes to customers: [messages]",
        "Das Programm nennt keinen Kanal, der Kunden schreibt: [messages]",
    ),
    (
        "{} improvements are open: finish or drop one first",
        "{} Verbesserungen sind offen: Erledigen oder verwerfen Sie zuerst eine",
    ),
    ("its history has {} entries: finish or drop it", "Ihr Verlauf hat {} Einträge: Erledigen oder verwerfen Sie sie"),
    ("must be a date as in {}", "muss ein Datum sein"),
    ("must not be in the past", "darf nicht in der Vergangenheit liegen"),
    ("is no survey of the programme", "ist keine Umfrage des Programms"),
    ("must be two capital letters (ISO 3166)", "muss aus zwei Großbuchstaben bestehen"),
    ("is required: what was changed", "fehlt: was geändert wurde"),
    (
        "this does not follow from how the improvement stands: it is {}",
        "Die Verbesserung steht inzwischen anders ({}); das ist jetzt nicht möglich",
    ),
    (
        "it has changed since you have seen it: look at it again",
        "Sie hat sich inzwischen geändert; sehen Sie sie noch einmal an",
    ),
    ("is nobody who works cases: {}", "ist niemand, der Fälle bearbeitet"),
    ("is no deadline policy of the programme", "ist keine Fristenregel des Programms"),
    ("names no task that is open", "ist keine offene Aufgabe"),
    ("must be the number of a task", "muss die Nummer einer Aufgabe sein"),
    ("must be later than now and at most {} s ahead", "muss in der Zukunft liegen, höchstens {} Sekunden von jetzt"),
    ("must be in the future", "muss in der Zukunft liegen"),
    ("must be within {} days", "muss innerhalb von {} Tagen liegen"),
    ("give either `cases` or `from_owner`", "wählen Sie Fälle oder eine Person"),
    ("must be a list of {} to {} ids", "wählen Sie {} bis {} Fälle"),
    ("must be a text, or a list of {} to {}", "braucht {} bis {} Werte"),
    (
        "cannot be sent: the customer's e-mail address is not known, or [messages] names no channel",
        "kann nicht gesendet werden: Die E-Mail-Adresse des Kunden ist nicht bekannt, oder [messages] nennt keinen Kanal",
    ),
    (
        "a case that is {} does not allow `{}`",
        "Der Fall steht inzwischen anders ({}); das ist jetzt nicht möglich ({})",
    ),
    (
        "the customer has not been informed: {}",
        "Der Kunde wurde noch nicht informiert: Informieren Sie ihn zuerst, oder nennen Sie den Grund, warum er nichts erfährt",
    ),
    (
        "task {} of {} is not finished: finish it first",
        "Aufgabe {} von {} ist nicht abgeschlossen: Schließen Sie sie zuerst ab",
    ),
    (
        "nobody has room for the case, so it is for automation: taking it back needs a lead",
        "Niemand hat Platz für diesen Fall, er ist der Automatik überlassen: Zurückholen kann ihn nur die Teamleitung",
    ),
    ("another deadline policy needs a lead", "Andere Fristen kann nur die Teamleitung setzen"),
    (
        "goodwill above {} ({} was granted before) needs a lead",
        "Kulanz über {} (bisher gewährt: {}) kann nur die Teamleitung gewähren",
    ),
    (
        "the case's history is full: at most {} characters from now on",
        "Der Verlauf des Falls ist voll: ab jetzt höchstens {} Zeichen",
    ),
    ("goodwill above {} needs a lead", "Kulanz über {} kann nur die Teamleitung gewähren"),
    (
        "the case has changed since that version; nothing was done",
        "Der Fall hat sich inzwischen geändert; es ist nichts geschehen",
    ),
];

/// A refusal in words.
pub(super) fn said(l: Lang, problem: Problem) -> Notice {
    let text = match problem.kind {
        "invalid-fields" => l.say("Please look at this again:", "Bitte sehen Sie hier noch einmal nach:").to_owned(),
        "contact-blocked" => format!(
            "{} ({}).",
            l.say(
                "The customer has not agreed to be contacted that way",
                "Der Kunde hat dieser Art der Ansprache nicht zugestimmt"
            ),
            problem.detail
        ),
        "unavailable" => l
            .say(
                "The store did not answer. Nothing was saved; please send it again.",
                "Der Speicher hat nicht geantwortet. Nichts wurde gespeichert; bitte senden Sie es erneut.",
            )
            .to_owned(),
        "does-not-follow"
        | "not-done"
        | "no-channel"
        | "too-many-open"
        | "version-changed"
        | "goodwill-limit"
        | "for-automation"
        | "for-leads"
        | "transition-not-allowed"
        | "stale-version" => in_words(l, problem.detail),
        _ => problem.detail,
    };
    let more = problem.errors.into_iter().map(|e| {
        let name = e.pointer.trim_start_matches('/').replace('/', " ");
        format!("{}: {}", label(l, &name), in_words(l, e.detail))
    });
    Notice { mark: "bad", text, more: more.collect(), meanwhile: Vec::new() }
}

/// What a field is called on the page.
fn label(l: Lang, name: &str) -> &str {
    match name {
        "note" => l.say("Note", "Notiz"),
        "reason" => l.say("Reason", "Grund"),
        "until" => l.say("Until", "Bis"),
        "root_cause" => l.say("Root cause", "Ursache"),
        "remedy" => l.say("Remedy", "Abhilfe"),
        "goodwill" => l.say("Goodwill", "Kulanz"),
        "channel" => l.say("By", "Über"),
        "outcome" => l.say("Outcome", "Ergebnis"),
        "owner" => l.say("Owner", "Person"),
        "queue" => l.say("Queue", "Warteschlange"),
        "into" => l.say("The other case", "Der andere Fall"),
        "policy" => l.say("Deadlines", "Fristen"),
        "department" => l.say("Department", "Abteilung"),
        "task" => l.say("Task", "Aufgabe"),
        "message subject" => l.say("Subject", "Betreff"),
        "message text" => l.say("Text", "Text"),
        "without_informing" => l.say("Why the customer is not told", "Warum der Kunde nichts erfährt"),
        "ends_at" => l.say("Until", "Bis"),
        other => other,
    }
}

/// A detail in the reader's language.
fn in_words(l: Lang, detail: String) -> String {
    match l {
        Lang::En => detail,
        Lang::De => {
            let fitting = GERMAN.iter().filter_map(|(en, de)| Some((en.len(), de, varying(en, &detail)?)));
            let words = fitting.max_by_key(|(length, ..)| *length).map(|(_, de, varies)| {
                let mut words = (*de).to_owned();
                for part in varies {
                    words = words.replacen("{}", part, 1);
                }
                words
            });
            words.unwrap_or(detail)
        }
    }
}

/// What a detail has in the places of a pattern; none when it does not fit.
fn varying<'d>(pattern: &str, detail: &'d str) -> Option<Vec<&'d str>> {
    let mut parts = pattern.split("{}");
    let mut rest = detail.strip_prefix(parts.next()?)?;
    let mut varies = Vec::new();
    for part in parts {
        let at = if part.is_empty() { rest.len() } else { rest.find(part)? };
        varies.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(varies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_german_reader_is_told_in_german() {
        let german = |detail: &str| in_words(Lang::De, detail.to_owned());
        for (english, expected) in [
            ("is required", "fehlt"),
            ("is required, unless `queue` is given", "fehlt, oder eine Warteschlange"),
            ("longer than 4000 characters", "länger als 4000 Zeichen"),
            (
                "must be later than now and at most 2592000 s ahead",
                "muss in der Zukunft liegen, höchstens 2592000 Sekunden von jetzt",
            ),
            ("is nobody who works cases: see [[access]] in the programme", "ist niemand, der Fälle bearbeitet"),
            ("goodwill above 50.00 needs a lead", "Kulanz über 50.00 kann nur die Teamleitung gewähren"),
            (
                "goodwill above 50.00 (12.50 was granted before) needs a lead",
                "Kulanz über 50.00 (bisher gewährt: 12.50) kann nur die Teamleitung gewähren",
            ),
            (
                "task 2 of depot is not finished: finish it first",
                "Aufgabe 2 von depot ist nicht abgeschlossen: Schließen Sie sie zuerst ab",
            ),
            ("something that nobody thought of", "something that nobody thought of"),
        ] {
            assert_eq!(german(english), expected);
            assert_eq!(in_words(Lang::En, english.to_owned()), english);
        }
    }

    #[test]
    fn what_the_core_refuses_has_german_words() {
        use ringback_core::case::{EventKind, Refused, State};
        for refused in [
            Refused::NotFromHere { state: State::Closed, event: EventKind::Wait },
            Refused::NotInformed,
            Refused::NoSuchTask,
            Refused::WaitOutOfBounds { longest_s: 60 },
            Refused::ForAutomation,
            Refused::PolicyIsALeads,
            Refused::GoodwillAbove { limit: 5_000, before: 0 },
            Refused::GoodwillAbove { limit: 5_000, before: 3_000 },
        ] {
            let english = refused.to_string();
            assert_ne!(in_words(Lang::De, english.clone()), english);
        }
    }

    #[test]
    fn what_a_form_can_get_wrong_has_german_words() {
        use serde_json::json;
        let long = "x".repeat(5_000);
        for order in [
            json!({ "type": "assign", "note": "" }),
            json!({ "type": "wait", "note": long, "reason": "", "until": null }),
            json!({ "type": "resolve", "note": "n", "root_cause": long, "goodwill": -1 }),
            json!({ "type": "merge", "note": "n", "into": "a b" }),
            json!({ "type": "split", "note": "n", "department": "", "task": "" }),
            json!({ "type": "finish_task", "note": "n", "task": "x" }),
            json!({ "type": "contact", "note": "n", "channel": "fax", "outcome": "hm" }),
            json!({ "type": "change_policy", "note": "n", "policy": "none" }),
            json!({ "type": "inform", "note": "n", "channel": "email", "message": { "subject": "a\nb", "text": "" } }),
        ] {
            let problem = crate::case::check(&order).expect_err("refused");
            assert!(!problem.errors.is_empty(), "{order}");
            for error in problem.errors {
                assert_ne!(in_words(Lang::De, error.detail.clone()), error.detail, "{order}");
            }
        }
    }
}
