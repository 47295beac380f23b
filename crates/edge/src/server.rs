//! Requests in, answers out: between Spin's streams and the use cases' whole bodies.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use ringback_app::problem::{Problem, Reply};
use ringback_app::{MAX_BODY, too_large};
use spin_sdk::http::Request as SpinRequest;

/// What a component answers.
pub type Answer = Response<Full<Bytes>>;

/// Reads a request whole, up to [`MAX_BODY`].
///
/// # Errors
/// As for [`whole_up_to`].
pub async fn whole(request: SpinRequest) -> Result<Request<Vec<u8>>, Problem> {
    whole_up_to(request, MAX_BODY).await
}

/// Reads a request whole, up to a number of bytes.
///
/// # Errors
/// 413 when the body is larger, 400 when the sender broke off.
pub async fn whole_up_to(request: SpinRequest, most: usize) -> Result<Request<Vec<u8>>, Problem> {
    let (parts, body) = request.into_parts();
    let announced =
        parts.headers.get(http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(too_large(most));
    }
    let body = Limited::new(body, most).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return too_large(most);
        }
        Problem::new(http::StatusCode::BAD_REQUEST, "incomplete-body", "the body did not arrive whole")
    })?;
    Ok(Request::from_parts(parts, body.to_bytes().to_vec()))
}

/// The answer to a result.
#[must_use]
pub fn answer(result: Result<Reply, Problem>) -> Answer {
    result.unwrap_or_else(Problem::into_reply).map(|body| Full::new(Bytes::from(body)))
}

/// What is asked of which path. HEAD asks what GET does; that its answer goes without the body is the server's business.
#[must_use]
pub fn asked(request: &SpinRequest) -> (Method, String) {
    let method = match *request.method() {
        Method::HEAD => Method::GET,
        ref method => method.clone(),
    };
    (method, request.uri().path().to_owned())
}

/// The methods of a page that can only be read.
pub const READ: &str = "GET, HEAD";
/// The methods of a page that can be read and written to.
pub const READ_AND_WRITE: &str = "GET, HEAD, POST";

/// The parts of a path between its slashes; a slash at the end does not count.
#[must_use]
pub fn segments(path: &str) -> Vec<&str> {
    path.trim_matches('/').split('/').collect()
}
