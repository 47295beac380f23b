//! Tokens, secrets and addresses of a world. All of them are made up; scenarios look for them where they must not appear.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::receiver::Receiver;
use crate::vendors::VENDOR_SECRETS;

/// The bearer token of the role `intake`.
pub const INTAKE: &str = "test-intake-5d1c0a6e";
/// The bearer token of the role `agent`.
pub const AGENT: &str = "test-agent-93b7f2d4";
/// The bearer token of the role `lead`.
pub const LEAD: &str = "test-lead-6a0b35c9";
/// The bearer token of the role `executive`.
pub const EXECUTIVE: &str = "test-executive-c41d97e2";
/// The bearer token of the role `admin`.
pub const ADMIN: &str = "test-admin-e80f6a11";
/// The bearer token of the role `operator`.
pub const OPERATOR: &str = "test-operator-41be77d0";
/// The pepper.
pub const PEPPER: &str = "test-pepper-that-must-never-be-printed-4711";
/// Secret of the source `formbricks`: the one of the specification's test vector.
pub const FORMBRICKS_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// Secret of the source `crm` from before its rotation.
pub const CRM_SECRET_BEFORE: &str = "whsec_b2xkLXNlY3JldC1vZi10aGUtY3JtLTAwMDE=";
/// Secret of the source `crm`.
pub const CRM_SECRET: &str = "whsec_bmV3LXNlY3JldC1vZi10aGUtY3JtLTAwMDI=";
/// Secret with which the shop's server signs who is logged in.
pub const IDENTITY_SECRET: &str = "test-identity-secret-that-the-shop-signs-with";
/// Secret with which events are signed that leave.
pub const EVENTS_SECRET: &str = "whsec_c2VjcmV0LW9mLW91dGdvaW5nLWV2ZW50cw==";
/// Secret with which the mail provider signs what became of its mails.
pub const MAIL_SECRET: &str = "whsec_c2VjcmV0LW9mLW1haWwtcmVwb3J0cy0wMDE=";
/// What the consent service lets its askers in by.
pub const CONSENT_TOKEN: &str = "test-consent-service-7c1e";
/// Key of the mail provider.
pub const RESEND_KEY: &str = "re_test_2f6c9d0b";
/// A storage key, without its name.
pub const STORAGE_KEY: &str = "dGhlLWZpcnN0LXN0b3JhZ2Uta2V5LW9mLXRlc3RzISE=";
/// The storage key after it.
pub const STORAGE_KEY_NEXT: &str = "dGhlLXNlY29uZC1zdG9yYWdlLWtleS1vZi10ZXN0cyE=";
/// Path of the chat's incoming webhook; whoever knows it can write.
pub const SLACK_PATH: &str = "/services/T0TEST/B0TEST/s3cr3tpath";

/// What SendGrid's signatures are checked by: a public key, made by OpenSSL.
const SENDGRID_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3D2vTEhrTl6tkTRM4rPOui7otLc6hvtb4B3vrNhbfgZcq0GhpWDU97zhLdQU/rvZ06nQFoLTCK2/Yf/Q8RNzDw==";
/// The topic by which SES tells.
const SES_TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:ringback";

/// Everything that must appear in no log and no answer.
const SECRETS: [&str; 16] = [
    STORAGE_KEY,
    STORAGE_KEY_NEXT,
    MAIL_SECRET,
    CONSENT_TOKEN,
    INTAKE,
    AGENT,
    LEAD,
    EXECUTIVE,
    ADMIN,
    PEPPER,
    FORMBRICKS_SECRET,
    CRM_SECRET_BEFORE,
    CRM_SECRET,
    EVENTS_SECRET,
    RESEND_KEY,
    SLACK_PATH,
];

/// What the customers of most scenarios are called and write: nothing for a log, nor for an error.
const PERSONAL: [&str; 3] = ["Ada Lovelace", "ada@example.com", "Parcel was opened"];

/// What of the planted secrets stands in a text.
pub(crate) fn leaked_secret(text: &str) -> Option<&'static str> {
    SECRETS.into_iter().chain(VENDOR_SECRETS).find(|secret| text.contains(secret))
}

/// What of the planted secrets or personal data stands in a text.
pub(crate) fn leaked(text: &str) -> Option<&'static str> {
    leaked_secret(text).or_else(|| PERSONAL.into_iter().find(|personal| text.contains(personal)))
}

/// The variables of a world with these receivers.
pub(crate) fn all(chat: &Receiver, mail: &Receiver, events: &Receiver) -> Vec<(&'static str, String)> {
    let hash = |token: &str| HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    vec![
        ("pepper", PEPPER.to_owned()),
        ("intake_token_sha256", hash(INTAKE)),
        ("agent_token_sha256", hash(AGENT)),
        ("lead_token_sha256", hash(LEAD)),
        ("executive_token_sha256", hash(EXECUTIVE)),
        ("admin_token_sha256", hash(ADMIN)),
        ("access_tokens", format!("clock:operator:{}", hash(OPERATOR))),
        ("formbricks_webhook_secret", FORMBRICKS_SECRET.to_owned()),
        ("crm_webhook_secret", format!("{CRM_SECRET} {CRM_SECRET_BEFORE}")),
        ("shop_identity_secret", IDENTITY_SECRET.to_owned()),
        ("slack_webhook_url", format!("{}{SLACK_PATH}", chat.origin())),
        ("slack_origin", chat.origin()),
        ("resend_api_key", RESEND_KEY.to_owned()),
        ("resend_webhook_secret", MAIL_SECRET.to_owned()),
        ("resend_origin", mail.origin()),
        ("events_webhook_url", format!("{}/hook", events.origin())),
        ("events_webhook_secret", EVENTS_SECRET.to_owned()),
        ("events_webhook_origin", events.origin()),
        // Channels of SendGrid and SES, where a scenario adds them; the receiver of events stands in for SNS.
        ("sendgrid_webhook_key", SENDGRID_KEY.to_owned()),
        ("ses_topic_arn", SES_TOPIC.to_owned()),
        ("sns_origin", events.origin()),
        // Nobody fetches keys there, unless a scenario configures an identity provider.
        ("identity_origin", events.origin()),
        // Nobody asks there, unless a scenario puts the example's provider in place.
        ("consent_service_url", format!("{}/consent", events.origin())),
        ("consent_service_token", CONSENT_TOKEN.to_owned()),
        ("consent_service_origin", events.origin()),
    ]
}
