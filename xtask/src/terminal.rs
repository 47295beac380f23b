//! What the commands say: steps with the time they took, and colour where a person looks.
//!
//! Steps, remarks and errors go to standard error, so that standard output holds what a command was asked for and nothing else.

use std::fmt::Display;
use std::io::IsTerminal;
use std::time::Instant;

use anyhow::Result;

/// The few colours in use. Each has one meaning all over the commands.
#[derive(Clone, Copy)]
pub enum Paint {
    /// What stands out: ids, addresses.
    Strong,
    /// What may be skipped.
    Dim,
    /// Good news.
    Good,
    /// Worth a look.
    Warn,
    /// Bad news.
    Bad,
}

/// `text` in colour if standard output is a terminal and `NO_COLOR` is not set; otherwise as it is.
pub fn paint(paint: Paint, text: impl Display) -> String {
    colour(paint, text, std::io::stdout().is_terminal())
}

fn colour(paint: Paint, text: impl Display, terminal: bool) -> String {
    if !terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return text.to_string();
    }
    let code = match paint {
        Paint::Strong => "1",
        Paint::Dim => "2",
        Paint::Good => "32",
        Paint::Warn => "33",
        Paint::Bad => "31",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Prints an error to standard error.
pub fn error(text: &str) {
    eprintln!("{} {text}", colour(Paint::Bad, "error:", std::io::stderr().is_terminal()));
}

/// Prints a remark that does not stop anything.
pub fn remark(text: &str) {
    eprintln!("  {}", colour(Paint::Dim, text, std::io::stderr().is_terminal()));
}

/// Announces a step, does it, and says how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("{} {what}", colour(Paint::Strong, "▸", std::io::stderr().is_terminal()));
    let started = Instant::now();
    let done = work()?;
    let seconds = started.elapsed().as_secs_f64();
    if seconds >= 0.05 {
        remark(&format!("done in {seconds:.1} s"));
    }
    Ok(done)
}
