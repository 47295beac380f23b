//! A survey on a page of its own, `/s/{survey}`: for links in mails, QR codes, and browsers without scripts.
//!
//! A GET stores nothing, whatever stands in the link: machines open links, too. It shows the score that the link carries,
//! and one press confirms it; the comment comes after, as an update of the same response. Every step is a page of the
//! server's, so that it works without JavaScript.

use super::answer::{Consent, Given, IDENTITY_REFUSED};
use super::carried::{Carried, Step};
use super::identity::Identity;
use super::limit::Told;
use super::{Contact, Front, Site, client, direction};
use crate::App;
use crate::config::Ask;
use crate::digest::equal;
use crate::intake::Taken;
use crate::problem::{Problem, Reply};
use crate::web::{self, Referrer};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use ringback_core::consent::ContactChannel;
use ringback_core::id::TouchpointId;
use ringback_core::survey::{Metric, Survey};
use ringback_ledger::{Clock, Entropy, Store};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// The style of the survey's pages.
pub(super) const STYLE: &str = include_str!("../../templates/widget/page.css");
/// The page brings its style along, known by its hash.
static CSP: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});
/// How long a page may stay open, in seconds, with the identity that held when it was made: a day.
const OPEN_S: u64 = 86_400;

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

/// Whether sending once more may help: when the server was busy, or a person was too quick for one; or after a while.
fn said_of(problem: &Problem, carried: &Carried) -> &'static str {
    let hasty = problem.kind == super::answer::LOOKS_AUTOMATED && !carried.hidden;
    match problem.status {
        StatusCode::TOO_MANY_REQUESTS => "busy",
        StatusCode::REQUEST_TIMEOUT => "again",
        status if hasty || status.is_server_error() => "again",
        _ => "refused",
    }
}

impl SurveyPage<'_> {
    fn t(&self, name: &str) -> String {
        (self.texts)(name)
    }
}

