//! What a product that alerts go to has to do, and which one each kind of channel is.
//!
//! Builds requests; sends nothing. A new product is a file with an implementation of [`Product`] (or of
//! [`super::mail::Provider`], for e-mail) and a line in [`of`].

use super::mail::Provider;
use super::notice::Notice;
use super::{
    brevo, discord, google_chat, mailpit, matrix, mattermost, ntfy, pagerduty, postmark, resend, sendgrid, ses, slack,
    teams, webhook,
};
use crate::config::{Channel, Kind};
use crate::secrets::Secrets;
use http::{Request, Uri, header, request};
use serde_json::Value;
use std::net::IpAddr;

/// A request, or why there is none.
pub(super) type Built = Result<Request<Vec<u8>>, NoDestination>;

/// Puts an alert into the form that one product takes.
pub(super) trait Product {
    /// The request that carries the alert.
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built;
}

/// What a kind of channel is.
pub(super) enum Way {
    /// Chats, pagers, programs.
    Alerts(&'static dyn Product),
    /// E-mail.
    Mail(&'static dyn Provider),
}

/// The product behind a kind of channel.
pub(super) fn of(kind: Kind) -> Way {
    match kind {
        Kind::Slack => Way::Alerts(&slack::Slack),
        Kind::Teams => Way::Alerts(&teams::Teams),
        Kind::GoogleChat => Way::Alerts(&google_chat::GoogleChat),
        Kind::Discord => Way::Alerts(&discord::Discord),
        Kind::Mattermost => Way::Alerts(&mattermost::Mattermost),
        Kind::Matrix => Way::Alerts(&matrix::Matrix),
        Kind::Ntfy => Way::Alerts(&ntfy::Ntfy),
        Kind::PagerDuty => Way::Alerts(&pagerduty::PagerDuty),
        Kind::Webhook => Way::Alerts(&webhook::Webhook),
        Kind::Resend => Way::Mail(&resend::Resend),
        Kind::Postmark => Way::Mail(&postmark::Postmark),
        Kind::SendGrid => Way::Mail(&sendgrid::SendGrid),
        Kind::Ses => Way::Mail(&ses::Ses),
        Kind::Brevo => Way::Mail(&brevo::Brevo),
        Kind::Mailpit => Way::Mail(&mailpit::Mailpit),
    }
}

/// Why a channel leads nowhere. Names variables, never what they hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoDestination {
    /// A variable is empty: the channel is switched off.
    #[error("the variable `{0}` is not configured")]
    Empty(String),
    /// A variable holds something else than it should.
    #[error("the variable `{0}` does not hold {1}")]
    Wrong(String, &'static str),
    /// The address is a private one.
    #[error("the variable `{0}` holds a private address; `allow_private = true` on the channel would allow it")]
    Private(String),
    /// The alert cannot be put into the product's form.
    #[error("the alert could not be written down")]
    Unwritten,
}

/// A channel with what its variables hold.
pub(super) struct Destination<'a> {
    pub channel: &'a Channel,
    pub secrets: &'a Secrets,
}

impl<'a> Destination<'a> {
    /// The value of the variable that a setting names.
    pub fn secret(&self, key: &str) -> Result<&'a str, NoDestination> {
        let variable = self.channel.setting(key).unwrap_or(key);
        match self.secrets.get(variable) {
            "" => Err(NoDestination::Empty(variable.to_owned())),
            value => Ok(value),
        }
    }

    /// The same, where the product can do without.
    pub fn optional_secret(&self, key: &str) -> Option<&'a str> {
        self.channel.setting(key).map(|variable| self.secrets.get(variable)).filter(|value| !value.is_empty())
    }

    /// A text of the programme.
    pub fn text(&self, key: &str) -> &'a str {
        self.channel.setting(key).unwrap_or_default()
    }

    /// The value of a variable as an error about it.
    pub fn wrong(&self, key: &str, wanted: &'static str) -> NoDestination {
        NoDestination::Wrong(self.channel.setting(key).unwrap_or(key).to_owned(), wanted)
    }

    /// An address from a variable, without a slash at its end: http or https, and no private one unless that is allowed.
    pub fn address(&self, key: &str) -> Result<&'a str, NoDestination> {
        let text = self.secret(key)?.trim_end_matches('/');
        let uri = text.parse::<Uri>().ok().filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
        let Some(uri) = uri.filter(|uri| uri.host().is_some()) else {
            return Err(self.wrong(key, "an http or https address"));
        };
        // Another component of the application is nobody's receiver, whatever is allowed.
        let host = uri.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        if host.ends_with(".spin.internal") || (!self.channel.allow_private && is_private(&host)) {
            return Err(NoDestination::Private(self.channel.setting(key).unwrap_or(key).to_owned()));
        }
        Ok(text)
    }

    /// A POST of JSON to an address, with more headers.
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &Value) -> Built {
        self.post_bytes(url, headers, body.to_string().into_bytes())
    }

    /// The same, for a body that is written already.
    pub fn post_bytes(&self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Built {
        finish(Request::post(url), headers, body)
    }
}

/// Adds what every request has.
pub(super) fn finish(request: request::Builder, headers: &[(&str, &str)], body: Vec<u8>) -> Built {
    let mut request = request.header(header::USER_AGENT, "ringback");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    // What fails here is a key or an address with characters that no header or URL has.
    request.body(body).map_err(|_| NoDestination::Wrong("…".to_owned(), "what a request can carry"))
}

/// Whether a host is in a private network, as far as its name tells. What a public name resolves to is the platform's to
/// see: Spin's runtime configuration can block private networks.
pub(super) fn is_private(host: &str) -> bool {
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return is_private_address(address);
    }
    let suffixes = [".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet"];
    // A name without a dot, and numbers that some resolvers take for an address, lead nowhere public.
    let number =
        host.rsplit('.').next().is_some_and(|last| last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit()));
    !host.contains('.') || number || suffixes.iter().any(|suffix| host.ends_with(suffix))
}

fn is_private_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified();
            // Shared address space (RFC 6598), IETF assignments, benchmarks, multicast and what is reserved.
            special
                || a == 0
                || (a == 100 && b & 0xc0 == 64)
                || (a, b, c) == (192, 0, 0)
                || (a == 198 && b & 0xfe == 18)
                || a >= 224
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4() {
                return is_private_address(IpAddr::V4(v4)) || v6.is_loopback() || v6.is_unspecified();
            }
            let first = v6.segments()[0];
            // Unique local, link local, multicast, and the prefix that wraps IPv4 (RFC 6052).
            first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || first & 0xff00 == 0xff00 || first == 0x64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_hosts_are_known_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "[::1]",
            "[::]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
            "localhost",
            "db.localhost",
            "printer.local",
            "metadata.google.internal",
            "mailpit",
            "2130706433",
            "127.1",
            "0x7f.0x1",
            "router.lan",
        ] {
            assert!(is_private(host), "{host}");
        }
        for host in ["hooks.slack.com", "1.1.1.1", "[2606:4700::1111]", "100.128.0.1", "172.32.0.1", "example.org"] {
            assert!(!is_private(host), "{host}");
        }
    }
}
