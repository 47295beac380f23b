//! Untrusted text made safe and short for a receiver, and times as people read them.

use chrono::{DateTime, TimeDelta, Utc};

/// Shortens a text to a number of characters, the last one an ellipsis when something was left out.
pub(super) fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Takes out what would mislead a reader: control characters, and marks that turn the direction of writing around.
pub(super) fn tame(text: &str) -> String {
    let misleading = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
    };
    text.replace("\r\n", "\n").replace('\t', " ").chars().filter(|c| !misleading(*c)).collect()
}

/// A text on one line.
pub(crate) fn one_line(text: &str) -> String {
    tame(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An instant: `24 Nov 2026, 09:30 UTC`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A length of time in its two largest units: `1 d 4 h`, `47 h`, `12 min`.
pub(super) fn duration(time: TimeDelta) -> String {
    let minutes = time.num_minutes().max(0);
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, 0, _) => format!("{d} d"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// How a deadline stands: `in 2 d (24 Nov 2026, 09:30 UTC)`, `3 h ago (…)`.
pub(crate) fn deadline(due: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = due - now;
    let stands =
        if left >= TimeDelta::zero() { format!("in {}", duration(left)) } else { format!("{} ago", duration(-left)) };
    format!("{stands} ({})", instant(due))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortens_by_characters_and_says_so() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüß", 3), "äö…");
    }

    #[test]
    fn takes_out_what_would_mislead() {
        assert_eq!(tame("a\u{202E}b\u{0}c\r\nd"), "abc\nd");
        assert_eq!(one_line(" a\n b\tc "), "a b c");
    }

    #[test]
    fn says_how_much_time_is_left() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert!(deadline(now + TimeDelta::hours(48), now).starts_with("in 2 d (16 Nov 2023"));
        assert!(deadline(now - TimeDelta::minutes(90), now).starts_with("1 h 30 min ago"));
    }
}
