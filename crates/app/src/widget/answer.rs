//! Answers of browsers: from the site's origins, within its limits, about its surveys, and in nobody else's name.

use super::identity::{self, Identity, NotTaken};
use super::{Contact, Front, Site, client, origin, parameter};
use crate::App;
use crate::config::Ask;
use crate::fields::{Fields, Mistakes};
use crate::intake::{self, Taken};
use crate::problem::{Problem, Reply};
use crate::time::from_unix;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Request, StatusCode, header};
use ringback_core::consent::{ContactChannel, Statement, Vouched};
use ringback_core::feedback::{Customer, Feedback};
use ringback_core::id::TouchpointId;
use ringback_core::survey::{Score, Survey};
use ringback_ledger::{Clock, Entropy, OnDifferent, Store};
use serde_json::Value;

/// How old an answer may be that a browser has kept, in seconds: a week, and a day for clocks that are wrong.
const OLDEST_S: i64 = 8 * 86_400;

/// The kind of problem of an identity that is not taken.
pub(super) const IDENTITY_REFUSED: &str = "identity-refused";

/// An answer as a browser or a page gives it.
#[derive(Default)]
pub(super) struct Given {
    /// What the browser calls the response.
    pub response: String,
    /// What the browser calls this very post of it.
    pub turn: Option<String>,
    pub score: f64,
    pub comment: Option<String>,
    pub locale: Option<String>,
    pub country: Option<String>,
    pub channel: Option<String>,
    pub touchpoint: Option<TouchpointId>,
    pub segment: Option<String>,
    pub consent: Option<Consent>,
    pub answers: std::collections::BTreeMap<String, ringback_core::feedback::Answer>,
    /// A signed identity.
    pub identity: Option<String>,
    /// Who gives it, where a page has found that out; instead of an identity.
    pub who: Option<Identity>,
    /// Seconds since it was given.
    pub age_s: i64,
}

/// What was said about being contacted.
pub(super) struct Consent {
    pub granted: bool,
    /// The version of the wording that was shown.
    pub wording: Option<String>,
    /// An e-mail address that was typed.
    pub email: Option<String>,
    /// A phone number that was typed.
    pub phone: Option<String>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `OPTIONS /v1/surveys/{id}/answers?key=…` and of the survey itself.
    #[must_use]
    pub fn preflight(&self, front: &Front, query: &str, headers: &HeaderMap) -> Reply {
        let site = front.site(parameter(query.as_bytes(), "key").as_deref());
        let admitted = site.and_then(|site| origin::admit(site, &self.config, headers, true));
        let from = admitted.as_ref().ok().copied().flatten();
        origin::readable(admitted.as_ref().map(|_| origin::preflight()).map_err(Clone::clone), from)
    }

