//! `/preferences/{token}`: where a person sees what is held about them, decides how they may be reached, takes their data
//! with them, and has it erased. Without an account: the link in a message is the key.
//!
//! A GET changes nothing, because mail scanners open links; works without JavaScript. What is written here are
//! statements like any others: the gate decides by them from then on.

mod link;
mod own;
mod page;
mod words;

pub use link::LASTS_S;

use crate::App;
use crate::dossier::Dossier;
use crate::erasure::CUSTOMER;
use crate::problem::{Problem, Reply, empty, json};
use crate::stored::Stored;
use crate::time::from_unix;
use crate::view;
use crate::web::{self, Referrer, field, fields};
use askama::Template;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use page::{Notice, Page};
use ringback_core::case::HistoryEntry;
use ringback_core::consent::{Blocked, ContactChannel, Decision, Purpose, Statement, Vouched, decide};
use ringback_core::feedback::Customer;
use ringback_core::names::Named;
use ringback_ledger::{Changed, Clock, Entropy, Record, Store};
use serde_json::{Value, json as object};
use std::collections::BTreeSet;
use words::Words;

/// The source of statements that are made on the page.
const SOURCE: &str = "preferences";
/// The source of statements that were given elsewhere and confirmed on the page.
const CONFIRMED: &str = "double-opt-in";
const STYLE: &str = include_str!("../../templates/preferences/style.css");

