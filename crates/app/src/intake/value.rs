//! Checks that several formats share: what an e-mail address, a phone number, a country, a language may look like.

use crate::identity::PHONE_MIN;

/// Longest comment, in characters.
pub(crate) const MAX_COMMENT: usize = 10_000;
/// Longest short text (names, segments, tiers), in characters.
pub(crate) const MAX_SHORT: usize = 200;
/// Longest response id, in characters.
pub(crate) const MAX_RESPONSE_ID: usize = 128;
/// Longest e-mail address, in characters (RFC 5321).
pub(crate) const MAX_EMAIL: usize = 254;
/// Longest phone number, in characters.
pub(crate) const MAX_PHONE: usize = 40;

/// One address, not a list, no display name: local part, @, domain.
pub(crate) fn email(text: &str) -> Result<String, &'static str> {
    let wrong = "must be one e-mail address";
    let (local, domain) = text.rsplit_once('@').ok_or(wrong)?;
    let plain =
        text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, ',' | ';' | '<' | '>' | '"'));
    if local.is_empty() || domain.is_empty() || local.contains('@') || !plain {
        return Err(wrong);
    }
    Ok(text.to_owned())
}

/// Something that can be dialled: digits, however they are written.
pub(crate) fn phone(text: &str) -> Result<String, &'static str> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.chars().all(|c| !c.is_control() && !matches!(c, '<' | '>' | '@'));
    if digits >= PHONE_MIN && plain { Ok(text.to_owned()) } else { Err("must be a phone number, as in +49 30 1234567") }
}

/// A country code in capital letters.
pub(crate) fn country(text: &str) -> Result<String, &'static str> {
    let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    if fits { Ok(text.to_ascii_uppercase()) } else { Err("must be a country of two letters (ISO 3166), as in DE") }
}

/// A language tag.
pub(crate) fn locale(text: &str) -> Result<String, &'static str> {
    let parts = || text.split('-');
    let fits = parts().all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if fits { Ok(text.to_owned()) } else { Err("must be a language tag (BCP 47), as in de-DE") }
}
