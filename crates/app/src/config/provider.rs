//! `[identity_provider]`: whose tokens are taken beside the access tokens, and which of their groups may what
//! (docs/identity.md).

use super::Role;
use super::read::ROLES;
use super::table::{Checked, Table};
use http::Uri;

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Who issues the tokens: their `iss`, letter by letter.
    pub issuer: String,
    /// Whom they must be for: one of their `aud`.
    pub audience: String,
    /// The Spin variable with the origin of the keys that they are signed with.
    pub origin_variable: String,
    /// Where they are there (the path of its `jwks_uri`).
    pub keys_path: String,
    /// The claim that names the person; a JSON pointer where it lies deeper.
    pub name_claim: String,
    /// The claim that lists their groups; a JSON pointer where it lies deeper.
    pub roles_claim: String,
    /// What groups may. Not empty.
    pub roles: Vec<(String, Role)>,
    /// Where people sign out.
    pub sign_out: Option<String>,
}

pub(super) fn read(table: &Table<'_>) -> Checked<IdentityProvider> {
    let filled = |text: String| if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text) };
    let issuer = table.required_parsed("issuer", filled)?.value;
    let audience = table.required_parsed("audience", filled)?.value;
    let origin_variable = table.variable("origin_variable")?;
    let keys_path = table.required_parsed("keys_path", path)?.value;
    let claim = |key, usual: &str| Ok(table.parsed(key, filled)?.map_or_else(|| usual.to_owned(), |claim| claim.value));
    let (name_claim, roles_claim) = (claim("name_claim", "email")?, claim("roles_claim", "groups")?);
    let sign_out = table.parsed("sign_out", page)?.map(|page| page.value);
    let Some(groups) = table.table("roles")? else {
        return table.fail(table.at, "`roles` is missing: which group has which role, as in `{ care = \"agent\" }`");
    };
    let mut roles = Vec::new();
    for (group, value) in groups.names() {
        let role = value.get_ref().as_str().and_then(|role| ROLES.iter().find(|(name, _)| *name == role));
        let Some((_, role)) = role else {
            let message =
                format!("group `{}` must be one of intake, agent, lead, executive, operator, admin", group.value);
            return table.fail(value.span().start, message);
        };
        roles.push((group.value.to_owned(), *role));
    }
    table.done()?;
    if roles.is_empty() {
        return table.fail(groups.at, "`roles` is empty: nobody could do anything");
    }
    Ok(IdentityProvider { issuer, audience, origin_variable, keys_path, name_claim, roles_claim, roles, sign_out })
}

fn path(path: String) -> Result<String, String> {
    let plain = path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic());
    if plain { Ok(path) } else { Err(format!("`{path}` is no path, as in `/.well-known/jwks.json`")) }
}

/// A page of the same site, or elsewhere over HTTP.
fn page(url: String) -> Result<String, String> {
    let elsewhere = url.parse::<Uri>().is_ok_and(|uri| matches!(uri.scheme_str(), Some("https" | "http")));
    let here = path(url.clone()).is_ok() && !url.starts_with("//");
    if here || elsewhere { Ok(url) } else { Err(format!("`{url}` is no page")) }
}