    /// `POST /v1/surveys/{id}/answers?key=…`: 202 without a body, the answer is durable.
    pub async fn post_answer(&self, front: &Front, id: &str, request: Request<Vec<u8>>) -> Taken {
        let from = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned);
        let taken = self.take_answer(front, id, &request).await;
        let wake = taken.as_ref().is_ok_and(|taken| taken.wake);
        let own = taken.as_ref().ok().and_then(|taken| taken.own.clone());
        Taken { reply: origin::readable(taken.map(|taken| taken.reply), from.as_deref()), wake, own }
    }

    async fn take_answer(&self, front: &Front, id: &str, request: &Request<Vec<u8>>) -> Result<Taken, Problem> {
        let site = front.site(parameter(request.uri().query().unwrap_or_default().as_bytes(), "key").as_deref())?;
        origin::admit(site, &self.config, request.headers(), true)?;
        let (survey, ask) = front.survey(&self.config, site, id)?;
        let address = client::address(request.headers(), self.config.proxy.as_ref());
        let told = self.count(site, &address).await?;
        let given = read(&intake::any_json(request)?, ask)?;
        let mut taken = self.take(front, site, survey, ask, given).await?;
        told.tell(&mut taken.reply);
        Ok(taken)
    }

    /// Stores an answer of a site.
    pub(super) async fn take(
        &self,
        front: &Front,
        site: &Site,
        survey: &Survey,
        ask: &Ask,
        mut given: Given,
    ) -> Result<Taken, Problem> {
        let identity = match given.who.take() {
            Some(who) => who,
            None => {
                let token = given.identity.as_deref();
                self.who(front, site, survey, &given.response, token, self.clock.now()).await?
            }
        };
        let score = Score::new(given.score, survey.metric).map_err(|e| Problem::field("/score", e.to_string()))?;
        let (response, turn) = (identity.response(&survey.id, &given.response), given.turn.take());
        // An invitation may have been forwarded, and a signed answer's name belongs to a person who is known.
        let private = identity.answer.is_none();
        let feedback = self.feedback(site, survey, ask, score, given, identity);
        // How long the browser has kept it is no part of what was answered.
        let content = intake::answered(&Feedback { occurred_at: None, ..feedback.clone() });
        let (source, on_different) = (site.id.clone(), OnDifferent::Update);
        let identity = intake::Identity { source, response, turn, on_different, private };
        self.store(identity, &content, feedback).await
    }

    /// Who gives an answer, as a token says that held at a moment (Unix seconds). A token that has expired since the response
    /// was begun with it still says whose it is: the answer is there, under a name that only the browser knows. One that is
    /// good for a single answer may have been forwarded.
    pub(super) async fn who(
        &self,
        front: &Front,
        site: &Site,
        survey: &Survey,
        response: &str,
        token: Option<&str>,
        at: u64,
    ) -> Result<Identity, Problem> {
        let who = self.identity(front, site, survey, token, at, OLDEST_S.unsigned_abs())?;
        if who.expired {
            let answer = self.namer.answer(&site.id, &who.response(&survey.id, response));
            if who.answer.is_some() || self.record_of(&answer).await?.is_none() {
                return Err(self.identity_refused(site, NotTaken::Expired));
            }
        }
        Ok(who)
    }

    /// Who a token says it is, or was less than `grace` seconds before a moment (Unix seconds); nobody without one.
    pub(super) fn identity(
        &self,
        front: &Front,
        site: &Site,
        survey: &Survey,
        token: Option<&str>,
        at: u64,
        grace: u64,
    ) -> Result<Identity, Problem> {
        let Some(token) = token else {
            return match site.identity_required {
                true => Err(refused("this site takes signed identities only")),
                false => Ok(Identity::default()),
            };
        };
        let secrets = site.identity_variable.as_deref().map(|name| front.secrets.get(name)).unwrap_or_default();
        identity::read(secrets, token, survey.id.as_str(), at, grace).map_err(|why| self.identity_refused(site, why))
    }

    fn identity_refused(&self, site: &Site, why: NotTaken) -> Problem {
        self.log(&format!("site {}: identity refused: {why}", site.id));
        refused(&why.to_string())
    }

    fn feedback(&self, site: &Site, survey: &Survey, ask: &Ask, score: Score, given: Given, who: Identity) -> Feedback {
        let now = from_unix(self.clock.now());
        let country = who.country.or(given.country);
        let assumed = intake::assumed(country.is_some(), given.locale.is_some(), given.touchpoint.is_some());
        let country = country.or_else(|| self.config.default_country.clone());
        let mut customer = who.customer;
        let mut said = ask.contact.as_ref().zip(given.consent);
        if let Some((_, said)) = said.as_mut().filter(|_| who.answer.is_some()) {
            // Whoever has the link may not be the one it was made for.
            (said.email, said.phone) = (None, None);
        }
        let occurred_at = (given.age_s > 0).then(|| now - TimeDelta::seconds(given.age_s.min(OLDEST_S)));
        let language = given.locale.clone();
        let consent =
            said.and_then(|(contact, said)| statement(contact, said, &mut customer, site, language, now, occurred_at));
        let confirm = self.config.messages.double_opt_in;
        let consent = consent.map(|s| match s.vouched {
            Vouched::Nobody if confirm && s.granted && s.channel == ContactChannel::Email => {
                Statement { vouched: Vouched::Unconfirmed, ..s }
            }
            _ => s,
        });
        Feedback {
            source: site.id.clone(),
            survey: survey.id.clone(),
            metric: survey.metric,
            score,
            band: survey.band(score, country.as_deref()),
            comment: given.comment,
            locale: given.locale.or_else(|| Some(self.config.default_locale.clone())),
            country,
            assumed,
            channel: given.channel.or_else(|| Some("web".to_owned())),
            touchpoint: given.touchpoint.unwrap_or_else(|| survey.touchpoint.clone()),
            segment: who.segment.or(given.segment),
            customer,
            account: who.account,
            consent: consent.into_iter().collect(),
            answers: given.answers,
            occurred_at,
            received_at: now,
            updated_at: None,
        }
    }
}

