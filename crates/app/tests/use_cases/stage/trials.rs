//! Channels that take every sample but one's, and of which one leads nowhere.

use std::collections::BTreeMap;

/// Takes every sample.
pub struct Trials;

impl ringback_app::ChannelTrials for Trials {
    async fn try_channel(&self, channel: &ringback_core::id::ChannelId, _: &str) -> Result<(), String> {
        if channel.as_str() == "events" { Err("refused: 404".to_owned()) } else { Ok(()) }
    }

    async fn leading_nowhere(&self) -> Result<BTreeMap<String, String>, String> {
        Ok(BTreeMap::from([("care-chat".to_owned(), "the variable `slack_webhook_url` is not configured".to_owned())]))
    }
}
