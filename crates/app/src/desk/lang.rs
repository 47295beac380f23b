//! The desk's two languages: words stand in both where they are used, names of fixed sets stand here. Times as people
//! read them; they are told in UTC, and the page's script turns them into the reader's own.

use crate::web;
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use ringback_core::case::{EventKind, State};
use ringback_core::deadline::ClockKind;
use ringback_core::improvement::State as Improvement;
use ringback_core::rule::{Priority, Track};
use ringback_core::survey::Band;

/// A language of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    En,
    De,
}

impl Lang {
    /// The one of a tag as in `de-AT`.
    pub fn of(tag: &str) -> Option<Self> {
        match web::primary(tag).as_str() {
            "en" => Some(Self::En),
            "de" => Some(Self::De),
            _ => None,
        }
    }

    /// The first that a browser asks for and that is spoken here.
    pub fn asked_for(headers: &HeaderMap) -> Self {
        let wishes = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        wishes.split(',').find_map(Self::of).unwrap_or(Self::En)
    }

    pub const fn code(self) -> &'static str {
        self.say("en", "de")
    }

    /// Whichever of the two is spoken.
    pub const fn say<'a>(self, en: &'a str, de: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::De => de,
        }
    }

    pub const fn state(self, state: State) -> &'static str {
        match state {
            State::New => self.say("New", "Neu"),
            State::Acknowledged => self.say("Taken", "Übernommen"),
            State::Contacted => self.say("Contacted", "Kontaktiert"),
            State::Waiting => self.say("Waiting", "Wartet"),
            State::Unreachable => self.say("Unreachable", "Nicht erreichbar"),
            State::Resolved => self.say("Resolved", "Gelöst"),
            State::Informed => self.say("Informed", "Informiert"),
            State::Closed => self.say("Closed", "Geschlossen"),
            State::Reopened => self.say("Reopened", "Wieder offen"),
            State::Merged => self.say("Merged", "Zusammengeführt"),
        }
    }

    pub const fn priority(self, priority: Priority) -> &'static str {
        match priority {
            Priority::Low => self.say("Low", "Niedrig"),
            Priority::Normal => self.say("Normal", "Normal"),
            Priority::High => self.say("High", "Hoch"),
            Priority::Critical => self.say("Critical", "Kritisch"),
        }
    }

    pub const fn track(self, track: Track) -> &'static str {
        match track {
            Track::Recovery => self.say("Recovery", "Rückgewinnung"),
            Track::Passive => self.say("Passive", "Passive"),
            Track::Advocacy => self.say("Advocacy", "Fürsprache"),
            Track::Automation => self.say("Automation", "Automatik"),
            Track::None => self.say("None", "Keine"),
        }
    }

    pub const fn band(self, band: Band) -> &'static str {
        match band {
            Band::Detractor => self.say("Detractor", "Kritiker"),
            Band::Passive => self.say("Passive", "Passiv"),
            Band::Promoter => self.say("Promoter", "Promoter"),
            Band::Dissatisfied => self.say("Dissatisfied", "Unzufrieden"),
            Band::Neutral => self.say("Neutral", "Neutral"),
            Band::Satisfied => self.say("Satisfied", "Zufrieden"),
        }
    }

    pub const fn improvement(self, state: Improvement) -> &'static str {
        match state {
            Improvement::Planned => self.say("Planned", "Geplant"),
            Improvement::Started => self.say("Under way", "In Arbeit"),
            Improvement::Done => self.say("Done", "Erledigt"),
            Improvement::Dropped => self.say("Dropped", "Verworfen"),
        }
    }

    pub const fn clock(self, clock: ClockKind) -> &'static str {
        match clock {
            ClockKind::FirstContact => self.say("First contact", "Erstkontakt"),
            ClockKind::Closure => self.say("Closure", "Abschluss"),
        }
    }

    /// What is done to a case, as a button says it.
    pub const fn act(self, event: EventKind) -> &'static str {
        match event {
            EventKind::Acknowledge => self.say("Take the case", "Fall übernehmen"),
            EventKind::Assign => self.say("Give to somebody", "Weitergeben"),
            EventKind::Contact => self.say("Log a contact", "Kontakt festhalten"),
            EventKind::Wait => self.say("Wait", "Warten"),
            EventKind::Resume => self.say("Go on", "Weiterarbeiten"),
            EventKind::Resolve => self.say("Resolve", "Lösen"),
            EventKind::Inform => self.say("Inform the customer", "Kunden informieren"),
            EventKind::Close => self.say("Close", "Schließen"),
            EventKind::Reopen => self.say("Reopen", "Wieder öffnen"),
            EventKind::Merge => self.say("Merge into another", "Zusammenführen"),
            EventKind::Split => self.say("Ask a department", "Abteilung einbinden"),
            EventKind::FinishTask => self.say("Finish a task", "Aufgabe abschließen"),
            EventKind::ChangePolicy => self.say("Change the deadlines", "Fristen ändern"),
        }
    }

    /// What happened, by the history's name for it; a name that is not known here stays as it is.
    pub fn happened(self, event: &str) -> &str {
        match event {
            "opened" => self.say("Opened", "Eröffnet"),
            "acknowledge" => self.say("Taken", "Übernommen"),
            "assign" => self.say("Given to", "Weitergegeben"),
            "contact" => self.say("Contact", "Kontakt"),
            "contact.blocked" => self.say("Contact refused: no consent", "Kontakt verweigert: keine Einwilligung"),
            "wait" => self.say("Waits", "Wartet"),
            "resume" | "waiting.ended" => self.say("Goes on", "Geht weiter"),
            "resolve" => self.say("Resolved", "Gelöst"),
            "inform" => self.say("Customer informed", "Kunde informiert"),
            "message.undelivered" => self.say("Message did not arrive", "Nachricht kam nicht an"),
            "close" => self.say("Closed", "Geschlossen"),
            "reopen" => self.say("Reopened", "Wieder geöffnet"),
            "merge.undone" => self.say("Merging undone", "Zusammenführung zurückgenommen"),
            "merge" | "merged" => self.say("Merged", "Zusammengeführt"),
            "split" => self.say("Department asked", "Abteilung eingebunden"),
            "finish_task" => self.say("Task finished", "Aufgabe abgeschlossen"),
            "change_policy" => self.say("Deadlines changed", "Fristen geändert"),
            "delivery.replayed" => self.say("Sent again", "Erneut gesendet"),
            "improvement.told" => self.say("Message on what was changed", "Nachricht, was geändert wurde"),
            "delivery.discarded" => self.say("Put away", "Abgelegt"),
            "deadline.warning" => self.say("Deadline warning", "Frist wird knapp"),
            "deadline.breached" => self.say("Deadline missed", "Frist verpasst"),
            "answered.again" => self.say("Customer answered again", "Kunde hat erneut geantwortet"),
            "feedback.updated" => self.say("Answer updated", "Antwort geändert"),
            "assigned" => self.say("Assigned", "Zugeteilt"),
            "survey.due" => self.say("To be asked again", "Erneut zu befragen"),
            "rule.followed" => self.say("Follows another rule", "Folgt einer anderen Regel"),
            "person.asked" => self.say("Customer asks for a person", "Kunde möchte einen Menschen sprechen"),
            "recovered" => self.say("Customer won back", "Kunde zurückgewonnen"),
            "automated" => self.say("Left to automation", "Der Automatik überlassen"),
            "overruled" => self.say("Taken back from automation", "Von der Automatik zurückgeholt"),
            "message.replied" => self.say("Customer replied", "Kunde hat geantwortet"),
            "message.complained" => {
                self.say("Customer complained about the mail", "Kunde hat sich über die Mail beschwert")
            }
            "message.unsubscribed" => self.say("Customer unsubscribed", "Kunde hat sich abgemeldet"),
            other => other,
        }
    }

    /// An instant: `24 Nov 2026, 09:30 UTC`.
    pub fn instant(self, at: DateTime<Utc>) -> String {
        at.format(self.say("%-d %b %Y, %H:%M UTC", "%d.%m.%Y, %H:%M UTC")).to_string()
    }

    /// A length of time in its two largest units. The page's script writes the same.
    pub fn duration(self, time: TimeDelta) -> String {
        let minutes = time.num_minutes().max(0);
        let (d, h, m) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let (dd, hh, mm) = (self.say("d", "T."), self.say("h", "Std."), self.say("min", "Min."));
        match (d, h, m) {
            (0, 0, m) => format!("{m} {mm}"),
            (0, h, 0) => format!("{h} {hh}"),
            (0, h, m) => format!("{h} {hh} {m} {mm}"),
            (d, 0, _) => format!("{d} {dd}"),
            (d, h, _) => format!("{d} {dd} {h} {hh}"),
        }
    }
}

