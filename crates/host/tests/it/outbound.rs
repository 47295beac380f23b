//! Requests of components: to each other, to the network, and the ones that are refused.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{App, get, post};

const CHAIN: &str = r#"
    spin_manifest_version = 2
    [application]
    name = "test"
    [variables]
    receiver = { default = "" }
    [[trigger.http]]
    route = "/..."
    component = "probe"
    [[trigger.http]]
    route = { private = true }
    component = "greeter"
    [component.probe]
    source = "{guests}/probe.wasm"
    allowed_outbound_hosts = ["http://*.spin.internal", "http://self", "http://{{ receiver }}"]
    [component.greeter]
    source = "{guests}/greeter.wasm"
    "#;

/// A server that gives each connection's first request the same answer, and how many it had.
async fn receiver(answer: &'static str, delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                tokio::time::sleep(delay).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn chains_to_another_component_in_process() {
    let host = App::new(CHAIN).start().await;
    let answer = post(&host, "/fetch", "http://greeter.spin.internal/a/b?c=1").await.text;
    assert_eq!(answer, "200 greeter GET /a/b from 0.0.0.0:0");
    let answer = post(&host, "/fetch", "http://nobody.spin.internal/").await.text;
    assert_eq!(answer, "error ErrorCode::HttpRequestDenied");
}

#[tokio::test]
async fn a_client_cannot_pretend_to_be_chained() {
    let host = App::new(CHAIN).start().await;
    let request =
        http::Request::get(format!("{}/echo", host.url())).header("host", "greeter.spin.internal").body("".into());
    assert_eq!(crate::support::send(request.expect("a request")).await.status, 400);
}

#[tokio::test]
async fn reaches_the_network_where_allowed() {
    let address =
        receiver("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 5\r\n\r\nmoved", Duration::ZERO).await;
    let host = App::new(CHAIN).host().variable("receiver", &address).start().await.expect("starts");
    // A redirect is an answer like any other.
    assert_eq!(post(&host, "/fetch", format!("http://{address}/x")).await.text, "302 moved");
    assert_eq!(post(&host, "/fetch", "http://127.0.0.1:1/x").await.text, "error ErrorCode::HttpRequestDenied");
    assert_eq!(post(&host, "/fetch", format!("https://{address}/x")).await.text, "error ErrorCode::HttpRequestDenied");
    let told =
        host.logs().iter().any(|line| line.text.contains("http://127.0.0.1:1 refused") && !line.text.contains("/x"));
    assert!(told, "the log names the host and not the path");
}

#[tokio::test]
async fn reaches_itself_where_allowed() {
    let host = App::new(CHAIN).start().await;
    let answer = post(&host, "/fetch", "http://self.alt/variable/none").await.text;
    assert!(answer.starts_with("200 Err(Error::Undefined"), "{answer}");
}

#[tokio::test]
async fn says_what_went_wrong_on_the_way() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address").to_string()
    };
    let host = App::new(CHAIN).host().variable("receiver", &closed).start().await.expect("starts");
    let answer = post(&host, "/fetch", format!("http://{closed}/")).await.text;
    assert_eq!(answer, "error ErrorCode::ConnectionRefused");

    let slow = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Duration::from_secs(60)).await;
    let host = App::new(CHAIN).host().variable("receiver", &slow).start().await.expect("starts");
    let answer = post(&host, "/fetch", format!("http://{slow}/ timeout 100")).await.text;
    assert_eq!(answer, "error ErrorCode::ConnectionReadTimeout");

    let rude = receiver("", Duration::ZERO).await;
    let host = App::new(CHAIN).host().variable("receiver", &rude).start().await.expect("starts");
    let answer = post(&host, "/fetch", format!("http://{rude}/")).await.text;
    assert_eq!(answer, "error ErrorCode::ConnectionTerminated");
}

#[tokio::test]
async fn an_optional_host_left_empty_allows_nothing() {
    let host = App::new(CHAIN).start().await;
    assert_eq!(get(&host, "/echo").await.status, 200);
    assert_eq!(post(&host, "/fetch", "http://example.com/").await.text, "error ErrorCode::HttpRequestDenied");
}
