//! Which component answers a path. Exact routes beat wildcards, longer wildcards beat shorter ones; the
//! matching itself is the library's that Spin uses.

use std::borrow::Cow;

use crate::manifest::{Manifest, ManifestError, Route};

/// The public routes of an application.
#[derive(Debug)]
pub(crate) struct Router {
    routes: routefinder::Router<Target>,
}

#[derive(Debug)]
struct Target {
    component: String,
    /// As in the manifest.
    raw: String,
    /// Absolute and without a slash at the end.
    based: String,
}

/// What a path matched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matched<'a> {
    pub component: &'a str,
    /// The route as it is written in the manifest.
    pub raw: &'a str,
    /// The route, absolute.
    pub based: &'a str,
    /// What the wildcard stands for, with its leading slash; empty for an exact route.
    pub rest: Cow<'a, str>,
    /// Named parts, `:name` in the route.
    pub named: Vec<(String, String)>,
}

impl<'a> Matched<'a> {
    /// The match of a chained request: as if the component had the route `/...`.
    pub fn chained(component: &'a str, path: &'a str) -> Self {
        Self { component, raw: "/...", based: "/...", rest: path.into(), named: Vec::new() }
    }

    /// The route without its wildcard.
    pub fn prefix(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(self.raw)
    }
}

impl Router {
    /// Builds the routes of a manifest. Of two equal routes the later one answers, as in Spin; here that is
    /// refused, because it is never meant.
    pub fn new(manifest: &Manifest) -> Result<Self, ManifestError> {
        let mut routes = routefinder::Router::new();
        let mut seen: Vec<&str> = Vec::new();
        for trigger in &manifest.triggers {
            let Route::Public(raw) = &trigger.route else { continue };
            let based = absolute(raw);
            if based.starts_with("/.well-known/spin") {
                return Err(manifest.error(trigger.line, format!("route `{raw}` is reserved")));
            }
            if seen.contains(&raw.as_str()) {
                return Err(manifest.error(trigger.line, format!("route `{raw}` is given twice")));
            }
            seen.push(raw);
            let pattern = match based.strip_suffix("/...") {
                Some(prefix) => format!("{prefix}/*"),
                None => based.clone(),
            };
            let target = Target { component: trigger.component.clone(), raw: raw.clone(), based };
            routes
                .add(pattern.as_str(), target)
                .map_err(|error| manifest.error(trigger.line, format!("route `{raw}`: {error}")))?;
        }
        Ok(Self { routes })
    }

    /// The best match for a path.
    pub fn route<'a>(&'a self, path: &'a str) -> Option<Matched<'a>> {
        let best = self.routes.best_match(path)?;
        let target = best.handler();
        let captures = best.captures();
        let rest = match captures.wildcard() {
            None => Cow::Borrowed(""),
            Some("") if path.ends_with('/') => Cow::Borrowed("/"),
            Some("") => Cow::Borrowed(""),
            Some(rest) if path.ends_with('/') => format!("/{rest}/").into(),
            Some(rest) => format!("/{rest}").into(),
        };
        let named = captures.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(Matched { component: &target.component, raw: &target.raw, based: &target.based, rest, named })
    }

    /// Every public route with its component, for display.
    pub fn all(&self) -> Vec<(String, String)> {
        self.routes.iter().map(|(_, target)| (target.raw.clone(), target.component.clone())).collect()
    }
}

fn absolute(route: &str) -> String {
    let route = route.strip_suffix('/').unwrap_or(route);
    if route.starts_with('/') || route.is_empty() { route.to_owned() } else { format!("/{route}") }
}
