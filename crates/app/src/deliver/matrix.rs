//! Alerts for a room on a Matrix homeserver: plain text and HTML.
//!
//! The request names a transaction, so a repeat changes nothing. An event may have 65,536 bytes; the empty `m.mentions`
//! says that nobody is mentioned, whatever the text looks like.

use super::notice::Notice;
use super::product::{Built, Destination, Product, finish};
use super::text::html;
use http::Request;
use serde_json::{Value, json};

const MAX_BYTES: usize = 60_000;
const MAX_COMMENT: usize = 10_000;

pub(super) struct Matrix;

impl Product for Matrix {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        let origin = to.address("origin_variable")?;
        let room: String = form_urlencoded::byte_serialize(to.text("room").as_bytes()).collect();
        let url = format!("{origin}/_matrix/client/v3/rooms/{room}/send/m.room.message/{}", notice.id);
        let token = format!("Bearer {}", to.secret("token_variable")?);
        let body = notice.within(MAX_BYTES, MAX_COMMENT, &|comment| payload(notice, comment));
        finish(Request::put(url), &[("authorization", &token)], body)
    }
}

fn payload(notice: &Notice, comment: Option<&str>) -> Value {
    let quoted = comment.map(|c| format!("<blockquote>{}</blockquote>", html(c).replace('\n', "<br>")));
    let facts: String =
        notice.facts.iter().map(|(label, fact)| format!("<li><strong>{label}</strong>: {}</li>", html(fact))).collect();
    let links = notice.links().into_iter().map(|(title, url)| format!("<a href=\"{}\">{title}</a>", html(&url)));
    let links: Vec<String> = links.collect();
    let formatted = format!(
        "<h4>{}</h4>{}<ul>{facts}</ul><p>{}</p>",
        html(&notice.headline),
        quoted.unwrap_or_default(),
        links.join(" · ")
    );
    json!({
        "msgtype": "m.text",
        "body": notice.plain(comment),
        "format": "org.matrix.custom.html",
        "formatted_body": formatted,
        "m.mentions": {},
    })
}
