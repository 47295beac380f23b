//! Whether a person may be contacted, on which channel and for what.
//!
//! Three gates (GDPR, and the field's own practice): the person takes part, has consented to contact on this channel for
//! this purpose, and is willing to talk. This module decides the second from what is on record. Unknown means no.

use crate::names::named;
use chrono::{DateTime, Utc};
use std::fmt;

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactChannel {
    /// E-mail.
    Email,
    /// A phone call.
    Phone,
    /// A text message.
    Sms,
    /// A letter.
    Post,
}

named!(ContactChannel { Email = "email", Phone = "phone", Sms = "sms", Post = "post" });

/// What a contact is for. Consent for one purpose says nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Getting back to a customer about the answer they gave.
    FollowUp,
    /// Asking for further answers.
    Survey,
    /// Selling.
    Marketing,
}

named!(Purpose { FollowUp = "follow_up", Survey = "survey", Marketing = "marketing" });

impl fmt::Display for ContactChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who stands for it that the person said what a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// The company, its survey platform, or an identity that its server signed.
    Company,
    /// Nobody: a stranger could have typed the address. It counts only as long as nothing else is on record.
    Nobody,
    /// Nobody, and the person has still to confirm it (double opt-in): until then it is no consent.
    Unconfirmed,
}

named!(Vouched { Company = "company", Nobody = "nobody", Unconfirmed = "unconfirmed" });

/// What a person said about being contacted: a consent, a refusal or a withdrawal, with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The channel it is about.
    pub channel: ContactChannel,
    /// The purpose it is about.
    pub purpose: Purpose,
    /// Yes or no.
    pub granted: bool,
    /// Version of the wording that was shown.
    pub wording: Option<String>,
    /// Language of the wording, BCP 47.
    pub language: Option<String>,
    /// Where it was said: a source's id, or `api`.
    pub source: String,
    /// When it was said.
    pub at: DateTime<Utc>,
    /// When it ends, where it was given for a time.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it is certain that the person said it.
    pub vouched: Vouched,
}

impl Statement {
    /// Whether another statement says the same, whenever it was said.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let timeless = |s: &Self| Self { at: DateTime::UNIX_EPOCH, ..s.clone() };
        timeless(self) == timeless(other)
    }

    /// Whether another statement is about the same channel and purpose, whatever it says.
    #[must_use]
    pub fn is_about_the_same_as(&self, other: &Self) -> bool {
        self.channel == other.channel && self.purpose == other.purpose
    }
}

/// Why contact is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Nothing identifies the person.
    Unidentified,
    /// Nothing is on record for this channel and purpose.
    Unknown,
    /// The person was asked and said no.
    Refused,
    /// Consent was given once and has been withdrawn.
    Withdrawn,
    /// Consent was given for a time that is over.
    Expired,
    /// Consent was given, and the person has not confirmed yet that it was they who gave it.
    Pending,
    /// The address takes no mail.
    Undeliverable,
}

impl Blocked {
    /// The reason as a fragment of a sentence.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Unidentified => "nothing identifies the person",
            Self::Unknown => "no consent on record",
            Self::Refused => "the person said no",
            Self::Withdrawn => "the person withdrew their consent",
            Self::Expired => "the consent has expired",
            Self::Pending => "the person has not confirmed their consent yet",
            Self::Undeliverable => "the address takes no mail",
        }
    }
}

named!(Blocked {
    Unidentified = "unidentified",
    Unknown = "unknown",
    Refused = "refused",
    Withdrawn = "withdrawn",
    Expired = "expired",
    Pending = "pending",
    Undeliverable = "undeliverable",
});

/// The consent that allows a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Version of the wording.
    pub wording: Option<String>,
    /// Where it was given.
    pub source: String,
    /// When it was given.
    pub given_at: DateTime<Utc>,
}

/// May the person be contacted?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes, by this consent.
    Allowed(Proof),
    /// No, for this reason.
    Blocked(Blocked),
}

