//! A load generator that leaves the machine to what it measures: one thread, one poll, kept-alive connections, each with
//! one request under way. Requests are made before the clock starts.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::figures::Sample;

/// How long nothing may happen at all.
const SILENCE: Duration = Duration::from_secs(20);

/// What to send and where.
pub struct Load<'a> {
    /// The server.
    pub address: SocketAddr,
    /// How many connections.
    pub connections: usize,
    /// For how long new requests are begun.
    pub duration: Duration,
    /// Ready-made requests, head and body; sent in turn, each once if there are enough.
    pub requests: &'a [Vec<u8>],
    /// The status that every answer must have.
    pub expected: u16,
}

/// One connection and the request that is under way on it.
struct Connection {
    stream: TcpStream,
    sending: usize,
    sent: usize,
    received: Vec<u8>,
    since: Instant,
    idle: bool,
}

/// Sends for as long as asked and then lets the last answers come in.
///
/// # Errors
/// When an answer has another status, a connection breaks, the requests run out or nothing moves any more.
pub fn run(load: &Load<'_>) -> Result<Sample> {
    let mut poll = Poll::new()?;
    let mut connections = connect(load, &poll)?;
    let started = Instant::now();
    let mut latencies = Vec::with_capacity(load.requests.len());
    let mut next = 0;
    for connection in &mut connections {
        connection.begin(load, &mut next)?;
    }
    let mut events = Events::with_capacity(load.connections.max(8));
    let mut busy = connections.len();
    while busy > 0 {
        poll.poll(&mut events, Some(SILENCE)).context("cannot wait for answers")?;
        ensure!(!events.is_empty(), "no answer within {} s", SILENCE.as_secs());
        for event in &events {
            let connection = &mut connections[event.token().0];
            connection.send(load)?;
            while !connection.idle && connection.receive(load)? {
                latencies.push(connection.since.elapsed());
                if started.elapsed() < load.duration {
                    connection.begin(load, &mut next)?;
                } else {
                    connection.idle = true;
                    busy -= 1;
                }
            }
        }
    }
    Ok(Sample::new(latencies, started.elapsed()))
}

fn connect(load: &Load<'_>, poll: &Poll) -> Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for number in 0..load.connections {
        let stream = std::net::TcpStream::connect(load.address)
            .with_context(|| format!("nothing listens at {}", load.address))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)?;
        connections.push(Connection {
            stream,
            sending: 0,
            sent: 0,
            received: Vec::with_capacity(1024),
            since: Instant::now(),
            idle: false,
        });
    }
    Ok(connections)
}

impl Connection {
    fn begin(&mut self, load: &Load<'_>, next: &mut usize) -> Result<()> {
        ensure!(
            *next < load.requests.len(),
            "the server was faster than the {} requests made for it",
            load.requests.len()
        );
        (self.sending, self.sent, self.since) = (*next, 0, Instant::now());
        *next += 1;
        self.send(load)
    }

    /// Writes what the socket takes.
    fn send(&mut self, load: &Load<'_>) -> Result<()> {
        let request = &load.requests[self.sending];
        while !self.idle && self.sent < request.len() {
            match self.stream.write(&request[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("the server broke a connection"),
            }
        }
        Ok(())
    }

    /// Reads what is there; true when the answer is whole.
    fn receive(&mut self, load: &Load<'_>) -> Result<bool> {
        let mut chunk = [0; 4096];
        loop {
            if let Some((status, length)) = answer(&self.received)? {
                ensure!(
                    status == load.expected,
                    "answered {status}, not {}: {}",
                    load.expected,
                    String::from_utf8_lossy(&self.received)
                );
                self.received.drain(..length);
                return Ok(true);
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => bail!("the server closed a connection in the middle"),
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("the server broke a connection"),
            }
        }
    }
}

/// Status and length of the answer at the start of what was received, once it is whole.
fn answer(received: &[u8]) -> Result<Option<(u16, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(received).context("an answer that is not HTTP/1.1")? else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    let header = |name: &str| {
        response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    let length = match header("content-length") {
        Some(length) => std::str::from_utf8(length)
            .ok()
            .and_then(|text| text.trim().parse::<usize>().ok())
            .context("a content-length that is no number")?,
        None if header("transfer-encoding").is_none() => 0,
        None => match received[head..].windows(5).position(|window| window == b"0\r\n\r\n") {
            Some(end) => end + 5,
            None => return Ok(None),
        },
    };
    Ok((received.len() >= head + length).then_some((status, head + length)))
}

/// A whole POST request.
pub fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    request.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(status: u16) -> SocketAddr {
        crate::http::serve(crate::ports::local(0), move |_| crate::http::Response::new(status, "")).expect("a server")
    }

    fn load(address: SocketAddr, requests: &[Vec<u8>]) -> Load<'_> {
        Load { address, connections: 8, duration: Duration::from_millis(100), requests, expected: 202 }
    }

    #[test]
    fn keeps_connections_busy_and_counts_every_answer() {
        let requests: Vec<Vec<u8>> = (0..100_000)
            .map(|number| post("/x", &[("authorization", "Bearer t")], &format!("{{\"n\":{number}}}")))
            .collect();
        let sample = run(&load(server(202), &requests)).expect("a sample");
        assert!(sample.count() > 50, "{}", sample.count());
        assert!(sample.elapsed >= Duration::from_millis(100));
    }

    #[test]
    fn another_status_ends_the_run() {
        let requests = vec![post("/x", &[], "{}"); 100];
        let error = run(&load(server(503), &requests)).expect_err("503 is not 202");
        assert!(error.to_string().starts_with("answered 503, not 202"), "{error}");
    }

    #[test]
    fn too_few_requests_end_the_run() {
        let requests = vec![post("/x", &[], "{}"); 9];
        assert!(run(&load(server(202), &requests)).is_err());
    }

    #[test]
    fn answers_are_cut_where_they_end() {
        let whole = |text: &str| answer(text.as_bytes()).expect("HTTP");
        assert_eq!(
            whole("HTTP/1.1 202 Accepted\r\nlocation: /x\r\ncontent-length: 0\r\n\r\nHTTP/1.1"),
            Some((202, 58))
        );
        assert_eq!(whole("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"), None);
        assert_eq!(whole("HTTP/1.1 200 OK\r\ncontent-le"), None);
        assert_eq!(
            whole("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").map(|answer| answer.0),
            Some(200)
        );
        assert!(answer(b"SMTP ready").is_err());
    }
}
