//! A website of another origin than the application's, with the pages a scenario puts there.

use crate::receiver::{Receiver, Reply};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The website. Its pages can be changed while it runs.
pub struct Pages {
    receiver: Receiver,
    pages: Arc<Mutex<BTreeMap<String, Reply>>>,
}

impl Pages {
    /// An empty website on a free port of 127.0.0.1.
    #[must_use]
    pub fn start() -> Self {
        let receiver = Receiver::closed(Reply::status(404).header("content-type", "text/plain").body("no such page"));
        let pages: Arc<Mutex<BTreeMap<String, Reply>>> = Arc::default();
        let shown = Arc::clone(&pages);
        receiver.behave(move |request| {
            let path = request.path.split('?').next().unwrap_or_default();
            shown.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
        });
        receiver.open();
        let pages = Self { receiver, pages };
        pages.put_reply("/favicon.ico", Reply::status(204));
        pages
    }

    /// Puts a page there: what stands in its head and its body.
    pub fn put(&self, path: &str, head: &str, body: &str) {
        self.put_reply(path, page(head, body));
    }

    /// The same, under a `Content-Security-Policy`.
    pub fn put_with_policy(&self, path: &str, policy: &str, head: &str, body: &str) {
        self.put_reply(path, page(head, body).header("content-security-policy", policy));
    }

    fn put_reply(&self, path: &str, reply: Reply) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), reply);
    }

    /// The address of a page. The host is `127.0.0.1`, or another name of this machine.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.receiver.origin())
    }

    /// The same page under an origin that nobody has allowed.
    #[must_use]
    pub fn url_elsewhere(&self, path: &str) -> String {
        self.url(path).replace("127.0.0.1", "localhost")
    }
}

fn page(head: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>A page</title>{head}</head><body><main><h1>A page</h1>{body}</main></body></html>"
    );
    Reply::status(200).header("content-type", "text/html; charset=utf-8").body(html)
}
