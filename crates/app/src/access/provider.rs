//! Tokens of an identity provider (OpenID Connect): whose they are, and what their groups may do here.
//!
//! One component verifies them; the others ask it, so that the arithmetic of signatures and the provider's address stand
//! in one place. Nobody signs in here: a proxy in front of Ringback, or the caller, brings the token.

use super::{Caller, Identified, token};
use crate::App;
use crate::config::{IdentityProvider, ROLES, Role};
use crate::ports::Outbound;
use crate::problem::{Problem, Reply, json};
use http::StatusCode;
use ringback_ledger::{Clock, Entropy, Store};
use serde_json::Value;

/// Roles by how much they may: whoever has several has the last of them here.
const WEIGHT: [Role; 6] = [Role::Intake, Role::Operator, Role::Executive, Role::Agent, Role::Lead, Role::Admin];
/// Longest name of a person, in characters.
const LONGEST_NAME: usize = 128;

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `POST /internal/identify` with a token: whose it is, for the other components.
    ///
    /// # Errors
    /// 404 where no provider is configured, 503 when its keys cannot be had.
    pub async fn post_identify(&self, token: &[u8], out: &impl Outbound) -> Result<Reply, Problem> {
        let identified = self.identify(&String::from_utf8_lossy(token), out).await?;
        let told = match identified {
            Ok(caller) => serde_json::json!({ "name": caller.id, "role": caller.role.name() }),
            Err(why) => serde_json::json!({ "refused": why }),
        };
        Ok(json(StatusCode::OK, &told))
    }

    /// Whose a token is: 2 reads of the store, and a request to the provider now and then.
    ///
    /// # Errors
    /// 404 where no provider is configured, 503 when its keys cannot be had.
    pub async fn identify(&self, token: &str, out: &impl Outbound) -> Result<Identified, Problem> {
        let Some(provider) = &self.config.provider else { return Err(Problem::not_found("identity provider")) };
        let header = match token::header(token) {
            Ok(header) => header,
            Err(why) => return Ok(Err(why.to_owned())),
        };
        let keys = self.provider_keys(provider, header.kid.as_deref(), out).await?;
        let claims = token::verify(token, &header, &keys, provider, self.clock.now());
        Ok(claims.and_then(|claims| caller(provider, &claims)).map_err(str::to_owned))
    }
}

/// What [`App::post_identify`] told; none when it is not understood.
#[must_use]
pub fn identified(told: &[u8]) -> Option<Identified> {
    let told: Value = serde_json::from_slice(told).ok()?;
    if let Some(why) = told["refused"].as_str() {
        return Some(Err(why.to_owned()));
    }
    let (_, role) = ROLES.into_iter().find(|(name, _)| told["role"] == *name)?;
    Some(Ok(Caller { id: told["name"].as_str()?.to_owned(), role }))
}

/// Who the claims are about, with the role that may most among those of their groups.
fn caller(provider: &IdentityProvider, claims: &Value) -> Result<Caller, &'static str> {
    let name = claim(claims, &provider.name_claim).and_then(Value::as_str).map(str::trim);
    let id = name.filter(|name| !name.is_empty() && name.chars().count() <= LONGEST_NAME);
    let id = id.filter(|name| !name.chars().any(char::is_control)).ok_or("the token does not say whose it is")?;
    // An address that its owner has not shown to be theirs is anybody's.
    if provider.name_claim.trim_start_matches('/') == "email"
        && claims.get("email_verified").is_some_and(|verified| *verified != true)
    {
        return Err("the token's address is not verified");
    }
    let groups: Vec<&str> = match claim(claims, &provider.roles_claim) {
        Some(Value::String(one)) => one.split_whitespace().collect(),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let theirs = provider.roles.iter().filter(|(group, _)| groups.contains(&group.as_str())).map(|(_, role)| *role);
    let role = theirs.max_by_key(|role| WEIGHT.iter().position(|known| known == role));
    Ok(Caller { id: id.to_owned(), role: role.ok_or("none of the token's groups has a role here")? })
}

/// A claim by its name, or by a JSON pointer where it lies deeper.
fn claim<'c>(claims: &'c Value, name: &str) -> Option<&'c Value> {
    if name.starts_with('/') { claims.pointer(name) } else { claims.get(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(name_claim: &str, roles_claim: &str) -> IdentityProvider {
        IdentityProvider {
            issuer: "https://id.example".to_owned(),
            audience: "ringback".to_owned(),
            origin_variable: "identity_origin".to_owned(),
            keys_path: "/keys".to_owned(),
            name_claim: name_claim.to_owned(),
            roles_claim: roles_claim.to_owned(),
            roles: vec![
                ("care".to_owned(), Role::Agent),
                ("heads of care".to_owned(), Role::Lead),
                ("board".to_owned(), Role::Executive),
            ],
            sign_out: None,
        }
    }

    fn who(provider: &IdentityProvider, claims: &Value) -> Result<(String, Role), &'static str> {
        caller(provider, claims).map(|caller| (caller.id, caller.role))
    }

    #[test]
    fn the_groups_of_a_token_decide_what_it_may() {
        let p = provider("email", "groups");
        let mail = "ada@example.com";
        let ada = |groups: Value| who(&p, &json!({ "email": mail, "groups": groups }));
        assert_eq!(ada(json!(["staff", "care"])), Ok((mail.to_owned(), Role::Agent)));
        assert_eq!(ada(json!(["heads of care", "care"])), Ok((mail.to_owned(), Role::Lead)), "the one that may most");
        assert_eq!(ada(json!("staff care")), Ok((mail.to_owned(), Role::Agent)), "a list in one text, as scopes are");
        assert_eq!(
            ada(json!(["board", "care"])),
            Ok((mail.to_owned(), Role::Agent)),
            "who works cases sees figures, too"
        );
        for none in [json!(["staff"]), json!([]), json!(7), Value::Null, json!("carers"), json!([["care"]])] {
            assert_eq!(ada(none.clone()), Err("none of the token's groups has a role here"), "{none}");
        }
        let nested = provider("/profile/handle", "/realm_access/roles");
        let claims = json!({ "profile": { "handle": "ada" }, "realm_access": { "roles": ["care"] } });
        assert_eq!(who(&nested, &claims), Ok(("ada".to_owned(), Role::Agent)));
    }

    #[test]
    fn nobody_is_let_in_without_a_name_that_is_theirs() {
        let p = provider("email", "groups");
        for name in [json!(""), json!(" "), json!(7), Value::Null, json!("a\u{0}b"), json!("x".repeat(129))] {
            let claims = json!({ "email": name, "groups": ["care"] });
            assert_eq!(who(&p, &claims), Err("the token does not say whose it is"), "{name}");
        }
        let claims =
            |verified: Value| json!({ "email": "ada@example.com", "email_verified": verified, "groups": ["care"] });
        assert!(who(&p, &claims(json!(true))).is_ok());
        for no in [json!(false), json!("true"), Value::Null] {
            assert_eq!(who(&p, &claims(no.clone())), Err("the token's address is not verified"), "{no}");
        }
    }

    #[test]
    fn what_is_told_is_understood_by_who_asked() {
        assert_eq!(
            identified(br#"{"refused":"the token has expired"}"#),
            Some(Err("the token has expired".to_owned()))
        );
        let lead = Caller { id: "grace".to_owned(), role: Role::Lead };
        assert_eq!(identified(br#"{"name":"grace","role":"lead"}"#), Some(Ok(lead)));
        for not in [&b"{}"[..], b"", br#"{"name":"grace","role":"boss"}"#, br#"{"role":"lead"}"#] {
            assert_eq!(identified(not), None);
        }
    }
}
