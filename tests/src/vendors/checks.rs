//! What each product would refuse, as its documentation has it, and what it would take for more than text.
//!
//! Lengths are counted in UTF-16 units where the documentation says “characters” and not how they are counted: the
//! strictest way.

use super::schema::{self, Published};
use serde_json::Value;

type Complaints = Vec<String>;

fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.encode_utf16().count())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

struct Check(Complaints);

impl Check {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn schema(&mut self, schema: &Published, document: &Value) {
        self.0.extend(schema::violations(schema, document));
    }

    fn that(&mut self, holds: bool, what: impl std::fmt::Display) {
        if !holds {
            self.0.push(what.to_string());
        }
    }

    fn text(&mut self, value: &Value, name: &str, max: usize) {
        let length = length(value);
        self.that(value.is_string() && length > 0 && length <= max, format_args!("{name}: {length} of 1 to {max}"));
    }

    fn only(&mut self, value: &Value, known: &[&str]) {
        for name in value.as_object().into_iter().flat_map(|members| members.keys()) {
            self.that(known.contains(&name.as_str()), format_args!("unknown member {name}"));
        }
    }

    fn url(&mut self, value: &Value) {
        let url = value.as_str().unwrap_or_default();
        self.that(
            url == "http://127.0.0.1:3000/desk" || url.starts_with("http://127.0.0.1:3000/desk/"),
            format_args!("a link elsewhere: {url}"),
        );
    }
}

/// Nothing is markup there.
pub(super) fn nothing(_: &Value) -> Complaints {
    Vec::new()
}

/// Slack's limits of blocks and texts.
pub(super) fn slack(body: &Value, _: usize) -> Complaints {
    let mut check = Check::new();
    check.text(&body["text"], "text", 4_000);
    let blocks = list(&body["blocks"]);
    check.that((1..=50).contains(&blocks.len()), "1 to 50 blocks");
    for block in blocks {
        match block["type"].as_str().unwrap_or_default() {
            "header" => {
                check.that(block["text"]["type"] == "plain_text", "a header is plain text");
                check.text(&block["text"]["text"], "header", 150);
            }
            "section" => {
                let fields = list(&block["fields"]);
                check.that(!block["text"].is_null() || !fields.is_empty(), "a section has a text or fields");
                if !block["text"].is_null() {
                    check.text(&block["text"]["text"], "section", 3_000);
                }
                check.that(fields.len() <= 10, "10 fields");
                fields.iter().for_each(|field| check.text(&field["text"], "field", 2_000));
            }
            other => check.0.push(format!("an unknown block {other}")),
        }
    }
    check.that(body.to_string().encode_utf16().count() <= 13_200 + 4_000, "the whole");
    check.0
}

/// Angle brackets that are not a quotation's mark or our own link; text that Slack would look for links in.
pub(super) fn slack_markup(body: &Value) -> Complaints {
    let sections = list(&body["blocks"]).iter().skip(1);
    let texts = sections.flat_map(|block| std::iter::once(&block["text"]).chain(list(&block["fields"])));
    let mut found = Vec::new();
    for text in texts.filter(|text| !text.is_null()) {
        let shown = text["text"].as_str().unwrap_or_default();
        if shown.split(" · ").all(|link| link.starts_with("<http://127.0.0.1:3000/desk/")) {
            continue;
        }
        if text["verbatim"] != true {
            found.push("text that is not verbatim".to_owned());
        }
        let bare = |line: &str| line.strip_prefix("> ").unwrap_or(line).contains(['<', '>']);
        found.extend(shown.lines().filter(|line| bare(line)).map(|line| format!("{line:.80}")));
    }
    found.extend(body["text"].as_str().filter(|text| text.contains(['<', '>'])).map(str::to_owned));
    found
}

