//! E-mail, before a provider's interface puts it into its own form: an alert to people of the company, or a message to
//! a customer.
//!
//! HTML comes from templates that escape everything (askama); nothing is put together by hand.

use super::notice::Notice;
use super::product::{Built, Destination};
use super::text::{one_line, shorten, tame};
use crate::config::split_mailbox;
use crate::letters::{Brand, Written};
use crate::preferences;
use askama::Template;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Longest subject, in characters: what mail clients show.
const MAX_SUBJECT: usize = 150;

/// A mail that is ready to be sent.
pub(super) struct Mail<'a> {
    /// Its name, the same over all attempts.
    pub id: &'a str,
    /// When it is sent.
    pub now: DateTime<Utc>,
    /// Sender, as `name@host` or `Name <name@host>`.
    pub from: &'a str,
    /// Where an answer to it goes, in the same form.
    pub reply_to: Option<&'a str>,
    /// Receivers.
    pub to: Vec<&'a str>,
    /// Subject, one line.
    pub subject: String,
    /// The part for those who read text.
    pub text: String,
    /// The part for those who read HTML.
    pub html: String,
    /// What it is about: letters and `_`.
    pub tag: String,
    /// What the provider gives back when it tells what became of it; none for a mail to people of the company.
    pub reference: Option<String>,
    /// Where its receiver sees and changes what may be sent to them; none for a mail to people of the company.
    pub preferences: Option<&'a str>,
}

/// A service that sends e-mail when it is asked over HTTP.
pub(super) trait Provider {
    /// The request that has it send a mail.
    fn mail(&self, to: &Destination<'_>, mail: &Mail<'_>) -> Built;
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage<'a> {
    notice: &'a Notice,
}

#[derive(Template)]
#[template(path = "alert.txt")]
struct AlertText<'a> {
    notice: &'a Notice,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage<'a> {
    letter: &'a Letter<'a>,
    subject: &'a str,
    paragraphs: Vec<Vec<String>>,
    manage: &'static str,
}

/// A message to a customer.
pub(super) struct Letter<'a> {
    /// The company's name.
    pub name: &'a str,
    /// Language, BCP 47.
    pub locale: &'a str,
    /// What it says in a mail program's list.
    pub subject: &'a str,
    /// What it says.
    pub text: &'a str,
    /// The same as HTML, escaped by its template; made from the text when absent.
    pub html: Option<&'a str>,
    /// The company's own look.
    pub brand: &'a Brand,
    /// Where an answer to it goes.
    pub reply_to: Option<&'a str>,
    /// Where the customer sees and changes what may be sent to them.
    pub preferences: &'a str,
}

impl Letter<'_> {
    /// Subject, text and HTML, each with the company's foot and the way to the customer's choices.
    fn parts(&self) -> Option<(String, String, String)> {
        let subject = shorten(&one_line(self.subject), MAX_SUBJECT);
        let mut text = tame(self.text).trim().to_owned();
        // What a template leaves out leaves its blank lines behind.
        while text.contains("\n\n\n") {
            text = text.replace("\n\n\n", "\n\n");
        }
        let paragraphs = text.split("\n\n").map(|p| p.lines().map(str::to_owned).collect::<Vec<_>>());
        let paragraphs = paragraphs.filter(|lines| !lines.is_empty()).collect();
        let manage = preferences::manage(self.locale);
        let html = LetterPage { letter: self, subject: &subject, paragraphs, manage }.render().ok()?;
        let foot = self.brand.footer.as_ref().map(|footer| format!("{footer}\n")).unwrap_or_default();
        let text = format!("{text}\n\n-- \n{foot}{manage}: {}\n", self.preferences);
        Some((subject, text, html))
    }
}

/// A message as its receiver would get it: subject, text and HTML.
pub(crate) fn letter_as_sent(
    name: &str,
    written: &Written,
    brand: &Brand,
    preferences: &str,
) -> Option<(String, String, String)> {
    let letter = Letter {
        name,
        locale: &written.language,
        subject: &written.subject,
        text: &written.text,
        html: written.html.as_deref(),
        brand,
        reply_to: None,
        preferences,
    };
    letter.parts()
}

impl<'a> Mail<'a> {
    /// An alert to a channel's receivers.
    pub fn alert(to: &Destination<'a>, notice: &'a Notice) -> Option<Self> {
        Some(Self {
            id: &notice.id,
            now: notice.now,
            from: to.text("from"),
            reply_to: None,
            to: to.channel.to.iter().map(String::as_str).collect(),
            subject: shorten(&one_line(&notice.headline), MAX_SUBJECT),
            text: AlertText { notice }.render().ok()?,
            html: AlertPage { notice }.render().ok()?,
            tag: notice.event.replace('.', "_"),
            reference: None,
            preferences: None,
        })
    }

    /// A message to a customer.
    pub fn letter(
        from: &'a str,
        to: &'a str,
        id: &'a str,
        (tag, reference): (&str, &str),
        letter: &Letter<'a>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let (subject, text, html) = letter.parts()?;
        Some(Self {
            id,
            now,
            from,
            reply_to: letter.reply_to,
            to: vec![to],
            subject,
            text,
            html,
            tag: tag.to_owned(),
            reference: Some(reference.to_owned()),
            preferences: Some(letter.preferences),
        })
    }

    /// Further headers: how a mail program ends it in one click (RFC 2369, RFC 8058).
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let Some(page) = self.preferences else { return Vec::new() };
        vec![
            ("List-Unsubscribe", format!("<{page}/unsubscribe>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ]
    }

    /// The further headers as the members of an object.
    pub fn add_headers(&self, object: &mut Value) {
        for (name, value) in self.headers() {
            object[name] = value.into();
        }
    }

    /// The further headers as a list of names and values.
    pub fn header_list(&self) -> Value {
        self.headers().into_iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
    }

    /// The sender as name and address, under the names that a provider has for them.
    pub fn sender(&self, name: &str, email: &str) -> Value {
        party(self.from, name, email)
    }

    /// Where an answer goes, as name and address, under the names that a provider has for them.
    pub fn reply_party(&self, name: &str, email: &str) -> Option<Value> {
        self.reply_to.map(|mailbox| party(mailbox, name, email))
    }

    /// The receivers as names and addresses, under the names that a provider has for them.
    pub fn receivers(&self, name: &str, email: &str) -> Value {
        self.to.iter().map(|to| party(to, name, email)).collect()
    }
}

fn party(mailbox: &str, name_key: &str, email_key: &str) -> Value {
    let (name, address) = split_mailbox(mailbox);
    let mut party = json!({});
    party[email_key] = address.into();
    if let Some(name) = name {
        party[name_key] = name.into();
    }
    party
}
