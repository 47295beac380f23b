//! Which hosts a component may call: `allowed_outbound_hosts`, `scheme://host[:port]` with wildcards.
//!
//! A wildcard for a part stands for anything in it, `*.example.com` for its subdomains, `a..b` for a range of
//! ports. `http://*.spin.internal` allows chaining to every component of the application.

use http::Uri;
use url::Host;

use super::CHAINING_SUFFIX;

/// One allowed host, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    scheme: Option<String>,
    host: HostRule,
    port: PortRule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostRule {
    Any,
    /// Starts with a dot.
    Below(String),
    This,
    Exactly(Host),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PortRule {
    Any,
    Within(std::ops::Range<u32>),
}

impl Allowed {
    /// Parses one entry; an empty one (an optional endpoint left out by its variable) is `None`.
    ///
    /// # Errors
    /// The reason, as a fragment.
    pub fn parse(entry: &str) -> Result<Option<Self>, String> {
        let entry = entry.trim();
        if entry.is_empty() || entry == "http://" || entry == "https://" {
            return Ok(None);
        }
        let (scheme, rest) =
            entry.split_once("://").ok_or_else(|| format!("`{entry}` has no scheme, such as `https://`"))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err(format!("`{entry}` has a path"));
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (rest, ""),
        };
        Ok(Some(Self { scheme: parse_scheme(scheme)?, host: parse_host(host)?, port: parse_port(port, scheme)? }))
    }

    fn allows(&self, uri: &Uri, components: &[String]) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return false };
        let Some(port) = uri.port_u16().or_else(|| default_port(scheme)) else { return false };
        self.allows_scheme(scheme) && self.host.allows(host, components) && self.port.allows(port)
    }

    fn allows_scheme(&self, scheme: &str) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
    }

    /// Whether requests to the application itself are allowed.
    fn allows_self(&self) -> bool {
        matches!(self.host, HostRule::Any | HostRule::This)
            && (self.allows_scheme("http") || self.allows_scheme("https"))
    }
}

/// All allowed hosts of one component.
#[derive(Debug, Default)]
pub(crate) struct AllowList {
    entries: Vec<Allowed>,
    components: Vec<String>,
}

impl AllowList {
    /// `components` are the ids that exist: the wildcard of chaining stands for these.
    pub fn new(entries: Vec<Allowed>, components: Vec<String>) -> Self {
        Self { entries, components }
    }

    pub fn allows(&self, uri: &Uri) -> bool {
        self.entries.iter().any(|entry| entry.allows(uri, &self.components))
    }

    pub fn allows_self(&self) -> bool {
        self.entries.iter().any(Allowed::allows_self)
    }
}

impl HostRule {
    fn allows(&self, host: &str, components: &[String]) -> bool {
        let Ok(host) = Host::parse(host) else { return false };
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(suffix), Host::Domain(domain)) if suffix == CHAINING_SUFFIX => domain
                .strip_suffix(CHAINING_SUFFIX)
                .is_some_and(|component| components.iter().any(|id| id == component)),
            (Self::Below(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Exactly(allowed), host) => *allowed == host,
            (Self::Below(_) | Self::This, _) => false,
        }
    }
}

impl PortRule {
    fn allows(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Within(range) => range.contains(&u32::from(port)),
        }
    }
}

fn parse_scheme(scheme: &str) -> Result<Option<String>, String> {
    if scheme == "*" {
        Ok(None)
    } else if !scheme.is_empty() && scheme.chars().all(char::is_alphabetic) {
        Ok(Some(scheme.to_owned()))
    } else {
        Err(format!("`{scheme}` is not a scheme"))
    }
}

fn parse_host(host: &str) -> Result<HostRule, String> {
    match host {
        "*" => return Ok(HostRule::Any),
        "self" | "self.alt" => return Ok(HostRule::This),
        _ => {}
    }
    let (below, name) = match host.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, host),
    };
    if name.contains('*') {
        return Err(format!("`{host}`: a wildcard is allowed only in front"));
    }
    match (below, Host::parse(name).map_err(|error| format!("`{host}`: {error}"))?) {
        (false, host) => Ok(HostRule::Exactly(host)),
        (true, Host::Domain(domain)) => Ok(HostRule::Below(format!(".{domain}"))),
        (true, _) => Err(format!("`{host}`: only names have subdomains")),
    }
}

fn parse_port(port: &str, scheme: &str) -> Result<PortRule, String> {
    let number = |text: &str| text.parse::<u16>().map(u32::from).map_err(|_| format!("`{port}` is not a port"));
    if port == "*" {
        return Ok(PortRule::Any);
    }
    let range = if port.is_empty() {
        let port =
            u32::from(default_port(scheme).ok_or_else(|| format!("scheme `{scheme}` has no usual port: write one"))?);
        port..port + 1
    } else if let Some((first, end)) = port.split_once("..") {
        number(first)?..number(end)?
    } else {
        number(port)?..number(port)? + 1
    };
    Ok(PortRule::Within(range))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        "mqtt" => Some(1883),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str, uri: &str) -> bool {
        let entry = Allowed::parse(entry).unwrap().unwrap();
        AllowList::new(vec![entry], vec!["desk".to_owned()]).allows(&uri.parse().unwrap())
    }

    #[test]
    fn allows_by_scheme_host_and_port() {
        for (entry, uri, expected) in [
            ("https://hooks.example.com", "https://hooks.example.com/x", true),
            ("https://hooks.example.com", "http://hooks.example.com/x", false),
            ("https://hooks.example.com", "https://hooks.example.com:8443/x", false),
            ("https://hooks.example.com:*", "https://hooks.example.com:8443/x", true),
            ("https://*.example.com", "https://a.b.example.com/", true),
            ("https://*.example.com", "https://example.com/", false),
            ("https://*.example.com", "https://badexample.com/", false),
            ("http://127.0.0.1:3001", "http://127.0.0.1:3001/inbox", true),
            ("http://127.0.0.1:3000..3010", "http://127.0.0.1:3009/", true),
            ("http://127.0.0.1:3000..3010", "http://127.0.0.1:3010/", false),
            ("http://[::1]:3001", "http://[::1]:3001/", true),
            ("*://*:*", "https://anything.example:1/", true),
            ("http://*.spin.internal", "http://desk.spin.internal/a", true),
            ("http://*.spin.internal", "http://other.spin.internal/a", false),
            ("http://desk.spin.internal", "http://desk.spin.internal/a", true),
            ("http://self", "http://self.alt/a", false),
        ] {
            assert_eq!(check(entry, uri), expected, "{entry} for {uri}");
        }
    }

    #[test]
    fn refuses_entries_that_mean_nothing() {
        for entry in ["example.com", "https://a.*.com", "ftp://example.com", "http://example.com/path", "http://x:port"]
        {
            assert!(Allowed::parse(entry).is_err(), "{entry}");
        }
        assert_eq!(Allowed::parse("https://"), Ok(None));
    }
}
