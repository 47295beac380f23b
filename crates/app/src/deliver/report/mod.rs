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
use crate::dossier::{Dossier, Message, Report};
use crate::follow_up::follow_clocks;
use crate::intake;
use crate::ports::Outbound;
use crate::problem::{Problem, Reply, empty};
use crate::signature::NotAuthentic;
use crate::stored::Stored;
use crate::time::from_unix;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, StatusCode};
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
/// The most that is kept of one message: who answers it more often writes to a mailbox.
const MOST_REPORTS: usize = 100;
/// What is kept of a customer's replies in one case, in bytes; that there were more is.
const MAX_REPLIES: usize = 64 * 1024;
/// A reply, in the case's history.
const REPLIED: &str = "message.replied";
/// Largest request of a provider whose secret stands in its head, in bytes: an answer by mail brings its pictures along.
const MAX_MAIL: usize = 16 * 1024 * 1024;
/// Largest request of one that must be read before its signature can be checked, in bytes: SendGrid's batches, and what SNS
/// passes on.
const MAX_BATCH: usize = 1024 * 1024;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// How large a request of a provider may be, in bytes; asked before it is read.
    ///
    /// # Errors
    /// 401 when its head says already that it is not authentic, 404.
    pub fn report_limit(&self, id: &str, headers: &HeaderMap) -> Result<usize, Problem> {
        let channel = self.reporting(id)?;
        match authentic::check_head(channel, &self.secrets, headers) {
            None => Ok(MAX_BATCH),
            Some(Ok(())) => Ok(MAX_MAIL),
            Some(Err(why)) => Err(self.report_refused(channel, why)),
        }
    }

    /// A channel whose provider reports.
    fn reporting(&self, id: &str) -> Result<&Channel, Problem> {
        let channel = ChannelId::new(id).ok().and_then(|id| self.config.channels.get(&id));
        let opens = ["webhook_variable", "webhook_key_variable", "topic_variable"];
        let channel = channel.filter(|channel| opens.iter().any(|key| channel.setting(key).is_some()));
        channel.ok_or_else(|| Problem::not_found("channel that takes reports"))
    }

    fn report_refused(&self, channel: &Channel, why: NotAuthentic) -> Problem {
        self.log(&format!("channel {}: report refused: {why}", channel.id));
        let detail = "the report's signature or timestamp was not accepted";
        Problem::new(StatusCode::UNAUTHORIZED, "not-authentic", detail)
    }

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
        let channel = self.reporting(id)?;
        let Some(value) = self.authentic(channel, &request, out).await? else {
            return Ok(empty(StatusCode::OK));
        };
        let told = read::events(channel.kind, &value);
        if told.len() > MOST {
            return Err(Problem::field("", format!("more than {MOST} events")));
        }
        for told in told {
            self.take_report(&channel.id, &told).await.map_err(|error| self.store_failed(&error))?;
        }
        // Postmark takes nothing but 200 for a success.
        Ok(empty(StatusCode::OK))
    }

    /// What a provider says, once it is certain that it does.
    async fn authentic(
        &self,
        channel: &Channel,
        request: &Request<Vec<u8>>,
        out: &impl Outbound,
    ) -> Result<Option<Value>, Problem> {
        let refused = |why: NotAuthentic| self.report_refused(channel, why);
        if channel.kind != Kind::Ses {
            authentic::check(channel, &self.secrets, request, self.clock.now()).map_err(refused)?;
            return intake::large_json(request).map(Some);
        }
        let told = self.told_by_sns(channel, &intake::large_json(request)?, out).await;
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
        if let Some(since) = self.suppressed_since(&journal).await? {
            let number = number(told.reference.as_deref());
            if record.zip(number).and_then(|(record, number)| message(&record.body, number)).is_some_and(bounced) {
                return Ok(());
            }
            // Given anew since, and another message bounces: that counts anew.
            let anew = |s: &Statement| s.granted && s.channel == ContactChannel::Email && s.at >= since;
            if !self.said(std::slice::from_ref(&journal)).await?.iter().any(anew) {
                return Ok(());
            }
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
            let message = step.body.messages.iter_mut().find(|m| is_number(m, number)).ok_or(())?;
            // Everything else happens to a message once; replies are told apart by their own ids.
            let same = |r: &Report| r.event == told.event && (told.event != ReportEvent::Replied || r.id == told.id);
            let again = (told.event != ReportEvent::Replied || told.id.is_some()) && message.reports.iter().any(same);
            if again || message.reports.len() >= MOST_REPORTS {
                return Err(());
            }
            message.reports.push(Report { event: told.event, at: now, id: told.id.clone() });
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
                    ReportEvent::Replied => {
                        let replies = case.history.iter().filter(|entry| entry.event == REPLIED);
                        let said: usize = replies.filter_map(|entry| entry.note.as_ref()).map(String::len).sum();
                        let text = told.text.clone().filter(|text| said + text.len() <= MAX_REPLIES);
                        case.record(now, CUSTOMER, REPLIED, None, text);
                    }
                    ReportEvent::Delivered => {}
                }
            }
            follow_clocks(&mut step, record.body.case.as_ref());
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

fn message(dossier: &Dossier, number: usize) -> Option<&Message> {
    dossier.messages.iter().find(|message| is_number(message, number))
}

fn is_number(message: &Message, number: usize) -> bool {
    message.delivery.id.strip_prefix("message-").and_then(|rest| rest.split('-').next()?.parse().ok()) == Some(number)
}

/// Whether its bounce is written down already.
fn bounced(message: &Message) -> bool {
    message.reports.iter().any(|report| report.event == ReportEvent::Bounced)
}

fn number(reference: Option<&str>) -> Option<usize> {
    reference?.split_once('_')?.1.parse().ok()
}

pub(crate) fn suppressed_note(note: &Value) -> Option<DateTime<Utc>> {
    note.get("suppressed")?;
    Some(from_unix(note["at"].as_u64()?))
}
