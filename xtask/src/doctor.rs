//! `cargo xtask doctor`: how a running application is doing, from what `GET /readyz` says. Changes nothing.
//!
//! An operator or administrator is told more. The token that was made here is for this machine's application and goes nowhere else.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::{Arg, ValueExt};
use serde_json::Value;
use ureq::http::Uri;

use crate::client::Client;
use crate::terminal::{self, Paint, paint};
use crate::{environment, up};

/// Seconds that an answer may wait to be sealed before it is remarked on: longer than a lease and a hole.
const SLOW: u64 = 90;
/// Seconds after which an alert or a message that has not arrived needs a person: four attempts have failed by then, and the
/// next is an hour and a half away.
const UNSENT: u64 = 3_600;
/// The variable with an operator's or administrator's token for an application elsewhere.
const TOKEN_VARIABLE: &str = "RINGBACK_TOKEN";

/// Runs the command: prints what there is to know, and ends non-zero when something needs a person.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    let (mut url, mut token_file) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("url") => url = Some(args.value()?.string()?),
            Arg::Long("token-file") => token_file = Some(PathBuf::from(args.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    let url = url.unwrap_or_else(up::address);
    let ready = ask(&url, token(&url, token_file.as_deref())?)?;
    for (name, value) in report(&ready) {
        say!("{} {value}", paint(Paint::Strong, format!("{name:<16}")));
    }
    let findings = findings(&ready);
    for finding in &findings {
        terminal::error(finding);
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The token to ask with; without one the rest is told all the same.
fn token(url: &str, file: Option<&Path>) -> Result<Option<String>> {
    if let Some(file) = file {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        return Ok(Some(text.trim().to_owned()));
    }
    if is_here(url) {
        return Ok(environment::token("token").ok());
    }
    Ok(std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty()))
}

/// Whether an address is one of this machine's own, which nobody else can listen on.
fn is_here(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

fn ask(url: &str, token: Option<String>) -> Result<Value> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|value| ("authorization", value.as_str())).collect();
    let answer = Client::new(url).get("/readyz", &headers);
    let answer = answer.map_err(|error| {
        let what = if nobody_there(&error) { "nothing answers at" } else { "cannot ask" };
        error.context(format!("{what} {url}"))
    })?;
    if answer.status != 200 {
        bail!("not ready, {}: {}", answer.status, answer.text());
    }
    answer.json()
}

/// Whether a request found nobody, rather than somebody whom it cannot talk to.
fn nobody_there(error: &anyhow::Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    match error.downcast_ref::<ureq::Error>() {
        Some(ureq::Error::Io(error)) => {
            matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | TimedOut)
        }
        Some(ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::Timeout(_)) => true,
        _ => false,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A list of names as a text; none for an empty one, or where nothing is said.
fn names(list: &Value) -> Option<String> {
    let names: Vec<&str> = list.as_array()?.iter().filter_map(Value::as_str).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What there is to know, as name and value.
fn report(ready: &Value) -> Vec<(String, String)> {
    let count = |value: &Value| {
        let more = if value["more"] == true { " or more" } else { "" };
        format!("{}{more}", text(&value["count"]))
    };
    let mut lines = vec![
        ("store".to_owned(), format!("{}: {}", text(&ready["store"]), text(&ready["probe"]))),
        ("configuration".to_owned(), text(&ready["configuration"])),
        ("encrypted".to_owned(), encrypted(ready)),
        ("lag".to_owned(), format!("{} events, the oldest for {} s", text(&ready["lag"]), text(&ready["lag_seconds"]))),
        ("dead letters".to_owned(), count(&ready["dead_letters"])),
    ];
    let unsent = &ready["unsent_alerts"];
    let oldest = match unsent["oldest_seconds"].as_u64() {
        Some(seconds) => format!(", the oldest for {seconds} s (since {})", text(&unsent["oldest_since"])),
        None => String::new(),
    };
    lines.push(("unsent alerts".to_owned(), format!("{}{oldest}", count(unsent))));
    // What is switched off is a finding; an empty variable may be meant.
    if let Some(nowhere) = names(&ready["channels_leading_nowhere"]) {
        lines.push(("no address".to_owned(), format!("{nowhere}: nothing is sent there")));
    }
    for shard in ready["shards"].as_array().into_iter().flatten() {
        let lease = match shard["lease_seconds"].as_u64() {
            Some(seconds) => format!("held by {} for {seconds} s", text(&shard["holder"])),
            None => "free".to_owned(),
        };
        let line = format!(
            "slots {}, sealed {}, timers until {}, lease {lease}",
            text(&shard["head"]),
            text(&shard["sealed"]),
            text(&shard["swept_until"])
        );
        lines.push((format!("shard {}", text(&shard["shard"])), line));
    }
    lines
}

/// Whether what is stored is encrypted, and under which key, if that is told.
fn encrypted(ready: &Value) -> String {
    let retired: Vec<&str> =
        ready["storage_keys_retired"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match (ready["encrypted"] == true, ready["storage_key"].as_str()) {
        (false, _) => "no".to_owned(),
        (true, None) => "yes".to_owned(),
        (true, Some(key)) if retired.is_empty() => format!("under the key {key}"),
        (true, Some(key)) => format!("under the key {key}; no longer needed in storage_keys: {}", retired.join(", ")),
    }
}

/// What needs a person.
fn findings(ready: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    if let Some(seconds) = ready["lag_seconds"].as_u64().filter(|seconds| *seconds > SLOW) {
        findings.push(format!("answers wait for {seconds} s: does anything POST /v1/tick?"));
    }
    if let Some(seconds) = ready["timers_late_seconds"].as_u64().filter(|seconds| *seconds > 0) {
        findings.push(format!("nobody has looked at the timers for {seconds} s: does anything POST /v1/tick?"));
    }
    // A clock may be some seconds off.
    if let Some(seconds) = ready["timers_ahead_seconds"].as_u64().filter(|seconds| *seconds > 60) {
        findings.push(format!("a clock was ahead: what is due within the next {seconds} s comes late"));
    }
    if let Some(seconds) = ready["unsent_alerts"]["oldest_seconds"].as_u64().filter(|seconds| *seconds >= UNSENT) {
        findings.push(format!(
            "something has been tried for {seconds} s and has not arrived: GET /v1/dead-letters?state=pending says what, and why"
        ));
    }
    if let Some(off) = names(&ready["channels_switched_off"]) {
        findings.push(format!("switched off, as they were refused for good: {off}; cargo xtask channel test CHANNEL"));
    }
    if ready["dead_letters"]["count"].as_u64().is_some_and(|count| count > 0) {
        findings
            .push("dead letters: GET /v1/dead-letters, and POST /v1/dead-letters/{id}/replay or …/discard".to_owned());
    }
    for shard in ready["shards"].as_array().into_iter().flatten() {
        if shard["quarantined"].as_u64().is_some_and(|count| count > 0) {
            let keys = match &shard["quarantined_keys"] {
                Value::Array(keys) => keys.iter().map(text).collect::<Vec<_>>().join(", "),
                _ => "an operator's token is told which".to_owned(),
            };
            findings.push(format!(
                "shard {}: {} values were not understood and set aside: {keys}",
                text(&shard["shard"]),
                text(&shard["quarantined"])
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use serde_json::json;

    fn ready() -> Value {
        json!({
            "store": "sqlite", "probe": "counters are …", "configuration": "c", "lag": 0, "lag_seconds": 0,
            "dead_letters": { "count": 0, "more": false },
            "unsent_alerts": { "count": 0, "more": false, "oldest_since": null, "oldest_seconds": null },
            "shards": [{ "shard": 0, "head": 7, "sealed": 6, "lease_seconds": 12, "holder": "ab", "quarantined": 0 }],
        })
    }

    #[test]
    fn a_healthy_application_gives_no_finding_and_is_described() {
        assert_eq!(findings(&ready()), Vec::<String>::new());
        let lines = report(&ready());
        let shard = lines.iter().find(|(name, _)| name == "shard 0").expect("a shard");
        assert_eq!(shard.1, "slots 7, sealed 6, timers until -, lease held by ab for 12 s");
    }

    #[test]
    fn the_key_in_force_and_those_to_take_out_are_told() {
        assert_eq!(encrypted(&ready()), "no");
        assert_eq!(encrypted(&json!({ "encrypted": true })), "yes");
        let told = json!({ "encrypted": true, "storage_key": "b", "storage_keys_retired": ["a"] });
        assert_eq!(encrypted(&told), "under the key b; no longer needed in storage_keys: a");
    }

    #[test]
    fn what_needs_a_person_is_found() {
        let mut ready = ready();
        ready["lag_seconds"] = json!(120);
        ready["timers_late_seconds"] = json!(1_000);
        ready["timers_ahead_seconds"] = json!(7_200);
        ready["unsent_alerts"] = json!({ "count": 1, "more": false, "oldest_since": "…", "oldest_seconds": 3_600 });
        ready["channels_switched_off"] = json!(["care-chat", "events"]);
        ready["dead_letters"]["count"] = json!(2);
        ready["shards"][0]["quarantined"] = json!(1);
        ready["shards"][0]["quarantined_keys"] = json!(["k:00:1"]);
        let found = findings(&ready).join("\n");
        for part in [
            "120 s",
            "timers for 1000 s",
            "next 7200 s",
            "tried for 3600 s",
            "care-chat, events",
            "dead letters: ",
            "k:00:1",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
    }

    #[test]
    fn what_is_tried_again_is_shown_at_once_and_found_when_attempts_become_rare() {
        let mut ready = ready();
        ready["unsent_alerts"] = json!({ "count": 3, "more": false, "oldest_since": "09:30", "oldest_seconds": 3_599 });
        assert_eq!(findings(&ready), Vec::<String>::new());
        let shown = report(&ready).into_iter().find(|(name, _)| name == "unsent alerts").expect("a line");
        assert_eq!(shown.1, "3, the oldest for 3599 s (since 09:30)");
    }

    #[test]
    fn a_channel_without_an_address_is_shown_and_no_finding() {
        let mut ready = ready();
        (ready["channels_switched_off"], ready["channels_leading_nowhere"]) = (json!([]), json!(["pager"]));
        assert_eq!(findings(&ready), Vec::<String>::new());
        assert!(report(&ready).contains(&("no address".to_owned(), "pager: nothing is sent there".to_owned())));
        ready["channels_leading_nowhere"] = Value::Null;
        assert!(!report(&ready).iter().any(|(name, _)| name == "no address"), "not known");
    }

    #[test]
    fn the_token_made_here_goes_to_this_machine_only() {
        for here in ["http://127.0.0.1:3000", "http://localhost:3000/", "http://[::1]:3000", "http://127.9.9.9"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in [
            "https://feedback.example.com",
            "http://127.0.0.1@feedback.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost:3000@example.com",
            "http://10.0.0.1:3000",
            "http://0.0.0.0:3000",
            "127.0.0.1:3000/",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("theirs");
        fs::write(&file, "rb_admin_theirs\n").expect("a file");
        for url in ["https://feedback.example.com", "http://127.0.0.1:3000"] {
            assert_eq!(token(url, Some(&file)).expect("a token").as_deref(), Some("rb_admin_theirs"));
        }
    }

    #[test]
    fn nobody_and_somebody_who_speaks_no_tls_are_told_apart() {
        let port = crate::ports::any_free().expect("a port");
        let nobody = ask(&format!("https://127.0.0.1:{port}"), None).expect_err("nobody listens");
        assert!(format!("{nobody:#}").starts_with("nothing answers at https://127.0.0.1"), "{nobody:#}");

        let listener = TcpListener::bind(crate::ports::local(0)).expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").expect("sent");
            // Until the other side has read it and gone.
            let _ = stream.read(&mut [0; 4_096]).and_then(|_| stream.read(&mut [0; 4_096]));
        });
        let told = format!("{:#}", ask(&url, None).expect_err("no TLS"));
        assert!(told.starts_with("cannot ask https://127.0.0.1"), "{told}");
        assert!(told.contains("InvalidContentType"), "the cause: {told}");
    }
}
