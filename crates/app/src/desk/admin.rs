//! How the application is set up and how it does: the programme as it was loaded, what it warns of, channels, sources,
//! tokens, health. Shows names of variables, never what they hold.

use super::case::Notice;
use super::frame::{Door, Frame, Guest, Place};
use super::lang::{Lang, When};
use crate::App;
use crate::config::{Channel, Config, KINDS, Kind, SourceKind};
use crate::deliver::Off;
use crate::dossier::Dossier;
use crate::erasure::Asked;
use crate::intake::Refusal;
use crate::ports::ChannelTrials;
use crate::problem::{Problem, Reply};
use crate::secrets::Secrets;
use crate::time::from_unix;
use crate::web::{desk_page, field};
use askama::Template;
use http::{Request, StatusCode};
use ringback_core::id::ChannelId;
use ringback_ledger::{Clock, Entropy, Record, Store};
use serde_json::Value;
use std::collections::BTreeMap;

/// Answers among which a source's last one is looked for.
const LATEST: usize = 50;

struct ChannelView {
    id: String,
    kind: String,
    /// `good`, `warn` or `bad`.
    mark: &'static str,
    state: String,
}

struct SourceView {
    id: String,
    kind: &'static str,
    last: Option<When>,
    /// The last event that was refused: when, and why.
    refused: Option<(When, String)>,
}

struct TokenView {
    id: String,
    role: &'static str,
    on: bool,
    own: bool,
}

