//! The variables the application is started with: the secrets it makes on the first start, and whatever the user gives.
//!
//! Made once and kept in `.ringback/` (ignored by git): `local.env` with the variables, in a form that a shell and
//! Spin read alike, and the bearer tokens whose SHA-256 the variables hold. The user's own environment wins over the
//! file `.env`, which wins over what is made here.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::{shell, token, workspace};

const PREFIX: &str = "SPIN_VARIABLE_";

/// A bearer token: its file in `.ringback/` and the variable that holds its hash.
struct Token {
    file: &'static str,
    variable: &'static str,
    prefix: &'static str,
}

const TOKENS: [Token; 5] = [
    Token { file: "token", variable: "admin_token_sha256", prefix: "rb_admin_" },
    Token { file: "agent-token", variable: "agent_token_sha256", prefix: "rb_agent_" },
    Token { file: "lead-token", variable: "lead_token_sha256", prefix: "rb_lead_" },
    Token { file: "executive-token", variable: "executive_token_sha256", prefix: "rb_executive_" },
    Token { file: "intake-token", variable: "intake_token_sha256", prefix: "rb_intake_" },
];

/// Who works the queues of the shipped programme: let in on the first start, and from then on by `cargo xtask token`.
const PEOPLE: [&str; 2] = ["ada", "grace"];

/// A way out and what belongs to it. Where the user names the first variable, ours for the whole group step back.
struct Outlet {
    decides: &'static str,
    others: &'static [&'static str],
}

const OUTLETS: [Outlet; 3] = [
    Outlet { decides: "slack_webhook_url", others: &["slack_origin"] },
    Outlet { decides: "resend_api_key", others: &["resend_origin"] },
    Outlet { decides: "events_webhook_url", others: &["events_webhook_origin"] },
];

/// Variables by their lower-case names, without `SPIN_VARIABLE_`.
pub type Variables = BTreeMap<String, String>;

/// The variables to start with and how they came about.
pub struct Environment {
    /// What the application gets.
    pub variables: Variables,
    /// Whether anything at all goes to the local inbox.
    pub needs_inbox: bool,
}

/// `.ringback/`, made if missing, for its owner only.
pub fn folder() -> Result<PathBuf> {
    let folder = workspace::root().join(".ringback");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&folder, owner_only)?;
    Ok(folder)
}

/// A bearer token made earlier.
///
/// # Errors
/// When nothing was made yet: `cargo xtask up` has not run.
pub fn token(file: &str) -> Result<String> {
    let path = workspace::root().join(".ringback").join(file);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; has `cargo xtask up` run?", path.display()))?;
    Ok(text.trim().to_owned())
}

/// Makes what is missing in `.ringback/` and puts the user's own variables over it.
pub fn prepare(inbox_port: u16) -> Result<Environment> {
    let ours = make_missing(&folder()?, inbox_port)?;
    Ok(combine(ours, users_variables()?))
}

/// The variables as the last `up` left them, with the user's own over them.
pub fn current() -> Result<Variables> {
    let path = workspace::root().join(".ringback/local.env");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; has `cargo xtask up` run?", path.display()))?;
    Ok(combine(parse(&text), users_variables()?).variables)
}

/// Completes `local.env` and the token files; keeps every value that is already there, but for where the inbox listens.
fn make_missing(folder: &Path, inbox_port: u16) -> Result<Variables> {
    change_in(folder, |variables| {
        lead_to_inbox(variables, inbox_port);
        Ok(())
    })
}

/// Makes the secrets and tokens that are missing; keeps every value that is already there.
fn make_secrets(folder: &Path, variables: &mut Variables) -> Result<()> {
    for secret in ["pepper", "shop_identity_secret"] {
        keep_or_make(variables, secret, || Ok(HEXLOWER.encode(&random::<32>()?)))?;
    }
    for secret in ["formbricks_webhook_secret", "crm_webhook_secret", "events_webhook_secret"] {
        keep_or_make(variables, secret, || Ok(format!("whsec_{}", STANDARD.encode(random::<32>()?))))?;
    }
    for token in TOKENS {
        let path = folder.join(token.file);
        if !path.exists() {
            write_private(&path, &format!("{}{}\n", token.prefix, URL_SAFE_NO_PAD.encode(random::<32>()?)))?;
        }
        let hash = Sha256::digest(fs::read_to_string(&path)?.trim().as_bytes());
        variables.insert(token.variable.to_owned(), HEXLOWER.encode(&hash));
    }
    keep_or_make(variables, "resend_api_key", || Ok("re_local_inbox".to_owned()))?;
    if !variables.contains_key(token::VARIABLE) {
        let listed = PEOPLE.iter().try_fold(String::new(), |listed, name| {
            let (token, hash) = new_token("agent")?;
            write_private(&folder.join(format!("{name}-token")), &format!("{token}\n"))?;
            token::with(&listed, name, "agent", &hash)
        })?;
        variables.insert(token::VARIABLE.to_owned(), listed);
    }
    Ok(())
}

