//! The link in an alert by which somebody takes the case without signing in: signed, for some days, and good once.
//!
//! Looking at it changes nothing, because mail scanners look at every link; taking the case is a POST with a name.

use super::frame::{Frame, MessagePage};
use super::lang::Lang;
use crate::App;
use crate::case::Worked;
use crate::config::Role;
use crate::deliver::text::one_line;
use crate::digest::equal;
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use crate::web::{self, desk_page};
use askama::Template;
use http::{HeaderMap, Request, StatusCode};
use ringback_core::case::{Case, CaseEvent, State};
use ringback_ledger::{Changed, Clock, Entropy, Store};

/// Asks who takes a case.
#[derive(Template)]
#[template(path = "desk/take.html")]
struct TakePage<'a> {
    f: Frame,
    /// What it is about; empty when that was said before.
    summary: &'a str,
    /// The case's page.
    case: &'a str,
    /// Whether no name was given just now.
    refused: bool,
}

/// How long a link is good, in seconds: three days.
const LASTS_S: u64 = 3 * 86_400;
/// Longest name, in characters.
const MAX_NAME: usize = 100;

/// A link's parts, as they stand in its address.
#[derive(Debug, Clone, Copy)]
pub struct TakeLink<'a> {
    /// The case.
    pub id: &'a str,
    /// The alert that carried it.
    pub delivery: &'a str,
    /// Until when it is good, Unix seconds.
    pub until: &'a str,
    /// What makes it genuine.
    pub signature: &'a str,
}

/// Why a link does nothing any more.
enum Spent {
    NotGenuine,
    Expired,
    Taken,
}

impl Spent {
    const fn words(&self, l: Lang) -> (&'static str, &'static str) {
        match self {
            Self::NotGenuine => (
                l.say("No such link", "Diesen Link gibt es nicht"),
                l.say("This address is not one that Ringback has made.", "Diese Adresse stammt nicht von Ringback."),
            ),
            Self::Expired => (
                l.say("This link has expired", "Dieser Link ist abgelaufen"),
                l.say(
                    "Open the case from its alert and sign in to work it.",
                    "Öffnen Sie den Fall aus seiner Meldung und melden Sie sich an.",
                ),
            ),
            Self::Taken => (
                l.say("Already taken", "Schon übernommen"),
                l.say(
                    "Somebody has taken this case already. Nothing was changed.",
                    "Jemand hat diesen Fall schon übernommen. Es wurde nichts geändert.",
                ),
            ),
        }
    }

    fn reply(&self, f: Frame) -> Result<Reply, Problem> {
        let (title, text) = self.words(f.l);
        let status = match self {
            Self::NotGenuine => StatusCode::NOT_FOUND,
            Self::Expired => StatusCode::GONE,
            Self::Taken => StatusCode::CONFLICT,
        };
        desk_page(status, &MessagePage { f, title, text })
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The address of a link for an alert about a case that nobody has taken.
    pub(crate) fn take_link(&self, id: &str, delivery: &str) -> String {
        let until = self.clock.now() + LASTS_S;
        let signature = self.namer.take(id, delivery, until);
        format!("{}/desk/take/{id}/{delivery}/{until}/{signature}", self.config.public_url)
    }

    fn genuine(&self, link: TakeLink<'_>) -> Result<(), Spent> {
        let until = link.until.parse::<u64>().map_err(|_| Spent::NotGenuine)?;
        let expected = self.namer.take(link.id, link.delivery, until);
        if !equal(expected.as_bytes(), link.signature.as_bytes()) {
            return Err(Spent::NotGenuine);
        }
        if self.clock.now() < until { Ok(()) } else { Err(Spent::Expired) }
    }

    /// `GET /desk/take/…`: says what it is about, and asks who takes it. Changes nothing.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_take(&self, link: TakeLink<'_>, headers: &HeaderMap) -> Result<Reply, Problem> {
        let f = self.frame(headers, "/desk");
        if let Err(spent) = self.genuine(link) {
            return spent.reply(f);
        }
        let Some(record) = self.record_of(link.id).await? else { return Spent::NotGenuine.reply(f) };
        match &record.body.case {
            Some(case) if is_free(case, link.delivery) => {
                let summary = crate::deliver::summary(&record.body.feedback);
                let case = format!("{}/desk/cases/{}", self.config.public_url, record.eid);
                desk_page(StatusCode::OK, &TakePage { f, summary: &summary, case: &case, refused: false })
            }
            _ => Spent::Taken.reply(f),
        }
    }

    /// `POST /desk/take/…` with a name: takes the case.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_take(&self, link: TakeLink<'_>, request: &Request<Vec<u8>>) -> Result<Worked, Problem> {
        let done = |reply| Worked { reply, now: Vec::new() };
        let f = self.frame(request.headers(), "/desk");
        if let Err(spent) = self.genuine(link) {
            return spent.reply(f).map(done);
        }
        let name = one_line(&web::field(request.body(), "name").unwrap_or_default());
        if name.is_empty() || name.chars().count() > MAX_NAME {
            let case = format!("{}/desk/cases/{}", self.config.public_url, link.id);
            return desk_page(
                StatusCode::UNPROCESSABLE_ENTITY,
                &TakePage { f, summary: "", case: &case, refused: true },
            )
            .map(done);
        }
        let now = from_unix(self.clock.now());
        let note = format!("taken by {name}, by the link in the alert {}", link.delivery);
        // Whoever has the link may do no more than an agent.
        let terms = self.config.cases.terms(Role::Agent);
        let changed = self.ledger.change(link.id, |record| {
            let case = record.body.case.as_ref().filter(|case| is_free(case, link.delivery)).ok_or(())?;
            let mut taken =
                case.apply(&CaseEvent::Acknowledge, &who(link.delivery), &note, now, &terms).map_err(|_| ())?;
            // A link is nobody who could find the case among theirs.
            taken.owner = case.owner.clone().or_else(|| self.worker_called(&name));
            Ok(self.follow_up.step(&record.body, taken, now))
        });
        match changed.await {
            Ok(Changed::Done { now, .. }) => {
                let title = f.l.say("Taken", "Übernommen");
                let text = f.l.say(
                    "The case is yours. Open it from its alert and sign in to work it.",
                    "Der Fall gehört Ihnen. Öffnen Sie ihn aus seiner Meldung und melden Sie sich an.",
                );
                let reply = desk_page(StatusCode::OK, &MessagePage { f, title, text })?;
                Ok(Worked { reply, now })
            }
            Ok(Changed::Refused(())) => Spent::Taken.reply(f).map(done),
            Ok(Changed::Absent) => Spent::NotGenuine.reply(f).map(done),
            Ok(Changed::NotSealed) => Err(Problem::unavailable()),
            Err(error) => Err(self.store_failed(&error)),
        }
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Who works cases under that name, however it is capitalised.
    fn worker_called(&self, name: &str) -> Option<String> {
        self.workers().into_iter().find(|worker| worker.to_lowercase() == name.to_lowercase())
    }
}

/// The history's name for whoever used a link.
fn who(delivery: &str) -> String {
    format!("link:{delivery}")
}

/// Whether nobody has taken the case, and this link was not used before.
fn is_free(case: &Case, delivery: &str) -> bool {
    let who = who(delivery);
    case.state == State::New && !case.history.iter().any(|entry| entry.who == who)
}
