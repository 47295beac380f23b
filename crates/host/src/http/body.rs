//! A request's body with a limit of time: whoever stops in between holds no place in an instance for ever.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::Sleep;
use wasmtime_wasi_http::Error;

/// How long a body may take to arrive, whole. No clock runs for one that is there already.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

/// A body that fails when it is not there in time.
pub(crate) struct Timely {
    body: Incoming,
    until: Option<Pin<Box<Sleep>>>,
}

impl Timely {
    /// Its time begins when it is first waited for.
    pub(crate) const fn new(body: Incoming) -> Self {
        Self { body, until: None }
    }
}

impl Body for Timely {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let until = self.until.get_or_insert_with(|| Box::pin(tokio::time::sleep(WITHIN)));
        ready!(until.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
