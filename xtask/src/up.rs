//! `cargo xtask up`: from a bare checkout to a running application.
//!
//! Sets up only what is missing, so a second run starts in seconds. Runs the local host as a process of its own and
//! ends with it; the data stays in `.spin/`, the secrets in `.ringback/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::{Arg, ValueExt};

use crate::application::{Application, Launch, Runner, forget_data};
use crate::claim::Claim;
use crate::environment::Environment;
use crate::inbox::{Inbox, Settings};
use crate::signals::Ending;
use crate::terminal::{Paint, paint};
use crate::{artifacts, environment, ports, terminal, workspace};

struct Options {
    port: u16,
    inbox_port: u16,
    fresh: bool,
}

/// Where a running `up` can be reached, left for the other commands in `.ringback/running.json`.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Running {
    /// The application, `http://127.0.0.1:3000`.
    pub application: String,
    /// The local inbox, if there is one.
    pub inbox: Option<String>,
}

impl Running {
    /// What `cargo xtask up` runs, if it does.
    pub fn read() -> Option<Self> {
        Self::read_from(&Self::note())
    }

    fn read_from(note: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(note).ok()?).ok()
    }

    fn note() -> PathBuf {
        workspace::root().join(".ringback/running.json")
    }
}

/// Where the application can be reached that `cargo xtask up` runs, or would run if nothing else is said.
pub fn address() -> String {
    reached(Running::read())
}

fn reached(running: Option<Running>) -> String {
    running.map_or_else(|| "http://127.0.0.1:3000".to_owned(), |running| running.application)
}

/// Runs the command.
pub fn command(args: lexopt::Parser) -> Result<ExitCode> {
    let options = options(args)?;
    let (folder, state) = (workspace::root(), workspace::root().join(".spin"));
    let claim = Claim::take(&state)?;
    // Nothing runs, so this was left by an `up` that was killed.
    fs::remove_file(Running::note()).ok();
    ports::expect_free(options.port, "the application", "--port")?;
    ports::expect_free(options.inbox_port, "the inbox", "--inbox-port")?;
    artifacts::build_components()?;
    let runner = Runner::LocalHost(artifacts::build_host()?);
    if options.fresh {
        for file in forget_data(&state)? {
            terminal::remark(&format!("removed {}", file.display()));
        }
    }
    let environment = environment::prepare(options.inbox_port)?;
    let ending = Ending::watch()?;
    let inbox = inbox(&environment, options.inbox_port)?;
    let launch = Launch {
        runner: &runner,
        folder: &folder,
        state: &state,
        port: options.port,
        variables: &environment.variables,
        shown: true,
    };
    claim.pass_on()?;
    let mut application = terminal::step("starting", || Application::start_ready(&launch, &ending))?;
    let running =
        Running { application: format!("http://127.0.0.1:{}", options.port), inbox: inbox.map(|inbox| inbox.url()) };
    fs::write(Running::note(), serde_json::to_vec_pretty(&running)?)?;
    welcome(&running);
    let status = application.wait(&ending);
    fs::remove_file(Running::note()).ok();
    let status = status?;
    if ending.wished() {
        say!("ended; the data stays in .spin/");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("the local host ended by itself with {status}")
}

/// The local inbox, if anything goes there.
fn inbox(environment: &Environment, port: u16) -> Result<Option<Inbox>> {
    if !environment.needs_inbox {
        return Ok(None);
    }
    let settings = Settings { events_secret: environment.variables.get("events_webhook_secret").cloned() };
    Inbox::start(port, settings).map(Some)
}

fn options(mut args: lexopt::Parser) -> Result<Options> {
    let (mut port, mut inbox_port, mut fresh) = (3000_u16, None, false);
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("port") => port = args.value()?.parse()?,
            Arg::Long("inbox-port") => inbox_port = Some(args.value()?.parse()?),
            Arg::Long("fresh") => fresh = true,
            other => return Err(other.unexpected().into()),
        }
    }
    let next = port.checked_add(1).context("no port is left for the inbox; name one with --inbox-port")?;
    Ok(Options { port, inbox_port: inbox_port.unwrap_or(next), fresh })
}

fn welcome(running: &Running) {
    let Running { application, inbox } = running;
    let strong = |text: &str| paint(Paint::Strong, text);
    say!("\n{}  {}", paint(Paint::Good, "Ringback runs."), strong(application));
    say!("  health    {application}/healthz  {application}/readyz");
    match inbox {
        Some(inbox) => say!("  inbox     {}   what it sends, as the receivers would see it", strong(inbox)),
        None => say!("  inbox     none: every outlet is set by your own variables"),
    }
    if !application.ends_with(":3000") {
        say!("  links     in messages lead to public_url of ringback.toml; adapt it to this port");
    }
    say!(
        "  token     .ringback/token (admin), .ringback/{{lead,agent,executive,intake}}-token; ada's and grace's in .ringback/{{ada,grace}}-token"
    );
    say!("  interface docs/api.md   programme ringback.toml   data .spin/");
    say!("\nA first answer; it opens a case and sends an alert:\n");
    say!("{}", first_curl(application));
    say!("\nThe case, with the id that `Location` ended with:\n");
    say!("  curl -s {application}/v1/cases/ID -H \"Authorization: Bearer $(cat .ringback/token)\"");
    say!("\nOr, in a second terminal, `cargo xtask demo`. Ctrl-C ends it.\n");
}

fn first_curl(application: &str) -> String {
    format!(
        r#"  curl -i {application}/v1/feedback \
    -H "Authorization: Bearer $(cat .ringback/token)" -H 'Content-Type: application/json' \
    -d '{{"survey":"checkout-nps","score":3,"comment":"The parcel arrived opened.","country":"DE","customer":{{"id":"C-7","name":"Ada Lovelace","email":"ada@example.com"}}}}'"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<(u16, u16, bool)> {
        options(lexopt::Parser::from_args(args.iter().copied()))
            .map(|options| (options.port, options.inbox_port, options.fresh))
    }

    #[test]
    fn other_commands_find_what_runs_wherever_it_listens() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let note = folder.path().join("running.json");
        assert_eq!(reached(Running::read_from(&note)), "http://127.0.0.1:3000");
        fs::write(&note, r#"{"application":"http://127.0.0.1:8080","inbox":null}"#).expect("a note");
        assert_eq!(reached(Running::read_from(&note)), "http://127.0.0.1:8080");
    }

    #[test]
    fn the_inbox_stands_beside_the_application() {
        assert_eq!(parsed(&[]).ok(), Some((3000, 3001, false)));
        assert_eq!(parsed(&["--port", "8080", "--fresh"]).ok(), Some((8080, 8081, true)));
        assert_eq!(parsed(&["--port=8080", "--inbox-port=1"]).ok(), Some((8080, 1, false)));
        assert!(parsed(&["--port", "80000"]).is_err());
        assert!(parsed(&["--prot", "1"]).is_err());
    }
}
