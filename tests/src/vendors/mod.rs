//! The products that alerts can be sent to, as a scenario meets them: how a channel for each is configured, what it
//! answers, and what it would refuse.

mod checks;
mod schema;

use crate::receiver::{Received, Reply};
use serde_json::Value;

/// One product.
#[derive(Debug)]
pub struct Vendor {
    /// Its kind in the programme; also the channel's id.
    pub kind: &'static str,
    /// What the programme says about the channel, beside id and kind.
    settings: &'static str,
    /// Variables and what they hold, with `ORIGIN` for the receiver's.
    variables: &'static [(&'static str, &'static str)],
    /// What it answers to what it takes.
    takes: (u16, &'static str),
    /// Method and path of what it is sent; `…` stands for anything.
    request: (&'static str, &'static str),
    /// A header that must be there, with its value.
    header: (&'static str, &'static str),
    /// What it would refuse of a payload, by its documentation.
    refuses: fn(&Value, usize) -> Vec<String>,
    /// What in a payload does not come from us and would be more than text.
    alive: fn(&Value) -> Vec<String>,
}

/// Secrets of the channels of [`VENDORS`]; scenarios look for them where they must not appear.
pub const VENDOR_SECRETS: [&str; 15] = [
    "s3cr3t-slack",
    "s3cr3t-teams",
    "s3cr3t-google",
    "s3cr3t-discord",
    "s3cr3t-mattermost",
    "s3cr3t-matrix",
    "s3cr3t-topic",
    "s3cr3t-ntfy",
    "s3cr3t0routing0key00000000000000",
    "s3cr3t-postmark",
    "SG.s3cr3t-sendgrid",
    "AKIAS3CR3T",
    "s3cr3t-ses",
    "xkeysib-s3cr3t",
    "s3cr3t-events-path",
];

/// Every product.
pub static VENDORS: [Vendor; 15] = [
    Vendor {
        kind: "slack",
        settings: "url_variable = 'slack_webhook_url'",
        variables: &[("slack_webhook_url", "ORIGIN/services/s3cr3t-slack"), ("slack_origin", "ORIGIN")],
        takes: (200, "ok"),
        request: ("POST", "/services/s3cr3t-slack"),
        header: ("content-type", "application/json; charset=utf-8"),
        refuses: checks::slack,
        alive: checks::slack_markup,
    },
    Vendor {
        kind: "teams",
        settings: "url_variable = 'teams_webhook_url'",
        variables: &[
            ("teams_webhook_url", "ORIGIN/workflows/1/triggers/manual/paths/invoke?sig=s3cr3t-teams"),
            ("teams_origin", "ORIGIN"),
        ],
        takes: (202, ""),
        request: ("POST", "/workflows/1/triggers/manual/paths/invoke?sig=s3cr3t-teams"),
        header: ("content-type", "application/json; charset=utf-8"),
        refuses: checks::teams,
        alive: checks::teams_markup,
    },
    Vendor {
        kind: "google-chat",
        settings: "url_variable = 'google_chat_webhook_url'",
        variables: &[
            ("google_chat_webhook_url", "ORIGIN/v1/spaces/A/messages?key=k&token=s3cr3t-google"),
            ("google_chat_origin", "ORIGIN"),
        ],
        takes: (200, r#"{"name":"spaces/A/messages/1"}"#),
        request: (
            "POST",
            "/v1/spaces/A/messages?key=k&token=s3cr3t-google&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
        ),
        header: ("content-type", "application/json; charset=utf-8"),
        refuses: checks::google_chat,
        alive: checks::google_chat_markup,
    },
    Vendor {
        kind: "discord",
        settings: "url_variable = 'discord_webhook_url'",
        variables: &[("discord_webhook_url", "ORIGIN/api/webhooks/1/s3cr3t-discord"), ("discord_origin", "ORIGIN")],
        takes: (200, r#"{"id":"1"}"#),
        request: ("POST", "/api/webhooks/1/s3cr3t-discord?wait=true"),
        header: ("content-type", "application/json; charset=utf-8"),
        refuses: checks::discord,
        alive: checks::discord_markup,
    },
    Vendor {
        kind: "mattermost",
        settings: "url_variable = 'mattermost_webhook_url'",
        variables: &[("mattermost_webhook_url", "ORIGIN/hooks/s3cr3t-mattermost"), ("mattermost_origin", "ORIGIN")],
        takes: (200, "ok"),
        request: ("POST", "/hooks/s3cr3t-mattermost"),
        header: ("content-type", "application/json; charset=utf-8"),
        refuses: checks::mattermost,
        alive: checks::mattermost_markup,
    },
    Vendor {
        kind: "matrix",
        settings: "origin_variable = 'matrix_origin'\ntoken_variable = 'matrix_token'\nroom = '!room:example.org'",
        variables: &[("matrix_origin", "ORIGIN"), ("matrix_token", "s3cr3t-matrix")],
        takes: (200, r#"{"event_id":"$1"}"#),
        request: ("PUT", "/_matrix/client/v3/rooms/%21room%3Aexample.org/send/m.room.message/…"),
        header: ("authorization", "Bearer s3cr3t-matrix"),
        refuses: checks::matrix,
        alive: checks::matrix_markup,
    },
    Vendor {
        kind: "ntfy",
        settings: "origin_variable = 'ntfy_origin'\ntopic_variable = 'ntfy_topic'\ntoken_variable = 'ntfy_token'",
        variables: &[("ntfy_origin", "ORIGIN"), ("ntfy_topic", "s3cr3t-topic"), ("ntfy_token", "s3cr3t-ntfy")],
        takes: (200, r#"{"id":"1"}"#),
        request: ("POST", "/"),
        header: ("authorization", "Bearer s3cr3t-ntfy"),
        refuses: checks::ntfy,
        alive: checks::nothing,
    },
    Vendor {
        kind: "pagerduty",
        settings: "origin_variable = 'pagerduty_origin'\nkey_variable = 'pagerduty_routing_key'",
        variables: &[("pagerduty_origin", "ORIGIN"), ("pagerduty_routing_key", "s3cr3t0routing0key00000000000000")],
        takes: (202, r#"{"status":"success","message":"Event processed"}"#),
        request: ("POST", "/v2/enqueue"),
        header: ("content-type", "application/json; charset=utf-8"),
        refuses: checks::pagerduty,
        alive: checks::nothing,
    },
    Vendor {
        kind: "resend",
        settings: "origin_variable = 'resend_origin'\nkey_variable = 'resend_api_key'\nfrom = 'Ringback <alerts@example.com>'\nto = ['Care <care@example.com>']",
        variables: &[("resend_origin", "ORIGIN")],
        takes: (200, r#"{"id":"1"}"#),
        request: ("POST", "/emails"),
        header: ("authorization", "Bearer re_test_2f6c9d0b"),
        refuses: checks::resend,
        alive: |mail| checks::html(&mail["html"]),
    },
    Vendor {
        kind: "postmark",
        settings: "origin_variable = 'postmark_origin'\nkey_variable = 'postmark_server_token'\nfrom = 'Ringback <alerts@example.com>'\nto = ['Care <care@example.com>']",
        variables: &[("postmark_origin", "ORIGIN"), ("postmark_server_token", "s3cr3t-postmark")],
        takes: (200, r#"{"ErrorCode":0,"MessageID":"1"}"#),
        request: ("POST", "/email"),
        header: ("x-postmark-server-token", "s3cr3t-postmark"),
        refuses: checks::postmark,
        alive: |mail| checks::html(&mail["HtmlBody"]),
    },
    Vendor {
        kind: "sendgrid",
        settings: "origin_variable = 'sendgrid_origin'\nkey_variable = 'sendgrid_api_key'\nfrom = 'Ringback <alerts@example.com>'\nto = ['Care <care@example.com>']",
        variables: &[("sendgrid_origin", "ORIGIN"), ("sendgrid_api_key", "SG.s3cr3t-sendgrid")],
        takes: (202, ""),
        request: ("POST", "/v3/mail/send"),
        header: ("authorization", "Bearer SG.s3cr3t-sendgrid"),
        refuses: checks::sendgrid,
        alive: |mail| checks::html(&mail["content"][1]["value"]),
    },
    Vendor {
        kind: "ses",
        settings: "origin_variable = 'ses_origin'\nkey_variable = 'ses_access_key_id'\nsecret_variable = 'ses_secret_access_key'\nregion = 'eu-central-1'\nfrom = 'Ringback <alerts@example.com>'\nto = ['Care <care@example.com>']",
        variables: &[
            ("ses_origin", "ORIGIN"),
            ("ses_access_key_id", "AKIAS3CR3T"),
            ("ses_secret_access_key", "s3cr3t-ses"),
        ],
        takes: (200, r#"{"MessageId":"1"}"#),
        request: ("POST", "/v2/email/outbound-emails"),
        header: ("content-type", "application/json"),
        refuses: checks::ses,
        alive: |mail| checks::html(&mail["Content"]["Simple"]["Body"]["Html"]["Data"]),
    },
    Vendor {
        kind: "brevo",
        settings: "origin_variable = 'brevo_origin'\nkey_variable = 'brevo_api_key'\nfrom = 'Ringback <alerts@example.com>'\nto = ['Care <care@example.com>']",
        variables: &[("brevo_origin", "ORIGIN"), ("brevo_api_key", "xkeysib-s3cr3t")],
        takes: (201, r#"{"messageId":"1"}"#),
        request: ("POST", "/v3/smtp/email"),
        header: ("api-key", "xkeysib-s3cr3t"),
        refuses: checks::brevo,
        alive: |mail| checks::html(&mail["htmlContent"]),
    },
    Vendor {
        kind: "mailpit",
        settings: "origin_variable = 'mailpit_origin'\nfrom = 'Ringback <alerts@example.com>'\nto = ['Care <care@example.com>']",
        variables: &[("mailpit_origin", "ORIGIN")],
        takes: (200, r#"{"ID":"1"}"#),
        request: ("POST", "/api/v1/send"),
        header: ("content-type", "application/json; charset=utf-8"),
        refuses: checks::mailpit,
        alive: |mail| checks::html(&mail["HTML"]),
    },
    Vendor {
        kind: "webhook",
        settings: "url_variable = 'events_webhook_url'\nsecret_variable = 'events_webhook_secret'",
        variables: &[("events_webhook_url", "ORIGIN/s3cr3t-events-path"), ("events_webhook_origin", "ORIGIN")],
        takes: (204, ""),
        request: ("POST", "/s3cr3t-events-path"),
        header: ("content-type", "application/cloudevents+json; charset=utf-8"),
        refuses: checks::cloud_event,
        alive: checks::nothing,
    },
];

/// The repository's programme with a channel for every product, each in its own route of the product's name, and all of
/// them in the routes `care` and `lead`.
#[must_use]
pub fn programme(ours: String) -> String {
    let mut text = ours;
    let names: Vec<String> = VENDORS.iter().map(|vendor| format!("'{}'", vendor.kind)).collect();
    for (id, channels) in
        [("care", r#"["care-chat", "care-mail"]"#), ("lead", r#"["care-chat", "lead-mail", "events"]"#)]
    {
        let before = format!("id = \"{id}\"\nchannels = {channels}");
        assert!(text.contains(&before), "the route {id} looks otherwise");
        text = text.replace(&before, &format!("id = \"{id}\"\nchannels = [{}]", names.join(", ")));
    }
    for vendor in &VENDORS {
        let Vendor { kind, settings, .. } = vendor;
        text.push_str(&format!("\n[[channels]]\nid = '{kind}'\nkind = '{kind}'\nallow_private = true\n{settings}\n"));
    }
    text
}

impl Vendor {
    /// What it answers to what it takes.
    #[must_use]
    pub fn takes(&self) -> Reply {
        Reply::status(self.takes.0).body(self.takes.1)
    }

    pub(crate) fn variables(&self, origin: &str) -> Vec<(&'static str, String)> {
        self.variables.iter().map(|(name, value)| (*name, value.replace("ORIGIN", origin))).collect()
    }

    /// Everything that is wrong with a request, by the product's documentation.
    #[must_use]
    pub fn complaints(&self, request: &Received) -> Vec<String> {
        let mut complaints = Vec::new();
        let (method, path) = self.request;
        let fits = match path.split_once('…') {
            Some((before, after)) => request.path.starts_with(before) && request.path.ends_with(after),
            None => request.path == path,
        };
        if request.method != method || !fits {
            complaints.push(format!("{} {}", request.method, request.path));
        }
        let (name, value) = self.header;
        if request.header(name) != value {
            complaints.push(format!("{name}: {}", request.header(name)));
        }
        match serde_json::from_slice::<Value>(&request.body) {
            Ok(body) => complaints.extend((self.refuses)(&body, request.body.len())),
            Err(error) => complaints.push(error.to_string()),
        }
        complaints
    }

    /// What of a customer's text would be more than text: markup, links, mentions.
    #[must_use]
    pub fn alive(&self, request: &Received) -> Vec<String> {
        (self.alive)(&request.json())
    }
}
