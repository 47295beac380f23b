//! A survey on a page of its own, `/s/{survey}`: for links in mails, QR codes, and browsers without scripts.
//!
//! A GET stores nothing, whatever stands in the link: machines open links, too. It shows the score that the link carries,
//! and one press confirms it; the comment comes after, as an update of the same response. Every step is a page of the
//! server's, so that it works without JavaScript.

use super::answer::{Consent, Given, IDENTITY_REFUSED};
use super::{Contact, Front, Site, client, direction, language, parameter};
use crate::App;
use crate::config::Ask;
use crate::digest::equal;
use crate::intake::{self, Taken};
use crate::problem::{Problem, Reply};
use crate::web::{self, Referrer};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use ringback_core::consent::ContactChannel;
use ringback_core::id::TouchpointId;
use ringback_core::survey::{Metric, Score, Survey};
use ringback_ledger::{Clock, Entropy, Store};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("../../templates/widget/page.css");
/// The page brings its style along, known by its hash.
static CSP: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});
/// How long a page may stay open, in seconds, with the identity that held when it was made: a day.
const OPEN_S: u64 = 86_400;
/// Longest signed identity in a link, in characters.
const LONGEST_TOKEN: usize = 2_048;
/// Longest invitation, in characters.
const LONGEST_INVITATION: usize = 256;

/// Where the visitor stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The score is asked for, or shown to be confirmed.
    Score,
    /// It is taken; the comment is asked for.
    Comment,
    /// All is taken.
    Done,
}

/// What a link or a form carries.
struct Carried {
    language: &'static str,
    token: Option<String>,
    /// An invitation of ours.
    invitation: Option<String>,
    touchpoint: Option<String>,
    channel: String,
    score: Option<u8>,
    comment: Option<String>,
    granted: Option<bool>,
    email: Option<String>,
    phone: Option<String>,
    /// The address as it was typed.
    typed: String,
    /// The response this page began, when, and the proof of that.
    response: String,
    at: u64,
    proof: String,
    /// The page that was sent.
    sent: Step,
    hidden: bool,
    /// The token of the link to this answer alone.
    own: Option<String>,
}

/// One button of the scale.
struct Choice {
    score: u8,
    label: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "widget/page.html")]
struct SurveyPage<'a> {
    style: &'static str,
    action: String,
    company: &'a str,
    language: &'static str,
    direction: &'static str,
    metric: &'static str,
    texts: &'a dyn Fn(&str) -> String,
    notice: Option<(&'static str, String)>,
    step: u8,
    choices: Vec<Choice>,
    follow: String,
    thanks: String,
    next: Option<(String, String)>,
    contact: Option<(&'static str, &'a Contact)>,
    privacy: Option<&'a str>,
    carried: &'a Carried,
}

/// What is wrong with a yes of somebody who is not known otherwise, and cannot be reached by what they typed.
fn unreachable(ask: &Ask, carried: &Carried) -> Option<&'static str> {
    let known = carried.token.is_some() || carried.invitation.is_some();
    if carried.sent != Step::Comment || carried.granted != Some(true) || known {
        return None;
    }
    match ask.contact.as_ref()?.channel {
        ContactChannel::Phone => carried.phone.is_none().then_some("phone_wrong"),
        _ => carried.email.is_none().then_some("email_wrong"),
    }
}

/// Whether sending once more may help: when the server was busy, or a person was too quick for one.
fn said_of(problem: &Problem, carried: &Carried) -> &'static str {
    let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&problem.status);
    let hasty = problem.kind == super::answer::LOOKS_AUTOMATED && !carried.hidden;
    if passes || hasty || problem.status.is_server_error() { "again" } else { "refused" }
}