/// A page of a site's: the site, the survey, and how it is asked.
type Place<'a> = (&'a Site, &'a Survey, &'a Ask);

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /s/{survey}?score=…&t=…&lang=…&touchpoint=…&channel=…&country=…`: stores nothing. What the link does not open is
    /// said on a page, too: 404 where no survey has one, 401 and 422 where its identity is not taken.
    ///
    /// # Errors
    /// 503 when the page cannot be made.
    pub fn get_survey_page(&self, front: &Front, id: &str, query: &str, headers: &HeaderMap) -> Result<Reply, Problem> {
        let asked = self.asked_on_page(front, id, query.as_bytes(), headers);
        asked.or_else(|problem| self.no_survey_page(front, query.as_bytes(), headers, problem))
    }

    fn asked_on_page(&self, front: &Front, id: &str, query: &[u8], headers: &HeaderMap) -> Result<Reply, Problem> {
        let (site, survey, ask) = self.paged(front, id)?;
        let mut carried = self.carried(survey, query, headers);
        carried.response = self.unique();
        carried.at = self.clock.now();
        carried.proof = self.namer.begun(survey.id.as_str(), &carried.response, carried.at);
        // An invitation that has expired, or was made up, is still a question: the answer is nobody's.
        carried.invitation = carried.invitation.filter(|token| self.invited(&survey.id, token).is_some());
        self.look_at_identity(front, site, survey, &mut carried)?;
        let notice = carried.score.map(|_| "confirm");
        self.survey_page(front, survey, ask, &carried, Step::Score, notice, StatusCode::OK)
    }

    /// Looks at the identity in a link before anything is asked in its name.
    fn look_at_identity(
        &self,
        front: &Front,
        site: &Site,
        survey: &Survey,
        carried: &mut Carried,
    ) -> Result<(), Problem> {
        let who = self.identity(front, site, survey, carried.token.as_deref(), self.clock.now(), 0);
        match who.map(|who| who.customer) {
            Ok(customer) if customer.email.is_some() || customer.phone.is_some() || customer.name.is_some() => {
                let detail =
                    "an identity in a link may carry no `name`, `email` or `phone`: links are logged and forwarded";
                self.log(&format!("site {}: link refused: {detail}", site.id));
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "personal-data-in-link", detail))
            }
            Err(refused) if carried.invitation.is_none() && site.identity_required => Err(refused),
            // An old link is still an answer, only nobody's.
            Err(_) if carried.invitation.is_none() => {
                carried.token = None;
                Ok(())
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// `POST /s/{survey}`: takes what the page's form carries and shows the next step; 404, on a page, where no survey has
    /// one.
    ///
    /// # Errors
    /// 503 when the page cannot be made.
    pub async fn post_survey_page(&self, front: &Front, id: &str, request: Request<Vec<u8>>) -> Result<Taken, Problem> {
        match self.paged(front, id) {
            Ok(place) => self.next_page(front, place, &request).await,
            Err(problem) => {
                let reply = self.no_survey_page(front, request.body(), request.headers(), problem)?;
                Ok(Taken { reply, wake: false, own: None })
            }
        }
    }

    async fn next_page(&self, front: &Front, place: Place<'_>, request: &Request<Vec<u8>>) -> Result<Taken, Problem> {
        let (_, survey, ask) = place;
        let mut carried = self.carried(survey, request.body(), request.headers());
        if let Some(notice) = unreachable(ask, &carried) {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let reply = self.survey_page(front, survey, ask, &carried, carried.sent, Some(notice), status)?;
            return Ok(Taken { reply, wake: false, own: None });
        }
        match self.take_form(front, place, &mut carried, request.headers()).await {
            Ok((taken, told)) => {
                carried.own = taken.own.or(carried.own);
                let step = if carried.sent == Step::Score { Step::Comment } else { Step::Done };
                let mut reply = self.survey_page(front, survey, ask, &carried, step, None, StatusCode::OK)?;
                told.tell(&mut reply);
                Ok(Taken { reply, wake: taken.wake, own: None })
            }
            // What was chosen and written stays in the form.
            Err(problem) => {
                let said = Some(said_of(&problem, &carried));
                let mut reply = self.survey_page(front, survey, ask, &carried, carried.sent, said, problem.status)?;
                problem.tell(&mut reply);
                Ok(Taken { reply, wake: false, own: None })
            }
        }
    }

    /// A survey that has a page, and the site it belongs to.
    fn paged<'a>(&'a self, front: &'a Front, id: &str) -> Result<Place<'a>, Problem> {
        let mut sites = front.sites.sites.iter().filter(|site| site.pages);
        let site = sites.find(|site| site.surveys.iter().any(|survey| survey.as_str() == id));
        let site = site.ok_or_else(|| Problem::not_found("survey page"))?;
        let (survey, ask) = front.survey(&self.config, site, id)?;
        Ok((site, survey, ask))
    }

    async fn take_form(
        &self,
        front: &Front,
        (site, survey, ask): Place<'_>,
        carried: &mut Carried,
        headers: &HeaderMap,
    ) -> Result<(Taken, Told), Problem> {
        let genuine = self.namer.begun(survey.id.as_str(), &carried.response, carried.at);
        // Only a page of ours can have sent it, and not in the second in which it was made.
        if !equal(genuine.as_bytes(), carried.proof.as_bytes()) || carried.hidden || self.clock.now() <= carried.at {
            return Err(super::answer::looks_automated());
        }
        let score = carried.score.ok_or_else(|| Problem::field("/score", "is required"))?;
        let address = client::address(headers, self.config.proxy.as_ref());
        let told = self.count(site, &address).await?;
        let who = self.giver(front, site, survey, carried).await?;
        carried.known_country.clone_from(&who.country);
        let given = Given {
            response: carried.response.clone(),
            // Whoever goes back and chooses again means it; a form that is sent twice changes nothing.
            turn: Some(self.unique()),
            score: f64::from(score),
            comment: carried.comment.clone(),
            locale: Some(carried.language.to_owned()),
            country: carried.country.clone(),
            channel: Some(carried.channel.clone()),
            touchpoint: carried.touchpoint.as_deref().and_then(|t| TouchpointId::new(t).ok()),
            consent: carried.granted.map(|granted| Consent {
                granted,
                wording: None,
                email: carried.email.clone(),
                phone: carried.phone.clone(),
            }),
            who: Some(who),
            ..Given::default()
        };
        Ok((self.take(front, site, survey, ask, given).await?, told))
    }

    /// Who answers on a page: whoever was invited, or whom the link's identity named when the page was made; by an old link,
    /// nobody.
    async fn giver(&self, front: &Front, site: &Site, survey: &Survey, carried: &Carried) -> Result<Identity, Problem> {
        if let Some(invitation) = &carried.invitation
            && let Some(invited) = self.invited_person(&survey.id, invitation).await?
        {
            return Ok(invited);
        }
        let asked_at = carried.at.max(self.clock.now().saturating_sub(OPEN_S));
        match self.who(front, site, survey, &carried.response, carried.token.as_deref(), asked_at).await {
            Err(problem) if problem.kind == IDENTITY_REFUSED && !site.identity_required => Ok(Identity::default()),
            who => who,
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
        let country = carried.known_country.as_deref().or(carried.country.as_deref());
        let cut = survey.cut(country.or(self.config.default_country.as_deref()));
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
        guarded(status, &page)
    }
}

/// A page that brings its style along, and that no search engine keeps.
pub(super) fn guarded(status: StatusCode, page: &impl Template) -> Result<Reply, Problem> {
    let mut reply = web::page(status, page, Referrer::Nobody)?;
    let headers = reply.headers_mut();
    if let Ok(csp) = HeaderValue::from_str(&CSP) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    Ok(reply)
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