#[derive(Template)]
#[template(path = "desk/admin.html")]
struct AdminPage {
    f: Frame,
    notice: Option<Notice>,
    name: String,
    hash: String,
    counts: Vec<(&'static str, usize)>,
    warnings: Vec<String>,
    health: Vec<(&'static str, String, &'static str)>,
    channels: Vec<ChannelView>,
    sources: Vec<SourceView>,
    tokens: Vec<TokenView>,
    /// The last erasures: when, by whom, how far, and their names.
    erasures: Vec<(When, Asked)>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /desk/admin`
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_admin(&self, request: &Request<Vec<u8>>, trials: &impl ChannelTrials) -> Result<Reply, Problem> {
        match self.door(request, Place::Admin).await? {
            Door::In(guest) => self.admin_page(*guest, None, trials).await,
            Door::Out(reply) => Ok(reply),
        }
    }

    /// `POST /desk/admin`: sends a sample to the channel that `try` names, or ends every session of the token that `end`
    /// names.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn post_admin(&self, request: &Request<Vec<u8>>, trials: &impl ChannelTrials) -> Result<Reply, Problem> {
        let guest = match self.door(request, Place::Admin).await? {
            Door::In(guest) => *guest,
            Door::Out(reply) => return Ok(reply),
        };
        let form = request.body();
        if !guest.sent(form) || field(form, "resume").is_some() {
            return self.admin_page(guest, None, trials).await;
        }
        let l = guest.frame.l;
        let notice = match (field(form, "try"), field(form, "end")) {
            (Some(id), _) => {
                let done = match ChannelId::new(&id) {
                    Ok(channel) => trials.try_channel(&channel, &guest.caller.id).await,
                    Err(_) => Err("no such channel".to_owned()),
                };
                match done {
                    Ok(()) => {
                        said("good", format!("{id}: {}", l.say("the sample was taken", "die Probe wurde angenommen")))
                    }
                    Err(why) => said("bad", format!("{id}: {why}")),
                }
            }
            (None, Some(id)) if self.config.access.iter().any(|token| token.id == id) => {
                self.end_sessions_of(&id).await?;
                let by = self.known_as(&guest.caller.id);
                self.log(&format!("all desk sessions of {id} were ended by {by}"));
                let text = l.say("every session has ended", "alle Sitzungen sind beendet");
                said("good", format!("{id}: {text}"))
            }
            _ => return self.admin_page(guest, None, trials).await,
        };
        self.admin_page(guest, Some(notice), trials).await
    }

    async fn admin_page(
        &self,
        guest: Guest,
        notice: Option<Notice>,
        trials: &impl ChannelTrials,
    ) -> Result<Reply, Problem> {
        let l = guest.frame.l;
        let ready = self.readiness(true).await?;
        let latest = self.ledger.newest(LATEST).await.map_err(|error| self.store_failed(&error))?;
        let house = self.housekeeping().await;
        let house = house.and_then(|house| Ok((house.erasures()?, house.refusals()?)));
        let (erasures, refusals) = house.map_err(|error| self.store_failed(&error))?;
        let config = &self.config;
        let tokens = config.access.iter().map(|token| TokenView {
            id: token.id.clone(),
            role: token.role.name(),
            on: !self.secrets.get(&token.token_sha256_variable).is_empty(),
            own: token.id == guest.caller.id,
        });
        let mut health = health(l, &ready);
        if let Some(provider) = &config.provider {
            let at = self.provider_keys_at(provider).await.map_err(|error| self.store_failed(&error))?;
            let label = l.say("Identity provider's keys", "Schlüssel des Identitätsanbieters");
            let fetched = at.map(|at| format!("{} {}", l.say("fetched", "abgerufen"), l.instant(from_unix(at))));
            let never = || l.say("not fetched yet", "noch nicht abgerufen").to_owned();
            health.push((label, fetched.unwrap_or_else(never), ""));
        }
        let page = AdminPage {
            name: config.name.clone(),
            hash: config.hash.clone(),
            counts: counts(l, config),
            warnings: warnings(l, config, &self.secrets),
            health,
            channels: self.channels(l, trials).await?,
            sources: sources(l, config, &latest, &refusals),
            tokens: tokens.collect(),
            erasures: erasures.into_iter().map(|asked| (When::new(l, asked.at), asked)).collect(),
            notice,
            f: guest.frame,
        };
        desk_page(StatusCode::OK, &page)
    }

    /// What is known of each channel. Where it leads is in variables that only alert-trigger is given, so that is asked.
    async fn channels(&self, l: Lang, trials: &impl ChannelTrials) -> Result<Vec<ChannelView>, Problem> {
        let ids: Vec<&ChannelId> = self.config.channels.keys().collect();
        let off = self.all_switched_off(&ids).await.map_err(|error| self.store_failed(&error))?;
        let nowhere = trials.leading_nowhere().await;
        let view = |(channel, off): (&Channel, Option<Off>)| {
            let (mark, state) = channel_state(l, off, &nowhere, &channel.id);
            ChannelView { id: channel.id.to_string(), kind: kind(channel.kind).to_owned(), mark, state }
        };
        Ok(self.config.channels.values().zip(off).map(view).collect())
    }
}

/// Whether what is sent to a channel leaves, as mark and words.
fn channel_state(
    l: Lang,
    off: Option<Off>,
    nowhere: &Result<BTreeMap<String, String>, String>,
    id: &ChannelId,
) -> (&'static str, String) {
    if let Some(Off { why, since, .. }) = off {
        return ("bad", format!("{} {}: {why}", l.say("switched off since", "abgeschaltet seit"), l.instant(since)));
    }
    match nowhere {
        Err(why) => ("warn", format!("{}: {why}", l.say("not known", "nicht bekannt"))),
        Ok(nowhere) => match nowhere.get(id.as_str()) {
            Some(why) => ("warn", format!("{}: {why}", l.say("leads nowhere", "führt nirgendwohin"))),
            None => ("good", l.say("on", "an").to_owned()),
        },
    }
}

fn kind(kind: Kind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map(|(name, _)| *name).unwrap_or_default()
}

fn said(mark: &'static str, text: String) -> Notice {
    Notice { mark, text, ..Notice::default() }
}

fn counts(l: Lang, config: &Config) -> Vec<(&'static str, usize)> {
    vec![
        (l.say("Surveys", "Umfragen"), config.surveys.len()),
        (l.say("Rules", "Regeln"), config.rules.len()),
        (l.say("Deadline policies", "Fristen"), config.policies.len()),
        (l.say("Calendars", "Kalender"), config.calendars.len()),
        (l.say("Queues that give cases away", "Verteilende Warteschlangen"), config.queues.len()),
        (l.say("Routes", "Wege"), config.routes.len()),
    ]
}

/// What is not wrong, and all the same may not be meant.
fn warnings(l: Lang, config: &Config, secrets: &Secrets) -> Vec<String> {
    let mut warnings = Vec::new();
    if !config.public_url.starts_with("https") {
        warnings.push(format!(
            "public_url {}: {}",
            config.public_url,
            l.say("is not encrypted; cookies travel openly", "ist nicht verschlüsselt; Cookies reisen offen")
        ));
    }
    if config.messages.channel.is_none() {
        warnings.push(
            l.say(
                "[messages] names no channel: Ringback writes to no customer",
                "[messages] nennt keinen Kanal: Ringback schreibt keinem Kunden",
            )
            .to_owned(),
        );
    }
    if config.trouble.is_none() {
        warnings
            .push(l.say("[alerts] names no route for trouble", "[alerts] nennt keinen Weg für Störungen").to_owned());
    }
    for wrong in &config.token_faults {
        warnings.push(format!("{wrong} {}", l.say("(passed over)", "(übergangen)")));
    }
    for survey in config.kept_of_no_survey() {
        let gone = l.say("names a survey that is not asked", "nennt eine Umfrage, die es nicht gibt");
        warnings.push(format!("[retention] {gone}: {survey}"));
    }
    for (from, ask) in config.asked_too_late() {
        let gone = l.say(
            "is never asked: the answers it follows are gone by then",
            "wird nie gefragt: die Antworten davor sind bis dahin gelöscht",
        );
        warnings.push(format!("[[sequences]] {from} → {ask} {gone}"));
    }
    for token in config.access.iter().filter(|token| secrets.get(&token.token_sha256_variable).is_empty()) {
        let off = l.say("is switched off: its variable is empty", "ist abgeschaltet: seine Variable ist leer");
        warnings.push(format!("{} {} {off} ({})", l.say("Token", "Zugang"), token.id, token.token_sha256_variable));
    }
    for (queue, member) in config.strangers() {
        let shut =
            l.say("gets cases and cannot sign in: no token", "bekommt Fälle und kann sich nicht anmelden: kein Zugang");
        warnings.push(format!("{} {queue}: {member} {shut}", l.say("Queue", "Warteschlange")));
    }
    warnings
}

fn health(l: Lang, ready: &Value) -> Vec<(&'static str, String, &'static str)> {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let more = |part: &Value| if part["more"] == true { "+" } else { "" };
    let mark = |bad: bool| if bad { "bad" } else { "good" };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let shards = ready["shards"].as_array().map(Vec::as_slice).unwrap_or_default();
    let total = |name: &str| shards.iter().map(|shard| number(&shard[name])).sum::<u64>();
    let (lag, behind) = (number(&ready["lag"]), number(&ready["lag_seconds"]));
    let (dead, unsent) = (&ready["dead_letters"], &ready["unsent_alerts"]);
    vec![
        (l.say("Store", "Speicher"), text(&ready["store"]), ""),
        encryption_health(l, ready),
        (l.say("Answers taken", "Angenommene Antworten"), total("head").to_string(), ""),
        (l.say("Waiting to be sealed", "Noch nicht verarbeitet"), format!("{lag} ({behind} s)"), mark(behind > 60)),
        timers_health(l, number(&ready["timers_late_seconds"]), mark),
        (l.say("Not understood", "Unverständlich"), total("quarantined").to_string(), mark(total("quarantined") > 0)),
        (l.say("Tried again", "Wird erneut versucht"), format!("{}{}", number(&unsent["count"]), more(unsent)), ""),
        (
            l.say("Given up", "Aufgegeben"),
            format!("{}{}", number(&dead["count"]), more(dead)),
            mark(number(&dead["count"]) > 0),
        ),
    ]
}

/// Whether somebody ticks: without, no deadline warns.
fn timers_health(l: Lang, late: u64, mark: impl Fn(bool) -> &'static str) -> (&'static str, String, &'static str) {
    let text = match late {
        0 => l.say("in time", "pünktlich").to_owned(),
        late => format!(
            "{} {} s: POST /v1/tick?",
            l.say("nobody has looked at them for", "niemand sieht nach ihnen seit"),
            late
        ),
    };
    (l.say("Timers", "Wecker"), text, mark(late > 0))
}

/// Whether what is stored is encrypted, and under which key.
fn encryption_health(l: Lang, ready: &Value) -> (&'static str, String, &'static str) {
    let text = match (ready["encrypted"] == true, ready["storage_key"].as_str()) {
        (true, Some(key)) => format!("{} {key}", l.say("under key", "mit Schlüssel")),
        (true, None) => l.say("yes", "ja").to_owned(),
        (false, _) => l.say("no", "nein").to_owned(),
    };
    (l.say("Encrypted", "Verschlüsselt"), text, "")
}

fn sources(
    l: Lang,
    config: &Config,
    latest: &[Record<Dossier>],
    refusals: &BTreeMap<String, Refusal>,
) -> Vec<SourceView> {
    let refused = |refusal: &Refusal| {
        let field = refusal.field.as_ref().map(|field| format!(" {field}")).unwrap_or_default();
        (When::new(l, from_unix(refusal.at)), format!("{}{field}", refusal.kind))
    };
    let view = |source: &crate::config::Source| SourceView {
        id: source.id.to_string(),
        kind: match source.kind {
            SourceKind::Formbricks => "formbricks",
            SourceKind::Signed => "signed",
        },
        last: latest
            .iter()
            .find(|record| record.body.feedback.source == source.id)
            .map(|record| When::new(l, record.body.feedback.received_at)),
        refused: refusals.get(source.id.as_str()).map(refused),
    };
    config.sources.values().map(view).collect()
}