/// Somebody who came with a link that works.
struct Guest<'a> {
    token: &'a str,
    record: Record<Dossier>,
    /// Their journals: of the answer's identities, or, where it is another's by now, of the address that the link was sent to.
    people: Vec<String>,
    /// Whether the answer is still theirs.
    theirs: bool,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The address of the page for the person who gave an answer, received at an instant (Unix seconds). Only ever to be
    /// sent to the e-mail address that is named.
    pub fn preferences_url(&self, answer: &str, address: &str, received: u64) -> String {
        let person = self.namer.mailbox(address).unwrap_or_default();
        let token = link::token(&self.namer, answer, &person, received, self.clock.now());
        format!("{}/preferences/{token}", self.config.public_url)
    }

    /// `GET /preferences/{token}`
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_preferences(&self, token: &str, query: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let lang = field(query.as_bytes(), "lang").unwrap_or_default();
        if let Some(own) = self.own(token).await? {
            return self.own_page(token, &lang, headers, &own);
        }
        let Some(guest) = self.guest(token).await? else { return self.bad_link(spoken(&lang, headers, "")) };
        let locale = guest.record.body.feedback.locale.as_deref().unwrap_or(&self.config.default_locale);
        let words = spoken(&lang, headers, locale);
        let saved = field(query.as_bytes(), "saved").is_some();
        let said = self.said(&guest.people).await.map_err(|error| self.store_failed(&error))?;
        let by_mail = Customer { email: Some(String::new()), ..Customer::default() };
        let customer = if guest.theirs { &guest.record.body.feedback.customer } else { &by_mail };
        let page = Page {
            words,
            languages: &words::ALL,
            company: &self.config.name,
            base: format!("/preferences/{token}"),
            notice: saved.then_some(words.saved),
            groups: page::groups(words, customer, &said, from_unix(self.clock.now())),
            person: guest.theirs && guest.record.body.case.is_some(),
            confirm: unconfirmed(&said, from_unix(self.clock.now())).next().is_some(),
        };
        shown(StatusCode::OK, &page)
    }

    /// `POST /preferences/{token}`: the form's choices, or `none=yes` for no to everything. Effective at once.
    ///
    /// # Errors
    /// 503 when the store does not answer; nothing is changed then, or only a part, always towards what was asked for.
    pub async fn post_preferences(&self, token: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let lang = field(request.body(), "lang").unwrap_or_default();
        let words = spoken(&lang, request.headers(), "");
        let Some(guest) = self.guest(token).await? else { return self.bad_link(words) };
        let wanted: Vec<(ContactChannel, Purpose, bool)> = match field(request.body(), "none") {
            Some(_) => everything(ContactChannel::ALL),
            // What was not shown is not decided: a box that is not there is not a box left empty.
            None => fields(request.body(), "shown")
                .filter_map(|name| Some((page::named(&name)?, field(request.body(), &name).is_some())))
                .map(|((channel, purpose), yes)| (channel, purpose, yes))
                .collect(),
        };
        self.state(&guest, words, &wanted).await?;
        let mut reply = empty(StatusCode::SEE_OTHER);
        if let Ok(value) = HeaderValue::from_str(&format!("/preferences/{}?lang={}&saved", guest.token, words.lang)) {
            reply.headers_mut().insert(header::LOCATION, value);
        }
        Ok(reply)
    }

    /// `POST /preferences/{token}/unsubscribe`: no more e-mail, in one click (RFC 8058).
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_unsubscribe(&self, token: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let words = spoken("", headers, "");
        let Some(guest) = self.unsubscriber(token).await? else { return self.bad_link(words) };
        self.state(&guest, words, &everything(&[ContactChannel::Email])).await?;
        self.say(StatusCode::OK, words, words.title, words.saved)
    }

    /// `GET /preferences/{token}/data`: everything that is held about the person.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_preferences_data(&self, token: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        if let Some(own) = self.own(token).await? {
            return Ok(download(&own::held(&own)));
        }
        let Some(guest) = self.guest(token).await? else { return self.bad_link(spoken("", headers, "")) };
        let (mut answers, mut seen) = (Vec::new(), BTreeSet::new());
        for person in &guest.people {
            let journal = self.ledger.person(person).await.map_err(|error| self.store_failed(&error))?;
            for known in journal.into_iter().filter_map(|entry| entry.record) {
                if seen.insert(known.eid.clone()) {
                    // An answer may be gone by retention while the journal still names it.
                    let record = self.record_of(&known.eid).await?;
                    answers
                        .extend(record.filter(|record| self.is_of(record, &guest.people)).map(|record| held(&record)));
                }
            }
        }
        let said = self.said(&guest.people).await.map_err(|error| self.store_failed(&error))?;
        let sent = self.sent_to(&guest.people).await.map_err(|error| self.store_failed(&error))?;
        let sent = sent.iter().map(|s| object!({ "kind": s.kind.map(|kind| kind.as_str()), "at": s.at.store() }));
        let held = object!({
            "answers": answers,
            "consent": said.iter().map(|s| self.told_of(s).store()).collect::<Vec<_>>(),
            "sent": sent.collect::<Vec<_>>(),
        });
        Ok(download(&held))
    }

    /// `POST /preferences/{token}/erase`, with `confirm=yes`: everything personal is erased, counts stay.
    ///
    /// # Errors
    /// 503 when the store does not answer; the same request may be sent again.
    pub async fn post_preferences_erase(&self, token: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let words = spoken(&field(request.body(), "lang").unwrap_or_default(), request.headers(), "");
        let confirmed = field(request.body(), "confirm").as_deref() == Some("yes");
        if let Some(own) = self.own(token).await? {
            if !confirmed {
                return self.say(StatusCode::UNPROCESSABLE_ENTITY, words, words.own[2], words.own[3]);
            }
            self.ledger.erase_record(&own.eid).await.map_err(|error| self.store_failed(&error))?;
            let _ = self.note_erasure(&self.unique(), CUSTOMER, "feedback").await;
            return self.say(StatusCode::OK, words, words.own[2], words.own[5]);
        }
        let Some(guest) = self.guest(token).await? else { return self.bad_link(words) };
        if !confirmed {
            return self.say(StatusCode::UNPROCESSABLE_ENTITY, words, words.erase, words.erase_hint);
        }
        for person in &guest.people {
            self.ledger.erase(person).await.map_err(|error| self.store_failed(&error))?;
        }
        let _ = self.note_erasure(&self.unique(), CUSTOMER, "person").await;
        self.say(StatusCode::OK, words, words.erase, words.erased)
    }

    /// `POST /preferences/{token}/confirm`: it was they who gave the consents that wait (double opt-in).
    ///
    /// # Errors
    /// 503 when the store does not answer; the same request may be sent again.
    pub async fn post_preferences_confirm(&self, token: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let words = spoken(&field(request.body(), "lang").unwrap_or_default(), request.headers(), "");
        let Some(guest) = self.guest(token).await? else { return self.bad_link(words) };
        let said = self.said(&guest.people).await.map_err(|error| self.store_failed(&error))?;
        let now = from_unix(self.clock.now());
        let confirmed =
            |s: &Statement| Statement { at: now, vouched: Vouched::Company, source: CONFIRMED.to_owned(), ..s.clone() };
        let statements: Vec<Statement> = unconfirmed(&said, now).map(confirmed).collect();
        if !statements.is_empty() {
            for person in &guest.people {
                self.ledger.note_person(person, statements.store()).await.map_err(|error| self.store_failed(&error))?;
            }
        }
        self.say(StatusCode::OK, words, words.title, words.saved)
    }

    /// `POST /preferences/{token}/person`: the customer wants to talk to somebody.
    ///
    /// # Errors
    /// 503 when the store does not answer; the same request may be sent again.
    pub async fn post_preferences_person(&self, token: &str, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let words = spoken(&field(request.body(), "lang").unwrap_or_default(), request.headers(), "");
        let Some(guest) = self.guest(token).await? else { return self.bad_link(words) };
        if !guest.theirs {
            return self.bad_link(words);
        }
        let now = from_unix(self.clock.now());
        let asked =
            self.ledger.change(&guest.record.eid, |r| self.follow_up.person_asked(&r.body, now).ok_or(())).await;
        match asked.map_err(|error| self.store_failed(&error))? {
            Changed::NotSealed => Err(Problem::unavailable()),
            // Asked before, or nobody works answers of this kind: the way by mail stays.
            Changed::Done { .. } | Changed::Refused(()) | Changed::Absent => {
                self.say(StatusCode::OK, words, words.person, words.person_asked)
            }
        }
    }

    /// Who came, by their link; a made-up one costs no look into the store.
    async fn guest<'a>(&self, token: &'a str) -> Result<Option<Guest<'a>>, Problem> {
        let Some(opens) = link::opens(&self.namer, token, self.clock.now()) else { return Ok(None) };
        let Some(record) = self.record_of(&opens.answer).await? else { return Ok(None) };
        let current = self.namer.people(&record.body.feedback.customer);
        let (people, theirs) = match opens.person {
            Some(nobody) if nobody.is_empty() => return Ok(None),
            Some(person) if !current.contains(&person) => (vec![person], false),
            // A link of before says nothing of whom it was sent to: it opens what was never another's.
            None if record.people.iter().any(|person| !current.contains(person)) => return Ok(None),
            _ => (current, true),
        };
        Ok(Some(Guest { token, record, people, theirs }))
    }

    /// Who wants no more mail: any link that ever was in one is good enough for a no.
    async fn unsubscriber<'a>(&self, token: &'a str) -> Result<Option<Guest<'a>>, Problem> {
        if let Some(guest) = self.guest(token).await? {
            return Ok(Some(guest));
        }
        let Some(opens) = link::opens(&self.namer, token, self.clock.now()) else { return Ok(None) };
        let record = self.record_of(&opens.answer).await?;
        Ok(record.map(|record| Guest { token, people: record.people.clone(), record, theirs: false }))
    }

    /// A statement as its person is told of it: not by which of our people it was entered.
    fn told_of(&self, said: &Statement) -> Statement {
        let ours = said.source.contains('@') || self.config.access.iter().any(|token| token.id == said.source);
        let source = if ours { "company".to_owned() } else { said.source.clone() };
        Statement { source, ..said.clone() }
    }

    /// Whether an answer is of one of these people by now; what was erased is anybody's, as nothing is left of it.
    fn is_of(&self, record: &Record<Dossier>, people: &[String]) -> bool {
        let current = self.namer.people(&record.body.feedback.customer);
        current.is_empty() || current.iter().any(|person| people.contains(person))
    }

    /// Writes down what changes: a yes only where it was a no, a no wherever it was not said before.
    async fn state(
        &self,
        guest: &Guest<'_>,
        words: &Words,
        wanted: &[(ContactChannel, Purpose, bool)],
    ) -> Result<(), Problem> {
        let known = self.known_of(&guest.people).await.map_err(|error| self.store_failed(&error))?;
        let now = from_unix(self.clock.now());
        let changes = wanted.iter().filter(|(channel, purpose, yes)| {
            match known.decide(*channel, *purpose, now) {
                Decision::Allowed(_) => !yes,
                // What is not confirmed or has expired is no answer: a no is still to be written down.
                Decision::Blocked(why) => *yes || !matches!(why, Blocked::Refused | Blocked::Withdrawn),
            }
        });
        let statement = |(channel, purpose, granted): &(ContactChannel, Purpose, bool)| Statement {
            channel: *channel,
            purpose: *purpose,
            granted: *granted,
            wording: Some(words::WORDING.to_owned()),
            language: Some(words.lang.to_owned()),
            source: SOURCE.to_owned(),
            at: now,
            expires_at: None,
            // The link went to the person alone.
            vouched: Vouched::Company,
        };
        let statements: Vec<Statement> = changes.map(statement).collect();
        if statements.is_empty() {
            return Ok(());
        }
        for person in &guest.people {
            self.ledger.note_person(person, statements.store()).await.map_err(|error| self.store_failed(&error))?;
        }
        Ok(())
    }

    fn bad_link(&self, words: &'static Words) -> Result<Reply, Problem> {
        self.say(StatusCode::NOT_FOUND, words, words.bad_link, words.bad_link_hint)
    }

    fn say(
        &self,
        status: StatusCode,
        words: &'static Words,
        title: &'static str,
        text: &'static str,
    ) -> Result<Reply, Problem> {
        shown(status, &Notice { words, company: &self.config.name, title, text })
    }
}

