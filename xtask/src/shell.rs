//! Assignments as a shell reads and writes them: one value quoted, and the values of a text. Runs no shell and expands
//! nothing.

/// A value as one word of a shell, in single quotes: nothing in it means anything, whatever it holds.
pub fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// The assignments `NAME=value` of a text, in order; `export` may stand before them. Whatever else stands there is passed over.
///
/// A value that begins with a quote is read as a shell reads it, over several lines if need be. Any other one is the rest of
/// its line as it stands, as Spin's `.env` has it.
pub fn assignments(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, next) = rest.split_once('\n').unwrap_or((rest, ""));
        let Some((name, value)) = assignment(line, rest) else {
            rest = next;
            continue;
        };
        match quoted(value) {
            Some((value, behind)) => {
                found.push((name, value));
                rest = behind.split_once('\n').map_or("", |(_, next)| next);
            }
            None => {
                found.push((name, value.lines().next().unwrap_or_default().trim().to_owned()));
                rest = next;
            }
        }
    }
    found
}

/// The name that a line assigns to, and all of the text from its value on.
fn assignment<'a>(line: &'a str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let (before, _) = line.split_once('=')?;
    let name = before.trim_start().trim_start_matches("export ").trim_start();
    let value = &rest[before.len() + 1..];
    // Only within the line: an empty value takes nothing from the next one.
    is_name(name).then(|| (name, value.trim_start_matches([' ', '\t'])))
}

/// Whether a text can be a variable's name.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The word that `text` begins with, if that begins with a quote, and what is behind it. None, too, when a quote is not closed.
fn quoted(text: &str) -> Option<(String, &str)> {
    if !text.starts_with(['\'', '"']) {
        return None;
    }
    let mut word = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next().filter(|c| !c.is_whitespace()) {
        rest = &rest[first.len_utf8()..];
        rest = match first {
            '\'' => {
                let (inner, behind) = rest.split_once('\'')?;
                word.push_str(inner);
                behind
            }
            '"' => within_double_quotes(rest, &mut word)?,
            '\\' => {
                let escaped = rest.chars().next()?;
                word.push(escaped);
                &rest[escaped.len_utf8()..]
            }
            plain => {
                word.push(plain);
                rest
            }
        };
    }
    Some((word, rest))
}

/// Adds what stands before the closing double quote, and returns what is behind it. None when there is none.
fn within_double_quotes<'a>(text: &'a str, word: &mut String) -> Option<&'a str> {
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some(&text[at + 1..]),
            '\\' => {
                let (_, escaped) = characters.next()?;
                if !matches!(escaped, '"' | '\\' | '$' | '`') {
                    word.push('\\');
                }
                word.push(escaped);
            }
            plain => word.push(plain),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const AWKWARD: [&str; 9] = [
        "",
        "plain",
        "it's",
        "'",
        "a\nSPIN_VARIABLE_PEPPER=b\n",
        "$(id) `id` $HOME \\",
        "\" # ; & | < >",
        " two  words ",
        "grün, '\\''",
    ];

    #[test]
    fn a_quoted_value_is_read_back_and_so_is_what_follows() {
        for value in AWKWARD {
            let text = format!("A={}\nB='b'\n", quote(value));
            assert_eq!(assignments(&text), [("A", value.to_owned()), ("B", "b".to_owned())], "{value:?}");
        }
    }

    #[test]
    fn a_shell_reads_a_quoted_value_alike() {
        for value in AWKWARD {
            let script = format!("A={}\nprintf %s \"$A\"", quote(value));
            let output = Command::new("sh").args(["-c", &script]).output().expect("a shell");
            assert_eq!(String::from_utf8_lossy(&output.stdout), value);
        }
    }

    #[test]
    fn what_people_write_is_understood() {
        for (line, value) in [
            ("export A=\"b c\"", "b c"),
            ("  A = no", ""),
            ("A=b c  ", "b c"),
            ("A= 'b'  # why", "b"),
            ("A='b", "'b"),
            ("A=\"a\\\"b\\n\\$c\"'d'e\r", "a\"b\\n$cde"),
            ("A=it's", "it's"),
            ("# A=b", ""),
        ] {
            let read = assignments(line).into_iter().find(|(name, _)| *name == "A").map(|(_, value)| value);
            assert_eq!(read.unwrap_or_default(), value, "{line}");
        }
        assert_eq!(assignments("A=\nB=\n"), [("A", String::new()), ("B", String::new())]);
    }
}
