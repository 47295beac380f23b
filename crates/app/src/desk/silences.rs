//! Alerts that are held back because their cause is known: what is silent now, and a new silence.

use super::case::Notice;
use super::frame::{Door, Frame, Guest, Place, see_other};
use super::lang::When;
use super::refusal::said;
use crate::App;
use crate::deliver::silence::LABELS;
use crate::deliver::text::one_line;
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use crate::web::{desk_page, field};
use askama::Template;
use chrono::{SecondsFormat, TimeDelta};
use http::{Request, StatusCode};
use ringback_ledger::{Clock, Entropy, Store};
use serde_json::{Value, json};

/// A silence as its page shows it.
struct Quiet {
    id: String,
    what: String,
    reason: String,
    incident: String,
    author: String,
    until: When,
}

#[derive(Template)]
#[template(path = "desk/silences.html")]
struct SilencesPage {
    f: Frame,
    notice: Option<Notice>,
    quiet: Vec<Quiet>,
    labels: [&'static str; 9],
    hours: Vec<(String, String)>,
    typed: Vec<(String, String)>,
}

impl SilencesPage {
    fn typed(&self, name: &str) -> &str {
        self.typed.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/silences`
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_desk_silences(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        match self.door(request, Place::Silences).await? {
            Door::In(guest) => self.silences_page(*guest, StatusCode::OK, None, Vec::new()).await,
            Door::Out(reply) => Ok(reply),
        }
    }

    /// `POST /desk/silences`: begins one, or ends the one that `end` names.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_desk_silence(&self, request: &Request<Vec<u8>>) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Silences).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let form = request.body();
        let typed: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().take(20).collect();
        if !guest.sent(form) || field(form, "resume").is_some() {
            return self.silences_page(guest, StatusCode::OK, None, typed).await;
        }
        let done = match field(form, "end") {
            Some(id) => self.end_silence(&id, &guest.caller).await,
            None => self.silence(&order(form, self.clock.now()), &guest.caller).await.map(drop),
        };
        match done {
            Ok(()) => Ok(see_other("/desk/silences")),
            Err(problem) => {
                let (status, notice) = (problem.status, said(guest.frame.l, problem));
                self.silences_page(guest, status, Some(notice), typed).await
            }
        }
    }

    async fn silences_page(
        &self,
        guest: Guest,
        status: StatusCode,
        notice: Option<Notice>,
        typed: Vec<(String, String)>,
    ) -> Result<Reply, Problem> {
        let l = guest.frame.l;
        let silences = self.silences().await.map_err(|error| self.store_failed(&error))?;
        let quiet = silences.iter().map(|silence| Quiet {
            id: silence.id.clone(),
            what: silence
                .matches
                .iter()
                .map(|(name, values)| format!("{name}: {}", one_line(&values.join(", "))))
                .collect::<Vec<_>>()
                .join("; "),
            reason: one_line(&silence.reason),
            incident: silence.incident.clone().unwrap_or_default(),
            author: silence.author.clone(),
            until: When::new(l, silence.ends_at),
        });
        let hours = [1, 4, 12, 24, 72, 168, 672].map(|h| (h.to_string(), l.duration(TimeDelta::hours(h)))).into();
        let page = SilencesPage { quiet: quiet.collect(), notice, labels: LABELS, hours, typed, f: guest.frame };
        desk_page(status, &page)
    }
}

/// The order that the form gives, as the API would get it.
fn order(form: &[u8], now: u64) -> Value {
    let text = |name: &str| field(form, name).unwrap_or_default().trim().to_owned();
    let values: Vec<String> =
        text("values").split(',').map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect();
    let hours = text("hours").parse::<u16>().unwrap_or(0);
    let until = from_unix(now) + TimeDelta::hours(i64::from(hours));
    let mut order = json!({
        "match": { text("label"): values },
        "ends_at": until.to_rfc3339_opts(SecondsFormat::Secs, true),
    });
    for name in ["reason", "incident"] {
        if !text(name).is_empty() {
            order[name] = text(name).into();
        }
    }
    order
}
