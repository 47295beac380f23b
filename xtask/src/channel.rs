//! `cargo xtask channel test ID [--dry-run] [--port 3000]`: has a running application send a sample to a channel, or show
//! the request that would carry it.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use lexopt::ValueExt as _;

use crate::client::Client;
use crate::{environment, terminal};

/// Runs the command.
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    match args.next()? {
        Some(Arg::Value(verb)) if verb == "test" => {}
        _ => bail!("`cargo xtask channel test ID` is all there is"),
    }
    let (mut id, mut dry, mut port) = (None, false, 3000_u16);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(value) if id.is_none() => id = Some(value.string()?),
            Arg::Long("dry-run") => dry = true,
            Arg::Long("port") => port = args.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let id = id.context("which channel? Its id is in ringback.toml")?;
    let path = format!("/v1/channels/{id}/test{}", if dry { "?dry-run" } else { "" });
    let authorization = format!("Bearer {}", environment::token("token")?);
    let client = Client::new(&format!("http://127.0.0.1:{port}"));
    let answer = client.post(&path, &[("authorization", &authorization)], b"")?;
    let body = answer.json().unwrap_or_default();
    if answer.status != 200 {
        terminal::error(&format!("{id}: {}", body["detail"].as_str().unwrap_or("the application did not say why")));
        return Ok(ExitCode::FAILURE);
    }
    if dry {
        println!("{body:#}");
    } else {
        println!("{id}: the sample was taken");
    }
    Ok(ExitCode::SUCCESS)
}
