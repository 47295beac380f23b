//! Slack's `mrkdwn`, read the way the chat reads it: into spans that are then written as HTML or plain text.
//!
//! Covers what an incoming webhook may say: bold, italic, strike, code, quotes, links, mentions and dates. The three
//! entities are the only escapes, as in Slack.

/// A piece of text and what the chat makes of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// Plain words, entities already undone.
    Text(String),
    /// `*…*`
    Bold(Vec<Span>),
    /// `_…_`
    Italic(Vec<Span>),
    /// `~…~`
    Strike(Vec<Span>),
    /// `` `…` `` and ```` ```…``` ````
    Code(String),
    /// `<url|label>`
    Link {
        /// Where it leads.
        url: String,
        /// What is shown.
        label: String,
    },
    /// `<!channel>`, `<@U…>`, `<#C…>`: somebody's telephone rings.
    Mention(String),
    /// A line that starts with `>`.
    Quote(Vec<Span>),
    /// The end of a line.
    Break,
}

/// Reads a text object of type `mrkdwn`.
pub fn parse(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut code = false;
    for (index, part) in text.split("```").enumerate() {
        if index > 0 {
            code = !code;
        }
        if code {
            spans.push(Span::Code(unescape(part.trim_matches('\n'))));
        } else {
            lines(part, &mut spans);
        }
    }
    spans
}

fn lines(text: &str, spans: &mut Vec<Span>) {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            spans.push(Span::Break);
        }
        match line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>')) {
            Some(quoted) => spans.push(Span::Quote(inline(quoted.trim_start()))),
            None => spans.extend(inline(line)),
        }
    }
}

fn inline(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let found = match first {
            '<' => angle(rest),
            '*' | '_' | '~' | '`' if !before.is_alphanumeric() => styled(rest, first),
            _ => None,
        };
        let length = if let Some((span, length)) = found {
            flush(&mut plain, &mut spans);
            spans.push(span);
            length
        } else {
            plain.push(first);
            first.len_utf8()
        };
        before = first;
        rest = &rest[length..];
    }
    flush(&mut plain, &mut spans);
    spans
}

fn flush(plain: &mut String, spans: &mut Vec<Span>) {
    if !plain.is_empty() {
        spans.push(Span::Text(unescape(&std::mem::take(plain))));
    }
}

/// What a link may start with; anything else stays text.
const LINKS: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

/// `<…>`: a link, a mention or a date. Returns the span and how many bytes it took.
fn angle(rest: &str) -> Option<(Span, usize)> {
    let end = rest.find('>')?;
    let inner = &rest[1..end];
    let (target, label) = inner.split_once('|').map_or((inner, None), |(target, label)| (target, Some(label)));
    let shown = |fallback: &str| unescape(label.unwrap_or(fallback));
    let span = match target.chars().next()? {
        '!' if target.starts_with("!date^") => Span::Text(shown("date")),
        '!' | '@' | '#' => Span::Mention(shown(&format!("@{}", &target[1..]))),
        _ if LINKS.iter().any(|scheme| target.starts_with(scheme)) => {
            Span::Link { url: unescape(target), label: shown(target) }
        }
        _ => return None,
    };
    Some((span, end + 1))
}

/// A pair of marks around text that neither starts nor ends with a blank and is not followed by a letter.
fn styled(rest: &str, mark: char) -> Option<(Span, usize)> {
    let body = &rest[1..];
    let mut from = 0;
    loop {
        let end = from + body[from..].find(mark)?;
        let inner = &body[..end];
        let follows = body[end + 1..].chars().next();
        if !inner.is_empty()
            && !inner.starts_with(' ')
            && !inner.ends_with(' ')
            && !follows.is_some_and(char::is_alphanumeric)
        {
            let span = match mark {
                '*' => Span::Bold(inline(inner)),
                '_' => Span::Italic(inline(inner)),
                '~' => Span::Strike(inline(inner)),
                _ => Span::Code(unescape(inner)),
            };
            return Some((span, end + 2));
        }
        from = end + 1;
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// As HTML; every character that came from outside is escaped.
pub fn to_html(spans: &[Span]) -> String {
    let mut html = String::new();
    for span in spans {
        match span {
            Span::Text(text) => html.push_str(&escape(text)),
            Span::Bold(inner) => wrap(&mut html, "strong", inner),
            Span::Italic(inner) => wrap(&mut html, "em", inner),
            Span::Strike(inner) => wrap(&mut html, "s", inner),
            Span::Quote(inner) => wrap(&mut html, "blockquote", inner),
            Span::Code(text) => html.push_str(&format!("<code>{}</code>", escape(text))),
            Span::Mention(name) => html.push_str(&format!("<mark>{}</mark>", escape(name))),
            Span::Link { url, label } => html.push_str(&format!(
                "<a href=\"{}\" rel=\"noreferrer noopener\" target=\"_blank\">{}</a>",
                escape(url),
                escape(label)
            )),
            Span::Break => html.push('\n'),
        }
    }
    html
}

fn wrap(html: &mut String, tag: &str, inner: &[Span]) {
    html.push_str(&format!("<{tag}>{}</{tag}>", to_html(inner)));
}

/// As plain text: what a reader reads, links as `label (url)`.
pub fn to_text(spans: &[Span]) -> String {
    let mut text = String::new();
    for span in spans {
        match span {
            Span::Text(words) | Span::Code(words) | Span::Mention(words) => text.push_str(words),
            Span::Bold(inner) | Span::Italic(inner) | Span::Strike(inner) => text.push_str(&to_text(inner)),
            Span::Quote(inner) => text.push_str(&format!("> {}", to_text(inner))),
            Span::Link { url, label } if url == label => text.push_str(url),
            Span::Link { url, label } => text.push_str(&format!("{label} ({url})")),
            Span::Break => text.push('\n'),
        }
    }
    text
}

/// Escapes for HTML text and attributes in double quotes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mrkdwn: &str, html: &str) {
        assert_eq!(to_html(&parse(mrkdwn)), html);
    }

    #[test]
    fn styles() {
        check(
            "*bold* and _it *both*_, ~gone~",
            "<strong>bold</strong> and <em>it <strong>both</strong></em>, <s>gone</s>",
        );
        check("2*3*4 snake_case_name", "2*3*4 snake_case_name");
        check("* not bold * and *", "* not bold * and *");
        check("`a*b*c`", "<code>a*b*c</code>");
        check("see\n```\nx < y\n```", "see\n<code>x &lt; y</code>");
    }

    #[test]
    fn links_mentions_and_dates() {
        check(
            "<https://a.example/?x=1&amp;y=2|the case>",
            "<a href=\"https://a.example/?x=1&amp;y=2\" rel=\"noreferrer noopener\" target=\"_blank\">the case</a>",
        );
        check("<!channel> <@U1|Ann>", "<mark>@channel</mark> <mark>Ann</mark>");
        check("due <!date^1700000000^{date} {time}|14 Nov>", "due 14 Nov");
    }

    #[test]
    fn what_was_escaped_stays_text() {
        check("&lt;!channel&gt; &amp;lt; 5 &lt; 6", "&lt;!channel&gt; &amp;lt; 5 &lt; 6");
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("<javascript://a.example|x>", "&lt;javascript://a.example|x&gt;");
    }

    #[test]
    fn quotes_and_plain_text() {
        check("&gt; said *it*\nthen", "<blockquote>said <strong>it</strong></blockquote>\nthen");
        assert_eq!(
            to_text(&parse("*Low* <https://a.example|case>\n&gt; no &amp; no")),
            "Low case (https://a.example)\n> no & no"
        );
    }
}
