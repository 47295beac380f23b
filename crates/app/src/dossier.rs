//! What is stored of an answer: the feedback, the case it opened, the alerts and messages that went out.
//!
//! A stored record is versioned. A reader takes what it knows and fills in what an older writer did not yet write;
//! fields are only ever added, with a default.

use crate::letters::Written;
use chrono::{DateTime, Utc};
use ringback_core::alert::{Delivery, DeliveryState, Occasion};
use ringback_core::case::Case;
use ringback_core::consent::{ContactChannel, Purpose};
use ringback_core::feedback::Feedback;
use ringback_core::id::{ChannelId, RouteId, SurveyId};
use ringback_core::message::{MessageKind, ReportEvent};

/// The version that is written.
pub const VERSION: u8 = 1;

/// An answer and everything that came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Dossier {
    /// Version of the format.
    pub v: u8,
    /// The answer.
    pub feedback: Feedback,
    /// The case it opened, if it opened one.
    pub case: Option<Case>,
    /// Alerts to people of the company.
    pub alerts: Vec<Delivery>,
    /// Messages to the customer.
    pub messages: Vec<Message>,
    /// When the customer's earlier cases were looked for.
    pub looked_back_at: Option<DateTime<Utc>>,
    /// The customer's latest case before this answer.
    pub earlier: Option<String>,
    /// When the case into which this one was merged had heard of it.
    pub carried_over_at: Option<DateTime<Utc>>,
}

/// A message to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How its delivery stands.
    pub delivery: Delivery,
    /// On which channel of the customer's.
    pub channel: ContactChannel,
    /// For what.
    pub purpose: Purpose,
    /// Subject. May hold personal data. Empty until a template is filled in, when it is first sent.
    pub subject: String,
    /// Text. May hold personal data. The same.
    pub text: String,
    /// The template's part for those who read HTML. May hold personal data.
    pub html: Option<String>,
    /// Which template says it; none: a person wrote subject and text.
    pub kind: Option<MessageKind>,
    /// What a person wants the template to say. May hold personal data.
    pub words: Option<String>,
    /// The survey that it asks for.
    pub survey: Option<SurveyId>,
    /// An answer to that survey after this instant makes the message needless.
    pub since: Option<DateTime<Utc>>,
    /// When it was decided to ask for that answer: from then on its link holds. None: from `since` on.
    pub asked_at: Option<DateTime<Utc>>,
    /// What the mail provider told of it later.
    pub reports: Vec<Report>,
}

/// What a mail provider told of a message that it had taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What happened.
    pub event: ReportEvent,
    /// When it was told.
    pub at: DateTime<Utc>,
    /// What the provider calls it, where the same can happen again: a reply.
    pub id: Option<String>,
}

impl Message {
    /// Forgets what its template said: it is filled in anew when it is sent.
    pub fn forget_words(&mut self) {
        self.subject.clear();
        self.text.clear();
        self.html = None;
    }

    /// A message of a template, for the mail channel.
    #[must_use]
    pub fn of_template(kind: MessageKind, delivery: Delivery) -> Self {
        Self {
            delivery,
            channel: ContactChannel::Email,
            purpose: kind.purpose(),
            subject: String::new(),
            text: String::new(),
            html: None,
            kind: Some(kind),
            words: None,
            survey: None,
            since: None,
            asked_at: None,
            reports: Vec::new(),
        }
    }

    /// Whether it tells the customer what was done. What a person wrote does.
    #[must_use]
    pub fn informs(&self) -> bool {
        self.kind.is_none_or(MessageKind::informs)
    }

    /// Removes everything personal.
    fn redact(&mut self) {
        self.forget_words();
        self.words = None;
    }
}

impl Dossier {
    /// The delivery of an alert or a message by its name.
    #[must_use]
    pub fn delivery(&self, id: &str) -> Option<&Delivery> {
        let messages = self.messages.iter().map(|m| &m.delivery);
        self.alerts.iter().chain(messages).find(|d| d.id == id)
    }

    /// Alerts and messages of which an attempt was made and which have not arrived.
    pub fn undelivered(&self) -> impl Iterator<Item = &Delivery> {
        self.alerts.iter().chain(self.messages.iter().map(|m| &m.delivery)).filter(|d| d.is_undelivered())
    }

    /// Whether something of it is still to arrive.
    pub fn is_sending(&self) -> bool {
        let mut all = self.alerts.iter().chain(self.messages.iter().map(|m| &m.delivery));
        all.any(|delivery| delivery.state == DeliveryState::Pending)
    }

    /// A delivery, to be changed.
    pub fn delivery_mut(&mut self, id: &str) -> Option<&mut Delivery> {
        let messages = self.messages.iter_mut().map(|m| &mut m.delivery);
        self.alerts.iter_mut().chain(messages).find(|d| d.id == id)
    }