/// Decides from everything a person ever said. The latest statement counts; of two at the same instant, the no. What nobody
/// vouches for cannot overrule what somebody does: nobody undoes another's withdrawal by typing their address.
#[must_use]
pub fn decide<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    channel: ContactChannel,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Decision {
    let mut about: Vec<&Statement> =
        statements.into_iter().filter(|s| s.channel == channel && s.purpose == purpose).collect();
    if about.iter().any(|s| s.vouched == Vouched::Company) {
        about.retain(|s| s.vouched == Vouched::Company);
    }
    // What is not confirmed says nothing, beside what is said for certain; alone, it is the reason.
    let waits = about.iter().filter(|s| s.vouched == Vouched::Unconfirmed).map(|s| s.at).max();
    about.retain(|s| s.vouched != Vouched::Unconfirmed);
    let blocked = |said: Option<DateTime<Utc>>, why| match waits {
        Some(at) if said.is_none_or(|said| at > said) => Decision::Blocked(Blocked::Pending),
        _ => Decision::Blocked(why),
    };
    let Some(latest) = about.iter().max_by_key(|s| (s.at, !s.granted)) else {
        return blocked(None, Blocked::Unknown);
    };
    if !latest.granted {
        // In the same second, too: of a yes and a no at one instant, the no came to withdraw the yes.
        let given_before = about.iter().any(|s| s.granted && s.at <= latest.at);
        return blocked(Some(latest.at), if given_before { Blocked::Withdrawn } else { Blocked::Refused });
    }
    if latest.expires_at.is_some_and(|end| end <= now) {
        return blocked(Some(latest.at), Blocked::Expired);
    }
    Decision::Allowed(Proof { wording: latest.wording.clone(), source: latest.source.clone(), given_at: latest.at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + minute * 60, 0).unwrap()
    }

    /// `+email@1` is a yes for e-mail in minute 1, `-phone@2` a no for phone in minute 2, `~email@1` a yes that ends in
    /// minute 3, `?email@1` a yes that nobody vouches for, `!email@1` one that is still to be confirmed.
    fn statement(text: &str) -> Statement {
        let (sign, rest) = text.split_at(1);
        let (channel, minute) = rest.split_once('@').unwrap();
        Statement {
            channel: if channel == "email" { ContactChannel::Email } else { ContactChannel::Phone },
            purpose: Purpose::FollowUp,
            granted: sign != "-",
            wording: None,
            language: None,
            source: "test".into(),
            at: at(minute.parse().unwrap()),
            expires_at: (sign == "~").then(|| at(3)),
            vouched: match sign {
                "?" => Vouched::Nobody,
                "!" => Vouched::Unconfirmed,
                _ => Vouched::Company,
            },
        }
    }

    #[test]
    fn the_latest_statement_decides_and_unknown_means_no() {
        for (said, expected) in [
            ("", Err(Blocked::Unknown)),
            ("+phone@1", Err(Blocked::Unknown)),
            ("+email@1", Ok(())),
            ("-email@1", Err(Blocked::Refused)),
            ("+email@1 -email@2", Err(Blocked::Withdrawn)),
            ("-email@2 +email@1", Err(Blocked::Withdrawn)),
            ("+email@1 -email@2 +email@3", Ok(())),
            ("+email@2 -email@2", Err(Blocked::Withdrawn)),
            ("!email@1", Err(Blocked::Pending)),
            ("!email@1 +email@2", Ok(())),
            ("+email@1 !email@2", Ok(())),
            ("-email@1 !email@2", Err(Blocked::Refused)),
            ("!email@1 !email@2", Err(Blocked::Pending)),
            ("!email@1 -email@2", Err(Blocked::Refused)),
            ("~email@1", Err(Blocked::Expired)),
            ("?email@1", Ok(())),
            ("-email@1 ?email@2", Err(Blocked::Refused)),
            ("+email@1 -email@2 ?email@3", Err(Blocked::Withdrawn)),
            ("?email@1 -email@2", Err(Blocked::Refused)),
        ] {
            let statements: Vec<Statement> = said.split_whitespace().map(statement).collect();
            let decision = decide(&statements, ContactChannel::Email, Purpose::FollowUp, at(5));
            let got = match decision {
                Decision::Allowed(_) => Ok(()),
                Decision::Blocked(why) => Err(why),
            };
            assert_eq!(got, expected, "{said}");
        }
    }

    #[test]
    fn consent_for_one_purpose_says_nothing_of_another() {
        let yes = [statement("+email@1")];
        let decision = decide(&yes, ContactChannel::Email, Purpose::Marketing, at(5));
        assert_eq!(decision, Decision::Blocked(Blocked::Unknown));
    }
}
