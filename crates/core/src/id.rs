//! Names that the configuration gives to things: checked once, carried as types afterwards.

use std::fmt;

/// Longest identifier, in characters.
pub const MAX_LEN: usize = 64;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no identifier: use 1 to {MAX_LEN} of a–z, A–Z, 0–9, `-`, `_` and `.`")]
pub struct InvalidId(String);

fn check(text: &str) -> Result<(), InvalidId> {
    let fits = (1..=MAX_LEN).contains(&text.len());
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if fits && plain { Ok(()) } else { Err(InvalidId(text.chars().take(MAX_LEN).collect())) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps a text.
            ///
            /// # Errors
            /// When the text is empty, too long, or has other characters than `a–z A–Z 0–9 - _ .`.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A survey of the programme.
    SurveyId,
    /// Where feedback comes from: a configured source, or `api`.
    SourceId,
    /// A moment of the customer's journey at which a survey asks.
    TouchpointId,
    /// A rule of the programme.
    RuleId,
    /// A queue that cases wait in.
    QueueId,
    /// A deadline policy.
    PolicyId,
    /// A calendar of business time.
    CalendarId,
    /// A route: the channels of one audience.
    RouteId,
    /// A channel: one destination in chat, e-mail or a webhook.
    ChannelId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_and_refuses_what_could_break_a_key_or_a_url() {
        for good in ["a", "checkout-nps", "A_1.b"] {
            assert!(SurveyId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a|b", "ä", "a:b", &"x".repeat(65)] {
            assert!(SurveyId::new(bad).is_err(), "{bad}");
        }
    }
}
