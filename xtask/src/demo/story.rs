//! One answer of a customer and the way it is sent.

use serde_json::Value;

/// An answer to send.
#[derive(Clone, Debug)]
pub struct Story {
    /// What this one shows; none for those that only fill the stream.
    pub shows: Option<&'static str>,
    /// The survey's id in ringback.toml.
    pub survey: &'static str,
    /// The score.
    pub score: i64,
    /// The highest score of the survey's scale.
    pub best: i64,
    /// Locale or country, as far as told.
    pub place: &'static str,
    /// Name and tier, as far as told.
    pub who: String,
    /// How it is sent.
    pub way: Way,
}

/// How an answer is sent.
#[derive(Clone, Debug)]
pub enum Way {
    /// `POST /v1/feedback` with a bearer token.
    Feedback {
        /// `Idempotency-Key`, if one is sent.
        key: Option<String>,
        /// The body.
        body: Value,
    },
    /// `POST /v1/webhooks/{source}`, signed with the source's secret.
    Webhook {
        /// The source's id in ringback.toml.
        source: &'static str,
        /// The Spin variable that holds its secret.
        secret: &'static str,
        /// `webhook-id`
        id: String,
        /// The body.
        body: Value,
    },
}