/// Adaptive Cards by their own schema; 28 KB by Teams' documentation.
pub(super) fn teams(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.that(bytes <= 28 * 1024, format_args!("{bytes} bytes"));
    check.that(body["type"] == "message", "type");
    check.that(list(&body["attachments"]).len() == 1, "one attachment");
    let attachment = &body["attachments"][0];
    check.that(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType");
    let card = &attachment["content"];
    // `msteams` is Teams' own addition to the schema: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format
    let mut plain = card.clone();
    plain.as_object_mut().map(|card| card.remove("msteams"));
    check.schema(&schema::ADAPTIVE_CARD, &plain);
    check.that(list(&card["actions"]).len() <= 6, "at most 6 actions");
    list(&card["actions"]).iter().for_each(|action| check.url(&action["url"]));
    check.0
}

/// Only text runs may carry what customers wrote: every other text of a card knows Markdown.
pub(super) fn teams_markup(body: &Value) -> Complaints {
    fn walk(value: &Value, found: &mut Complaints) {
        if let Some(kind) = value["type"].as_str() {
            if ["TextBlock", "FactSet", "Media", "Image"].contains(&kind) {
                found.push(kind.to_owned());
            }
            if kind == "TextRun" && !value["selectAction"].is_null() {
                found.push("a run that can be clicked".to_owned());
            }
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Value::Object(members) => members.values().for_each(|member| walk(member, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(&body["attachments"][0]["content"]["body"], &mut found);
    if !body["attachments"][0]["content"]["msteams"]["entities"].is_null() {
        found.push("mentions".to_owned());
    }
    found
}

/// Google Chat: 32,000 bytes, 100 widgets in a section, texts of buttons and headers there.
pub(super) fn google_chat(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.that(bytes <= 32_000, format_args!("{bytes} bytes"));
    check.only(body, &["fallbackText", "cardsV2", "thread"]);
    check.text(&body["thread"]["threadKey"], "threadKey", 4_000);
    let card = &body["cardsV2"][0];
    check.text(&card["cardId"], "cardId", 64);
    check.text(&card["card"]["header"]["title"], "title", 200);
    let widgets = list(&card["card"]["sections"][0]["widgets"]);
    check.that((1..=100).contains(&widgets.len()), "1 to 100 widgets");
    for widget in widgets {
        check.that(widget.as_object().is_some_and(|w| w.len() == 1), "a widget is one thing");
        if !widget["decoratedText"].is_null() {
            check.text(&widget["decoratedText"]["text"], "decoratedText", 10_000);
        }
        for button in list(&widget["buttonList"]["buttons"]) {
            check.text(&button["text"], "button", 40);
            check.url(&button["onClick"]["openLink"]["url"]);
        }
    }
    check.0
}

pub(super) fn google_chat_markup(body: &Value) -> Complaints {
    let widgets = list(&body["cardsV2"][0]["card"]["sections"][0]["widgets"]);
    let texts = widgets.iter().flat_map(|w| [&w["textParagraph"]["text"], &w["decoratedText"]["text"]]);
    texts.flat_map(|text| tags(text.as_str().unwrap_or_default(), &["i", "/i", "br"])).collect()
}

/// The tags of an HTML text, but for those that are allowed as they stand.
fn tags(html: &str, allowed: &[&str]) -> Complaints {
    let tags = html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    tags.filter(|tag| !allowed.contains(tag)).map(|tag| format!("<{tag:.60}>")).collect()
}

/// Discord's limits of embeds.
pub(super) fn discord(body: &Value, _: usize) -> Complaints {
    let mut check = Check::new();
    check.that(body["allowed_mentions"] == serde_json::json!({ "parse": [] }), "allowed_mentions");
    check.that(length(&body["content"]) <= 2_000, "content");
    check.that((1..=10).contains(&list(&body["embeds"]).len()), "1 to 10 embeds");
    let mut whole = 0;
    for embed in list(&body["embeds"]) {
        check.text(&embed["title"], "title", 256);
        check.text(&embed["description"], "description", 4_096);
        check.text(&embed["footer"]["text"], "footer", 2_048);
        check.url(&embed["url"]);
        check.that(embed["color"].as_u64().is_some_and(|c| c <= 0xff_ffff), "color");
        whole += length(&embed["title"]) + length(&embed["description"]) + length(&embed["footer"]["text"]);
        check.that(list(&embed["fields"]).len() <= 25, "fields");
        for field in list(&embed["fields"]) {
            check.text(&field["name"], "field name", 256);
            check.text(&field["value"], "field value", 1_024);
            whole += length(&field["name"]) + length(&field["value"]);
        }
    }
    check.that(whole <= 6_000, format_args!("{whole} of 6,000 over all"));
    check.0
}

pub(super) fn discord_markup(body: &Value) -> Complaints {
    let embed = &body["embeds"][0];
    let quoted = embed["description"].as_str().unwrap_or_default().lines().filter_map(|line| line.strip_prefix("> "));
    let facts = list(&embed["fields"]).iter().filter_map(|field| field["value"].as_str());
    quoted.chain(facts).flat_map(unescaped).collect()
}

/// Characters of Markdown that stand without a backslash.
fn unescaped(text: &str) -> Complaints {
    let mut found = Vec::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if "*_~`|#[]()<>@!-+:".contains(c) {
            found.push(format!("{c} in {text:.80}"));
        }
    }
    found
}

/// Mattermost: 16,383 characters of a message.
pub(super) fn mattermost(body: &Value, _: usize) -> Complaints {
    let mut check = Check::new();
    check.only(body, &["attachments", "text"]);
    let attachment = &body["attachments"][0];
    check.text(&attachment["fallback"], "fallback", 16_383);
    check.text(&attachment["text"], "text", 16_383);
    check.text(&attachment["title"], "title", 1_000);
    check.url(&attachment["title_link"]);
    for field in list(&attachment["fields"]) {
        check.text(&field["title"], "field title", 1_000);
        check.text(&field["value"], "field value", 16_383);
        check.that(field["short"].is_boolean(), "short");
    }
    check.0
}

pub(super) fn mattermost_markup(body: &Value) -> Complaints {
    let attachment = &body["attachments"][0];
    let quoted = attachment["text"].as_str().unwrap_or_default().lines().filter_map(|line| line.strip_prefix("> "));
    let facts = list(&attachment["fields"]).iter().filter_map(|field| field["value"].as_str());
    let texts: Vec<&str> = quoted.chain(facts).collect();
    // A mention is looked for before any escape: a name straight after `@`.
    let mention = |text: &&str| text.split('@').skip(1).any(|rest| rest.starts_with(|c: char| c.is_alphanumeric()));
    let mentions = texts.iter().filter(|text| mention(text)).map(|text| format!("a mention: {text:.80}"));
    mentions.chain(texts.iter().flat_map(|text| unescaped(text))).collect()
}

/// Matrix: an event of 65,536 bytes, of which some are the homeserver's.
pub(super) fn matrix(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.that(bytes <= 64_000, format_args!("{bytes} bytes"));
    check.that(body["msgtype"] == "m.text" && body["format"] == "org.matrix.custom.html", "msgtype, format");
    check.that(body["m.mentions"] == serde_json::json!({}), "m.mentions");
    check.that(length(&body["body"]) > 0 && length(&body["formatted_body"]) > 0, "both bodies");
    check.0
}

pub(super) fn matrix_markup(body: &Value) -> Complaints {
    let html = body["formatted_body"].as_str().unwrap_or_default();
    let allowed = [
        "h4",
        "/h4",
        "blockquote",
        "/blockquote",
        "br",
        "ul",
        "/ul",
        "li",
        "/li",
        "strong",
        "/strong",
        "p",
        "/p",
        "/a",
    ];
    tags(html, &allowed).into_iter().filter(|tag| !tag.starts_with("<a href=\"http://127.0.0.1:3000/desk/")).collect()
}

/// ntfy: 4,096 bytes of a message, 3 actions.
pub(super) fn ntfy(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.only(body, &["topic", "title", "message", "priority", "tags", "click", "actions"]);
    check.that(bytes <= 2 * 4_096, format_args!("{bytes} bytes"));
    check.that((1..=4_096).contains(&body["message"].as_str().unwrap_or_default().len()), "message");
    check.that((1..=1_024).contains(&body["title"].as_str().unwrap_or_default().len()), "title");
    check.that(body["priority"].as_u64().is_some_and(|p| (1..=5).contains(&p)), "priority");
    check.url(&body["click"]);
    check.that(list(&body["actions"]).len() <= 3, "3 actions");
    for action in list(&body["actions"]) {
        check.that(action["action"] == "view" && action["label"].is_string(), "action");
        check.url(&action["url"]);
    }
    check.0
}

/// PagerDuty's Events API v2.
pub(super) fn pagerduty(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.schema(&schema::PAGERDUTY, body);
    check.that(bytes <= 512 * 1024, format_args!("{bytes} bytes"));
    check.only(
        body,
        &["routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"],
    );
    check.that(length(&body["routing_key"]) == 32, "routing_key has 32 characters");
    check.text(&body["dedup_key"], "dedup_key", 255);
    match body["event_action"].as_str().unwrap_or_default() {
        "acknowledge" | "resolve" => return check.0,
        action => check.that(action == "trigger", format_args!("event_action {action}")),
    }
    let payload = &body["payload"];
    let known = ["summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"];
    check.only(payload, &known);
    check.text(&payload["summary"], "summary", 1_024);
    check.text(&payload["source"], "source", 1_024);
    let severities = ["critical", "error", "warning", "info"];
    check.that(payload["severity"].as_str().is_some_and(|s| severities.contains(&s)), "severity");
    let timestamp = payload["timestamp"].as_str().unwrap_or_default();
    check.that(chrono::DateTime::parse_from_rfc3339(timestamp).is_ok(), "timestamp");
    check.that(payload["custom_details"].is_object(), "custom_details");
    check.url(&body["client_url"]);
    list(&body["links"]).iter().for_each(|link| check.url(&link["href"]));
    check.0
}

/// CloudEvents 1.0 by the specification's schema, and what that leaves to its text: lower-case names.
pub(super) fn cloud_event(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.schema(&schema::CLOUD_EVENT, body);
    check.that(bytes <= 64 * 1024, format_args!("{bytes} bytes"));
    check.that(body["specversion"] == "1.0", "specversion");
    for name in ["id", "source", "type", "subject", "datacontenttype"] {
        check.text(&body[name], name, 1_000);
    }
    check.that(chrono::DateTime::parse_from_rfc3339(body["time"].as_str().unwrap_or_default()).is_ok(), "time");
    for name in body.as_object().into_iter().flat_map(|members| members.keys()) {
        check
            .that(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), format_args!("attribute {name}"));
    }
    check.that(body["data"].is_object(), "data");
    check.0
}

const ADDRESSES: [&str; 2] = ["alerts@example.com", "care@example.com"];

fn mail(check: &mut Check, subject: &Value, text: &Value, html: &Value) {
    check.text(subject, "subject", 998);
    check.that(!subject.as_str().unwrap_or_default().contains(['\r', '\n']), "a subject of one line");
    check.text(text, "text", 1_000_000);
    check.text(html, "html", 1_000_000);
    let html = html.as_str().unwrap_or_default();
    check.that(html.starts_with("<!doctype html>") && html.contains("</html>"), "a whole page");
    // Gmail cuts off what is longer.
    check.that(html.len() <= 102_400, format_args!("{} bytes of HTML", html.len()));
}

/// Markup of a mail's HTML part that does not come from its template.
pub(super) fn html(html: &Value) -> Complaints {
    let html = html.as_str().unwrap_or_default();
    let body = html.split_once("<body>").map_or(html, |(_, body)| body);
    let known = [
        "div",
        "/div",
        "h1",
        "/h1",
        "blockquote",
        "/blockquote",
        "table",
        "/table",
        "tr",
        "/tr",
        "th",
        "/th",
        "td",
        "/td",
        "p",
        "/p",
        "a",
        "/a",
        "span",
        "/span",
        "strong",
        "/strong",
        "br",
        "/body",
        "/html",
    ];
    let names = tags(body, &[]).into_iter();
    let unknown = names.filter(|tag| {
        let inner = tag.trim_start_matches('<').trim_end_matches('>');
        let name = inner.split([' ', '\n']).next().unwrap_or_default();
        let elsewhere = inner.contains("href=") && !inner.contains("href=\"http://127.0.0.1:3000/");
        !known.contains(&name) || elsewhere || inner.contains(" on")
    });
    unknown.collect()
}

pub(super) fn resend(body: &Value, _: usize) -> Complaints {
    let mut check = Check::new();
    check.schema(&schema::RESEND, body);
    check.only(body, &["from", "to", "subject", "text", "html", "tags", "headers", "reply_to"]);
    mail(&mut check, &body["subject"], &body["text"], &body["html"]);
    check.that(body["from"] == "Ringback <alerts@example.com>", "from");
    check.that((1..=50).contains(&list(&body["to"]).len()), "1 to 50 receivers");
    for tag in list(&body["tags"]) {
        for name in ["name", "value"] {
            check.text(&tag[name], "tag", 256);
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            check.that(tag[name].as_str().is_some_and(|t| t.chars().all(plain)), "tag: letters, digits, _ and -");
        }
    }
    check.0
}

pub(super) fn postmark(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.schema(&schema::POSTMARK, body);
    check.that(bytes <= 10 * 1024 * 1024, "10 MB");
    let known = [
        "From",
        "To",
        "Subject",
        "TextBody",
        "HtmlBody",
        "MessageStream",
        "Tag",
        "Metadata",
        "TrackOpens",
        "TrackLinks",
    ];
    check.only(body, &known);
    mail(&mut check, &body["Subject"], &body["TextBody"], &body["HtmlBody"]);
    check.text(&body["From"], "From", 255);
    check.text(&body["To"], "To", 10_000);
    check.text(&body["Tag"], "Tag", 1_000);
    for (name, value) in body["Metadata"].as_object().into_iter().flatten() {
        check.that(name.len() <= 20 && length(value) <= 80, "Metadata");
    }
    check.that(["None", "HtmlAndText", "HtmlOnly", "TextOnly"].iter().any(|t| body["TrackLinks"] == *t), "TrackLinks");
    check.0
}

pub(super) fn sendgrid(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.schema(&schema::SENDGRID, body);
    check.that(bytes <= 20 * 1024 * 1024, "20 MB");
    let known = ["personalizations", "from", "subject", "content", "categories", "custom_args", "tracking_settings"];
    check.only(body, &known);
    check.that(list(&body["content"]).len() == 2 && body["content"][0]["type"] == "text/plain", "text comes first");
    check.that(body["content"][1]["type"] == "text/html", "then HTML");
    mail(&mut check, &body["subject"], &body["content"][0]["value"], &body["content"][1]["value"]);
    check.that(body["from"]["email"] == ADDRESSES[0], "from");
    check.that(body["personalizations"][0]["to"][0]["email"] == ADDRESSES[1], "to");
    check.that(list(&body["categories"]).iter().all(|c| length(c) <= 255), "categories");
    check.that(body["custom_args"].to_string().len() < 10_000, "custom_args");
    check.0
}

pub(super) fn ses(body: &Value, bytes: usize) -> Complaints {
    let mut check = Check::new();
    check.schema(&schema::SES, body);
    check.that(bytes <= 10 * 1024 * 1024, "10 MB");
    check.only(body, &["FromEmailAddress", "Destination", "Content", "EmailTags"]);
    let simple = &body["Content"]["Simple"];
    check.only(simple, &["Subject", "Body", "Headers"]);
    mail(&mut check, &simple["Subject"]["Data"], &simple["Body"]["Text"]["Data"], &simple["Body"]["Html"]["Data"]);
    check.that((1..=50).contains(&list(&body["Destination"]["ToAddresses"]).len()), "1 to 50 receivers");
    check.that(body["FromEmailAddress"].as_str().is_some_and(str::is_ascii), "FromEmailAddress is 7-bit ASCII");
    for tag in list(&body["EmailTags"]) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let fits = |text: &Value| text.as_str().is_some_and(|t| (1..=256).contains(&t.len()) && t.chars().all(plain));
        check.that(fits(&tag["Name"]) && fits(&tag["Value"]), "EmailTags");
    }
    check.0
}

pub(super) fn brevo(body: &Value, _: usize) -> Complaints {
    let mut check = Check::new();
    check.schema(&schema::BREVO, body);
    check.only(body, &["sender", "to", "subject", "textContent", "htmlContent", "headers", "tags"]);
    mail(&mut check, &body["subject"], &body["textContent"], &body["htmlContent"]);
    check.that(body["sender"]["email"] == ADDRESSES[0] && body["to"][0]["email"] == ADDRESSES[1], "sender, to");
    check.that(length(&body["sender"]["name"]) <= 70, "a sender's name of 70 characters");
    check.text(&body["headers"]["idempotencyKey"], "idempotencyKey", 255);
    check.0
}

pub(super) fn mailpit(body: &Value, _: usize) -> Complaints {
    let mut check = Check::new();
    check.only(body, &["From", "To", "Subject", "Text", "HTML", "Tags", "Headers"]);
    mail(&mut check, &body["Subject"], &body["Text"], &body["HTML"]);
    check.that(body["From"]["Email"] == ADDRESSES[0] && body["To"][0]["Email"] == ADDRESSES[1], "From, To");
    check.0
}
