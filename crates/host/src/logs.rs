//! What components write to stdout and stderr, and what the host says about them: whole lines, each with its
//! component's name, kept for whoever asks and shown on stderr unless the host is quiet.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogSource {
    /// The component's standard output.
    Stdout,
    /// The component's standard error.
    Stderr,
    /// This host, about the component.
    Host,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The component it is from or about.
    pub component: String,
    /// Where it comes from.
    pub source: LogSource,
    /// The text, without its line end; bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// Lines kept; older ones are forgotten.
const KEPT: usize = 10_000;
/// A line is broken after this many bytes, so that a component without line ends cannot fill the memory.
const LONGEST: usize = 64 * 1024;

/// All lines of a running host. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Logs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    show: bool,
    lines: Mutex<VecDeque<LogLine>>,
    /// Beginnings of lines, by component and stream: instances share them, as they share a terminal.
    open: Mutex<HashMap<(String, LogSource), Vec<u8>>>,
}

impl Logs {
    pub fn new(show: bool) -> Self {
        Self(Arc::new(Shared { show, lines: Mutex::default(), open: Mutex::default() }))
    }

    /// Something the host has to say about a component.
    pub fn say(&self, component: &str, text: impl AsRef<str>) {
        for line in text.as_ref().lines() {
            self.add(component, LogSource::Host, line.to_owned());
        }
    }

    pub fn all(&self) -> Vec<LogLine> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub fn stream(&self, component: &str, source: LogSource) -> GuestStream {
        GuestStream { logs: self.clone(), component: component.to_owned(), source }
    }

    fn add(&self, component: &str, source: LogSource, text: String) {
        if self.0.show {
            // A closed stderr is no reason to stop serving.
            let _ = writeln!(io::stderr().lock(), "[{component}] {text}");
        }
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(LogLine { component: component.to_owned(), source, text });
    }

    fn write(&self, component: &str, source: LogSource, bytes: &[u8]) {
        let mut complete = Vec::new();
        {
            let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
            let buffer = open.entry((component.to_owned(), source)).or_default();
            for byte in bytes {
                if *byte == b'\n' || buffer.len() >= LONGEST {
                    complete.push(String::from_utf8_lossy(buffer).trim_end_matches('\r').to_owned());
                    buffer.clear();
                }
                if *byte != b'\n' {
                    buffer.push(*byte);
                }
            }
        }
        for text in complete {
            self.add(component, source, text);
        }
    }
}

/// A component's standard output or error.
#[derive(Debug, Clone)]
pub(crate) struct GuestStream {
    logs: Logs,
    component: String,
    source: LogSource,
}

impl IsTerminal for GuestStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for GuestStream {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.logs.write(&self.component, self.source, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LONGEST)
    }
}

#[async_trait::async_trait]
impl Pollable for GuestStream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for GuestStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.logs.write(&self.component, self.source, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_into_lines_whatever_the_writes() {
        let logs = Logs::new(false);
        for part in ["one\ntw", "o\r\n", "three"] {
            logs.write("desk", LogSource::Stdout, part.as_bytes());
        }
        let texts: Vec<_> = logs.all().into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["one", "two"]);
    }
}
