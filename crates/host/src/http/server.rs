//! The listening socket: HTTP/1.1 with kept-alive connections, closed gracefully.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::Timely;
use super::{App, Response};

/// Accepts connections until `closing`; each one is a task of `connections` and ends after its current answer.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener, closing: CancellationToken, connections: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, client)) => {
                connections.spawn(connection(app.clone(), stream, client, closing.clone()));
            }
            // Out of file descriptors, or the client is gone already: waiting a little helps in both cases.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(app: Arc<App>, stream: TcpStream, client: SocketAddr, closing: CancellationToken) {
    // Otherwise an answer with a body waits for the client's delayed acknowledgement, 40 ms.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: http::Request<Incoming>| {
        let app = app.clone();
        async move {
            let request = request.map(|body| Timely::new(body).boxed_unsync());
            Ok::<Response, Infallible>(app.answer(request, client).await)
        }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A connection that breaks is the client's affair.
    drop(ended);
}
