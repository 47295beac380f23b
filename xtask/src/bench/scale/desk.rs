//! What pages of the desk cost on stores of several sizes: over HTTP, on the components, signed in.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::super::figures::{Figure, Sample, Target};
use super::served::{self, Served, Store};
use super::{FLAT, TOKEN};
use crate::environment::Variables;
use crate::signals::Ending;
use crate::terminal;

/// Pages by name; in a path, `{case}` is one of the store's open cases.
const PAGES: [(&str, &str); 7] = [
    ("mine", "/desk"),
    ("all", "/desk?view=all"),
    ("closed", "/desk?view=closed"),
    ("case", "/desk/cases/{case}"),
    ("team", "/desk/team"),
    ("figures", "/desk/insights"),
    ("administration", "/desk/admin"),
];
/// Requests of a page in a round.
const TIMES: usize = 20;
/// How many cases the bench's own person takes, and how many others they close.
const MINE: usize = 30;
/// No page is larger, in kB.
const LARGEST: f64 = 100.0;

/// What a page took, and its size in bytes.
#[derive(Default)]
struct Seen {
    times: Sample,
    largest: usize,
}

/// Measures all stores in rounds that take turns, after one that does not count.
pub fn measure(host: &Path, stores: &[Store], variables: &Variables, rounds: u32) -> Result<Vec<Figure>> {
    let ending = Ending::watch()?;
    let served = served::start(host, stores, variables, TOKEN, &ending)?;
    terminal::step("taking some cases", || served.iter().try_for_each(take_some))?;
    let cookies = served.iter().map(sign_in).collect::<Result<Vec<_>>>()?;
    let mut seen: Vec<Vec<Seen>> = served.iter().map(|_| PAGES.iter().map(|_| Seen::default()).collect()).collect();
    terminal::step("measuring pages over HTTP", || {
        for round in 0..=rounds {
            for (page, (_, path)) in PAGES.iter().enumerate() {
                for (store, served) in served.iter().enumerate() {
                    for time in 0..TIMES {
                        ensure!(!ending.wished(), "interrupted");
                        let path = path.replace("{case}", served.case(time));
                        let started = Instant::now();
                        let answer = served.client.get(&path, &[("cookie", &cookies[store])])?;
                        let took = started.elapsed();
                        ensure!(answer.status == 200, "{path} was answered {}", answer.status);
                        if round > 0 {
                            let seen = &mut seen[store][page];
                            seen.times.add(Sample::new(vec![took], took));
                            seen.largest = seen.largest.max(answer.text().len());
                        }
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok(figures(stores, &seen))
}

/// Has the bench's own person take some cases and close others: each list fills a page. What an earlier run did stays.
fn take_some(served: &Served<'_>) -> Result<()> {
    let take = serde_json::json!({ "type": "acknowledge", "note": "I take care of it." });
    let resolve =
        serde_json::json!({ "type": "resolve", "root_cause": "carrier", "note": "A new parcel is on its way." });
    let close = serde_json::json!({ "type": "close", "without_informing": "They know.", "note": "Done." });
    for n in 0..MINE {
        work(served, served.case(n), &take)?;
        for order in [&take, &resolve, &close] {
            work(served, served.case(MINE + n), order)?;
        }
    }
    let ticked = served.client.post("/v1/tick", &[("authorization", &format!("Bearer {TOKEN}"))], b"")?;
    ensure!(ticked.status < 300, "the tick was answered {}", ticked.status);
    Ok(())
}

/// A step of a case, unless it has been done.
fn work(served: &Served<'_>, case: &str, order: &serde_json::Value) -> Result<()> {
    let (bearer, case) = (format!("Bearer {TOKEN}"), format!("/v1/cases/{case}"));
    let stands = served.client.get(&case, &[("authorization", &bearer)])?;
    let version = stands.header("etag").context("the case has no version")?;
    let headers = [("authorization", bearer.as_str()), ("if-match", version), ("content-type", "application/json")];
    let done = served.client.post(&format!("{case}/events"), &headers, order.to_string().as_bytes())?;
    ensure!(matches!(done.status, 200 | 409), "{case} was answered {}: {}", done.status, done.text());
    Ok(())
}

/// The cookie of a new session.
fn sign_in(served: &Served<'_>) -> Result<String> {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = served.client.post("/desk/sign-in", &headers, format!("next=/desk&token={TOKEN}").as_bytes())?;
    ensure!(answer.status == 303, "signing in was answered {}", answer.status);
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    Ok(cookie.context("no session was begun")?.to_owned())
}

fn figures(stores: &[Store], seen: &[Vec<Seen>]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (page, (name, _)) in PAGES.iter().enumerate() {
        let p50 = |store: usize| seen[store][page].times.quantile_ms(0.5);
        for (store, (size, ..)) in stores.iter().enumerate() {
            figures.push(Figure::new(format!("{name}.{size}.p50_ms"), p50(store), Target::None));
            let kb = f64::from(u32::try_from(seen[store][page].largest).unwrap_or(u32::MAX)) / 1_000.0;
            figures.push(Figure::new(format!("{name}.{size}.kb"), kb, Target::AtMost(LARGEST)));
        }
        for (store, (size, ..)) in stores.iter().enumerate().skip(1) {
            let name = format!("{name}.{size}_to_{}.p50", stores[0].0);
            figures.push(Figure::new(name, p50(store) / p50(0), Target::AtMost(FLAT)));
        }
    }
    figures
}
