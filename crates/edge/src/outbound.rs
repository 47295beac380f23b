//! Outbound HTTP on Spin: `allowed_outbound_hosts` holds, no redirect is followed, and nobody waits for ever.

use bytes::Bytes;
use futures::future::{Either, select};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use ringback_app::{Outbound, OutboundError};
use spin_sdk::time::sleep;
use spin_sdk::wasip3::http::types::ErrorCode;
use std::pin::pin;
use std::time::Duration;

/// Largest answer that is read, in bytes; nobody needs more than an id and an error.
const MAX_ANSWER: usize = 64 * 1024;

/// Sends through Spin.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpinOutbound;

impl Outbound for SpinOutbound {
    async fn send(&self, request: Request<Vec<u8>>, within: Duration) -> Result<Response<Vec<u8>>, OutboundError> {
        match select(pin!(exchange(request)), pin!(sleep(within))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(OutboundError::Timeout),
        }
    }

    async fn pause(&self, time: Duration) {
        sleep(time).await;
    }
}

async fn exchange(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
    let request = request.map(|body| Full::new(Bytes::from(body)));
    let answer = spin_sdk::http::send(request).await.map_err(refused)?;
    let (parts, body) = answer.into_parts();
    // What the receiver said is a courtesy; the status is what counts.
    let body = Limited::new(body, MAX_ANSWER).collect().await.map(|b| b.to_bytes().to_vec()).unwrap_or_default();
    Ok(Response::from_parts(parts, body))
}

/// Error codes carry no address, but their free texts may.
fn refused(code: ErrorCode) -> OutboundError {
    match code {
        ErrorCode::HttpRequestDenied => OutboundError::NotAllowed,
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout
        | ErrorCode::DnsTimeout => OutboundError::Timeout,
        ErrorCode::DnsError(_) => OutboundError::Connection("the name is not known".to_owned()),
        ErrorCode::ConnectionRefused => OutboundError::Connection("refused".to_owned()),
        ErrorCode::TlsCertificateError | ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            OutboundError::Connection("TLS failed".to_owned())
        }
        _ => OutboundError::Connection("broken off".to_owned()),
    }
}
