//! The HTTP client behind guests' requests: HTTP/1.1 and TLS with the public certificate authorities, kept-alive
//! connections, no redirects, the guest's own timeouts.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pool, Error as PoolError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Sleep, timeout};
use tower_service::Service;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// Where the guest sets no timeout: Spin's.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

tokio::task_local! {
    /// The connect timeout of the request a connection is opened for.
    static CONNECT_TIMEOUT: Duration;
}

/// A client. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Client {
    pool: Pool<Connector, WasiBody>,
}

impl Client {
    pub fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|_| unreachable!("the provider supports the default versions"))
            .with_root_certificates(rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(Connector(connector));
        Self { pool }
    }

    /// Sends a request, whose URI is absolute, and gives the answer as soon as its head is there.
    pub async fn send(
        &self,
        request: http::Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<http::Response<WasiBody>, Error> {
        let connect = options.connect_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let first_byte = options.first_byte_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let between = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
        let answered = CONNECT_TIMEOUT.scope(connect, self.pool.request(request));
        let response = timeout(first_byte, answered)
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(|error| explain(&error))?;
        Ok(response.map(|body| PacedBody { body: Some(body), between, waiting: None }.boxed_unsync()))
    }
}

/// What went wrong, in the words of `wasi:http`.
fn explain(error: &PoolError) -> Error {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(current) = cause {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(_) => Error::TlsCertificateError,
                _ => Error::TlsProtocolError,
            };
        }
        if let Some(wasi) = current.downcast_ref::<Error>() {
            return Error::InternalError(Some(wasi.to_string()));
        }
        if let Some(io) = current.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => return Error::ConnectionRefused,
                io::ErrorKind::TimedOut => return Error::ConnectionTimeout,
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
                    return Error::ConnectionTerminated;
                }
                _ => {}
            }
        }
        cause = current.source();
    }
    if !error.is_connect() {
        return Error::ConnectionTerminated;
    }
    if format!("{error:?}").contains("dns error") {
        return Error::DnsError { rcode: Some("address not available".to_owned()), info_code: Some(0) };
    }
    Error::DestinationUnavailable
}

/// Opens connections within the time of the request they are for.
#[derive(Clone)]
struct Connector(HttpsConnector<HttpConnector>);

type Boxed = Box<dyn StdError + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = Boxed;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Boxed>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Boxed>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            let time = CONNECT_TIMEOUT.try_with(|time| *time).unwrap_or(DEFAULT_TIMEOUT);
            match timeout(time, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}

/// An answer's body that fails when nothing comes for too long.
struct PacedBody {
    /// Dropped, and with it the connection, when the time is over.
    body: Option<Incoming>,
    between: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let between = self.between;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(between)));
        std::task::ready!(waiting.as_mut().poll(cx));
        self.body = None;
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}
