//! What a message to a customer is for: which consent it needs, and whether the fatigue guard may hold it back.
//!
//! What it says is the programme's templates'; who sends it is elsewhere.

use crate::consent::Purpose;
use crate::names::named;

/// What a message to a customer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// We have your answer, and somebody looks at it.
    Acknowledgement,
    /// We are sorry.
    Apology,
    /// What we offer to make it right.
    Remedy,
    /// What was done about it.
    Result,
    /// A helpful answer without a person, with a way to one.
    Help,
    /// Thanks, and nothing else.
    ThankYou,
    /// Would you recommend us to somebody you know?
    Referral,
    /// Would you say publicly what you have said to us?
    Review,
    /// Would you speak for us?
    Ambassador,
    /// Would you answer a survey?
    Invitation,
    /// The same once more, to who has not answered.
    Reminder,
    /// You said, we did.
    Changed,
    /// Something to buy.
    Offer,
    /// Was it you who allowed us to write to you?
    Confirmation,
}

named!(MessageKind {
    Acknowledgement = "acknowledgement",
    Apology = "apology",
    Remedy = "remedy",
    Result = "result",
    Help = "help",
    ThankYou = "thank_you",
    Referral = "referral",
    Review = "review",
    Ambassador = "ambassador",
    Invitation = "invitation",
    Reminder = "reminder",
    Changed = "changed",
    Offer = "offer",
    Confirmation = "confirmation",
});

/// What a mail provider tells of a message that it had taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportEvent {
    /// The receiver's mail server has it.
    Delivered,
    /// The address takes no mail, and never will.
    Bounced,
    /// The receiver called it unwanted.
    Complained,
    /// The receiver wants no more.
    Unsubscribed,
    /// The receiver has answered.
    Replied,
}

named!(ReportEvent {
    Delivered = "delivered",
    Bounced = "bounced",
    Complained = "complained",
    Unsubscribed = "unsubscribed",
    Replied = "replied",
});

impl MessageKind {
    /// For what the customer must have consented to be written to, and what the message may therefore know.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Acknowledgement
            | Self::Apology
            | Self::Remedy
            | Self::Result
            | Self::Help
            | Self::ThankYou
            | Self::Changed
            | Self::Confirmation => Purpose::FollowUp,
            Self::Invitation | Self::Reminder => Purpose::Survey,
            Self::Referral | Self::Review | Self::Ambassador | Self::Offer => Purpose::Marketing,
        }
    }

    /// Whether it answers what the customer has just said. Such a message is never held back: who complained must hear.
    #[must_use]
    pub const fn answers_customer(self) -> bool {
        matches!(self, Self::Acknowledgement | Self::Apology | Self::Remedy | Self::Result | Self::Help)
    }

    /// Whether it tells what was done, so that its case counts as informed by it.
    #[must_use]
    pub const fn informs(self) -> bool {
        matches!(self, Self::Apology | Self::Remedy | Self::Result)
    }

    /// Whether it asks the customer to answer a survey.
    #[must_use]
    pub const fn asks(self) -> bool {
        matches!(self, Self::Invitation | Self::Reminder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Named as _;

    #[test]
    fn what_sells_or_asks_is_never_sent_by_the_consent_to_be_followed_up() {
        for kind in MessageKind::ALL {
            let answers = kind.answers_customer() || kind.informs();
            assert!(!answers || kind.purpose() == Purpose::FollowUp, "{kind:?}");
            assert_eq!(kind.asks(), kind.purpose() == Purpose::Survey, "{kind:?}");
        }
    }
}