/// An instant on a page.
pub(crate) struct When {
    /// For machines.
    pub iso: String,
    /// For people.
    pub text: String,
}

impl When {
    pub fn new(lang: Lang, at: DateTime<Utc>) -> Self {
        Self { iso: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), text: lang.instant(at) }
    }
}

/// By when something has to be done, and how much time is left.
pub(crate) struct Due {
    pub at: When,
    /// `in 3 h 20 min`, `3 h late`.
    pub left: String,
    /// `late`, `soon` or `calm`.
    pub mark: &'static str,
    /// From when on it is soon, for machines; empty when nothing says so.
    pub soon: String,
}

impl Due {
    pub fn new(lang: Lang, due: DateTime<Utc>, warn: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let left = due - now;
        let late = left < TimeDelta::zero();
        let length = lang.duration(if late { -left } else { left });
        let mark = match (late, warn) {
            (true, _) => "late",
            (false, Some(warn)) if warn <= now => "soon",
            _ => "calm",
        };
        let left = match (lang, late) {
            (Lang::En, false) => format!("{length} left"),
            (Lang::En, true) => format!("{length} late"),
            (Lang::De, false) => format!("noch {length}"),
            (Lang::De, true) => format!("{length} zu spät"),
        };
        let soon = warn.map(|warn| When::new(lang, warn).iso).unwrap_or_default();
        Self { at: When::new(lang, due), left, mark, soon }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_first_language_that_is_spoken_here_is_taken() {
        for (wishes, lang) in
            [("", Lang::En), ("de-AT,en;q=0.5", Lang::De), ("fr,de;q=0.9", Lang::De), ("en-GB,de", Lang::En)]
        {
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(wishes))]);
            assert_eq!(Lang::asked_for(&headers), lang, "{wishes}");
        }
    }

    #[test]
    fn what_is_left_is_told_in_words_and_marked() {
        let now = crate::from_unix(1_795_339_800);
        let due = |minutes, warn: Option<i64>| {
            let due =
                Due::new(Lang::En, now + TimeDelta::minutes(minutes), warn.map(|m| now + TimeDelta::minutes(m)), now);
            (due.left, due.mark)
        };
        assert_eq!(due(200, Some(100)), ("3 h 20 min left".to_owned(), "calm"));
        assert_eq!(due(200, Some(-1)), ("3 h 20 min left".to_owned(), "soon"));
        assert_eq!(due(-61, Some(-100)), ("1 h 1 min late".to_owned(), "late"));
        assert_eq!(Due::new(Lang::De, now, None, now).left, "noch 0 Min.");
    }
}
