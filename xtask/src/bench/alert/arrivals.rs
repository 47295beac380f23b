//! The receiver of both: notes when which alert came first, and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use crate::http::{self, Response};
use crate::ports;

/// A running receiver. It ends with the process.
pub struct Arrivals {
    port: u16,
    seen: Arc<(Mutex<HashMap<String, Instant>>, Condvar)>,
}

impl Arrivals {
    /// Starts to listen on a free port of the loopback address.
    pub fn start() -> Result<Self> {
        let seen = Arc::new((Mutex::new(HashMap::new()), Condvar::new()));
        let noting = Arc::clone(&seen);
        let port = http::serve(ports::local(0), move |request| {
            let now = Instant::now();
            let mut all = noting.0.lock().unwrap_or_else(PoisonError::into_inner);
            for name in names(&request.path, &request.body) {
                all.entry(name).or_insert(now);
            }
            noting.1.notify_all();
            Response::new(200, "ok")
        })?;
        Ok(Self { port: port.port(), seen })
    }

    /// The address of one of its paths.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Waits until all of these have come, or it takes too long. Returns how long each took from when it was posted, and
    /// how many did not come.
    pub fn latencies(&self, posted: &[(String, Instant)], at_most: Duration) -> (Vec<Duration>, usize) {
        let missing = |all: &HashMap<String, Instant>| posted.iter().any(|(name, _)| !all.contains_key(name));
        let all = self.seen.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.seen.1.wait_timeout_while(all, at_most, |all| missing(all));
        let all = waited.unwrap_or_else(PoisonError::into_inner).0;
        let took = |(name, at): &(String, Instant)| Some(all.get(name)?.saturating_duration_since(*at));
        let latencies: Vec<Duration> = posted.iter().filter_map(took).collect();
        let lost = posted.len() - latencies.len();
        (latencies, lost)
    }
}

/// The alerts in a request: Ringback's by the cases they lead to, Alertmanager's by their label `n`.
fn names(path: &str, body: &[u8]) -> Vec<String> {
    if path == "/alertmanager" {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let alerts = body["alerts"].as_array().map(Vec::as_slice).unwrap_or_default();
        return alerts.iter().filter_map(|alert| alert["labels"]["n"].as_str()).map(str::to_owned).collect();
    }
    let body = String::from_utf8_lossy(body);
    let cases = body.split("/desk/cases/").skip(1);
    cases.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_known_by_case_or_label() {
        let ours = br#"{"text":"<http://x/desk/cases/abc123|Open>","b":"http://x/desk/cases/d4"}"#;
        assert_eq!(names("/ringback", ours), ["abc123", "d4"]);
        let theirs = br#"{"alerts":[{"labels":{"n":"7-1"}},{"labels":{"n":"7-2"}}]}"#;
        assert_eq!(names("/alertmanager", theirs), ["7-1", "7-2"]);
    }

    #[test]
    fn what_does_not_come_is_counted() {
        let arrivals = Arrivals::start().expect("a receiver");
        let client = crate::client::Client::new(&arrivals.url(""));
        let posted = [("a1".to_owned(), Instant::now()), ("a2".to_owned(), Instant::now())];
        client.post("/ringback", &[], b"/desk/cases/a1 /desk/cases/a1").expect("taken");
        let (latencies, lost) = arrivals.latencies(&posted, Duration::from_millis(50));
        assert_eq!((latencies.len(), lost), (1, 1));
    }
}