    /// Writes into the case's history that a delivery has ended without arriving, if it was a message to the customer.
    pub fn note_undelivered(&mut self, id: &str, now: DateTime<Utc>) {
        let Some(message) = self.message(id) else { return };
        let (delivery, informs) = (&message.delivery, message.informs());
        let ended = matches!(delivery.state, DeliveryState::Failed | DeliveryState::Skipped | DeliveryState::Blocked);
        let why = delivery.last_error.clone().unwrap_or_default();
        let why = message.kind.map_or_else(|| why.clone(), |kind| format!("{}: {why}", kind.as_str()));
        if let Some(case) = self.case.as_mut().filter(|_| ended) {
            case.record_undelivered_message(now, &why, informs);
        }
    }

    /// Keeps what a template said, so that every further attempt says the same.
    pub(crate) fn keep_written(&mut self, delivery: &str, written: &Written) {
        // What was erased meanwhile stays erased.
        let open = |m: &&mut Message| m.delivery.id == delivery && m.delivery.state == DeliveryState::Pending;
        if let Some(message) = self.messages.iter_mut().find(open) {
            message.subject.clone_from(&written.subject);
            message.text.clone_from(&written.text);
            message.html.clone_from(&written.html);
        }
    }

    /// The message whose delivery has that name.
    #[must_use]
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.messages.iter().find(|m| m.delivery.id == id)
    }

    /// Removes everything personal; what is counted, when it happened and what was decided stays.
    pub fn redact(&mut self) {
        self.feedback.redact();
        if let Some(case) = &mut self.case {
            case.redact();
        }
        for message in &mut self.messages {
            message.redact();
            if message.delivery.state == DeliveryState::Pending {
                message.delivery.state = DeliveryState::Blocked;
                message.delivery.last_error = Some("the person's data was erased".to_owned());
            }
        }
    }
}

/// What a timer of a dossier is for. Its text form carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Look at the case's clocks; with the Unix seconds of the step that the timer was set for.
    Clocks(Option<u64>),
    /// Decide who gets the case.
    Allot,
    /// Look for the customer's earlier cases, and tell the latest of this answer.
    LookBack,
    /// Tell the other case that this one goes on in it.
    CarryOver,
    /// Look at a delivery: send it, send it again, or nothing.
    Delivery(String),
    /// Alert this route, as this link of a chain, if nobody has taken the case.
    Chain(u8, RouteId),
    /// Alert this channel again, for this time, if nobody has taken the case.
    Repeat(u8, ChannelId),
    /// Ask the customer for an answer to a survey.
    Ask(SurveyId),
    /// Ask once more, if they have not answered.
    Remind(SurveyId),
}

impl Job {
    /// The text the ledger keeps.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Clocks(None) => "clocks".to_owned(),
            Self::Clocks(Some(at)) => format!("clocks:{at}"),
            Self::Allot => "allot".to_owned(),
            Self::LookBack => "look-back".to_owned(),
            Self::CarryOver => "carry-over".to_owned(),
            Self::Delivery(id) => format!("delivery:{id}"),
            Self::Chain(link, route) => format!("chain:{link}:{route}"),
            Self::Repeat(number, channel) => format!("repeat:{number}:{channel}"),
            Self::Ask(survey) => format!("ask:{survey}"),
            Self::Remind(survey) => format!("remind:{survey}"),
        }
    }

    /// Reads the text; none when it is not one of ours.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "clocks" => Some(Self::Clocks(None)),
            None if text == "allot" => Some(Self::Allot),
            Some(("clocks", at)) => at.parse().ok().map(|at| Self::Clocks(Some(at))),
            None if text == "look-back" => Some(Self::LookBack),
            None if text == "carry-over" => Some(Self::CarryOver),
            Some(("ask", survey)) => SurveyId::new(survey).ok().map(Self::Ask),
            Some(("remind", survey)) => SurveyId::new(survey).ok().map(Self::Remind),
            Some(("delivery", id)) => Some(Self::Delivery(id.to_owned())),
            Some(("chain", rest)) => {
                let (link, route) = rest.split_once(':')?;
                Some(Self::Chain(link.parse().ok()?, RouteId::new(route).ok()?))
            }
            Some(("repeat", rest)) => {
                let (number, channel) = rest.split_once(':')?;
                Some(Self::Repeat(number.parse().ok()?, ChannelId::new(channel).ok()?))
            }
            _ => None,
        }
    }
}

/// Whether a delivery goes to the customer.
#[must_use]
pub fn reaches_customer(delivery: &Delivery) -> bool {
    delivery.occasion == Occasion::Message
}
