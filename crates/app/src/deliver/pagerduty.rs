//! Alerts for PagerDuty, by its Events API v2: an incident for each case, acknowledged when somebody takes the case and
//! resolved with it. What happens to the same case has the same `dedup_key`, so it adds to the incident.
//!
//! Limits: summary 1,024 characters, `dedup_key` 255, 512 KB for the whole.

use super::notice::Notice;
use super::product::{Built, Destination, Product};
use super::text::{as_it_is, fit};
use crate::stored::Stored;
use ringback_core::alert::Occasion;
use ringback_core::rule::Priority;
use serde_json::{Map, Value, json};

const MAX_SUMMARY: usize = 1_024;
const MAX_COMMENT: usize = 10_000;

pub(super) struct PagerDuty;

impl Product for PagerDuty {
    fn alert(&self, to: &Destination<'_>, notice: &Notice) -> Built {
        let url = format!("{}/v2/enqueue", to.address("origin_variable")?);
        to.post(&url, &[], &payload(notice, to.secret("key_variable")?))
    }
}

fn payload(notice: &Notice, key: &str) -> Value {
    let action = match notice.occasion {
        Occasion::Taken => "acknowledge",
        Occasion::Resolved => "resolve",
        _ => "trigger",
    };
    let mut event = json!({
        "routing_key": key,
        "event_action": action,
        "dedup_key": format!("ringback-{}", notice.thread),
    });
    if action != "trigger" {
        return event;
    }
    let severity = match notice.priority {
        Priority::Low => "info",
        Priority::Normal => "warning",
        Priority::High => "error",
        Priority::Critical => "critical",
    };
    let mut details: Map<String, Value> =
        notice.facts.iter().map(|(label, fact)| ((*label).to_owned(), fact.as_str().into())).collect();
    if let Some(comment) = &notice.comment {
        details.insert("Comment".to_owned(), fit(comment, MAX_COMMENT, as_it_is).into());
    }
    event["payload"] = json!({
        "summary": fit(&notice.headline, MAX_SUMMARY, as_it_is),
        "source": fit(&notice.company, 200, as_it_is),
        "severity": severity,
        "timestamp": notice.at.store(),
        "class": notice.event,
        "custom_details": details,
    });
    event["client"] = "Ringback".into();
    event["client_url"] = notice.link.as_str().into();
    event["links"] = notice.links().into_iter().map(|(text, href)| json!({ "href": href, "text": text })).collect();
    event
}
