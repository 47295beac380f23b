//! Requests guests make: allowed or not, to another component in this process or out to the network.

pub(crate) mod allow;
mod client;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::faults::{Effect, FaultPlan, OutboundRequest};
use crate::http::App;
use crate::logs::Logs;

pub(crate) use allow::{AllowList, Allowed};
pub(crate) use client::Client;

/// Ends the host names of service chaining: `<component>.spin.internal`.
pub(crate) const CHAINING_SUFFIX: &str = ".spin.internal";

type Request = http::Request<WasiBody>;
type Response = http::Response<WasiBody>;

/// A component's way out. Cheap to clone: every instance has one.
#[derive(Clone)]
pub(crate) struct Outbound(Arc<Inner>);

struct Inner {
    component: Arc<str>,
    allowed: AllowList,
    client: Client,
    faults: FaultPlan,
    logs: Logs,
    here: Arc<Here>,
}

/// The running application, known only once all its components are there.
#[derive(Default)]
pub(crate) struct Here {
    pub app: OnceLock<Weak<App>>,
    pub address: OnceLock<SocketAddr>,
}

impl Outbound {
    pub fn new(
        component: Arc<str>,
        allowed: AllowList,
        client: Client,
        faults: FaultPlan,
        logs: Logs,
        here: Arc<Here>,
    ) -> Self {
        Self(Arc::new(Inner { component, allowed, client, faults, logs, here }))
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request,
        options: Option<RequestOptions>,
        // Tells whether the guest could use the answer: there is nobody here to tell.
        _consumed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(Response, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>> + Send>
    {
        let inner = self.0.clone();
        Box::new(async move {
            let response = inner.send(request, options.unwrap_or_default()).await?;
            let finished: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, finished))
        })
    }
}

impl Inner {
    async fn send(&self, mut request: Request, options: RequestOptions) -> Result<Response, Error> {
        self.address(&mut request)?;
        let effect = self.faults.for_outbound(|| OutboundRequest {
            component: self.component.as_ref().to_owned(),
            method: request.method().to_string(),
            uri: request.uri().to_string(),
        });
        match effect {
            None => self.deliver(request, options).await,
            Some(Effect::FailBefore(_)) => Err(Error::ConnectionRefused),
            Some(Effect::FailAfter(_)) => {
                self.deliver(request, options).await?;
                Err(Error::ConnectionTerminated)
            }
            Some(Effect::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.deliver(request, options).await
            }
        }
    }

    /// Refuses what is not allowed, and turns a request to the application itself into one to its address.
    fn address(&self, request: &mut Request) -> Result<(), Error> {
        let to_self = match request.uri().authority() {
            Some(authority) => authority.host().is_empty() || authority.host() == "self.alt",
            None => true,
        };
        let allowed = if to_self { self.allowed.allows_self() } else { self.allowed.allows(request.uri()) };
        if !allowed {
            let target = target(request.uri());
            self.logs.say(
                &self.component,
                format!(
                    "outbound request to {target} refused: add it to allowed_outbound_hosts of component `{}`",
                    self.component
                ),
            );
            return Err(Error::HttpRequestDenied);
        }
        if to_self {
            let address = self.here.address.get().ok_or(Error::DestinationUnavailable)?;
            *request.uri_mut() = at(address, request.uri().path_and_query().cloned())?;
        }
        // The client and the chained component take the host from the URI.
        request.headers_mut().remove(http::header::HOST);
        Ok(())
    }

    async fn deliver(&self, request: Request, options: RequestOptions) -> Result<Response, Error> {
        let chained = request.uri().host().and_then(|host| host.strip_suffix(CHAINING_SUFFIX)).map(str::to_owned);
        let Some(component) = chained else {
            return self.client.send(request, options).await;
        };
        let app = self.here.app.get().and_then(Weak::upgrade).ok_or(Error::DestinationUnavailable)?;
        app.chain(&component, request).await
    }
}

/// Scheme and host of a URI: paths may hold secrets, as those of chat webhooks do.
fn target(uri: &Uri) -> String {
    let authority = uri.authority().map_or("self", Authority::as_str);
    format!("{}://{authority}", uri.scheme_str().unwrap_or("http"))
}

fn at(address: &SocketAddr, path: Option<PathAndQuery>) -> Result<Uri, Error> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(address.to_string().parse().map_err(|_| Error::HttpRequestUriInvalid)?);
    parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)
}
