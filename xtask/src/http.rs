//! A small HTTP/1.1 server for the inbox and for tests: one thread a connection, bodies read whole.
//!
//! Why not a library: those without an async runtime share a pool of threads among kept-alive connections and can leave
//! one unserved until another closes, which would show as an alert that comes late.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

const MAX_HEAD: usize = 32 * 1024;
const MAX_BODY: u64 = 1024 * 1024;
/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(120);

/// A request, whole.
#[derive(Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Without the query.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// The body.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Request {
    /// A header's value, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An answer; its length is added when it is sent.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    /// An answer of a status with a body, and no headers yet.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// With one more header. Line breaks do not get through.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into().replace(['\r', '\n'], " ")));
        self
    }
}

/// Listens and serves until the process ends; returns the address, which tells the port when 0 was asked for.
pub fn serve(address: SocketAddr, handler: impl Fn(Request) -> Response + Send + Sync + 'static) -> Result<SocketAddr> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let bound = listener.local_addr()?;
    let handler = Arc::new(handler);
    thread::Builder::new().name("http".into()).spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let handler = Arc::clone(&handler);
            thread::spawn(move || {
                // A client that breaks off or speaks no HTTP ends its own connection and nothing else.
                let _ = converse(stream, handler.as_ref());
            });
        }
    })?;
    Ok(bound)
}

fn converse(stream: TcpStream, handler: &(impl Fn(Request) -> Response + ?Sized)) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let request = match read(&mut reader) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) => {
                return write(&mut writer, &Response::new(400, format!("{error:#}\n")).with("Connection", "close"));
            }
        };
        let last = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        write(&mut writer, &handler(request))?;
        if last {
            return Ok(());
        }
    }
}

/// The next request of a connection, or nothing when it was closed between two.
fn read(reader: &mut impl BufRead) -> Result<Option<Request>> {
    let Some(head) = read_head(reader)? else { return Ok(None) };
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    ensure!(parsed.parse(&head)?.is_complete(), "a request that ends in its head");
    let target = parsed.path.context("a request without a target")?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
            .collect(),
        body: Vec::new(),
    };
    request.body = match (request.header("transfer-encoding"), request.header("content-length")) {
        (Some(coding), _) if coding.eq_ignore_ascii_case("chunked") => read_chunks(reader)?,
        (Some(coding), _) => bail!("transfer-encoding {coding} is not known here"),
        (None, Some(length)) => read_exactly(reader, length.trim().parse().context("content-length is no number")?)?,
        (None, None) => Vec::new(),
    };
    Ok(Some(request))
}

fn read_head(reader: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let room = (MAX_HEAD - head.len()) as u64;
        let count = reader.by_ref().take(room).read_until(b'\n', &mut head)?;
        if count == 0 && head.is_empty() {
            return Ok(None);
        }
        ensure!(count > 0, "a head that is cut off or over {MAX_HEAD} bytes");
    }
    Ok(Some(head))
}

fn read_exactly(reader: &mut impl BufRead, length: u64) -> Result<Vec<u8>> {
    ensure!(length <= MAX_BODY, "the body is over {MAX_BODY} bytes");
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    ensure!(body.len() as u64 == length, "the body is shorter than announced");
    Ok(body)
}

fn read_chunks(reader: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.by_ref().take(1024).read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).context("a chunk without its size")?;
        ensure!(body.len() as u64 + size <= MAX_BODY, "the body is over {MAX_BODY} bytes");
        body.extend(read_exactly(reader, size)?);
        // The line break after the chunk; after the last one, trailers up to an empty line.
        let mut ending = String::new();
        while reader.by_ref().take(1024).read_line(&mut ending)? > 0
            && size == 0
            && !ending.ends_with("\r\n\r\n")
            && ending != "\r\n"
        {}
        if size == 0 {
            return Ok(body);
        }
    }
}

fn write(writer: &mut impl Write, response: &Response) -> Result<()> {
    let mut bytes = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status)).into_bytes();
    for (name, value) in &response.headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(format!("Content-Length: {}\r\n\r\n", response.body.len()).into_bytes());
    bytes.extend(&response.body);
    // In one go: head and body in two segments would wait for the client's acknowledgement.
    writer.write_all(&bytes)?;
    Ok(())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<Request>> {
        read(&mut text.as_bytes())
    }

    #[test]
    fn reads_bodies_of_both_framings() {
        let whole = parse("POST /a?b=1 HTTP/1.1\r\nHost: x\r\ncontent-length: 5\r\n\r\nhello")
            .expect("HTTP")
            .expect("a request");
        assert_eq!(
            (whole.method.as_str(), whole.path.as_str(), whole.query.as_str(), whole.body.as_slice()),
            ("POST", "/a", "b=1", b"hello".as_slice())
        );
        let text = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\nGET /next HTTP/1.1\r\n\r\n";
        let mut reader = text.as_bytes();
        assert_eq!(read(&mut reader).expect("HTTP").expect("a request").body, b"hello!");
        assert_eq!(read(&mut reader).expect("HTTP").expect("a request").path, "/next");
        assert!(read(&mut reader).expect("the end").is_none());
    }

    #[test]
    fn refuses_what_is_broken_or_too_large() {
        assert!(parse("POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhell").is_err());
        assert!(parse("POST / HTTP/1.1\r\ncontent-length: 1048577\r\n\r\n").is_err());
        assert!(parse("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").is_err());
        assert!(parse("GET / HTTP/1.1\r\nHost").is_err());
        assert!(parse(&format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(MAX_HEAD))).is_err());
    }

    #[test]
    fn many_kept_alive_connections_are_served_at_once() {
        let address = serve(crate::ports::local(0), |_| Response::new(200, "hi")).expect("a server");
        let mut streams: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(address).expect("a connection")).collect();
        for _ in 0..3 {
            for stream in &mut streams {
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("sent");
                let mut answer = [0; 40];
                stream.read_exact(&mut answer).expect("answered");
                assert_eq!(&answer, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
            }
        }
    }
}
