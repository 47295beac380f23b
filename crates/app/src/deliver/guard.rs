//! The fatigue guard: nobody is written to more often than the programme allows, over all surveys and messages.
//!
//! Every message to a customer comes by here, and what is counted is what was really sent: a note in the person's
//! journals, written when a provider has taken a message. What answers the customer's own answer is counted, and never
//! held back. Two messages that come at the same moment take turns: whoever stands second in the journal waits.

use super::text;
use crate::App;
use crate::dossier::{Dossier, Message};
use crate::time::{from_unix, unix};
use chrono::{DateTime, TimeDelta, Utc};
use ringback_core::message::MessageKind;
use ringback_core::names::Named as _;
use ringback_ledger::{Clock, Entropy, LedgerError, Record, Store};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long a turn holds, in seconds: longer than an attempt can take.
const TURN_S: u64 = 600;
/// After how many seconds whoever waits for their turn looks again.
const LOOK_AGAIN_S: i64 = 60;
/// How many entries of a journal are looked at for later answers.
const ENTRIES: u64 = 64;
/// How many later answers are looked at.
const LATER: usize = 16;

/// Why a message is held back.
#[derive(Debug)]
pub(super) struct Held {
    pub why: String,
    /// When to look again; never: none.
    pub until: Option<DateTime<Utc>>,
}

/// A message that was sent to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The name under which it was sent.
    pub id: String,
    /// What it was for; none: a person's own words.
    pub kind: Option<MessageKind>,
    /// The survey that it asked for.
    pub survey: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Whether a message may be sent now, as far as it depends on what was sent before.
    pub(super) async fn pass_guard(
        &self,
        record: &Record<Dossier>,
        message: &Message,
    ) -> Result<Result<(), Held>, LedgerError> {
        let Some(kind) = message.kind.filter(|kind| !kind.answers_customer()) else { return Ok(Ok(())) };
        let id = self.namer.message(&record.eid, &message.delivery.id);
        let now = from_unix(self.clock.now());
        let mine = |sent: &Sent| {
            let invitation = sent.kind == Some(MessageKind::Invitation);
            // Who has just confirmed must hear what they confirmed for; who has not is asked once in a while at most.
            let confirmation = sent.kind == Some(MessageKind::Confirmation) && kind != MessageKind::Confirmation;
            sent.id == id
                || confirmation
                || (kind == MessageKind::Reminder
                    && invitation
                    && sent.survey.as_deref() == message.survey.as_ref().map(|s| s.as_str()))
        };
        let quarantine =
            TimeDelta::seconds(i64::try_from(self.config.messages.quarantine_s).unwrap_or(i64::MAX / 1_000));
        let sent = self.sent_to(&record.people).await?;
        let recent = sent.iter().filter(|sent| !mine(sent)).map(|sent| (sent.at, sent)).max_by_key(|(at, _)| *at);
        if let Some((at, last)) = recent.filter(|(at, _)| *at + quarantine > now) {
            let what = last.kind.map_or("a message", MessageKind::as_str);
            let why = format!(
                "held back by the fatigue guard: {what} was sent on {}, and the next may follow on {}",
                text::instant(at),
                text::instant(at + quarantine)
            );
            return Ok(Err(Held { why, until: None }));
        }
        self.take_message_turn(record, &id, now).await
    }

    /// Takes the person's turn; whoever stands before in the journal goes first.
    async fn take_message_turn(
        &self,
        record: &Record<Dossier>,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Held>, LedgerError> {
        // The e-mail address comes first, and every mail has one: all messages to it meet in this journal.
        let Some(journal) = self.namer.people(&record.body.feedback.customer).into_iter().next() else {
            return Ok(Ok(()));
        };
        let holder = |entries: Vec<ringback_ledger::PersonEntry>| {
            let turns = entries.into_iter().filter_map(|entry| entry.note);
            let fresh = turns.filter(|note| note["at"].as_u64().is_some_and(|at| at + TURN_S > unix(now)));
            fresh.filter_map(|note| note["turn"].as_str().map(str::to_owned)).next()
        };
        let mut first = holder(self.ledger.person(&journal).await?);
        if first.is_none() {
            self.ledger.note_person(&journal, json!({ "turn": id, "at": unix(now) })).await?;
            first = holder(self.ledger.person(&journal).await?);
        }
        Ok(match first {
            Some(other) if other != id => Err(Held {
                why: "waits for another message to the same person".to_owned(),
                until: Some(now + TimeDelta::seconds(LOOK_AGAIN_S)),
            }),
            _ => Ok(()),
        })
    }

    /// Writes down that a message was sent.
    pub(super) async fn note_sent(&self, record: &Record<Dossier>, message: &Message) -> Result<(), LedgerError> {
        let note = json!({
            "sent": message.kind.map_or("message", MessageKind::as_str),
            "id": self.namer.message(&record.eid, &message.delivery.id),
            "survey": message.survey.as_ref().map(|survey| survey.as_str()),
            "at": self.clock.now(),
        });
        for journal in &record.people {
            self.ledger.note_person(journal, note.clone()).await?;
        }
        Ok(())
    }

    /// What was sent to a person, each message once, oldest first.
    pub(crate) async fn sent_to(&self, journals: &[String]) -> Result<Vec<Sent>, LedgerError> {
        let mut sent: BTreeMap<String, Sent> = BTreeMap::new();
        for journal in journals {
            for note in self.ledger.person(journal).await?.into_iter().filter_map(|entry| entry.note) {
                if let Some(one) = sent_note(&note) {
                    sent.entry(one.id.clone()).or_insert(one);
                }
            }
        }
        let mut sent: Vec<Sent> = sent.into_values().collect();
        sent.sort_by_key(|sent| sent.at);
        Ok(sent)
    }

    /// Why somebody need not be asked any more: they have answered. None when the message asks nothing, or nobody has.
    pub(super) async fn no_longer_asked(
        &self,
        record: &Record<Dossier>,
        message: &Message,
    ) -> Result<Option<&'static str>, LedgerError> {
        let (Some(survey), Some(since)) = (&message.survey, message.since) else { return Ok(None) };
        let mut ids: Vec<String> = Vec::new();
        for person in &record.people {
            for entry in self.ledger.latest_of(person, ENTRIES).await? {
                if entry.eid != record.eid && !ids.contains(&entry.eid) && ids.len() < LATER {
                    ids.push(entry.eid);
                }
            }
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let answers = self.ledger.read_many(&ids).await?;
        let answered = answers.iter().map(|r| &r.body.feedback).any(|f| f.survey == *survey && f.received_at > since);
        Ok(answered.then_some("the customer has answered meanwhile"))
    }
}

fn sent_note(note: &Value) -> Option<Sent> {
    let kind = note["sent"].as_str()?;
    Some(Sent {
        id: note["id"].as_str()?.to_owned(),
        kind: MessageKind::from_name(kind),
        survey: note["survey"].as_str().map(str::to_owned),
        at: from_unix(note["at"].as_u64()?),
    })
}