/// What was said, as a statement. An address that was typed is taken with a yes, where nobody is known: nothing proves that
/// it is the writer's own. So a no is never entered under it, and it never becomes one of somebody who is named: whoever has
/// a link that was forwarded would be sent what belongs to that person.
fn statement(
    contact: &Contact,
    said: Consent,
    customer: &mut Customer,
    site: &Site,
    language: Option<String>,
    now: DateTime<Utc>,
    occurred_at: Option<DateTime<Utc>>,
) -> Option<Statement> {
    let given_at = intake::said_at(said.granted, occurred_at, now);
    let nobody = customer.id.is_none() && customer.email.is_none() && customer.phone.is_none();
    let vouched = if nobody { Vouched::Nobody } else { Vouched::Company };
    if said.granted && nobody {
        let (typed, known) = match contact.channel {
            ContactChannel::Phone => (said.phone, &mut customer.phone),
            _ => (said.email, &mut customer.email),
        };
        if typed.is_some() {
            *known = typed;
        }
    }
    Some(Statement {
        channel: contact.channel,
        purpose: contact.purpose,
        granted: said.granted,
        wording: Some(said.wording.unwrap_or_else(|| contact.wording.clone())),
        language,
        source: site.id.as_str().to_owned(),
        at: given_at,
        expires_at: None,
        vouched,
    })
}

/// Reads what a browser sent; every wrong field is named.
fn read(value: &Value, ask: &Ask) -> Result<Given, Problem> {
    let mistakes = Mistakes::default();
    let given = Fields::of(value, "", &mistakes).and_then(|f| {
        let given = given(&f);
        // A person sees no such field, and nobody reads a question in no time.
        let hidden = f.text("website", 1_000).is_some();
        let elapsed = f.value("elapsed_ms").and_then(Value::as_u64).unwrap_or(u64::MAX);
        f.refuse_unknown();
        given.map(|given| (given, hidden || elapsed < ask.minimum_ms))
    });
    let (given, automated) = mistakes.or(given)?;
    match automated {
        false => Ok(given),
        true => Err(looks_automated()),
    }
}

/// The refusal of an identity.
fn refused(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, IDENTITY_REFUSED, detail)
}

/// The kind of problem of what no person sends.
pub(super) const LOOKS_AUTOMATED: &str = "looks-automated";

/// The refusal of what no person sends. It says so, because a person may have been taken for a machine.
pub(super) fn looks_automated() -> Problem {
    let detail = "the answer came faster than a person reads, or with a field filled in that a person does not see";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, LOOKS_AUTOMATED, detail)
}

fn given(f: &Fields<'_>) -> Option<Given> {
    let response = f.required_text("id", 64).filter(|id| {
        let fits = id.len() >= 8 && ringback_ledger::is_name(id);
        if !fits {
            f.wrong("id", "must be 8 to 64 of a–z, A–Z, 0–9, -, _ and .");
        }
        fits
    });
    let score = f.value("score").and_then(Value::as_f64);
    if score.is_none() {
        f.wrong("score", "is required, and a number");
    }
    let touchpoint = f.parsed("touchpoint", 64, |text| {
        TouchpointId::new(text).map_err(|_| "must be 1 to 64 of a–z, A–Z, 0–9, -, _ and .")
    });
    let consent = f.object("consent").and_then(|c| {
        let granted = c.bool("granted");
        if granted.is_none() {
            c.wrong("granted", "is required");
        }
        let email = c.parsed("email", intake::MAX_EMAIL, intake::email);
        let phone = c.parsed("phone", intake::MAX_PHONE, intake::phone);
        let wording = c.text("wording", intake::MAX_SHORT);
        c.refuse_unknown();
        Some(Consent { granted: granted?, wording, email, phone })
    });
    let age_s = f.value("age_s").map_or(Some(0), Value::as_i64);
    if age_s.is_none_or(|age| age < 0) {
        f.wrong("age_s", "must be a whole number of seconds");
    }
    Some(Given {
        turn: f.text("turn", 64),
        comment: f.text("comment", intake::MAX_COMMENT),
        locale: f.parsed("locale", 35, intake::locale),
        country: f.parsed("country", 8, intake::country),
        channel: f.text("channel", intake::MAX_SHORT),
        segment: f.text("segment", intake::MAX_SHORT),
        answers: intake::answers(f),
        identity: f.text("identity", 4_096),
        touchpoint,
        consent,
        who: None,
        age_s: age_s.unwrap_or(0),
        response: response?,
        score: score?,
    })
}
