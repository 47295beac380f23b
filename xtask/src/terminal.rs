//! What the commands say: steps with the time they took, and colour where a person looks.
//!
//! Steps, remarks and errors go to standard error, so that standard output holds what a command was asked for and nothing else.
//! Who reads it may go before its end, as `head` does: what is said then is said to nobody, and the command goes on.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, IsTerminal, Stdout, Write};
use std::time::Instant;

use anyhow::Result;

/// Prints a line of what a command was asked for.
macro_rules! say {
    () => { $crate::terminal::print(format_args!("\n")) };
    ($($said:tt)*) => { $crate::terminal::print(format_args!("{}\n", format_args!($($said)*))) };
}

/// Prints a line beside it, to standard error.
macro_rules! tell {
    ($($told:tt)*) => { $crate::terminal::print_aside(format_args!("{}\n", format_args!($($told)*))) };
}

/// An output whose reader may have gone.
pub struct Unheard<W>(W);

impl<W: Write> Write for Unheard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
    }
}

/// Standard output, for what writes there itself.
pub fn output() -> Unheard<Stdout> {
    Unheard(io::stdout())
}

/// Prints to standard output. Panics, as `println!` does, when it cannot be written to although somebody reads it: a file on
/// a full disk must not look whole.
pub fn print(text: fmt::Arguments<'_>) {
    if let Err(error) = output().write_all(text.to_string().as_bytes()) {
        panic!("cannot print: {error}");
    }
}

/// Prints to standard error. Where that fails there is no other place to say so.
pub fn print_aside(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(text.to_string().as_bytes());
}

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
    tell!("{} {text}", colour(Paint::Bad, "error:", std::io::stderr().is_terminal()));
}

/// Prints a remark that does not stop anything.
pub fn remark(text: &str) {
    tell!("  {}", colour(Paint::Dim, text, std::io::stderr().is_terminal()));
}

/// Announces a step, does it, and says how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    tell!("{} {what}", colour(Paint::Strong, "▸", std::io::stderr().is_terminal()));
    let started = Instant::now();
    let done = work()?;
    let seconds = started.elapsed().as_secs_f64();
    if seconds >= 0.05 {
        remark(&format!("done in {seconds:.1} s"));
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_gone_is_no_error_and_a_full_disk_is_one() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut output = Unheard(writer);
        output.write_all(b"heard\n").expect("written");
        drop(reader);
        output.write_all(b"unheard\n").expect("nobody minds");
        output.flush().expect("nobody minds");

        let mut full = Unheard(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device"));
        assert_eq!(full.write_all(b"lost\n").expect_err("no room").kind(), ErrorKind::StorageFull);
    }
}
