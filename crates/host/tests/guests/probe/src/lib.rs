//! Does what its path says, so that a test can look at every side of the host. Answers in plain text.

mod kv;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{Response, StatusCode};
use spin_sdk::http::body::{self, IncomingBodyExt};
use spin_sdk::http::{BoxBody, Request, box_body};

#[spin_sdk::http_service]
async fn handle(request: Request) -> Result<Response<BoxBody>, http::Error> {
    let path = request.headers().get("spin-path-info").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (verb, rest) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    match verb {
        "echo" => echo(request).await,
        "stream" => stream(request),
        "kv" => text(kv::run(&content(request).await)),
        "spin-kv" => text(kv::spin(&content(request).await).await),
        "fetch" => fetch(content(request).await.trim()).await,
        "variable" => text(format!("{:?}", spin_sdk::variables::get(rest).await)),
        "file" => text(format!("{:?}", std::fs::read_to_string(format!("/{rest}")).map_err(|error| error.kind()))),
        "write-file" => text(format!("{:?}", std::fs::write(format!("/{rest}"), "x").map_err(|error| error.kind()))),
        "env" => text(format!("{:?}", std::env::var(rest))),
        "time" => text(now().to_string()),
        "after" => after(rest.to_owned()),
        "print" => {
            println!("{rest} on stdout");
            eprintln!("{rest} on stderr");
            text(String::new())
        }
        "trap" => panic!("told to"),
        #[cfg(feature = "greet")]
        "greet" => text(kv::bindings::test::greet::greeting::greet(rest.to_owned()).await),
        _ => Response::builder().status(StatusCode::NOT_FOUND).body(box_body(String::from("no such probe"))),
    }
}

fn text(text: String) -> Result<Response<BoxBody>, http::Error> {
    Ok(Response::new(box_body(text)))
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

async fn content(request: Request) -> String {
    let bytes = request.into_body().bytes().await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Method, URI, headers and body, as they came.
async fn echo(request: Request) -> Result<Response<BoxBody>, http::Error> {
    let mut answer = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        answer += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    answer += &format!("\n{}", content(request).await);
    text(answer)
}

/// The body back, piece by piece.
fn stream(request: Request) -> Result<Response<BoxBody>, http::Error> {
    let mut pieces = request.into_body().stream();
    let (mut sender, body) = body::stream::<Bytes>();
    spin_sdk::wasip3::spawn(async move {
        while let Some(Ok(piece)) = pieces.next().await {
            if sender.send(piece).await.is_err() {
                break;
            }
        }
    });
    Ok(Response::new(box_body(body)))
}

/// Answers at once and writes `<key> = done` to the store 200 ms later.
fn after(key: String) -> Result<Response<BoxBody>, http::Error> {
    spin_sdk::wasip3::spawn(async move {
        spin_sdk::time::sleep(Duration::from_millis(200)).await;
        kv::run(&format!("set {key} done"));
    });
    Response::builder().status(StatusCode::ACCEPTED).body(box_body(String::new()))
}

/// A GET to a URL; `URL timeout MS` with a limit for the first byte.
async fn fetch(command: &str) -> Result<Response<BoxBody>, http::Error> {
    let response = match command.split_once(" timeout ") {
        None => spin_sdk::http::get(command).await,
        Some((url, limit)) => limited(url, limit.parse().unwrap_or(0)).await,
    };
    let response = match response {
        Ok(response) => response,
        Err(error) => return text(format!("error {error:?}")),
    };
    let status = response.status().as_u16();
    let bytes = response.into_body().bytes().await;
    text(match bytes {
        Ok(bytes) => format!("{status} {}", String::from_utf8_lossy(&bytes)),
        Err(error) => format!("{status} then error {error:?}"),
    })
}

async fn limited(url: &str, milliseconds: u64) -> Result<spin_sdk::http::Response, spin_sdk::wasip3::http::types::ErrorCode> {
    use spin_sdk::wasip3::http::types::RequestOptions;
    use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

    let options = RequestOptions::new();
    let limit = Some(milliseconds * 1_000_000);
    options.set_first_byte_timeout(limit).expect("a new value takes options");
    options.set_connect_timeout(limit).expect("a new value takes options");
    let request = http::Request::get(url)
        .extension(RequestOptionsExtension(options))
        .body(spin_sdk::http::EmptyBody::new())
        .expect("the test gives a URL");
    spin_sdk::http::send(request).await
}
