//! What messages to customers say: the programme's templates, by kind and language, in the company's own look.
//!
//! Read apart from the rest of the programme, because only the component that writes to customers needs it. A template
//! knows nothing but what the purpose of its message allows (see [`context`]): the purpose decides what is put in, so
//! that no template can ask for more. Whether a message may be sent at all is not decided here.

mod context;
mod preview;
mod render;

pub use context::known;
pub(crate) use context::{Facts, Links};
pub use render::Letters;
pub(crate) use render::Written;

pub use ringback_core::message::MessageKind;

/// The company's own look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brand {
    /// Sender as `Name <name@host>`; the channel's own when absent.
    pub sender: Option<String>,
    /// Where answers to a mail go: the way to a person.
    pub reply_to: Option<String>,
    /// Address of the logo.
    pub logo: Option<String>,
    /// Colour of what stands out, as in `#0a6b50`.
    pub color: String,
    /// The last line of every message.
    pub footer: Option<String>,
    /// Where somebody is led who was recommended to us; `{code}` is the recommending customer's.
    pub referral_url: Option<String>,
    /// Where a review is written.
    pub review_url: Option<String>,
}

/// One message in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What it is for.
    pub kind: MessageKind,
    /// Its language (BCP 47).
    pub language: String,
    /// The parts' sources, with the places where they stand.
    pub subject: Source,
    /// For those who read text.
    pub text: Source,
    /// For those who read HTML: what stands between the company's head and foot. Made from the text when absent.
    pub html: Option<Source>,
}

/// A part of a template as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it says.
    pub text: String,
    /// The file it stands in, unless that is `ringback.toml`.
    pub file: Option<String>,
    /// The line and column of its first character, from 1.
    pub begins: (usize, usize),
}