/// Lets everything that has no other way out lead to the local inbox.
fn lead_to_inbox(variables: &mut Variables, port: u16) {
    let inbox = format!("http://127.0.0.1:{port}");
    for (name, value) in [
        ("slack_webhook_url", format!("{inbox}/slack")),
        ("slack_origin", inbox.clone()),
        ("resend_origin", inbox.clone()),
        ("events_webhook_url", format!("{inbox}/events")),
        ("events_webhook_origin", inbox.clone()),
    ] {
        variables.insert(name.to_owned(), value);
    }
}

/// Changes the variables that were made in `folder`, and keeps them. What the first `up` would make is made before.
///
/// # Errors
/// When `f` has one, which changes nothing, or the files cannot be written.
pub fn change_in(folder: &Path, f: impl FnOnce(&mut Variables) -> Result<()>) -> Result<Variables> {
    let file = folder.join("local.env");
    let before = parse(&read_if_there(&file)?);
    let mut variables = before.clone();
    make_secrets(folder, &mut variables)?;
    let made = variables.clone();
    let changed = f(&mut variables);
    // What belongs to a token's file is kept with it, whatever becomes of the change.
    let kept = if changed.is_ok() { variables } else { made };
    if kept != before {
        write_private(&file, &render(&kept))?;
    }
    changed.map(|()| kept)
}

/// A new bearer token and its SHA-256.
///
/// # Errors
/// When the system gives no random bytes.
pub fn new_token(role: &str) -> Result<(String, String)> {
    let token = format!("rb_{role}_{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    let hash = HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    Ok((token, hash))
}

fn keep_or_make(variables: &mut Variables, name: &str, make: impl FnOnce() -> Result<String>) -> Result<()> {
    if variables.get(name).is_none_or(String::is_empty) {
        variables.insert(name.to_owned(), make()?);
    }
    Ok(())
}

/// The user's variables over ours. An outlet that the user names is the user's as a whole; the origin follows from its URL.
fn combine(ours: Variables, users: Variables) -> Environment {
    let mut variables = ours;
    let mut needs_inbox = false;
    for outlet in OUTLETS {
        let Some(value) = users.get(outlet.decides) else {
            needs_inbox = true;
            continue;
        };
        for other in outlet.others {
            match origin(value) {
                Some(origin) => variables.insert((*other).to_owned(), origin),
                None => variables.remove(*other),
            };
        }
    }
    variables.extend(users);
    Environment { variables, needs_inbox }
}

/// `https://host:port` of a URL.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    Some(format!("{scheme}://{authority}"))
}

/// `.env` in the root folder and above it the process's environment.
fn users_variables() -> Result<Variables> {
    let mut variables = dot_env()?;
    variables.extend(process_variables());
    Ok(variables)
}

/// What the user gives for a variable, and where it stands. It counts, whatever was made here.
///
/// # Errors
/// When `.env` cannot be read.
pub fn users(name: &str) -> Result<Option<(String, &'static str)>> {
    if let Some(value) = process_variables().remove(name) {
        return Ok(Some((value, "your environment")));
    }
    Ok(dot_env()?.remove(name).map(|value| (value, "`.env`")))
}

fn dot_env() -> Result<Variables> {
    Ok(parse(&read_if_there(&workspace::root().join(".env"))?))
}

fn process_variables() -> Variables {
    let texts =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let named = texts.filter_map(|(name, value)| {
        let name = name.strip_prefix(PREFIX).filter(|name| shell::is_name(name))?;
        Some((name.to_ascii_lowercase(), value))
    });
    named.collect()
}

/// The `SPIN_VARIABLE_…` assignments of a file that a shell could read as well.
fn parse(text: &str) -> Variables {
    let named = shell::assignments(text).into_iter();
    named.filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_ascii_lowercase(), value))).collect()
}

/// The variables in a form that a shell reads, one assignment each.
pub fn render(variables: &Variables) -> String {
    let mut text = String::from(
        "# Made by `cargo xtask`; not for git. Keep the pepper: it keys the hashes that stand for people.\n",
    );
    for (name, value) in variables {
        text.push_str(&line(name, value));
        text.push('\n');
    }
    text
}