/// What stands before the link in the foot of a message in a language.
pub(crate) fn manage(locale: &str) -> &'static str {
    words::best([locale]).manage
}

/// `GET /preferences/style.css`
#[must_use]
pub fn style() -> Reply {
    web::style(STYLE)
}

/// A file for the person to keep.
fn download(held: &Value) -> Reply {
    let mut reply = json(StatusCode::OK, held);
    let attachment = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
    reply.headers_mut().insert(header::CONTENT_DISPOSITION, attachment);
    web::guard(&mut reply, "no-store", Referrer::Nobody);
    reply
}

/// The consents that wait to be confirmed.
fn unconfirmed(said: &[Statement], now: DateTime<Utc>) -> impl Iterator<Item = &Statement> {
    let waits = move |s: &&Statement| {
        s.granted
            && s.vouched == Vouched::Unconfirmed
            && decide(said, s.channel, s.purpose, now) == Decision::Blocked(Blocked::Pending)
    };
    said.iter().filter(waits)
}

/// No, on some channels, for every purpose.
fn everything(channels: &[ContactChannel]) -> Vec<(ContactChannel, Purpose, bool)> {
    channels.iter().flat_map(|channel| Purpose::ALL.iter().map(|purpose| (*channel, *purpose, false))).collect()
}

