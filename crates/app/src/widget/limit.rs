//! Limits on what browsers may send, per client address and per site key, that hold across instances.
//!
//! One read and one write a post, the first after a pause two more: the read tells both meters, the write pushes one of
//! them, and what it returns decides among those who read the same. Every sixteenth post of an instance is put on the key's meter, for all sixteen, instead of the address's. Who is over a limit costs a read.
//! The meters of addresses are a fixed set of about a million that keyed hashes point into, so that nothing accumulates
//! and nobody can aim at another's.

use super::Site;
use crate::App;
use crate::problem::{Problem, Reply};
use http::{HeaderName, HeaderValue, StatusCode};
use ringback_core::rate::{Rate, Standing, WINDOW_S};
use ringback_ledger::{Clock, Entropy, Store};

/// After how many posts of an instance the key's meter is pushed.
const AT_ONCE: u64 = 16;

/// What a sender is told about a limit.
pub(super) struct Told {
    name: &'static str,
    rate: Rate,
    standing: Standing,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// Counts one post; 429 when it is one too many.
    pub(super) async fn count(&self, site: &Site, address: &str) -> Result<Told, Problem> {
        let by_address = self.namer.address(&site.id, address);
        let by_key = format!("k.{}", site.id);
        let stands = self.ledger.meters(&[&by_address, &by_key]).await.map_err(|e| self.store_failed(&e))?;
        let now = self.clock.now() * 1_000;
        let told = |name, rate: Rate, stands| Told { name, rate, standing: rate.standing(stands, now) };
        let (address, key) = (told("address", site.per_address, stands[0]), told("key", site.per_key, stands[1]));
        for limit in [&address, &key] {
            if !limit.standing.allowed {
                return Err(limit.refusal());
            }
        }
        let uncounted = site.uncounted.get() + 1;
        if uncounted >= AT_ONCE {
            site.uncounted.set(0);
            let by = site.per_key.cost_ms() * AT_ONCE;
            self.ledger.push_meter(&by_key, stands[1], now, by).await.map_err(|e| self.store_failed(&e))?;
            return Ok(address);
        }
        site.uncounted.set(uncounted);
        let by = site.per_address.cost_ms();
        let pushed =
            self.ledger.push_meter(&by_address, stands[0], now, by).await.map_err(|e| self.store_failed(&e))?;
        if site.per_address.took(pushed, now) {
            return Ok(address);
        }
        // Others of this address, who read the same, were faster.
        self.ledger.pull_meter(&by_address, by).await.map_err(|e| self.store_failed(&e))?;
        Err(told("address", site.per_address, pushed - by).refusal())
    }
}

impl Told {
    fn refusal(&self) -> Problem {
        let detail = format!("more than {} answers a minute for this {}", self.rate.count(), self.name);
        let wait = u32::try_from(self.standing.after_s.max(1)).unwrap_or(u32::MAX);
        let headers = Box::new(self.headers());
        let refusal = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", detail);
        Problem { retry_after: Some(wait), headers, ..refusal }
    }

    /// Says in an answer what is left.
    pub(super) fn tell(&self, reply: &mut Reply) {
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::from_str(&value) {
                reply.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }

    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).
    fn headers(&self) -> [(&'static str, String); 2] {
        let policy = format!("\"{}\";q={};w={WINDOW_S}", self.name, self.rate.count());
        let now = format!("\"{}\";r={};t={}", self.name, self.standing.left, self.standing.after_s);
        [("ratelimit-policy", policy), ("ratelimit", now)]
    }
}
