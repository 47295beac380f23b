//! Amazon SNS, by which SES tells what became of mails: whether a message is SNS's own, and joining a topic.
//!
//! A message names the certificate that it was signed with. It is fetched from SNS's own host alone, over TLS, which is what
//! vouches for it; its issuers are not looked at. Verifying takes the public key only, so what is known of the timing of
//! RSA's private operations (RUSTSEC-2023-0071) does not concern it.

use crate::App;
use crate::config::Channel;
use crate::deliver::product::Destination;
use crate::ports::Outbound;
use crate::signature::{NotAuthentic, TOLERANCE_S};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use http::Request;
use ringback_ledger::{Clock, Entropy, Store};
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::Value;
use sha1::Sha1;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};

/// How long SNS may take to answer.
const WITHIN: Duration = Duration::from_secs(5);
/// Certificates that an instance keeps: SNS changes its own about once a year.
const KEPT: usize = 4;
/// Shortest modulus that is taken, in bytes.
const SHORTEST: usize = 256;
/// What a signature covers, in this order; what a message does not have is left out (a subject).
const OF_NOTIFICATION: [&str; 6] = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
const OF_CONFIRMATION: [&str; 7] = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];

/// Why a message is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is not SNS's, or not ours.
    Refused(NotAuthentic),
    /// SNS did not answer: it is to be sent again.
    Unreachable,
}

impl From<NotAuthentic> for NotTaken {
    fn from(why: NotAuthentic) -> Self {
        Self::Refused(why)
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// What SES tells in a message of SNS; nothing when the message was about the topic itself, which is then joined.
    pub(super) async fn told_by_sns(
        &self,
        channel: &Channel,
        message: &Value,
        out: &impl Outbound,
    ) -> Result<Option<Value>, NotTaken> {
        let to = Destination { channel, secrets: &self.secrets };
        let topics = to.optional_secret("topic_variable").ok_or(NotAuthentic::NoSecret)?;
        let origin = to.address("notifications_origin_variable").map_err(|_| NotAuthentic::NoSecret)?;
        let topic = member(message, "TopicArn")?;
        if !topics.split_whitespace().any(|known| known == topic) {
            return Err(NotAuthentic::Mismatch.into());
        }
        // Before anything is fetched: an old message costs nothing.
        let sent = DateTime::parse_from_rfc3339(member(message, "Timestamp")?).map_err(|_| NotAuthentic::Headers)?;
        let now = self.clock.now();
        if sent.timestamp().unsigned_abs().abs_diff(now) > TOLERANCE_S {
            return Err(NotAuthentic::Stale.into());
        }
        let certificate = self.certificate(origin, member(message, "SigningCertURL")?, out).await?;
        verify(&certificate, message, now)?;
        match member(message, "Type")? {
            // What is no JSON is somebody's test of the topic.
            "Notification" => Ok(serde_json::from_str(member(message, "Message")?).ok()),
            "SubscriptionConfirmation" => {
                self.join(origin, member(message, "SubscribeURL")?, out).await?;
                self.log(&format!("channel {}: joined its topic", channel.id));
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// The certificate at an address of SNS's own host, in PEM.
    async fn certificate(&self, origin: &str, url: &str, out: &impl Outbound) -> Result<Vec<u8>, NotTaken> {
        let name = url.strip_prefix(origin).and_then(|path| path.strip_prefix('/')).ok_or(NotAuthentic::Certificate)?;
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if !plain || !name.ends_with(".pem") || name.len() > 128 {
            return Err(NotAuthentic::Certificate.into());
        }
        if let Some(known) = self.certificates.borrow().iter().find(|(known, _)| known == url) {
            return Ok(known.1.clone());
        }
        let certificate = get(url, out).await?;
        // What cannot be read is not kept.
        if Certificate::from_pem(&certificate).is_err() {
            return Err(NotAuthentic::Certificate.into());
        }
        let mut kept = self.certificates.borrow_mut();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((url.to_owned(), certificate.clone()));
        Ok(certificate)
    }

    /// Confirms a subscription, by an address of the same host that the message was signed with.
    async fn join(&self, origin: &str, url: &str, out: &impl Outbound) -> Result<(), NotTaken> {
        let query = url.strip_prefix(origin).and_then(|rest| rest.strip_prefix("/?"));
        let confirms = query.is_some_and(|query| query.split('&').any(|part| part == "Action=ConfirmSubscription"));
        if !confirms {
            return Err(NotAuthentic::Mismatch.into());
        }
        get(url, out).await.map(drop)
    }
}

async fn get(url: &str, out: &impl Outbound) -> Result<Vec<u8>, NotTaken> {
    let request = Request::get(url).body(Vec::new()).map_err(|_| NotAuthentic::Headers)?;
    let answer = out.send(request, WITHIN).await.map_err(|_| NotTaken::Unreachable)?;
    if answer.status().is_success() { Ok(answer.into_body()) } else { Err(NotTaken::Unreachable) }
}

fn member<'m>(message: &'m Value, name: &str) -> Result<&'m str, NotAuthentic> {
    message[name].as_str().ok_or(NotAuthentic::Headers)
}

/// Checks a message's signature by a certificate (PEM).
fn verify(certificate: &[u8], message: &Value, now: u64) -> Result<(), NotAuthentic> {
    let key = key(certificate, now).ok_or(NotAuthentic::Certificate)?;
    let signature = STANDARD.decode(member(message, "Signature")?).map_err(|_| NotAuthentic::Headers)?;
    let signature = Signature::try_from(signature.as_slice()).map_err(|_| NotAuthentic::Headers)?;
    let signed = signed(message)?;
    let genuine = match member(message, "SignatureVersion")? {
        "1" => VerifyingKey::<Sha1>::new(key).verify(signed.as_bytes(), &signature),
        "2" => VerifyingKey::<Sha256>::new(key).verify(signed.as_bytes(), &signature),
        _ => return Err(NotAuthentic::Headers),
    };
    genuine.map_err(|_| NotAuthentic::Mismatch)
}

/// The key of a certificate that holds now.
fn key(certificate: &[u8], now: u64) -> Option<RsaPublicKey> {
    let certificate = Certificate::from_pem(certificate).ok()?.tbs_certificate;
    let holds = &certificate.validity;
    let holds = holds.not_before.to_unix_duration().as_secs()..=holds.not_after.to_unix_duration().as_secs();
    let key = RsaPublicKey::from_public_key_der(&certificate.subject_public_key_info.to_der().ok()?).ok()?;
    (holds.contains(&now) && key.size() >= SHORTEST).then_some(key)
}

/// What is signed: names and values, each on a line.
fn signed(message: &Value) -> Result<String, NotAuthentic> {
    let names: &[&str] = match member(message, "Type")? {
        "Notification" => &OF_NOTIFICATION,
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => &OF_CONFIRMATION,
        _ => return Err(NotAuthentic::Headers),
    };
    let mut text = String::new();
    for name in names {
        match message[*name].as_str() {
            Some(value) => text.extend([*name, "\n", value, "\n"]),
            None if *name == "Subject" => {}
            None => return Err(NotAuthentic::Headers),
        }
    }
    Ok(text)
}
