//! The products that alerts can be sent to, and what `ringback.toml` says about each of them.
//!
//! A list and nothing else: what a product is sent is `deliver`'s. A new product is a line in [`KINDS`], an arm in
//! [`Kind::settings`] and a file there.

/// A product that alerts are sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Slack's incoming webhooks, and whatever takes the same.
    Slack,
    /// Microsoft Teams, by a workflow that takes a webhook.
    Teams,
    /// Google Chat's incoming webhooks.
    GoogleChat,
    /// Discord's webhooks.
    Discord,
    /// Mattermost's incoming webhooks.
    Mattermost,
    /// A room on a Matrix homeserver.
    Matrix,
    /// A topic on an ntfy server.
    Ntfy,
    /// PagerDuty, by its Events API v2.
    PagerDuty,
    /// Other programs: CloudEvents, signed per Standard Webhooks.
    Webhook,
    /// E-mail by Resend.
    Resend,
    /// E-mail by Postmark.
    Postmark,
    /// E-mail by SendGrid.
    SendGrid,
    /// E-mail by Amazon SES v2.
    Ses,
    /// E-mail by Brevo.
    Brevo,
    /// E-mail caught by Mailpit, for trials.
    Mailpit,
}

/// The products' names in `ringback.toml`.
pub const KINDS: [(&str, Kind); 15] = [
    ("slack", Kind::Slack),
    ("teams", Kind::Teams),
    ("google-chat", Kind::GoogleChat),
    ("discord", Kind::Discord),
    ("mattermost", Kind::Mattermost),
    ("matrix", Kind::Matrix),
    ("ntfy", Kind::Ntfy),
    ("pagerduty", Kind::PagerDuty),
    ("webhook", Kind::Webhook),
    ("resend", Kind::Resend),
    ("postmark", Kind::Postmark),
    ("sendgrid", Kind::SendGrid),
    ("ses", Kind::Ses),
    ("brevo", Kind::Brevo),
    ("mailpit", Kind::Mailpit),
];

/// One thing that the programme says about a channel.
pub(super) enum Setting {
    /// The name of the Spin variable that holds it.
    Variable(&'static str),
    /// The same, where the product can do without.
    OptionalVariable(&'static str),
    /// The thing itself, after a check.
    Text(&'static str, fn(&str) -> Result<(), &'static str>),
    /// The same, where the product can do without.
    OptionalText(&'static str, fn(&str) -> Result<(), &'static str>),
}

use Setting::{OptionalText, OptionalVariable, Text, Variable};

impl Kind {
    /// Whether it sends e-mail: it has a sender and receivers, and can write to customers.
    #[must_use]
    pub const fn is_mail(self) -> bool {
        matches!(self, Self::Resend | Self::Postmark | Self::SendGrid | Self::Ses | Self::Brevo | Self::Mailpit)
    }

    /// How many messages a minute its vendor takes at one destination, where the vendor says so and it is the same for
    /// everybody (docs/channels.md). The others are servers of one's own, or go by what was agreed.
    #[must_use]
    pub const fn vendor_per_minute(self) -> Option<u32> {
        match self {
            Self::Discord => Some(30),
            Self::Slack | Self::GoogleChat => Some(60),
            Self::PagerDuty | Self::Resend => Some(120),
            Self::Teams => Some(240),
            Self::Mattermost
            | Self::Matrix
            | Self::Ntfy
            | Self::Webhook
            | Self::Postmark
            | Self::SendGrid
            | Self::Ses
            | Self::Brevo
            | Self::Mailpit => None,
        }
    }

    /// Whether it keeps an incident for each case, and so is told when the case is taken and when it is resolved.
    #[must_use]
    pub const fn keeps_incidents(self) -> bool {
        matches!(self, Self::PagerDuty)
    }

    /// What the programme says about a channel of this kind, beside what it says about every channel.
    pub(super) const fn settings(self) -> &'static [Setting] {
        match self {
            Self::Slack | Self::Teams | Self::GoogleChat | Self::Discord | Self::Mattermost => {
                &[Variable("url_variable")]
            }
            Self::Matrix => &[Variable("origin_variable"), Variable("token_variable"), Text("room", room)],
            Self::Ntfy => {
                &[Variable("origin_variable"), Variable("topic_variable"), OptionalVariable("token_variable")]
            }
            Self::PagerDuty => &[Variable("origin_variable"), Variable("key_variable")],
            Self::Webhook => &[Variable("url_variable"), Variable("secret_variable")],
            Self::SendGrid => &[
                Variable("origin_variable"),
                Variable("key_variable"),
                OptionalVariable("webhook_variable"),
                OptionalVariable("webhook_key_variable"),
                Text("from", mailbox),
            ],
            Self::Resend | Self::Brevo => &[
                Variable("origin_variable"),
                Variable("key_variable"),
                OptionalVariable("webhook_variable"),
                Text("from", mailbox),
            ],
            Self::Postmark => &[
                Variable("origin_variable"),
                Variable("key_variable"),
                Text("from", mailbox),
                OptionalText("stream", plain),
                OptionalVariable("webhook_variable"),
            ],
            Self::Ses => &[
                Variable("origin_variable"),
                Variable("key_variable"),
                Variable("secret_variable"),
                OptionalVariable("topic_variable"),
                OptionalVariable("notifications_origin_variable"),
                OptionalText("configuration_set", plain),
                Text("region", plain),
                Text("from", mailbox),
            ],
            Self::Mailpit => &[Variable("origin_variable"), Text("from", mailbox)],
        }
    }
}

fn room(text: &str) -> Result<(), &'static str> {
    let fits = text.starts_with('!') && text.len() > 1 && text.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(()) } else { Err("must be a room's id, as in `!abcdef:example.org` (not its alias)") }
}

fn plain(text: &str) -> Result<(), &'static str> {
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fits { Ok(()) } else { Err("must be made of letters, digits, `-` and `_`") }
}

/// Whether a text is an address a mail may come from or go to: `name@host` or `Name <name@host>`.
pub(super) fn mailbox(text: &str) -> Result<(), &'static str> {
    let (name, address) = split_mailbox(text);
    let (user, host) = address.split_once('@').unwrap_or_default();
    let visible =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"<>,;@\"".contains(&b));
    let named = name.is_none_or(|name| !name.chars().any(|c| c.is_control() || "<>\",;@".contains(c)));
    if visible(user) && visible(host) && named && text.len() <= 320 {
        Ok(())
    } else {
        Err("must be an address, as in `care@example.com` or `Care <care@example.com>`")
    }
}

/// The name, where there is one, and the address of `Name <name@host>`.
#[must_use]
pub fn split_mailbox(text: &str) -> (Option<&str>, &str) {
    match text.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')) {
        Some((name, address)) => (Some(name.trim()).filter(|name| !name.is_empty()), address.trim()),
        None => (None, text.trim()),
    }
}
