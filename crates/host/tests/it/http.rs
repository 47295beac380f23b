//! Routes, headers, bodies, and instances that end.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc;

use crate::support::{App, get, kv, lines, post, send};

#[tokio::test]
async fn passes_a_request_with_the_headers_of_spin() {
    let host = App::probe("").start().await;
    let request = http::Request::put(format!("{}/echo/x?y=1", host.url()))
        .header("x-own", "kept")
        .header("spin-path-info", "/forged")
        .header("spin-client-addr", "forged")
        .body("content".into())
        .expect("a request");
    // What the client says about itself and its route is replaced.
    let seen = lines(&send(request).await.text);
    let client = seen.iter().find(|line| line.starts_with("spin-client-addr: 127.0.0.1:"));
    assert!(client.is_some(), "{seen:?}");
    let url = host.url();
    for expected in [
        format!("PUT {url}/echo/x?y=1"),
        format!("spin-full-url: {url}/echo/x?y=1"),
        "spin-path-info: /echo/x".to_owned(),
        "spin-matched-route: /...".to_owned(),
        "spin-raw-component-route: /...".to_owned(),
        "spin-component-route:".to_owned(),
        "spin-base-path: /".to_owned(),
        "x-own: kept".to_owned(),
        "content-length: 7".to_owned(),
        "content".to_owned(),
    ] {
        assert!(seen.contains(&expected), "{expected} is not in {seen:#?}");
    }
}

#[tokio::test]
async fn prefers_exact_routes_then_long_wildcards() {
    let app = App::new(
        r#"
        spin_manifest_version = 2
        [application]
        name = "test"
        [[trigger.http]]
        route = "/echo"
        component = "greeter"
        [[trigger.http]]
        route = "/v1/..."
        component = "probe"
        [[trigger.http]]
        route = "/v1/inner/..."
        component = "greeter"
        [[trigger.http]]
        route = "/v2/:kind/last"
        component = "probe"
        [[trigger.http]]
        route = { private = true }
        component = "hidden"
        [component.probe]
        source = "{guests}/probe.wasm"
        [component.greeter]
        source = "{guests}/greeter.wasm"
        [component.hidden]
        source = "{guests}/greeter.wasm"
        "#,
    );
    let host = app.start().await;
    for (path, expected) in
        [("/echo", "greeter GET /echo"), ("/v1/echo", "GET http://"), ("/v1/inner/x", "greeter GET /v1/inner/x")]
    {
        let answer = get(&host, path).await;
        assert!(answer.text.starts_with(expected), "{path}: {answer:?}");
    }
    let echoed = get(&host, "/v1/echo/deep/").await.text;
    assert!(echoed.contains("spin-path-info: /echo/deep/\n"), "{echoed}");
    assert!(echoed.contains("spin-component-route: /v1\n"), "{echoed}");
    for path in ["/", "/echo/more", "/hidden", "/v2/x"] {
        assert_eq!(get(&host, path).await.status, 404, "{path}");
    }
    assert_eq!(get(&host, "/.well-known/spin/health").await.text, "OK");
}

#[tokio::test]
async fn streams_both_ways_at_once() {
    let host = App::probe("").start().await;
    let (sender, mut receiver) = mpsc::channel::<&'static str>(1);
    let body = StreamBody::new(futures::stream::poll_fn(move |cx| {
        receiver.poll_recv(cx).map(|piece| piece.map(|piece| Ok::<_, std::io::Error>(Frame::data(Bytes::from(piece)))))
    }));
    let client: Client<_, _> = Client::builder(TokioExecutor::new()).build_http();
    let request = http::Request::post(format!("{}/stream", host.url())).body(body).expect("a request");
    sender.send("one").await.expect("a reader");
    let mut answer = client.request(request).await.expect("an answer").into_body();
    let mut next = async || {
        let frame = tokio::time::timeout(Duration::from_secs(5), answer.frame()).await.expect("in time");
        frame.map(|frame| frame.expect("a frame").into_data().expect("data"))
    };
    assert_eq!(next().await.as_deref(), Some(&b"one"[..]));
    sender.send("two").await.expect("a reader");
    assert_eq!(next().await.as_deref(), Some(&b"two"[..]));
    drop(sender);
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn goes_on_after_the_answer_and_shutdown_waits_for_it() {
    let app = App::probe("");
    let host = app.start().await;
    assert_eq!(get(&host, "/after/first").await.status, 202);
    assert_eq!(kv(&host, "get first").await, [r#"Ok("none")"#]);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(kv(&host, "get first").await, [r#"Ok("done")"#]);

    assert_eq!(get(&host, "/after/second").await.status, 202);
    assert!(host.shutdown().await, "everything ended by itself");
    let host = app.start().await;
    assert_eq!(kv(&host, "get second").await, [r#"Ok("done")"#]);
}

#[tokio::test]
async fn a_trap_is_a_500_and_no_more() {
    let host = App::probe("").start().await;
    let answer = get(&host, "/trap").await;
    assert_eq!((answer.status, answer.text.as_str()), (500, ""));
    assert_eq!(get(&host, "/echo").await.status, 200);
    let told = host.logs().iter().any(|line| line.component == "probe" && line.text.contains("told to"));
    assert!(told, "the panic's message is in the log");
}

#[tokio::test]
async fn answers_many_requests_at_once() {
    let host = App::probe("").start().await;
    let requests = (0..300).map(|_| kv(&host, "add counter 1"));
    let mut answers = futures::future::join_all(requests).await;
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), 300, "every increment gave another number");
    assert_eq!(kv(&host, "add counter 0").await, ["Ok(300)"]);
}

#[tokio::test]
async fn refuses_a_host_header_that_means_nothing() {
    let host = App::probe("").start().await;
    let request = http::Request::get(format!("{}/echo", host.url())).header("host", "a b").body("".into());
    assert_eq!(send(request.expect("a request")).await.status, 400);
    assert_eq!(post(&host, "/nothing", "").await.status, 404);
}
