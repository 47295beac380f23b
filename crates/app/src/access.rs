//! Who asks, and whether their role may.
//!
//! The one table of role × action; every route asks here. Tokens are compared by their SHA-256, in constant time.

use crate::config::{Config, Role};
use crate::digest::{equal, sha256_hex};
use crate::problem::Problem;
use crate::secrets::Secrets;
use http::{HeaderMap, StatusCode, header};

/// Somebody who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's name.
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
    /// Has due work done.
    Tick,
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
            Administer, Erase, MendDeliveries, ReadCase, ReadFeedback, ReadInsights, Reassign, Silence, TestChannel,
            Tick, WorkCase, WriteConsent, WriteFeedback,
        };
        match action {
            WriteFeedback => matches!(self, Self::Intake | Self::Admin),
            ReadFeedback | ReadCase | WorkCase => matches!(self, Self::Agent | Self::Lead | Self::Admin),
            WriteConsent => !matches!(self, Self::Executive),
            ReadInsights => !matches!(self, Self::Intake),
            Reassign | TestChannel | Silence | MendDeliveries => matches!(self, Self::Lead | Self::Admin),
            Tick | Erase | Administer => matches!(self, Self::Admin),
        }
    }
}

/// Lets a request in, or not.
///
/// # Errors
/// 401 without a known token, 403 when its role may not.
pub fn admit(config: &Config, secrets: &Secrets, headers: &HeaderMap, action: Action) -> Result<Caller, Problem> {
    let caller = identify(config, secrets, headers)
        .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "a known bearer token is required"))?;
    if caller.role.may(action) {
        return Ok(caller);
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "this token's role may not do that"))
}

fn identify(config: &Config, secrets: &Secrets, headers: &HeaderMap) -> Option<Caller> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { identify_token(config, secrets, token) } else { None }
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
        ];
        for (role, may) in [
            (Role::Intake, "y.y.........."),
            (Role::Agent, ".yyyy.y......"),
            (Role::Lead, ".yyyyyy.yyy.."),
            (Role::Executive, "......y......"),
            (Role::Admin, "yyyyyyyyyyyyy"),
        ] {
            let got: String = actions.iter().map(|a| if role.may(*a) { 'y' } else { '.' }).collect();
            assert_eq!(got, may, "{role:?}");
        }
    }
}
