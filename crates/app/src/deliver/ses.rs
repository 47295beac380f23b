//! E-mail through Amazon SES v2: `POST /v2/email/outbound-emails`, signed with Signature Version 4 by Amazon's own crate.

use super::mail::{Mail, Provider};
use super::product::{Built, Destination};
use crate::config::split_mailbox;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

const CONTENT_TYPE: &str = "application/json";

pub(super) struct Ses;

impl Provider for Ses {
    fn mail(&self, to: &Destination<'_>, mail: &Mail<'_>) -> Built {
        let url = format!("{}/v2/email/outbound-emails", to.address("origin_variable")?);
        let part = |text: &str| json!({ "Data": text, "Charset": "UTF-8" });
        let mut body = json!({
            "FromEmailAddress": encoded(mail.from),
            "Destination": { "ToAddresses": mail.to.iter().map(|to| encoded(to)).collect::<Vec<_>>() },
            "Content": { "Simple": {
                "Subject": part(&mail.subject),
                "Body": { "Text": part(&mail.text), "Html": part(&mail.html) },
            } },
            "EmailTags": [{ "Name": "event", "Value": mail.tag }, { "Name": "ringback-id", "Value": mail.id }],
        });
        if mail.preferences.is_some() {
            body["Content"]["Simple"]["Headers"] = mail.header_list();
        }
        if let (Some(reference), Some(tags)) = (&mail.reference, body["EmailTags"].as_array_mut()) {
            tags.push(json!({ "Name": "ringback", "Value": reference }));
        }
        if let Some(set) = to.channel.setting("configuration_set") {
            body["ConfigurationSetName"] = set.into();
        }
        if let Some(reply_to) = mail.reply_to {
            body["ReplyToAddresses"] = vec![encoded(reply_to)].into();
        }
        signed(to, &url, &body, mail.now)
    }
}

/// A name that is not ASCII is written as an encoded word (RFC 2047).
fn encoded(mailbox: &str) -> String {
    match split_mailbox(mailbox) {
        (Some(name), address) if !name.is_ascii() => {
            format!("=?UTF-8?B?{}?= <{address}>", STANDARD.encode(name))
        }
        _ => mailbox.to_owned(),
    }
}

/// Signs a request with Signature Version 4, by Amazon's own crate.
fn signed(to: &Destination<'_>, url: &str, body: &Value, now: DateTime<Utc>) -> Built {
    let body = body.to_string().into_bytes();
    let keys = (to.secret("key_variable")?, to.secret("secret_variable")?);
    let signature = signature(keys, to.text("region"), url, &body, now);
    let signature = signature.map_err(|_| to.wrong("origin_variable", "an address of Amazon SES"))?;
    let mut headers = vec![("content-type", CONTENT_TYPE)];
    headers.extend(signature.iter().map(|(name, value)| (*name, value.as_str())));
    to.post_bytes(url, &headers, body)
}

/// The headers that sign a POST of a body.
fn signature(
    (id, secret): (&str, &str),
    region: &str,
    url: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let identity = Credentials::new(id, secret, None, None, "ringback").into();
    let since_1970 = Duration::from_secs(u64::try_from(now.timestamp())?);
    let terms = v4::SigningParams::builder().identity(&identity).region(region).name("ses");
    let terms = terms.time(UNIX_EPOCH + since_1970).settings(SigningSettings::default()).build()?;
    let headers = [("content-type", CONTENT_TYPE)].into_iter();
    let request = SignableRequest::new("POST", url, headers, SignableBody::Bytes(body))?;
    let (signed, _) = sign(request, &terms.into())?.into_parts();
    let (headers, _) = signed.into_parts();
    Ok(headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_amazon_describes_it() {
        let keys = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let url = "https://email.eu-central-1.amazonaws.com/v2/email/outbound-emails";
        let now = "2026-11-22T09:30:00Z".parse().expect("an instant");
        let headers = signature(keys, "eu-central-1", url, br#"{"a":1}"#, now).expect("signed");
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(header("x-amz-date"), Some("20261122T093000Z"));
        // Computed by hand from Amazon's description: a keyed hash over day, region and service of the request's own hash.
        assert_eq!(
            header("authorization"),
            Some(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/ses/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=8e03757ae2623134e6797e17ca8ac0b080db30f422e701d9a0c08e3fd363fd07"
            )
        );
    }
}
