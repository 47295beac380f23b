//! What did not arrive: alerts and messages that were given up, and buttons that send each once more or put it away.

use super::case::Notice;
use super::frame::{Door, Frame, Guest, Place};
use super::lang::When;
use super::refusal::said;
use crate::App;
use crate::case::Worked;
use crate::dead_letters::{delivery_of, name, place};
use crate::deliver::text::one_line;
use crate::dossier::reaches_customer;
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use crate::web::{desk_page, field};
use askama::Template;
use http::{Request, StatusCode};
use ringback_core::alert::DeliveryState;
use ringback_ledger::{Clock, Entropy, LetterPlace, Store};

/// Letters on a page.
const ON_A_PAGE: usize = 50;

struct Dead {
    id: String,
    case: String,
    event: &'static str,
    channel: String,
    to_customer: bool,
    since: When,
    attempts: u8,
    why: String,
}

#[derive(Template)]
#[template(path = "desk/letters.html")]
struct LettersPage {
    f: Frame,
    notice: Option<Notice>,
    dead: Vec<Dead>,
    next: Option<String>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/letters`
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_desk_letters(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        match self.door(request, Place::Letters).await? {
            Door::In(guest) => self.letters_page(*guest, request, StatusCode::OK, None).await,
            Door::Out(reply) => Ok(reply),
        }
    }

    /// `POST /desk/letters`: sends the one that `letter` names once more, or puts away the one that `discard` names.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_desk_letter(&self, request: &Request<Vec<u8>>) -> Result<Worked, Problem> {
        let guest = match self.door(request, Place::Letters).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(Worked { reply, now: Vec::new() }),
        };
        let l = guest.frame.l;
        let form = request.body();
        let wanted = guest.sent(form) && field(form, "resume").is_none();
        let named = |name| field(form, name).filter(|_| wanted);
        let again = l.say("It is on its way once more.", "Es ist noch einmal unterwegs.");
        let away = l.say("It is put away; its case says by whom.", "Es ist abgelegt; im Fall steht, von wem.");
        let done = match (named("letter"), named("discard")) {
            (Some(letter), _) => self.replay(&letter, &guest.caller).await.map(|now| (Some(again), now)),
            (None, Some(letter)) => self.discard(&letter, &guest.caller).await.map(|()| (Some(away), Vec::new())),
            (None, None) => Ok((None, Vec::new())),
        };
        let (status, notice, now) = match done {
            Ok((text, now)) => {
                let notice = text.map(|text| Notice { mark: "good", text: text.to_owned(), ..Notice::default() });
                (StatusCode::OK, notice, now)
            }
            Err(problem) => (problem.status, Some(said(l, problem)), Vec::new()),
        };
        Ok(Worked { reply: self.letters_page(guest, request, status, notice).await?, now })
    }

    async fn letters_page(
        &self,
        guest: Guest,
        request: &Request<Vec<u8>>,
        status: StatusCode,
        notice: Option<Notice>,
    ) -> Result<Reply, Problem> {
        let l = guest.frame.l;
        let from = field(request.uri().query().unwrap_or_default().as_bytes(), "cursor");
        let from = from.and_then(|text| place(&text)).unwrap_or_default();
        let page = self.ledger.letters(from, ON_A_PAGE).await.map_err(|error| self.store_failed(&error))?;
        let dead = page.letters.iter().filter_map(|letter| {
            let delivery = delivery_of(letter).filter(|delivery| delivery.state == DeliveryState::Failed)?;
            Some(Dead {
                id: name(&LetterPlace { shard: letter.shard, number: letter.number }),
                case: letter.record.eid.clone(),
                event: delivery.occasion.event_name(),
                channel: delivery.channel.to_string(),
                to_customer: reaches_customer(delivery),
                since: When::new(l, from_unix(letter.since)),
                attempts: delivery.attempts,
                why: one_line(delivery.last_error.as_deref().unwrap_or_default()),
            })
        });
        let next = page.next.map(|next| format!("/desk/letters?cursor={}", name(&next)));
        desk_page(status, &LettersPage { dead: dead.collect(), next, notice, f: guest.frame })
    }
}
