//! What mail providers tell of messages that they had taken: `POST /v1/channels/{id}/reports`. Checked to be theirs, and
//! brought into the case, the suppression list and the person's consent.
//!
//! A hard bounce suppresses the address until its owner gives it anew; a complaint or an unsubscription is a no to all
//! mail, like one that is said on the preference page. What is told twice is written down once.

mod authentic;
mod elliptic;
mod read;
mod sns;

use crate::App;
use crate::config::{Channel, Kind};
use crate::dossier::{Dossier, Report};
use crate::intake;
use crate::ports::Outbound;
use crate::problem::{Problem, Reply, empty};
use crate::signature::NotAuthentic;
use crate::stored::Stored;
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};
use read::Told;
use ringback_core::alert::DeliveryState;
use ringback_core::consent::{ContactChannel, Purpose, Statement, Vouched};
use ringback_core::feedback::Customer;
use ringback_core::id::ChannelId;
use ringback_core::message::ReportEvent;
use ringback_core::names::Named as _;
use ringback_ledger::{Changed, Clock, Entropy, LedgerError, Record, Step, Store, is_name};
use serde_json::{Value, json};

/// The most events of one request.
const MOST: usize = 1_000;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /v1/channels/{id}/reports`
    ///
    /// # Errors
    /// 400, 401, 404, 413, 415, 422, 503. After 503 the provider tells it again.
    pub async fn post_reports(
        &self,
        id: &str,
        request: Request<Vec<u8>>,
        out: &impl Outbound,
    ) -> Result<Reply, Problem> {
        let channel = ChannelId::new(id).ok().and_then(|id| self.config.channels.get(&id));
        let opens = ["webhook_variable", "webhook_key_variable", "topic_variable"];
        let channel = channel.filter(|channel| opens.iter().any(|key| channel.setting(key).is_some()));
        let channel = channel.ok_or_else(|| Problem::not_found("channel that takes reports"))?;
        let Some(value) = self.authentic(channel, &request, out).await? else {
            return Ok(empty(StatusCode::NO_CONTENT));
        };
        let told = read::events(channel.kind, &value);
        if told.len() > MOST {
            return Err(Problem::field("", format!("more than {MOST} events")));
        }
        for told in told {
            self.take_report(&channel.id, &told).await.map_err(|error| self.store_failed(&error))?;
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// What a provider says, once it is certain that it does.
    async fn authentic(
        &self,
        channel: &Channel,
        request: &Request<Vec<u8>>,
        out: &impl Outbound,
    ) -> Result<Option<Value>, Problem> {
        let refused = |why: NotAuthentic| {
            self.log(&format!("channel {}: report refused: {why}", channel.id));
            let detail = "the report's signature or timestamp was not accepted";
            Problem::new(StatusCode::UNAUTHORIZED, "not-authentic", detail)
        };
        if channel.kind != Kind::Ses {
            authentic::check(channel, &self.secrets, request, self.clock.now()).map_err(refused)?;
            return intake::any_json(request).map(Some);
        }
        let told = self.told_by_sns(channel, &intake::any_json(request)?, out).await;
        told.map_err(|why| match why {
            sns::NotTaken::Refused(why) => refused(why),
            sns::NotTaken::Unreachable => {
                self.log(&format!("channel {}: Amazon SNS could not be asked", channel.id));
                Problem::unavailable()
            }
        })
    }

    async fn take_report(&self, channel: &ChannelId, told: &Told) -> Result<(), LedgerError> {
        let record = self.referred(told.reference.as_deref()).await?;
        match told.event {
            ReportEvent::Bounced => self.suppress(told, record.as_ref()).await?,
            ReportEvent::Complained | ReportEvent::Unsubscribed => {
                self.withdraw_mail(channel, told, record.as_ref()).await?;
            }
            ReportEvent::Delivered | ReportEvent::Replied => {}
        }
        match (&record, number(told.reference.as_deref())) {
            (Some(record), Some(number)) => self.enter_report(record, number, told).await,
            _ => Ok(()),
        }
    }

    /// The record that a message was about.
    async fn referred(&self, reference: Option<&str>) -> Result<Option<Record<Dossier>>, LedgerError> {
        let Some(eid) = reference.and_then(|text| text.split_once('_')).map(|(eid, _)| eid).filter(|e| is_name(e))
        else {
            return Ok(None);
        };
        self.ledger.read(eid).await
    }

    /// The address takes no mail: nothing is sent to it until its owner gives it anew.
    async fn suppress(&self, told: &Told, record: Option<&Record<Dossier>>) -> Result<(), LedgerError> {
        let known = record.and_then(|record| record.body.feedback.customer.email.clone());
        let Some(email) = told.address.clone().or(known) else { return Ok(()) };
        let Some(journal) =
            self.namer.people(&Customer { email: Some(email), ..Customer::default() }).into_iter().next()
        else {
            return Ok(());
        };
        if self.suppressed_since(&journal).await?.is_some() {
            return Ok(());
        }
        self.ledger.note_person(&journal, json!({ "suppressed": "bounced", "at": self.clock.now() })).await
    }

    /// Since when the address behind a journal is known to take no mail.
    pub(crate) async fn suppressed_since(&self, journal: &str) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let notes = self.ledger.person(journal).await?.into_iter().filter_map(|entry| entry.note);
        Ok(notes.filter_map(|note| suppressed_note(&note)).next_back())
    }

    /// No to all mail, under every identity that is known.
    async fn withdraw_mail(
        &self,
        channel: &ChannelId,
        told: &Told,
        record: Option<&Record<Dossier>>,
    ) -> Result<(), LedgerError> {
        let mut journals = record.map(|record| record.people.clone()).unwrap_or_default();
        let by_address = Customer { email: told.address.clone(), ..Customer::default() };
        journals.extend(self.namer.people(&by_address));
        journals.sort();
        journals.dedup();
        let said = self.said(&journals).await?;
        let source = format!("{channel}:{}", told.event.as_str());
        let now = from_unix(self.clock.now());
        let already = |purpose: &&Purpose| {
            let about = said.iter().filter(|s| s.channel == ContactChannel::Email && s.purpose == **purpose);
            about.max_by_key(|s| (s.at, !s.granted)).is_some_and(|s| !s.granted)
        };
        let no = |purpose: &Purpose| Statement {
            channel: ContactChannel::Email,
            purpose: *purpose,
            granted: false,
            wording: None,
            language: None,
            source: source.clone(),
            at: now,
            expires_at: None,
            vouched: Vouched::Company,
        };
        let statements: Vec<Statement> = Purpose::ALL.iter().filter(|purpose| !already(purpose)).map(no).collect();
        if statements.is_empty() {
            return Ok(());
        }
        for journal in journals {
            self.ledger.note_person(&journal, statements.store()).await?;
        }
        Ok(())
    }

    /// Writes what was told into the message and the case's history, once.
    async fn enter_report(&self, record: &Record<Dossier>, number: usize, told: &Told) -> Result<(), LedgerError> {
        let now = from_unix(self.clock.now());
        let written = self.ledger.change(&record.eid, |record| {
            let mut step = Step::of(record.body.clone());
            let prefix = format!("message-{number}-");
            let found = step.body.messages.iter_mut().find(|m| m.delivery.id.starts_with(&prefix));
            let message = found.ok_or(())?;
            let again = told.event != ReportEvent::Replied && message.reports.iter().any(|r| r.event == told.event);
            if again || message.reports.len() >= 20 {
                return Err(());
            }
            message.reports.push(Report { event: told.event, at: now });
            let informs = message.informs();
            if told.event == ReportEvent::Bounced {
                message.delivery.state = DeliveryState::Failed;
                message.delivery.last_error = Some("bounced: the address takes no mail".to_owned());
            }
            if let Some(case) = &mut step.body.case {
                match told.event {
                    ReportEvent::Bounced => case.record_undelivered_message(now, "the address takes no mail", informs),
                    ReportEvent::Complained => case.record(now, CUSTOMER, "message.complained", None, None),
                    ReportEvent::Unsubscribed => case.record(now, CUSTOMER, "message.unsubscribed", None, None),
                    ReportEvent::Replied => case.record(now, CUSTOMER, "message.replied", None, told.text.clone()),
                    ReportEvent::Delivered => {}
                }
            }
            Ok(step)
        });
        match written.await? {
            // Its timers and lists follow with the next tick.
            Changed::Done { .. } | Changed::Refused(()) | Changed::Absent | Changed::NotSealed => Ok(()),
        }
    }
}

/// The history's name for the customer.
const CUSTOMER: &str = "customer";

/// The name under which a message is referred to at a provider: its answer and its number. No personal data.
pub(super) fn reference(answer: &str, delivery: &str) -> String {
    let number = delivery.split('-').nth(1).unwrap_or_default();
    format!("{answer}_{number}")
}

fn number(reference: Option<&str>) -> Option<usize> {
    reference?.split_once('_')?.1.parse().ok()
}

pub(crate) fn suppressed_note(note: &Value) -> Option<DateTime<Utc>> {
    note.get("suppressed")?;
    Some(from_unix(note["at"].as_u64()?))
}
