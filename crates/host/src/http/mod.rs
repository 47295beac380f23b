//! HTTP in: from the socket, by the routes, to a component's instances. Chained requests take the same way
//! without the socket.

mod body;
mod handler;
mod headers;
mod routes;
mod server;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};

use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::logs::Logs;

pub(crate) use handler::{Component, Life};
pub(crate) use routes::Router;
pub(crate) use server::serve;

use routes::Matched;

type Request = http::Request<WasiBody>;
type Response = http::Response<WasiBody>;

/// The address chained requests come from, as in Spin.
const CHAINED: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
const WELL_KNOWN: &str = "/.well-known/spin/";

/// The running application: its routes and the components that answer.
pub(crate) struct App {
    router: Router,
    components: HashMap<String, ProxyHandler<Component>>,
    life: Life,
    logs: Logs,
}

impl App {
    pub fn new(router: Router, components: Vec<Component>, life: Life, logs: Logs) -> Self {
        let components =
            components.into_iter().map(|component| (component.id().to_owned(), ProxyHandler::new(component))).collect();
        Self { router, components, life, logs }
    }

    /// Public routes with their components.
    pub fn routes(&self) -> Vec<(String, String)> {
        self.router.all()
    }

    /// Answers a request from the network.
    async fn answer(&self, mut request: Request, client: SocketAddr) -> Response {
        headers::strip(request.headers_mut());
        let path = request.uri().path().to_owned();
        if let Some(known) = path.strip_prefix(WELL_KNOWN) {
            return if known == "health" { text("OK") } else { empty(StatusCode::NOT_FOUND) };
        }
        let Some(matched) = self.router.route(&path) else { return empty(StatusCode::NOT_FOUND) };
        match absolute(request.uri(), request.headers()) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(status) => return empty(status),
        }
        self.call(&matched, request, client).await
    }

    /// Answers a request of a component, or of the host itself, to a component.
    ///
    /// # Errors
    /// [`Error::DestinationNotFound`] when no trigger names the component.
    pub async fn chain(&self, component: &str, request: Request) -> Result<Response, Error> {
        if !self.components.contains_key(component) {
            self.logs.say(component, format!("no trigger names component `{component}`: it cannot be reached"));
            return Err(Error::DestinationNotFound);
        }
        let path = request.uri().path().to_owned();
        Ok(self.call(&Matched::chained(component, &path), request, CHAINED).await)
    }

    async fn call(&self, matched: &Matched<'_>, mut request: Request, client: SocketAddr) -> Response {
        if headers::add(&mut request, matched, client).is_err() {
            return empty(StatusCode::BAD_REQUEST);
        }
        let Some(handler) = self.components.get(matched.component) else {
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let _waits = self.life.work();
        match handler.handle((), request).await {
            Ok(response) => response,
            Err(error) => {
                self.logs.say(matched.component, format!("request failed: {error:?}"));
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// The request's URI with scheme and host, which both HTTP/1.1 forms give differently.
fn absolute(uri: &Uri, headers: &http::HeaderMap) -> Result<Uri, StatusCode> {
    let mut parts = uri.clone().into_parts();
    let named = match headers.get(http::header::HOST) {
        Some(host) => Some(host.to_str().ok().and_then(|host| host.parse().ok()).ok_or(StatusCode::BAD_REQUEST)?),
        None => None,
    };
    if parts.authority.is_some() && named.is_some() && parts.authority != named {
        return Err(StatusCode::BAD_REQUEST);
    }
    parts.authority = Some(parts.authority.or(named).ok_or(StatusCode::BAD_REQUEST)?);
    parts.scheme = Some(http::uri::Scheme::HTTP);
    Uri::from_parts(parts).map_err(|_| StatusCode::BAD_REQUEST)
}

fn empty(status: StatusCode) -> Response {
    let mut response = http::Response::new(Empty::new().map_err(Error::from).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn text(text: &'static str) -> Response {
    http::Response::new(Full::from(text).map_err(Error::from).boxed_unsync())
}
