//! `GET /metrics`: how the application does, in the text form of OpenMetrics, for Prometheus and whatever speaks its
//! language. What `GET /readyz` and Administration tell people, told to machines: nothing personal, and nothing of what
//! customers answered (those figures are `/v1/insights`).

use crate::App;
use crate::access::Action;
use crate::ports::ChannelTrials;
use crate::problem::{Problem, Reply};
use crate::readiness::{ChannelsShut, Undelivered};
use crate::web::told;
use http::HeaderMap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use ringback_ledger::{Clock, Entropy, ShardStatus, Store};
use std::collections::BTreeMap;
use std::fmt;

/// What the answer is, by OpenMetrics 1.0.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is told, as it is now.
#[derive(Debug)]
struct Snapshot {
    shards: Vec<ShardStatus>,
    undelivered: Undelivered,
    now: u64,
    channels: ChannelsShut,
    /// When each source's last refused event came (Unix seconds).
    refused: Vec<(String, u64)>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /metrics`. Two reads a shard, and six or seven more; one question to alert-trigger.
    ///
    /// # Errors
    /// 401, 403; 503 when the store does not answer.
    pub async fn get_metrics(&self, headers: &HeaderMap, trials: &impl ChannelTrials) -> Result<Reply, Problem> {
        self.admit(headers, Action::Observe).await?;
        let status = self.ledger.status().await.map_err(|error| self.store_failed(&error))?;
        let build = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("configuration", self.config.hash.clone()),
            ("store", status.kind.name().to_owned()),
        ];
        let mut registry = Registry::default();
        registry.register(
            "ringback_build",
            "What runs: version, hash of ringback.toml, kind of store",
            Info::new(build.to_vec()),
        );
        registry.register_collector(Box::new(self.snapshot(status.shards, trials).await?));
        let mut text = String::new();
        // Writing into a text fails only where a metric is described wrongly, which the tests would find.
        prometheus_client::encoding::text::encode(&mut text, &registry).map_err(|_| Problem::unavailable())?;
        Ok(told(text, CONTENT_TYPE))
    }

    async fn snapshot(&self, shards: Vec<ShardStatus>, trials: &impl ChannelTrials) -> Result<Snapshot, Problem> {
        let house = self.housekeeping().await.and_then(|house| house.refusals());
        let refusals = house.map_err(|error| self.store_failed(&error))?;
        Ok(Snapshot {
            shards,
            undelivered: self.undelivered().await?,
            now: self.clock.now(),
            channels: self.channels_shut(trials).await?,
            refused: refusals.into_iter().map(|(source, refusal)| (source, refusal.at)).collect(),
        })
    }
}

/// A gauge of each shard: its name, what it is, and where it stands.
type OfShard = (&'static str, &'static str, fn(&ShardStatus) -> u64);

const GAUGES: [OfShard; 4] = [
    ("ringback_lag_events", "Events that wait to be sealed", |shard| shard.lag),
    ("ringback_lag_seconds", "For how long the oldest of them has waited", |shard| shard.lag_seconds),
    ("ringback_timers_late_seconds", "For how long nobody has looked at the timers; 0: in time", |shard| {
        shard.timers_late
    }),
    ("ringback_timers_ahead_seconds", "How far a clock that was ahead has moved the timers on", |shard| {
        shard.timers_ahead
    }),
];
const COUNTERS: [OfShard; 2] = [
    ("ringback_events", "Events that the log has taken: answers, updates, corrections", |shard| shard.head),
    ("ringback_quarantined", "Stored values that were not understood and set aside", |shard| shard.quarantined_total),
];

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, value) in GAUGES {
            let shards = self.shards.iter().map(|shard| (shard.shard.to_string(), value(shard)));
            gauges(&mut encoder, (name, help), "shard", shards)?;
        }
        for (name, help, value) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for shard in &self.shards {
                ConstCounter::new(value(shard)).encode(family.encode_family(&[("shard", shard.shard.to_string())])?)?;
            }
        }
        self.encode_undelivered(&mut encoder)?;
        let flags = |shut: &BTreeMap<String, bool>| -> Vec<(String, u64)> {
            shut.iter().map(|(id, shut)| (id.clone(), u64::from(*shut))).collect()
        };
        let off = ("ringback_channel_switched_off", "1: refused for good, and sent nothing until a sample is taken");
        gauges(&mut encoder, off, "channel", flags(&self.channels.switched_off))?;
        if let Some(nowhere) = &self.channels.leading_nowhere {
            let help =
                ("ringback_channel_leads_nowhere", "1: a variable that it needs is empty, so nothing is sent there");
            gauges(&mut encoder, help, "channel", flags(nowhere))?;
        }
        let refused = ("ringback_source_refused_timestamp_seconds", "When an event of the source was refused last");
        gauges(&mut encoder, refused, "source", self.refused.clone())
    }
}

impl Snapshot {
    fn encode_undelivered(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Undelivered { dead, waiting, oldest, more } = self.undelivered;
        let age = oldest.map_or(0, |since| self.now.saturating_sub(since));
        for (name, help, value) in [
            (
                "ringback_dead_letters",
                "Alerts and messages that were given up, as far as a bounded look shows it",
                dead,
            ),
            (
                "ringback_unsent_alerts",
                "Alerts and messages that are tried again, as far as the same look shows it",
                waiting,
            ),
            ("ringback_unsent_alerts_oldest_seconds", "For how long the oldest of them has been tried", age),
            (
                "ringback_undelivered_more",
                "1: there are more dead letters or unsent alerts than were looked at",
                u64::from(more),
            ),
        ] {
            let family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(family)?;
        }
        Ok(())
    }
}

/// One gauge for each of what a label names.
fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    label: &str,
    values: impl IntoIterator<Item = (String, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (of, value) in values {
        ConstGauge::new(value).encode(family.encode_family(&[(label, of)])?)?;
    }
    Ok(())
}
