//! `cargo xtask demo`: a stream of believable feedback against a running `up`, and what each answer set in motion; with
//! `--open`, a shop with the widget instead.
//!
//! The first answers are written by hand, each to show one thing; after them the stream goes on with made-up ones.
//! Everything is sent the way a real sender would: over HTTP, with a token or a signature.

mod made_up;
mod observe;
mod report;
mod shop;
mod story;
mod written;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lexopt::{Arg, ValueExt};

use crate::client::Client;
use crate::inbox::now_ms;
use crate::up::Running;
use crate::{environment, workspace};
use observe::Observer;
use report::Summary;

struct Options {
    count: Option<usize>,
    rate: f64,
    open: bool,
}

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let options = options(args)?;
    let running = running()?;
    let variables = environment::current()?;
    let client = Client::new(&running.application);
    client.get("/healthz", &[]).with_context(|| {
        format!("nothing answers at {}; start `cargo xtask up` in another terminal", running.application)
    })?;
    if options.open {
        return shop::serve(&running, &variables);
    }
    let mut observer = Observer {
        admin: format!("Bearer {}", environment::token("token")?),
        intake: format!("Bearer {}", environment::token("intake-token")?),
        inbox: running.inbox.as_deref().map(Client::new),
        variables,
        told: std::collections::BTreeSet::new(),
        client,
    };
    let run = now_ms();
    let written = written::stories(run);
    let count = options.count.unwrap_or(written.len());
    let stories = written.into_iter().chain(made_up::stories(run)).take(count);

    report::opening(&running, count);
    let mut summary = Summary::default();
    let pause = Duration::from_secs_f64(1.0 / options.rate);
    for (index, story) in stories.enumerate() {
        let started = Instant::now();
        let outcome = observer.tell(&story)?;
        report::answer(index + 1, &story, &outcome);
        summary.add(&outcome);
        if index + 1 < count {
            thread::sleep(pause.saturating_sub(started.elapsed()));
        }
    }
    report::closing(&summary, &running);
    Ok(if summary.as_hoped() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(mut args: lexopt::Parser) -> Result<Options> {
    let mut options = Options { count: None, rate: 2.0, open: false };
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("count") => options.count = Some(args.value()?.parse()?),
            Arg::Long("open") => options.open = true,
            Arg::Long("rate") => options.rate = args.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    ensure!(options.rate > 0.0 && options.rate <= 1000.0, "--rate is answers a second, above 0 and up to 1000");
    Ok(options)
}

/// Where the last `up` said that it runs.
fn running() -> Result<Running> {
    let note = workspace::root().join(".ringback/running.json");
    let text = std::fs::read(&note).context("no `cargo xtask up` is running; start it in another terminal")?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not what `up` wrote", note.display()))
}