impl SurveyPage<'_> {
    fn t(&self, name: &str) -> String {
        (self.texts)(name)
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /s/{survey}?score=…&t=…&lang=…&touchpoint=…&channel=…`: stores nothing.
    ///
    /// # Errors
    /// 404 when the survey has no page, 422 when the link's identity carries what no address may carry.
    pub fn get_survey_page(&self, front: &Front, id: &str, query: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let (site, survey, ask) = self.paged(front, id)?;
        let mut carried = self.carried(survey, query.as_bytes(), headers);
        carried.response = self.unique();
        carried.at = self.clock.now();
        carried.proof = self.namer.begun(survey.id.as_str(), &carried.response, carried.at);
        // An invitation that has expired, or was made up, is still a question: the answer is nobody's.
        carried.invitation = carried.invitation.filter(|token| self.invited(&survey.id, token).is_some());
        let invited = carried.invitation.is_some();
        let shown = match self.identity(front, site, survey, carried.token.as_deref(), self.clock.now(), 0) {
            Err(_) if invited => None,
            Ok(who) if who.customer.email.is_some() || who.customer.phone.is_some() || who.customer.name.is_some() => {
                let detail = "an identity in a link may carry `sub`, `jti`, `tier` and `segment`: links are logged and forwarded, so names and addresses have no place in them";
                return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "personal-data-in-link", detail));
            }
            Ok(_) => None,
            // An old link is still an answer, only nobody's.
            Err(_) if !site.identity_required => {
                carried.token = None;
                None
            }
            Err(refused) => return Err(refused),
        };
        let notice = shown.or_else(|| carried.score.map(|_| "confirm"));
        self.survey_page(front, survey, ask, &carried, Step::Score, notice, StatusCode::OK)
    }

    /// `POST /s/{survey}`: takes what the page's form carries and shows the next step.
    ///
    /// # Errors
    /// 404 when the survey has no page, 503 when the page cannot be made.
    pub async fn post_survey_page(&self, front: &Front, id: &str, request: Request<Vec<u8>>) -> Result<Taken, Problem> {
        let (site, survey, ask) = self.paged(front, id)?;
        let mut carried = self.carried(survey, request.body(), request.headers());
        if let Some(notice) = unreachable(ask, &carried) {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let reply = self.survey_page(front, survey, ask, &carried, carried.sent, Some(notice), status)?;
            return Ok(Taken { reply, wake: false, own: None });
        }
        let taken = self.take_form(front, (site, survey, ask), &carried, request.headers()).await;
        if let Ok(Taken { own: Some(own), .. }) = &taken {
            carried.own = Some(own.clone());
        }
        let retry_after = taken.as_ref().err().and_then(|problem| problem.retry_after);
        let (step, notice, status, wake) = match taken {
            Ok(taken) if carried.sent == Step::Score => (Step::Comment, None, StatusCode::OK, taken.wake),
            Ok(taken) => (Step::Done, None, StatusCode::OK, taken.wake),
            // What was chosen and written stays in the form.
            Err(ref problem) => (carried.sent, Some(said_of(problem, &carried)), problem.status, false),
        };
        let mut reply = self.survey_page(front, survey, ask, &carried, step, notice, status)?;
        if let Some(seconds) = retry_after {
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        Ok(Taken { reply, wake, own: None })
    }

    /// A survey that has a page, and the site it belongs to.
    fn paged<'a>(&'a self, front: &'a Front, id: &str) -> Result<(&'a Site, &'a Survey, &'a Ask), Problem> {
        let mut sites = front.sites.sites.iter().filter(|site| site.pages);
        let site = sites.find(|site| site.surveys.iter().any(|survey| survey.as_str() == id));
        let site = site.ok_or_else(|| Problem::not_found("survey page"))?;
        let (survey, ask) = front.survey(&self.config, site, id)?;
        Ok((site, survey, ask))
    }

    async fn take_form(
        &self,
        front: &Front,
        (site, survey, ask): (&Site, &Survey, &Ask),
        carried: &Carried,
        headers: &HeaderMap,
    ) -> Result<Taken, Problem> {
        let genuine = self.namer.begun(survey.id.as_str(), &carried.response, carried.at);
        // Only a page of ours can have sent it, and not in the second in which it was made.
        if !equal(genuine.as_bytes(), carried.proof.as_bytes()) || carried.hidden || self.clock.now() <= carried.at {
            return Err(super::answer::looks_automated());
        }
        let score = carried.score.ok_or_else(|| Problem::field("/score", "is required"))?;
        let address = client::address(headers, self.config.proxy.as_ref());
        self.count(site, &address).await?;
        let given = |identity, invited| Given {
            response: carried.response.clone(),
            // Whoever goes back and chooses again means it; a form that is sent twice changes nothing.
            turn: Some(self.unique()),
            score: f64::from(score),
            comment: carried.comment.clone(),
            locale: Some(carried.language.to_owned()),
            channel: Some(carried.channel.clone()),
            touchpoint: carried.touchpoint.as_deref().and_then(|t| TouchpointId::new(t).ok()),
            consent: carried.granted.map(|granted| Consent {
                granted,
                wording: None,
                email: carried.email.clone(),
                phone: carried.phone.clone(),
            }),
            asked_at: Some(carried.at.max(self.clock.now().saturating_sub(OPEN_S))),
            identity,
            invited,
            ..Given::default()
        };
        let invited = match &carried.invitation {
            Some(token) => self.invited_person(&survey.id, token).await?,
            None => None,
        };
        match self.take(front, site, survey, ask, given(carried.token.clone(), invited)).await {
            // An old link is still an answer, only nobody's.
            Err(problem) if problem.kind == IDENTITY_REFUSED && !site.identity_required => {
                self.take(front, site, survey, ask, given(None, None)).await
            }
            taken => taken,
        }
    }

    fn carried(&self, survey: &Survey, form: &[u8], headers: &HeaderMap) -> Carried {
        let short = |name, max| parameter(form, name).filter(|value| value.chars().count() <= max);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let score = short("score", 3).and_then(|text| Score::new(text.parse().ok()?, survey.metric).ok());
        let comment = parameter(form, "comment").map(|text| text.chars().take(intake::MAX_COMMENT).collect::<String>());
        Carried {
            language: language(&short("lang", 35).unwrap_or_else(|| accepted.to_owned()), &self.config),
            token: short("t", LONGEST_TOKEN),
            invitation: short("i", LONGEST_INVITATION),
            touchpoint: short("touchpoint", 64).filter(|text| TouchpointId::new(text.as_str()).is_ok()),
            channel: short("channel", 32)
                .filter(|text| ringback_ledger::is_name(text))
                .unwrap_or_else(|| "link".to_owned()),
            score: score.map(Score::get),
            comment: comment.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
            granted: short("contact", 3).and_then(|text| match text.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            }),
            email: short("email", intake::MAX_EMAIL).and_then(|text| intake::email(text.trim()).ok()),
            phone: short("phone", intake::MAX_PHONE).and_then(|text| intake::phone(text.trim()).ok()),
            typed: short("email", intake::MAX_EMAIL).or_else(|| short("phone", intake::MAX_EMAIL)).unwrap_or_default(),
            response: short("r", 64).filter(|text| ringback_ledger::is_name(text)).unwrap_or_default(),
            at: short("at", 20).and_then(|text| text.parse().ok()).unwrap_or(u64::MAX),
            proof: short("proof", 64).unwrap_or_default(),
            sent: if short("step", 1).as_deref() == Some("2") { Step::Comment } else { Step::Score },
            hidden: parameter(form, "website").is_some(),
            // Only a link of ours is shown, whatever the form says.
            own: short("own", LONGEST_INVITATION).filter(|token| self.is_own_token(token)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a page shows comes from as many places")]
    fn survey_page(
        &self,
        front: &Front,
        survey: &Survey,
        ask: &Ask,
        carried: &Carried,
        step: Step,
        notice: Option<&'static str>,
        status: StatusCode,
    ) -> Result<Reply, Problem> {
        let text = |name: &str| front.text(&self.config, survey, ask, name, carried.language);
        let cut = survey.cut(self.config.default_country.as_deref());
        let band = match carried.score {
            Some(score) if score <= cut.low => 0_u8,
            Some(score) if score >= cut.high => 2,
            _ => 1,
        };
        let named = ["low", "middle", "high"][usize::from(band)];
        let contact = ask.contact.as_ref().filter(|c| c.bands.contains(&band)).map(|contact| match contact.channel {
            ContactChannel::Phone => ("phone", contact),
            _ => ("email", contact),
        });
        let kind = |name| if name == "confirm" { "quiet" } else { "bad" };
        let page = SurveyPage {
            style: STYLE,
            action: format!("/s/{}", survey.id),
            company: &self.config.name,
            language: carried.language,
            direction: direction(carried.language),
            metric: survey.metric.as_str(),
            texts: &text,
            notice: notice.map(|name| (kind(name), text(name))),
            step: step as u8,
            choices: choices(survey.metric, carried.score, &text),
            follow: text(&format!("follow_{named}")),
            thanks: text(&format!("thanks_{named}")),
            next: ask.next_url.clone().filter(|_| band == 2).map(|url| (url, text("next"))),
            contact,
            privacy: front.sites.privacy_url.as_deref(),
            carried,
        };
        let mut reply = web::page(status, &page, Referrer::Nobody)?;
        let headers = reply.headers_mut();
        if let Ok(csp) = HeaderValue::from_str(&CSP) {
            headers.insert(header::CONTENT_SECURITY_POLICY, csp);
        }
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
        Ok(reply)
    }
}

fn choices(metric: Metric, chosen: Option<u8>, text: &dyn Fn(&str) -> String) -> Vec<Choice> {
    let (min, max) = metric.scale();
    let choice = |score: u8| {
        let of = text("of").replace("{n}", &score.to_string()).replace("{max}", &max.to_string());
        let end = match score {
            s if s == min => Some(text("low")),
            s if s == max => Some(text("high")),
            _ => None,
        };
        let (label, name) = match (metric, end) {
            (Metric::Thumbs, end) => (if score == min { "👎" } else { "👍" }.to_owned(), end.unwrap_or_default()),
            (Metric::Stars, end) => ("★".to_owned(), end.map_or(of.clone(), |end| format!("{of}, {end}"))),
            (_, end) => (score.to_string(), end.map_or(of.clone(), |end| format!("{of}, {end}"))),
        };
        Choice { score, label, name, chosen: chosen == Some(score) }
    };
    (min..=max).map(choice).collect()
}
