//! `ringback-host`: runs a Spin application until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use ringback_host::{Host, OffsetClock};
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
Runs a Spin application locally.

ringback-host [--manifest spin.toml] [--listen 127.0.0.1:3000] [--state-dir .spin] [OPTIONS]

  --manifest FILE           the application (spin.toml)
  --listen ADDRESS          where to listen; port 0 takes a free one (127.0.0.1:3000)
  --state-dir DIR           where the key-value file is (.spin beside the manifest)
  --cache-dir DIR           where compiled components are kept (.spin/compiled beside the manifest)
  --runtime-config FILE     key-value stores, in Spin's form
  --store-limit BYTES       the largest size of a key-value file; what does not fit fails as on a full disk
  --variable NAME=VALUE     an application variable; may be repeated
  --clock-offset-seconds N  moves the components' clock
  --no-ticker               leaves out the manifest's ticker
  --quiet                   does not show what components write
  --help                    this text

Prints `listening on http://ADDRESS` when ready. SIGINT and SIGTERM stop it gracefully.
";

fn main() -> ExitCode {
    let host = match arguments() {
        Ok(Some(host)) => host,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error, 2),
    };
    match run(host) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}

fn arguments() -> Result<Option<Host>> {
    let mut manifest = PathBuf::from("spin.toml");
    let mut options: Vec<Box<dyn FnOnce(Host) -> Host>> = Vec::new();
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 3000));
    let mut quiet = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("manifest") => manifest = parser.value()?.into(),
            Long("listen") => {
                listen = parser.value()?.parse().context("--listen wants an address such as 127.0.0.1:3000")?;
            }
            Long("state-dir") => {
                let folder = parser.value()?;
                options.push(Box::new(move |host| host.state_dir(folder)));
            }
            Long("cache-dir") => {
                let folder = parser.value()?;
                options.push(Box::new(move |host| host.cache_dir(folder)));
            }
            Long("runtime-config") => {
                let file = parser.value()?;
                options.push(Box::new(move |host| host.runtime_config(file)));
            }
            Long("store-limit") => {
                let bytes = parser.value()?.parse().context("--store-limit wants a number of bytes")?;
                options.push(Box::new(move |host| host.store_limit(bytes)));
            }
            Long("variable") => {
                let pair = parser.value()?.string()?;
                let Some((name, value)) = pair.split_once('=') else { bail!("--variable wants NAME=VALUE") };
                let (name, value) = (name.to_owned(), value.to_owned());
                options.push(Box::new(move |host| host.variable(name, value)));
            }
            Long("clock-offset-seconds") => {
                let seconds = parser.value()?.parse().context("--clock-offset-seconds wants a whole number")?;
                options.push(Box::new(move |host| host.clock(OffsetClock { seconds })));
            }
            Long("no-ticker") => options.push(Box::new(|host| host.ticker(false))),
            Long("quiet") => quiet = true,
            Long("help") | Short('h') => return Ok(None),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let host = Host::builder(manifest).listen(listen).show_logs(!quiet);
    Ok(Some(options.into_iter().fold(host, |host, option| option(host))))
}

#[tokio::main(flavor = "current_thread")]
async fn run(host: Host) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let running = tokio::select! {
        running = host.start() => running?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    for (route, component) in running.routes() {
        eprintln!("  {route} → {component}");
    }
    println!("listening on {}", running.url());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let stopping = running.shutdown();
    tokio::select! {
        drained = stopping => if !drained { eprintln!("stopped before everything had ended") },
        // Asked twice: at once.
        _ = interrupt.recv() => {}
    }
    Ok(())
}
