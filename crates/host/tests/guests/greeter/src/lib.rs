//! A component that answers over HTTP and, as a dependency, by its own interface.

use spin_sdk::http::{IntoResponse, Request};

mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "greeter", generate_all });
}

use bindings::exports::test::greet::greeting::Guest;
use bindings::wasi::keyvalue::{atomics, store};

struct Greeter;

impl Guest for Greeter {
    async fn greet(name: String) -> String {
        let word = spin_sdk::variables::get("greeting").await.unwrap_or_else(|error| format!("{error:?}"));
        let count = match store::open("default") {
            Ok(bucket) => atomics::increment(&bucket, "greeted", 1).map_or_else(|error| format!("{error:?}"), |n| n.to_string()),
            Err(error) => format!("{error:?}"),
        };
        format!("{word}, {name} ({count})")
    }
}

bindings::export!(Greeter with_types_in bindings);

#[spin_sdk::http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let from = request.headers().get("spin-client-addr").and_then(|value| value.to_str().ok()).unwrap_or("?");
    http::Response::builder()
        .header("x-url", request.headers().get("spin-full-url").cloned().unwrap_or_else(|| http::HeaderValue::from_static("?")))
        .body(format!("greeter {} {} from {from}", request.method(), request.uri().path()))
}
