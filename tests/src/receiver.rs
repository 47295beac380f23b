//! A receiver of alerts and messages (chat, mail provider, webhook) with a personality, which remembers what it got.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpSocket;

/// What a receiver answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    after: Duration,
    breaks_off: bool,
}

impl Reply {
    /// A status without anything else.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), after: Duration::ZERO, breaks_off: false }
    }

    /// No answer: the connection is closed once the request is there.
    #[must_use]
    pub fn breaks_off() -> Self {
        Self { breaks_off: true, ..Self::status(0) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// Answers only after a time.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.after = time;
        self
    }
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// When it had arrived whole.
    pub arrived: Instant,
    /// The status it is answered with.
    pub answered: u16,
}

impl Received {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text, empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether it was answered with success.
    #[must_use]
    pub fn taken(&self) -> bool {
        (200..300).contains(&self.answered)
    }
}

type Personality = Box<dyn Fn(&Received) -> Option<Reply> + Send + Sync>;

struct Inner {
    usual: Reply,
    next: Mutex<VecDeque<Reply>>,
    personality: Mutex<Option<Personality>>,
    received: Mutex<Vec<Received>>,
}

/// The receiver. Clones are the same one. It takes everything until it is told otherwise.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    waiting: Arc<Mutex<Option<TcpSocket>>>,
    inner: Arc<Inner>,
}

impl Receiver {
    /// One that has a port but does not listen yet: connections are refused. `usual` is its answer when it is in the mood.
    #[must_use]
    pub fn closed(usual: Reply) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = socket.local_addr().expect("an address");
        let (next, personality, received) = (Mutex::default(), Mutex::default(), Mutex::default());
        let inner = Arc::new(Inner { usual, next, personality, received });
        Self { address, waiting: Arc::new(Mutex::new(Some(socket))), inner }
    }

    /// Begins to listen. Does nothing when it already does.
    pub fn open(&self) {
        let Some(socket) = locked(&self.waiting).take() else { return };
        let listener = socket.listen(1024).expect("listens");
        let inner = self.inner.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let inner = inner.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(inner.clone(), request));
                    // A sender that breaks off is its own business.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
    }

    /// `http://127.0.0.1:port`
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the next requests with these, then as usual.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        locked(&self.inner.next).extend(replies);
    }

    /// Answers with what the function says, and as usual where it says nothing.
    pub fn behave(&self, personality: impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static) {
        *locked(&self.inner.personality) = Some(Box::new(personality));
    }

    /// Always answers with this.
    pub fn always(&self, reply: Reply) {
        self.behave(move |_| Some(reply.clone()));
    }

    /// Back to its usual answer.
    pub fn recover(&self) {
        *locked(&self.inner.personality) = None;
        locked(&self.inner.next).clear();
    }

    /// Everything that arrived, in order, whatever it was answered with.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        locked(&self.inner.received).clone()
    }

    /// What it took.
    #[must_use]
    pub fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::taken).collect()
    }

    /// How many requests it took.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.inner.received).iter().filter(|r| r.taken()).count()
    }

    /// Forgets what arrived so far, and returns it.
    pub fn drain(&self) -> Vec<Received> {
        std::mem::take(&mut *locked(&self.inner.received))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> std::io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // Broken off: nothing has arrived.
        Err(_) => return Ok(Response::builder().status(400).body(Full::default()).expect("a response")),
    };
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let mut received =
        Received { method: head.method, path, headers: head.headers, body, arrived: Instant::now(), answered: 0 };
    let reply = locked(&inner.next).pop_front();
    let reply = reply.or_else(|| locked(&inner.personality).as_ref().and_then(|says| says(&received)));
    let reply = reply.unwrap_or_else(|| inner.usual.clone());
    received.answered = reply.status;
    locked(&inner.received).push(received);
    tokio::time::sleep(reply.after).await;
    if reply.breaks_off {
        return Err(std::io::ErrorKind::ConnectionAborted.into());
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(Bytes::from(reply.body))).expect("a response"))
}
