//! Whether the store answers and the ledger keeps up.

use crate::App;
use crate::problem::{Problem, Reply, json};
use http::StatusCode;
use ringback_ledger::{Clock, Entropy, Store};

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// `GET /readyz`: the ledger's state, without anything personal.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    pub async fn get_readiness(&self) -> Result<Reply, Problem> {
        let status = self.ledger.status().await.map_err(|error| self.store_failed(&error))?;
        let shards: Vec<serde_json::Value> = status
            .shards
            .iter()
            .map(|s| {
                serde_json::json!({
                    "shard": s.shard,
                    "head": s.head,
                    "sealed": s.sealed,
                    "lag": s.lag,
                    "lag_seconds": s.lag_seconds,
                    "lease_until": s.lease_until,
                    "quarantined": s.quarantined_total,
                })
            })
            .collect();
        let body = serde_json::json!({
            "status": "ready",
            "store": format!("{:?}", status.kind).to_lowercase(),
            "configuration": self.config.hash,
            "shards": shards,
        });
        Ok(json(StatusCode::OK, &body))
    }
}
