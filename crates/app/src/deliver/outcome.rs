//! What a receiver's answer means.
//!
//! 2xx is success; network errors, 408, 429 and 5xx are worth another try, at the earliest when `Retry-After` says;
//! a redirect is not followed and counts as a refusal, like every other answer.

use super::standing::switches_off;
use crate::ports::OutboundError;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Response, StatusCode, header};
use ringback_core::alert::Outcome;

/// Judges an answer, or its absence. The texts carry no address: an address can be a secret.
#[must_use]
pub fn of_answer(answer: Result<Response<Vec<u8>>, OutboundError>, now: DateTime<Utc>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(OutboundError::NotAllowed) => return Outcome::Failed(OutboundError::NotAllowed.to_string()),
        Err(error) => return Outcome::Retry(error.to_string(), None),
    };
    let status = answer.status();
    let said = format!("the receiver answered {}", status.as_u16());
    // 409: an e-mail provider knows the idempotency key. Either it still works on an earlier attempt, or that one was
    // taken and this one is worded otherwise, as it tells how much time is left (Resend, "Idempotency Keys").
    let taken_before = status == StatusCode::CONFLICT && error_name(&answer) == "invalid_idempotent_request";
    let again = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS, StatusCode::CONFLICT];
    match status {
        s if s.is_success() => Outcome::Delivered(provider_id(&answer)),
        _ if taken_before => Outcome::Delivered(None),
        s if s.is_server_error() || again.contains(&s) => Outcome::Retry(said, retry_after(answer.headers(), now)),
        s if switches_off(s) => Outcome::Gone(said),
        _ => Outcome::Failed(said),
    }
}

/// `Retry-After` in both of its forms: seconds, or an HTTP date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(now + TimeDelta::seconds(i64::from(seconds)));
    }
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.with_timezone(&Utc))
}

fn error_name(answer: &Response<Vec<u8>>) -> String {
    let value: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    value.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}

/// The receiver's name for what it took, by the names that products have for it.
fn provider_id(answer: &Response<Vec<u8>>) -> Option<String> {
    let header = answer.headers().get("x-message-id").and_then(|id| id.to_str().ok());
    let value: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let names = ["id", "ID", "MessageID", "MessageId", "messageId", "event_id", "name"];
    let given = header.or_else(|| names.iter().find_map(|name| value.get(name)?.as_str()));
    given.filter(|id| id.len() <= 128).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_445_412_400 + seconds, 0).unwrap()
    }

    fn judge(status: u16, retry_after: &str) -> Outcome {
        let mut answer = Response::builder().status(status);
        if !retry_after.is_empty() {
            answer = answer.header("retry-after", retry_after);
        }
        of_answer(Ok(answer.body(Vec::new()).unwrap()), at(0))
    }

    #[test]
    fn answers_mean_delivered_again_or_never() {
        assert_eq!(judge(200, ""), Outcome::Delivered(None));
        for status in [408, 409, 429, 500, 503] {
            assert!(matches!(judge(status, ""), Outcome::Retry(_, None)), "{status}");
        }
        for status in [301, 400, 413, 422] {
            assert!(matches!(judge(status, ""), Outcome::Failed(_)), "{status}");
        }
        for status in [401, 403, 404, 410] {
            assert!(matches!(judge(status, ""), Outcome::Gone(_)), "{status}");
        }
        assert!(matches!(of_answer(Err(OutboundError::Timeout), at(0)), Outcome::Retry(_, None)));
    }

    #[test]
    fn a_mail_that_was_taken_before_has_arrived_and_one_that_is_being_taken_is_asked_again() {
        let judge = |name: &str| {
            let body = serde_json::json!({ "statusCode": 409, "name": name, "message": "…" }).to_string();
            of_answer(Ok(Response::builder().status(409).body(body.into_bytes()).unwrap()), at(0))
        };
        assert_eq!(judge("invalid_idempotent_request"), Outcome::Delivered(None));
        assert!(matches!(judge("concurrent_idempotent_requests"), Outcome::Retry(_, None)));
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        assert!(matches!(judge(429, "120"), Outcome::Retry(_, Some(t)) if t == at(120)));
        assert!(matches!(judge(503, "Wed, 21 Oct 2015 07:28:00 GMT"), Outcome::Retry(_, Some(t)) if t == at(80)));
        assert!(matches!(judge(503, "soon"), Outcome::Retry(_, None)));
    }

    #[test]
    fn the_providers_name_for_a_mail_is_kept() {
        let answer = Response::new(br#"{"id":"49a3999c"}"#.to_vec());
        assert_eq!(of_answer(Ok(answer), at(0)), Outcome::Delivered(Some("49a3999c".into())));
    }
}
