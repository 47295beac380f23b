//! A page that looks like a shop, with the widget live on it and the inbox beside it: what a customer says on the left
//! arrives on the right. Served from an origin of its own, as a shop would be.

use std::fs;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, anyhow};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::environment::Variables;
use crate::http::{self, Response};
use crate::signals::Ending;
use crate::terminal::{Paint, paint};
use crate::up::Running;
use crate::{inbox, ports, workspace};

const PAGE: &str = include_str!("../../assets/shop.html");

/// Serves the page until Ctrl-C, and opens it where there is a desktop.
pub fn serve(running: &Running, variables: &Variables) -> Result<ExitCode> {
    let programme = fs::read_to_string(workspace::root().join("ringback.toml")).context("cannot read ringback.toml")?;
    let key = site_key(&programme).ok_or_else(|| anyhow!("ringback.toml has no [[sites]] with a key"))?;
    let identity =
        variables.get("shop_identity_secret").map(|secret| identity(secret, inbox::now_ms() / 1_000 + 86_400));
    let page = PAGE
        .replace("{application}", &running.application)
        .replace("{inbox}", running.inbox.as_deref().unwrap_or("about:blank"))
        .replace("{key}", key)
        .replace("{identity}", &identity.unwrap_or_default());
    let ending = Ending::watch()?;
    let address = http::serve(ports::local(0), move |request| match request.path.as_str() {
        "/" => Response::new(200, page.as_str()).with("Content-Type", "text/html; charset=utf-8"),
        _ => Response::new(404, "not found\n").with("Content-Type", "text/plain"),
    })?;
    let url = format!("http://{address}/");
    say!("the shop is at {}; Ctrl-C ends it", paint(Paint::Strong, &url));
    if !opened(&url) {
        say!("open it in a browser");
    }
    ending.wait();
    Ok(ExitCode::SUCCESS)
}

/// The key of the programme's first site.
fn site_key(programme: &str) -> Option<&str> {
    let site = programme.split("\n[[sites]]").nth(1)?;
    site.lines().find_map(|line| line.strip_prefix("key = \"")?.split('"').next())
}

/// Says that Ada Lovelace is signed in: a JSON Web Token, HS256.
fn identity(secret: &str, until: u64) -> String {
    let claims = serde_json::json!({ "sub": "C-7", "name": "Ada Lovelace", "email": "ada@example.com", "tier": "gold", "exp": until });
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let signed = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims.to_string()));
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

fn opened(url: &str) -> bool {
    let starts = |program: &str| {
        Command::new(program).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    ["xdg-open", "open"].into_iter().any(|program| starts(program).is_ok_and(|status| status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_programme_has_a_site_key() {
        let programme = fs::read_to_string(workspace::root().join("ringback.toml")).expect("the programme");
        assert!(site_key(&programme).is_some_and(|key| key.starts_with("pk_")));
        assert_eq!(site_key("key = \"x\"\n"), None);
    }

    #[test]
    fn every_gap_of_the_page_is_filled() {
        for gap in ["{application}", "{inbox}", "{key}", "{identity}"] {
            assert!(PAGE.contains(gap), "{gap}");
        }
    }
}
