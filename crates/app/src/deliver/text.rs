//! Untrusted text made safe and short for a receiver, and times as people read them.

use chrono::{DateTime, TimeDelta, Utc};

/// Shortens a text to a number of characters, the last one an ellipsis when something was left out.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Escapes a text so that the result has at most `max` UTF-16 units, which is how the strictest receivers count; what
/// does not fit is shortened before it is escaped, so that no escape is cut in two.
pub(super) fn fit(text: &str, max: usize, escape: fn(&str) -> String) -> String {
    let fits = |length| escape(&shorten(text, length)).encode_utf16().count() <= max;
    let whole = text.chars().count();
    if fits(whole) {
        return escape(text);
    }
    // `fewer` characters fit, `more` do not.
    let (mut fewer, mut more) = (0, whole);
    while more - fewer > 1 {
        let middle = usize::midpoint(fewer, more);
        if fits(middle) { fewer = middle } else { more = middle }
    }
    if fewer == 0 { String::new() } else { escape(&shorten(text, fewer)) }
}

/// Takes no character away and changes none.
pub(super) fn as_it_is(text: &str) -> String {
    text.to_owned()
}

/// Escapes for HTML.
pub(super) fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

/// Escapes for Markdown: a backslash before every character that could mean something, so that nothing a customer wrote
/// becomes a link, a heading or a mention.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, ',' | ';' | '?' | '\'' | '"' | '%' | '/') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Takes out what would mislead a reader: control characters, marks that turn the direction of writing around, and
/// characters that nobody sees. Joiners stay: emoji and several scripts need them.
pub(crate) fn tame(text: &str) -> String {
    let misleading = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
            || matches!(c, '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}' | '\u{180E}' | '\u{FFF9}'..='\u{FFFB}')
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{E0000}'..='\u{E007F}')
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
    fn fits_after_escaping_and_cuts_no_escape() {
        assert_eq!(fit("a&b", 7, html), "a&amp;b");
        assert_eq!(fit("a&b", 6, html), "a…");
        assert_eq!(fit("&&", 0, html), "");
        for text in ["&".repeat(1_000), "😀".repeat(1_000), "a*".repeat(500)] {
            for max in [1, 2, 9, 10, 11, 999, 1_999, 2_000, 5_000] {
                let fitted = fit(&text, max, markdown);
                assert!(fitted.encode_utf16().count() <= max, "{max}");
            }
        }
    }

    #[test]
    fn markdown_means_nothing_any_more() {
        assert_eq!(
            markdown("[x](http://e.vil) *b* @all <@1> `c`"),
            r"\[x\]\(http\://e\.vil\) \*b\* \@all \<\@1\> \`c\`"
        );
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
