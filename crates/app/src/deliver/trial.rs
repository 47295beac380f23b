//! Tests a channel: sends a marked sample, or shows the request that would carry it, with its secrets taken out. A test
//! that succeeds switches a channel on again that was switched off.

use super::notice::{Notice, Tone};
use super::outcome::of_answer;
use super::{WITHIN, text};
use crate::App;
use crate::access::Action;
use crate::config::Channel;
use crate::ports::Outbound;
use crate::problem::{Problem, Reply, json as reply};
use crate::time::from_unix;
use chrono::TimeDelta;
use http::{HeaderMap, Request, StatusCode};
use ringback_core::alert::{Occasion, Outcome};
use ringback_core::id::ChannelId;
use ringback_core::rule::Priority;
use ringback_ledger::{Clock, Entropy, Store};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What the desk asks alert-trigger: a sample to a channel, because somebody wants one.
#[must_use]
pub fn body(channel: &ChannelId, who: &str) -> Vec<u8> {
    json!({ "channel": channel.as_str(), "who": who }).to_string().into_bytes()
}

/// Why a sample did not arrive, from the answer that says so.
#[must_use]
pub fn failure(answer: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(answer).unwrap_or_default();
    problem["detail"].as_str().unwrap_or("alert-trigger did not say why").to_owned()
}

/// The answer of `GET /internal/channels`, for those who asked; none when it is something else.
#[must_use]
pub fn nowhere(answer: &[u8]) -> Option<BTreeMap<String, String>> {
    let told: Map<String, Value> = serde_json::from_slice(answer).ok()?;
    told.into_iter().map(|(id, why)| Some((id, why.as_str()?.to_owned()))).collect()
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /internal/channels`: the channels that lead nowhere as they are set up, and why. Names variables, never what
    /// they hold; sends nothing.
    #[must_use]
    pub fn get_channels(&self) -> Reply {
        let notice = self.sample_notice();
        let nowhere = self.config.channels.keys().filter_map(|id| {
            let channel = self.channel_to_try(id.as_str()).ok()?;
            let why = self.written(&channel, &notice).err()?;
            Some((id.to_string(), Value::from(why.to_string())))
        });
        reply(StatusCode::OK, &Value::Object(nowhere.collect()))
    }

    /// `POST /v1/channels/{id}/test`, with `?dry-run` without sending.
    ///
    /// # Errors
    /// 401, 403, 404; 409 when the channel leads nowhere; 502 when its receiver did not take the sample.
    pub async fn test_channel(
        &self,
        id: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        out: &impl Outbound,
    ) -> Result<Reply, Problem> {
        let caller = self.admit(headers, Action::TestChannel).await?;
        let channel = &self.channel_to_try(id)?;
        let notice = self.sample_notice();
        let request = self.written(channel, &notice);
        let request = request.map_err(|why| Problem::new(StatusCode::CONFLICT, "no-destination", why.to_string()))?;
        let dry = query.is_some_and(|query| query.split('&').any(|part| part.split('=').next() == Some("dry-run")));
        if dry {
            return Ok(reply(StatusCode::OK, &self.shown(channel, &request)));
        }
        let provider_id = self.try_out(channel, request, &caller.id, out).await?;
        let sent = json!({ "channel": channel.id.as_str(), "sent": true, "id": notice.id, "provider_id": provider_id });
        Ok(reply(StatusCode::OK, &sent))
    }

    /// `POST /internal/try` with `{ "channel", "who" }`: the same for the desk, which has let its caller in.
    ///
    /// # Errors
    /// 400, 404; 409 when the channel leads nowhere; 502 when its receiver did not take the sample.
    pub async fn try_channel(&self, body: &[u8], out: &impl Outbound) -> Result<Reply, Problem> {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let [id, who] = ["channel", "who"].map(|name| asked[name].as_str().unwrap_or_default());
        let channel = &self.channel_to_try(id)?;
        let request = self.written(channel, &self.sample_notice());
        let request = request.map_err(|why| Problem::new(StatusCode::CONFLICT, "no-destination", why.to_string()))?;
        self.try_out(channel, request, who, out).await?;
        Ok(crate::problem::empty(StatusCode::NO_CONTENT))
    }

    /// A channel as a sample leaves by it. One that writes to customers has no receivers of its own: its sample goes to the
    /// address that it writes from.
    fn channel_to_try(&self, id: &str) -> Result<Channel, Problem> {
        let channel = ChannelId::new(id).ok().and_then(|id| self.config.channels.get(&id));
        let mut channel = channel.ok_or_else(|| Problem::not_found("channel"))?.clone();
        if channel.kind.is_mail() && channel.to.is_empty() {
            let own = channel.setting("from").map(str::to_owned);
            channel.to.extend(own);
        }
        Ok(channel)
    }

    async fn try_out(
        &self,
        channel: &Channel,
        request: Request<Vec<u8>>,
        who: &str,
        out: &impl Outbound,
    ) -> Result<Option<String>, Problem> {
        let outcome = of_answer(out.send(request, WITHIN).await, from_unix(self.clock.now()));
        if let Some(why) = outcome.why_not() {
            return Err(Problem::new(StatusCode::BAD_GATEWAY, "not-delivered", why));
        }
        self.switch_on(&channel.id, who).await.map_err(|error| self.store_failed(&error))?;
        Ok(match outcome {
            Outcome::Delivered(id) => id,
            _ => None,
        })
    }

    /// A sample that nobody can take for an alert.
    fn sample_notice(&self) -> Notice {
        let now = from_unix(self.clock.now());
        let (contact, closure) = (now + TimeDelta::hours(24), now + TimeDelta::hours(48));
        let id = self.namer.message("test", &self.unique());
        let link = format!("{}/desk", self.config.public_url);
        Notice {
            occasion: Occasion::Opened,
            event: "channel.test",
            priority: Priority::Low,
            tone: Tone::Warn,
            headline: "Test: Detractor 3/10 at checkout".to_owned(),
            comment: Some("This is what an alert looks like here. Nobody is waiting for you.".to_owned()),
            facts: vec![
                ("Customer", "Test Customer, test@example.com".to_owned()),
                ("Where", "checkout (NPS)".to_owned()),
                ("Priority", "low, queue test".to_owned()),
                ("First contact due", text::deadline(contact, now)),
                ("Closure due", text::deadline(closure, now)),
            ],
            data: json!({ "headline": "Test: Detractor 3/10 at checkout", "link": link }),
            link,
            take: None,
            company: self.config.name.clone(),
            thread: format!("test-{id}"),
            subject: "test".to_owned(),
            id,
            at: now,
            now,
        }
    }

    /// A request as it would leave, with variables' names in place of what they hold.
    fn shown(&self, channel: &Channel, request: &Request<Vec<u8>>) -> Value {
        let mut secrets: Vec<(&str, &str)> = channel
            .variables()
            .map(|name| (name, self.secrets.get(name)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        // The longest first: one may be part of another.
        secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        let redact = |text: &str| {
            secrets
                .iter()
                .fold(text.to_owned(), |text, (name, value)| text.replace(value, &format!("{{{{ {name} }}}}")))
        };
        let headers: Map<String, Value> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), redact(value.to_str().unwrap_or_default()).into()))
            .collect();
        let body = redact(&String::from_utf8_lossy(request.body()));
        let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        json!({
            "channel": channel.id.as_str(),
            "sent": false,
            "method": request.method().as_str(),
            "url": redact(&request.uri().to_string()),
            "headers": headers,
            "body": body,
        })
    }
}
