//! E-mail through Amazon SES v2: `POST /v2/email/outbound-emails`, signed with Signature Version 4.
//!
//! Amazon's own crate for it would make the component a sixth larger and bring an asynchronous runtime's crate along; of
//! the small ones, none is kept well. A test holds the signature against Amazon's.

use super::mail::{Mail, Provider};
use super::product::{Built, Destination};
use crate::config::split_mailbox;
use crate::digest::{hmac_sha256, sha256_hex};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use http::Uri;
use http::uri::Authority;
use serde_json::{Value, json};

const CONTENT_TYPE: &str = "application/json";
/// The headers that the signature covers.
const SIGNED: &str = "content-type;host;x-amz-date";

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

/// Signs a request with Signature Version 4, as Amazon describes it: a keyed hash of a text that says what the request
/// is, under a key that is made from the secret, the day, the region and the service. The hashes are RustCrypto's.
fn signed(to: &Destination<'_>, url: &str, body: &Value, now: DateTime<Utc>) -> Built {
    let body = body.to_string().into_bytes();
    let (id, secret) = (to.secret("key_variable")?, to.secret("secret_variable")?);
    let place = Place { region: to.text("region"), id, secret };
    let uri: Uri = url.parse().map_err(|_| to.wrong("origin_variable", "an address of Amazon SES"))?;
    let host = uri.authority().map_or("", Authority::as_str);
    let stamp = now.format("%Y%m%dT%H%M%SZ").to_string();
    let authorization = place.authorization(host, uri.path(), &stamp, &body);
    let headers = [("content-type", CONTENT_TYPE), ("x-amz-date", &stamp), ("authorization", &authorization)];
    to.post_bytes(url, &headers, body)
}

/// Who signs, and for where.
struct Place<'a> {
    region: &'a str,
    id: &'a str,
    secret: &'a str,
}

impl Place<'_> {
    /// The `Authorization` of a POST without a query, whose path needs no escaping.
    fn authorization(&self, host: &str, path: &str, stamp: &str, body: &[u8]) -> String {
        let day = stamp.get(..8).unwrap_or_default();
        let request = format!(
            "POST\n{path}\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{stamp}\n\n{SIGNED}\n{}",
            sha256_hex(body)
        );
        let scope = format!("{day}/{}/ses/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", sha256_hex(request.as_bytes()));
        let first = hmac_sha256(format!("AWS4{}", self.secret).as_bytes(), &[day.as_bytes()]);
        let parts = [self.region, "ses", "aws4_request", text.as_str()];
        let signature = parts.iter().fold(first, |key, part| hmac_sha256(&key, &[part.as_bytes()]));
        let signature = HEXLOWER.encode(&signature);
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={SIGNED}, Signature={signature}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_signed_as_amazons_own_library_signs_it() {
        let place =
            Place { region: "eu-central-1", id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
        let host = "email.eu-central-1.amazonaws.com";
        let signed = place.authorization(host, "/v2/email/outbound-emails", "20261122T093000Z", br#"{"a":1}"#);
        // What the crate aws-sigv4 1.6.4 makes of the same request.
        assert_eq!(
            signed,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/ses/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=8e03757ae2623134e6797e17ca8ac0b080db30f422e701d9a0c08e3fd363fd07"
        );
    }
}
