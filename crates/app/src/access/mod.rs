//! Who asks, and whether their role may.
//!
//! The one table of role × action; every route asks here. Access tokens are compared by their SHA-256, in constant time;
//! tokens of an identity provider are verified by the one component that carries what it takes, which the others ask.

mod keys;
mod provider;
mod token;

pub use provider::identified;

use crate::App;
use crate::config::{Config, Role};
use crate::digest::{equal, sha256_hex};
use crate::problem::Problem;
use crate::secrets::Secrets;
use crate::web::from_elsewhere;
use futures::future::LocalBoxFuture;
use http::{HeaderMap, StatusCode, header};
use ringback_ledger::{Clock, Entropy, Store};

/// Somebody who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's name; for a token of the identity provider what its name claim says.
    pub id: String,
    /// What it may do.
    pub role: Role,
}

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Writes feedback.
    WriteFeedback,
    /// Reads an answer.
    ReadFeedback,
    /// Records a consent or a withdrawal.
    WriteConsent,
    /// Reads a case.
    ReadCase,
    /// Works a case.
    WorkCase,
    /// Has many cases change hands.
    Reassign,
    /// Reads figures.
    ReadInsights,
    /// Writes down what is to be improved, and tells customers what was.
    Improve,
    /// Has due work done.
    Tick,
    /// Sees how the application does: the state of the ledger in full, its metrics.
    Observe,
    /// Sends a sample to a channel.
    TestChannel,
    /// Silences alerts, or ends a silence.
    Silence,
    /// Erases an answer or a person.
    Erase,
    /// Looks at what never arrived, and sends it again.
    MendDeliveries,
    /// Sees how the application is set up, and ends sessions of the desk.
    Administer,
}

impl Role {
    /// Whether the role may.
    #[must_use]
    pub const fn may(self, action: Action) -> bool {
        use Action::{
            Administer, Erase, Improve, MendDeliveries, Observe, ReadCase, ReadFeedback, ReadInsights, Reassign,
            Silence, TestChannel, Tick, WorkCase, WriteConsent, WriteFeedback,
        };
        match action {
            WriteFeedback => matches!(self, Self::Intake | Self::Admin),
            ReadFeedback | ReadCase | WorkCase => matches!(self, Self::Agent | Self::Lead | Self::Admin),
            WriteConsent => !matches!(self, Self::Executive | Self::Operator),
            ReadInsights => !matches!(self, Self::Intake | Self::Operator),
            Reassign | TestChannel | Silence | MendDeliveries => matches!(self, Self::Lead | Self::Admin),
            Improve => matches!(self, Self::Lead | Self::Executive | Self::Admin),
            Tick | Observe => matches!(self, Self::Operator | Self::Admin),
            Erase | Administer => matches!(self, Self::Admin),
        }
    }
}

/// Who is known by a token, or why nobody is.
pub type Identified = Result<Caller, String>;

/// Asks whoever can tell whose a token of the identity provider is.
pub(crate) type AskProvider = dyn Fn(String) -> LocalBoxFuture<'static, Result<Identified, Problem>>;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Takes how to find out whose a token of the identity provider is. Without it only access tokens are known.
    pub fn ask_provider_by(
        &self,
        ask: impl Fn(String) -> LocalBoxFuture<'static, Result<Identified, Problem>> + 'static,
    ) {
        // A second one asks the same.
        let _ = self.ask_provider.set(Box::new(ask));
    }

    /// Lets a request in, or not. No read of the store for an access token.
    ///
    /// # Errors
    /// 401 without a known token, 403 when its role may not, 503 when nobody could tell.
    pub(crate) async fn admit(&self, headers: &HeaderMap, action: Action) -> Result<Caller, Problem> {
        let caller = self.caller(headers).await?;
        let caller = caller.map_err(|why| Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", why))?;
        // A proxy adds its token to whatever a browser sends, a form of another website included.
        if from_elsewhere(headers) && self.access_token(headers).is_none() {
            return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "another website may not ask this"));
        }
        if caller.role.may(action) {
            return Ok(caller);
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "this token's role may not do that"))
    }

    /// What a log calls somebody: whoever comes from the identity provider has a name of their own, which is no log's
    /// business; what they did says who it was where it is kept.
    pub(crate) fn known_as<'n>(&self, name: &'n str) -> &'n str {
        let token = name == "customer" || self.config.access.iter().any(|token| token.id == name);
        if token { name } else { "somebody of the identity provider" }
    }

    fn access_token(&self, headers: &HeaderMap) -> Option<Caller> {
        identify_token(&self.config, &self.secrets, bearer(headers)?)
    }

    /// Who a request's bearer token belongs to.
    ///
    /// # Errors
    /// 503 when nobody could tell.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Identified, Problem> {
        let unknown = || Ok(Err("a known bearer token is required".to_owned()));
        if let Some(caller) = self.access_token(headers) {
            return Ok(Ok(caller));
        }
        let Some(token) = bearer(headers) else { return unknown() };
        match self.ask_provider.get().filter(|_| self.config.provider.is_some() && token::looks_like_one(token)) {
            Some(ask) => ask(token.to_owned()).await,
            None => unknown(),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who a token belongs to; none when it is not known.
#[must_use]
pub fn identify_token(config: &Config, secrets: &Secrets, token: &str) -> Option<Caller> {
    if token.trim().is_empty() {
        return None;
    }
    let given = sha256_hex(token.trim().as_bytes());
    // Every token is compared, so that the time tells nothing of which one it was.
    let mut found = None;
    for known in &config.access {
        let expected = secrets.get(&known.token_sha256_variable).to_ascii_lowercase();
        if expected.len() == given.len() && equal(expected.as_bytes(), given.as_bytes()) {
            found = Some(Caller { id: known.id.clone(), role: known.role });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_exactly_what_the_table_says() {
        use Action::*;
        let actions = [
            WriteFeedback,
            ReadFeedback,
            WriteConsent,
            ReadCase,
            WorkCase,
            Reassign,
            ReadInsights,
            Tick,
            TestChannel,
            Silence,
            MendDeliveries,
            Erase,
            Administer,
            Observe,
            Improve,
        ];
        for (role, may) in [
            (Role::Intake, "y.y............"),
            (Role::Agent, ".yyyy.y........"),
            (Role::Lead, ".yyyyyy.yyy...y"),
            (Role::Executive, "......y.......y"),
            (Role::Operator, ".......y.....y."),
            (Role::Admin, "yyyyyyyyyyyyyyy"),
        ] {
            let got: String = actions.iter().map(|a| if role.may(*a) { 'y' } else { '.' }).collect();
            assert_eq!(got, may, "{role:?}");
        }
    }
}
