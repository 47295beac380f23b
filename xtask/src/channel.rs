//! `cargo xtask channel test ID [--dry-run] [--port N]`: has a running application send a sample to a channel, or show
//! the request that would carry it.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::Arg;
use lexopt::ValueExt as _;

use crate::client::Client;
use crate::{environment, terminal, up};

struct Options {
    id: String,
    dry: bool,
    port: Option<u16>,
}

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let Options { id, dry, port } = options(args)?;
    let path = format!("/v1/channels/{id}/test{}", if dry { "?dry-run" } else { "" });
    let authorization = format!("Bearer {}", environment::token("token")?);
    let application = port.map_or_else(up::address, |port| format!("http://127.0.0.1:{port}"));
    let answer = Client::new(&application).post(&path, &[("authorization", &authorization)], b"")?;
    let body = answer.json().unwrap_or_default();
    if answer.status != 200 {
        terminal::error(&format!("{id}: {}", body["detail"].as_str().unwrap_or("the application did not say why")));
        return Ok(ExitCode::FAILURE);
    }
    if dry {
        say!("{body:#}");
    } else {
        say!("{id}: the sample was taken");
    }
    Ok(ExitCode::SUCCESS)
}

fn options(mut args: lexopt::Parser) -> Result<Options> {
    match args.next()? {
        Some(Arg::Value(verb)) if verb == "test" => {}
        _ => bail!("`cargo xtask channel test ID` is all there is"),
    }
    let (mut id, mut dry, mut port) = (None, false, None);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Value(value) if id.is_none() => id = Some(value.string()?),
            Arg::Long("dry-run") => dry = true,
            Arg::Long("port") => port = Some(args.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Options { id: id.context("which channel? Its id is in ringback.toml")?, dry, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_understood_and_nonsense_is_not() {
        let parse = |args: &[&str]| options(lexopt::Parser::from_args(args));
        let given = parse(&["test", "care-chat", "--dry-run", "--port", "8080"]).expect("options");
        assert_eq!((given.id.as_str(), given.dry, given.port), ("care-chat", true, Some(8080)));
        assert_eq!(parse(&["test", "care-chat"]).expect("options").port, None, "what runs decides");
        assert!(parse(&["test"]).is_err() && parse(&["send", "care-chat"]).is_err());
    }
}