/// What is held of an answer, for the person who gave it: without the names of those who worked on it.
fn held(record: &Record<Dossier>) -> Value {
    let mut held = view::feedback(&record.eid, &record.body.feedback);
    if let Some(case) = &record.body.case {
        // What is noted of a case that was taken by a link is who took it.
        let note = |line: &HistoryEntry| line.note.clone().filter(|_| !line.who.starts_with("link:"));
        let history =
            case.history.iter().map(|line| object!({ "at": line.at.store(), "event": line.event, "note": note(line) }));
        held["case"] = object!({
            "state": case.state.as_str(),
            "opened_at": case.opened_at.store(),
            "root_cause": case.root_cause,
            "remedy": case.remedy,
            "closed_without_informing": case.closed_without_informing,
            "waits_for": case.waiting.as_ref().map(|waiting| &waiting.reason),
            "tasks": case.tasks.iter().map(|task| &task.what).collect::<Vec<_>>(),
            "history": history.collect::<Vec<_>>(),
        });
    }
    let messages = record.body.messages.iter();
    held["messages"] = messages
        .map(|m| object!({ "channel": m.channel.as_str(), "subject": m.subject, "text": m.text, "words": m.words, "state": m.delivery.state.as_str() }))
        .collect();
    held
}

/// The texts in the language that is asked for, else in one that the browser asks for, else in that of the answer.
fn spoken(wish: &str, headers: &HeaderMap, locale: &str) -> &'static Words {
    let accepted = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    words::best([wish].into_iter().chain(accepted).chain([locale]))
}

fn shown(status: StatusCode, template: &impl Template) -> Result<Reply, Problem> {
    web::page(status, template, Referrer::Nobody)
}
