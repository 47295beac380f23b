//! The identity provider's keys (a JWK set, RFC 7517): fetched when they are needed and old, kept in the store.
//!
//! Whoever sends tokens can make nobody fetch more than once a minute. A provider that does not answer is lived without
//! for a day; then its tokens are refused, because a key that was withdrawn meanwhile would still open the door.

use crate::App;
use crate::config::IdentityProvider;
use crate::ports::Outbound;
use crate::problem::Problem;
use http::{Request, StatusCode, Uri, header};
use ringback_ledger::{Clock, Entropy, LedgerError, Store};
use serde_json::{Value, json};
use std::time::Duration;

/// The ledger's sheet.
const SHEET: &str = "identity-keys";
/// For how long keys are taken as they are, in seconds.
const FRESH_S: u64 = 900;
/// How long after a fetch the next one may follow, in seconds.
const AGAIN_S: u64 = 60;
/// The same while there are none.
const AGAIN_WITHOUT_S: u64 = 5;
/// For how long keys are used when there are no newer ones, in seconds.
const USED_S: u64 = 86_400;
/// How long the provider may take.
const WITHIN: Duration = Duration::from_secs(5);

/// The keys as they were read.
struct Kept(Value);

impl Kept {
    /// When they were fetched, Unix seconds; 0: never, or another provider's.
    fn at(&self, provider: &IdentityProvider) -> u64 {
        let same = self.0["issuer"] == provider.issuer.as_str() && self.0["path"] == provider.keys_path.as_str();
        if same { self.0["at"].as_u64().unwrap_or(0) } else { 0 }
    }

    fn knows(&self, kid: Option<&str>) -> bool {
        let Some(kid) = kid else { return true };
        self.0["set"]["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["kid"] == kid))
    }

    fn set(mut self) -> Value {
        self.0["set"].take()
    }
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// The provider's keys, such that one with the wanted name is among them if the provider has it.
    ///
    /// # Errors
    /// 503 when there are none that may be used.
    pub(super) async fn provider_keys(
        &self,
        provider: &IdentityProvider,
        kid: Option<&str>,
        out: &impl Outbound,
    ) -> Result<Value, Problem> {
        let kept = Kept(self.ledger.look_at_sheet(SHEET).await.map_err(|error| self.store_failed(&error))?);
        let (now, at) = (self.clock.now(), kept.at(provider));
        if at + FRESH_S > now && kept.knows(kid) {
            return Ok(kept.set());
        }
        let usable = at + USED_S > now;
        // One caller fetches; where there are no keys the next one tries soon.
        let again = if usable { AGAIN_S } else { AGAIN_WITHOUT_S };
        if self.take_fetch_turn(now, again).await.map_err(|error| self.store_failed(&error))? {
            match self.fetch(provider, out).await {
                Ok(set) => {
                    let fetched = json!({
                        "issuer": provider.issuer, "path": provider.keys_path, "at": now, "tried": now, "set": set,
                    });
                    let written = self.ledger.sheet(SHEET, |sheet| {
                        sheet.clone_from(&fetched);
                        true
                    });
                    written.await.map_err(|error| self.store_failed(&error))?;
                    return Ok(set);
                }
                Err(why) => self.log(&format!("identity provider: its keys could not be fetched: {why}")),
            }
        }
        // A key that is not among those of just now does not exist; otherwise nobody can tell.
        if usable && (kept.knows(kid) || at + AGAIN_S > now) { Ok(kept.set()) } else { Err(no_keys()) }
    }

    /// When the provider's keys were last fetched, Unix seconds: 2 reads.
    pub(crate) async fn provider_keys_at(&self, provider: &IdentityProvider) -> Result<Option<u64>, LedgerError> {
        let at = Kept(self.ledger.look_at_sheet(SHEET).await?).at(provider);
        Ok((at > 0).then_some(at))
    }

    /// Whether nobody has fetched for that many seconds: then it is the caller's turn.
    async fn take_fetch_turn(&self, now: u64, again: u64) -> Result<bool, LedgerError> {
        let mut turn = false;
        let taken = self.ledger.sheet(SHEET, |sheet| {
            turn = sheet["tried"].as_u64().unwrap_or(0) + again <= now;
            if turn {
                if !sheet.is_object() {
                    *sheet = json!({});
                }
                sheet["tried"] = now.into();
            }
            turn
        });
        taken.await?;
        Ok(turn)
    }

    async fn fetch(&self, provider: &IdentityProvider, out: &impl Outbound) -> Result<Value, String> {
        let origin = self.secrets.get(&provider.origin_variable).trim_end_matches('/');
        if !safe(origin) {
            return Err(format!("the variable {} must be an https origin", provider.origin_variable));
        }
        let request =
            Request::get(format!("{origin}{}", provider.keys_path)).header(header::ACCEPT, "application/json");
        let request = request.body(Vec::new()).map_err(|error| error.to_string())?;
        let answer = out.send(request, WITHIN).await.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it answered {}", answer.status().as_u16()));
        }
        let set: Value = serde_json::from_slice(answer.body()).map_err(|_| "its answer is no JSON".to_owned())?;
        // An empty one is one, too: then none of its keys holds any more.
        if set["keys"].is_array() { Ok(set) } else { Err("its answer is no set of keys".to_owned()) }
    }
}

/// Whether nobody on the way can change what comes from there: who can change the keys can let anybody in.
fn safe(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    let this_machine = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && this_machine)
}

fn no_keys() -> Problem {
    let detail = "the identity provider's keys cannot be had; access tokens are taken";
    Problem { retry_after: Some(5), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-identity-keys", detail) }
}