/// The assignment of one variable.
pub fn line(name: &str, value: &str) -> String {
    format!("{PREFIX}{}={}", name.to_ascii_uppercase(), shell::quote(value))
}

fn read_if_there(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let part = path.with_extension("part");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .with_context(|| format!("cannot write {}", part.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Random bytes from the system.
///
/// # Errors
/// When it gives none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gave no random bytes: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn secrets_are_made_once_and_for_the_owner_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = make_missing(folder.path(), 3001).expect("secrets");
        let again = make_missing(folder.path(), 4001).expect("secrets");
        assert_eq!(first["pepper"].len(), 64);
        assert_eq!(first["pepper"], again["pepper"]);
        assert_eq!(first["admin_token_sha256"], again["admin_token_sha256"]);
        assert_eq!(again["slack_webhook_url"], "http://127.0.0.1:4001/slack");
        assert_eq!(first[token::VARIABLE], again[token::VARIABLE]);
        for file in ["local.env", "token", "intake-token", "ada-token", "grace-token"] {
            let mode = fs::metadata(folder.path().join(file)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[test]
    fn a_change_before_the_first_start_leaves_everything_that_a_start_makes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let refused = change_in(folder.path(), |_| Err(anyhow!("refused")));
        assert!(refused.is_err());
        let changed = change_in(folder.path(), |variables| {
            variables.insert("crm_webhook_secret".to_owned(), "whsec_mine".to_owned());
            Ok(())
        });
        let started = make_missing(folder.path(), 4001).expect("secrets");
        assert_eq!(started["crm_webhook_secret"], "whsec_mine");
        assert_eq!(started[token::VARIABLE], changed.expect("changed")[token::VARIABLE]);
        for name in PEOPLE {
            let file = folder.path().join(format!("{name}-token"));
            let hash = Sha256::digest(fs::read_to_string(file).expect("a token").trim());
            assert!(started[token::VARIABLE].contains(&format!("{name}:agent:{}", HEXLOWER.encode(&hash))));
        }
    }

    #[test]
    fn what_is_rendered_is_the_users_where_the_user_has_it() {
        let ours = variables(&[("pepper", "ours"), ("slack_origin", "http://127.0.0.1:3001")]);
        let users = variables(&[("pepper", "the user's"), ("slack_origin", "https://chat.example")]);
        let text = render(&combine(ours, users.clone()).variables);
        assert_eq!(parse(&text), users);
    }

    #[test]
    fn the_token_hashes_to_its_variable() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let made = make_missing(folder.path(), 3001).expect("secrets");
        let token = fs::read_to_string(folder.path().join("token")).expect("the token");
        assert_eq!(made["admin_token_sha256"], HEXLOWER.encode(&Sha256::digest(token.trim())));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = variables(&[
            ("pepper", "abc"),
            ("events_webhook_secret", "whsec_a+/b=="),
            ("ntfy_topic", "it's $HOME's"),
            ("access_tokens", "ada:agent:aa\ngrace:lead:bb"),
        ]);
        assert_eq!(parse(&render(&written)), written);
        assert_eq!(parse("export SPIN_VARIABLE_A=\"b c\"\n# SPIN_VARIABLE_X=1\nOTHER=2\n"), variables(&[("a", "b c")]));
    }

    #[test]
    fn an_outlet_named_by_the_user_is_the_users_as_a_whole() {
        let ours = variables(&[
            ("slack_webhook_url", "http://127.0.0.1:3001/slack"),
            ("slack_origin", "http://127.0.0.1:3001"),
            ("resend_api_key", "re_local"),
            ("resend_origin", "http://127.0.0.1:3001"),
        ]);
        let users = variables(&[("slack_webhook_url", "https://chat.example/hooks/x"), ("resend_api_key", "re_real")]);
        let combined = combine(ours, users);
        assert_eq!(combined.variables["slack_origin"], "https://chat.example");
        assert_eq!(combined.variables["resend_api_key"], "re_real");
        assert!(!combined.variables.contains_key("resend_origin"), "the manifest's default holds again");
        assert!(combined.needs_inbox, "events still go to the inbox");
    }

    #[test]
    fn no_inbox_is_needed_when_every_outlet_is_the_users() {
        let users = variables(&[
            ("slack_webhook_url", ""),
            ("resend_api_key", "re_real"),
            ("events_webhook_url", "https://bus.example:8443/in?x=1"),
        ]);
        let combined = combine(Variables::new(), users);
        assert!(!combined.needs_inbox);
        assert_eq!(combined.variables["events_webhook_origin"], "https://bus.example:8443");
    }
}
